"""Ops that make fewer numbers of many: sum, max, and what is composed of them."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Sequence
from typing import Any

from tinygan.autograd.elementwise import exp, log
from tinygan.autograd.kinks import masked
from tinygan.autograd.op import Gradients, Op, as_floats
from tinygan.autograd.shape import broadcast_to, distinct_axes, plain_sum, reshape
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array
from tinygan.words import short

Axis = int | Sequence[int] | None


def _axes(name: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """`axis` as a tuple of distinct axes, 0 or more; all axes when None."""
    axes = distinct_axes(range(ndim) if axis is None else axis if isinstance(axis, Iterable) else (axis,), ndim)
    if axes is None:
        raise ValueError(f"{name}: axis {short(axis)} does not name distinct axes of a Tensor with {ndim} axes")
    return axes


def _axes_of_something(name: str, axis: Axis, x: Tensor) -> tuple[int, ...]:
    """The same, where of nothing no number could be chosen."""
    axes = _axes(name, axis, x.ndim)
    if x.size == 0 and 0 not in (n for i, n in enumerate(x.shape) if i not in axes):
        raise ValueError(f"{name}: there is nothing to choose from along axis {axis} of shape {x.shape}")
    return axes


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with length 1 along `axes`: what keepdims=True gives."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


class Sum(Op):
    """y = sum of x over some axes; the gradient is repeated along them."""

    def __init__(self, axes: tuple[int, ...], keepdims: bool):
        self.axes, self.keepdims = axes, keepdims

    def forward(self, xp: Any, x: Array) -> Array:
        return plain_sum(x, self.axes, self.keepdims)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return broadcast_to(reshape(gy, _kept(x.shape, self.axes)), x.shape)


class Mean(Op):
    """y = mean of x over some axes, of which each mean is over n numbers; each of them receives gy / n."""

    def __init__(self, axes: tuple[int, ...], keepdims: bool):
        self.axes, self.keepdims = axes, keepdims

    def forward(self, xp: Any, x: Array) -> Array:
        return x.mean(axis=self.axes, keepdims=self.keepdims)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        share = gy * (1 / builtins.max(1, math.prod(x.shape[axis] for axis in self.axes)))
        return broadcast_to(reshape(share, _kept(x.shape, self.axes)), x.shape)


class Max(Op):
    """y = max of x over some axes; equal maxima share the gradient evenly."""

    def __init__(self, axes: tuple[int, ...], keepdims: bool):
        self.axes, self.keepdims = axes, keepdims

    def forward(self, xp: Any, x: Array) -> Array:
        return x.max(axis=self.axes, keepdims=self.keepdims)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        kept = _kept(x.shape, self.axes)
        return masked(broadcast_to(reshape(gy, kept), x.shape), Share(self.axes)(x, reshape(y, kept)))


class Min(Max):
    """y = min of x over some axes; equal minima share the gradient evenly."""

    def forward(self, xp: Any, x: Array) -> Array:
        return x.min(axis=self.axes, keepdims=self.keepdims)


class Share(Op):
    """y = 1 / (how many are so) where x is the value that was chosen over the axes, 0 elsewhere: the slope of max."""

    def __init__(self, axes: tuple[int, ...]):
        self.axes = axes

    def forward(self, xp: Any, x: Array, chosen: Array) -> Array:
        hit = (x == chosen).astype(x.dtype)
        return hit / hit.sum(axis=self.axes, keepdims=True)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor, chosen: Tensor) -> Gradients:
        return None, None


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over `axis` (an int, several, or all when None). Of whole numbers and booleans it is whole, in 64 bits."""
    (x,) = as_tensors(x)
    return Sum(_axes("sum", axis, x.ndim), keepdims)(x)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over `axis` (an int, several, or all when None). Of whole numbers it is their exact sum / n, a float.

    The mean of nothing is nan, with NumPy's warning.
    """
    (x,) = as_tensors(x)
    axes = _axes("mean", axis, x.ndim)
    if x.dtype.kind != "f":
        return sum(x, axes, keepdims) / math.prod(x.shape[i] for i in axes)
    return Mean(axes, keepdims)(x)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance over `axis`: the mean of the squared distances from the mean (divided by n, not n - 1)."""
    (x,) = as_tensors(x)
    _axes("var", axis, x.ndim)
    centred = x - mean(x, axis, keepdims=True)
    return mean(centred * centred, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest value over `axis`, of the dtype of x; equal maxima share the gradient evenly.

    Raises
    ------
    ValueError
        If there is nothing along `axis`; the message gives the shape.
    """
    (x,) = as_tensors(x)
    return Max(_axes_of_something("max", axis, x), keepdims)(x)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest value over `axis`, of the dtype of x; equal minima share the gradient evenly. Raises as `max` does."""
    (x,) = as_tensors(x)
    return Min(_axes_of_something("min", axis, x), keepdims)(x)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """x - ln sum e^x along `axis`, shifted by the maximum so that nothing overflows."""
    (x,) = as_floats(x)
    _axes("log_softmax", axis, x.ndim)
    shifted = x - max(x, axis, keepdims=True).detach()
    return shifted - log(sum(exp(shifted), axis, keepdims=True))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """e^x / sum e^x along `axis`."""
    (x,) = as_floats(x)
    _axes("softmax", axis, x.ndim)
    return exp(log_softmax(x, axis))
