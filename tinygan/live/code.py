"""The training step as a dozen lines of code: which of them runs now, and what the tensors in them are.

They are true: `tinygan.live.written` can run them as they stand, and a test holds them to `Game.step`.
"""

from __future__ import annotations

import dataclasses
import html
import itertools
import re
from collections.abc import Mapping

from tinygan.live.faults import planted
from tinygan.live.settings import Settings

# The places of the lines in `lines`, by what happens in them.
REAL, FAKE_D, LOSS_D, STEP_D, FAKE_G, LOSS_G, STEP_G, AVERAGE = range(1, 9)
OF_D, OF_G = (REAL, FAKE_D, LOSS_D, STEP_D), (FAKE_G, LOSS_G, STEP_G, AVERAGE)
CLASSES = {"adam": "Adam", "rmsprop": "RMSProp", "sgd": "SGD"}
KNOWN_DATA = {"ring": "ring(sigma=0.08)", "grid": "grid(side=3, spacing=1.0, sigma=0.08)"}


def before(settings: Settings) -> list[str]:
    """What stands before the first step of these settings."""
    more = {"digit": f", {settings.digit}", "drawn": ", strokes=strokes"}.get(settings.data, "")
    data = KNOWN_DATA.get(settings.data, f'make("{settings.data}"{more})')
    g, d = (", ".join(map(str, settings.sizes(*ends))) for ends in _ends(settings))
    betas = ", betas=(0.5, 0.99)" if settings.optimizer == "adam" else ""
    kind = CLASSES[settings.optimizer]
    lines = [
        f"data = {data}",
        f"G = dense({g}, rng=rng)",
        f"D = dense({d}, rng=rng)",
        f"opt_d = {kind}(D.parameters(), lr={settings.lr_d:g}{betas})",
        f"opt_g = {kind}(G.parameters(), lr={settings.lr:g}{betas})",
        *([f"average = MovingAverage(G, {settings.ema:g})"] if settings.ema else []),
    ]
    return planted(settings.fault, lines)


def lines(settings: Settings) -> list[str]:
    """The step of these settings; the line of index 0 is the loop over D's updates."""
    n = settings.batch_size * settings.pack
    real, fake = ("packed(real)", "packed(fake)") if settings.pack > 1 else ("real", "fake")
    penalties = [] if settings.penalty == "none" else settings.penalty.split("+")
    more = "".join(f" + {settings.penalty_weight:g} * {name}(D, {real}, {fake}, rng)" for name in penalties)
    relative = f", D({real})" if settings.loss in ("rsgan", "ragan") else ""
    healthy = [
        f"for turn in range({settings.n_critic}):",
        f"    real = Tensor(data.sample({n}, rng))",
        f"    fake = G(noise({n})).detach()",
        f"    loss_d = {settings.loss}.discriminator(D({real}), D({fake})){more}",
        "    opt_d.step(grad(loss_d, D.parameters()))",
        f"fake = G(noise({n}))",
        f"loss_g = {settings.loss}.generator(D({fake}){relative})",
        "opt_g.step(grad(loss_g, G.parameters()))",
        "average.update(G)" if settings.ema else "",
    ]
    return planted(settings.fault, healthy)


def count(settings: Settings) -> int:
    """How many lines run in a step."""
    return settings.n_critic * len(OF_D) + len(OF_G) - (not settings.ema)


def tensors(settings: Settings) -> dict[str, str]:
    """What the names in the code are, with their shapes."""
    size, n = settings.latent, settings.batch_size * settings.pack
    judged = settings.batch_size
    weights, judges = (
        "; ".join(f"({a}, {b}) and ({b},)" for a, b in itertools.pairwise(settings.sizes(*ends)))
        for ends in _ends(settings)
    )
    real, fake = ("packed(real)", "packed(fake)") if settings.pack > 1 else ("real", "fake")
    both = f", {settings.pack} points side by side," if settings.pack > 1 else ""
    return {
        "real": f"real: {n} points of the data, shape ({n}, {size})",
        "fake": f"fake: {n} points that G made, shape ({n}, {size})",
        f"noise({n})": f"noise: z, normal random numbers, shape ({n}, {settings.latent})",
        f"D({real})": f"D(real): what D says of the real points{both} logits of shape ({judged}, 1)",
        f"D({fake})": f"D(fake): what D says of the fakes{both} logits of shape ({judged}, 1)",
        "loss_d": "loss_d: one number, shape ()",
        "loss_g": "loss_g: one number, shape ()",
        "G.parameters()": f"G's weights and biases: {weights}",
        "D.parameters()": f"D's weights and biases: {judges}",
        "dense": "dense: Dense layers from one size to the next, with a ReLU between each two",
        "detach()": "detach: the same numbers without their history, so that D's loss does not reach G",
        "average": "average: a copy of G that follows slowly; the fakes in the picture are its own",
    }


def _ends(settings: Settings) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many numbers go into G and come out of it; and of D."""
    return (settings.latent, settings.latent), (settings.latent * settings.pack, 1)


def faulty(settings: Settings) -> list[str]:
    """The lines that a fault has changed."""
    well = dataclasses.replace(settings, fault="")
    pairs = zip(before(settings) + lines(settings), before(well) + lines(well), strict=True)
    return [sick for sick, healthy in pairs if sick != healthy]


def as_html(settings: Settings, told: bool = False) -> str:
    """The lines, each tensor with a note that appears under the mouse or the keyboard's focus.

    Parameters
    ----------
    settings : Settings
    told : bool
        Whether the lines that are at fault are marked.
    """
    notes, wrong = tensors(settings), faulty(settings) if told else []
    named = [("before", text) for text in before(settings)]
    named += [(f"line{i}", text) for i, text in enumerate(lines(settings))]
    rows = (
        f'<div class="line {name}{" faulty" if text in wrong else ""}">{marked(text, notes)}</div>'
        for name, text in named
    )
    return f'<div class="code">{"".join(rows)}</div>'


def marked(text: str, notes: Mapping[str, str]) -> str:
    """A line of code in HTML, with a note on each of the names."""
    names = sorted(notes, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w.]){re.escape(n)}(?!\w)" if n != "detach()" else re.escape(n) for n in names)

    def note(found: re.Match[str]) -> str:
        said = html.escape(notes[found[0]], quote=True)
        return f'<span tabindex="0" class="tensor" data-note="{said}">{html.escape(found[0])}</span>'

    return re.sub(pattern, note, text)
