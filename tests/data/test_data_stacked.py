"""Stacked MNIST: three digits in the three channels, and a label for all of them."""

import importlib

import numpy as np
import pytest

from tinygan.data import DataError, Images, load, stacked

# `tinygan.data.stacked` is the function; the module of that name is reached by import alone.
module = importlib.import_module("tinygan.data.stacked")

N = 30  # digit i is an image full of the number i, and its label is the last figure of i


@pytest.fixture(autouse=True)
def small_mnist(monkeypatch):
    asked = []

    def mnist(data_dir, split):
        asked.append((data_dir, split))
        pixels = np.broadcast_to(np.arange(N, dtype=np.uint8)[:, None, None, None], (N, 28, 28, 1))
        return Images("mnist", pixels.copy(), np.arange(N) % 10)

    monkeypatch.setattr(module, "mnist", mnist)
    return asked


def test_each_channel_is_a_digit_and_the_label_names_all_three():
    images = stacked(n=500)
    assert images.name == "stacked" and images.sample_shape == (28, 28, 3) and images.pixels.dtype == np.uint8
    assert (images.pixels == images.pixels[:, :1, :1]).all()  # whole digits
    drawn = images.pixels[:, 0, 0].astype(int) % 10
    assert np.array_equal(images.labels, 100 * drawn[:, 0] + 10 * drawn[:, 1] + drawn[:, 2])
    assert images.labels.dtype == np.int64
    assert len(images.class_names) == 1000 and images.class_names[37] == "037"


def test_the_channels_are_drawn_apart_and_evenly():
    images = stacked(n=60_000)
    counts = np.bincount(images.labels, minlength=1000)
    assert len(counts) == 1000 and counts.min() > 25 and counts.max() < 105  # 60 each, give or take 7.7
    assert abs(np.corrcoef(images.pixels[:, 0, 0].T) - np.eye(3)).max() < 0.02


def test_the_seed_decides():
    one, same, other = stacked(n=50), stacked(n=50), stacked(n=50, seed=1)
    assert np.array_equal(one.pixels, same.pixels) and np.array_equal(one.labels, same.labels)
    assert not np.array_equal(one.labels, other.labels)


def test_the_folder_and_the_split_are_mnists(small_mnist):
    load("stacked", "there", split="test", n=2)
    stacked(n=1)
    assert small_mnist == [("there", "test"), (None, "train")]


@pytest.mark.parametrize(
    ("options", "said"), [({"n": 0}, "n must be"), ({"n": 2.5}, "n must"), ({"seed": -1}, "seed must")]
)
def test_bad_numbers_are_named(options, said):
    with pytest.raises(DataError, match=f"stacked: {said}"):
        stacked(**options)
