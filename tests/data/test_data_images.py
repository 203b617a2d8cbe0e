import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.data import DataError, Images, from_range, to_range

PIXELS = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5, 1)


def test_length_and_shape():
    images = Images("some", PIXELS, np.array([0, 1]))
    assert len(images) == 2
    assert images.sample_shape == (3, 5, 1)


@pytest.mark.parametrize(
    ("pixels", "labels", "told"),
    [
        (PIXELS.astype(np.float32), None, "uint8"),
        (PIXELS[..., 0], None, r"\(N, H, W, C\)"),
        (PIXELS[:0], None, "no images"),
        (PIXELS, np.array([0, 1, 2]), "2 images but 3 labels"),
        (PIXELS, np.array([0.0, 1.0]), "int64"),
        (PIXELS, np.array([[0], [1]]), "int64"),
        (PIXELS, np.array([0, -1]), "go down to -1"),
        (np.zeros((5, 3, 32, 32), np.uint8), None, r"look like \(N, C, H, W\)"),
        (np.zeros((5, 32, 32, 4), np.uint8), None, "C is 1 or 3"),
    ],
)
def test_malformed_sets_are_refused(pixels, labels, told):
    with pytest.raises(DataError, match=told):
        Images("some", pixels, labels)


def test_names_of_classes_must_reach():
    assert Images("some", PIXELS, np.array([0, 1]), ["cat", "dog"]).class_names == ("cat", "dog")
    for labels in (np.array([0, 2]), None):
        with pytest.raises(DataError, match="2 names of classes"):
            Images("some", PIXELS, labels, ("cat", "dog"))


def test_one_line_says_what_there_is():
    plain = Images("some", PIXELS, said=("2 enlarged",))
    assert plain.describe() == "2 pictures, 3 high x 5 wide, grey, 2 enlarged"
    many = Images("many", np.zeros((20, 8, 8, 3), np.uint8), np.arange(20) % 10)
    assert many.describe() == "20 pictures, 8 x 8, colour, 10 classes (0, 1, ... 9, 2 pictures each)"
    uneven = Images("many", np.zeros((20, 8, 8, 3), np.uint8), np.maximum(np.arange(20) - 10, 0), tuple("abcdefghij"))
    assert uneven.describe().endswith("10 classes (a, b, ... j, 1 to 11 pictures each)")
    odd = Images("odd", PIXELS, np.array([0, 0]), ("a\nb", "x" * 100))
    assert odd.describe().endswith("2 classes (a\\nb 2, xxxxxxxxxxxx...xxxxxxxxxxxx 0)")


def test_the_fingerprint_tells_any_change():
    labels = np.array([0, 1])
    base = Images("some", PIXELS, labels)
    changed = PIXELS.copy()
    changed[1, 2, 4, 0] += 1
    others = [
        Images("some", changed, labels),
        Images("some", PIXELS, labels[::-1].copy()),
        Images("some", PIXELS),
        Images("some", PIXELS.reshape(2, 5, 3, 1), labels),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert base.fingerprint == Images("other", PIXELS.copy(), labels.copy()).fingerprint
    assert Images("some", np.asfortranarray(PIXELS), labels).fingerprint == base.fingerprint


def test_ends_of_the_range_are_exact():
    ends = np.array([0, 255], np.uint8)
    assert to_range(ends, -1.0, 1.0).tolist() == [-1.0, 1.0]
    assert to_range(ends, 0.0, 1.0).tolist() == [0.0, 1.0]


@given(low=st.floats(-10, 10), width=st.floats(0.01, 10))
def test_range_is_the_formula_and_comes_back(low, width):
    high = low + width
    pixels = np.arange(256, dtype=np.uint8)
    scaled = to_range(pixels, low, high)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, low + width * (pixels / 255), atol=1e-5)
    assert scaled.min() >= np.float32(low) and scaled.max() <= np.float32(high)
    back = from_range(scaled.astype(np.float64), low, high)
    assert np.array_equal((255 * back).round(), pixels)


def test_from_range_clips_and_keeps_the_type():
    out = from_range(np.array([-3.0, -1.0, 0.0, 1.0, 7.0], np.float32), -1.0, 1.0)
    assert out.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert out.dtype == np.float32


def test_wrong_ranges_and_types_are_refused():
    with pytest.raises(DataError, match="upwards"):
        to_range(PIXELS, 1.0, -1.0)
    with pytest.raises(DataError, match="upwards"):
        from_range(PIXELS / 255, 0.0, 0.0)
    with pytest.raises(DataError, match="uint8"):
        to_range(PIXELS / 255, 0.0, 1.0)
