"""Counting modes: hand-made point sets whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import count_modes, modes

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SIGMA = 0.02


def test_a_ring_with_one_mode_missing():
    report = count_modes(np.repeat(RING[:7], 10, axis=0), RING, SIGMA)
    assert (report.modes, report.total_modes, report.n) == (7, 8, 70)
    assert report.high_quality == 1.0
    assert report.reverse_kl == pytest.approx(math.log(8 / 7))
    assert report.counts.tolist() == [10] * 7 + [0]


def test_all_samples_on_one_mode():
    report = count_modes(np.tile(RING[3], (50, 1)), RING, SIGMA)
    assert report.modes == 1
    assert report.reverse_kl == pytest.approx(math.log(8))


def test_a_hand_computed_divergence():
    means = np.array([[0.0], [1.0]])
    report = count_modes(np.array([[0.0], [1.0], [1.0], [1.0]]), means, 0.1)
    assert report.reverse_kl == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5))


def test_the_radius_is_three_sigma_and_round():
    just_in = RING[0] + [2.99 * SIGMA, 0]
    just_out = RING[1] + [0, 3.01 * SIGMA]
    in_the_square_only = RING[2] + 2.5 * SIGMA
    report = count_modes(np.stack([just_in, just_out, in_the_square_only]), RING, SIGMA)
    assert report.counts.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert report.high_quality == pytest.approx(1 / 3)


def test_a_perfect_sampler_is_not_at_100_percent():
    rng = np.random.default_rng(0)
    n = 200_000
    samples = RING[rng.integers(0, 8, n)] + SIGMA * rng.normal(size=(n, 2))
    report = count_modes(samples.astype(np.float32), RING, SIGMA)
    expected = 1 - math.exp(-4.5)
    assert report.high_quality == pytest.approx(expected, abs=5 * math.sqrt(expected * (1 - expected) / n))
    assert report.modes == 8
    assert 0 <= report.reverse_kl < 5 * 8 / n  # its mean is about (K - 1) / (2 n)


def test_low_quality_samples_do_not_count_for_the_divergence():
    stray = np.full((90, 2), 50.0)
    report = count_modes(np.concatenate([RING, stray]), RING, SIGMA)
    assert report.modes == 8
    assert report.high_quality == pytest.approx(8 / 98)
    assert report.reverse_kl == 0.0


def test_without_a_high_quality_sample_the_divergence_is_infinite():
    report = count_modes(np.zeros((5, 2)), RING, SIGMA)
    assert (report.modes, report.high_quality, report.reverse_kl) == (0, 0.0, math.inf)
    assert "reverse KL inf" in str(report)


def test_nan_inf_and_huge_samples_are_not_of_high_quality():
    samples = np.array([RING[0], [np.nan, 0], [np.inf, -np.inf], [1e300, 1e300], [np.nan] * 2])
    report = count_modes(samples, RING, SIGMA)
    assert report.counts.sum() == 1
    assert report.high_quality == pytest.approx(0.2)


@given(n=st.integers(1, 60), block=st.integers(1, 200), seed=st.integers(0, 99))
def test_blocks_do_not_change_the_counts(n, block, seed):
    samples = np.random.default_rng(seed).normal(size=(n, 2)) * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modes, "BLOCK_DISTANCES", block)
        blocked = count_modes(samples, RING, 0.3)
    distances = np.linalg.norm(samples[:, None] - RING, axis=2)
    near = distances.argmin(axis=1)[distances.min(axis=1) <= 0.9]
    assert blocked.counts.tolist() == np.bincount(near, minlength=8).tolist()


@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_the_divergence_lies_between_0_and_ln_k(counts):
    kl = modes.kl_to_uniform(np.array(counts))
    assert kl == math.inf if sum(counts) == 0 else 0 <= kl <= math.log(len(counts)) + 1e-12


def test_the_report_is_one_line_with_its_definition():
    text = str(count_modes(RING[:4], RING, SIGMA))
    assert text.startswith("4 of 8 modes, 100.00 % high quality, reverse KL 0.6931 nats")
    assert "within 3 sigma of the nearest mean" in text
    assert "\n" not in text and text.isascii()


@pytest.mark.parametrize(
    ("samples", "means", "sigma", "message"),
    [
        (np.zeros(4), RING, 1.0, "shape"),
        (np.zeros((4, 3)), RING, 1.0, "shape"),
        (np.zeros((0, 2)), RING, 1.0, "0 samples"),
        (np.zeros((4, 2)), np.zeros((0, 2)), 1.0, "0 means"),
        (np.zeros((4, 2)), RING * np.nan, 1.0, "finite"),
        (np.zeros((4, 2)), RING, 0.0, "sigma"),
        (np.zeros((4, 2)), RING, math.nan, "sigma"),
    ],
)
def test_what_does_not_fit_is_refused(samples, means, sigma, message):
    with pytest.raises(ValueError, match=message):
        count_modes(samples, means, sigma)
