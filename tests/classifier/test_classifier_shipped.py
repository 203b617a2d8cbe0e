"""The two classifiers of the package are as good as they say."""

import os
from pathlib import Path

import pytest

from tinygan import classifier
from tinygan.classifier import DATA, accuracy, load, load_sets
from tinygan.classifier.recipe import DIGITS
from tinygan.data import Images, digits, mnist

HOME = Path(os.environ.get("TINYGAN_DATA") or "nowhere")
needs_mnist = pytest.mark.skipif(not any(HOME.glob("**/t10k-images*")), reason="$TINYGAN_DATA does not hold MNIST")
FOR_ROUNDING = 0.0005  # another BLAS or another version of Pillow may tip a few images over


def some(images, n):
    return Images(images.name, images.pixels[:n], images.labels[:n])


def test_the_claims():
    assert load("mnist").record.accuracy >= 0.99 and load("digits").record.accuracy >= 0.99
    assert load("mnist").record.test_images == 10_000 and load("digits").record.test_images == 5_000


@pytest.mark.parametrize("name", DATA)
def test_small_files_that_say_what_they_are(name):
    loaded = load(name)
    assert Path(classifier.__file__).with_name(f"{name}.npz").stat().st_size < 500_000
    assert loaded.record.data == name and len(loaded.record.checksum) == 64
    assert not loaded.training
    assert str(loaded.record).startswith(f"{name} classifier {loaded.record.checksum[:8]} (")


@needs_mnist
def test_mnist_in_part():
    assert accuracy(load("mnist"), some(mnist(HOME, "test"), 1000)) >= 0.985


@pytest.mark.slow
@needs_mnist
def test_mnist_as_claimed():
    loaded = load("mnist")
    assert accuracy(loaded, load_sets("mnist", HOME)[1]) == pytest.approx(loaded.record.accuracy, abs=FOR_ROUNDING)


def test_digits_as_claimed():
    loaded, test = load("digits"), digits(*DIGITS["test"])
    assert accuracy(loaded, some(test, 1000)) == pytest.approx(loaded.record.accuracy, abs=0.003)


def test_every_feature_says_something():
    """A feature that is always 0 would be lost to the distances that are measured with it."""
    images = some(digits(*DIGITS["test"]), 1000)
    for name in DATA:
        assert load(name).features(images.pixels).std(axis=0).min() > 0.01


@needs_mnist
def test_each_knows_its_own_kind_of_digit_better():
    hand = some(mnist(HOME, "test"), 500)
    assert accuracy(load("mnist"), hand) > accuracy(load("digits"), hand) + 0.02
