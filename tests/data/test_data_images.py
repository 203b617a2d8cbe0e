import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ],
)
def test_malformed_sets_are_refused(pixels, labels, told):
    with pytest.raises(DataError, match=told):
        Images("some", pixels, labels)


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
