"""The pictures of the clinic: ``python docs/clinic_pictures.py [NAME ...]``, all of them in about ten minutes.

Each shows a healthy run beside one that is sick. A run is what the options below say to ``python -m tinygan.train``,
played here step by step, so that nothing but the picture is kept.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tinygan.backend import to_numpy
from tinygan.data import from_range
from tinygan.gan.sampling import draw
from tinygan.live.patients import PATIENTS
from tinygan.metrics import count_modes
from tinygan.plot import image_grid, style
from tinygan.training.build import build
from tinygan.training.presets import configure
from tinygan.training.setup import Setup

IMAGES = Path(__file__).parent / "images" / "clinic"
LIMIT = 1.25  # the part of the plane that is shown of the ring

RUNS: dict[str, dict[str, Any]] = {
    "digits": dict(steps=2000),
    "d has won": dict(steps=2000, **PATIENTS["d has won"].options),
    "ring": dict(preset="ring"),
    "cycling": dict(preset="ring", lr_half_life=0, **PATIENTS["cycling"].options),
    "collapse": dict(preset="ring", steps=2000, **PATIENTS["collapse"].options),
    "held": dict(preset="ring", steps=2000, **PATIENTS["held"].options),
    "critic": dict(
        preset="ring", steps=600, batch_size=128, loss="wgan", penalty="gp", penalty_weight=1.0, n_critic=5, lr=1e-3
    ),
    "unbounded": dict(preset="ring", steps=600, **PATIENTS["unbounded"].options),
}


@functools.cache
def play(name: str, shots: int = 100) -> tuple[Setup, list[dict[str, float]], dict[int, np.ndarray]]:
    """Train a run: everything it was made of, its statistics, and its samples at `shots` moments."""
    options = dict(RUNS[name])
    setup = build(configure(options))
    steps, rows = setup.config.steps, []
    samples = {0: draw(setup.sampler, setup.z)}
    for step in range(1, steps + 1):
        setup.set_learning_rates(step)
        shoot = step % (steps // shots) == 0
        stats = setup.game.step(setup.next_reals, measure=shoot)
        if shoot:
            rows.append({"step": step, **{key: float(to_numpy(value)) for key, value in stats.items()}})
            samples[step] = draw(setup.sampler, setup.z)
    print(f"{name}: {rows[-1]}", flush=True)
    return setup, rows, samples


def canvas(titles: list[str], width: float = 4.2, height: float = 3.2) -> tuple[Any, list[Any]]:
    """A figure with panels side by side."""
    figure = style.new_figure(width * len(titles), height)
    panels = [figure.add_subplot(1, len(titles), i + 1) for i in range(len(titles))]
    for axes, title in zip(panels, titles, strict=True):
        style.plain_axes(axes)
        axes.set_title(title, **style.title_style())
    return figure, panels


def lines(axes: Any, rows: list[dict[str, float]], names: dict[str, tuple[str, str]], **options: Any) -> None:
    for key, (label, colour) in names.items():
        axes.plot([r["step"] for r in rows], [r[key] for r in rows], color=colour, lw=1.2, label=label)
    axes.set_xlabel("step", color=style.INK)
    axes.legend(frameon=False, fontsize=9, loc=options.get("loc", "best"))


def cloud(axes: Any, setup: Setup, points: np.ndarray) -> None:
    """The samples in orange over the eight means in blue."""
    axes.scatter(*setup.dataset.means.T, s=90, facecolors="none", edgecolors=style.BLUE, lw=1.2, label="real modes")
    axes.scatter(*points.T, s=4, color=style.ORANGE, alpha=0.5, lw=0, label="samples")
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal", xticks=[], yticks=[])


def save(figure: Any, name: str, colours: int = 64) -> None:
    """As a PNG with few colours, which is small."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    path = IMAGES / f"{name}.png"
    style.save_figure(figure, path)
    Image.open(path).convert("RGB").quantize(colours, kmeans=1).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB", flush=True)


LOSSES = {"loss_d": ("loss of D", style.BLUE), "loss_g": ("loss of G", style.ORANGE)}
JUDGED = {"d_real": ("D(x)", style.BLUE), "d_fake_before": ("D(G(z))", style.ORANGE)}


def losses() -> None:
    figure, (left, right) = canvas(["normal: each holds the other", "sick: D has won"])
    for axes, name in ((left, "digits"), (right, "d has won")):
        lines(axes, play(name)[1], LOSSES)
    save(figure, "losses")


def waiting() -> None:
    """Samples of both runs at the same steps."""
    figure = style.new_figure(6.6, 3.6)
    for row, (name, title) in enumerate((("digits", "normal"), ("d has won", "sick"))):
        setup, _, samples = play(name)
        known = sorted(samples)
        for column, wanted in enumerate((0, 200, 600, 2000)):
            step = min(known, key=lambda s: abs(s - wanted))
            axes = figure.add_subplot(2, 4, 4 * row + column + 1)
            axes.imshow(image_grid(from_range(samples[step][:9], *setup.range)), cmap="gray")
            axes.set_title(f"{title}, step {step}", fontsize=10, color=style.INK)
            axes.axis("off")
    save(figure, "waiting", 16)


def stray() -> None:
    """The same moment of one run: the generator itself, and its moving average."""
    setup = play("digits")[0]
    figure, panels = canvas(["the generator itself", "its moving average (--ema 0.995)"], 3.6, 2.2)
    for axes, network in zip(panels, (setup.game.generator, setup.sampler), strict=True):
        axes.imshow(image_grid(from_range(draw(network, setup.z[:18]), *setup.range), columns=6), cmap="gray")
        axes.axis("off")
    save(figure, "stray", 24)


def collapse() -> None:
    figure, (left, right) = canvas(["normal: all eight modes", "sick: the same sample, always"], 3.6, 3.6)
    for axes, name in ((left, "ring"), (right, "collapse")):
        setup, _, samples = play(name)
        cloud(axes, setup, samples[max(samples)])
    left.legend(frameon=False, fontsize=9, loc="center")
    save(figure, "collapse")


def cycling() -> None:
    figure, panels = canvas(["normal: found and kept", "sick: found and lost again"])
    for axes, name in zip(panels, ("ring", "cycling"), strict=True):
        setup, _, samples = play(name)
        mixture = setup.dataset
        share = [100 * count_modes(s, mixture.means, mixture.sigma).high_quality for s in samples.values()]
        axes.plot(list(samples), share, color=style.ORANGE, lw=1.4)
        axes.set(xlabel="step", ylim=(0, 100), ylabel="samples within 3 sigma of a mode, %")
    save(figure, "cycling")


def half() -> None:
    figure, panels = canvas(["normal: D cannot tell any more", "", "sick: D is held down", ""], 2.9, 2.9)
    for i, name in enumerate(("ring", "held")):
        setup, rows, samples = play(name)
        lines(panels[2 * i], rows, JUDGED)
        panels[2 * i].set_ylim(0, 1)
        cloud(panels[2 * i + 1], setup, samples[max(samples)])
    save(figure, "half")


def critic() -> None:
    figure, (left, right) = canvas(["normal: towards 0 (gradient penalty)", "sick: no penalty, no end"])
    for axes, name in ((left, "critic"), (right, "unbounded")):
        lines(axes, play(name)[1], {"loss_d": ("loss of the critic", style.BLUE)})
    save(figure, "critic")


def distance() -> None:
    """The two numbers of stats.jsonl that know good from bad."""
    figure, panels = canvas(["normal: the distance falls to 0", "sick: it stays, and all samples are alike"])
    for axes, name in zip(panels, ("ring", "collapse"), strict=True):
        numbers = {"distance": ("distance", style.BLUE), "diversity": ("diversity", style.ORANGE)}
        lines(axes, play(name)[1], numbers)
        axes.set_ylim(-0.05, 1.25)
    save(figure, "distance")


PICTURES = {each.__name__: each for each in (losses, waiting, stray, collapse, cycling, half, critic, distance)}

if __name__ == "__main__":
    for each in sys.argv[1:] or PICTURES:
        PICTURES[each]()
