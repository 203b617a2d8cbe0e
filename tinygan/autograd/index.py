"""Indexing, its adjoint, and one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.op import Op
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend import backend_of, to_numpy
from tinygan.backend.base import Array
from tinygan.given import whole_number


class GetItem(Op):
    """y = x[index]: slices, integers, None, ..., and arrays of integers or booleans."""

    def __init__(self, index: Any):
        self.index = index

    def forward(self, xp: Any, x: Array) -> Array:
        return x[self.index]

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return PutItem(self.index, x.shape)(gy)


class PutItem(Op):
    """y = zeros of `shape`, with x added at `index`; an index that occurs twice receives both."""

    def __init__(self, index: Any, shape: tuple[int, ...]):
        self.index, self.shape = index, shape

    def forward(self, xp: Any, x: Array) -> Array:
        y = xp.zeros(self.shape, dtype=x.dtype)
        if _is_basic(self.index):
            y[self.index] = x
        else:
            xp.add.at(y, self.index, x)
        return y

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return GetItem(self.index)(gy)


def _is_basic(index: Any) -> bool:
    """Whether the index picks each element at most once (slices and numbers, no arrays)."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts)


def getitem(x: Any, index: Any) -> Tensor:
    """x[index]. Repeated indices add up in the gradient.

    Raises
    ------
    IndexError
        If the index does not fit x's shape.
    """
    (x,) = as_tensors(x)
    backend = backend_of(x._data)

    def place(part: Any) -> Any:
        """Arrays are copied: the caller may fill them anew before the gradient needs them."""
        if isinstance(part, Tensor):
            return part.data.copy()
        if isinstance(part, list) and not part:
            part = np.zeros(0, np.int64)  # nothing is chosen; NumPy would make floats of it
        return backend.asarray(np.array(part)) if isinstance(part, (list, np.ndarray)) else part

    index = tuple(place(part) for part in index) if isinstance(index, tuple) else place(index)
    return GetItem(index)(x)


def one_hot(labels: Any, num_classes: int) -> Tensor:
    """Rows of zeros with a one at each label: labels (N,) of integers -> (N, num_classes) float32.

    Raises
    ------
    ValueError
        If a label is not an integer in [0, num_classes).
    """
    num_classes = whole_number("one_hot: the number of classes", num_classes)
    host = whole_labels(labels, num_classes, f"one_hot: labels must be whole numbers from 0 to {num_classes - 1}")
    return Tensor(np.eye(num_classes, dtype=np.float32)[host])


def whole_labels(labels: Any, classes: int, refusal: str) -> np.ndarray:
    """A copy of the labels on the host, of whatever shape, also of none at all.

    Raises
    ------
    ValueError
        `refusal`, if a label is not a whole number in [0, classes).
    """
    host = to_numpy(labels)
    if not host.size:
        return host.astype(np.int64)
    if host.dtype.kind not in "iu" or not 0 <= host.min() <= host.max() < classes:
        raise ValueError(refusal)
    return host
