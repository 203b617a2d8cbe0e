"""Diversity and distance of a batch: the energy distance of the library, and what the eye sees of images."""

import numpy as np
import pytest

from tinygan.gan.resemblance import FEWEST, MOST, from_afar, resemblance
from tinygan.metrics import energy_distance


@pytest.mark.parametrize("n", [FEWEST, 50, MOST])
def test_it_is_the_unbiased_energy_distance_in_units_of_the_reals(n, rng):
    fakes, reals = rng.standard_normal((n, 3)) + 100, 2 * rng.standard_normal((n, 3)) + 101
    pairs = [np.linalg.norm(x[:, None] - x[None], axis=-1).sum() / (n * (n - 1)) for x in (fakes, reals)]
    found = resemblance(fakes.astype(np.float32), reals.astype(np.float32))
    assert found["diversity"] == pytest.approx(pairs[0] / pairs[1], rel=1e-4)
    assert found["distance"] == pytest.approx(energy_distance(fakes, reals, unbiased=True) / pairs[1], abs=1e-4)
    assert found["distance"].dtype == np.float32


def test_fakes_like_the_reals_are_at_one_and_zero_on_average(rng):
    draws = [resemblance(*rng.standard_normal((2, 16, 2))) for _ in range(400)]
    assert np.mean([d["diversity"] for d in draws]) == pytest.approx(1, abs=0.05)
    assert np.mean([d["distance"] for d in draws]) == pytest.approx(0, abs=0.01)


def test_one_sample_again_and_again_has_no_diversity(rng):
    images = rng.uniform(-1, 1, (32, 8, 8, 3)).astype(np.float32)
    found = resemblance(np.repeat(images[:1], 32, axis=0), images)
    assert found["diversity"] < 1e-3 and found["distance"] > 0.5


def test_noise_in_single_pixels_does_not_hide_a_collapse(rng):
    reals = np.kron(rng.choice([-1.0, 1.0], (64, 7, 7)), np.ones((4, 4)))[..., None]
    fakes = np.repeat(reals[:1], 64, axis=0) + rng.normal(0, 0.8, reals.shape)
    assert np.std(fakes - fakes.mean(0)) > 0.75 * np.std(reals)
    assert resemblance(fakes, reals)["diversity"] < 0.25


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3), (48, 64, 3), (4, 4, 1), (3, 5, 2)])
def test_images_are_seen_from_afar(shape, rng):
    images = rng.uniform(-1, 1, (9, *shape))
    height, width = (max(1, side // 7) for side in shape[:2])
    cells = from_afar(images).reshape(9, shape[0] // height, shape[1] // width, shape[2])
    assert np.allclose(cells[:, 0, 0], images[:, :height, :width].mean(axis=(1, 2)))


@pytest.mark.parametrize("shape", [(5,), (16, 2), ()])
def test_other_samples_are_seen_as_they_are(shape, rng):
    samples = rng.standard_normal((9, *shape))
    assert np.array_equal(from_afar(samples), samples.reshape(9, -1))


def test_small_batches_say_nothing_and_equal_reals_divide_by_nothing():
    assert resemblance(np.zeros((FEWEST - 1, 2)), np.ones((64, 2))) == {}
    assert all(np.isfinite(value) for value in resemblance(np.ones((16, 2)), np.zeros((16, 2))).values())
