"""Euclidean distances between two sets of points by matrix products, a block of each set at a time."""

from collections.abc import Iterator

import numpy as np

# 512 x 512 distances are 2 MiB and stay in cache, and the matrix product is still large enough to outweigh turning
# both blocks into float64.
BLOCK = 512


def blocks(n: int) -> Iterator[slice]:
    """Cut n rows into slices of `BLOCK`."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def tiles(n: int, m: int) -> Iterator[tuple[slice, slice]]:
    """Cut an n x m array into squares of `BLOCK` rows and columns."""
    for rows in blocks(n):
        for columns in blocks(m):
            yield rows, columns


def squared_distances(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return |a_i - b_j|^2 for all pairs, and how far rounding may have moved it.

    ``|a_i - b_j|^2 = |a_i|^2 + |b_j|^2 - 2 a_i . b_j``, with the origin moved to the mean of b, because a
    difference of large numbers loses digits. What is left below the bound of its rounding error,
    ``eps (d + 4) (|a_i|^2 + |b_j|^2)``, is set to 0: copies are at distance 0 exactly, and never nearer or
    farther by chance.

    Parameters
    ----------
    a, b : ndarray, shapes (n, d) and (m, d)
        Worked on in float64, whatever their precision.

    Returns
    -------
    squared : ndarray of float64, shape (n, m)
    rounding : ndarray of float64, shape (n,)
        The largest of the bounds of a row.
    """
    centre = b.mean(axis=0, dtype=np.float64)
    a, b = a - centre, b - centre
    norms_a, norms_b = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    epsilon = np.finfo(np.float64).eps * (a.shape[1] + 4)
    squared = norms_a[:, None] + norms_b
    bound = epsilon * squared
    squared -= 2 * (a @ b.T)
    squared *= squared > bound  # faster than setting them by a mask
    return squared, epsilon * (norms_a + norms_b.max())
