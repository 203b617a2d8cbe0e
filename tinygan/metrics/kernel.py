"""The kernel distance between two sets of features: unbiased, so that few samples will do."""

import math
from typing import NamedTuple

import numpy as np

from tinygan.given import whole_number
from tinygan.metrics.distances import tiles
from tinygan.metrics.points import two_sets


class KernelDistance(NamedTuple):
    """What `kernel_distance` found: the mean over the subsets and its standard error (nan for one subset)."""

    mean: float
    standard_error: float


def kernel_distance(
    a: np.ndarray, b: np.ndarray, subsets: int = 10, size: int | None = None, *, rng: np.random.Generator
) -> KernelDistance:
    """Squared maximum mean discrepancy between two sets of features, with a cubic kernel.

    ``E k(x, x') + E k(y, y') - 2 E k(x, y)`` with ``k(x, y) = (x . y / d + 1)^3``. Within each subset of the one
    set and of the other, the expectations are means over all pairs of different rows (the U-statistic), so the
    expectation is right for every size, 0 for two samples of one distribution, and single values may be negative.
    It compares all moments up to the third.

    The subsets are disjoint, drawn without replacement: so they are independent, and the standard deviation of
    their values (divisor `subsets` - 1) over sqrt(subsets) is the standard error of the mean. Programs that draw
    overlapping subsets print a standard deviation that says how the subsets differ, not how sure the mean is.

    Of the pool3 features (d = 2048) of the Inception network trained on ImageNet this is the Kernel Inception
    Distance. Of the features of another network it is not, and numbers of different networks cannot be compared.

    Parameters
    ----------
    a, b : ndarray of float, shapes (n, d) and (m, d)
        A feature vector in each row.
    subsets : int
        Number of subsets.
    size : int, optional
        Rows of each subset, at least 2; `subsets` of them must fit each set. By default as many as fit both.
    rng : numpy.random.Generator
        Draws the subsets; the same state gives the same numbers.

    Returns
    -------
    distance : KernelDistance
        It depends on the scale of the features and has no unit: a number to quote for those of a fixed network only.

    Raises
    ------
    ValueError
        If the subsets do not fit, a number is not finite, or d differs.

    References
    ----------
    Binkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018; Gretton et al., "A
    kernel two-sample test", JMLR 13 (2012), equation (3), the estimator.
    """
    a, b = two_sets(a, b, ("a", "b"), least=2)
    least = min(len(a), len(b))
    subsets = whole_number("the number of subsets", subsets)
    size = least // subsets if size is None else whole_number("the size of a subset", size)
    if size < 2 or size * subsets > least:
        raise ValueError(
            f"{subsets} disjoint subsets of {size} rows cannot be drawn from {len(a)} and {len(b)} rows: each needs at "
            "least 2 rows"
        )
    order_a, order_b = rng.permutation(len(a)), rng.permutation(len(b))
    parts = [slice(i * size, (i + 1) * size) for i in range(subsets)]
    values = [squared_discrepancy(a[order_a[part]], b[order_b[part]]) for part in parts]
    scale = max(map(abs, values)) or 1.0  # the squares of cubes of large features would overflow
    error = scale * float(np.std(np.divide(values, scale), ddof=1)) / math.sqrt(subsets) if subsets > 1 else math.nan
    return KernelDistance(float(np.mean(values)), error)


def squared_discrepancy(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy of rows, shapes (n, d) and (m, d)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    n, m = len(a), len(b)
    within = [(kernel_sum(x, x) - self_sum(x)) / (len(x) * (len(x) - 1)) for x in (a, b)]
    return sum(within) - 2 * kernel_sum(a, b) / (n * m)


def kernel_sum(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of (a_i . b_j / d + 1)^3 over all pairs."""
    total = 0.0
    for rows, columns in tiles(len(a), len(b)):
        base = a[rows] @ b[columns].T / a.shape[1] + 1
        total += float((base * base * base).sum())  # ** 3 is several times slower
    return total


def self_sum(a: np.ndarray) -> float:
    """Return the sum of the kernel of each row with itself."""
    return float(((np.einsum("ij,ij->i", a, a) / a.shape[1] + 1) ** 3).sum())
