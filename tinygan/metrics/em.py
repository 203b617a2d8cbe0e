"""Fitting a mixture of Gaussians by expectation-maximisation: the baseline that a GAN on points should beat."""

import numpy as np

from tinygan.given import whole_number
from tinygan.metrics.distances import squared_distances
from tinygan.metrics.mixture import FittedMixture, log_sum_exp
from tinygan.metrics.points import as_points

STARTS, MOST_STARTS = 5, 10_000
MOST_ROUNDS = 500
# The fit ends when a round gains less than so many nats a point.
TOLERANCE = 1e-7
# Variances below this share of the data's are lifted to it: on a single point the likelihood has no maximum.
FLOOR = 1e-6
# A component that explains less than so many points is moved to where points are explained worst.
FEWEST = 0.5


def fit_mixture(points: np.ndarray, k: int, rng: np.random.Generator, *, starts: int = STARTS) -> FittedMixture:
    """Fit a mixture of k Gaussians with full covariances by maximum likelihood.

    Expectation: ``r_ik = w_k N(x_i; m_k, C_k) / sum_j w_j N(x_i; m_j, C_j)``, from logarithms. Maximisation:
    ``w_k``, ``m_k`` and ``C_k`` are the share, the mean and the covariance of the points weighted by r_ik. Rounds
    of both raise the likelihood until one gains less than 1e-7 nats a point (or 500 are over).

    EM finds a local maximum near where it starts. So it starts `starts` times from centres chosen greedily by
    k-means++, each from the points nearest to a centre, and the fit of the highest likelihood is returned. Two
    guards: variances stay above 1e-6 of the data's mean variance in every direction, and a component that
    explains less than half a point is put on the point that is explained worst.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
    k : int
        Number of components.
    rng : numpy.random.Generator
        Chooses the centres; the same state gives the same fit.
    starts : int
        Number of starts. Memory is about 4 n k float64 at a time.

    Returns
    -------
    mixture : FittedMixture
        Its `sample` gives the points of the baseline row.

    Raises
    ------
    ValueError
        If k or `starts` is below 1, a number is not finite, or there are not more than k different points.

    References
    ----------
    Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", Journal of the Royal
    Statistical Society B 39 (1977), section 4.3; Arthur and Vassilvitskii, "k-means++", SODA 2007.
    """
    k = whole_number("the number of components", k)
    starts = whole_number("the number of starts", starts, most=MOST_STARTS)
    points = as_points(points, "points").astype(np.float64)
    different = len(np.unique(points, axis=0))
    if different <= k:
        raise ValueError(f"a mixture of {k} Gaussians needs more than {k} different points, there are {different}")
    fits = [fit_once(points, k, rng) for _ in range(starts)]
    return max(fits, key=lambda fit: fit[1])[0]


def fit_once(points: np.ndarray, k: int, rng: np.random.Generator) -> tuple[FittedMixture, float]:
    """Return the fit from one start, and its mean log-likelihood in nats a point."""
    centres = choose_centres(points, k, rng)
    nearest = squared_distances(points, points[centres])[0].argmin(axis=1)
    nearest[centres] = np.arange(k)  # also where two centres are too close to tell apart
    responsibility = np.zeros((len(points), k))
    responsibility[np.arange(len(points)), nearest] = 1.0
    mixture, likelihood = maximise(points, responsibility), -np.inf
    for _ in range(MOST_ROUNDS):
        joint = mixture.log_joint(points)
        log_density = log_sum_exp(joint)
        before, likelihood = likelihood, float(log_density.mean())
        responsibility = np.exp(joint - log_density[:, None])
        # Moving a component may lower the likelihood for once: that is no reason to stop.
        moved = refill(responsibility, log_density)
        if likelihood - before < TOLERANCE and not moved:
            break
        mixture = maximise(points, responsibility)
    return mixture, float(mixture.log_density(points).mean())


def maximise(points: np.ndarray, responsibility: np.ndarray) -> FittedMixture:
    """Return the mixture of highest likelihood for points that belong to its components by these shares (n, K)."""
    n, d = points.shape
    floor = FLOOR * points.var(axis=0).mean()
    counts = responsibility.sum(axis=0)
    means = responsibility.T @ points / counts[:, None]
    covariances = np.empty((len(counts), d, d))
    for k, mean in enumerate(means):
        centred = points - mean
        covariance = (responsibility[:, k, None] * centred).T @ centred / counts[k]
        values, vectors = np.linalg.eigh(covariance)
        covariances[k] = (vectors * np.maximum(values, floor)) @ vectors.T
    return FittedMixture(weights=counts / counts.sum(), means=means, covariances=covariances)


def refill(responsibility: np.ndarray, log_density: np.ndarray) -> bool:
    """Put each nearly empty component on a point that is explained badly, in place; return whether there was one."""
    empty = np.flatnonzero(responsibility.sum(axis=0) < FEWEST)
    worst = np.argsort(log_density, kind="stable")[: len(empty)]
    responsibility[:, empty] = 0.0
    # Half of the point stays where it was: a component that had no other is not empty next.
    responsibility[worst] *= 0.5
    responsibility[worst, empty] += 0.5
    return len(empty) > 0


def choose_centres(points: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k rows of different points, chosen by greedy k-means++.

    Each next centre is drawn with a probability proportional to the squared distance from the centres so far:
    2 + ln k are drawn, and the one that leaves the smallest sum of squared distances is taken.
    """
    chosen = [int(rng.integers(len(points)))]
    squared = to_row(points, chosen[0])
    for _ in range(k - 1):
        draws = rng.choice(len(points), size=2 + int(np.log(k)), p=squared / squared.sum())
        left = [np.minimum(squared, to_row(points, draw)) for draw in draws]
        best = int(np.argmin([x.sum() for x in left]))
        chosen.append(int(draws[best]))
        squared = left[best]
    return np.array(chosen)


def to_row(points: np.ndarray, row: int) -> np.ndarray:
    """Return the squared distances of all points to one of them, shape (n,)."""
    return ((points - points[row]) ** 2).sum(axis=1)
