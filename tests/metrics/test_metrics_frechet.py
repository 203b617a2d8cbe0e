"""The Frechet distance between Gaussians: closed forms, commuting and not, singular and not."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import distances, frechet_distance, frechet_of_features, mean_and_covariance


def covariance(rng, d, rank=None):
    root = rng.normal(size=(d, rank or d))
    return root @ root.T


def by_eigenvalues(mean1, cov1, mean2, cov2):
    """The formula as it is written, with the roots of eigenvalues."""
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov2 @ root), 0)).sum()
    return ((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * inner


def test_on_the_line():
    assert frechet_distance([1.0], [[4.0]], [3.0], [[25.0]]) == pytest.approx((1 - 3) ** 2 + (2 - 5) ** 2)


def test_covariances_that_commute():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    first, second = np.array([1.0, 4.0, 9.0]), np.array([16.0, 0.25, 1.0])
    found = frechet_distance(np.zeros(3), turn * first @ turn.T, np.ones(3), turn * second @ turn.T)
    assert found == pytest.approx(3 + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum())


def test_covariances_that_do_not_commute():
    first, second = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[5.0, -2.0], [-2.0, 1.0]])
    assert np.abs(first @ second - second @ first).max() > 1
    # Of a 2 x 2 matrix, tr(M^1/2) = sqrt(tr M + 2 sqrt(det M)).
    root = math.sqrt(np.trace(first @ second) + 2 * math.sqrt(np.linalg.det(first) * np.linalg.det(second)))
    assert frechet_distance([0, 1], first, [2, 0], second) == pytest.approx(5 + 5 + 6 - 2 * root)


@given(seed=st.integers(0, 99), d=st.integers(1, 7))
def test_the_written_formula_and_the_invariances(seed, d):
    rng = np.random.default_rng(seed)
    mean1, mean2, cov1, cov2 = rng.normal(size=d), rng.normal(size=d), covariance(rng, d), covariance(rng, d)
    value = frechet_distance(mean1, cov1, mean2, cov2)
    assert value == pytest.approx(by_eigenvalues(mean1, cov1, mean2, cov2), abs=1e-6)
    assert value == pytest.approx(frechet_distance(mean2, cov2, mean1, cov1), abs=1e-9)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    turned = frechet_distance(turn @ mean1, turn @ cov1 @ turn.T, turn @ mean2, turn @ cov2 @ turn.T)
    assert turned == pytest.approx(value, abs=1e-9)
    assert frechet_distance(3 * mean1, 9 * cov1, 3 * mean2, 9 * cov2) == pytest.approx(9 * value, abs=1e-8)
    assert 0 <= frechet_distance(mean1, cov1, mean1, cov1) < 1e-12 * np.trace(cov1)


def test_singular_covariances_in_closed_form():
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 40))
    found = frechet_distance(np.zeros(40), np.outer(u, u), np.zeros(40), np.outer(v, v))
    assert found == pytest.approx(u @ u + v @ v - 2 * abs(u @ v), abs=1e-11)
    against_identity = frechet_distance(np.zeros(40), np.outer(u, u), np.zeros(40), np.eye(40))
    assert against_identity == pytest.approx(u @ u + 40 - 2 * math.sqrt(u @ u), abs=1e-11)
    assert frechet_distance(np.zeros(40), np.zeros((40, 40)), u, np.zeros((40, 40))) == pytest.approx(u @ u)


def test_singular_covariances_are_exact_to_the_last_digits():
    # Roots of the eigenvalues of a product would leave about 1e-7 here: eigenvalues of 1e-16 have roots of 1e-8.
    cov = covariance(np.random.default_rng(2), 80, rank=10)
    assert frechet_distance(np.zeros(80), cov, np.zeros(80), cov) < 1e-12 * np.trace(cov)
    assert frechet_distance(np.zeros(80), cov, np.zeros(80), 4 * cov) == pytest.approx(np.trace(cov), rel=1e-12)


def test_features_of_known_gaussians():
    rng = np.random.default_rng(3)
    first, second = np.array([[1.0, 0.0], [0.5, 2.0]]), np.array([[0.5, 1.0], [0.0, 1.0]])
    n = 40_000
    found = frechet_of_features(rng.normal(size=(n, 2)) @ first + 1, rng.normal(size=(n, 2)) @ second)
    exact = frechet_distance([1, 1], first.T @ first, [0, 0], second.T @ second)
    assert found == pytest.approx(exact, rel=0.03)


def test_features_by_hand():
    # Means 1 and 5; variances with the divisor n - 1: 2 and 1.
    assert frechet_of_features(np.array([[0.0], [2.0]]), np.array([[4.0], [5.0], [6.0]])) == pytest.approx(
        16 + (math.sqrt(2) - 1) ** 2
    )


def test_fewer_features_than_dimensions():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(5, 30)), rng.normal(size=(7, 30))
    assert frechet_of_features(a, a[::-1]) == pytest.approx(0.0, abs=1e-11)
    assert frechet_of_features(a, b) > 1
    assert frechet_of_features(a, b + 2) == pytest.approx(
        frechet_of_features(a, b) + 120 - 4 * (a.mean(axis=0) - b.mean(axis=0)).sum()
    )


def test_a_generator_that_repeats_one_sample():
    real = np.random.default_rng(5).normal(size=(500, 3))
    mean, cov = mean_and_covariance(real)
    repeated = np.tile(mean, (20, 1))
    assert frechet_of_features(real, repeated) == pytest.approx(np.trace(cov))


def test_moments_in_blocks_of_float32_far_from_0(monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 100)
    features = (np.random.default_rng(6).normal(size=(333, 4)) + 3000).astype(np.float32)
    mean, cov = mean_and_covariance(features)
    assert mean == pytest.approx(features.astype(np.float64).mean(axis=0), rel=1e-14)
    assert cov == pytest.approx(np.cov(features.astype(np.float64).T), rel=1e-11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0], [[1.0]], [0.0, 1.0], np.eye(2)), r"\(1,\) and \(2,\)"),
        (([0.0], np.eye(2), [0.0], [[1.0]]), r"\(2, 2\) and \(1, 1\)"),
        (([np.nan], [[1.0]], [0.0], [[1.0]]), "finite"),
        (([0.0], [[np.inf]], [0.0], [[1.0]]), "finite"),
        (([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], [0.0, 0.0], np.eye(2)), "symmetric"),
        (([0.0, 0.0], np.eye(2), [0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), "negative eigenvalue"),
        (([0.0], [[1.0]], [0.0], [[-1.0]]), "negative eigenvalue"),
    ],
)
def test_what_is_no_gaussian_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(*arguments)


def test_one_feature_has_no_covariance():
    with pytest.raises(ValueError, match="b: at least 2 points are needed, there are 1"):
        frechet_of_features(np.zeros((5, 2)), np.zeros((1, 2)))


def test_it_computes_in_double_precision_whatever_comes_in():
    rng = np.random.default_rng(0)
    given = [x.astype(np.float32) for _ in range(2) for x in (rng.normal(size=6), np.cov(rng.normal(size=(6, 40))))]
    mean1, cov1, mean2, cov2 = given
    wide = [x.astype(np.float64) for x in given]
    assert frechet_distance(mean1, cov1, mean2, cov2) == frechet_distance(*wide)
