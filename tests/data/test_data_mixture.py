import numpy as np
import pytest

from tinygan.data import DataError, Mixture, grid, ring


def test_ring_has_eight_distinct_means_at_equal_angles():
    means = ring().means
    assert len(np.unique(means.round(6), axis=0)) == 8
    s = np.sqrt(0.5)
    expected = [(1, 0), (s, s), (0, 1), (-s, s), (-1, 0), (-s, -s), (0, -1), (s, -s)]
    np.testing.assert_allclose(means, expected, atol=1e-15)


def test_ring_takes_radius_and_number_of_modes():
    mixture = ring(modes=3, radius=2.0)
    np.testing.assert_allclose(np.hypot(*mixture.means.T), 2.0)
    gaps = np.linalg.norm(mixture.means - np.roll(mixture.means, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 2.0 * np.sqrt(3.0))


def test_grid_has_25_means_from_minus_4_to_4():
    mixture = grid()
    expected = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(mean) for mean in mixture.means} == expected
    assert len(mixture.means) == 25
    assert mixture.sigma == 0.05


def test_samples_have_the_moments_of_the_definition():
    mixture = ring(modes=4, sigma=0.1)
    samples = mixture.sample(40_000, np.random.default_rng(0))
    assert samples.shape == (40_000, 2)
    assert samples.dtype == np.float32
    distances = np.linalg.norm(samples[:, None] - mixture.means, axis=2)
    mode = distances.argmin(axis=1)
    np.testing.assert_allclose(np.bincount(mode) / 40_000, 0.25, atol=0.01)
    deviations = samples - mixture.means[mode]
    np.testing.assert_allclose(deviations.std(axis=0), 0.1, atol=0.002)
    np.testing.assert_allclose(deviations.mean(axis=0), 0.0, atol=0.002)


def test_samples_follow_the_seed():
    first = grid().sample(100, np.random.default_rng(3))
    assert np.array_equal(first, grid().sample(100, np.random.default_rng(3)))
    assert not np.array_equal(first, grid().sample(100, np.random.default_rng(4)))


def test_one_line_tells_the_whole_definition():
    assert ring().describe() == (
        "ring: 8 Gaussians of equal weight at radius 1 and angles 2 pi i / 8, i = 0..7, standard deviation 0.01"
    )
    assert grid().describe() == (
        "grid: 25 Gaussians of equal weight on a 5 x 5 grid from -4 to 4 (spacing 2), standard deviation 0.05"
    )
    assert "\n" not in Mixture("mine", np.zeros((1, 2)), 1.0).describe()


def test_interface_shared_with_images():
    assert ring().sample_shape == (2,)
    assert ring().labels is None and ring().notes == ()
    reach = 1.25 + 5 * 0.01
    assert ring().extent() == pytest.approx((-reach, reach, -reach, reach))
    prints = {mixture.fingerprint for mixture in (ring(), ring(), ring(sigma=0.02), ring(modes=7), grid())}
    assert len(prints) == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: ring(modes=0),
        lambda: ring(modes=2.5),
        lambda: ring(sigma=0.0),
        lambda: ring(radius=float("nan")),
        lambda: grid(side=-1),
        lambda: grid(sigma=-0.1),
        lambda: Mixture("mine", np.zeros((3, 3)), 1.0),
        lambda: Mixture("mine", np.zeros((0, 2)), 1.0),
    ],
)
def test_impossible_mixtures_are_refused(make):
    with pytest.raises(DataError):
        make()
