"""The Jensen-Shannon divergence: hand-made histograms, the border of the extent, and its bias."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import divergence, jensen_shannon, oracle

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
LINE = np.arange(8)[:, None] + 0.5  # one mode in each of the cells [0, 1), ..., [7, 8)
EIGHT = (np.array([0.0]), np.array([8.0]))
SIGMA = 0.02


def on_the_line(samples):
    return jensen_shannon(np.asarray(samples, dtype=float)[:, None], LINE, SIGMA, bins=8, extent=EIGHT)


def by_hand(p, q):
    terms = [(x, (x + y) / 2) for x, y in zip(p, q, strict=True)] + [
        (y, (x + y) / 2) for x, y in zip(p, q, strict=True)
    ]
    return sum(x * math.log(x / middle) for x, middle in terms if x > 0) / 2


def test_a_sample_in_each_mode():
    assert on_the_line(LINE[:, 0]) == pytest.approx(0.0, abs=1e-12)


def test_one_mode_missing():
    assert on_the_line(LINE[:7, 0]) == pytest.approx(by_hand([1 / 8] * 8, [1 / 7] * 7 + [0]), abs=1e-12)


def test_one_sample_repeated():
    assert on_the_line([3.5] * 20) == pytest.approx(by_hand([1 / 8] * 8, [0] * 7 + [1]), abs=1e-12)


def test_what_is_outside_counts_once_and_not_by_how_far():
    expected = by_hand([1 / 8] * 8 + [0], [1 / 16] * 8 + [1 / 2])
    for stray in (-0.001, 8.0, 1e300, np.inf, -np.inf, np.nan):
        assert on_the_line([*LINE[:, 0], *[stray] * 8]) == pytest.approx(expected, abs=1e-12)


def test_all_outside_is_the_most_there_is():
    assert on_the_line([-5.0, np.nan]) == pytest.approx(math.log(2))
    assert jensen_shannon(np.full((9, 2), 50.0), RING, SIGMA) == pytest.approx(math.log(2), abs=1e-5)


def test_the_extent_is_half_open():
    assert on_the_line([*LINE[:7, 0], 7.0]) == pytest.approx(0.0, abs=1e-12)
    low_edge = jensen_shannon(np.array([[0.0]]), np.array([[0.5]]), SIGMA, bins=1, extent=([0.0], [1.0]))
    high_edge = jensen_shannon(np.array([[1.0]]), np.array([[0.5]]), SIGMA, bins=1, extent=([0.0], [1.0]))
    assert (low_edge, high_edge) == (pytest.approx(0.0, abs=1e-12), pytest.approx(math.log(2)))
    just_below = np.nextafter(np.array([[2.0]]), 0)  # 3.0 above the lowest corner, after rounding
    assert jensen_shannon(just_below, just_below, SIGMA, bins=7, extent=([-1.0], [2.0])) < math.log(2) / 2


def test_the_probabilities_of_cells():
    p = divergence.cell_probabilities(np.array([[0.0, 1.0]]), 2.0, np.array([-2.0, 1.0]), np.array([2.0, 3.0]), 2)
    one_sigma = math.erf(1 / math.sqrt(2)) / 2
    half_sigma = math.erf(0.5 / math.sqrt(2)) / 2
    upper = [one_sigma * half_sigma, one_sigma * (one_sigma - half_sigma)]
    assert p == pytest.approx([*upper, *upper, 1 - 2 * sum(upper)])


def test_axes_are_not_swapped():
    means = np.array([[1.0, 3.0]])
    extent = (np.array([0.0, 0.0]), np.array([4.0, 4.0]))
    inside = jensen_shannon(means + 0.5, means + 0.5, SIGMA, bins=4, extent=extent)
    swapped = jensen_shannon(means[:, ::-1] + 0.5, means + 0.5, SIGMA, bins=4, extent=extent)
    assert (inside, swapped) == (pytest.approx(0.0, abs=1e-12), pytest.approx(math.log(2)))


def test_the_bias_of_true_points_is_as_stated():
    rng = np.random.default_rng(0)
    means = np.array([[0.5, 0.5]])
    extent = (np.zeros(2), np.ones(2))
    # A Gaussian wider than the grid reaches all of the 16 cells and the one outside.
    found = [jensen_shannon(oracle(means, 0.5, 4000, rng), means, 0.5, bins=4, extent=extent) for _ in range(100)]
    assert np.mean(found) == pytest.approx(16 / (8 * 4000), rel=0.15)  # 17 cells, one of them free: 16


def test_default_extent_reaches_five_sigma_and_ignores_the_samples():
    near = jensen_shannon(RING, RING, SIGMA)
    assert jensen_shannon(np.concatenate([RING, RING + 40]), RING, SIGMA) > near
    corner = RING.max(axis=0) + 5 * SIGMA
    p = divergence.cell_probabilities(RING, SIGMA, -corner, corner, 10)
    assert 0 <= p[-1] < 1e-6
    assert p.sum() == pytest.approx(1.0)


@given(seed=st.integers(0, 99), n=st.integers(1, 50), bins=st.integers(1, 9))
def test_it_lies_between_0_and_ln_2(seed, n, bins):
    samples = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32) * 2
    assert 0.0 <= jensen_shannon(samples, RING, 0.3, bins=bins) <= math.log(2)


@given(shares=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6))
def test_it_is_symmetric_and_agrees_with_a_loop(shares):
    p, q = np.array(shares, dtype=float).T + np.array([[1.0], [0.0]])
    q[0] += 1
    p, q = p / p.sum(), q / q.sum()
    assert divergence.divergence(p, q) == pytest.approx(divergence.divergence(q, p), abs=1e-15)
    assert divergence.divergence(p, q) == pytest.approx(by_hand(p, q), abs=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "at least 1"),
        ({"bins": 3000}, "at most"),
        ({"extent": ([0.0], [1.0])}, r"shape \(2,\)"),
        ({"extent": ([0.0, 1.0], [1.0, 1.0])}, "not empty"),
        ({"extent": ([0.0, 0.0], [1.0, np.inf])}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        jensen_shannon(RING, RING, SIGMA, **options)


def test_shapes_and_sigma_are_checked_as_for_counting():
    with pytest.raises(ValueError, match=r"\(4, 3\) and \(8, 2\)"):
        jensen_shannon(np.zeros((4, 3)), RING, SIGMA)
    with pytest.raises(ValueError, match="sigma"):
        jensen_shannon(RING, RING, 0.0)
