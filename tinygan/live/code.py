"""The training step as a dozen lines of code: which of them runs now, and what the tensors in them are."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from tinygan.live.settings import Settings

# The places of the lines in `lines`, by what happens in them.
REAL, FAKE_D, LOSS_D, STEP_D, FAKE_G, LOSS_G, STEP_G, AVERAGE = range(1, 9)


def lines(settings: Settings) -> list[str]:
    """The step of these settings; the line of index 0 is the loop over D's updates."""
    penalties = [] if settings.penalty == "none" else settings.penalty.split("+")
    more = "".join(f" + {settings.penalty_weight:g} * {name}(D, real, fake)" for name in penalties)
    relative = ", D(real)" if settings.loss in ("rsgan", "ragan") else ""
    return [
        f"for turn in range({settings.n_critic}):",
        "    real = data.sample(n)",
        "    fake = G(noise(n)).detach()",
        f"    loss_d = {settings.loss}.discriminator(D(real), D(fake)){more}",
        "    opt_d.step(grad(loss_d, D.parameters()))",
        "fake = G(noise(n))",
        f"loss_g = {settings.loss}.generator(D(fake){relative})",
        "opt_g.step(grad(loss_g, G.parameters()))",
        "average.update(G)" if settings.ema else "",
    ]


def tensors(settings: Settings) -> dict[str, str]:
    """What the names in the code are, with their shapes."""
    size, n = settings.latent, settings.batch_size * settings.pack
    judged = settings.batch_size
    weights = "; ".join(f"({a}, {b}) and ({b},)" for a, b in _layers(settings, size))
    judges = "; ".join(f"({a}, {b}) and ({b},)" for a, b in _layers(settings, size * settings.pack, 1))
    both = f", {settings.pack} points side by side," if settings.pack > 1 else ""
    return {
        "real": f"real: {n} points of the data, shape ({n}, {size})",
        "fake": f"fake: {n} points that G made, shape ({n}, {size})",
        "noise(n)": f"noise: z, normal random numbers, shape ({n}, {settings.latent})",
        "D(real)": f"D(real): what D says of the real points{both} logits of shape ({judged}, 1)",
        "D(fake)": f"D(fake): what D says of the fakes{both} logits of shape ({judged}, 1)",
        "loss_d": "loss_d: one number, shape ()",
        "loss_g": "loss_g: one number, shape ()",
        "G.parameters()": f"G's weights and biases: {weights}",
        "D.parameters()": f"D's weights and biases: {judges}",
        "detach()": "detach: the same numbers without their history, so that D's loss does not reach G",
        "average": "average: a copy of G that follows slowly; the fakes in the picture are its own",
    }


def _layers(settings: Settings, n_in: int, n_out: int | None = None) -> list[tuple[int, int]]:
    sizes = [n_in, *[settings.width] * settings.depth, n_in if n_out is None else n_out]
    return list(zip(sizes[:-1], sizes[1:], strict=True))


def as_html(settings: Settings) -> str:
    """The lines, each tensor with a note that appears under the mouse or the keyboard's focus."""
    rows = (
        f'<div class="line line{i}">{marked(text, tensors(settings))}</div>' for i, text in enumerate(lines(settings))
    )
    return f'<div class="code">{"".join(rows)}</div>'


def marked(text: str, notes: Mapping[str, str]) -> str:
    """A line of code in HTML, with a note on each of the names."""
    names = sorted(notes, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w.]){re.escape(name)}(?!\w)" if name[0] != "d" else re.escape(name) for name in names)

    def note(found: re.Match[str]) -> str:
        said = html.escape(notes[found[0]], quote=True)
        return f'<span tabindex="0" class="tensor" data-note="{said}">{html.escape(found[0])}</span>'

    return re.sub(pattern, note, text)
