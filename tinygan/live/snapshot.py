"""What there is to be seen of a laboratory at one moment, as plain arrays and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.autograd import Tensor, grad, no_grad, ops
from tinygan.backend import to_numpy
from tinygan.gan.losses import Loss
from tinygan.gan.sampling import draw
from tinygan.live.data import Line, gaussians
from tinygan.live.settings import Settings
from tinygan.plot.game import LONGEST_ARROW, MOST_ARROWS, bounded, robust_limits
from tinygan.training.pictures import judgement

if TYPE_CHECKING:
    from tinygan.live.lab import Lab

REACH, THREADS, KNOTS = 2.0, 11, 31  # the grid of z: from -REACH to REACH, so many lines, so many points on each
FARTHEST = 256  # times as wide as the data the picture may become
ON_LINE = 200  # places on the line at which densities and D are computed


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment.

    Attributes
    ----------
    settings : Settings
    epoch : int
        How often the laboratory began anew.
    counts : (int, int, int)
        Steps asked for, updates of D and of G.
    line : int or None
        The line of code that runs next.
    ran : tuple of int
        Lines that have run, all at once.
    zoom : int
        How many times wider than the data the picture is, so that most fakes are in it.
    numbers : dict of str to float
    quality : (float, float, float)
        Modes, share of high quality, KL; nan where they are not known.
    total_modes : int
        How many there are, 0 if they cannot be counted.
    words : list of str
    reals, fakes : arrays (n, d)
    extent : tuple of float
        (left, right, bottom, top), of a line (left, right).
    heat : array (R, S)
        D's score on the plane, row 0 at the bottom; (1, S) on a line.
    middle : float or None
        D's score that lies between real and fake; None where only differences count.
    limits : (float, float)
        Scores that count as wholly fake and wholly real: 0 and 1 of probabilities.
    equilibrium : (float, float)
        The losses of D and of G where D cannot tell: for ns 2 ln 2 and ln 2.
    arrows : array (m, 4)
        From (x, y) to (x, y): where D pushes fakes.
    warp : list of arrays (k, 2)
        G's image of a grid in z; on a line one curve, (z, G(z)).
    density : arrays (x, data, fakes), each (S,), or None
        On a line.
    rows : array (n, 8)
        The curves, by the names of `tinygan.live.lab.CURVES`.
    """

    settings: Settings
    epoch: int
    counts: tuple[int, int, int]
    line: int | None
    ran: tuple[int, ...]
    zoom: int
    numbers: dict[str, float]
    quality: tuple[float, float, float]
    total_modes: int
    words: list[str]
    reals: np.ndarray
    fakes: np.ndarray
    extent: tuple[float, ...]
    heat: np.ndarray
    middle: float | None
    limits: tuple[float, float]
    equilibrium: tuple[float, float]
    arrows: np.ndarray
    warp: list[np.ndarray]
    density: tuple[np.ndarray, np.ndarray, np.ndarray] | None
    rows: np.ndarray


def snapshot(lab: Lab) -> Snapshot:
    """The laboratory as it is now."""
    fakes, dataset, loss = lab.fakes(), lab.setup.dataset, lab.game.loss
    on_line, extent = isinstance(dataset, Line), dataset.extent()
    if on_line:
        heat, arrows, density = on_a_line(lab, fakes)
    else:
        lab.zoom = zoomed(fakes, extent, lab.zoom)
        extent = widened(extent, lab.zoom)
        heat, pushes = judgement(lab.setup, fakes, extent)
        left, right = extent[:2]
        arrows, density = drawable(fakes, pushes, LONGEST_ARROW * (right - left)), None
    middle = 0.5 if loss.is_probability else loss.boundary
    return Snapshot(
        settings=lab.settings,
        epoch=lab.epoch,
        counts=(lab.step_count, lab.d_steps, lab.g_steps),
        line=lab.line,
        ran=lab.ran,
        zoom=lab.zoom,
        numbers=dict(lab.numbers),
        quality=lab.quality(fakes),
        total_modes=len(getattr(dataset, "means", ())),
        words=lab.words(),
        reals=lab.reals,
        fakes=fakes,
        extent=extent,
        heat=heat,
        middle=middle,
        limits=(0.0, 1.0) if loss.is_probability else limits_around(heat, middle),
        equilibrium=equilibrium(loss),
        arrows=arrows,
        warp=warped(lab, on_line),
        density=density,
        rows=np.array(lab.rows, dtype=np.float64).reshape(-1, 8),
    )


def zoomed(fakes: np.ndarray, extent: tuple[float, ...], now: int) -> int:
    """1, 2, 4, ... `FARTHEST`: how many times as wide the picture has to be; now it is `now`.

    It widens when half of the fakes are outside, and narrows when nearly all would be well inside.
    """

    def inside(zoom: float) -> float:
        left, right, bottom, top = widened(extent, zoom)
        x, y = fakes.T
        return float(((left < x) & (x < right) & (bottom < y) & (y < top)).mean())

    if not np.isfinite(fakes).all():
        return now
    while now < FARTHEST and inside(now) < 0.5:
        now *= 2
    while now > 1 and inside(0.4 * now) > 0.95:
        now //= 2
    return now


def widened(extent: tuple[float, ...], zoom: float) -> tuple[float, float, float, float]:
    """The extent, so many times as wide and as high, around its middle."""
    left, right, bottom, top = extent
    x, y, w, h = (left + right) / 2, (bottom + top) / 2, zoom * (right - left) / 2, zoom * (top - bottom) / 2
    return x - w, x + w, y - h, y + h


def limits_around(heat: np.ndarray, middle: float | None) -> tuple[float, float]:
    """Limits that hold nearly all scores, the middle between real and fake in their own middle where it is known."""
    low, high = robust_limits(heat)
    if middle is None:
        return low, high
    half = max(high - middle, middle - low)
    return middle - half, middle + half


def equilibrium(loss: Loss) -> tuple[float, float]:
    """Both losses where D's output is the same everywhere, in the middle between real and fake."""
    undecided = Tensor(np.full((1, 1), loss.boundary or 0.0))
    with no_grad():
        return loss.discriminator(undecided, undecided).item(), loss.generator(undecided, undecided).item()


def drawable(fakes: np.ndarray, pushes: np.ndarray, longest: float) -> np.ndarray:
    """The pushes on some of the fakes as (m, 4): from where to where, none longer than `longest`."""
    norms = np.hypot(*pushes.T)
    known = np.flatnonzero(np.isfinite(norms) & (norms > 0) & np.isfinite(fakes).all(axis=1))[:MOST_ARROWS]
    if len(known) == 0:
        return np.empty((0, 4))
    ends = fakes[known] + bounded(pushes[known].astype(np.float64), float(np.median(norms[known])), longest)
    return np.concatenate([fakes[known], ends], axis=1)


def warped(lab: Lab, on_line: bool) -> list[np.ndarray]:
    """Where G's sampler takes the lines of a grid of z."""
    if on_line:
        z = np.linspace(-3, 3, ON_LINE, dtype=np.float32)[:, None]
        return [np.concatenate([z, draw(lab.setup.sampler, z)], axis=1)]
    fixed, along = np.linspace(-REACH, REACH, THREADS), np.linspace(-REACH, REACH, KNOTS)
    a, b = (each.ravel() for each in np.meshgrid(fixed, along, indexing="ij"))
    z = np.concatenate([np.stack([a, b], axis=1), np.stack([b, a], axis=1)]).astype(np.float32)
    return list(draw(lab.setup.sampler, z, batch=len(z)).reshape(2 * THREADS, KNOTS, 2))


def on_a_line(lab: Lab, fakes: np.ndarray) -> tuple[np.ndarray, np.ndarray, Any]:
    """D's score at `ON_LINE` places, the pushes on fakes (drawn at height 0), and both densities."""
    game, dataset = lab.game, lab.setup.dataset
    assert isinstance(dataset, Line)
    left, right = dataset.extent()
    x = np.linspace(left, right, ON_LINE)

    def logits(points: Tensor) -> Tensor:
        return game.discriminator(ops.concatenate([points] * game.pack, axis=-1))

    with game.discriminator.evaluating():
        with no_grad():
            heat = to_numpy(game.loss.score(logits(Tensor(x[:, None].astype(np.float32)))))
        points = Tensor(fakes, requires_grad=True)
        (pushes,) = grad(logits(points).sum(), [points])
    flat = np.concatenate([fakes, np.zeros_like(fakes)], axis=1)
    arrows = drawable(flat, np.concatenate([to_numpy(pushes), np.zeros_like(fakes)], axis=1), 0.1 * (right - left))
    spread = 0.6 * dataset.sigma  # as wide as Silverman's rule makes it for one hill
    return heat.reshape(1, -1), arrows, (x, dataset.density(x), gaussians(x, fakes.ravel(), spread))
