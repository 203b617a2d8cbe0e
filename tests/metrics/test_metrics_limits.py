"""What lies on a limit of a metric, or one step beyond it: counted or not, taken or refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygan import metrics
from tinygan.metrics import class_scores, divergence, points

ORIGIN = np.zeros((1, 2))


def rng():
    return np.random.default_rng(0)


def up(value):
    return math.nextafter(value, math.inf)


def at(*x):
    """Points on a line."""
    return np.array([[float(v), 0.0] for v in x])


half = np.full((4, 2), 0.5)
line = at(0, 1, 2, 3)
TAKEN = {
    "splits": lambda n: metrics.classifier_score(half, n),
    "label": lambda n: metrics.label_accuracy(half, np.array([0, 0, 0, n - 3])),
    "label of a class": lambda n: metrics.class_coverage(np.array([0, n - 1]), 4),
    "components": lambda n: metrics.fit_mixture(at(0, 1, 2, 3, 3, 3, 3, 4), n, rng(), starts=1),
    "subsets": lambda n: metrics.kernel_distance(at(*range(8)), at(*range(9)), n, 2, rng=rng()),
    "size of a subset": lambda n: metrics.kernel_distance(at(*range(8)), at(*range(9)), 2, n, rng=rng()),
    "nearest of precision": lambda n: metrics.precision_recall(at(*range(5)), at(*range(6)), n),
    "nearest of density": lambda n: metrics.density_coverage(at(*range(5)), at(*range(6)), n),
    "neighbours": lambda n: metrics.nearest_neighbours(line, line, n),
}


@pytest.mark.parametrize("name", TAKEN)
def test_four_are_taken_and_five_are_not(name):
    TAKEN[name](4)
    with pytest.raises(ValueError, match=r"."):
        TAKEN[name](5)


SMALLEST = {
    "splits": (1, lambda n: metrics.classifier_score(half, n)),
    "label": (0, lambda n: metrics.label_accuracy(half, np.array([0, 0, 0, n]))),
    "label of a class": (0, lambda n: metrics.class_coverage(np.array([0, n]), 4)),
    "least of a class": (1, lambda n: metrics.class_coverage(np.array([0]), 4, least=n)),
    "components": (1, lambda n: metrics.fit_mixture(line, n, rng(), starts=1)),
    "starts": (1, lambda n: metrics.fit_mixture(line, 1, rng(), starts=n)),
    "subsets": (1, lambda n: metrics.kernel_distance(line, line, n, 2, rng=rng())),
    "size of a subset": (2, lambda n: metrics.kernel_distance(line, line, 1, n, rng=rng())),
    "nearest of precision": (1, lambda n: metrics.precision_recall(line, line, n)),
    "nearest of density": (1, lambda n: metrics.density_coverage(line, line, n)),
    "neighbours": (1, lambda n: metrics.nearest_neighbours(line, line, n)),
    "bins": (1, lambda n: metrics.jensen_shannon(ORIGIN, ORIGIN, 1.0, bins=n)),
    "samples of the oracle": (1, lambda n: metrics.oracle(ORIGIN, 1.0, n, rng())),
}


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_number_is_taken_and_none_below(name):
    least, use = SMALLEST[name]
    use(least)
    with pytest.raises(ValueError, match=r"."):
        use(least - 1)


def test_so_many_cells_are_taken_and_none_more(monkeypatch):
    monkeypatch.setattr(divergence, "MOST_CELLS", 16)
    assert metrics.jensen_shannon(ORIGIN, ORIGIN, 1.0, bins=4) >= 0
    with pytest.raises(ValueError, match="5 bins along each of 2 axes: give at least 1, and at most 16 in all"):
        metrics.jensen_shannon(ORIGIN, ORIGIN, 1.0, bins=5)


def test_a_sample_at_three_sigma_is_of_high_quality():
    for distance, counted in ((3.0, 1), (up(3.0), 0)):
        assert metrics.count_modes(at(distance), ORIGIN, 1.0).counts.tolist() == [counted]


def test_a_class_is_covered_by_the_least_number_exactly():
    labels = np.array([0, 0, 0, 1, 1, 2])
    assert [metrics.class_coverage(labels, 4, least=n).covered for n in (1, 2, 3, 4)] == [3, 2, 1, 0]


def test_a_point_on_a_ball_is_inside():
    """The real points lie at 0 and 1: their balls, of the nearest neighbour, reach to -1 and 2."""
    real = at(0, 1)
    for edge, inside in ((2.0, 1.0), (2 + 1e-7, 0.5), (-1.0, 1.0), (-1 - 1e-7, 0.5)):
        assert metrics.precision_recall(real, at(edge, 0.5), 1).precision == inside
    assert metrics.density_coverage(real, at(2.0, 2.0), 1).coverage == 0.5
    assert metrics.density_coverage(real, at(2 + 1e-7, 2 + 1e-7), 1).coverage == 0.0


def test_a_cell_has_its_lower_edge_and_not_its_upper_one():
    low, high = np.array([0.0, 0.0]), np.array([2.0, 2.0])
    samples = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1.0], [1.0, 2.0], [np.nextafter(2.0, 0), 1.0], [-1e-300, 1.0]])
    shares = divergence.cell_shares(samples, low, high, 2)
    assert (6 * shares).ravel().tolist()[:4] == [1, 0, 1, 1]
    assert (6 * np.append(shares.ravel()[:4], 1 - shares.ravel()[:4].sum()))[-1] == pytest.approx(3)


def test_the_largest_number_is_still_one():
    for edge in (points.LARGEST, -points.LARGEST):
        assert points.as_points(at(edge), "it").shape == (1, 2)
        with pytest.raises(ValueError, match="at most 1e"):
            points.as_points(at(edge * (1 + 1e-15)), "it")
    assert len(points.as_points(at(1, 2), "it", least=2)) == 2
    with pytest.raises(ValueError, match="at least 3 points are needed, there are 2"):
        points.as_points(at(1, 2), "it", least=3)


def test_a_row_of_probabilities_may_be_rounded():
    tolerance = class_scores.SUM_TOLERANCE
    for sum_, taken in ((1 + 0.9 * tolerance, True), (1 - 0.9 * tolerance, True), (1 + 1.1 * tolerance, False)):
        rows = np.array([[sum_, 0.0], [0.5, 0.5]])
        if taken:
            metrics.classifier_score(rows)
        else:
            with pytest.raises(ValueError, match="1"):
                metrics.classifier_score(rows)
    for wrong in ([[-1e-9, 1.0], [0.5, 0.5]], [[1 - 1.1 * tolerance, 0.0], [0.5, 0.5]], [[0.5, 0.5], [2.0, -1.0]]):
        with pytest.raises(ValueError, match="1"):
            metrics.classifier_score(np.array(wrong))


def test_copies_are_counted_up_to_the_limit():
    """Of 20 real distances, 0.05 is the share of the first: at it a sample is copied, beyond it not."""
    real = np.arange(1.0, 21.0)
    for distance, copied in ((1.0, 1.0), (up(1.0), 0.0), (0.0, 1.0)):
        assert metrics.data_copying(np.array([distance]), real).copied == copied
    assert metrics.data_copying(np.array([2.0]), real, 0.1).copied == 1.0
    assert metrics.data_copying(np.array([0.0]), np.array([0.0])).copied == 1.0
    with pytest.raises(ValueError, match="not negative"):
        metrics.data_copying(np.array([-1e-300]), real)


def test_one_subset_has_no_error_and_two_have():
    assert math.isnan(metrics.kernel_distance(line, line + 1, 1, 2, rng=rng()).standard_error)
    assert metrics.kernel_distance(line, line + 1, 2, 2, rng=rng()).standard_error >= 0
