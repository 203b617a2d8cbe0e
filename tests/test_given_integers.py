"""One table for every argument of ops and layers that is a whole number, or several: NumPy's are taken as Python's are,
and what is none is refused in a sentence of the library's own.

A float would be cut off, True would count as 1, and a tuple of the wrong depth fails somewhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_given import refusal

import tinygan as tg
from tinygan import nn, ops
from tinygan.given import MOST, whole_pairs, whole_tuple

images = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2)
steps = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
kernel, kernel1 = np.ones((2, 2, 2, 2), np.float32), np.ones((2, 2, 2), np.float32)
x = tg.Tensor(np.arange(4, dtype=np.float32).reshape(2, 2))
zeros = nn.init.zeros()

NO_NUMBERS = (1.5, 1.0, np.float32(1), True, np.bool_(True), math.nan, "1", b"1", 1j, [1], (1, 1), ((1,),), np.ones(2))
COUNTS: dict[str, Callable[[Any], Any]] = {  # whole numbers from 1 on
    "conv1d stride": lambda v: ops.conv1d(steps, kernel1, v),
    "conv2d stride": lambda v: ops.conv2d(images, kernel, v),
    "conv_transpose2d stride": lambda v: ops.conv_transpose2d(images, kernel, v),
    "max_pool2d": lambda v: ops.max_pool2d(images, v),
    "avg_pool2d stride": lambda v: ops.avg_pool2d(images, 2, v),
    "upsample2d": lambda v: ops.upsample2d(images, v),
    "one_hot": lambda v: ops.one_hot([0], v),
    "Conv1D in": lambda v: nn.Conv1D(v, 2, 3, init=zeros),
    "Conv1D out": lambda v: nn.Conv1D(2, v, 3, init=zeros),
    "Conv1D kernel": lambda v: nn.Conv1D(2, 2, v, init=zeros),
    "Conv1D stride": lambda v: nn.Conv1D(2, 2, 3, v, init=zeros),
    "Conv2D in": lambda v: nn.Conv2D(v, 2, 3, init=zeros),
    "Conv2D out": lambda v: nn.Conv2D(2, v, 3, init=zeros),
    "Conv2D kernel": lambda v: nn.Conv2D(2, 2, v, init=zeros),
    "Conv2D stride": lambda v: nn.Conv2D(2, 2, 3, v, init=zeros),
    "ConvTranspose2D in": lambda v: nn.ConvTranspose2D(v, 2, 3, init=zeros),
    "ConvTranspose2D out": lambda v: nn.ConvTranspose2D(2, v, 3, init=zeros),
    "ConvTranspose2D kernel": lambda v: nn.ConvTranspose2D(2, 2, v, init=zeros),
    "ConvTranspose2D stride": lambda v: nn.ConvTranspose2D(2, 2, 3, v, init=zeros),
    "Dense in": lambda v: nn.Dense(v, 2, init=zeros),
    "Dense out": lambda v: nn.Dense(2, v, init=zeros),
    "Maxout": lambda v: nn.Maxout(2, 2, v, init=zeros),
    "Embedding": lambda v: nn.Embedding(v, 2, init=zeros),
    "Embedding features": lambda v: nn.Embedding(2, v, init=zeros),
    "BatchNorm": lambda v: nn.BatchNorm(v),
    "ConditionalBatchNorm classes": lambda v: nn.ConditionalBatchNorm(2, v),
    "LayerNorm": lambda v: nn.LayerNorm(v),
    "GroupNorm groups": lambda v: nn.GroupNorm(v, 4),
    "GroupNorm features": lambda v: nn.GroupNorm(1, v),
    "InstanceNorm": lambda v: nn.InstanceNorm(v, affine=True),
    "SelfAttention": lambda v: nn.SelfAttention(v, init=zeros),
    "SelfAttention inner": lambda v: nn.SelfAttention(2, v, init=zeros),
    "UpSample2D": lambda v: nn.UpSample2D(v),
    "MaxPool2D": lambda v: nn.MaxPool2D(v),
    "AvgPool2D stride": lambda v: nn.AvgPool2D(2, v),
}
WIDTHS: dict[str, Callable[[Any], Any]] = {  # from 0 on
    "conv1d": lambda v: ops.conv1d(steps, kernel1, 1, v),
    "conv1d pair": lambda v: ops.conv1d(steps, kernel1, 1, (v, 0)),
    "conv2d": lambda v: ops.conv2d(images, kernel, 1, v),
    "conv2d pairs": lambda v: ops.conv2d(images, kernel, 1, ((0, 0), (v, 0))),
    "conv_transpose2d": lambda v: ops.conv_transpose2d(images, kernel, 1, v),
    "conv_transpose2d pairs": lambda v: ops.conv_transpose2d(images, kernel, 1, ((0, v), (0, 0))),
    "conv_transpose2d output_padding": lambda v: ops.conv_transpose2d(images, kernel, 2, 0, v),
    "Conv1D": lambda v: nn.Conv1D(2, 2, 3, 1, v, init=zeros)(steps),
    "Conv1D pair": lambda v: nn.Conv1D(2, 2, 3, 1, [0, v], init=zeros)(steps),
    "Conv2D": lambda v: nn.Conv2D(2, 2, 3, 1, v, init=zeros)(images),
    "Conv2D pairs": lambda v: nn.Conv2D(2, 2, 3, 1, [[v, 0], [0, 0]], init=zeros)(images),
    "ConvTranspose2D": lambda v: nn.ConvTranspose2D(2, 2, 3, 1, v, init=zeros)(images),
    "ConvTranspose2D pairs": lambda v: nn.ConvTranspose2D(2, 2, 3, 1, ((0, 0), (0, v)), init=zeros)(images),
    "ConvTranspose2D output_padding": lambda v: nn.ConvTranspose2D(2, 2, 3, 2, 0, v, init=zeros)(images),
    "pad": lambda v: ops.pad(x, v),
    "pad pairs": lambda v: ops.pad(x, ((0, v), (0, 0))),
    "broadcast_to": lambda v: ops.broadcast_to(x, (v, 2, 2)),
    "sum_to": lambda v: ops.sum_to(x, (v, 2)),
}
LENGTHS: dict[str, Callable[[Any], Any]] = {  # from -1 on, which stands for what is left
    "reshape": lambda v: ops.reshape(x, (v, 2, 2)),
    "Reshape": lambda v: nn.Reshape((v, 2))(x),
    "Tensor.reshape": lambda v: x.reshape(2, v, 2),
}
AXES: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda v: ops.softmax(x, v),
    "log_softmax": lambda v: ops.log_softmax(x, v),
    "straight_through": lambda v: ops.straight_through(x, v),
    "gumbel_softmax": lambda v: ops.gumbel_softmax(x, axis=v, rng=np.random.default_rng(0)),
    "concatenate": lambda v: ops.concatenate([x, x], v),
    "stack": lambda v: ops.stack([x, x], v),
    "sum": lambda v: ops.sum(x, v),
    "mean": lambda v: ops.mean(x, v),
    "var": lambda v: ops.var(x, v),
    "max": lambda v: ops.max(x, v),
    "min of several": lambda v: ops.min(x, (v,)),
    "transpose": lambda v: ops.transpose(x, (v, 0)),
    "Tensor.transpose": lambda v: x.transpose(v, 0),
    "Softmax": lambda v: nn.Softmax(v)(x),
}
SEVERAL = {"sum", "mean", "var", "max", "softmax", "log_softmax"}  # which take sequences of axes
TABLES = {"count": (COUNTS, 0), "width": (WIDTHS, -1), "length": (LENGTHS, -2), "axis": (AXES, -4)}
ROWS = [(kind, name) for kind, (table, _) in TABLES.items() for name in table]


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_what_is_no_whole_number_is_refused(kind, name):
    call, below = TABLES[kind][0][name], TABLES[kind][1]
    several = [[1], (1, 1)] if kind == "width" and name in ("conv1d", "Conv1D") else []
    several += [[1], (1,)] if kind == "axis" and name in SEVERAL else []
    for value in (*NO_NUMBERS, below, -(10**400), 10**400):
        if any(type(value) is type(each) and value == each for each in several):
            continue
        assert refusal(call, value), value


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_whole_numbers_of_numpy_are_taken_as_those_of_python(kind, name):
    call = TABLES[kind][0][name]
    plain = call(1)
    for one in (np.int64(1), np.uint8(1), np.int16(1)):
        found = call(one)
        if isinstance(plain, tg.Tensor):
            assert found.shape == plain.shape and np.array_equal(found.data, plain.data)
        else:
            assert str(found) == str(plain)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda p: ops.conv2d(images, kernel, 1, p),
            r"^conv2d: padding .*'same' or \(\(top, bottom\), \(left, right\)\)",
        ),
        (lambda p: ops.conv_transpose2d(images, kernel, 1, p), r"^conv_transpose2d: padding .*\(left, right\)\)"),
        (lambda p: nn.Conv2D(2, 2, 3, 1, p), r"^Conv2D: padding .*\(left, right\)\)"),
        (lambda p: nn.ConvTranspose2D(2, 2, 3, 1, p), r"^ConvTranspose2D: padding .*\(left, right\)\)"),
        (lambda p: ops.pad(np.ones((2, 2)), p), "^pad: .* is not a pair of widths, 0 or more, for each axis"),
    ],
)
def test_pairs_of_the_wrong_depth(call, said):
    of_no_depth = ("1", None, {}, (1,), (1, 1), ((1, 1), 1))
    for wrong in (*of_no_depth, ((1, 1),), ((1, 1), (1,)), ((1, 1),) * 3, (((1, 1), (1, 1)),)):
        with pytest.raises(ValueError, match=said):
            call(wrong)
    for right in ((1, 0), (0, 1)), [[1, 0], [0, 1]], np.array([[1, 0], [0, 1]], np.uint8):
        assert call(right) is not None


@pytest.mark.parametrize("shape", [2.0, "22", None, (2, (2,)), [[2, 2]], np.ones(2), (-2, 2), True])
def test_shapes_of_the_wrong_depth(shape):
    for call in ops.reshape, ops.broadcast_to, ops.sum_to:
        with pytest.raises(ValueError, match=f"^{call.__name__}: shape .* lengths are whole numbers"):
            call(x, shape)
    with pytest.raises(ValueError, match="^Reshape: the shape must be several whole numbers, not "):
        nn.Reshape(shape)


@pytest.mark.parametrize("axis", [(0, 1), (0,), None, [1]])
def test_a_choice_is_along_one_axis(axis):
    for call in ops.straight_through, lambda x, axis: ops.gumbel_softmax(x, axis=axis):
        with pytest.raises(ValueError, match=r"_(through|softmax): axis .* does not exist in shape \(2, 2\)"):
            call(x, axis)


def test_softmax_says_which_axis_at_once():
    with pytest.raises(ValueError, match=r"^Softmax: axis must be a whole number, not 1\.5$"):
        nn.Softmax(1.5)


def test_output_padding_is_refused_where_it_is_given():
    with pytest.raises(ValueError, match=r"^ConvTranspose2D: output_padding must lie in \[0, stride\), but it is 2"):
        nn.ConvTranspose2D(2, 2, 3, 2, 0, 2)
    with pytest.raises(ValueError, match="^ConvTranspose2D: output_padding has no meaning with padding 'same'"):
        nn.ConvTranspose2D(2, 2, 3, 2, "same", 1)


# -- the checks themselves -------------------------------------------------------------------------------------


def test_whole_tuples():
    assert whole_tuple([1, np.int64(2), np.uint8(0)]) == (1, 2, 0) and whole_tuple(()) == ()
    assert all(type(n) is int for n in whole_tuple(np.arange(3)) or [None])
    assert whole_tuple((1, 2), 2) == (1, 2) and whole_tuple((MOST,)) == (MOST,) and whole_tuple((-2, 3), None, -2, 3)
    assert whole_tuple((-3, 3), None, -2, 3) is whole_tuple((-2, 4), None, -2, 3) is whole_tuple((1,), 2) is None
    assert not any(
        whole_tuple(v) for v in (1, None, "12", b"12"[0], (1.0,), (True,), ((1,),), (math.nan,), (MOST + 1,))
    )


def test_pairs():
    assert whole_pairs(np.array([[0, 1], [2, 3]]), 2) == ((0, 1), (2, 3)) and whole_pairs((), 0) == ()
    for wrong in (1, None, (0, 1), ((0, 1),), ((0, 1), (0, 1, 2)), ((0, 1.5), (0, 0)), ((0, -1), (0, 0))):
        assert whole_pairs(wrong, 2) is None
