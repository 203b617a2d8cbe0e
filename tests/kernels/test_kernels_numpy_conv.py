"""Patches and spectrum over every window there is: random sizes, kernels, strides and paddings, no images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygan.autograd import Tensor, grad, ops
from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.window import AxisWindow, Window, conv_window
from tinygan.kernels import numpy_patches, numpy_spectrum

WAYS = {False: numpy_patches, True: numpy_spectrum}
ways = pytest.mark.parametrize("spectrum", [False, True], ids=["patches", "spectrum"])


@st.composite
def axes(draw):
    kernel, before, after = draw(st.integers(1, 5)), draw(st.integers(0, 3)), draw(st.integers(0, 3))
    size = draw(st.integers(max(1, kernel - before - after), 8))
    return AxisWindow(size, kernel, draw(st.integers(1, 3)), before, after)


def arrays(window, dtype, n=2, c=3, o=2, seed=0):
    rng = np.random.default_rng(seed)
    rows, cols = window.rows, window.cols
    x = rng.normal(size=(n, rows.size, cols.size, c)).astype(dtype)
    w = rng.normal(size=(rows.kernel, cols.kernel, c, o)).astype(dtype)
    return x, w, rng.normal(size=(n, rows.out, cols.out, o)).astype(dtype)


def compare(window, x, w, y, spectrum, tolerance):
    for actual, expected in (
        (WAYS[spectrum].conv(window, x, w), Conv2D(window).forward(np, x, w)),
        (WAYS[spectrum].conv_transpose(window, y, w), ConvTranspose2D(window).forward(np, y, w)),
        (WAYS[spectrum].conv_weight(window, x, y), ConvWeight(window).forward(np, x, y)),
    ):
        assert actual.shape == expected.shape and actual.dtype == expected.dtype
        scale = np.abs(expected).max(initial=1.0)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


@ways
@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=axes(), cols=axes())
def test_every_window(spectrum, rows, cols):
    window = Window(rows, cols)
    compare(window, *arrays(window, np.float64), spectrum, 1e-12)


@ways
def test_an_empty_batch(spectrum):
    window = conv_window("conv2d", (7, 5), (3, 2), 2, 1)
    compare(window, *arrays(window, np.float64, n=0), spectrum, 0)


def test_an_empty_batch_passes_through_the_ops():
    x, w = Tensor(np.zeros((0, 7, 5, 3)), requires_grad=True), Tensor(np.ones((3, 2, 3, 2)), requires_grad=True)
    gx, gw = grad((ops.conv2d(x, w, 2, 1) ** 2).sum(), [x, w])
    assert gx.shape == x.shape and not gw.data.any()
