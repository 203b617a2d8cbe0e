"""The nearest training example of each sample: has the generator learnt the data by heart?"""

import numpy as np

from tinygan.given import is_whole
from tinygan.metrics.distances import squared_distances
from tinygan.metrics.points import two_sets
from tinygan.words import short

# 256 samples with 8192 training examples are 2^21 distances, 16 MiB.
BLOCK_SAMPLES = 256
BLOCK_TRAINING = 8192
# Of long rows (64 x 64 pixels in colour are 12,288 numbers) fewer at a time: 2^22 numbers are 32 MiB in float64.
BLOCK_NUMBERS = 2**22


def nearest_neighbours(samples: np.ndarray, training: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest training examples of each sample, exactly.

    The matrix product of `squared_distances` only chooses candidates, all that are among the nearest within its
    rounding error; their distances are then taken from the differences. So a copy is at distance 0 exactly, and
    of training examples at the same distance the first comes first.

    Parameters
    ----------
    samples : ndarray of float, shape (n, d)
        Images as rows: ``images.reshape(len(images), -1)``.
    training : ndarray of float, shape (m, d)
        Both in one scale. A block at a time is turned into float64, and no n x m array is made.
    k : int
        Neighbours of each sample, 1 to m.

    Returns
    -------
    indices : ndarray of int, shape (n, k)
        Rows of `training`, the nearest first.
    distances : ndarray of float64, shape (n, k)
        Euclidean, in the units of the samples.

    Raises
    ------
    ValueError
        If a set is empty, a number is not finite, d differs, or k is not between 1 and m.
    """
    samples, training = two_sets(samples, training, ("samples", "training"))
    if not is_whole(k) or k > len(training):
        raise ValueError(f"k must be from 1 to {len(training)}, the number of training examples, not {short(k)}")
    indices = np.empty((len(samples), k), dtype=np.int64)
    distances = np.empty((len(samples), k))
    for start in range(0, len(samples), BLOCK_SAMPLES):
        rows = slice(start, start + BLOCK_SAMPLES)
        indices[rows], distances[rows] = nearest_of_block(samples[rows], training, k)
    return indices, distances


def nearest_of_block(samples: np.ndarray, training: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what `nearest_neighbours` does, for as many samples as fit into memory with a block of training."""
    indices = np.zeros((len(samples), 0), dtype=np.int64)
    distances = np.zeros((len(samples), 0))
    step = max(1, min(BLOCK_TRAINING, BLOCK_NUMBERS // training.shape[1]))
    for start in range(0, len(training), step):
        block = training[start : start + step]
        found, found_distances = nearest_in_block(samples, block, min(k, len(block)))
        indices = np.concatenate([indices, found + start], axis=1)
        distances = np.concatenate([distances, found_distances], axis=1)
        # Stable: at equal distances the earlier training example stays first.
        best = np.argsort(distances, axis=1, kind="stable")[:, :k]
        indices = np.take_along_axis(indices, best, axis=1)
        distances = np.take_along_axis(distances, best, axis=1)
    return indices, distances


def nearest_in_block(samples: np.ndarray, block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of `block` and distances, shapes (n, k), the nearest first."""
    squared, rounding = squared_distances(samples, block)
    # The k-th may be too far by its rounding error and a true one as much too far again; with what was set to
    # 0 that is three bounds at most.
    limit = np.partition(squared, k - 1, axis=1)[:, k - 1] + 3 * rounding
    indices = np.empty((len(samples), k), dtype=np.int64)
    distances = np.empty((len(samples), k))
    for i, sample in enumerate(samples.astype(np.float64)):
        candidates = np.flatnonzero(squared[i] <= limit[i])
        exact = np.linalg.norm(block[candidates] - sample, axis=1)
        best = np.argsort(exact, kind="stable")[:k]
        indices[i], distances[i] = candidates[best], exact[best]
    return indices, distances
