"""How each op is said in ONNX: tables from the type of an op to a rule.

A rule is a function of the graph (see `tinygan.formats.onnx_graph.Graph`), of what the op returned, and of what it was
called on; it writes the nodes and returns the name of the last. For an op of your own, add a line to the table of its
kind. As an example, ``SiLU: lambda g, y, x: g.node("Mul", x, g.node("Sigmoid", x))`` in `ELEMENTWISE`.

===============  ========================================================  =============================
table            for                                                       the rule is called with
===============  ========================================================  =============================
ELEMENTWISE      functions of single numbers, in whichever layout          the inputs' names
IMAGES           what ONNX computes on (N, C, H, W); its result is one     the inputs' Values
OTHERS           all else: in tinygan's layout                             the inputs' Values
===============  ========================================================  =============================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.autograd import (
    Op,
    arithmetic,
    conv,
    discrete,
    elementwise,
    gated,
    index,
    kinks,
    linear,
    normalise,
    op,
    reduce,
    shape,
)
from tinygan.autograd.window import AxisWindow
from tinygan.formats.errors import FormatError, needed
from tinygan.formats.onnx_index import get_item, one_free
from tinygan.formats.onnx_softmax import log_softmax, log_softmax_of
from tinygan.formats.trace import Value

if TYPE_CHECKING:
    from tinygan.formats.onnx_graph import Graph

Rule = Callable[..., str]


# -- numbers one by one ---------------------------------------------------------------------------------


def plain(kind: str) -> Rule:
    """The rule of an op that ONNX has, too, without settings."""
    return lambda g, y, *xs: g.node(kind, *xs)


def power(g: Graph, y: Value, x: str) -> str:
    """x^p; of the square, which is frequent, a product."""
    return g.node("Mul", x, x) if y.op.p == 2 else g.node("Pow", x, g.number(y.op.p, y.dtype))


def clip(g: Graph, y: Value, x: str) -> str:
    return g.node("Clip", x, g.number(y.op.low, y.dtype), g.number(y.op.high, y.dtype))


def softplus(g: Graph, y: Value, x: str) -> str:
    """As tinygan computes it: not every runtime's Softplus keeps large numbers from overflowing."""
    tail = g.node("Exp", g.node("Neg", g.node("Abs", x)))
    return g.node("Add", g.node("Relu", x), g.node("Log", g.node("Add", tail, g.number(1, y.dtype))))


def cast(g: Graph, y: Value, x: str) -> str:
    return g.node("Cast", x, to=needed("onnx").helper.np_dtype_to_tensor_dtype(np.dtype(y.op.dtype)))


def normal_cdf(g: Graph, y: Value, x: str) -> str:
    """(1 + erf(x / sqrt 2)) / 2."""
    erf = g.node("Erf", g.node("Mul", x, g.number(0.5**0.5, y.dtype)))
    return g.node("Mul", g.node("Add", erf, g.number(1, y.dtype)), g.number(0.5, y.dtype))


ELEMENTWISE: dict[type[Op], Rule] = {
    gated.NormalCDF: normal_cdf,
    arithmetic.Add: plain("Add"),
    arithmetic.Sub: plain("Sub"),
    arithmetic.Mul: plain("Mul"),
    arithmetic.Div: plain("Div"),
    arithmetic.Neg: plain("Neg"),
    arithmetic.Pow: plain("Pow"),
    arithmetic.PowConstant: power,
    kinks.Abs: plain("Abs"),
    kinks.Clip: clip,
    elementwise.Exp: plain("Exp"),
    kinks.LeakyReLU: lambda g, y, x: g.node("LeakyRelu", x, alpha=float(y.op.slope)),
    elementwise.Log: plain("Log"),
    kinks.Maximum: plain("Max"),
    kinks.Minimum: plain("Min"),
    kinks.ReLU: plain("Relu"),
    elementwise.Sigmoid: plain("Sigmoid"),
    kinks.Sign: plain("Sign"),
    elementwise.Softplus: softplus,
    elementwise.Sqrt: plain("Sqrt"),
    elementwise.Tanh: plain("Tanh"),
    kinks.Where: plain("Where"),
    op.Cast: cast,
}


# -- images ---------------------------------------------------------------------------------------------


def _window(y: Value) -> tuple[list[AxisWindow], dict[str, Any]]:
    """Both axes of a convolution, and its settings as ONNX wants them."""
    axes = [y.op.window.rows, y.op.window.cols]
    return axes, dict(
        kernel_shape=[a.kernel for a in axes],
        strides=[a.stride for a in axes],
        pads=[a.before for a in axes] + [a.after for a in axes],
    )


def conv2d(g: Graph, y: Value, x: Value, w: Value) -> str:
    """ONNX's kernel is (O, C, kh, kw)."""
    return g.node("Conv", g.channels_first(x), g.weight(w, (3, 2, 0, 1)), **_window(y)[1])


def conv_transpose2d(g: Graph, y: Value, x: Value, w: Value) -> str:
    """ONNX's kernel is (its input's channels, its output's, kh, kw); output_padding is what is left of the size."""
    axes, settings = _window(y)
    left = [a.size + a.before + a.after - (a.out - 1) * a.stride - a.kernel for a in axes]
    kernel = g.weight(w, (3, 2, 0, 1))
    return g.node("ConvTranspose", g.channels_first(x), kernel, output_padding=left, **settings)


IMAGES: dict[type[Op], Rule] = {conv.Conv2D: conv2d, conv.ConvTranspose2D: conv_transpose2d}


# -- all else -------------------------------------------------------------------------------------------


def affine(g: Graph, y: Value, x: Value, w: Value, b: Value) -> str:
    return g.node("Gemm", g.name(x), g.name(w), g.name(b))


def reduction(kind: str) -> Rule:
    """Over axes, which opset 13 takes as an attribute of all but ReduceSum. No axes means none, not all."""

    def rule(g: Graph, y: Value, x: Value) -> str:
        axes, keepdims = list(y.op.axes), int(y.op.keepdims)
        if not axes:
            return g.node("Identity", g.name(x))
        if kind == "ReduceSum":
            return g.node(kind, g.name(x), g.constant(np.array(axes), "axes"), keepdims=keepdims)
        return g.node(kind, g.name(x), axes=axes, keepdims=keepdims)

    return rule


def reshape(g: Graph, y: Value, x: Value) -> str:
    return g.node("Reshape", g.name(x), g.lengths(one_free(y.shape)))


def broadcast_to(g: Graph, y: Value, x: Value) -> str:
    """ONNX's Expand leaves an axis whose new length is given as 1."""
    there = (1,) * (len(y.shape) - len(x.shape)) + x.shape
    lengths = tuple(1 if m == n else n for m, n in zip(there, y.shape, strict=True))
    return g.node("Expand", g.name(x), g.lengths(lengths))


def sum_to(g: Graph, y: Value, x: Value) -> str:
    lead = len(x.shape) - len(y.shape)
    kept = [lead + i for i, n in enumerate(y.shape) if n == 1 and x.shape[lead + i] != 1]
    total = g.node("ReduceSum", g.name(x), g.constant(np.array([*range(lead), *kept]), "axes"), keepdims=1)
    return g.node("Reshape", total, g.lengths(one_free(y.shape)))


def transpose(g: Graph, y: Value, x: Value) -> str:
    return g.node("Transpose", g.name(x), perm=list(y.op.axes)) if y.shape else g.node("Identity", g.name(x))


def pad(g: Graph, y: Value, x: Value) -> str:
    width = np.array(y.op.width, np.int64).reshape(-1, 2)
    return g.node("Pad", g.name(x), g.constant(width.T.ravel(), "pads"), g.number(y.op.value, y.dtype))


def straight_through(g: Graph, y: Value, x: Value) -> str:
    """Each place along the axis is compared with that of the largest."""
    axis, to = y.op.axis, needed("onnx").helper.np_dtype_to_tensor_dtype(np.dtype(y.dtype))
    places = np.arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
    largest = g.node("ArgMax", g.name(x), axis=axis, keepdims=1)
    return g.node("Cast", g.node("Equal", g.constant(places, "places"), largest), to=to)


def batch_norm(g: Graph, y: Value, x: Value, gamma: Value, beta: Value) -> str:
    """By the statistics of the batch itself, as in training."""
    axes = list(range(len(x.shape) - 1))
    centred = g.node("Sub", g.name(x), g.node("ReduceMean", g.name(x), axes=axes, keepdims=1))
    var = g.node("ReduceMean", g.node("Mul", centred, centred), axes=axes, keepdims=1)
    std = g.node("Sqrt", g.node("Add", var, g.number(y.op.eps, y.dtype)))
    return g.node("Add", g.node("Mul", centred, g.node("Div", g.name(gamma), std)), g.name(beta))


OTHERS: dict[type[Op], Rule] = {
    discrete.StraightThrough: straight_through,
    index.GetItem: get_item,
    linear.Affine: affine,
    linear.MatMul: lambda g, y, a, b: g.node("MatMul", g.name(a), g.name(b)),
    normalise.BatchNorm: batch_norm,
    reduce.Max: reduction("ReduceMax"),
    reduce.Mean: reduction("ReduceMean"),
    reduce.Min: reduction("ReduceMin"),
    reduce.Sum: reduction("ReduceSum"),
    shape.BroadcastTo: broadcast_to,
    shape.Concatenate: lambda g, y, *xs: g.node("Concat", *map(g.name, xs), axis=y.op.axis),
    shape.Pad: pad,
    shape.Reshape: reshape,
    shape.SumTo: sum_to,
    shape.Transpose: transpose,
}


# -- which rule, and on what -------------------------------------------------------------------------------


def rule_of(y: Value) -> Rule:
    """The rule for what made a Value.

    Raises
    ------
    FormatError
        If there is none; the message names the op.
    """
    if log_softmax_of(y):
        return log_softmax
    for table in (ELEMENTWISE, IMAGES, OTHERS):
        if type(y.op) in table:
            return table[type(y.op)]
    raise FormatError(f"there is no rule for the op {y.op.name} in ONNX: add one to tinygan/formats/onnx_rules.py")


def reads(y: Value) -> list[Value]:
    """What the rule of a Value is called on.

    Mostly the op's inputs. An elementwise op gets them as they were before they were broadcast, because ONNX broadcasts
    by itself as NumPy does; and log_softmax is read as one op.
    """
    rule_of(y)
    found = log_softmax_of(y)
    if found:
        return [found[0]]
    if type(y.op) in ELEMENTWISE:
        loose = [x.before_broadcast() for x in y.inputs]
        if y.broadcasts_from(loose):
            return loose
    return y.inputs
