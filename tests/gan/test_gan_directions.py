"""Directions of the noise against a generator whose principal components are known."""

import numpy as np
import pytest

from tinygan.gan.directions import principal_directions


def linear(rng, latent=5, pixels=40):
    """z -> samples, with the directions of z that it stretches most, the strongest first."""
    left, _ = np.linalg.qr(rng.standard_normal((latent, latent)))
    right, _ = np.linalg.qr(rng.standard_normal((pixels, latent)))
    stretch = np.array([9.0, 5.0, 3.0, 1.0, 0.5])
    matrix = left * stretch @ right.T
    return lambda z: 0.3 + (z @ matrix).reshape(len(z), 4, 10), left.T


def test_a_linear_generator_has_its_singular_vectors():
    draw, known = linear(np.random.default_rng(0))
    found = principal_directions(draw, 5, np.random.default_rng(1), k=5, n=800)
    assert found.shape == (5, 5) and found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert (np.abs((found * known).sum(axis=1)) > 0.98).all()
    assert (np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1) > 0).all()


@pytest.mark.parametrize(("k", "count"), [(2, 2), (9, 5)])
def test_there_are_no_more_than_asked_for_and_than_there_are(k, count):
    draw, _ = linear(np.random.default_rng(0))
    assert len(principal_directions(draw, 5, np.random.default_rng(1), k=k, n=200)) == count


def test_what_does_not_change_the_samples_is_no_direction():
    found = principal_directions(lambda z: z[:, :1] * np.ones(7), 4, np.random.default_rng(0), n=500)
    assert len(found) == 1 and abs(found[0, 0]) > 0.98
    assert principal_directions(lambda z: np.ones((len(z), 3)), 4, np.random.default_rng(0)).shape == (0, 4)
