"""Batch normalisation: the composition that defines it, and the fused op that trains with it.

Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tinygan.autograd.elementwise import sqrt
from tinygan.autograd.mode import is_recording
from tinygan.autograd.op import Gradients, Op, as_floats
from tinygan.autograd.outside import several
from tinygan.autograd.reduce import mean, var
from tinygan.autograd.shape import sum_to
from tinygan.autograd.tensor import Tensor
from tinygan.backend import backend_of
from tinygan.backend.base import Array
from tinygan.given import as_float


def batch_norm_composed(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Tensor:
    """gamma * (x - mean) / sqrt(var + eps) + beta, over all axes but the last: the definition."""
    axes = tuple(range(x.ndim - 1))
    return gamma * ((x - mean(x, axes)) / sqrt(var(x, axes) + eps)) + beta


class BatchNorm(Op):
    """The same in one op, which keeps the batch's `mean` and `var` (C,) for the running averages.

    With n values for each feature and xhat the normalised x:

        gx = gamma / std * (gy - (gbeta + xhat * ggamma) / n)

    whose last two terms are the paths through the mean and through the variance.
    """

    def __init__(self, eps: float):
        self.eps = eps

    def forward(self, xp: Any, x: Array, gamma: Array, beta: Array) -> Array:
        axes = tuple(range(x.ndim - 1))
        self.mean = x.mean(axis=axes)
        centred = x - self.mean
        self.var = (centred * centred).mean(axis=axes)
        return centred * (gamma / xp.sqrt(self.var + self.eps)) + beta

    def backward(self, gy: Tensor, y: Tensor, x: Tensor, gamma: Tensor, beta: Tensor) -> Gradients:
        if not is_recording():
            plain, backend = BatchNorm._backward_of_arrays, backend_of(x._data)
            kernel: Callable[..., Any] = backend.kernels.get(plain, plain)
            return several(f"{self.name}'s gradients", partial(kernel, self, backend.xp), gy, x, gamma)
        axes = tuple(range(x.ndim - 1))
        std = sqrt(var(x, axes) + self.eps)
        xhat = (x - mean(x, axes)) / std
        gbeta, ggamma = sum_to(gy, beta.shape), sum_to(gy * xhat, gamma.shape)
        n = x.size // gamma.size
        return (gy - (gbeta + xhat * ggamma) / n) * (gamma / std), ggamma, gbeta

    def _backward_of_arrays(self, xp: Any, gy: Array, x: Array, gamma: Array) -> tuple[Array, Array, Array]:
        """The same formula where it will not be differentiated again: in place, with the known mean and var.

        Sums over the rows are products with a row of ones, which reads an array once.
        """
        gy, rows = (a.reshape(-1, gamma.size) for a in (gy, x))
        ones, std = xp.ones(len(rows), dtype=rows.dtype), xp.sqrt(self.var + self.eps)
        gx = rows - self.mean  # becomes xhat, and then step by step gx
        gx /= std
        gbeta, ggamma = ones @ gy, ones @ (gy * gx)
        gx *= ggamma / len(rows)
        gx += gbeta / len(rows)
        xp.subtract(gy, gx, out=gx)
        gx *= gamma / std
        return gx.reshape(x.shape), ggamma, gbeta


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> tuple[Tensor, Any, Any]:
    """Batch normalisation of x (..., C) by its own mean and variance.

    Returns
    -------
    y : Tensor (..., C)
    mean, var : arrays (C,)
        The batch's statistics (var divided by n), without history.

    Raises
    ------
    ValueError
        If the shapes do not fit; the message gives all three.
    """
    y, op = by_batch(x, gamma, beta, eps)
    return y, op.mean, op.var


def by_batch(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, BatchNorm]:
    """`batch_norm`'s result, and the op that holds the batch's statistics."""
    x, gamma, beta = as_floats(x, gamma, beta)
    if x.ndim < 2 or gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(
            f"batch_norm of {x.shape} needs gamma and beta of shape (features,), not {gamma.shape} and {beta.shape}"
        )
    op = BatchNorm(as_float("batch_norm: eps", eps))
    return op(x, gamma, beta), op
