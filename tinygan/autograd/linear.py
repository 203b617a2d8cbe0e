"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.arithmetic import add
from tinygan.autograd.op import Gradients, Op, without_wrapping
from tinygan.autograd.shape import Transpose, reshape, sum_to
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array


class MatMul(Op):
    """y = a b for matrices, or stacks of matrices:  ga = gy b^T,  gb = a^T gy."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return xp.matmul(a, b)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = sum_to(MatMul()(gy, _swap(b)), a.shape) if self.wanted[0] else None
        gb = sum_to(MatMul()(_swap(a), gy), b.shape) if self.wanted[1] else None
        return ga, gb


class Affine(Op):
    """y = x w + b for matrices x and w: MatMul and Add in one op, which saves a copy of y."""

    def forward(self, xp: Any, x: Array, w: Array, b: Array) -> Array:
        y = xp.matmul(x, w)
        y += b
        return y

    def backward(self, gy: Tensor, y: Tensor, x: Tensor, w: Tensor, b: Tensor) -> Gradients:
        gx = MatMul()(gy, _swap(w)) if self.wanted[0] else None
        gw = MatMul()(_swap(x), gy) if self.wanted[1] else None
        return gx, gw, sum_to(gy, b.shape) if self.wanted[2] else None


def _swap(x: Tensor) -> Tensor:
    """x with its last two axes exchanged."""
    return Transpose((*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))(x)


def matmul(a: Any, b: Any) -> Tensor:
    """Matrix product of (..., n, k) and (..., k, m) -> (..., n, m); leading axes broadcast.

    A vector on the left counts as a row, on the right as a column; the added axis is dropped again.

    Raises
    ------
    ValueError
        If an argument is 0-d or the inner lengths or the leading axes do not fit; the message gives both shapes.
    """
    a, b = without_wrapping(as_tensors(a, b))
    if not a.ndim or not b.ndim:
        raise ValueError(f"matmul needs vectors or matrices, not shapes {a.shape} and {b.shape}")
    left = reshape(a, (1, *a.shape)) if a.ndim == 1 else a
    right = reshape(b, (*b.shape, 1)) if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: {left.shape[-1]} columns on the left, "
            f"{right.shape[-2]} rows on the right"
        )
    try:
        np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise ValueError(f"matmul: the leading axes of {a.shape} and {b.shape} do not broadcast") from None
    y = MatMul()(left, right)
    shape = y.shape[:-2] + y.shape[-2:-1] * (a.ndim > 1) + y.shape[-1:] * (b.ndim > 1)
    return reshape(y, shape)


def affine(x: Any, w: Any, b: Any) -> Tensor:
    """x w + b: x (..., n), w (n, m), b (m,) -> (..., m).

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    x, w, b = without_wrapping(as_tensors(x, w, b))
    if not x.ndim or not w.ndim:
        raise ValueError(f"affine needs vectors or matrices, not shapes {x.shape} and {w.shape}")
    if x.ndim == w.ndim == 2 and b.shape == w.shape[1:] and x.shape[1] == w.shape[0]:
        return Affine()(x, w, b)
    return add(matmul(x, w), b)
