"""Properties that hold for every shape: adjoints, and convolution against a loop over pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_table import conv_loop, conv_transpose_loop

from tinygan.autograd import Tensor, grad, ops
from tinygan.autograd.conv import ConvWeight
from tinygan.autograd.index import PutItem
from tinygan.autograd.window import conv_window
from tinygan.testing import gradcheck

quick = settings(max_examples=60, deadline=None, derandomize=True)
lengths = st.integers(1, 4)


def normal(seed, shape):
    return np.random.default_rng(seed).normal(size=shape)


def inner(a, b):
    """<a, b>, the sum of all products."""
    return float((np.asarray(a) * np.asarray(b)).sum())


def same_number(a, b):
    assert a == pytest.approx(b, rel=1e-10, abs=1e-10)


@quick
@given(shape=st.lists(lengths, max_size=4), data=st.data())
def test_sum_to_is_the_adjoint_of_broadcast_to(shape, data):
    """<broadcast_to(a), b> = <a, sum_to(b)> for every shape `a` may have."""
    drop = data.draw(st.integers(0, len(shape)))
    small = tuple(n if data.draw(st.booleans()) else 1 for n in shape[drop:])
    a, b = normal(1, small), normal(2, tuple(shape))
    same_number(inner(ops.broadcast_to(Tensor(a), shape).data, b), inner(a, ops.sum_to(Tensor(b), small).data))


@quick
@given(shape=st.lists(lengths, min_size=1, max_size=3), data=st.data())
def test_gradients_of_broadcast_sums_have_the_inputs_shapes(shape, data):
    """d/da of <a * b, c> is b * c, summed where a was repeated."""
    small = tuple(n if data.draw(st.booleans()) else 1 for n in shape)
    a, b, c = Tensor(normal(1, small), requires_grad=True), normal(2, shape), normal(3, shape)
    (ga,) = grad((a * b * c).sum(), [a])
    axes = tuple(i for i, n in enumerate(small) if n == 1)
    np.testing.assert_allclose(ga.data, (b * c).sum(axes, keepdims=True), rtol=1e-12, atol=1e-12)


@quick
@given(rows=st.integers(1, 5), picks=st.lists(st.integers(-1, 0), min_size=1, max_size=7), step=st.integers(1, 3))
def test_the_gradient_of_an_index_is_its_adjoint(rows, picks, step):
    a = Tensor(normal(1, (rows, 3)), requires_grad=True)
    for index in (np.array(picks), slice(None, None, step), (..., slice(None, None, -1)), (None, np.array(picks), 1)):
        y = a[index]
        b = normal(2, y.shape)
        (ga,) = grad(y, [a], gy=b)
        same_number(inner(y.data, b), inner(a.data, ga.data))


sides = st.tuples(st.integers(0, 3), st.integers(0, 3))
convolutions = {
    "size": st.tuples(st.integers(1, 7), st.integers(1, 7)),
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
    "stride": st.integers(1, 3),
    "padding": st.one_of(st.integers(0, 3), st.just("same"), st.tuples(sides, sides)),
}


def fits(size, kernel, padding):
    if padding == "same":
        return True
    pads = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    return all(n + sum(p) >= k for n, p, k in zip(size, pads, kernel, strict=True))


@quick
@given(**convolutions)
def test_convolution_is_the_loop_and_so_are_its_gradients(size, kernel, stride, padding):
    """<conv(a, w), b> is linear in a and in w: its value is <a, ga> and <w, gw>."""
    a, w = Tensor(normal(1, (2, *size, 2)), requires_grad=True), Tensor(normal(2, (*kernel, 2, 3)), requires_grad=True)
    if not fits(size, kernel, padding):
        with pytest.raises(ValueError, match="does not fit"):
            ops.conv2d(a, w, stride, padding)
        return
    y = ops.conv2d(a, w, stride, padding)
    expected = conv_loop(a.data, w.data, stride, padding)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-12)
    b = normal(3, y.shape)
    ga, gw = grad(y, [a, w], gy=b)
    same_number(inner(y.data, b), inner(a.data, ga.data))
    same_number(inner(y.data, b), inner(w.data, gw.data))


@quick
@given(**convolutions, extra=st.integers(0, 2))
def test_transposed_convolution_is_the_loop_and_the_adjoint(size, kernel, stride, padding, extra):
    """<conv2d(a, w), b> = <a, conv_transpose2d(b, w)>, for a of the size that comes out."""
    extra = 0 if padding == "same" else extra % stride
    b, w = normal(1, (2, *size, 3)), normal(2, (*kernel, 2, 3))
    try:
        x = ops.conv_transpose2d(b, w, stride, padding, extra)
    except ValueError as error:
        assert "leaves nothing" in str(error) or "does not fit" in str(error)
        assert padding != "same"
        return
    expected = conv_transpose_loop(b, w, stride, padding, extra)
    assert x.shape == expected.shape
    np.testing.assert_allclose(x.data, expected, rtol=1e-10, atol=1e-12)
    a = normal(3, x.shape)
    y = ops.conv2d(a, w, stride, padding)
    assert y.shape == b.shape
    same_number(inner(y.data, b), inner(a, x.data))


def test_28_to_14_and_back():
    """Kernel 3, stride 2, padding 1 leaves a row over: output_padding says that it was 28, not 27."""
    x, w = Tensor(normal(1, (2, 28, 28, 3))), Tensor(normal(2, (3, 3, 3, 5)))
    y = ops.conv2d(x, w, stride=2, padding=1)
    assert y.shape == (2, 14, 14, 5)
    assert ops.conv_transpose2d(y, w, stride=2, padding=1).shape == (2, 27, 27, 3)
    back = ops.conv_transpose2d(y, w, stride=2, padding=1, output_padding=1)
    assert back.shape == (2, 28, 28, 3)
    same_number(inner(y.data, y.data), inner(x.data, back.data))


@pytest.mark.parametrize("size, stride, out", [(28, 2, 14), (14, 2, 7), (7, 2, 4), (7, 1, 7), (5, 3, 2)])
@pytest.mark.parametrize("kernel", [1, 2, 4, 5])
def test_same_padding_divides_the_size_rounding_up(size, stride, out, kernel):
    x, w = Tensor(np.ones((1, size, size, 1))), Tensor(np.ones((kernel, kernel, 1, 1)))
    assert ops.conv2d(x, w, stride, "same").shape == (1, out, out, 1)


def test_same_padding_puts_the_odd_pixel_at_the_end():
    """TensorFlow's rule: with kernel 2 the last output, not the first, reaches over the border."""
    y = ops.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), padding="same")
    np.testing.assert_array_equal(y.data[0, :, :, 0], [[4, 4, 2], [4, 4, 2], [2, 2, 1]])


def test_same_transposed_gives_size_times_stride():
    for kernel in (1, 2, 4, 5):
        y = ops.conv_transpose2d(np.ones((1, 7, 5, 2)), np.ones((kernel, kernel, 3, 2)), 2, "same")
        assert y.shape == (1, 14, 10, 3)


def test_the_gradients_of_convolution_can_be_differentiated_again():
    """The weight gradient's gradient with respect to the images: cross terms of a gradient penalty."""
    a, w = Tensor(normal(1, (1, 5, 3, 2)), requires_grad=True), Tensor(normal(2, (3, 2, 2, 3)), requires_grad=True)
    y = (ops.conv2d(a, w, 2, 1) ** 2).sum()
    ga, gw = grad(y, [a, w], create_graph=True)
    u, v = normal(3, a.shape), normal(4, w.shape)
    (d_ga,) = grad((gw * v).sum(), [a], create_graph=True)  # d/da of <gw, v>, along u
    (d_gw,) = grad((ga * u).sum(), [w])  # d/dw of <ga, u>, along v: the same mixed derivative
    same_number(inner(d_ga.data, u), inner(d_gw.data, v))


def test_the_ops_behind_the_gradients_can_be_differentiated_twice_themselves():
    """They are ops like any other, which third derivatives reach."""
    window = conv_window("conv2d", (5, 3), (3, 2), 2, 1)
    images, outputs = normal(1, (2, 5, 3, 2)), normal(2, (2, window.rows.out, window.cols.out, 3))
    gradcheck(lambda x, y: ConvWeight(window)(x, y), images, outputs, order=2).raise_if_failed()
    gradcheck(lambda x: PutItem(np.array([1, 1, 0]), (2, 3))(x) ** 2, normal(1, (3, 3)), order=2).raise_if_failed()
