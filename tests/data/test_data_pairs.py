"""Pairs of pictures: drawn ones, and pictures of one's own that hold two."""

import numpy as np
import pytest
from PIL import Image

from tinygan import data
from tinygan.data.pairs import Pairs, sketched


def test_sketches_have_dabs_and_lines_and_unseen_faces_to_test_by():
    train, test = data.load("sketches", n=20), data.load("sketches", n=20, split="test")
    assert data.kind("sketches") == data.kind(train) == "pairs"
    assert train.sample_shape == (32, 32, 6) and (len(train), len(test)) == (20, 2)
    assert not any((pair == train.pixels).all(axis=(1, 2, 3)).any() for pair in test.pixels)
    assert train.fingerprint == data.load("sketches", n=20).fingerprint


def test_a_sketch_of_two_fields_is_two_dabs_and_a_line():
    image = np.full((1, 64, 64, 3), 0.8)
    image[:, :, 32:] = 0.2
    sketch = sketched(image)
    np.testing.assert_allclose(sketch[0, :, :15], 0.8)
    np.testing.assert_allclose(sketch[0, :, 16:], 0.2)
    np.testing.assert_allclose(sketch[0, :, 15], 0.4)  # the right half of this column of pixels is a line


@pytest.fixture
def folder(tmp_path):
    """Pictures of 64 x 32, red beside blue, in different shades."""
    for i in range(6):
        both = np.zeros((32, 64, 3), np.uint8)
        both[:, :32, 0], both[:, 32:, 2] = 100 + i, 200 + i
        Image.fromarray(both).save(tmp_path / f"{i}.png")
    return tmp_path


def test_pictures_that_hold_two_are_cut_in_halves(folder):
    for source, red, blue in (("left", 0, 3 + 2), ("right", 3, 2)):
        pairs = data.load(folder, size=32, source=source)
        assert pairs.sample_shape == (32, 32, 6) and pairs.source == 3
        assert sorted(pairs.pixels[:, 5, 5, red].tolist()) == list(range(100, 106))
        assert sorted(pairs.pixels[:, 5, 5, blue].tolist()) == list(range(200, 206))
        assert f"the {source} half is the source" in pairs.describe()
    assert data.load(folder, source="left").sample_shape == (64, 64, 6)
    grey = data.load(folder, size=32, channels=1, source="left")
    assert grey.sample_shape == (32, 32, 2) and grey.source == 1 and "grey to grey" in grey.describe()


def test_halves_that_cannot_be_are_refused(folder):
    with pytest.raises(data.DataError, match="left or the right"):
        data.load(folder, source="top")
    with pytest.raises(data.DataError, match="up to 256 pixels wide"):
        data.load(folder, size=260, source="left")
    with pytest.raises(data.DataError, match="points in the plane"):
        data.load("ring", source="left")


def test_an_array_can_hold_pairs(folder):
    both = np.zeros((5, 8, 16, 3), np.uint8)
    both[:, :, 8:] = 255
    pairs = data.load(both, size=8, source="left")
    assert pairs.sample_shape == (8, 8, 6) and pairs.pixels[..., 3:].min() == 255 and pairs.pixels[..., :3].max() == 0


def test_only_grey_and_colour_are_pairs():
    pixels = np.zeros((2, 8, 8, 4), np.uint8)
    assert Pairs("maps", pixels, source=1).describe() == "2 pairs of pictures, 8 x 8, grey to colour"
    for bad, source in ((pixels, 2), (pixels[..., :2], 3), (pixels[0], 1), (pixels / 1.0, 1), (pixels[:0], 1)):
        with pytest.raises(data.DataError, match="S and T 1 or 3"):
            Pairs("maps", bad, source=source)
