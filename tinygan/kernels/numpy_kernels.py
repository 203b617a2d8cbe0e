"""Faster ways to compute some ops' `forward` with NumPy. The op's own `forward` is the definition of each.

A kernel stands here only where a measurement asked for it. Times are of one thread, float32, on an
x86-64 server core; the tests compare every kernel with its op.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.kinks import Gate, LeakyReLU, Masked, ReLU
from tinygan.autograd.linear import MatMul
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Mean, Sum
from tinygan.autograd.shape import SumTo, plain_sum
from tinygan.autograd.window import Window
from tinygan.backend.numpy_backend import NumpyBackend
from tinygan.kernels import numpy_patches, numpy_spectrum
from tinygan.kernels.numpy_spectrum import period

CACHED = NumpyBackend.cached
BITS = {size: np.dtype(f"i{size}") for size in (2, 4, 8)}  # whole numbers as long as a float


def conv2d(op: Conv2D, xp: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    way = _way(op, len(x), w.shape[2], w.shape[3], w.dtype)
    y = way.conv(op.window, x, w)
    return y if _finite(w if way is numpy_patches else y) else op.forward(xp, x, w)


def conv_transpose2d(op: ConvTranspose2D, xp: Any, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    way = _way(op, len(y), w.shape[2], w.shape[3], w.dtype)
    x = way.conv_transpose(op.window, y, w)
    return x if way is numpy_patches or _finite(x) else op.forward(xp, y, w)


def conv_weight(op: ConvWeight, xp: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    w = _way(op, len(x), x.shape[3], y.shape[3], x.dtype).conv_weight(op.window, x, y)
    return w if _finite(w) else op.forward(xp, x, y)


def _finite(a: np.ndarray) -> bool:
    """Whether all is finite. If not, patches may have met zeros of padding with inf, and a spectrum all with all:
    then the definition must say what belongs where. (This costs a hundredth of the convolution.)
    """
    return a.dtype.kind != "f" or bool(np.isfinite(a).all())


def prefer_spectrum(window: Window, n: int, c: int, o: int) -> bool:
    """Whether the spectrum beats patches, for n images, c channels in and o channels out.

    Both are bound by their multiplications, so these are counted. Patches make kh kw for each output pixel
    and pair of channels, nothing else. The spectrum makes Q for each phase, and adds its transforms: of x
    (shared by all o), of w (shared by all n) and of y (shared by all c). It has to save a third, because its
    products are smaller and its copies more.

    Measured, one thread, 64 images, forward, spectrum against patches: 5x5 stride 1, 128 -> 256 at 7x7, 13
    against 41 ms; 5x5 stride 2, 64 -> 128 at 14x14, 7.6 against 12.7; 5x5 stride 2, 1 -> 64 at 28x28, 5.5
    against 1.1. Both gradients go the same way.
    """
    rows, cols = window.rows, window.cols
    taps, pixels, outputs = rows.kernel * cols.kernel, rows.size * cols.size, rows.out * cols.out
    phases = rows.stride * cols.stride
    q = 1.5 * period(rows) * period(cols)
    by_spectrum = q * (phases + pixels / o + taps / max(n, 1) + outputs / c)
    return by_spectrum < 0.67 * taps * outputs


def _way(op: Any, n: int, c: int, o: int, dtype: np.dtype) -> Any:
    """The module that computes this convolution faster. (Whole numbers have no spectrum, and float16 a poor one.)"""
    return numpy_spectrum if dtype.char in "fd" and prefer_spectrum(op.window, n, c, o) else numpy_patches


def in_pieces(work: Callable[..., None], *arrays: np.ndarray) -> None:
    """Call `work` on the same piece of all (contiguous) arrays, so short that it stays in a core's cache.

    Two operations after each other find it there. With 800,000 numbers: 0.26 instead of 0.41 ms.
    """
    n = arrays[0].size
    if n <= CACHED:
        work(*arrays)
        return
    flat = [a.reshape(-1) for a in arrays]
    for i in range(0, n, CACHED):
        work(*[a[i : i + CACHED] for a in flat])


# The next three can write their result over an input (`out`), which a step that is played back makes use of.


def relu(op: ReLU, xp: Any, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """max(x, 0) with an array of zeros: with the number 0 NumPy compares one by one, which takes twice as long."""
    if not x.flags.c_contiguous or x.dtype.char not in "fd":
        return _put(op.forward(xp, x), out)
    zeros, y = _zeros(x.dtype), np.empty_like(x) if out is None else out

    def piece(x: np.ndarray, y: np.ndarray) -> None:
        np.maximum(x, zeros[: x.size].reshape(x.shape), out=y)

    in_pieces(piece, x, y)
    return y


@lru_cache
def _zeros(dtype: np.dtype) -> np.ndarray:
    return np.zeros(CACHED, dtype)


def _put(y: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """y, in `out` if there is one."""
    if out is None:
        return y
    out[...] = y
    return out


def leaky_relu(op: LeakyReLU, xp: Any, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """max(x, slope x), the same for slopes in (0, 1]; `np.where` takes 12-18 times as long."""
    if not 0 < op.slope <= 1 or not x.flags.c_contiguous or x.dtype.kind != "f":
        return _put(op.forward(xp, x), out)
    y = np.empty_like(x) if out is None else out

    def piece(x: np.ndarray, y: np.ndarray) -> None:
        np.maximum(x, x * op.slope, out=y)

    in_pieces(piece, x, y)
    return y


def gate(op: Gate, xp: Any, g: np.ndarray, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """g (below + (above - below) [x > 0]), with the comparison made a number; ReLU's selects."""
    selects = op.below == 0 and op.above == 1 and g.itemsize in BITS
    if not (g.flags.c_contiguous and x.flags.c_contiguous) or not (selects or op.below and op.above):
        return _put(op.forward(xp, g, x), out)
    y = np.empty_like(g) if out is None else out
    if selects:
        bits = BITS[g.itemsize]
        in_pieces(_select, g.view(bits), x, y.view(bits))
        return y

    def scale(g: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
        share = np.greater(x, 0).astype(g.dtype)
        if op.above - op.below != 1:
            share *= op.above - op.below
        share += op.below
        np.multiply(share, g, out=y)

    in_pieces(scale, g, x, y)
    return y


def _select(g: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """The bits of g where x > 0: a factor of 1 keeps them all, and 0 none, of inf too. (`np.where` takes ten times as
    long, where the signs of x are mixed.)
    """
    np.multiply(np.greater(x, 0).astype(g.dtype), g, out=y)


def masked(op: Masked, xp: Any, g: np.ndarray, m: np.ndarray) -> np.ndarray:
    """g m as it is, and by the definition, which takes ten times as long, only where a nan shows 0 times inf in it."""

    def piece(g: np.ndarray, m: np.ndarray, y: np.ndarray) -> None:
        np.multiply(g, m, out=y)
        largest.append(np.maximum.reduce(y, axis=None, initial=-np.inf))  # nan if one is: a pass, but in the cache

    if g.dtype != m.dtype or g.dtype.kind != "f":
        return op.forward(xp, g, m)
    y = np.empty(g.shape, g.dtype)
    largest: list[np.floating] = []
    with np.errstate(invalid="ignore"):
        if g.flags.c_contiguous and m.flags.c_contiguous:
            in_pieces(piece, g, m, y)
        else:
            piece(g, m, y)
    return op.forward(xp, g, m) if np.isnan(largest).any() else y


def matmul(op: MatMul, xp: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product, where BLAS would take longer: of a column and a row, and of a few rows with a transposed matrix.

    A column times a row is a table of products, which `multiply` makes five times as fast. And a gradient on its way
    back through a layer is a few rows, of a batch, times the large matrix W^T: OpenBLAS makes (W g^T)^T of it in half
    the time at 16 rows, in two thirds at 32, in nine tenths at 64, and not sooner from there on.
    """
    if a.shape[-1] == 1:
        return a * b
    rows = len(a) if a.ndim == b.ndim == 2 and b.T.flags.c_contiguous else 0
    if 1 < rows <= 64 and b.size >= max(1 << 15, rows**3):
        return np.ascontiguousarray(np.matmul(b.T, a.T).T)
    return np.matmul(a, b)


def column_sums(x: np.ndarray) -> np.ndarray:
    """x (n, m) summed over its rows, as the product of a row of ones with x: BLAS reads x once.

    `x.sum(axis=0)` takes up to ten times as long.
    """
    return np.matmul(np.ones(len(x), dtype=x.dtype), x)


def sum_rows(op: Sum | Mean, xp: Any, x: np.ndarray) -> np.ndarray:
    lead = len(op.axes)
    if not _tall(x, lead) or tuple(sorted(op.axes)) != tuple(range(lead)):
        return plain_sum(x, op.axes, op.keepdims)
    y = column_sums(x.reshape(-1, int(np.prod(x.shape[lead:]))))
    return y.reshape((1,) * lead + x.shape[lead:] if op.keepdims else x.shape[lead:])


def mean(op: Mean, xp: Any, x: np.ndarray) -> np.ndarray:
    """The sum times 1 / n: `x.mean` asks more questions first, 8 instead of 4 us for a small x.

    (Of float16 it adds in float32, or 70,000 ones would have the mean inf.)
    """
    if not x.size or x.itemsize < 4:
        return op.forward(xp, x)
    y = sum_rows(op, xp, x)
    return y * x.dtype.type(y.size / x.size)


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
    Gate: gate,
    LeakyReLU: leaky_relu,
    Masked: masked,
    MatMul: matmul,
    Mean: mean,
    ReLU: relu,
    Sum: sum_rows,
    SumTo: sum_to,
}
