"""Arrays and labels as people have them, each with the line that is said or the sentence that refuses it."""

import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, Images, Points, load

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
DARK = COLOUR // np.array([255, 64, 1, 64, 64, 255], np.uint8)[:, None, None, None]  # but for one


def unit(values):
    """Bytes as floats from 0 to 1, with both ends."""
    return values.astype(np.float64) / 255


@pytest.mark.parametrize(
    ("array", "pixels", "said"),
    [
        (BYTES, BYTES[..., None], ""),
        (BYTES.tolist(), BYTES[..., None], ""),
        (BYTES[..., None], BYTES[..., None], ""),
        (BYTES.astype(np.int64), BYTES[..., None], ""),
        (BYTES.reshape(6, 784), BYTES[..., None], ", rows of 784 taken as 28 x 28"),
        (COLOUR, COLOUR, ""),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR, ", turned from (N, C, H, W)"),
        (BYTES[:, None], BYTES[..., None], ", turned from (N, C, H, W)"),
        (unit(COLOUR), COLOUR, ", numbers from 0 to 1 as brightness"),
        (unit(COLOUR).astype(np.float32), COLOUR, ", numbers from 0 to 1 as brightness"),
        (2 * unit(COLOUR) - 1, COLOUR, ", numbers from -1 to 1 as brightness"),
        (COLOUR.astype(np.float16), COLOUR, ", numbers from 0 to 255 as brightness"),
        (DARK.astype(np.float32), DARK, ", numbers from 0 to 255 as brightness"),
        (unit(DARK), DARK, ", numbers from 0 to 1 as brightness"),
        (COLOUR.astype(np.uint16) * 257, COLOUR, ", 16 bits scaled to 8"),
        (BYTES > 99, 255 * (BYTES > 99)[..., None], ", false and true as black and white"),
        ((BYTES > 99).astype(np.uint8), 255 * (BYTES > 99)[..., None], ", 0 and 1 as black and white"),
        ([Image.fromarray(one) for one in COLOUR], COLOUR, ""),
    ],
)
@pytest.mark.parametrize("at_once", [1, 4, 1024])
def test_what_an_array_means(array, pixels, said, at_once, monkeypatch):
    monkeypatch.setattr("tinygan.data.arrays.ROWS", at_once)  # the same, however many are worked on at once
    images = load(array)
    assert images.name == "array" and images.labels is None
    assert np.array_equal(images.pixels, pixels)
    size, kind = ("28 x 28", "grey") if pixels.shape[3] == 1 else ("32 x 32", "colour")
    assert images.describe() == f"6 pictures, {size}, {kind}{said}"


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (COLOUR[..., :2], r"shape \(6, 32, 32, 2\), not \(N, H, W, C\): C is 1, 3 or 4"),
        (np.zeros((6, 32, 32, 5)), "C is 1, 3 or 4"),
        (COLOUR.transpose(1, 2, 3, 0), r"looks like \(H, W, C, N\)"),
        (COLOUR[0], "one image"),
        (np.zeros((6, 3072)), "reshape its rows"),
        (np.zeros(7), r"\(N, H, W\)"),
        (np.zeros((1, 2, 3, 4, 5)), r"\(N, H, W\)"),
        (np.zeros((0, 28, 28)), "no images"),
        (np.full((6, 28, 28), np.nan), "not finite"),
        (RNG.standard_normal((6, 28, 28)), "give bytes from 0 to 255, or floats from 0 to 1"),
        (16 * RNG.random((6, 28, 28)), "run from .* to 16:"),  # scikit-learn's digits
        (np.full((6, 28, 28), 300), "run from 300 to 300"),
        (np.full((6, 28, 28), -1), "run from -1 to -1"),
        (np.ones((6, 28, 28), complex), "complex128"),
        (np.array(["a", "b"]), "give numbers"),
        ([np.zeros((3, 3)), np.zeros((2, 2))], "all must have one shape"),
    ],
)
def test_what_cannot_be_told(array, told):
    with pytest.raises(DataError, match=told) as caught:
        load(array)
    assert "\n" not in str(caught.value)


def test_opacity_is_laid_on_the_background():
    array = np.zeros((2, 8, 8, 4), np.uint8)
    array[..., 0] = 200  # red
    array[:, :4, :, 3] = 255
    array[:, 4:, :4, 3] = 51  # a fifth
    for background, behind in (("white", (255, 255, 255)), ("#0000ff", (0, 0, 255))):
        images = load(array, background=background)
        assert images.pixels[0, 0, 0].tolist() == [200, 0, 0]
        assert images.pixels[1, 7, 7].tolist() == list(behind)
        mixed = [round(0.2 * c + 0.8 * b) for c, b in zip((200, 0, 0), behind, strict=True)]
        assert images.pixels[1, 7, 0].tolist() == mixed
        assert images.notes == ("all pictures are the same",)


LABELS = [
    ([0, 1, 0, 2, 1, 0], [0, 1, 0, 2, 1, 0], "0 1 2"),
    ([5, 7, 5, 100, 7, 7], [0, 1, 0, 2, 1, 1], "5 7 100"),
    ([1.0, 2.0] * 3, [0, 1] * 3, "1 2"),
    (np.array([[3], [1]] * 3), [1, 0] * 3, "1 3"),
    (np.eye(3)[[0, 2, 2, 1, 0, 0]], [0, 2, 2, 1, 0, 0], "0 1 2"),
    (np.eye(2, dtype=bool)[[0, 1] * 3], [0, 1] * 3, "0 1"),
    (["dog", "cat"] * 3, [1, 0] * 3, "cat dog"),
    (["10", "9"] * 3, [1, 0] * 3, "9 10"),
    (np.array([b"b", b"a"] * 3), [1, 0] * 3, "a b"),
    (np.array(["b", 7] * 3, object), [1, 0] * 3, "7 b"),
    (np.array([2, 1] * 3, np.uint64), [1, 0] * 3, "1 2"),
    ([True, False] * 3, [1, 0] * 3, "0 1"),
]


@pytest.mark.parametrize(("labels", "numbers", "names"), LABELS)
def test_labels_are_numbered_and_keep_their_names(labels, numbers, names):
    images = load((BYTES, labels))
    assert images.labels.dtype == np.int64 and images.labels.tolist() == numbers
    assert images.class_names == tuple(names.split())


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([0, 1, -1, 0, 1, 1], "go down to -1"),
        ([0.5] * 6, "whole numbers, not 0.5"),
        ([np.nan] * 6, "whole numbers, not nan"),
        (np.full((6, 3), 1 / 3), "not one-hot"),
        (np.array(["a", None] * 3, object), "not None"),
        ([0, 1], r"6 images but labels of shape \(2,\)"),
        (np.zeros((6, 2, 2)), r"shape \(6, 2, 2\)"),
        (3, "one label for each image"),
        (np.array(["2020-01-01"] * 6, "M8[D]"), "datetime64"),
        ([[1], [1, 2]] * 3, "one label for each image"),
    ],
)
def test_labels_that_are_none(labels, told):
    with pytest.raises(DataError, match=told):
        load((BYTES, labels))


def test_what_keras_returns():
    pair = (BYTES, [0, 1] * 3), (BYTES[:2], [1, 1])
    assert len(load(pair)) == 6
    test = load(pair, split="test")
    assert np.array_equal(test.pixels[..., 0], BYTES[:2]) and test.class_names == ("1",)


def test_size_channels_and_crop():
    wide = np.zeros((2, 16, 32), np.uint8)
    wide[:, :, 8:24] = 100  # the middle is bright
    centre = load(wide, size=8)
    assert centre.pixels.shape == (2, 8, 8, 1) and (centre.pixels == 100).all()
    assert "shrunk from 32 x 16" in centre.describe()
    whole = load(wide, size=8, crop="fit", background="white")
    assert whole.pixels[0, :, 0, 0].tolist() == [255, 255, 0, 0, 0, 0, 255, 255]
    coloured = load(wide, size="8x16", channels=3)
    assert coloured.sample_shape == (8, 16, 3) and "8 high x 16 wide, colour" in coloured.describe()
    grey = load(np.full((2, 8, 8, 3), (200, 100, 50), np.uint8), channels=1)
    assert (grey.pixels == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()


def test_random_places_can_be_repeated():
    wide = np.broadcast_to(np.arange(64, dtype=np.uint8), (40, 16, 64)) * 4
    one, same, other = (load(wide, size=16, crop="random", seed=seed).pixels for seed in (0, 0, 1))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert len(set(one[:, 0, 0, 0].tolist())) > 10  # places differ from image to image


def test_enlarging_is_smooth_and_shrinking_averages():
    edge = np.zeros((1, 8, 8), np.uint8)
    edge[:, :, 4:] = 255
    row = load(edge, size=32).pixels[0, 16, :, 0]
    assert len(np.unique(row)) > 4
    board = (np.indices((32, 32)).sum(axis=0) % 2 * 254).astype(np.uint8)[None]
    assert (load(board, size=8).pixels == 127).all()


def test_images_are_taken_as_they_are_unless_a_size_is_given():
    images = Images("mine", np.zeros((2, 30, 30, 1), np.uint8), np.array([0, 1]), ("a", "b"))
    assert load(images) is images
    other = load(images, size=32)
    assert (other.name, other.sample_shape, other.class_names) == ("mine", (32, 32, 1), ("a", "b"))
    assert other.labels is images.labels


def test_two_columns_are_points():
    points = load(RNG.standard_normal((50, 2)))
    assert isinstance(points, Points) and points.sample_shape == (2,)
    assert isinstance(load((RNG.standard_normal((50, 2)), [0, 1] * 25)), Points)  # as make_moons returns it
