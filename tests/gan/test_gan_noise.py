"""What a generator is fed: z alone or with a code behind it, joined, cut apart, and laid out in columns."""

import numpy as np
import pytest

from tinygan.gan import conditioning
from tinygan.gan.noise import Noise

K, LATENT = 3, 4
each = pytest.mark.parametrize("name", conditioning.CONDITIONINGS)


@each
def test_codes_stand_behind_z_and_are_cut_off_again(name, rng):
    condition = conditioning.get(name, K)
    noise = Noise(LATENT, condition)
    vectors = noise.draw(rng, 50)
    assert vectors.shape == (50, noise.length) == (50, LATENT + condition.length) and vectors.dtype == np.float32
    z, codes = noise.split(vectors)
    assert np.array_equal(z, vectors[:, :LATENT]) and np.array_equal(codes, vectors[:, LATENT:])
    assert np.array_equal(noise.join(z.astype(np.float64), codes), vectors)
    assert np.array_equal(noise.labels(vectors), condition.labels(codes))
    assert set(noise.labels(vectors)) == set(range(condition.classes))
    assert abs(z.mean()) < 0.3 and 0.7 < z.std() < 1.3
    asked = np.array([2, 0, 1, 1])
    assert np.array_equal(condition.labels(noise.codes(rng, 4, asked)), asked)


@each
@pytest.mark.parametrize("n", [1, 2, 3, 7, 23])
def test_columns_are_the_classes_and_rows_share_all_else(name, n, rng):
    noise = Noise(LATENT, conditioning.get(name, K))
    vectors, k = noise.columns(rng, n), noise.condition.classes  # of infogan always 10
    assert vectors.shape == (n, noise.length) and noise.labels(vectors).tolist() == [i % k for i in range(n)]
    z, codes = noise.split(vectors)
    for i in range(n):
        first = i - i % k
        assert np.array_equal(z[i], z[first]) and np.array_equal(codes[i, k:], codes[first, k:])
    assert len(np.unique(z, axis=0)) == -(-n // k)


def test_without_a_condition_there_is_z_alone(rng):
    noise = Noise(LATENT)
    vectors = noise.columns(rng, 7)
    assert noise.length == LATENT and vectors.shape == (7, LATENT) and len(np.unique(vectors, axis=0)) == 7
    assert noise.labels(vectors) is None and noise.codes(rng, 7).shape == (7, 0)
