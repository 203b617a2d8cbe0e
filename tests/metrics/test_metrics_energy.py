"""The energy distance: closed forms, and an independent formula on the line."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import distances, energy_distance


def test_two_single_points():
    assert energy_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])) == pytest.approx(10.0)


def test_hand_computed():
    a, b = np.array([[0.0], [1.0]]), np.array([[0.0], [3.0]])
    # Between: (0 + 3 + 1 + 2) / 4. Within, all pairs: 2 / 4 and 6 / 4; different points only: 1 and 3.
    assert energy_distance(a, b) == pytest.approx(2 * 6 / 4 - 2 / 4 - 6 / 4)
    assert energy_distance(a, b, unbiased=True) == pytest.approx(2 * 6 / 4 - 1 - 3)


@given(seed=st.integers(0, 99), n=st.integers(1, 12), m=st.integers(1, 12))
def test_on_the_line_it_is_twice_the_squared_area_between_the_distribution_functions(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), 2 * rng.normal(size=m) + 1
    edges = np.sort(np.concatenate([a, b]))
    gap = (a[:, None] <= edges[:-1]).mean(axis=0) - (b[:, None] <= edges[:-1]).mean(axis=0)
    # Distances are roots of rounded squares: two points 1e-4 apart are so to 1e-12 only.
    assert energy_distance(a[:, None], b[:, None]) == pytest.approx(2 * (gap**2 * np.diff(edges)).sum(), abs=1e-10)


def test_two_shifted_gaussians():
    rng = np.random.default_rng(0)
    shift = 1.5
    found = [
        energy_distance(rng.normal(size=(300, 1)), rng.normal(size=(200, 1)) + shift, unbiased=True) for _ in range(60)
    ]
    # X - Y is normal with the mean 1.5 and the variance 2; the mean of its absolute value is that of a folded normal.
    between = 2 / math.sqrt(math.pi) * math.exp(-(shift**2) / 4) + shift * math.erf(shift / 2)
    expected = 2 * between - 4 / math.sqrt(math.pi)
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / math.sqrt(60)


def test_one_estimator_is_unbiased_and_the_other_has_the_bias_it_says():
    rng = np.random.default_rng(1)
    draws = [(rng.normal(size=(5, 2)), rng.normal(size=(8, 2))) for _ in range(600)]
    unbiased = [energy_distance(a, b, unbiased=True) for a, b in draws]
    assert abs(np.mean(unbiased)) < 4 * np.std(unbiased) / math.sqrt(len(draws))
    assert min(unbiased) < 0
    plain = [energy_distance(a, b) for a, b in draws]
    bias = math.sqrt(math.pi) * (1 / 5 + 1 / 8)  # E|X - X'| of the standard normal in the plane is sqrt(pi)
    assert abs(np.mean(plain) - bias) < 4 * np.std(plain) / math.sqrt(len(draws))


@given(seed=st.integers(0, 99), scale=st.floats(1e-3, 1e3))
def test_invariances(seed, scale):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(7, 2)), rng.normal(size=(5, 2)) + 0.5
    value = energy_distance(a, b)
    assert energy_distance(b, a) == pytest.approx(value, abs=1e-12)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert energy_distance(scale * a @ turn + 5, scale * b @ turn + 5) == pytest.approx(scale * value, abs=1e-9 * scale)
    assert energy_distance(a, a) == 0.0
    assert energy_distance(a, a[::-1]) == pytest.approx(0.0, abs=1e-14)


def test_a_generator_that_repeats_one_sample_is_far_from_the_data():
    rng = np.random.default_rng(2)
    data = rng.normal(size=(400, 2))
    fresh, repeated = rng.normal(size=(400, 2)), np.tile(data[:1], (400, 1))
    assert energy_distance(fresh, data) < 0.02 < 0.3 < energy_distance(repeated, data)


def test_blocks_do_not_change_it(monkeypatch):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(23, 3)), rng.normal(size=(17, 3))
    whole = energy_distance(a, b, unbiased=True)
    monkeypatch.setattr(distances, "BLOCK", 7)
    assert energy_distance(a, b, unbiased=True) == pytest.approx(whole)


def test_float32_is_summed_in_float64():
    a = np.random.default_rng(4).normal(size=(500, 2)).astype(np.float32) + np.float32(100)
    b = a[::-1] + np.float32(0.25)
    assert energy_distance(a, b) == pytest.approx(
        energy_distance(a.astype(np.float64), b.astype(np.float64)), rel=1e-12
    )


def test_one_point_has_no_pair():
    with pytest.raises(ValueError, match="at least 2 points"):
        energy_distance(np.zeros((1, 2)), np.zeros((3, 2)), unbiased=True)
