"""Points are judged by the mixture: what is missing is seen, and a perfect sampler gets what it should."""

import math

import numpy as np
import pytest

from tinygan import data
from tinygan.evaluation import PointJudge, judge


@pytest.fixture(scope="module")
def ring():
    return judge("ring", data.ring())


@pytest.fixture(scope="module")
def rows(ring):
    """What others would get; the oracle's ten draws take a second."""
    return ring.reference_rows()


def test_the_oracle_gets_what_the_mixture_says(ring, rows):
    assert list(rows) == ["oracle", "EM mixture"]
    for row in rows.values():
        assert list(row) == [m.key for m in ring.metrics]
        assert row["modes"] == 8 and row["high_quality"] == pytest.approx(0.9889, abs=0.004)
        assert row["reverse_kl"] < 0.01 and row["jensen_shannon"] < 0.02
        assert 0 < row["energy"] < 0.01


def test_the_oracle_is_the_mean_of_ten_draws(ring, rows):
    """One draw of 2,500 points is a matter of luck: their energy distance differs by a factor of twenty."""
    found, n = rows["oracle"], ring.n
    assert found["energy"] == pytest.approx(
        np.mean([ring.report(ring._true_points(2 + i))["energy"] for i in range(10)])
    )
    # E of the distance, in closed form: E|X - X'| (1/n + 1/n), and the pairs of different modes make up nearly all.
    chords = np.linalg.norm(ring.mixture.means[:, None] - ring.mixture.means, axis=2).mean()
    assert 0.5 < found["energy"] / (2 * chords / n) < 2
    assert "the mean of draws: 10" in ring.captions()[1]
    assert "the mean of draws: 1;" in judge("ring", data.ring(), 20_000).captions()[1]


def test_a_missing_mode_is_seen_in_every_number(ring, rows):
    seven = data.ring()
    whole = rows["oracle"]
    points = data.Mixture("seven", seven.means[:7], seven.sigma).sample(ring.n, np.random.default_rng(1))
    row = ring.report(points)
    assert row["modes"] == 7 and row["high_quality"] == pytest.approx(0.9889, abs=0.006)
    assert row["reverse_kl"] == pytest.approx(math.log(8 / 7), abs=0.01)
    assert row["energy"] > 5 * whole["energy"] and row["jensen_shannon"] > 5 * whole["jensen_shannon"]


def test_the_three_sets_of_true_points_are_different(ring):
    """Or the oracle would be at distance 0, and the fitted mixture would know what it is measured by."""
    assert (ring.reference != ring.training).any()
    assert len({points.tobytes() for points in (ring.reference, ring.training, ring._true_points(2))}) == 3


def test_only_what_is_asked_for_is_reported(ring):
    points = data.ring().sample(300, np.random.default_rng(0))
    whole = ring.report(points)
    assert ring.report(points, keys=("jensen_shannon", "modes")) == {k: whole[k] for k in ("modes", "jensen_shannon")}
    assert list(ring.report(points, keys=["energy"])) == ["energy"]


def test_points_that_are_no_numbers_are_of_no_mode(ring):
    points = data.ring().sample(1000, np.random.default_rng(0))
    points[:500] = np.nan
    points[500, 0] = np.inf
    row = ring.report(points)
    assert row["modes"] == 8 and row["high_quality"] < 0.5 and math.isnan(row["energy"])
    assert row["jensen_shannon"] > 0.2
    row = ring.report(np.full((1000, 2), np.nan, np.float32))
    assert row["modes"] == 0 and row["reverse_kl"] == math.inf


def test_the_real_side_is_always_the_same():
    one, other = PointJudge(data.grid(), 500), PointJudge(data.grid(), 500)
    assert one.reference_rows() == other.reference_rows()


@pytest.mark.parametrize("n", [0, -3, 99, 20_001])
def test_a_number_of_points_out_of_range_is_refused(n):
    with pytest.raises(data.DataError, match=f"from 100 to 20000 points .* not {n}"):
        judge("ring", data.ring(), n)
