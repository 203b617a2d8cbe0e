"""Are samples nearer to the training data than they should be? A test for data that was learnt by heart."""

from typing import NamedTuple

import numpy as np

from tinygan.given import finite_number


class DataCopying(NamedTuple):
    """What `data_copying` found: two shares in [0, 1]."""

    copied: float
    nearer: float


def data_copying(samples: np.ndarray, real: np.ndarray, level: float = 0.05) -> DataCopying:
    """Compare how near samples, and real data that nobody trained on, come to the training data.

    With d(x) the distance of x to the nearest training example, and q the `level`-quantile of d over the real data::

        copied = share of the samples with d(sample) <= q
        nearer = P(d(sample) < d(real)) + 1/2 P(d(sample) = d(real)), over all pairs

    Samples that are as new as real data have copied = level (0.05 says: one real example in twenty is so near by
    chance) and nearer = 1/2; copies have 1 and 1. `nearer`, the statistic of Mann and Whitney, is the paper's test over
    the whole space. `copied` is for a generator that copies now and then: one sample in five copied gives at least 0.2,
    while `nearer` stays below 1/2 if the other four are far from everything. Below level and 1/2, samples are further
    from the training data than real ones: not copied, but not like the data either.

    Parameters
    ----------
    samples : ndarray of float, shape (n,)
        d of each sample: ``nearest_neighbours(samples, training)[1][:, 0]``.
    real : ndarray of float, shape (m,)
        d of data held out. Without such data, leave-one-out: the distance of training examples to the nearest other
        one, ``nearest_neighbours(some, training, k=2)[1][:, 1]``. Where ever more of it are copies of others, q
        falls to 0, and `copied` of real data rises above level: measure it beside.
    level : float
        Between 0 and 1.

    Returns
    -------
    shares : DataCopying

    Raises
    ------
    ValueError
        If an array is empty or not of one axis, a distance is negative or not finite, or the level out of range.

    References
    ----------
    Meehan, Chaudhuri and Dasgupta, "A non-parametric test to detect data-copying in generative models", AISTATS 2020.
    """
    for name, distances in (("samples", samples), ("real", real)):
        if distances.ndim != 1 or not len(distances) or not (np.isfinite(distances) & (distances >= 0)).all():
            raise ValueError(f"{name} must be distances of shape (n,), n > 0: finite and not negative")
    level = finite_number("level", level, "be between 0 and 1", lambda level: 0 < level < 1)
    ordered = np.sort(real)
    # The least order statistic of which at least this share is not above it: no interpolation, so ties stay ties.
    limit = np.quantile(ordered, level, method="inverted_cdf")
    farther = len(ordered) - np.searchsorted(ordered, samples, side="right")
    not_nearer = np.searchsorted(ordered, samples, side="left")
    ties = len(ordered) - farther - not_nearer
    return DataCopying(
        copied=float((samples <= limit).mean()), nearer=float((farther + ties / 2).mean() / len(ordered))
    )
