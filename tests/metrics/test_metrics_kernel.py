"""The kernel distance: a double loop, its unbiasedness, and a closed form from moments."""

import math

import numpy as np
import pytest

from tinygan.metrics import distances, kernel, kernel_distance


def by_loops(a, b):
    def k(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(x):
        pairs = [(i, j) for i in range(len(x)) for j in range(len(x)) if i != j]
        return sum(k(x[i], x[j]) for i, j in pairs) / len(pairs)

    return within(a) + within(b) - 2 * sum(k(x, y) for x in a for y in b) / (len(a) * len(b))


def test_the_estimator_is_that_of_a_double_loop():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(9, 3)) + 1
    assert kernel.squared_discrepancy(a, b) == pytest.approx(by_loops(a, b))


def test_one_subset_of_all_rows():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(8, 2)), rng.normal(size=(8, 2))
    found = kernel_distance(a, b, 1, rng=rng)
    assert found.mean == pytest.approx(by_loops(a, b))
    assert math.isnan(found.standard_error)


def test_it_is_unbiased_for_few_samples():
    rng = np.random.default_rng(2)
    found = [kernel_distance(rng.normal(size=(6, 2)), rng.normal(size=(8, 2)), 1, rng=rng).mean for _ in range(1500)]
    assert abs(np.mean(found)) < 4 * np.std(found) / math.sqrt(len(found))
    assert min(found) < 0
    # With a row paired with itself, it would be off by far more than that.
    a, b = rng.normal(size=(6, 2)), rng.normal(size=(8, 2))
    assert np.std(found) / math.sqrt(len(found)) < 0.1 * (kernel.self_sum(a) / 36 + kernel.self_sum(b) / 64)


def test_two_shifted_gaussians_in_closed_form():
    # (x y + 1)^3 = 1 + 3 xy + 3 (xy)^2 + (xy)^3, so the distance is sum_j binomial(3, j) (E x^j - E y^j)^2. The
    # moments are 0, 1, 0 and, around 1, 1, 2, 4.
    expected = 3 * 1 + 3 * 1 + 1 * 16
    rng = np.random.default_rng(3)
    found = [
        kernel_distance(rng.normal(size=(80, 1)), rng.normal(size=(80, 1)) + 1, 2, rng=rng).mean for _ in range(400)
    ]
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / math.sqrt(len(found))


def test_the_standard_error_is_that_of_the_mean():
    rng = np.random.default_rng(4)
    found = [
        kernel_distance(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 0.5, 20, rng=rng) for _ in range(150)
    ]
    spread = np.std([one.mean for one in found])
    assert math.sqrt(np.mean([one.standard_error**2 for one in found])) == pytest.approx(spread, rel=0.2)


def test_the_standard_error_of_large_features_is_finite():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40, 3))
    small, large = (kernel_distance(s * a, s * b, rng=np.random.default_rng(1)) for s in (1e3, 1e30))
    assert large.standard_error / large.mean == pytest.approx(small.standard_error / small.mean, rel=1e-3)


def test_the_standard_error_by_hand(monkeypatch):
    values = iter([1.0, 2.0, 6.0])
    monkeypatch.setattr(kernel, "squared_discrepancy", lambda a, b: next(values))
    found = kernel_distance(np.ones((9, 1)), np.ones((9, 1)), 3, rng=np.random.default_rng(0))
    assert found == (3.0, pytest.approx(math.sqrt((4 + 1 + 9) / 2 / 3)))


def test_the_subsets_are_disjoint_and_use_all_rows(monkeypatch):
    seen = []
    monkeypatch.setattr(kernel, "squared_discrepancy", lambda a, b: seen.append((a, b)) or 0.0)
    rows = np.arange(30.0)[:, None]
    kernel_distance(rows, rows + 100, 4, rng=np.random.default_rng(0))
    assert [(len(a), len(b)) for a, b in seen] == [(7, 7)] * 4
    drawn = np.concatenate([a for a, _ in seen])
    assert len(np.unique(drawn)) == 28
    assert not np.array_equal(drawn, np.sort(drawn, axis=0))
    drawn = np.concatenate([b for _, b in seen])
    assert len(np.unique(drawn)) == 28 and drawn.min() >= 100
    assert not np.array_equal(drawn, np.sort(drawn, axis=0))


def test_the_same_generator_state_gives_the_same_numbers():
    a, b = np.random.default_rng(5).normal(size=(2, 60, 3))
    first, second = (kernel_distance(a, b, 3, 10, rng=np.random.default_rng(9)) for _ in range(2))
    assert first == second
    assert first != kernel_distance(a, b, 3, 10, rng=np.random.default_rng(10))


def test_the_order_of_the_sets_does_not_matter_to_a_subset():
    a, b = np.random.default_rng(6).normal(size=(2, 12, 3))
    assert kernel.squared_discrepancy(a, b) == pytest.approx(kernel.squared_discrepancy(b, a))


def test_blocks_and_float32_do_not_change_it(monkeypatch):
    a, b = np.random.default_rng(7).normal(size=(2, 41, 3)).astype(np.float32) + np.float32(5)
    whole = kernel.squared_discrepancy(a.astype(np.float64), b.astype(np.float64))
    monkeypatch.setattr(distances, "BLOCK", 7)
    assert kernel.squared_discrepancy(a, b) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "subsets", "size", "message"),
    [
        (10, 0, None, "at least 1"),
        (10, 6, None, "6 disjoint subsets of 1 rows cannot be drawn from 10 and 12"),
        (10, 3, 4, "3 disjoint subsets of 4"),
        (10, 1, 1, "at least 2 rows"),
        (1, 1, None, "at least 2 points"),
    ],
)
def test_subsets_that_do_not_fit_are_refused(n, subsets, size, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(np.ones((n, 2)), np.ones((12, 2)), subsets, size, rng=np.random.default_rng(0))
