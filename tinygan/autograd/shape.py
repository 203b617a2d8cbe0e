"""Ops that move numbers without changing them, and their adjoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygan.autograd.op import Cast, Gradients, Op
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array
from tinygan.given import is_whole, whole_pairs, whole_tuple
from tinygan.words import short


class BroadcastTo(Op):
    """y = x repeated along new axes and along axes of length 1. A view: no memory is used."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.broadcast_to(x, self.shape)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return sum_to(gy, x.shape)


def plain_sum(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The array's own sum; whole numbers and booleans are counted in 64 bits."""
    narrow = x.dtype.kind != "f" and x.dtype.itemsize < 8
    return x.sum(axis=axes, keepdims=keepdims, dtype=np.int64 if narrow else None)


class SumTo(Op):
    """y = x summed over the axes that broadcasting to x's shape would repeat: BroadcastTo's adjoint."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def forward(self, xp: Any, x: Array) -> Array:
        lead = x.ndim - len(self.shape)
        kept = tuple(lead + i for i, n in enumerate(self.shape) if n == 1 and x.shape[lead + i] != 1)
        return plain_sum(x, tuple(range(lead)) + kept, keepdims=True).reshape(self.shape)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return broadcast_to(gy, x.shape)


class Reshape(Op):
    """y = x in another shape, in C order."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def forward(self, xp: Any, x: Array) -> Array:
        return x.reshape(self.shape)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return reshape(gy, x.shape)


class Transpose(Op):
    """y = x with its axes in another order; the gradient takes them back."""

    def __init__(self, axes: tuple[int, ...]):
        self.axes = axes

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.transpose(x, self.axes)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return transpose(gy, tuple(int(i) for i in np.argsort(self.axes)))


class Concatenate(Op):
    """y = the inputs, one after the other along an axis; the gradient is cut into the same pieces."""

    def __init__(self, axis: int):
        self.axis = axis

    def forward(self, xp: Any, *xs: Array) -> Array:
        return xp.concatenate(xs, axis=self.axis)

    def backward(self, gy: Tensor, y: Tensor, *xs: Tensor) -> Gradients:
        gxs, start = [], 0
        for x, wanted in zip(xs, self.wanted, strict=True):
            stop = start + x.shape[self.axis]
            piece = (slice(None),) * self.axis + (slice(start, stop),)
            gxs.append(gy[piece] if wanted else None)
            start = stop
        return gxs


class Pad(Op):
    """y = x with a constant border; the gradient is cut back to x."""

    def __init__(self, width: tuple[tuple[int, int], ...], value: float):
        self.width, self.value = width, value

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.pad(x, self.width, mode="constant", constant_values=self.value)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy[tuple(slice(before, before + n) for (before, _), n in zip(self.width, x.shape, strict=True))]


def broadcast_to(x: Any, shape: Sequence[int]) -> Tensor:
    """x repeated to `shape`, by NumPy's broadcasting rules.

    Raises
    ------
    ValueError
        If x's shape does not broadcast to `shape`.
    """
    (x,) = as_tensors(x)
    shape = _lengths("broadcast_to", shape, x, 0)
    if x.shape == shape:
        return x
    lead = len(shape) - x.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True)):
        raise ValueError(f"broadcast_to: shape {x.shape} does not broadcast to {shape}")
    return BroadcastTo(shape)(x)


def together(name: str, *values: Any) -> Sequence[Tensor]:
    """All values as Tensors of one shape, by NumPy's broadcasting rules: elementwise ops never see two shapes."""
    tensors = as_tensors(*values)
    shapes = [x._data.shape for x in tensors]
    if shapes.count(shapes[0]) == len(shapes):
        return tensors
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{name}: the shapes {' and '.join(map(str, shapes))} do not broadcast") from None
    # A single constant number needs no gradient, so the array library may spread it by itself.
    return [x if x.shape == shape or (not x.shape and not x.requires_grad) else BroadcastTo(shape)(x) for x in tensors]


def sum_to(x: Any, shape: Sequence[int]) -> Tensor:
    """x summed down to `shape`: over leading axes, and over the axes where `shape` has length 1.

    Raises
    ------
    ValueError
        If `shape` does not broadcast to x's shape.
    """
    (x,) = as_tensors(x)
    shape = _lengths("sum_to", shape, x, 0)
    if x.shape == shape:
        return x
    lead = x.ndim - len(shape)
    if lead < 0 or any(m not in (1, n) for n, m in zip(x.shape[lead:], shape, strict=True)):
        raise ValueError(f"sum_to: shape {shape} does not broadcast to {x.shape}")
    return SumTo(shape)(x)


def _lengths(name: str, shape: int | Sequence[int], x: Tensor, least: int = -1) -> tuple[int, ...]:
    """A shape as a tuple of ints; ValueError if one of them is no length."""
    lengths = whole_tuple((shape,) if is_whole(shape, least) else shape, least=least)
    if lengths is None:
        raise ValueError(f"{name}: shape {x.shape} cannot become {short(shape)}: lengths are whole numbers")
    return lengths


def reshape(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x in another shape of the same size, in C order; one length may be -1.

    Raises
    ------
    ValueError
        If the sizes differ; the message gives both.
    """
    (x,) = as_tensors(x)
    shape = _lengths("reshape", shape, x)
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) == 1 and known and x.size % known == 0:
        shape = tuple(x.size // known if n == -1 else n for n in shape)
    elif -1 in shape or known != x.size:
        raise ValueError(f"reshape: {x.size} numbers of shape {x.shape} do not fit into {shape}")
    return x if x.shape == shape else Reshape(shape)(x)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """x with its axes in the order `axes`; reversed when None.

    Raises
    ------
    ValueError
        If `axes` is not an order of all of x's axes.
    """
    (x,) = as_tensors(x)
    order = distinct_axes(range(x.ndim)[::-1] if axes is None else axes, x.ndim)
    if order is None or len(order) != x.ndim:
        raise ValueError(f"transpose: {short(axes)} is not an order of the {x.ndim} axes of shape {x.shape}")
    return Transpose(order)(x)


def distinct_axes(axes: Any, ndim: int) -> tuple[int, ...] | None:
    """A sequence of axes of which none comes twice, counted from 0; None if it is no such sequence."""
    given = whole_tuple(axes, least=-ndim, most=ndim - 1)
    counted = None if given is None else tuple(axis % ndim for axis in given)
    return counted if counted is not None and len(set(counted)) == len(counted) else None


def one_axis(name: str, axis: int, ndim: int, of: str) -> int:
    """An axis of `ndim`, counted from 0; ValueError, which says that there is none in `of`, for another."""
    if not is_whole(axis, -ndim, ndim - 1):
        raise ValueError(f"{name}: axis {short(axis)} does not exist in {of}")
    return int(axis) % ndim


def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """The Tensors joined along an existing axis; their other lengths must agree.

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes disagree; the message gives them.
    """
    tensors = as_tensors(*xs)
    if not tensors:
        raise ValueError("concatenate needs at least one Tensor")
    axis = one_axis("concatenate", axis, tensors[0].ndim, f"shape {tensors[0].shape}")
    rest = {x.shape[:axis] + x.shape[axis + 1 :] + (x.ndim,) for x in tensors}
    if len(rest) > 1:
        raise ValueError(f"concatenate along axis {axis}: the shapes {[x.shape for x in tensors]} disagree elsewhere")
    return Concatenate(axis)(*tensors)


def stack(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """The Tensors, all of one shape, joined along a new axis."""
    tensors = as_tensors(*xs)
    if len({x.shape for x in tensors}) != 1:
        raise ValueError(f"stack: the shapes {[x.shape for x in tensors]} are not one and the same")
    shape = tensors[0].shape
    axis = one_axis("stack", axis, len(shape) + 1, f"a result of {len(shape) + 1} axes")
    return concatenate([reshape(x, shape[:axis] + (1,) + shape[axis:]) for x in tensors], axis)


def pad(x: Any, width: int | Sequence[Sequence[int]], value: float = 0.0) -> Tensor:
    """x with a border of `value`.

    Parameters
    ----------
    x : Tensor
    width : int or sequence of (before, after)
        One pair for each axis, or one number for all sides.
    value : float
        Whole numbers become floats if it has a fraction, and wider if it does not fit their dtype.

    Raises
    ------
    ValueError
        If there is not a pair of widths, 0 or more, for each axis.
    """
    (x,) = as_tensors(x)
    if x.dtype.kind != "f" and value not in (0, 1):
        dtype = x.like(int(value) if value % 1 == 0 else value).dtype
        x = x if dtype == x.dtype else Cast(dtype)(x)
    pairs = whole_pairs([(width, width)] * x.ndim if is_whole(width, 0) else width, x.ndim)
    if pairs is None:
        raise ValueError(f"pad: {short(width)} is not a pair of widths, 0 or more, for each axis of shape {x.shape}")
    return Pad(pairs, value)(x) if any(map(any, pairs)) else x
