"""The pictures and numbers a run makes of its samples. Images and sequences become grids, points the
picture of the game."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinygan import evaluation, plot
from tinygan.autograd import Tensor, grad, no_grad, ops
from tinygan.backend import to_numpy
from tinygan.data import Mixture, Pairs, Sequences, to_range
from tinygan.data.stored import Stored
from tinygan.gan.health import diversity
from tinygan.metrics import count_modes
from tinygan.training.setup import EVAL_SAMPLES, Setup

HEAT = 60  # the heat map's cells along each side


def reals(setup: Setup, n: int) -> np.ndarray:
    """n real samples, always the same ones, in the generator's range; no random state is touched."""
    rng = np.random.default_rng(setup.config.seed)
    dataset = setup.dataset
    if not isinstance(dataset, Stored):
        return dataset.sample(n, rng)
    order = rng.permutation(len(dataset))
    if dataset.labels is not None and setup.condition and setup.condition.needs_labels:
        order = by_class(order, dataset.labels, n, setup.condition.classes)
    images = to_range(dataset.pixels[order[:n]], *setup.range)
    images[order[:n] < 0] = setup.range[0]
    return images


def by_class(order: np.ndarray, labels: np.ndarray, n: int, classes: int) -> np.ndarray:
    """The places of n images, the i-th of class i % classes, -1 if it has none; those of a small class come again."""
    of_each = [order[labels[order] == k] for k in range(classes)]
    rows = -(-n // classes)
    return np.stack([np.resize(places if len(places) else [-1], rows) for places in of_each], axis=1).ravel()[:n]


def save_reals(setup: Setup, path: Path) -> None:
    """reals.png: what the fakes should come to look like."""
    if not isinstance(setup.dataset, Stored):
        points, means = reals(setup, len(setup.z)), setup.dataset.means if isinstance(setup.dataset, Mixture) else None
        none, extent = np.empty((0, 2)), setup.dataset.extent()
        plot.save_points(path, none, reference=points, means=means, extent=extent, title="real samples")
    else:
        save_images(setup, path, reals(setup, setup.config.samples))


def save_images(setup: Setup, path: Path, images: np.ndarray) -> None:
    """A grid of images or sequences; with classes, each has a column, unless there are more of them than images."""
    classes = setup.condition.classes if setup.condition else 0
    in_columns = 0 < classes <= len(images)
    about = setup.about(0)
    headings = about.headings if in_columns else None
    plot.save_grid(path, about.pictures(images), classes if in_columns else None, headings=headings)


def save_fakes(setup: Setup, path: Path, fakes: np.ndarray, step: int) -> None:
    """The samples after `step` steps: a grid of images, or the picture of the game."""
    if isinstance(setup.dataset, Stored):
        return save_images(setup, path, fakes[: setup.config.samples])
    heat, arrows = judgement(setup, fakes)
    probability = setup.game.loss.is_probability
    plot.save_game(
        path,
        fakes,
        heat,
        setup.dataset.extent(),
        arrows=arrows,
        reals=reals(setup, len(fakes)),
        title=f"step {step}",
        label="D(x)" if probability else "score of D",
        limits=(0.0, 1.0) if probability else None,
    )
    return None


def judgement(
    setup: Setup, fakes: np.ndarray, extent: tuple[float, float, float, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What D thinks of the plane, and where it pushes each fake.

    Parameters
    ----------
    setup : Setup
    fakes : array (n, 2)
    extent : (left, right, bottom, top), optional
        Of the plane; without it, the data's.

    Returns
    -------
    heat : array (HEAT, HEAT)
        D's score on a grid over the extent, row 0 at the bottom.
    arrows : array (n, 2)
        The gradient of D's logit at each fake: the way to look more real. With packing, D is shown
        copies of the same point.
    """
    game = setup.game
    assert not isinstance(setup.dataset, Stored)
    left, right, bottom, top = extent or setup.dataset.extent()
    x, y = np.meshgrid(plot.cell_centres(HEAT, left, right), plot.cell_centres(HEAT, bottom, top))
    plane = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)

    def logits(points: Tensor) -> Tensor:
        outputs = game.discriminator(ops.concatenate([points] * game.pack, axis=-1))
        return outputs[:, :1]  # behind the logit infogan's D guesses the code

    with game.discriminator.evaluating():
        with no_grad():
            heat = to_numpy(game.loss.score(logits(Tensor(plane))))
        points = Tensor(fakes.astype(np.float32), requires_grad=True)
        (arrows,) = grad(logits(points).sum(), [points])
    return heat.reshape(HEAT, HEAT), to_numpy(arrows)


def metrics(setup: Setup, fakes: np.ndarray, step: int) -> dict[str, Any]:
    """A line of metrics.jsonl: the modes of points, what rules say of sequences, and how much images differ."""
    if isinstance(setup.dataset, Mixture):
        fakes = setup.draw(setup.measured_noise(EVAL_SAMPLES), batch=EVAL_SAMPLES)
        report = count_modes(fakes, setup.dataset.means, setup.dataset.sigma)
        return {
            "step": step,
            "modes": report.modes,
            "high_quality": report.high_quality,
            "reverse_kl": report.reverse_kl,
            "n": EVAL_SAMPLES,
        }
    if isinstance(setup.dataset, (Sequences, Pairs)):
        judge = evaluation.judge(setup.config.judged_as, setup.dataset, None, *setup.range)
        noise = setup.measured_noise(judge.n)
        asked = {"labels": setup.behind.labels(noise)} if judge.labelled else {}
        return {"step": step, **judge.report(setup.draw(noise), **asked), "n": judge.n}
    return {"step": step, "diversity": diversity(fakes), "diversity_of_reals": diversity(reals(setup, len(fakes)))}
