"""Copies of the training data are found, and fresh data is not called copied."""

import numpy as np
import pytest

from tinygan.metrics import data_copying, nearest_neighbours


def by_loops(samples, real, level):
    limit = min(r for r in real if np.mean(real <= r) >= level)
    pairs = [(s < r) + 0.5 * (s == r) for s in samples for r in real]
    return np.mean(samples <= limit), np.mean(pairs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [0.05, 0.3])
def test_a_double_loop_agrees_also_on_ties(seed, level):
    rng = np.random.default_rng(seed)
    samples, real = rng.integers(0, 9, 30).astype(float), rng.integers(0, 9, 40).astype(float)
    assert data_copying(samples, real, level) == pytest.approx(by_loops(samples, real, level))


def nearest(points, training):
    return nearest_neighbours(points, training)[1][:, 0]


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    training, held_out, fresh = (rng.normal(size=(n, 6)) for n in (2000, 1000, 1000))
    return training, held_out, fresh, rng


def test_of_fresh_data_a_twentieth_is_that_near_by_chance(sets):
    training, held_out, fresh, _ = sets
    found = data_copying(nearest(fresh, training), nearest(held_out, training))
    assert found.copied == pytest.approx(0.05, abs=0.02) and found.nearer == pytest.approx(0.5, abs=0.03)


def test_leaving_one_out_stands_for_data_held_out(sets):
    training, held_out, fresh, _ = sets
    left_out = nearest_neighbours(training, training, k=2)[1][:, 1]
    found = data_copying(nearest(fresh, training), left_out)
    assert found.copied == pytest.approx(0.05, abs=0.02) and found.nearer == pytest.approx(0.5, abs=0.03)
    assert np.quantile(left_out, 0.5) == pytest.approx(np.quantile(nearest(held_out, training), 0.5), rel=0.03)


@pytest.mark.parametrize("noise", [0, 0.01])
def test_a_generator_that_copies_is_caught(sets, noise):
    training, held_out, _, rng = sets
    copies = training[rng.integers(2000, size=500)] + noise * rng.normal(size=(500, 6))
    assert data_copying(nearest(copies, training), nearest(held_out, training)) == (1.0, 1.0)


def test_one_copy_in_five_is_caught_where_the_mean_is_blind(sets):
    training, held_out, _, rng = sets
    samples = 9 * rng.normal(size=(500, 6))
    samples[::5] = training[:100]
    found = data_copying(nearest(samples, training), nearest(held_out, training))
    assert found.copied == pytest.approx(0.2, abs=0.01) and found.nearer < 0.4


def test_a_generator_far_from_the_data_copies_nothing(sets):
    training, held_out, fresh, _ = sets
    assert data_copying(nearest(fresh + 100, training), nearest(held_out, training)) == (0.0, 0.0)


def test_copies_are_caught_though_the_training_data_has_copies_itself(sets):
    training, *_ = sets
    doubled = np.concatenate([training, training[:400]])
    left_out = nearest_neighbours(doubled, doubled, k=2)[1][:, 1]
    assert data_copying(nearest(training[400:600], doubled), left_out).copied == 1.0
    assert data_copying(left_out, left_out).copied == pytest.approx(800 / 2400)  # and this is said of the real data


@pytest.mark.parametrize(
    ("samples", "real", "level", "message"),
    [
        (np.ones(0), np.ones(3), 0.05, "samples must be distances"),
        (np.ones(3), np.ones((3, 1)), 0.05, "real must be distances"),
        (np.array([1, np.nan]), np.ones(3), 0.05, "samples must be distances"),
        (np.ones(3), np.array([-1.0]), 0.05, "real must be distances"),
        (np.ones(3), np.ones(3), 0.0, "level must be between 0 and 1, but it is 0"),
        (np.ones(3), np.ones(3), 1.0, "level must be between 0 and 1, but it is 1"),
    ],
)
def test_bad_distances_are_refused(samples, real, level, message):
    with pytest.raises(ValueError, match=message):
        data_copying(samples, real, level)
