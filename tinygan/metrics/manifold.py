"""Are the samples of a generator like the data, and is all of the data among them? Two pairs of numbers say it.

Both take balls around points for the manifold the points lie on. Precision and recall ask for each point whether any
ball holds it; density and coverage count, around real points alone, and so are steadier when a point lies far out.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tinygan.given import whole_number
from tinygan.metrics.distances import squared_distances, tiles
from tinygan.metrics.points import as_points, two_sets


class PrecisionRecall(NamedTuple):
    """What `precision_recall` found: two shares in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Share of the fakes that lie where the data does, and share of the data that lies where the fakes do.

    Around each point of a set a ball reaches to the point's k-th nearest neighbour in the set, itself not counted;
    the balls together stand for the set's manifold. Precision is the share of `fake` in at least one ball of
    `real`, recall the share of `real` in at least one ball of `fake`. The border belongs to a ball.

    A generator that repeats one good image has precision 1 and recall near 0; one that scatters far beyond the data
    has a low precision, and a high recall because its balls are large: a single far fake has a large ball. Both
    change with n: compare numbers of the same n and k only. For two samples of one distribution they are below 1.
    Distances below their rounding error, about 1e-7 of the set's extent, are taken as 0, and a point so little outside
    a ball as on its border.

    Parameters
    ----------
    real, fake : ndarray of float, shapes (n, d) and (m, d)
        Points, or features of images; n and m larger than k. A block of distances is held at a time.
    k : int
        Which neighbour the balls reach to; the paper's 3 by default.

    Returns
    -------
    shares : PrecisionRecall

    Raises
    ------
    ValueError
        If k is below 1, a set has no more than k points, a number is not finite, or d differs.

    References
    ----------
    Kynkaanniemi, Karras, Laine, Lehtinen and Aila, "Improved precision and recall metric for assessing generative
    models", NeurIPS 2019, equations (1) and (2).
    """
    k = whole_number("k", k)
    real, fake = two_sets(real, fake, ("real", "fake"), least=k + 1)
    return PrecisionRecall(precision=share_inside(fake, real, k), recall=share_inside(real, fake, k))


class DensityCoverage(NamedTuple):
    """What `density_coverage` found: a mean number of balls, at least 0, and a share in [0, 1]."""

    density: float
    coverage: float


def density_coverage(real: np.ndarray, fake: np.ndarray, k: int = 5) -> DensityCoverage:
    """How closely the fakes lie among the data, and the share of the data with a fake near by.

    Around each of the n real points X_i a ball reaches to its k-th nearest neighbour among them, itself not counted.
    With m fakes Y_j::

        density  = 1 / (k m) sum_j sum_i [Y_j is in the ball of X_i]
        coverage = 1 / n     sum_i [there is a Y_j in the ball of X_i]

    Balls are drawn around real points alone: a single fake far out can spoil neither (it can raise the recall of
    `precision_recall` to 1), and real points far out, whose balls are large, count once each. For two samples of one
    distribution the density is 1 on average, and the coverage is ``1 - prod_{i=1..k} (n - i) / (n + m - i)``: for many
    points and n = m that is 1 - 2^-k, 0.969 for k = 5. A density above 1 means that the fakes keep to where the data is
    dense. A generator that repeats one good image has a coverage near 0 and a density of anything.

    Parameters
    ----------
    real, fake : ndarray of float, shapes (n, d) and (m, d)
        Points, or features of images; n larger than k. A block of distances is held at a time.
    k : int
        Which neighbour the balls reach to; the paper's 5 by default.

    Returns
    -------
    numbers : DensityCoverage
        The border belongs to a ball, and rounding is treated as in `precision_recall`.

    Raises
    ------
    ValueError
        If k is below 1, `real` has no more than k points, `fake` has none, a number is not finite, or d differs.

    References
    ----------
    Naeem, Oh, Uh, Choi and Yoo, "Reliable fidelity and diversity metrics for generative models", ICML 2020, section
    3, also for the expectations of two samples of one distribution.
    """
    k = whole_number("k", k)
    real, fake = two_sets(real, fake, ("real", "fake"))
    as_points(real, "real", least=k + 1)
    balls, covered = 0, np.zeros(len(real), dtype=bool)
    for _, columns, inside in inside_balls(fake, real, squared_radii(real, k)):
        balls += int(np.count_nonzero(inside))
        covered[columns] |= inside.any(axis=0)
    return DensityCoverage(density=balls / (k * len(fake)), coverage=float(covered.mean()))


def share_inside(points: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Return the share of the points in at least one of the balls around the centres."""
    found = np.zeros(len(points), dtype=bool)
    for rows, _, inside in inside_balls(points, centres, squared_radii(centres, k)):
        found[rows] |= inside.any(axis=1)
    return float(found.mean())


def inside_balls(
    points: np.ndarray, centres: np.ndarray, radii: np.ndarray
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield, tile by tile, which points (rows) are in the balls of squared radii (n,) around the centres (columns)."""
    for rows, columns in tiles(len(points), len(centres)):
        squared, rounding = squared_distances(points[rows], centres[columns])
        # The radius was rounded about another origin: of equal distances neither may count as the larger.
        squared -= 3 * rounding[:, None]
        yield rows, columns, squared <= radii[columns]


def squared_radii(points: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance of each point to its k-th nearest neighbour, shape (n,)."""
    # The point itself, or a copy, is at distance 0 and comes first: so k + 1 are kept and the last is the radius.
    nearest = np.full((len(points), k + 1), np.inf)
    for rows, columns in tiles(len(points), len(points)):
        squared, _ = squared_distances(points[rows], points[columns])
        nearest[rows] = np.partition(np.concatenate([nearest[rows], squared], axis=1), k, axis=1)[:, : k + 1]
    return nearest.max(axis=1)
