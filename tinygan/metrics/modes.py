"""How many modes of a Gaussian mixture does a generator reach?

The three numbers of the 2-D experiments of PacGAN (Lin, Khetan, Fanti and Oh, "PacGAN: The power
of two samples in generative adversarial networks", NeurIPS 2018, section 4).
"""

import math
from dataclasses import dataclass

import numpy as np

from tinygan.given import finite_number

RADIUS_IN_SIGMAS = 3.0
# Distances are taken a block of samples at a time: 2^18 of them are 2 MiB, and stay in cache.
BLOCK_DISTANCES = 2**18


@dataclass(frozen=True, eq=False)
class ModeReport:
    """What `count_modes` found.

    Attributes
    ----------
    modes : int
        Modes with at least one high-quality sample.
    total_modes : int
        Modes of the mixture, K.
    high_quality : float
        Share of all samples, in [0, 1], within 3 sigma of the nearest mean.
    reverse_kl : float
        KL divergence, in nats, from the uniform distribution over the modes to that of the
        high-quality samples: 0 when all modes are equally frequent, ln K when only one is left,
        and inf, worse than any other, when no sample is of high quality.
    counts : ndarray of int, shape (K,)
        High-quality samples at each mode.
    n : int
        Number of samples.
    """

    modes: int
    total_modes: int
    high_quality: float
    reverse_kl: float
    counts: np.ndarray
    n: int

    def __str__(self) -> str:
        return (
            f"{self.modes} of {self.total_modes} modes, "
            f"{100 * self.high_quality:.2f} % high quality, "
            f"reverse KL {self.reverse_kl:.4f} nats "
            f"({self.n} samples; high quality: within {RADIUS_IN_SIGMAS:g} sigma of the nearest "
            "mean; a mode counts from one such sample on; KL(their modes || uniform))"
        )


def count_modes(samples: np.ndarray, means: np.ndarray, sigma: float) -> ModeReport:
    """Count the modes that samples reach, and how evenly.

    With q_k the share of mode k among the high-quality samples,
    ``reverse_kl = sum_k q_k ln(K q_k)``, where 0 ln 0 = 0. Samples of the mixture itself are not
    100 % of high quality: in two dimensions the share within 3 sigma is 1 - exp(-9/2) = 98.89 %.

    Parameters
    ----------
    samples : ndarray of float, shape (n, d)
        A sample with a NaN or an infinity is not of high quality.
    means : ndarray of float, shape (K, d)
        The centres of the mixture's components, which are equally likely.
    sigma : float
        Standard deviation of each component along each axis, in the units of the samples.

    Returns
    -------
    report : ModeReport

    Raises
    ------
    ValueError
        If a shape does not fit, there are no samples or no means, a mean is not finite, or
        `sigma` is not positive.

    References
    ----------
    Lin et al., "PacGAN", NeurIPS 2018, section 4. There the divergence is taken to the modes of
    the real test samples; here to what those are drawn from, the uniform distribution.

    Examples
    --------
    >>> means = np.array([[0.0, 0.0], [1.0, 0.0]])
    >>> report = count_modes(np.array([[0.0, 0.01], [0.0, 0.02], [5.0, 5.0]]), means, sigma=0.1)
    >>> report.modes, round(report.high_quality, 2), round(report.reverse_kl, 3)  # ln 2: one of two
    (1, 0.67, 0.693)
    """
    samples = np.asarray(samples, dtype=np.float64)
    means = np.asarray(means, dtype=np.float64)
    check(samples, means, sigma)

    counts = np.zeros(len(means), dtype=np.int64)
    block = max(1, BLOCK_DISTANCES // means.size)
    for start in range(0, len(samples), block):
        nearest, distance = nearest_mean(samples[start : start + block], means)
        # A NaN distance compares false, so such a sample is left out.
        high = distance <= RADIUS_IN_SIGMAS * sigma
        counts += np.bincount(nearest[high], minlength=len(means))
    return ModeReport(
        modes=int(np.count_nonzero(counts)),
        total_modes=len(means),
        high_quality=float(counts.sum() / len(samples)),
        reverse_kl=kl_to_uniform(counts),
        counts=counts,
        n=len(samples),
    )


def check(samples: np.ndarray, means: np.ndarray, sigma: float) -> None:
    """Raise ValueError, in one sentence, if `count_modes` cannot work with these."""
    if samples.ndim != 2 or means.ndim != 2 or samples.shape[1] != means.shape[1]:
        raise ValueError(
            f"samples must have shape (n, d) and means (K, d) with the same d, not {samples.shape} and {means.shape}"
        )
    if samples.size == 0 or means.size == 0:
        raise ValueError(f"there is nothing to count: {len(samples)} samples, {len(means)} means")
    if not np.isfinite(means).all():
        raise ValueError("the means must be finite")
    finite_number("sigma", sigma, "be positive and finite", lambda sigma: sigma > 0)


def nearest_mean(samples: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of each sample's nearest mean and the Euclidean distance to it.

    The differences are squared as they are: |a|^2 - 2 ab + |b|^2 would be faster, but cancels
    badly for a small sigma far from the origin.
    """
    with np.errstate(over="ignore"):  # too far to square is far enough: inf
        squared = ((samples[:, None, :] - means[None, :, :]) ** 2).sum(axis=2)
    nearest = squared.argmin(axis=1)
    return nearest, np.sqrt(squared[np.arange(len(samples)), nearest])


def kl_to_uniform(counts: np.ndarray) -> float:
    """Return KL(counts / their sum || uniform) in nats; inf if all counts are zero."""
    if not counts.any():
        return math.inf
    share = counts[counts > 0] / counts.sum()
    # Rounding may leave -1e-17 for a uniform distribution; a KL divergence is never negative.
    return max(0.0, float((share * np.log(share * len(counts))).sum()))
