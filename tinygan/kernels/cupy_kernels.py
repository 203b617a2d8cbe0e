"""Faster ways to compute some ops' `forward` with CuPy. The op's own `forward` is the definition of each.

A definition takes one launch for each of its array operations; a kernel here takes one for all of them. The
tests run every text below, compiled for the CPU, against the definition, and compile it for NVIDIA GPUs.

Sums over the rows of a tall matrix (x (n, m): images and pixels by channels) are made in two stages. First
`strips` threads for each column sum every so-many-th row; then these few rows are summed. CuPy's own
`x.sum(0)` gives 32 columns to one block of threads, which leaves nearly all of a GPU without work, and the
product of a row of ones with x would round x to 10 bits where CUPY_TF32=1 allows that to products.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygan.autograd.arithmetic import PowConstant
from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.cross_entropy import BCEWithLogits
from tinygan.autograd.elementwise import Sigmoid, Softplus
from tinygan.autograd.kinks import Gate, LeakyReLU, Masked
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Mean, Sum
from tinygan.autograd.shape import SumTo, plain_sum
from tinygan.kernels import cupy_conv
from tinygan.kernels.cupy_launch import Source, floats, launch

MOST_STRIPS = 256
ROWS_A_STRIP = 16  # at least, or the second stage is no shorter than the first
TALL = 1024  # rows from which two launches beat one

# -- one number at a time ------------------------------------------------------------------------------

SELECT = "y = m == 0 ? T(0) : m * g"  # 0 times inf would be nan

LEAKY_RELU = Source("tinygan_leaky_relu", "T x, T slope", "T y", "y = x > 0 ? x : slope * x")
GATE = Source("tinygan_gate", "T g, T x, T below, T above", "T y", f"const T m = x > 0 ? above : below; {SELECT}")
MASKED = Source("tinygan_masked", "T g, T m", "T y", SELECT)
SIGMOID = Source("tinygan_sigmoid", "T x", "T y", "y = exp(x < 0 ? x : T(0)) / (1 + exp(-fabs(x)))")
SOFTPLUS = Source("tinygan_softplus", "T x", "T y", "y = (x > 0 ? x : T(0)) + log1p(exp(-fabs(x)))")
BCE = Source(
    "tinygan_bce",
    "T x, T target",
    "T y",
    "const T m = x > 0 ? 1 - target : -target; y = (m == 0 ? T(0) : m * x) + log1p(exp(-fabs(x)))",
)


def leaky_relu(op: LeakyReLU, xp: Any, x: Any) -> Any:
    return launch(xp, LEAKY_RELU, x, op.slope) if floats(x) else op.forward(xp, x)


def gate(op: Gate, xp: Any, g: Any, x: Any) -> Any:
    return launch(xp, GATE, g, x, op.below, op.above) if floats(g, x) else op.forward(xp, g, x)


def masked(op: Masked, xp: Any, g: Any, m: Any) -> Any:
    return launch(xp, MASKED, g, m) if floats(g, m) else op.forward(xp, g, m)


def sigmoid(op: Sigmoid, xp: Any, x: Any) -> Any:
    return launch(xp, SIGMOID, x) if floats(x) else op.forward(xp, x)


def softplus(op: Softplus, xp: Any, x: Any) -> Any:
    return launch(xp, SOFTPLUS, x) if floats(x) else op.forward(xp, x)


def power(op: PowConstant, xp: Any, x: Any) -> Any:
    """Powers with a shorter name, as NumPy takes them: CuPy calls `powf`, which is dear and rounds in its own way."""
    ways = {2: lambda: x * x, 0.5: lambda: xp.sqrt(x), -1: lambda: 1 / x}
    return ways[op.p]() if op.p in ways and floats(x) else op.forward(xp, x)


def bce_with_logits(op: BCEWithLogits, xp: Any, x: Any) -> Any:
    return launch(xp, BCE, x, op.target).mean() if floats(x) else op.forward(xp, x)


# -- sums over rows --------------------------------------------------------------------------------------

# Thread i sums column i % columns over the rows i / columns, i / columns + strips, ...
STRIP_SUMS = Source(
    "tinygan_strip_sums",
    "raw T x, int32 rows, int32 columns, int32 strips",
    "T sum",
    """
    T total = 0;
    for (int row = i / columns; row < rows; row += strips) total += x[(ptrdiff_t)row * columns + i % columns];
    sum = total;
    """,
)


def column_sums(xp: Any, x: Any) -> Any:
    """x (n, m) summed over its rows: (m,)."""
    strips = xp.empty((_strips(x), x.shape[1]), dtype=x.dtype)
    return launch(xp, STRIP_SUMS, x, *x.shape, len(strips), strips).sum(axis=0)


def sum_rows(op: Sum | Mean, xp: Any, x: Any) -> Any:
    lead = len(op.axes)
    if not _tall(x, lead) or tuple(sorted(op.axes)) != tuple(range(lead)):
        return plain_sum(x, op.axes, op.keepdims)
    y = column_sums(xp, x.reshape(-1, math.prod(x.shape[lead:])))
    return y.reshape((1,) * lead + x.shape[lead:] if op.keepdims else x.shape[lead:])


def mean(op: Mean, xp: Any, x: Any) -> Any:
    y = sum_rows(op, xp, x) if _tall(x, len(op.axes)) else None
    return op.forward(xp, x) if y is None else y * (y.size / x.size)


def sum_to(op: SumTo, xp: Any, x: Any) -> Any:
    lead = x.ndim - len(op.shape)
    if not _tall(x, lead) or x.shape[lead:] != op.shape:
        return op.forward(xp, x)
    return column_sums(xp, x.reshape(-1, math.prod(op.shape))).reshape(op.shape)


def _tall(x: Any, lead: int) -> bool:
    """Whether summing the first `lead` axes is a sum over many rows of a matrix that need not be copied."""
    return 0 < lead < x.ndim and math.prod(x.shape[:lead]) >= TALL and floats(x) and bool(x.flags.c_contiguous)


def _strips(x: Any) -> int:
    return min(MOST_STRIPS, -(-len(x) // ROWS_A_STRIP))


# -- batch normalisation ---------------------------------------------------------------------------------

# Each strip's mean, and its sum of squares around this mean (which loses no digits where the mean is large).
STRIP_MOMENTS = Source(
    "tinygan_strip_moments",
    "raw T x, int32 rows, int32 columns, int32 strips",
    "T mean, T squares",
    """
    const int column = i % columns, first = i / columns, count = (rows - first + strips - 1) / strips;
    T sum = 0, around = 0;
    for (int row = first; row < rows; row += strips) sum += x[(ptrdiff_t)row * columns + column];
    const T centre = sum / count;
    for (int row = first; row < rows; row += strips) {
        const T d = x[(ptrdiff_t)row * columns + column] - centre;
        around += d * d;
    }
    mean = centre;
    squares = around;
    """,
)

# The strips' moments together: sum of (x - mean)^2 = sum over strips of squares + count (strip's mean - mean)^2.
MOMENTS = Source(
    "tinygan_moments",
    "raw T means, raw T squares, int32 rows, int32 columns, int32 strips",
    "T mean, T var",
    """
    T sum = 0, around = 0;
    for (int s = 0; s < strips; s++) sum += means[s * columns + i] * ((rows - s + strips - 1) / strips);
    const T centre = sum / rows;
    for (int s = 0; s < strips; s++) {
        const T d = means[s * columns + i] - centre;
        around += squares[s * columns + i] + d * d * ((rows - s + strips - 1) / strips);
    }
    mean = centre;
    var = around / rows;
    """,
)

NORMALISE = Source(
    "tinygan_normalise",
    "T x, T mean, T var, T gamma, T beta, T eps",
    "T y",
    "y = (x - mean) * (gamma / sqrt(var + eps)) + beta",
)

# ggamma = sum of gy * xhat and gbeta = sum of gy, strip by strip.
STRIP_GRADIENTS = Source(
    "tinygan_strip_gradients",
    "raw T gy, raw T x, T mean, T var, T eps, int32 rows, int32 columns, int32 strips",
    "T ggamma, T gbeta",
    """
    T products = 0, sum = 0;
    for (int row = i / columns; row < rows; row += strips) {
        const ptrdiff_t at = (ptrdiff_t)row * columns + i % columns;
        products += gy[at] * (x[at] - mean);
        sum += gy[at];
    }
    ggamma = products / sqrt(var + eps);
    gbeta = sum;
    """,
)

NORMALISE_GRADIENT = Source(
    "tinygan_normalise_gradient",
    "T gy, T x, T mean, T var, T gamma, T ggamma, T gbeta, T eps, T rows",
    "T gx",
    """
    const T scale = 1 / sqrt(var + eps), xhat = (x - mean) * scale;
    gx = gamma * scale * (gy - (gbeta + xhat * ggamma) / rows);
    """,
)


def batch_norm(op: BatchNorm, xp: Any, x: Any, gamma: Any, beta: Any) -> Any:
    """The definition in three launches instead of ten."""
    if not floats(x, gamma, beta):
        return op.forward(xp, x, gamma, beta)
    rows = x.reshape(-1, x.shape[-1])
    strips = _strips(rows)
    means, squares = (xp.empty((strips, rows.shape[1]), dtype=x.dtype) for _ in range(2))
    launch(xp, STRIP_MOMENTS, rows, *rows.shape, strips, means, squares)
    mean, var = (xp.empty(gamma.shape, dtype=x.dtype) for _ in range(2))
    op.mean, op.var = launch(xp, MOMENTS, means, squares, *rows.shape, strips, mean, var)
    return launch(xp, NORMALISE, x, op.mean, op.var, gamma, beta, op.eps)


def batch_norm_gradient(op: BatchNorm, xp: Any, gy: Any, x: Any, gamma: Any) -> tuple[Any, Any, Any]:
    """(gx, ggamma, gbeta) of `BatchNorm`, from the mean and var that its forward left, in four launches."""
    if not floats(x, gy, gamma):
        return op._backward_of_arrays(xp, gy, x, gamma)
    rows, upstream = (a.reshape(-1, x.shape[-1]) for a in (x, gy))
    strips = _strips(rows)
    products, sums = (xp.empty((strips, rows.shape[1]), dtype=x.dtype) for _ in range(2))
    launch(xp, STRIP_GRADIENTS, upstream, rows, op.mean, op.var, op.eps, *rows.shape, strips, products, sums)
    ggamma, gbeta = products.sum(axis=0), sums.sum(axis=0)
    gx = launch(xp, NORMALISE_GRADIENT, gy, x, op.mean, op.var, gamma, ggamma, gbeta, op.eps, len(rows))
    return gx, ggamma, gbeta


# -- convolution (see cupy_conv) -------------------------------------------------------------------------


def conv2d(op: Conv2D, xp: Any, x: Any, w: Any) -> Any:
    return cupy_conv.conv(xp, op.window, x, w) if floats(x, w) else op.forward(xp, x, w)


def conv_transpose2d(op: ConvTranspose2D, xp: Any, y: Any, w: Any) -> Any:
    return cupy_conv.conv_transpose(xp, op.window, y, w) if floats(y, w) else op.forward(xp, y, w)


def conv_weight(op: ConvWeight, xp: Any, x: Any, y: Any) -> Any:
    return cupy_conv.conv_weight(xp, op.window, x, y) if floats(x, y) else op.forward(xp, x, y)


KERNELS: dict[Any, Callable[..., Any]] = {
    BCEWithLogits: bce_with_logits,
    BatchNorm: batch_norm,
    Conv2D: conv2d,
    ConvTranspose2D: conv_transpose2d,
    ConvWeight: conv_weight,
    Gate: gate,
    LeakyReLU: leaky_relu,
    Masked: masked,
    Mean: mean,
    PowConstant: power,
    Sigmoid: sigmoid,
    Softplus: softplus,
    Sum: sum_rows,
    SumTo: sum_to,
    # What is no op's forward is found under what it replaces, too.
    BatchNorm._backward_of_arrays: batch_norm_gradient,
}
