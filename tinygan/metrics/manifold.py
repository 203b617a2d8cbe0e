"""Precision and recall of a generator: are its samples like the data, and is all of the data among them?"""

from typing import NamedTuple

import numpy as np

from tinygan.metrics.distances import squared_distances, tiles
from tinygan.metrics.points import two_sets


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
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    real, fake = two_sets(real, fake, ("real", "fake"), least=k + 1)
    return PrecisionRecall(precision=share_inside(fake, real, k), recall=share_inside(real, fake, k))


def share_inside(points: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Return the share of the points in at least one of the balls around the centres."""
    radii = squared_radii(centres, k)
    inside = np.zeros(len(points), dtype=bool)
    for rows, columns in tiles(len(points), len(centres)):
        squared, rounding = squared_distances(points[rows], centres[columns])
        # The radius was rounded about another origin: of equal distances neither may count as the larger.
        squared -= 3 * rounding[:, None]
        inside[rows] |= (squared <= radii[columns]).any(axis=1)
    return float(inside.mean())


def squared_radii(points: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance of each point to its k-th nearest neighbour, shape (n,)."""
    # The point itself, or a copy, is at distance 0 and comes first: so k + 1 are kept and the last is the radius.
    nearest = np.full((len(points), k + 1), np.inf)
    for rows, columns in tiles(len(points), len(points)):
        squared, _ = squared_distances(points[rows], points[columns])
        nearest[rows] = np.partition(np.concatenate([nearest[rows], squared], axis=1), k, axis=1)[:, : k + 1]
    return nearest.max(axis=1)
