"""Precision and recall, density and coverage, on hand-made sets."""

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import density_coverage, distances, manifold, precision_recall

LINE = np.arange(10.0)[:, None]


def by_loops(real, fake, k):
    def inside(points, centres):
        radii = [sorted(np.linalg.norm(centres - c, axis=1))[k] for c in centres]
        return np.mean([any(np.linalg.norm(p - c) <= r for c, r in zip(centres, radii, strict=True)) for p in points])

    return inside(fake, real), inside(real, fake)


def test_identical_sets():
    assert precision_recall(LINE, LINE) == (1.0, 1.0)


def test_sets_far_apart():
    assert precision_recall(LINE, LINE + 100) == (0.0, 0.0)


def test_a_collapsed_fake_is_precise_and_recalls_next_to_nothing():
    assert precision_recall(LINE, np.full((20, 1), 4.5)) == (1.0, 0.0)
    assert precision_recall(LINE, np.full((20, 1), 4.0)) == (1.0, 0.1)  # only the one it repeats


def test_a_generator_that_repeats_one_sample_of_many_dimensions():
    # Copies are at distance 0 from each other although the matrix product rounds.
    real = np.random.default_rng(0).normal(size=(60, 17)) + 1000 / 3
    assert precision_recall(real, np.tile(real[7], (30, 1))) == (1.0, 1 / 60)


def test_a_wide_fake_recalls_everything_and_is_not_precise():
    fake = np.linspace(-200, 200, 41)[:, None]
    precision, recall = precision_recall(LINE, fake)
    assert recall == 1.0
    assert precision == pytest.approx(2 / 41)  # 0, and 10 in the ball of 9, which ends at 12


def test_half_of_the_data_missing():
    real = np.concatenate([LINE, LINE + 1000])
    assert precision_recall(real, LINE + 0.25) == (1.0, 0.5)
    assert precision_recall(LINE + 0.25, real) == (0.5, 1.0)


def test_the_radius_is_that_of_the_k_th_neighbour_itself_not_counted():
    real = np.array([[0.0], [1.0], [3.0], [7.0]])
    assert np.sqrt(manifold.squared_radii(real, 1)) == pytest.approx([1, 1, 2, 4])
    assert np.sqrt(manifold.squared_radii(real, 2)) == pytest.approx([3, 2, 3, 6])
    assert np.sqrt(manifold.squared_radii(real, 3)) == pytest.approx([7, 6, 4, 7])


@pytest.mark.parametrize("seed", range(5))
def test_distances_that_tie_are_equal(seed):
    """Of whole numbers, in exact arithmetic: half of the points lie on the border of a ball."""
    rng = np.random.default_rng(seed)
    real, fake = rng.integers(0, 3, (300, 6)), rng.integers(0, 3, (250, 6))

    def inside(points, centres):
        radii = np.partition(((centres[:, None] - centres) ** 2).sum(axis=2), 3, axis=1)[:, 3]
        return (((points[:, None] - centres) ** 2).sum(axis=2) <= radii).any(axis=1).mean()

    exact = inside(fake, real), inside(real, fake)
    assert precision_recall(real.astype(np.uint8), fake.astype(np.uint8)) == exact
    assert precision_recall(real.astype(np.float32), fake.astype(np.float32)) == exact


def test_the_border_belongs_to_the_ball():
    real = np.array([[0.0], [1.0], [2.0]])
    fake = np.array([[3.0], [3.5], [-1.0], [-1.5]])
    assert precision_recall(real, fake, k=1).precision == 0.5


@given(seed=st.integers(0, 99), n=st.integers(5, 12), m=st.integers(5, 12), k=st.integers(1, 4))
def test_a_double_loop_agrees(seed, n, m, k):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(n, 3)), rng.normal(size=(m, 3)) + 0.8
    assert precision_recall(real, fake, k) == by_loops(real, fake, k)
    assert precision_recall(fake, real, k) == precision_recall(real, fake, k)[::-1]


def test_blocks_and_float32_do_not_change_it(monkeypatch):
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(90, 2)).astype(np.float32), rng.normal(size=(70, 2)).astype(np.float32) + 1
    whole = precision_recall(real.astype(np.float64), fake.astype(np.float64))
    monkeypatch.setattr(distances, "BLOCK", 7)
    assert precision_recall(real, fake) == whole
    assert 0.3 < whole.recall < 1


@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (LINE, LINE[:3], 3, "fake: at least 4 points are needed, there are 3"),
        (LINE[:1], LINE, 1, "real: at least 2"),
        (LINE, LINE, 0, "k must be a whole number of at least 1, not 0"),
    ],
)
def test_too_few_points_are_refused(real, fake, k, message):
    with pytest.raises(ValueError, match=message):
        precision_recall(real, fake, k)


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_numbers_that_are_not_finite_are_refused(measure):
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="fake must be finite"):
            measure(LINE, np.where(LINE == 3, bad, LINE))


# -- density and coverage --------------------------------------------------------------------------------------


def counted_by_loops(real, fake, k):
    radii = [sorted(np.linalg.norm(real - x, axis=1))[k] for x in real]
    inside = [[np.linalg.norm(y - x) <= r for y in fake] for x, r in zip(real, radii, strict=True)]
    return np.sum(inside) / (k * len(fake)), np.mean(np.any(inside, axis=1))


@given(seed=st.integers(0, 99), n=st.integers(5, 12), m=st.integers(1, 12), k=st.integers(1, 4))
def test_a_double_loop_counts_the_same(seed, n, m, k):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(n, 3)), rng.normal(size=(m, 3)) + 0.8
    assert density_coverage(real, fake, k) == pytest.approx(counted_by_loops(real, fake, k), abs=1e-15)


def test_density_and_coverage_by_hand():
    real = np.array([[0.0], [1.0], [3.0], [7.0]])  # radii of the nearest neighbours 1, 1, 2 and 4
    assert density_coverage(real, np.array([[0.5]]), k=1) == (2.0, 0.5)
    assert density_coverage(real, np.array([[0.5], [100.0]]), k=1) == (1.0, 0.5)
    assert density_coverage(real, np.array([[4.0]]), k=2) == (1.0, 0.5)  # radii 3, 2, 3 and 6: in those of 3 and 7
    assert density_coverage(real, real, k=1) == (2.0, 1.0)  # each ball holds its centre and one more
    assert density_coverage(real, real + 1000, k=1) == (0.0, 0.0)


def test_of_one_distribution_they_are_as_the_lemmas_say():
    n, m, k = 400, 300, 5
    rng = np.random.default_rng(0)
    draws = [density_coverage(rng.normal(size=(n, 4)), rng.normal(size=(m, 4))) for _ in range(30)]
    density, coverage = np.mean(draws, axis=0)
    assert density == pytest.approx(1, abs=0.02)
    expected = 1 - np.prod([(n - i) / (n + m - i) for i in range(1, k + 1)])
    assert coverage == pytest.approx(expected, abs=0.005) and 0.9 < expected < 0.97


def test_one_fake_far_out_raises_the_recall_but_not_the_coverage():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(300, 2)), 0.1 * rng.normal(size=(300, 2))
    fake[:4] = [[50, 0], [0, 50], [-50, 0], [0, -50]]  # the radius of such a ball reaches to the data and beyond
    assert precision_recall(real, fake).recall == 1.0
    assert density_coverage(real, fake).coverage < 0.2


def test_one_sample_repeated_covers_next_to_nothing():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(300, 8)) + 1000 / 3
    found = density_coverage(real, np.tile(real[3], (100, 1)))
    assert found.coverage < 0.1 and found.density == pytest.approx(found.coverage * 300 / 5)


def test_blocks_do_not_change_density_and_coverage(monkeypatch):
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(90, 2)).astype(np.float32), rng.normal(size=(70, 2)).astype(np.float32) + 1
    whole = density_coverage(real.astype(np.float64), fake.astype(np.float64))
    monkeypatch.setattr(distances, "BLOCK", 7)
    assert density_coverage(real, fake) == whole
    assert 0.1 < whole.coverage < 1


@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (LINE[:5], LINE, 5, "real: at least 6 points are needed, there are 5"),
        (LINE, LINE[:0], 5, "fake: at least 1 points"),
        (LINE, LINE, 0, "k must be a whole number of at least 1, not 0"),
        (LINE, np.zeros((9, 2)), 3, "same length"),
    ],
)
def test_density_and_coverage_refuse(real, fake, k, message):
    with pytest.raises(ValueError, match=message):
        density_coverage(real, fake, k)


def test_the_package_of_the_papers_authors_agrees():
    prdc = pytest.importorskip("prdc")
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=(200, 5)), 1.2 * rng.normal(size=(150, 5)) + 0.3
    theirs = prdc.compute_prdc(real, fake, nearest_k=5)
    assert density_coverage(real, fake) == pytest.approx((theirs["density"], theirs["coverage"]))
    assert precision_recall(real, fake, k=5) == pytest.approx((theirs["precision"], theirs["recall"]))
