"""The rows that a generator of points is shown beside: the true mixture, and one fitted without a network."""

from dataclasses import dataclass

import numpy as np

from tinygan.given import whole_number
from tinygan.metrics.modes import check
from tinygan.metrics.points import as_points


def oracle(means: np.ndarray, sigma: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n points of the true mixture: what a perfect generator would get, at this n, in each column.

    A component uniformly, then a normal deviation from its mean.

    Parameters
    ----------
    means : ndarray of float, shape (K, d)
    sigma : float
        Standard deviation of each component along each axis.
    n : int
        Number of points, as many as of the generator.
    rng : numpy.random.Generator

    Returns
    -------
    points : ndarray of float64, shape (n, d)

    Raises
    ------
    ValueError
        If `means` is not (K, d), finite and K >= 1, `sigma` is not positive, or n is below 1.
    """
    means = np.asarray(means, dtype=np.float64)
    check(means, means, sigma)
    n = whole_number("n", n)
    return means[rng.integers(len(means), size=n)] + sigma * rng.standard_normal((n, means.shape[1]))


@dataclass(frozen=True, eq=False)
class FittedMixture:
    """A mixture of Gaussians: ``p(x) = sum_k weights[k] N(x; means[k], covariances[k])``.

    Attributes
    ----------
    weights : ndarray of float64, shape (K,)
        Positive, with the sum 1.
    means : ndarray of float64, shape (K, d)
    covariances : ndarray of float64, shape (K, d, d)
        Positive definite.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n points, an ndarray of float64 of shape (n, d)."""
        roots = np.linalg.cholesky(self.covariances)
        component = rng.choice(len(self.weights), size=n, p=self.weights)
        noise = rng.standard_normal((n, self.means.shape[1]))
        points = np.empty_like(noise)
        for k, (mean, root) in enumerate(zip(self.means, roots, strict=True)):
            mine = component == k
            points[mine] = mean + noise[mine] @ root.T
        return points

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return ln p(x) of each point, shape (n,), in nats; points of shape (n, d)."""
        return log_sum_exp(self.log_joint(as_points(points, "points").astype(np.float64)))

    def log_joint(self, points: np.ndarray) -> np.ndarray:
        """Return ln(weights[k] N(x; means[k], covariances[k])), shape (n, K), of float64 points (n, d)."""
        constant = 0.5 * self.means.shape[1] * np.log(2 * np.pi)
        joint = np.empty((len(points), len(self.means)))
        for k, root in enumerate(np.linalg.cholesky(self.covariances)):
            # With C = L L', |L^-1 (x - m)|^2 is the squared Mahalanobis distance, and ln |L| half of ln |C|.
            white = np.linalg.solve(root, (points - self.means[k]).T)
            joint[:, k] = -0.5 * np.einsum("ij,ij->j", white, white) - np.log(root.diagonal()).sum()
        return joint + (np.log(self.weights) - constant)


def log_sum_exp(x: np.ndarray) -> np.ndarray:
    """Return ln sum_j exp(x_ij) of each row: the largest is taken out, so that not all of exp underflows."""
    largest = x.max(axis=1)
    return largest + np.log(np.exp(x - largest[:, None]).sum(axis=1))
