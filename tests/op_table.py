"""One row for every function of `tinygan.ops`, and for every setting of it that takes its own path.

A row says how to call the function on Tensors and gives a formula of its own in plain NumPy, written for
plainness: where tinygan is clever, the formula is a loop. `test_op_table.py` drives everything from here;
a function without a row fails a test.

Shapes are made of 2, 3, 5 and 7, never square where that can be helped, so that a swapped axis shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan.autograd import ops


@dataclass(frozen=True)
class Row:
    """How to call one function in one setting, and what it should give.

    Attributes
    ----------
    name : str
        ``"function"`` or ``"function: setting"``.
    call : function(*Tensors) -> Tensor
    formula : function(*arrays) -> array
    shapes : the inputs' shapes
    domain : function(rng, shape) -> array
        Draws an input where the function is smooth.
    syncs : int or None
        How often the host waits for a GPU in a forward and a backward pass; None: it depends on the data.
    stands_for : function(*Tensors) -> Tensor, optional
        The smooth function whose gradients a straight-through function has, instead of its own.
    """

    name: str
    call: Callable[..., Any]
    formula: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    domain: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    syncs: int | None = 0
    stands_for: Callable[..., Any] | None = None

    @property
    def function(self) -> str:
        """The name in `tinygan.ops`."""
        return self.name.split(":")[0]

    def inputs(self, rng: np.random.Generator, dtype: Any = np.float64) -> list[np.ndarray]:
        return [np.asarray(self.domain(rng, shape), dtype) for shape in self.shapes]


def signed(rng, shape):
    """Numbers of both signs, 0.1 and more away from the kinks at 0."""
    x = rng.normal(size=shape)
    return x + 0.1 * np.sign(x)


def positive(rng, shape):
    return rng.uniform(0.5, 2.0, size=shape)


def apart(rng, shape):
    """Numbers of which no two are close: no maximum changes under the small steps of a check."""
    return rng.permutation(int(np.prod(shape))).reshape(shape) * 0.37 - 2.0 + 0.01


def row(name, call, formula, *shapes, domain=signed, syncs=0, stands_for=None):
    return Row(name, call, formula, shapes, domain, syncs, stands_for)


# -- formulas by loops ------------------------------------------------------------------------------


def sides(padding, size, k, stride, axis):
    """Padding before and after along one axis; "same" as in TensorFlow."""
    if padding == "same":
        total = max((int(np.ceil(size / stride)) - 1) * stride + k - size, 0)
        return total // 2, total - total // 2
    return (padding, padding) if isinstance(padding, int) else padding[axis]


def conv_loop(x, w, stride=1, padding=0):
    """Every output pixel by itself: the sum over its patch of the padded image."""
    (n, height, width, _), (kh, kw, _, out) = x.shape, w.shape
    x = np.pad(x, ((0, 0), sides(padding, height, kh, stride, 0), sides(padding, width, kw, stride, 1), (0, 0)))
    oh, ow = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((n, oh, ow, out), x.dtype)
    for i in range(oh):
        for j in range(ow):
            patch = x[:, i * stride : i * stride + kh, j * stride : j * stride + kw, :, None]
            y[:, i, j] = (patch * w).sum((1, 2, 3))
    return y


def conv1d_loop(x, w, stride=1, padding=0):
    """Every output step by itself: the sum over its window of the padded sequence."""
    pads = sides([padding] if isinstance(padding, tuple) else padding, x.shape[1], len(w), stride, 0)
    x = np.pad(x, ((0, 0), pads, (0, 0)))
    starts = range(0, x.shape[1] - len(w) + 1, stride)
    return np.stack([(x[:, i : i + len(w), :, None] * w).sum((1, 2)) for i in starts], axis=1)


def conv_transpose_loop(x, w, stride=1, padding=0, output_padding=0):
    """Every input pixel paints its kernel onto a canvas, from which the padding is cut off."""
    (n, oh, ow, _), (kh, kw, channels, _) = x.shape, w.shape
    if padding == "same":
        size = oh * stride, ow * stride
        pads = sides("same", size[0], kh, stride, 0), sides("same", size[1], kw, stride, 1)
    else:
        pads = sides(padding, 0, kh, stride, 0), sides(padding, 0, kw, stride, 1)
        size = tuple(
            (o - 1) * stride - sum(p) + k + output_padding for o, p, k in zip((oh, ow), pads, (kh, kw), strict=True)
        )
    canvas = np.zeros((n, size[0] + sum(pads[0]) + kh, size[1] + sum(pads[1]) + kw, channels), x.dtype)
    for i in range(oh):
        for j in range(ow):
            stamp = np.einsum("no,abco->nabc", x[:, i, j], w)
            canvas[:, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return canvas[:, pads[0][0] : pads[0][0] + size[0], pads[1][0] : pads[1][0] + size[1]]


def pool_loop(reduce):
    def formula(x, size, stride):
        oh, ow = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
        y = np.zeros((x.shape[0], oh, ow, x.shape[3]), x.dtype)
        for i in range(oh):
            for j in range(ow):
                y[:, i, j] = reduce(x[:, i * stride : i * stride + size, j * stride : j * stride + size], axis=(1, 2))
        return y

    return formula


def matmul_loop(a, b):
    """Rows times columns, for stacks of matrices."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(b, lead + b.shape[-2:])
    y = np.zeros(lead + (a.shape[-2], b.shape[-1]), a.dtype)
    for i in range(a.shape[-2]):
        for j in range(b.shape[-1]):
            y[..., i, j] = (a[..., i, :] * b[..., :, j]).sum(-1)
    return y


def sum_to_loop(x, shape):
    """Each number is added where broadcasting would have read it."""
    y = np.zeros(shape, x.dtype)
    lead = x.ndim - len(shape)
    for place in np.ndindex(x.shape):
        y[tuple(0 if n == 1 else i for i, n in zip(place[lead:], shape, strict=True))] += x[place]
    return y


def batch_norm_formula(x, gamma, beta):
    axes = tuple(range(x.ndim - 1))
    return gamma * (x - x.mean(axes)) / np.sqrt(x.var(axes) + x.dtype.type(1e-3)) + beta


def softmax_formula(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def gelu_formula(x):
    """Number by number, by the error function of the C library."""
    return np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)


def leaky(slope):
    return lambda x: np.where(x > 0, x, x * x.dtype.type(slope))


max_pool, avg_pool = pool_loop(np.max), pool_loop(np.mean)
MASK = np.array([[True, False, True], [False, False, True]])
ONE_HOT = np.array([[0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]], np.float32)


# -- the table, one topic after the other ------------------------------------------------------------


def elementwise(name, formula, domain=signed, call=None):
    """The rows of a function of one number: on a matrix, and on a single number."""
    call = call or getattr(ops, name.split(":")[0])
    zero_d = f"{name}, 0-d" if ":" in name else f"{name}: 0-d"
    return [row(name, call, formula, (2, 3), domain=domain), row(zero_d, call, formula, (), domain=domain)]


def two_numbers(name, formula, domain=signed):
    """The rows of a function of two numbers: every way in which shapes come together, and numbers."""
    call = getattr(ops, name)
    pairs = {
        "": ((2, 3), (2, 3)),
        "row": ((2, 3), (3,)),
        "column": ((2, 1), (2, 3)),
        "both broadcast": ((5, 1, 3), (2, 1)),
        "0-d": ((), (2, 3)),
        "two 0-d": ((), ()),
    }
    rows = [row(f"{name}: {p}" if p else name, call, formula, *s, domain=domain) for p, s in pairs.items()]
    rows.append(
        row(
            f"{name}: number right",
            lambda x: call(x, 1.5),
            lambda x: formula(x, x.dtype.type(1.5)),
            (2, 3),
            domain=domain,
        )
    )
    rows.append(
        row(f"{name}: number left", lambda x: call(2, x), lambda x: formula(x.dtype.type(2), x), (2, 3), domain=domain)
    )
    return rows


def reduction(name, formula, domain=signed):
    """The rows of a reduction: all axes, one, a negative one, several, kept, and a 0-d input."""
    call = getattr(ops, name)
    rows = [row(name, call, formula, (2, 3), domain=domain)]
    for label, axis, keepdims in (
        ("axis 0", 0, False),
        ("axis -1 kept", -1, True),
        ("axes 0 and 2", (0, 2), False),
        ("axes (-1, 0) kept", (-1, 0), True),
        ("all kept", None, True),
    ):
        rows.append(
            row(
                f"{name}: {label}",
                lambda x, a=axis, k=keepdims: call(x, axis=a, keepdims=k),
                lambda x, a=axis, k=keepdims: formula(x, axis=a, keepdims=k),
                (2, 3, 5),
                domain=domain,
            )
        )
    return [*rows, row(f"{name}: 0-d", call, formula, (), domain=domain)]


def picked(label, index, shape, syncs=0):
    return row(f"getitem: {label}", lambda x: ops.getitem(x, index), lambda x: x[index], shape, syncs=syncs)


def convolution(label, x, w, **settings):
    return row(
        f"conv2d: {label}", lambda x, w: ops.conv2d(x, w, **settings), lambda x, w: conv_loop(x, w, **settings), x, w
    )


def along_one_axis(label, x, w, **settings):
    return row(
        f"conv1d: {label}", lambda x, w: ops.conv1d(x, w, **settings), lambda x, w: conv1d_loop(x, w, **settings), x, w
    )


def transposed(label, x, w, **settings):
    return row(
        f"conv_transpose2d: {label}",
        lambda x, w: ops.conv_transpose2d(x, w, **settings),
        lambda x, w: conv_transpose_loop(x, w, **settings),
        x,
        w,
    )


ARITHMETIC = [
    *two_numbers("add", lambda a, b: a + b),
    *two_numbers("sub", lambda a, b: a - b),
    *two_numbers("mul", lambda a, b: a * b),
    *two_numbers("div", lambda a, b: a / b),
    *two_numbers("pow", lambda a, b: a**b, positive),
    *elementwise("neg", lambda x: -x),
    *elementwise("pow: square", lambda x: x * x, call=lambda x: ops.pow(x, 2)),
    *elementwise("pow: cube", lambda x: x * x * x, call=lambda x: ops.pow(x, 3)),
    *elementwise("pow: to the 0", lambda x: np.ones_like(x), call=lambda x: ops.pow(x, 0)),
    *elementwise("pow: to the 1", lambda x: x, call=lambda x: ops.pow(x, 1)),
    *elementwise("pow: to the -1", lambda x: 1 / x, call=lambda x: ops.pow(x, -1)),
    *elementwise("pow: root", np.sqrt, positive, lambda x: ops.pow(x, 0.5)),
]

ELEMENTWISE = [
    *elementwise("exp", np.exp),
    *elementwise("log", np.log, positive),
    *elementwise("sqrt", np.sqrt, positive),
    *elementwise("tanh", np.tanh),
    *elementwise("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    *elementwise("softplus", lambda x: np.log(1 + np.exp(x))),
    *elementwise("gelu", gelu_formula),
    *elementwise("gelu: far from 0", gelu_formula, lambda rng, shape: 3 * signed(rng, shape), ops.gelu),
    *elementwise("silu", lambda x: x / (1 + np.exp(-x))),
    *elementwise("relu", lambda x: x * (x > 0)),
    *elementwise("leaky_relu", leaky(0.2)),
    *elementwise("leaky_relu: slope", leaky(0.5), call=lambda x: ops.leaky_relu(x, 0.5)),
    *elementwise("leaky_relu: slope over 1", leaky(1.5), call=lambda x: ops.leaky_relu(x, slope=1.5)),
    *elementwise("leaky_relu: slope below 0", leaky(-0.5), call=lambda x: ops.leaky_relu(x, slope=-0.5)),
    *elementwise("abs", lambda x: np.where(x > 0, x, -x)),
    *elementwise("clip", lambda x: np.minimum(np.maximum(x, -0.6), 0.9), apart, lambda x: ops.clip(x, -0.6, 0.9)),
    *two_numbers("maximum", lambda a, b: np.where(a > b, a, b)),
    *two_numbers("minimum", lambda a, b: np.where(a < b, a, b)),
    row("where", lambda a, b: ops.where(MASK, a, b), lambda a, b: a * MASK + b * ~MASK, (2, 3), (2, 3)),
    row("where: broadcast", lambda a, b: ops.where(MASK, a, b), lambda a, b: a * MASK + b * ~MASK, (5, 1, 3), (2, 1)),
    row("where: of a Tensor", lambda a, b: ops.where(a > b, a, b), np.maximum, (2, 3), (2, 3)),
    row("where: a number", lambda a: ops.where(MASK, a, 0.5), lambda a: a * MASK + a.dtype.type(0.5) * ~MASK, (2, 3)),
]


def bce_formula(x, t):
    """Minus the logarithm of the probability of what was right, from the probability itself."""
    p = 1 / (1 + np.exp(-x))
    return -(t * np.log(p) + (1 - np.asarray(t, x.dtype)) * np.log(1 - p)).mean(dtype=x.dtype)


REDUCTIONS = [
    *reduction("sum", np.sum),
    *reduction("mean", np.mean),
    *reduction("var", np.var),
    *reduction("max", np.max, apart),
    *reduction("min", np.min, apart),
    row("softmax", ops.softmax, softmax_formula, (2, 5)),
    row("softmax: axis 0", lambda x: ops.softmax(x, axis=0), lambda x: softmax_formula(x, 0), (2, 3, 5)),
    row("log_softmax", ops.log_softmax, lambda x: np.log(softmax_formula(x)), (2, 5)),
    row("bce_with_logits: real", lambda x: ops.bce_with_logits(x, 1), lambda x: bce_formula(x, 1), (5, 2)),
    row("bce_with_logits: fake", lambda x: ops.bce_with_logits(x, 0.0), lambda x: bce_formula(x, 0), (7,)),
    row("bce_with_logits: smooth", lambda x: ops.bce_with_logits(x, 0.9), lambda x: bce_formula(x, 0.9), (3, 1)),
    row("bce_with_logits: of many", lambda x: ops.bce_with_logits(x, MASK * 1), lambda x: bce_formula(x, MASK), (2, 3)),
    row(
        "log_softmax: axis 1", lambda x: ops.log_softmax(x, axis=1), lambda x: np.log(softmax_formula(x, 1)), (2, 3, 5)
    ),
]


def one_hot_of_largest(x, axis=-1):
    """Vector by vector: a one at the first of the largest numbers."""
    y = np.zeros_like(x)
    for vector, result in zip(np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]), ones_of(y, axis), strict=True):
        result[list(vector).index(max(vector))] = 1
    return y


def ones_of(y, axis):
    """Each vector of y along an axis, to be written into."""
    turned = np.moveaxis(y, axis, -1)
    return [turned[place] for place in np.ndindex(turned.shape[:-1])]


def choose(x, temperature=1.0, hard=False, axis=-1):
    """`gumbel_softmax` with the same noise in each call."""
    return ops.gumbel_softmax(x, temperature, hard, axis, np.random.default_rng(11))


def choose_formula(x, temperature=1.0, axis=-1):
    noise = np.random.default_rng(11).gumbel(size=x.shape).astype(x.dtype)
    return softmax_formula((x + noise) / x.dtype.type(temperature), axis)


CHOICES = [
    row("straight_through", ops.straight_through, one_hot_of_largest, (2, 5), domain=apart, stands_for=lambda x: x * 1),
    row(
        "straight_through: axis 1",
        lambda x: ops.straight_through(x, axis=1),
        lambda x: one_hot_of_largest(x, 1),
        (2, 3, 5),
        domain=apart,
        stands_for=lambda x: x * 1,
    ),
    row(
        "straight_through: of a softmax",
        lambda x: ops.straight_through(ops.softmax(x)),
        one_hot_of_largest,
        (2, 5),
        domain=apart,
        stands_for=ops.softmax,
    ),
    row("gumbel_softmax", choose, choose_formula, (2, 5)),
    row("gumbel_softmax: cold", lambda x: choose(x, 0.3), lambda x: choose_formula(x, 0.3), (2, 3, 5)),
    row("gumbel_softmax: axis 1", lambda x: choose(x, 2.0, axis=1), lambda x: choose_formula(x, 2.0, 1), (2, 3, 5)),
    row(
        "gumbel_softmax: hard",
        lambda x: choose(x, 0.7, hard=True),
        lambda x: one_hot_of_largest(choose_formula(x, 0.7)),
        (2, 5),
        stands_for=lambda x: choose(x, 0.7),
    ),
]

SHAPES = [
    row("reshape", lambda x: ops.reshape(x, (3, 2)), lambda x: np.array(list(x.flat), x.dtype).reshape(3, 2), (2, 3)),
    row("reshape: -1", lambda x: ops.reshape(x, (5, -1)), lambda x: x.reshape(5, 6), (2, 3, 5)),
    row("reshape: flat", lambda x: ops.reshape(x, -1), lambda x: x.ravel(), (2, 3)),
    row("reshape: to 0-d", lambda x: ops.reshape(x, ()), lambda x: x.reshape(()), (1, 1)),
    row("reshape: of 0-d", lambda x: ops.reshape(x, (1, 1)), lambda x: x.reshape(1, 1), ()),
    row("transpose", ops.transpose, lambda x: x.T, (2, 3)),
    row("transpose: axes", lambda x: ops.transpose(x, (1, 2, 0)), lambda x: np.moveaxis(x, 0, -1), (2, 3, 5)),
    row("transpose: negative", lambda x: ops.transpose(x, (-1, 0, 1)), lambda x: np.moveaxis(x, -1, 0), (2, 3, 5)),
    row("transpose: 0-d", ops.transpose, lambda x: x, ()),
    row("broadcast_to", lambda x: ops.broadcast_to(x, (2, 5, 3)), lambda x: x + np.zeros((2, 5, 3), x.dtype), (5, 1)),
    row("broadcast_to: 0-d", lambda x: ops.broadcast_to(x, (2, 3)), lambda x: np.full((2, 3), x), ()),
    row("broadcast_to: as it is", lambda x: ops.broadcast_to(x, (2, 3)) * x, lambda x: x * x, (2, 3)),
    row("sum_to", lambda x: ops.sum_to(x, (3, 1)), lambda x: sum_to_loop(x, (3, 1)), (2, 3, 5)),
    row("sum_to: 0-d", lambda x: ops.sum_to(x, ()), lambda x: sum_to_loop(x, ()), (2, 3)),
    row("sum_to: leading", lambda x: ops.sum_to(x, (5,)), lambda x: sum_to_loop(x, (5,)), (2, 3, 5)),
    row("concatenate", lambda *xs: ops.concatenate(xs), lambda *xs: np.vstack(xs), (2, 3), (5, 3), (1, 3)),
    row(
        "concatenate: last axis",
        lambda *xs: ops.concatenate(xs, axis=-1),
        lambda a, b: np.dstack((a, b)),
        (2, 3, 5),
        (2, 3, 2),
    ),
    row("concatenate: one with itself", lambda x: ops.concatenate([x, x], 1), lambda x: np.hstack((x, x)), (2, 3)),
    row("stack", lambda *xs: ops.stack(xs), lambda *xs: np.array(xs), (2, 3), (2, 3)),
    row(
        "stack: last axis", lambda *xs: ops.stack(xs, -1), lambda *xs: np.moveaxis(np.array(xs), 0, -1), (2, 3), (2, 3)
    ),
    row("stack: 0-d", lambda *xs: ops.stack(xs), lambda *xs: np.array(xs), (), ()),
    row("pad", lambda x: ops.pad(x, 1), lambda x: np.pad(x, 1), (2, 3)),
    row(
        "pad: uneven, a value",
        lambda x: ops.pad(x, ((0, 2), (3, 1)), 0.5),
        lambda x: np.pad(x, ((0, 2), (3, 1)), constant_values=0.5),
        (2, 3),
    ),
]

INDEXING = [
    picked("number", 1, (2, 3)),
    picked("number of a vector", 2, (5,)),
    picked("slice", slice(1, 3), (5, 2)),
    picked("step", (slice(None, None, 2), slice(None, None, -1)), (5, 3)),
    picked("None", (slice(None), None, 1), (2, 3)),
    picked("Ellipsis", (..., 1), (2, 3, 5)),
    picked("nothing of 0-d", (), ()),
    picked("array, repeated", np.array([1, 0, 1, 1]), (2, 3)),
    picked("array of two axes", np.array([[1, 0, 1], [2, 2, 4]]), (5, 3)),
    picked("two arrays", (np.array([1, 0, 1]), np.array([2, 2, 2])), (2, 3)),
    picked("array and slice", (slice(1, None), np.array([2, 0, 2, 2])), (5, 3)),
    picked("numpy number", np.int64(1), (2, 3)),
    # Where a mask is True only the device knows, and the shape of the result hangs on it: CuPy must wait.
    picked("mask", MASK, (2, 3), syncs=None),
    picked("mask of the first axis", np.array([True, False, True, False, True]), (5, 2), syncs=None),
    row("getitem: list", lambda x: ops.getitem(x, [1, 1, 0]), lambda x: np.stack([x[1], x[1], x[0]]), (2, 3)),
    row("one_hot", lambda x: ops.one_hot([2, 0, 4], 5) * x, lambda x: ONE_HOT.astype(x.dtype) * x, (3, 5)),
]

PRODUCTS = [
    row("affine", ops.affine, lambda x, w, b: matmul_loop(x, w) + b, (2, 3), (3, 5), (5,)),
    row("affine: batch", ops.affine, lambda x, w, b: matmul_loop(x, w) + b, (7, 2, 3), (3, 5), (5,)),
    row("affine: bias broadcasts", ops.affine, lambda x, w, b: matmul_loop(x, w) + b, (2, 3), (3, 5), (1, 5)),
    row("matmul", ops.matmul, matmul_loop, (2, 3), (3, 5)),
    row("matmul: batch", ops.matmul, matmul_loop, (7, 2, 3), (7, 3, 5)),
    row("matmul: one matrix for a batch", ops.matmul, matmul_loop, (7, 2, 3), (3, 5)),
    row("matmul: batch on the right", ops.matmul, matmul_loop, (2, 3), (5, 3, 7)),
    row("matmul: batches broadcast", ops.matmul, matmul_loop, (5, 1, 2, 3), (7, 3, 2)),
    row("matmul: vector left", ops.matmul, lambda a, b: matmul_loop(a[None], b)[0], (3,), (3, 5)),
    row("matmul: vector right", ops.matmul, lambda a, b: matmul_loop(a, b[:, None])[:, 0], (2, 3), (3,)),
    row("matmul: two vectors", ops.matmul, lambda a, b: (a * b).sum(), (3,), (3,)),
    row("matmul: vector and batch", ops.matmul, lambda a, b: matmul_loop(a[None], b)[:, 0], (3,), (5, 3, 2)),
    row("matmul: batch and vector", ops.matmul, lambda a, b: matmul_loop(a, b[:, None])[..., 0], (5, 2, 3), (3,)),
    row("matmul: with itself", lambda a: ops.matmul(a, ops.transpose(a)), lambda a: matmul_loop(a, a.T), (2, 3)),
]

CONVOLUTIONS = [
    along_one_axis("plain", (2, 5, 3), (3, 3, 2)),
    along_one_axis("stride 2, padding 1", (2, 6, 2), (3, 2, 3), stride=2, padding=1),
    along_one_axis("uneven padding", (1, 5, 2), (3, 2, 3), padding=(2, 0)),
    along_one_axis("same, stride 3, even kernel", (2, 7, 2), (4, 2, 3), stride=3, padding="same"),
    along_one_axis("stride over the length", (2, 5, 2), (2, 2, 3), stride=9),
    along_one_axis("whole sequence", (2, 5, 3), (5, 3, 1)),
    convolution("plain", (2, 5, 7, 3), (3, 2, 3, 2)),
    convolution("stride 2", (2, 7, 5, 2), (3, 2, 2, 3), stride=2),
    convolution("stride 2, padding 1, kernel 3", (2, 6, 8, 2), (3, 3, 2, 3), stride=2, padding=1),  # as 28 -> 14
    convolution("stride 3 over kernel 2", (1, 7, 8, 2), (2, 2, 2, 3), stride=3),
    convolution("padding over kernel", (1, 3, 2, 2), (2, 1, 2, 3), padding=3),
    convolution("uneven padding", (1, 5, 3, 2), (3, 2, 2, 3), padding=((0, 2), (1, 0))),
    convolution("same", (2, 5, 3, 2), (3, 3, 2, 3), padding="same"),
    convolution("same, even kernel", (1, 5, 3, 2), (2, 4, 2, 3), padding="same"),
    convolution("same, stride 2", (1, 7, 6, 2), (5, 5, 2, 3), stride=2, padding="same"),
    convolution("same, stride over kernel", (1, 7, 5, 2), (1, 2, 2, 3), stride=3, padding="same"),
    convolution("1x1", (2, 3, 5, 2), (1, 1, 2, 7)),
    convolution("whole image", (2, 3, 5, 2), (3, 5, 2, 7)),
    convolution("one channel", (2, 5, 3, 1), (2, 3, 1, 5), padding=1),
    convolution("to one channel", (2, 5, 3, 5), (2, 3, 5, 1), padding=1),
    transposed("plain", (2, 5, 3, 2), (3, 2, 3, 2)),
    transposed("stride 2", (2, 2, 3, 3), (3, 2, 2, 3), stride=2),
    transposed(
        "stride 2, padding 1, output padding 1", (2, 3, 4, 3), (3, 3, 2, 3), stride=2, padding=1, output_padding=1
    ),
    transposed("stride 3 over kernel 2", (1, 2, 3, 3), (2, 2, 2, 3), stride=3, output_padding=2),
    transposed("uneven padding", (1, 5, 3, 3), (3, 2, 2, 3), stride=2, padding=((0, 2), (1, 0))),
    transposed("same", (2, 5, 3, 3), (3, 3, 2, 3), padding="same"),
    transposed("same, even kernel", (1, 3, 2, 3), (4, 2, 2, 3), stride=2, padding="same"),
    transposed("same, stride 2", (1, 3, 2, 3), (5, 5, 2, 3), stride=2, padding="same"),
    transposed("same, stride over kernel", (1, 2, 3, 3), (1, 2, 2, 3), stride=3, padding="same"),
    transposed("to one channel", (2, 2, 3, 5), (4, 4, 1, 5), stride=2, padding=1),
]

POOLING = [
    row("max_pool2d", lambda x: ops.max_pool2d(x, 2), lambda x: max_pool(x, 2, 2), (2, 6, 4, 3), domain=apart),
    row("max_pool2d: a rest", lambda x: ops.max_pool2d(x, 2), lambda x: max_pool(x, 2, 2), (2, 5, 7, 3), domain=apart),
    row(
        "max_pool2d: overlapping",
        lambda x: ops.max_pool2d(x, 3, 2),
        lambda x: max_pool(x, 3, 2),
        (1, 7, 6, 2),
        domain=apart,
    ),
    row("max_pool2d: gaps", lambda x: ops.max_pool2d(x, 2, 3), lambda x: max_pool(x, 2, 3), (1, 7, 5, 2), domain=apart),
    row("avg_pool2d", lambda x: ops.avg_pool2d(x, 2), lambda x: avg_pool(x, 2, 2), (2, 6, 4, 3)),
    row("avg_pool2d: a rest", lambda x: ops.avg_pool2d(x, 3), lambda x: avg_pool(x, 3, 3), (2, 5, 7, 3)),
    row("avg_pool2d: overlapping", lambda x: ops.avg_pool2d(x, 3, stride=1), lambda x: avg_pool(x, 3, 1), (1, 5, 4, 2)),
    row("upsample2d", ops.upsample2d, lambda x: x.repeat(2, 1).repeat(2, 2), (2, 3, 5, 2)),
    row("upsample2d: 3", lambda x: ops.upsample2d(x, 3), lambda x: x.repeat(3, 1).repeat(3, 2), (1, 2, 3, 2)),
]

NORMALISATION = [
    row("batch_norm", lambda x, g, b: ops.batch_norm(x, g, b, 1e-3)[0], batch_norm_formula, (7, 3), (3,), (3,)),
    row(
        "batch_norm: images",
        lambda x, g, b: ops.batch_norm(x, g, b, eps=1e-3)[0],
        batch_norm_formula,
        (2, 3, 5, 2),
        (2,),
        (2,),
    ),
    row(
        "batch_norm: one feature",
        lambda x, g, b: ops.batch_norm(x, g, b, 1e-3)[0],
        batch_norm_formula,
        (5, 1),
        (1,),
        (1,),
    ),
]

ROWS = [
    *ARITHMETIC,
    *ELEMENTWISE,
    *REDUCTIONS,
    *CHOICES,
    *SHAPES,
    *INDEXING,
    *PRODUCTS,
    *CONVOLUTIONS,
    *POOLING,
    *NORMALISATION,
]
