"""The Jensen-Shannon divergence of points in the plane from the mixture they should come from."""

import math
from functools import reduce

import numpy as np

from tinygan.given import is_whole
from tinygan.metrics.modes import check
from tinygan.words import short

MARGIN_IN_SIGMAS = 5.0
MOST_CELLS = 2**22


def jensen_shannon(
    samples: np.ndarray,
    means: np.ndarray,
    sigma: float,
    *,
    bins: int = 100,
    extent: tuple[np.ndarray, np.ndarray] | None = None,
) -> float:
    """Jensen-Shannon divergence, in nats, between a histogram of samples and a Gaussian mixture.

    With p the mixture's probabilities of the cells of a grid, q the shares of the samples in them, and
    ``m = (p + q) / 2``::

        JS = 1/2 sum_i p_i ln(p_i / m_i) + 1/2 sum_i q_i ln(q_i / m_i)        (0 ln 0 = 0)

    0 when the shares are the probabilities, ln 2 = 0.693 when no sample is where the mixture is. The p_i are
    exact integrals over the cells. All that is outside the grid is **one more cell**: it holds the samples that
    left the extent, or are NaN or infinite, and the little probability the mixture has there. So a stray sample
    always counts, and how far it strayed does not.

    A histogram of n samples of the mixture itself is not at 0 but near ``(cells that p reaches) / (8 n)``:
    compare with the number of as many true points (`oracle`), with the same `bins` and `extent`.

    Parameters
    ----------
    samples : ndarray of float, shape (n, d)
    means : ndarray of float, shape (K, d)
        The centres of the mixture's components, which are equally likely.
    sigma : float
        Standard deviation of each component along each axis, in the units of the samples.
    bins : int
        Cells along each axis; at most 2^22 in all.
    extent : pair of ndarray, shape (d,), optional
        The lowest corner, which belongs to the grid, and the highest, which does not. By default the box around
        the means and 5 sigma more on every side. It does not depend on the samples.

    Returns
    -------
    divergence : float

    Raises
    ------
    ValueError
        If a shape does not fit, there are no samples or no means, a mean is not finite, `sigma` is not positive,
        there are too many cells or none, or the extent is empty.

    References
    ----------
    Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991);
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, theorem 1, for what it has to do with GANs.
    """
    samples, means = np.asarray(samples, dtype=np.float64), np.asarray(means, dtype=np.float64)
    check(samples, means, sigma)
    dimensions = means.shape[1]
    if not is_whole(bins) or int(bins) ** dimensions > MOST_CELLS:
        raise ValueError(
            f"{short(bins)} bins along each of {dimensions} axes: give at least 1, and at most {MOST_CELLS} in all"
        )
    if extent is None:
        margin = MARGIN_IN_SIGMAS * sigma
        extent = means.min(axis=0) - margin, means.max(axis=0) + margin
    low, high = (np.asarray(corner, dtype=np.float64) for corner in extent)
    if low.shape != (dimensions,) or high.shape != (dimensions,):
        raise ValueError(f"the corners of the extent must have shape ({dimensions},), not {low.shape} and {high.shape}")
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError(f"the extent must be finite and not empty, not {low.tolist()} to {high.tolist()}")
    return divergence(cell_probabilities(means, sigma, low, high, bins), cell_shares(samples, low, high, bins))


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence, in nats, of two vectors of probabilities."""
    middle = (p + q) / 2
    total = sum(float((part[part > 0] * np.log(part[part > 0] / middle[part > 0])).sum()) for part in (p, q))
    # Rounding may leave -1e-17, or 1e-17 more than ln 2.
    return min(max(0.0, total / 2), math.log(2))


def cell_probabilities(means: np.ndarray, sigma: float, low: np.ndarray, high: np.ndarray, bins: int) -> np.ndarray:
    """Return the mixture's probability of each cell, and last of all that is outside."""
    inside = np.zeros((bins,) * means.shape[1])
    for mean in means:
        # The axes are independent within a component, so a cell's probability is a product over them.
        axes = []
        for centre, start, stop in zip(mean, low, high, strict=True):
            edges = (np.linspace(start, stop, bins + 1) - centre) / (sigma * math.sqrt(2))
            axes.append(np.diff([math.erf(edge) for edge in edges]) / 2)
        inside += reduce(np.multiply.outer, axes)
    inside /= len(means)
    return np.append(inside, max(0.0, 1 - inside.sum()))


def cell_shares(samples: np.ndarray, low: np.ndarray, high: np.ndarray, bins: int) -> np.ndarray:
    """Return the share of the samples in each cell, and last that of the samples outside or not finite."""
    inside = samples[((samples >= low) & (samples < high)).all(axis=1)]  # a NaN compares false
    # Rounding may put a sample just below the highest corner beyond the last cell.
    cells = np.minimum(((inside - low) / (high - low) * bins).astype(np.int64), bins - 1)
    flat = np.ravel_multi_index(tuple(cells.T), (bins,) * len(low))
    counts = np.bincount(flat, minlength=bins ** len(low))
    return np.append(counts, len(samples) - len(inside)) / len(samples)
