"""Directions in the space of the noise along which the samples change most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygan.given import whole_number


def principal_directions(
    draw: Callable[[np.ndarray], np.ndarray], latent: int, rng: np.random.Generator, k: int = 6, n: int = 1000
) -> np.ndarray:
    """The k directions of z that go with the principal components of the samples, the strongest first.

    With n noise vectors as the rows of Z, their centred samples, flattened, as the rows of X = U S V^T, and the
    coordinates C = X V_k of the samples on their first k components, row i of ::

        D = (C^T C)^-1 C^T Z

    is the mean change of z for one unit along component i: the least squares solution of C D = Z. Each row is then
    made a unit vector (its sign is free: it is chosen so that the largest number of the direction is positive).

    Parameters
    ----------
    draw : function
        Noise (n, latent), float32 -> samples (n, ...).
    latent : int
        Length of z.
    rng : numpy.random.Generator
        Of the noise.
    k : int
        How many; fewer are returned where z, or what the samples do, has fewer.
    n : int
        Samples to learn them from.

    Returns
    -------
    ndarray (at most k, latent), float32

    References
    ----------
    Haerkoenen, Hertzmann, Lehtinen and Paris, "GANSpace: discovering interpretable GAN controls", NeurIPS 2020,
    section 3.1, with the samples themselves in the place of a layer's features.
    """
    k, n, latent = whole_number("k", k), whole_number("n", n), whole_number("latent", latent)
    z = rng.standard_normal((n, latent), dtype=np.float32)
    samples = draw(z).reshape(n, -1).astype(np.float64)
    centred = samples - samples.mean(axis=0)
    # C^T C is diagonal, S^2, and U holds the columns of C divided by S: D = S^-1 U^T Z, and the lengths do not matter.
    values, vectors = np.linalg.eigh(centred @ centred.T)  # U and S^2: n x n, however large the images are
    strongest = np.argsort(values)[::-1][: min(k, latent)]
    strongest = strongest[values[strongest] > 1e-9 * values.max(initial=0)]  # what lies below is rounding
    directions = vectors[:, strongest].T @ z
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    signs = np.sign(np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1))
    return (directions * signs).astype(np.float32)
