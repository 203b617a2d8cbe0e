"""The true mixture and the fitted one: densities in closed form, and fits whose answer is known."""

import math

import numpy as np
import pytest

from tinygan.metrics import FittedMixture, count_modes, em, fit_mixture, oracle

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
THREE = FittedMixture(
    weights=np.array([0.5, 0.3, 0.2]),
    means=np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 8.0]]),
    covariances=np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.4], [0.4, 0.5]], [[2.0, 0.0], [0.0, 0.1]]]),
)


def test_the_oracle_draws_from_the_mixture():
    points = oracle(RING, 0.02, 40_000, np.random.default_rng(0))
    report = count_modes(points, RING, 0.02)
    assert points.shape == (40_000, 2)
    assert report.modes == 8 and report.reverse_kl < 1e-3
    assert report.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.003)


def test_the_oracle_repeats_for_a_seed_and_checks_its_arguments():
    first, second = (oracle(RING, 0.1, 5, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    for arguments, message in (
        ((RING[0], 0.1, 5), "shape"),
        ((RING, -1.0, 5), "sigma"),
        ((RING, 0.1, 0), "at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            oracle(*arguments, np.random.default_rng(0))


def test_the_density_in_closed_form():
    points = np.array([[0.3, -0.2], [6.5, 0.1], [12.0, 9.0]])
    expected = np.zeros(3)
    for weight, mean, cov in zip(THREE.weights, THREE.means, THREE.covariances, strict=True):
        away = points - mean
        square = np.einsum("ni,ij,nj->n", away, np.linalg.inv(cov), away)
        expected += weight * np.exp(-square / 2) / (2 * math.pi * math.sqrt(np.linalg.det(cov)))
    assert THREE.log_density(points) == pytest.approx(np.log(expected), rel=1e-10)


def test_the_density_far_away_does_not_underflow():
    single = FittedMixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
    expected = -(1000**2) / 2 - math.log(2 * math.pi) / 2
    assert single.log_density(np.array([[1000.0]])) == pytest.approx([expected])


def test_samples_of_a_mixture_have_its_moments():
    n = 60_000
    points = THREE.sample(n, np.random.default_rng(0))
    mean = THREE.weights @ THREE.means
    away = THREE.means - mean
    cov = np.einsum("k,kij->ij", THREE.weights, THREE.covariances + away[:, :, None] * away[:, None, :])
    assert points.mean(axis=0) == pytest.approx(mean, abs=0.08)
    assert np.cov(points.T) == pytest.approx(cov, abs=0.3)
    second = points[np.linalg.norm(points - THREE.means[1], axis=1) < 3]
    assert np.cov(second.T)[0, 1] == pytest.approx(0.4, abs=0.03)


def test_one_component_is_the_mean_and_the_covariance():
    points = np.random.default_rng(0).normal(size=(50, 3)) @ np.array([[2.0, 0, 0], [1, 1, 0], [0, 1, 0.5]]) + 7
    fit = fit_mixture(points, 1, np.random.default_rng(1))
    assert fit.weights == pytest.approx([1.0])
    assert fit.means[0] == pytest.approx(points.mean(axis=0))
    assert fit.covariances[0] == pytest.approx(np.cov(points.T, ddof=0))


def test_three_separated_gaussians_are_recovered():
    points = THREE.sample(6000, np.random.default_rng(0)).astype(np.float32)
    fit = fit_mixture(points, 3, np.random.default_rng(1))
    order = np.argsort(-fit.weights)
    assert fit.weights[order] == pytest.approx(THREE.weights, abs=0.02)
    assert fit.means[order] == pytest.approx(THREE.means, abs=0.15)
    assert fit.covariances[order] == pytest.approx(THREE.covariances, abs=0.25)
    # The maximum of the likelihood is above the truth's, by about half a nat a parameter.
    gain = fit.log_density(points).sum() - THREE.log_density(points).sum()
    assert 0 < gain < 30


def test_overlapping_gaussians_are_recovered():
    truth = FittedMixture(np.array([0.7, 0.3]), np.array([[0.0], [2.5]]), np.array([[[1.0]], [[0.25]]]))
    points = truth.sample(3000, np.random.default_rng(2))
    fit = fit_mixture(points, 2, np.random.default_rng(3), starts=2)
    order = np.argsort(fit.means[:, 0])
    assert fit.weights[order] == pytest.approx(truth.weights, abs=0.05)
    assert fit.means[order] == pytest.approx(truth.means, abs=0.12)
    assert fit.covariances[order, 0, 0] == pytest.approx([1.0, 0.25], abs=0.12)


def test_the_ring_is_found_whole():
    points = oracle(RING, 0.02, 1500, np.random.default_rng(4))
    fit = fit_mixture(points, 8, np.random.default_rng(5), starts=2)
    report = count_modes(fit.sample(4000, np.random.default_rng(6)), RING, 0.02)
    assert report.modes == 8 and report.high_quality > 0.96 and report.reverse_kl < 0.02


def test_a_round_never_lowers_the_likelihood():
    points = THREE.sample(300, np.random.default_rng(7))
    mixture = em.maximise(points, np.random.default_rng(8).dirichlet(np.ones(4), size=300))
    likelihoods = []
    for _ in range(30):
        joint = mixture.log_joint(points)
        likelihoods.append(mixture.log_density(points).mean())
        mixture = em.maximise(points, np.exp(joint - mixture.log_density(points)[:, None]))
    assert np.diff(likelihoods).min() > -1e-12
    assert likelihoods[-1] > likelihoods[0] + 0.1


def test_the_best_of_the_starts_is_kept(monkeypatch):
    fits = iter([("bad", -3.0), ("good", -1.0), ("middling", -2.0)])
    monkeypatch.setattr(em, "fit_once", lambda points, k, rng: next(fits))
    assert fit_mixture(np.arange(9.0)[:, None], 2, np.random.default_rng(0), starts=3) == "good"


def test_copies_and_far_points_leave_no_component_empty():
    points = np.concatenate([np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 30, axis=0), [[50.0, 50.0], [0.5, 0.5]]])
    for seed in range(5):
        fit = fit_mixture(points, 4, np.random.default_rng(seed))
        assert np.isfinite(fit.means).all() and fit.weights.min() > 1e-3
        assert np.linalg.eigvalsh(fit.covariances).min() > 0
        assert np.isfinite(fit.log_density(points)).all()


def test_an_empty_component_moves_to_the_worst_point():
    responsibility = np.array([[1.0, 0.0, 0.0], [0.8, 0.2, 0.0], [0.0, 0.0, 1.0], [0.0, 0.1, 0.9]])
    assert em.refill(responsibility, np.array([-1.0, -2.0, -9.0, -3.0]))
    assert responsibility[:, 1].tolist() == [0.0, 0.0, 0.5, 0.0]
    assert responsibility[2].tolist() == [0.0, 0.5, 0.5]
    assert not em.refill(responsibility, np.zeros(4))


def test_a_component_that_was_moved_is_given_time(monkeypatch):
    answers = iter([True] * 20 + [False])
    monkeypatch.setattr(em, "refill", lambda responsibility, log_density: next(answers))
    fit_mixture(np.arange(9.0)[:, None], 1, np.random.default_rng(0), starts=1)
    assert next(answers, None) is None  # one component is fitted in a single round: only the moves kept it going


def test_centres_are_different_points():
    points = np.repeat(np.arange(6.0)[:, None], 50, axis=0)
    for seed in range(20):
        chosen = points[em.choose_centres(points, 6, np.random.default_rng(seed)), 0]
        assert sorted(chosen) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("points", "k", "message"),
    [
        (np.zeros((9, 2)), 1, "more than 1 different points, there are 1"),
        (np.arange(4.0)[:, None], 4, "more than 4 different"),
        (np.arange(4.0)[:, None], 0, "at least 1"),
        (np.arange(4.0), 1, "shape"),
        (np.array([[0.0], [np.nan], [2.0]]), 1, "finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(points, k, message):
    with pytest.raises(ValueError, match=message):
        fit_mixture(points, k, np.random.default_rng(0))
