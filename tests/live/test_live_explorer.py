"""The explorer without its page: what is shown is the generator's own, and moves as it says."""

import statistics

import numpy as np
import pytest

from tinygan.gan.latent import truncated_normal
from tinygan.live.explorer import Explorer, truncated
from tinygan.training import trained
from tinygan.training.run import Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    made = {}

    def make(*args, **options):
        key = (args, *sorted(options.items()))
        if key not in made:
            run = Run(*args, outdir=tmp_path_factory.mktemp("runs"), steps=2, batch_size=16, **options)
            run.train()
            made[key] = run
        return made[key]

    return make


@pytest.fixture
def digits(runs):
    run = runs("mlp")
    return Explorer(trained.load(run.path), run.setup.dataset)


def test_it_shows_what_sample_draws(digits):
    source = digits.source
    expected = source.draw(source.noise(16, 3))
    digits.again(3)
    assert digits.samples().shape == (16, 28, 28, 1)
    assert np.allclose(digits.samples(), (expected + 1) / 2, atol=1e-6)


def test_all_move_along_a_direction_and_come_back(digits):
    before = digits.noise()
    digits.along[1] = 2
    assert np.allclose(digits.noise() - before, 2 * digits.directions[1], atol=1e-5)
    assert np.abs(digits.samples() - digits.source.range[0]).max() > 0
    digits.reset()
    assert np.array_equal(digits.noise(), before)


def test_the_corners_of_the_square_are_their_samples(digits):
    digits.corners = [5, 9, 2, 11]
    for place, corner in zip([(0, 0), (1, 0), (0, 1), (1, 1)], digits.corners, strict=True):
        image, noise = digits.between(*place)
        assert np.array_equal(noise, digits.noise()[corner])
        assert np.allclose(image, digits.samples()[corner], atol=1e-5)
    lengths = [np.linalg.norm(digits.between(x, 0.5)[1]) for x in (0.2, 0.5, 0.8)]
    corners = np.linalg.norm(digits.noise()[digits.corners], axis=1)
    assert min(lengths) > 0.99 * corners.min() and max(lengths) < 1.01 * corners.max()


def test_a_training_picture_is_nearest_to_itself(digits):
    own = digits.dataset.pixels[7] / np.float32(255)
    pictures, distances = digits.nearest(own, k=3)
    assert np.array_equal(pictures[0], own) and distances[0] == 0 and (np.diff(distances) >= 0).all()
    white = np.ones_like(own)
    pictures, distances = digits.nearest(white)
    assert distances[0] == pytest.approx(np.sqrt(((pictures[0] - white) ** 2).mean()))


def test_a_label_and_codes_are_asked_of_all(runs):
    conditional = Explorer(trained.load(runs("cgan").path))
    own = conditional.source.labels(conditional.noise())
    assert len(set(own)) > 1
    conditional.label = 7
    assert (conditional.source.labels(conditional.noise()) == 7).all()
    coded = Explorer(trained.load(runs("infogan").path))
    coded.numbers = np.array([1.5, -2.0])
    assert np.allclose(coded.noise()[:, -2:], [1.5, -2.0])
    assert np.array_equal(coded.noise()[:, :-2], coded.source.noise(16, 0)[:, :-2])


def test_points_have_no_pictures(runs):
    points = Explorer(trained.load(runs("ring").path))
    assert points.samples().shape == (16, 2) and points.between(0.3, 0.7)[0].shape == (2,)


def test_squeezed_noise_has_the_distribution_of_redrawn_noise():
    z = np.random.default_rng(0).standard_normal(4000, dtype=np.float32)
    for threshold in (0.2, 0.7, 2.0):
        squeezed = truncated(z, threshold)
        redrawn = truncated_normal(np.random.default_rng(1), (4000,), threshold)
        assert np.abs(squeezed).max() <= threshold and squeezed.dtype == np.float32
        assert (np.diff(squeezed[np.argsort(z)]) >= 0).all()
        for quantile in (0.1, 0.25, 0.5, 0.9):
            assert np.quantile(squeezed, quantile) == pytest.approx(
                np.quantile(redrawn, quantile), abs=0.06 * threshold
            )
    normal = statistics.NormalDist()
    middle = normal.cdf(-1) + (normal.cdf(1) - normal.cdf(-1)) * normal.cdf(0.5)
    assert truncated(np.float32([0.5]), 1.0)[0] == pytest.approx(normal.inv_cdf(middle))
