"""The energy distance between two sets of points: one number, without a bin, a kernel width or a classifier."""

import numpy as np

from tinygan.metrics.distances import squared_distances, tiles
from tinygan.metrics.points import two_sets


def energy_distance(a: np.ndarray, b: np.ndarray, *, unbiased: bool = False) -> float:
    """Energy distance between the distributions that two sets of points are drawn from.

    ``D = 2 E|X - Y| - E|X - X'| - E|Y - Y'|``, with Euclidean norms. It is 0 if and only if the distributions
    are the same. No square root is taken: some authors call sqrt(D) the energy distance; this is D, in the
    units of the points, so that moving all points twice as far apart doubles it.

    By default the expectations are means over all pairs, a point with itself included (the V-statistic). That
    is never negative and is 0 for identical sets, but for two samples of one distribution its mean is
    ``E|X - X'| (1/n + 1/m)`` rather than 0: compare with the number of as many true points (`oracle`). With
    `unbiased`, a point is not paired with itself (the U-statistic): the mean is right for every n and m, and
    single values may be negative.

    Time grows with (n + m)^2; memory does not, a block of distances is held at a time.

    Parameters
    ----------
    a, b : ndarray of float, shapes (n, d) and (m, d)
    unbiased : bool
        Whether to leave out the pairs of a point with itself; n and m are then at least 2.

    Returns
    -------
    distance : float

    Raises
    ------
    ValueError
        If a set is empty (or has one point, with `unbiased`), has a NaN or an infinity, or d differs.

    References
    ----------
    Szekely and Rizzo, "Energy statistics: A class of statistics based on distances", Journal of Statistical
    Planning and Inference 143 (2013); their exponent is 1 here.
    """
    a, b = two_sets(a, b, ("a", "b"), least=2 if unbiased else 1)
    n, m = len(a), len(b)
    pairs_a, pairs_b = (n * (n - 1), m * (m - 1)) if unbiased else (n * n, m * m)
    distance = (
        2 * sum_of_distances(a, b) / (n * m) - sum_of_distances(a, a) / pairs_a - sum_of_distances(b, b) / pairs_b
    )
    # Rounding may leave -1e-17 for two sets with the same points in another order.
    return distance if unbiased else max(0.0, distance)


def sum_of_distances(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of |a_i - b_j| over all pairs."""
    parts = tiles(len(a), len(b))
    return sum(float(np.sqrt(squared_distances(a[rows], b[columns])[0]).sum()) for rows, columns in parts)
