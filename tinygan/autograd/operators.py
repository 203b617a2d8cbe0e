"""What + - * / @ and the methods of a Tensor mean: each is the op of that name in `tinygan.ops`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Operators are ops, and ops take Tensors: an honest circle. It is harmless, because the names behind
# `autograd.ops` are looked up only when an operator runs.
import tinygan.autograd as autograd

if TYPE_CHECKING:
    from tinygan.autograd.tensor import Tensor


class Operators:
    """Base of `Tensor`, without data of its own."""

    __slots__ = ()

    def __add__(self, other: Any) -> Tensor:
        return autograd.ops.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return autograd.ops.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return autograd.ops.sub(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return autograd.ops.sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return autograd.ops.mul(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return autograd.ops.mul(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return autograd.ops.div(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return autograd.ops.div(other, self)

    def __pow__(self, exponent: Any) -> Tensor:
        return autograd.ops.pow(self, exponent)

    def __rpow__(self, base: Any) -> Tensor:
        return autograd.ops.pow(base, self)

    def __matmul__(self, other: Any) -> Tensor:
        return autograd.ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return autograd.ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return autograd.ops.neg(self)

    def __abs__(self) -> Tensor:
        return autograd.ops.abs(self)

    def __getitem__(self, index: Any) -> Tensor:
        return autograd.ops.getitem(self, index)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return autograd.ops.sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return autograd.ops.mean(self, axis, keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return autograd.ops.var(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return autograd.ops.max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return autograd.ops.min(self, axis, keepdims)

    def reshape(self, *sizes: Any, shape: Any = None) -> Tensor:
        """As `ops.reshape`: ``x.reshape((2, 3))``, ``x.reshape(2, 3)`` or ``x.reshape(shape=(2, 3))``."""
        return autograd.ops.reshape(self, shape if shape is not None else sizes[0] if len(sizes) == 1 else sizes)

    def transpose(self, *order: Any, axes: Any = None) -> Tensor:
        """As `ops.transpose`: ``x.transpose()``, ``x.transpose((1, 0))`` or ``x.transpose(1, 0)``."""
        return autograd.ops.transpose(
            self, axes if axes is not None else order[0] if len(order) == 1 else order or None
        )
