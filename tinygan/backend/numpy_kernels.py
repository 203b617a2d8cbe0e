"""Faster ways to compute some ops' `forward` with NumPy. The op's own `forward` is the definition of each.

A kernel stands here only where a measurement asked for it. Times are of one thread, float32, on an
x86-64 server core; the tests compare every kernel with its op.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.elementwise import LeakyReLU, Step
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Sum
from tinygan.autograd.shape import SumTo
from tinygan.backend import numpy_conv


def conv2d(op: Conv2D, xp: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    spectrum = numpy_conv.prefer_spectrum(op.window, len(x), *w.shape[2:])
    return numpy_conv.conv(op.window, x, w, spectrum)


def conv_transpose2d(op: ConvTranspose2D, xp: Any, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    spectrum = numpy_conv.prefer_spectrum(op.window, len(y), *w.shape[2:])
    return numpy_conv.conv_transpose(op.window, y, w, spectrum)


def conv_weight(op: ConvWeight, xp: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    spectrum = numpy_conv.prefer_spectrum(op.window, len(x), x.shape[3], y.shape[3])
    return numpy_conv.conv_weight(op.window, x, y, spectrum)


def leaky_relu(op: LeakyReLU, xp: Any, x: np.ndarray) -> np.ndarray:
    """max(x, slope x), the same for slopes in (0, 1]; `np.where` takes 12-18 times as long."""
    if not 0 < op.slope <= 1:
        return op.forward(xp, x)
    y = np.multiply(x, op.slope)
    return np.maximum(x, y, out=y if y.ndim else None)


def step(op: Step, xp: Any, x: np.ndarray) -> np.ndarray:
    """below + (above - below) [x > 0], with the comparison written straight into floats."""
    y = np.empty_like(x)
    np.greater(x, 0, out=y, casting="unsafe")
    if op.above - op.below != 1:
        y *= op.above - op.below
    if op.below:
        y += op.below
    return y


def column_sums(x: np.ndarray) -> np.ndarray:
    """x (n, m) summed over its rows, as the product of a row of ones with x: BLAS reads x once.

    `x.sum(axis=0)` takes up to ten times as long.
    """
    return np.matmul(np.ones(len(x), dtype=x.dtype), x)


def sum_rows(op: Sum, xp: Any, x: np.ndarray) -> np.ndarray:
    lead = len(op.axes)
    if not _tall(x, lead) or tuple(sorted(op.axes)) != tuple(range(lead)):
        return op.forward(xp, x)
    y = column_sums(x.reshape(-1, int(np.prod(x.shape[lead:]))))
    return y.reshape((1,) * lead + x.shape[lead:] if op.keepdims else x.shape[lead:])


def sum_to(op: SumTo, xp: Any, x: np.ndarray) -> np.ndarray:
    lead = x.ndim - len(op.shape)
    if not _tall(x, lead) or x.shape[lead:] != op.shape:
        return op.forward(xp, x)
    return column_sums(x.reshape(-1, int(np.prod(op.shape)))).reshape(op.shape)


def _tall(x: np.ndarray, lead: int) -> bool:
    """Whether summing the first `lead` axes is a sum over the rows of a matrix that need not be copied."""
    return 0 < lead < x.ndim and x.size > 0 and x.dtype.kind == "f" and x.flags.c_contiguous


def batch_norm(op: BatchNorm, xp: Any, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """The definition with its two means as `column_sums`, and the last three operations in place."""
    rows = x.reshape(-1, x.shape[-1])
    op.mean = column_sums(rows) / len(rows)
    y = rows - op.mean
    op.var = column_sums(y * y) / len(rows)
    y *= gamma / np.sqrt(op.var + op.eps)
    y += beta
    return y.reshape(x.shape)


KERNELS: dict[type, Callable[..., Any]] = {
    BatchNorm: batch_norm,
    Conv2D: conv2d,
    ConvTranspose2D: conv_transpose2d,
    ConvWeight: conv_weight,
    LeakyReLU: leaky_relu,
    Step: step,
    Sum: sum_rows,
    SumTo: sum_to,
}
