"""Every NumPy kernel against its op's own `forward`, which is the definition."""

from __future__ import annotations

import numpy as np
import pytest
from cases import CONVOLUTIONS, KINKS

from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.kinks import Gate, LeakyReLU, ReLU
from tinygan.autograd.linear import MatMul
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Mean, Sum
from tinygan.autograd.shape import SumTo
from tinygan.autograd.window import conv_window, transposed_window
from tinygan.kernels import numpy_kernels, numpy_patches, numpy_spectrum
from tinygan.kernels.numpy_kernels import KERNELS, prefer_spectrum

WAYS = {False: numpy_patches, True: numpy_spectrum}
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-10}
DTYPES = pytest.mark.parametrize("dtype", list(TOLERANCE), ids=lambda t: t.__name__)

CASES = pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)


def check(found, expected, dtype):
    """Equal values to `dtype`'s tolerance, relative to the largest, and the same shape and dtype."""
    assert type(found) is np.ndarray and found.dtype == expected.dtype == dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * max(1, abs(expected).max(initial=0)))


def draw(rng, shape, dtype, contiguous=True):
    """Normal numbers; on request in an array whose every axis runs backwards or in steps."""
    if contiguous or not shape:
        return np.asarray(rng.standard_normal(shape), dtype=dtype)
    wide = rng.standard_normal([2 * n for n in reversed(shape)]).astype(dtype)
    return wide[(slice(None, None, -2),) * len(shape)].transpose()


def convolution(rng, case, dtype, contiguous=True):
    n, image, kernel, c, o, stride, padding = case
    window = conv_window("test", image, kernel, stride, padding)
    x = draw(rng, (n, *image, c), dtype, contiguous)
    w = draw(rng, (*kernel, c, o), dtype, contiguous)
    y = draw(rng, (n, window.rows.out, window.cols.out, o), dtype, contiguous)
    return window, x, w, y


@CASES
@DTYPES
@pytest.mark.parametrize("contiguous", [True, False], ids=["contiguous", "strided"])
@pytest.mark.parametrize("spectrum", [False, True], ids=["patches", "spectrum"])
def test_both_ways_of_convolving_are_the_sum_over_taps(rng, case, dtype, spectrum, contiguous):
    window, x, w, y = convolution(rng, case, dtype, contiguous)
    before = [a.copy() for a in (x, w, y)]
    check(WAYS[spectrum].conv(window, x, w), Conv2D(window).forward(np, x, w), dtype)
    check(WAYS[spectrum].conv_transpose(window, y, w), ConvTranspose2D(window).forward(np, y, w), dtype)
    check(WAYS[spectrum].conv_weight(window, x, y), ConvWeight(window).forward(np, x, y), dtype)
    for array, copy in zip((x, w, y), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@CASES
def test_the_kernels_of_the_three_convolutions(rng, case):
    window, x, w, y = convolution(rng, case, np.float64)
    for op, arrays in ((Conv2D, (x, w)), (ConvTranspose2D, (y, w)), (ConvWeight, (x, y))):
        check(KERNELS[op](op(window), np, *arrays), op(window).forward(np, *arrays), np.float64)


@pytest.mark.parametrize("chunk", [1, 100, 10**9])
def test_patches_do_not_depend_on_how_the_batch_is_cut(rng, monkeypatch, chunk):
    monkeypatch.setattr(numpy_patches, "CHUNK", chunk)
    window, x, w, y = convolution(rng, (5, (7, 6), (3, 3), 2, 3, 2, "same"), np.float64)
    check(numpy_patches.conv(window, x, w), Conv2D(window).forward(np, x, w), np.float64)
    check(numpy_patches.conv_transpose(window, y, w), ConvTranspose2D(window).forward(np, y, w), np.float64)
    check(numpy_patches.conv_weight(window, x, y), ConvWeight(window).forward(np, x, y), np.float64)


def test_the_result_of_one_convolution_outlives_the_next(rng):
    for way in WAYS.values():
        window, x, w, y = convolution(rng, CONVOLUTIONS[1], np.float32)
        for function, first, second in (
            (way.conv, (x, w), (2 * x, w)),
            (way.conv_transpose, (y, w), (2 * y, w)),
            (way.conv_weight, (x, y), (2 * x, y)),
        ):
            kept = function(window, *first)
            copy = kept.copy()
            function(window, *second)
            np.testing.assert_array_equal(kept, copy)


def test_a_kernel_changed_in_place_has_a_new_spectrum(rng):
    window, x, w, _ = convolution(rng, CONVOLUTIONS[1], np.float64)
    numpy_spectrum.conv(window, x, w)
    w[0, 0, 0, 0] += 1
    check(numpy_spectrum.conv(window, x, w), Conv2D(window).forward(np, x, w), np.float64)


def test_equal_kernels_of_another_precision_have_another_spectrum(rng):
    window, x, _, _ = convolution(rng, CONVOLUTIONS[1], np.float64)
    w = np.ones((5, 5, 2, 5))
    numpy_spectrum.conv(window, x.astype(np.float32), w.astype(np.float32))
    check(numpy_spectrum.conv(window, x, w), Conv2D(window).forward(np, x, w), np.float64)


def test_whole_numbers_take_patches(rng, monkeypatch):
    """A spectrum of whole numbers would be none."""
    monkeypatch.setattr(numpy_kernels, "prefer_spectrum", lambda *_: True)
    window = conv_window("test", (7, 7), (5, 5), 1, "same")
    x, w, y = (rng.integers(-3, 4, shape) for shape in ((2, 7, 7, 3), (5, 5, 3, 2), (2, 7, 7, 2)))
    for op, inputs in ((Conv2D(window), (x, w)), (ConvTranspose2D(window), (y, w)), (ConvWeight(window), (x, y))):
        np.testing.assert_array_equal(KERNELS[type(op)](op, np, *inputs), op.forward(np, *inputs))
    np.testing.assert_array_equal(KERNELS[LeakyReLU](LeakyReLU(0.5), np, x), LeakyReLU(0.5).forward(np, x))


def test_output_padding_reaches_the_kernels(rng):
    window = transposed_window("test", (3, 4), (3, 3), 2, 1, 1)
    y, w = draw(rng, (2, 3, 4, 5), np.float64), draw(rng, (3, 3, 2, 5), np.float64)
    for spectrum in (False, True):
        check(WAYS[spectrum].conv_transpose(window, y, w), ConvTranspose2D(window).forward(np, y, w), np.float64)


@pytest.mark.parametrize(
    ("image", "k", "stride", "n", "c", "o", "spectrum"),
    [
        (7, 5, 1, 64, 128, 256, True),  # DCGAN's widest layer
        (14, 5, 2, 64, 64, 128, True),
        (28, 5, 2, 64, 1, 64, False),  # one channel: nothing to share the transforms between
        (7, 1, 1, 64, 128, 256, False),  # one tap: nothing to save
        (7, 5, 1, 1, 128, 256, False),  # one image: w's transform does not pay
        (64, 5, 2, 64, 64, 128, False),  # large images: the transform is too long
    ],
)
def test_the_choice_of_the_way(image, k, stride, n, c, o, spectrum):
    window = conv_window("test", (image, image), (k, k), stride, "same")
    assert prefer_spectrum(window, n, c, o) is spectrum


def test_the_spectrum_is_as_exact_as_the_sum_over_taps(rng):
    """In float32, both against float64: the error of DCGAN's widest layer is within three times the sum's."""
    window, x, w, _ = convolution(rng, (4, (7, 7), (5, 5), 128, 32, 1, "same"), np.float32)
    exact = Conv2D(window).forward(np, x.astype(np.float64), w.astype(np.float64))
    of_sum = abs(Conv2D(window).forward(np, x, w) - exact).max()
    assert abs(numpy_spectrum.conv(window, x, w) - exact).max() < 3 * of_sum


@DTYPES
@pytest.mark.parametrize("shape", [(), (5,), (3, 7), (2, 3, 5, 7), (1000, 131)], ids=str)
@pytest.mark.parametrize(
    "op",
    KINKS,
    ids=lambda op: f"{op.name}{tuple(op.__dict__.values())}",
)
def test_piecewise_linear_kernels(rng, op, shape, dtype):
    for x in (draw(rng, shape, dtype), draw(rng, shape, dtype, contiguous=False)):
        x[...] = np.where(abs(x) < 0.3, 0, x)  # some exact zeros
        inputs = (draw(rng, shape, dtype), x) if isinstance(op, Gate) else (x,)
        before = [a.copy() for a in inputs]
        check(np.asarray(KERNELS[type(op)](op, np, *inputs)), np.asarray(op.forward(np, *inputs)), dtype)
        np.testing.assert_equal(list(inputs), before)
        for i in range(len(inputs)):  # over any of the inputs, as a step that is played back does
            again = [a.copy() for a in inputs]
            assert KERNELS[type(op)](op, np, *again, out=again[i]) is again[i]
            np.testing.assert_array_equal(again[i], KERNELS[type(op)](op, np, *inputs))


@pytest.mark.filterwarnings("ignore:invalid value")  # the definition of slope 0 multiplies 0 by infinity
@pytest.mark.parametrize(
    "op", [ReLU(), LeakyReLU(0.2), LeakyReLU(0.0), Gate(0.2, 1.0), Gate(0.0, 1.0)], ids=lambda op: f"{op.name}"
)
def test_piecewise_linear_kernels_at_the_ends_of_the_line(op):
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], dtype=np.float32)
    inputs = (np.ones_like(x), x) if isinstance(op, Gate) else (x,)
    np.testing.assert_array_equal(KERNELS[type(op)](op, np, *inputs), op.forward(np, *inputs))


@DTYPES
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((50, 7), (0,)),
        ((5, 3, 2, 7), (0, 1, 2)),
        ((5, 3, 7), (1, 0)),
        ((5, 3, 7), (0, 2)),
        ((5, 3), (0, 1)),
        ((5, 3), (1,)),
        ((0, 3), (1,)),
        ((3, 5), ()),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [Sum, Mean])
@pytest.mark.parametrize("keepdims", [False, True], ids=["", "keepdims"])
def test_sums(rng, kind, shape, axes, keepdims, dtype):
    op = kind(axes, keepdims)
    for x in (draw(rng, shape, dtype), draw(rng, shape, dtype, contiguous=False)):
        check(np.asarray(KERNELS[kind](op, np, x)), np.asarray(op.forward(np, x)), dtype)


@DTYPES
@pytest.mark.parametrize(
    ("left", "right"), [((5, 1), (1, 7)), ((5, 3), (3, 7)), ((2, 5, 1), (1, 7)), ((3, 1), (2, 1, 5))]
)
def test_matmul(rng, left, right, dtype):
    a, b = draw(rng, left, dtype), draw(rng, right, dtype, contiguous=False)
    check(KERNELS[MatMul](MatMul(), np, a, b), MatMul().forward(np, a, b), dtype)


@DTYPES
@pytest.mark.parametrize("rows", [1, 2, 16, 32, 33, 64, 65])
def test_matmul_of_a_few_rows_with_a_transposed_matrix(rng, rows, dtype):
    a, w = draw(rng, (rows, 210), dtype), draw(rng, (190, 210), dtype)
    y = KERNELS[MatMul](MatMul(), np, a, w.T)
    check(y, MatMul().forward(np, a, w.T), dtype)
    assert y.flags.c_contiguous


def test_sums_of_integers_stay_integers():
    x = np.arange(12).reshape(4, 3)
    found = KERNELS[Sum](Sum((0,), False), np, x)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, [18, 22, 26])


@DTYPES
@pytest.mark.parametrize(
    ("shape", "to"),
    [
        ((50, 7), (7,)),
        ((5, 3, 2, 7), (7,)),
        ((5, 3, 7), (3, 7)),
        ((5, 3, 7), (1, 7)),
        ((5, 3, 7), (5, 1, 7)),
        ((5, 3), ()),
        ((5, 3), (1, 1)),
    ],
    ids=str,
)
def test_sum_to(rng, shape, to, dtype):
    op = SumTo(to)
    for x in (draw(rng, shape, dtype), draw(rng, shape, dtype, contiguous=False), np.broadcast_to(dtype(2), shape)):
        check(np.asarray(KERNELS[SumTo](op, np, x)), np.asarray(op.forward(np, x)), dtype)


def test_column_sums_in_float32_are_as_good_as_numpys(rng):
    x = rng.uniform(0, 1, (100_000, 4)).astype(np.float32)
    found = KERNELS[Sum](Sum((0,), False), np, x)
    np.testing.assert_allclose(found, x.sum(axis=0, dtype=np.float64), rtol=1e-5)


@DTYPES
@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 5, 7), (2, 1)], ids=str)
def test_batch_norm(rng, shape, dtype):
    c = shape[-1]
    for contiguous in (True, False):
        x = 3 + 2 * draw(rng, shape, dtype, contiguous)
        gamma, beta = draw(rng, (c,), dtype, contiguous), draw(rng, (c,), dtype, contiguous)
        before = x.copy()
        op, plain = BatchNorm(1e-5), BatchNorm(1e-5)
        check(KERNELS[BatchNorm](op, np, x, gamma, beta), plain.forward(np, x, gamma, beta), dtype)
        check(op.mean, plain.mean, dtype)
        check(op.var, plain.var, dtype)
        np.testing.assert_array_equal(x, before)
