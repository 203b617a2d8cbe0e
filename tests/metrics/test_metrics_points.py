"""What every metric of two sets of points refuses, and the distances they share."""

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan import metrics
from tinygan.metrics import distances
from tinygan.metrics.points import as_points

OF_TWO_SETS = {
    "energy_distance": metrics.energy_distance,
    "frechet_of_features": metrics.frechet_of_features,
    "kernel_distance": lambda a, b: metrics.kernel_distance(a, b, 1, rng=np.random.default_rng(0)),
    "precision_recall": metrics.precision_recall,
    "nearest_neighbours": metrics.nearest_neighbours,
}
GOOD = np.arange(12.0).reshape(6, 2) ** 2
FLAWS = {"nan": np.nan, "infinity": np.inf, "minus infinity": -np.inf, "huge": -1e60}


@pytest.mark.parametrize("metric", OF_TWO_SETS.values(), ids=OF_TWO_SETS.keys())
def test_two_good_sets_are_measured_in_any_precision_and_left_as_they_are(metric):
    for kind in (np.float64, np.float32, np.float16, np.int64, np.uint8):
        a, b = GOOD.astype(kind), (GOOD[::-1] + 1).astype(kind)
        before = a.copy(), b.copy()
        found = np.asarray(metric(a, b), dtype=np.float64)
        assert found == pytest.approx(np.asarray(metric(GOOD, GOOD[::-1] + 1)), nan_ok=True)
        assert np.array_equal(a, before[0]) and np.array_equal(b, before[1])


@pytest.mark.parametrize("metric", OF_TWO_SETS.values(), ids=OF_TWO_SETS.keys())
@pytest.mark.parametrize("value", FLAWS.values(), ids=FLAWS.keys())
def test_a_number_that_is_not_finite_or_too_large_is_refused(metric, value):
    flawed = GOOD.copy()
    flawed[3, 1] = value
    for pair in ((GOOD, flawed), (flawed, GOOD)):
        with pytest.raises(ValueError, match="must be finite numbers"):
            metric(*pair)


def test_an_infinity_of_float32_and_float16_is_refused():
    for kind in (np.float32, np.float16):
        with pytest.raises(ValueError, match="finite"):
            as_points(np.array([[np.inf]], dtype=kind), "points")
        assert as_points(np.array([[np.finfo(kind).max]], dtype=kind), "points").dtype == kind


@pytest.mark.parametrize("metric", OF_TWO_SETS.values(), ids=OF_TWO_SETS.keys())
def test_shapes_that_do_not_fit_are_refused_with_both(metric):
    with pytest.raises(ValueError, match=r"same length, not \(6, 2\) and \(6, 1\)"):
        metric(GOOD, GOOD[:, :1])
    for wrong in (GOOD[:, 0], GOOD[:, :0], GOOD[None]):
        with pytest.raises(ValueError, match=r"must have shape \(n, d\)"):
            metric(GOOD, wrong)
    with pytest.raises(ValueError, match="there are 0"):
        metric(GOOD[:0], GOOD)
    with pytest.raises(ValueError, match="real numbers"):
        metric(GOOD, GOOD.astype(complex))


@given(seed=st.integers(0, 99), d=st.integers(1, 20), far=st.sampled_from([0.0, 1e6]))
def test_the_matrix_product_gives_the_distances(seed, d, far):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(5, d)) + far, rng.normal(size=(7, d)) + far
    squared, rounding = distances.squared_distances(a, b)
    exact = ((a[:, None] - b) ** 2).sum(axis=2)
    assert squared.shape == (5, 7) and rounding.shape == (5,)
    assert rounding.max() < 1e-11  # far from the origin too
    assert (np.abs(squared - exact) <= rounding[:, None] + 1e-15 * exact).all()
    assert (distances.squared_distances(a, np.concatenate([b, a]))[0][:, 7:].diagonal() == 0).all()


def test_tiles_cover_each_pair_once():
    n, m = distances.BLOCK + 3, 2 * distances.BLOCK
    covered = np.zeros((n, m), dtype=int)
    for part in distances.tiles(n, m):
        covered[part] += 1
        assert covered[part].shape[0] <= distances.BLOCK >= covered[part].shape[1]
    assert (covered == 1).all()


def test_every_public_name_is_there_and_documented():
    for name in metrics.__all__:
        assert getattr(metrics, name).__doc__, name
