"""The Frechet distance between the Gaussians with the means and covariances of two sets of features."""

import numpy as np

from tinygan.metrics.distances import blocks
from tinygan.metrics.points import as_points, two_sets


def frechet_distance(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """Squared Frechet (2-Wasserstein) distance between two Gaussians.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2)``, in squared units of the features.

    The product in the last term is symmetric with eigenvalues >= 0, so nothing complex can appear, as it can
    from a square root of C1 C2, and covariances may be singular. The trace of its root is taken as the sum of the
    singular values of ``C2^1/2 C1^1/2``, whose squares are those eigenvalues: the root of an eigenvalue that is 0
    but for rounding, 1e-16, would be 1e-8, and of features there are hundreds such.

    Parameters
    ----------
    mean1, mean2 : ndarray of float, shape (d,)
    cov1, cov2 : ndarray of float, shape (d, d)
        Symmetric, without negative eigenvalues (but for rounding).

    Returns
    -------
    distance : float
        Not negative.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or a matrix is not a covariance.

    References
    ----------
    Dowson and Landau, "The Frechet distance between multivariate normal distributions", Journal of Multivariate
    Analysis 12 (1982); Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", NeurIPS 2017, equation (6).
    """
    mean1, mean2, cov1, cov2 = (np.asarray(x, dtype=np.float64) for x in (mean1, mean2, cov1, cov2))
    if mean1.ndim != 1 or mean1.size == 0 or mean1.shape != mean2.shape:
        raise ValueError(f"the means must both have shape (d,), not {mean1.shape} and {mean2.shape}")
    if cov1.shape != mean1.shape * 2 or cov2.shape != mean1.shape * 2:
        raise ValueError(f"the covariances must have shape {mean1.shape * 2}, not {cov1.shape} and {cov2.shape}")
    if not all(np.isfinite(x).all() for x in (mean1, mean2, cov1, cov2)):
        raise ValueError("the means and covariances must be finite")
    root = np.linalg.svd(covariance_root(cov2) @ covariance_root(cov1), compute_uv=False).sum()
    # For equal covariances rounding may leave -1e-16.
    return float(((mean1 - mean2) ** 2).sum() + max(0.0, np.trace(cov1) + np.trace(cov2) - 2 * root))


def covariance_root(cov: np.ndarray) -> np.ndarray:
    """Return the symmetric R without negative eigenvalues for which R R = cov."""
    size = np.abs(cov).max()
    if np.abs(cov - cov.T).max() > 1e-6 * size:
        raise ValueError("a covariance must be symmetric")
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    if values[0] < -1e-6 * max(values[-1], size):
        raise ValueError(f"a covariance must have no negative eigenvalue, but one is {values[0]:.3g}")
    # An eigenvalue this small is rounding; its root would be 1e-8 of the largest root.
    values[values < np.finfo(np.float64).eps * len(values) * values[-1]] = 0.0
    return (vectors * np.sqrt(values)) @ vectors.T


def frechet_of_features(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    `frechet_distance` of the sets' means and their covariances with the divisor n - 1. It is 0 for identical sets
    and compares only means and covariances. It is biased: for two samples of one distribution it is positive, and
    falls about as 1/n, so compare numbers of the same n only. With n <= d the covariances are singular, which is
    allowed.

    Of the pool3 features (d = 2048) of the Inception network trained on ImageNet, with the usual resizing of the
    images, this is the Frechet Inception Distance. Of the features of another network it is not, and numbers of
    different networks cannot be compared.

    Parameters
    ----------
    a, b : ndarray of float, shapes (n, d) and (m, d)
        A feature vector in each row, n and m at least 2. Beside them, memory for a few d x d matrices is needed.

    Returns
    -------
    distance : float
        In squared units of the features.

    Raises
    ------
    ValueError
        If a set has fewer than two rows, a number is not finite, or d differs.

    References
    ----------
    Heusel et al., NeurIPS 2017, equation (6); Binkowski et al., "Demystifying MMD GANs", ICLR 2018, for the bias.
    """
    a, b = two_sets(a, b, ("a", "b"), least=2)
    return frechet_distance(*mean_and_covariance(a), *mean_and_covariance(b))


def mean_and_covariance(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, shape (d,), and the covariance, shape (d, d), divisor n - 1, of rows of features.

    In float64, a block of rows at a time, with the mean known before the squares are summed: the shorter formula
    E(x x) - E(x) E(x) cancels. Keep the two for the real data: `frechet_distance` needs no more of it.

    Raises
    ------
    ValueError
        If there are fewer than two rows, or a number is not finite.
    """
    features = as_points(features, "features", least=2)
    n, d = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((d, d))
    for rows in blocks(n):
        centred = features[rows] - mean
        scatter += centred.T @ centred
    return mean, scatter / (n - 1)
