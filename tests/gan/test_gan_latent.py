"""Noise and the ways between two vectors of it, against closed forms."""

import math

import numpy as np
import pytest

from tinygan.gan.latent import SWITCH, lerp, noise, slerp, truncated_normal

T = np.linspace(0, 1, 11)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def angle(a, b):
    return 2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))


# -- both ways -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [lerp, slerp])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_are_exact_and_the_type_is_kept(way, dtype, rng):
    a, b = rng.standard_normal((2, 5, 7)).astype(dtype)
    path = way(a, b, T)
    assert path.shape == (5, 11, 7) and path.dtype == dtype
    np.testing.assert_array_equal(path[:, 0], a)
    np.testing.assert_array_equal(path[:, -1], b)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_one_t_is_one_place_of_the_path(way, rng):
    a, b = rng.standard_normal((2, 3, 4))
    path = way(a, b, T)
    for i, t in enumerate(T):
        np.testing.assert_array_equal(way(a, b, t), path[:, i])
    np.testing.assert_allclose(way(a[0], b[0], 0.3), way(a, b, 0.3)[0], rtol=1e-14)
    assert way(a, b, []).shape == (3, 0, 4)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_backwards_is_the_same_path(way, rng):
    a, b = rng.standard_normal((2, 3, 4))
    np.testing.assert_allclose(way(b, a, T[::-1]), way(a, b, T), atol=1e-14)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_whole_numbers_become_floats_and_arguments_stay(way):
    a, b = np.array([2, 0]), np.array([0, 2])
    assert way(a, b, 0.5).dtype == np.float64
    np.testing.assert_array_equal(np.stack([a, b]), [[2, 0], [0, 2]])


@pytest.mark.parametrize("way", [lerp, slerp])
@pytest.mark.parametrize("t", [-0.01, 1.01, np.nan, np.inf, [0.5, 1.5], [0.0, np.nan], [[0.5]]])
def test_t_outside_is_refused(way, t):
    with pytest.raises(ValueError, match="t must be a number in"):
        way(np.ones(3), np.ones(3), t)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_ends_that_do_not_fit_are_refused(way):
    for a, b in ((np.ones(3), np.ones(4)), (np.ones((2, 3)), np.ones(3)), (np.float64(1), np.float64(2))):
        with pytest.raises(ValueError, match="one shape"):
            way(a, b, 0.5)
    with pytest.raises(ValueError, match="d > 0"):
        way(np.ones((2, 0)), np.ones((2, 0)), 0.5)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            way(np.ones(2), np.array([1, bad]), 0.5)


# -- linear ----------------------------------------------------------------------------------------------------


def test_linear_is_the_straight_line(rng):
    a, b = rng.standard_normal((2, 4))
    np.testing.assert_allclose(lerp(a, b, T), [(1 - t) * a + t * b for t in T], rtol=1e-15)


def test_linear_is_short_in_the_middle(rng):
    """Perpendicular vectors of one length: sqrt(1/2) of it. So it nearly is for noise of many numbers."""
    assert np.linalg.norm(lerp(np.array([3.0, 0]), np.array([0, 3.0]), 0.5)) == pytest.approx(3 / math.sqrt(2))
    a, b = rng.standard_normal((2, 50, 1000))
    ratio = np.linalg.norm(lerp(a, b, 0.5), axis=1) / math.sqrt(1000)
    np.testing.assert_allclose(ratio, math.sqrt(0.5), atol=0.08)
    np.testing.assert_allclose(np.linalg.norm(slerp(a, b, 0.5), axis=1) / math.sqrt(1000), 1, atol=0.08)


# -- spherical -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 100])
def test_spherical_is_shoemakes_formula(d, rng):
    a, b = 5 * unit(rng.standard_normal((2, d)))
    omega = math.acos(a @ b / 25)
    expected = [(math.sin((1 - t) * omega) * a + math.sin(t * omega) * b) / math.sin(omega) for t in T]
    np.testing.assert_allclose(slerp(a, b, T), expected, atol=1e-12)


def test_a_quarter_of_the_circle():
    path = slerp(np.array([2.0, 0]), np.array([0, 2.0]), T)
    np.testing.assert_allclose(path, 2 * np.stack([np.cos(T * np.pi / 2), np.sin(T * np.pi / 2)], axis=1), atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 100])
def test_spherical_keeps_the_length_and_the_angular_speed(d, rng):
    a, b = rng.standard_normal((2, 20, d))
    path = slerp(a, b, T)
    lengths = (1 - T) * np.linalg.norm(a, axis=1)[:, None] + T * np.linalg.norm(b, axis=1)[:, None]
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), lengths, rtol=1e-12)
    directions = unit(path)
    turns = angle(directions[:, :-1], directions[:, 1:])
    whole = angle(unit(a), unit(b))
    np.testing.assert_allclose(turns, np.broadcast_to(whole[:, None] / 10, turns.shape), rtol=1e-9)


def test_parallel_vectors_give_the_straight_line(rng):
    a = rng.standard_normal((4, 6))
    for b in (a, 3 * a, 1e-3 * a):
        np.testing.assert_allclose(slerp(a, b, T), lerp(a, b, T), rtol=1e-12, atol=1e-14)


def test_nearly_parallel_vectors_lose_no_digits(rng):
    a = unit(rng.standard_normal(6))
    for gap in (1e-5, 1e-9, 1e-13, 1e-16):
        b = a + gap * rng.standard_normal(6)
        path = slerp(a, b, T)
        np.testing.assert_allclose(path, lerp(a, b, T), atol=max(gap * gap, 1e-15))


@pytest.mark.parametrize("d", [2, 3, 64])
def test_opposite_vectors_take_a_half_circle(d, rng):
    a = rng.standard_normal((5, d))
    path = slerp(a, -a, np.linspace(0, 1, 5))
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), np.linalg.norm(a, axis=-1)[:, None] * np.ones(5))
    np.testing.assert_allclose((path[:, 2] * a).sum(axis=1), 0, atol=1e-12)  # perpendicular, halfway
    np.testing.assert_allclose(angle(unit(path[:, :-1]), unit(path[:, 1:])), np.pi / 4)
    np.testing.assert_array_equal(path, slerp(a, -a, np.linspace(0, 1, 5)))


def test_the_half_circle_is_the_documented_one():
    """Past the axis most nearly perpendicular, here the second; of equals the first."""
    np.testing.assert_allclose(slerp(np.array([1.0, 0, 0]), np.array([-3.0, 0, 0]), 0.5), [0, 2, 0], atol=1e-15)
    np.testing.assert_allclose(slerp(np.array([0, 0, 1.0]), np.array([0, 0, -1.0]), 0.5), [1, 0, 0], atol=1e-15)


def test_nearly_opposite_vectors_keep_the_length(rng):
    a = unit(rng.standard_normal(6))
    for gap in (1e-5, 1e-9, 1e-11, 1e-13, 1e-16):
        path = slerp(a, -a + gap * rng.standard_normal(6), T)
        lengths = np.linalg.norm(path, axis=1)
        np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], len(T)), rtol=1e-12)
        np.testing.assert_allclose(angle(unit(path[:-1]), unit(path[1:])), np.pi / 10, atol=2 * gap + 1e-12)


def test_in_one_dimension_the_path_leads_through_zero(rng):
    a = rng.standard_normal((100, 1))
    path = slerp(a, -2 * a, T)
    np.testing.assert_allclose(path, a[:, None] * ((1 + T) * np.cos(np.pi * T))[:, None], atol=1e-14)
    np.testing.assert_array_equal(slerp(a, 2 * a, 0.5), 1.5 * a)


def test_zero_takes_the_other_direction():
    zero, b = np.zeros(3), np.array([1.0, 2, 2])
    np.testing.assert_allclose(slerp(zero, b, T), T[:, None] * b, atol=1e-15)
    np.testing.assert_allclose(slerp(b, zero, T), (1 - T)[:, None] * b, atol=1e-15)
    np.testing.assert_array_equal(slerp(zero, zero, T), np.zeros((11, 3)))


def test_float32_near_its_ends(rng):
    for scale in (1e-38, 1e38):
        a, b = (scale * unit(rng.standard_normal((2, 5)))).astype(np.float32)
        np.testing.assert_allclose(np.linalg.norm(slerp(a, b, T).astype(np.float64), axis=1), scale, rtol=1e-6)


# -- noise -----------------------------------------------------------------------------------------------------


def share(threshold):
    """P(|z| <= threshold)."""
    return math.erf(threshold / math.sqrt(2))


def moments(threshold):
    """E z^2 and E z^4 under |z| <= T, by parts: with c = 2 T p(T) / P, they are 1 - c and 3 - c (3 + T^2)."""
    c = 2 * threshold * math.exp(-(threshold**2) / 2) / math.sqrt(2 * math.pi) / share(threshold)
    return 1 - c, 3 - c * (3 + threshold**2)


THRESHOLDS = [0.3, 1.0, np.nextafter(SWITCH, 0), SWITCH, 1.5, 2.0, 4.0]


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_moments_of_the_truncated_normal(threshold):
    z = truncated_normal(np.random.default_rng(3), (500, 400), threshold).astype(np.float64).ravel()
    second, fourth = moments(threshold)
    for power, expected in ((1, 0.0), (2, second), (3, 0.0), (4, fourth)):
        error = (z**power).std() / math.sqrt(z.size)
        assert abs((z**power).mean() - expected) < 4 * error, power


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_distribution_of_the_truncated_normal(threshold):
    """Kolmogorov's distance from the closed form stays below its 0.1 % quantile."""
    z = np.sort(truncated_normal(np.random.default_rng(4), (20_000,), threshold).astype(np.float64))
    cdf = np.array([0.5 + math.erf(x / math.sqrt(2)) / (2 * share(threshold)) for x in z])
    assert np.abs(cdf - (np.arange(z.size) + 0.5) / z.size).max() < 1.95 / math.sqrt(z.size)


@pytest.mark.parametrize("threshold", [5e-324, 1e-50, 1e-45, 1e-40, 1e-7, 0.1, 0.3, 1.7, 1e300])
def test_no_number_is_above_and_it_ends(threshold):
    """0.1 and 0.3 are rounded up in float32; the first three are below its smallest numbers."""
    z = truncated_normal(np.random.default_rng(0), (300, 7), threshold)
    assert z.shape == (300, 7) and z.dtype == np.float32
    assert (np.abs(z.astype(np.float64)) <= threshold).all()


@pytest.mark.parametrize("threshold", [1e-3, SWITCH, 3.0])
def test_few_numbers_are_wasted(threshold):
    """At least 78 % are kept: n numbers need no more than 1.35 n candidates (each of them one or two numbers)."""

    class Counting:
        rng, drawn = np.random.default_rng(0), 0

        def random(self, shape):
            self.drawn += shape[0]
            return self.rng.random(shape)

        def standard_normal(self, n, dtype):
            self.drawn += n
            return self.rng.standard_normal(n, dtype=dtype)

    rng = Counting()
    truncated_normal(rng, (10_000,), threshold)
    assert rng.drawn < 13_500


@pytest.mark.parametrize("threshold", [None, 0.5, 2.0])
def test_the_first_rows_do_not_depend_on_how_many_follow(threshold):
    long = noise(np.random.default_rng(1), (50, 3), threshold)
    for n in (1, 7, 49):
        np.testing.assert_array_equal(noise(np.random.default_rng(1), (n, 3), threshold), long[:n])


@pytest.mark.parametrize("threshold", [0.5, 2.0])
def test_the_size_of_a_chunk_changes_nothing(threshold, monkeypatch):
    whole = truncated_normal(np.random.default_rng(1), (50, 3), threshold)
    monkeypatch.setattr("tinygan.gan.latent.CHUNK", 7)
    np.testing.assert_array_equal(truncated_normal(np.random.default_rng(1), (50, 3), threshold), whole)


def test_what_no_number_exceeds_changes_nothing():
    whole = np.random.default_rng(1).standard_normal((50, 3), dtype=np.float32)
    np.testing.assert_array_equal(noise(np.random.default_rng(1), (50, 3)), whole)
    np.testing.assert_array_equal(noise(np.random.default_rng(1), (50, 3), 100.0), whole)
    assert truncated_normal(np.random.default_rng(1), (0, 3), 1.0).shape == (0, 3)


def test_redrawing_keeps_the_numbers_that_fit():
    """The rest of the stream moves up; so whatever is kept is in its old order."""
    whole = np.random.default_rng(1).standard_normal(100, dtype=np.float32)
    fitting = whole[np.abs(whole) <= 1.5]
    drawn = truncated_normal(np.random.default_rng(1), (100,), 1.5)
    np.testing.assert_array_equal(drawn[: len(fitting)], fitting)


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_threshold_that_cannot_be_is_refused(threshold):
    with pytest.raises(ValueError, match="above 0 and finite"):
        truncated_normal(np.random.default_rng(0), (3,), threshold)
