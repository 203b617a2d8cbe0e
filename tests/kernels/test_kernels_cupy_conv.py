"""Patches and fold, their own text compiled for the CPU, over every window there is."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standin import COMPILER, FakeCupy, kernels

from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.window import AxisWindow, Window, conv_window, transposed_window
from tinygan.backend import CupyBackend, using_backend
from tinygan.kernels import cupy_conv

pytestmark = pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
DTYPES = pytest.mark.parametrize("dtype", list(TOLERANCE), ids=lambda t: t.__name__)

CONVOLUTIONS = [*cases.CONVOLUTIONS, (0, (7, 5), (3, 2), 2, 3, 2, 1)]  # the last: no images


def draw(rng, shape, dtype, contiguous=True):
    """Normal numbers on the stand-in; on request in an array whose every axis runs backwards or in steps."""
    if contiguous:
        return kernels.ndarray(rng.standard_normal(shape).astype(dtype))
    wide = rng.standard_normal([2 * n for n in reversed(shape)]).astype(dtype)
    return kernels.ndarray(wide[(slice(None, None, -2),) * len(shape)].transpose())


def arrays(rng, window, dtype, n=2, c=3, o=2, contiguous=True):
    rows, cols = window.rows, window.cols
    x = draw(rng, (n, rows.size, cols.size, c), dtype, contiguous)
    w = draw(rng, (rows.kernel, cols.kernel, c, o), dtype, contiguous)
    return x, w, draw(rng, (n, rows.out, cols.out, o), dtype, contiguous)


def compare(window, x, w, y):
    """All three, as the backend finds them, against the sum over taps; the inputs stay as they were."""
    before = [a._host.copy() for a in (x, w, y)]
    with using_backend(CupyBackend(FakeCupy())) as backend:
        for kind, given_ in ((Conv2D, (x, w)), (ConvTranspose2D, (y, w)), (ConvWeight, (x, y))):
            found = backend.kernels[kind](kind(window), backend.xp, *given_)._host
            expected = kind(window).forward(backend.xp, *given_)._host
            assert found.shape == expected.shape and found.dtype == expected.dtype
            scale = np.abs(expected).max(initial=1.0)
            np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[expected.dtype.type] * scale)
        assert backend.xp.syncs == 0
    for array, copy in zip((x, w, y), before, strict=True):
        np.testing.assert_array_equal(array._host, copy)


@DTYPES
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_the_three_convolutions_are_the_sum_over_taps(rng, case, dtype):
    n, image, kernel, c, o, stride, padding = case
    window = conv_window("test", image, kernel, stride, padding)
    for contiguous in (True, False):
        compare(window, *arrays(rng, window, dtype, n, c, o, contiguous))


@st.composite
def axes(draw):
    kernel, before, after = draw(st.integers(1, 5)), draw(st.integers(0, 3)), draw(st.integers(0, 3))
    size = draw(st.integers(max(1, kernel - before - after), 8))
    return AxisWindow(size, kernel, draw(st.integers(1, 3)), before, after)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=axes(), cols=axes())
def test_every_window(rows, cols):
    window = Window(rows, cols)
    compare(window, *arrays(np.random.default_rng(0), window, np.float64))


def test_output_padding_reaches_the_kernels(rng):
    window = transposed_window("test", (3, 4), (3, 3), 2, 1, 1)
    compare(window, *arrays(rng, window, np.float64))


@pytest.mark.parametrize("chunk", [1, 500, 1 << 28])
def test_the_result_does_not_depend_on_how_the_batch_is_cut(rng, monkeypatch, chunk):
    monkeypatch.setattr(cupy_conv, "CHUNK", chunk)
    window = conv_window("test", (7, 6), (3, 3), 2, "same")
    assert len(list(cupy_conv._chunks(window, (5, 7, 6, 3)))) == {1: 5, 500: 5, 1 << 28: 1}[chunk]
    compare(window, *arrays(rng, window, np.float64, n=5))


def test_a_chunk_holds_no_more_than_it_may():
    """Also where patches are smaller than the image, as with one tap at stride 3."""
    for image, k, stride in ((28, 5, 2), (28, 1, 3)):
        window = conv_window("test", (image, image), (k, k), stride, 0)
        (first, *_) = cupy_conv._chunks(window, (10**6, image, image, 64))
        patches = window.rows.out**2 * k * k * 64
        assert (first.stop + 1) * max(patches, image * image * 64) > cupy_conv.CHUNK
        assert first.stop * max(patches, image * image * 64) <= cupy_conv.CHUNK < 2**31


def test_launches_and_the_order_of_threads(rng, monkeypatch):
    """Two launches for each; and no thread depends on another, so that the order of all gives the same bits."""
    window = conv_window("test", (14, 14), (5, 5), 2, "same")
    x, w, y = arrays(rng, window, np.float32)
    xp = FakeCupy()
    for function, given_ in (
        (cupy_conv.conv, (x, w)),
        (cupy_conv.conv_transpose, (y, w)),
        (cupy_conv.conv_weight, (x, y)),
    ):
        before = xp.launches
        found = function(xp, window, *given_)
        assert xp.launches - before == 2
        monkeypatch.setattr(kernels, "backwards", True)
        again = function(xp, window, *given_)
        monkeypatch.setattr(kernels, "backwards", False)
        np.testing.assert_array_equal(found._host, again._host)


def test_integers_take_the_definition():
    window = conv_window("test", (3, 3), (2, 2), 1, 0)
    x, w = kernels.ndarray(np.arange(9).reshape(1, 3, 3, 1)), kernels.ndarray(np.ones((2, 2, 1, 1), dtype=np.int64))
    backend = CupyBackend(FakeCupy())
    found = backend.kernels[Conv2D](Conv2D(window), backend.xp, x, w)
    assert found.dtype == np.int64 and found._host.ravel().tolist() == [8, 12, 20, 24]
