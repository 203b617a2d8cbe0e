"""What the classifier makes of images, and what it refuses to look at."""

import numpy as np
import pytest

from tinygan.backend import use_backend
from tinygan.classifier import Classifier, ClassifierError, load
from tinygan.data import digits, to_range
from tinygan.nn import Dense


@pytest.fixture(scope="module")
def pixels():
    return digits(30, seed=5).pixels


@pytest.fixture(scope="module")
def eye():
    return load("digits")


def test_probabilities_and_features(eye, pixels):
    p, f = eye.probabilities(pixels), eye.features(pixels)
    assert p.shape == (30, 10) and p.dtype == np.float32
    assert f.shape == (30, 64) and f.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p >= 0).all() and (f >= 0).all() and f.std() > 0
    logits = f @ eye.head.W.data + eye.head.b.data
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6)


def test_both_at_once(eye, pixels):
    p, f = eye.outputs(pixels)
    np.testing.assert_array_equal(p, eye.probabilities(pixels))
    np.testing.assert_array_equal(f, eye.features(pixels))


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (-3.0, 7.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_range_makes_no_difference(eye, pixels, low, high, dtype):
    images = to_range(pixels, low, high).astype(dtype)
    np.testing.assert_allclose(eye.probabilities(images, low, high), eye.probabilities(pixels), atol=1e-4)
    np.testing.assert_allclose(eye.features(images, low, high), eye.features(pixels), rtol=1e-3, atol=1e-3)


def test_the_batch_makes_no_difference(eye, pixels):
    np.testing.assert_allclose(eye.probabilities(pixels, batch=7), eye.probabilities(pixels), atol=1e-5)


def test_it_leaves_its_mode_alone_and_looks_in_evaluation_mode(pixels):
    fresh = Classifier.build(np.random.default_rng(0))
    before = fresh.state_dict()
    np.testing.assert_array_equal(fresh.features(pixels), fresh.features(pixels))  # nothing is dropped
    assert fresh.training
    for name, array in fresh.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_seed_decides_the_first_weights(pixels):
    one, same, other = (Classifier.build(np.random.default_rng(seed)).features(pixels) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_every_backend_sees_the_same(backend, pixels):
    eye = load("digits")
    there = eye.probabilities(pixels[:4])
    assert type(there) is np.ndarray
    use_backend("numpy")  # it stays where its weights are
    np.testing.assert_array_equal(eye.probabilities(pixels[:4]), there)
    np.testing.assert_allclose(load("digits").probabilities(pixels[:4]), there, atol=1e-5)


@pytest.mark.parametrize(
    "images, options, said",
    [
        (np.zeros((2, 28, 28)), {}, "not (2, 28, 28)"),
        (np.zeros((2, 32, 32, 1)), {}, "not (2, 32, 32, 1)"),
        (np.zeros((0, 28, 28, 1)), {}, "n > 0"),
        (np.zeros((2, 28, 28, 1), np.int64), {}, "not int64"),
        (np.full((2, 28, 28, 1), -1.0), {}, "from -1 to -1, outside the given range [0, 1]"),
        (np.full((2, 28, 28, 1), 255.0), {}, "low= and high="),
        (np.full((2, 28, 28, 1), 1.03), {"low": -1.0}, "outside the given range [-1, 1]"),
        (np.full((2, 28, 28, 1), np.nan), {}, "not finite"),
        (np.full((2, 28, 28, 1), np.inf), {}, "not finite"),
        (np.zeros((2, 28, 28, 1)), {"low": 1.0, "high": 1.0}, "upwards, not from 1 to 1"),
    ],
)
def test_refused(eye, images, options, said):
    with pytest.raises(ClassifierError) as error:
        eye.probabilities(images, **options)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3), (32, 20, 3), (5, 100, 1), (4, 4, 1), (1, 1, 3), (8, 8, 2)])
def test_any_shape_is_halved_until_four_pixels_are_left(shape, rng):
    classifier = Classifier.build(rng, shape, 7)
    assert classifier.features(np.zeros((3, *shape), np.uint8)).shape == (3, 64)
    assert classifier.classes == 7 and classifier.probabilities(np.zeros((3, *shape), np.uint8)).shape == (3, 7)
    flat = next(layer.W.shape[0] for layer in classifier.body.layers if isinstance(layer, Dense))
    assert flat <= 4 * 4 * 64
