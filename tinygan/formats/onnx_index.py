"""x[index] in ONNX: a Slice, a Gather where an array picks, and a Reshape for axes that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.backend import to_numpy
from tinygan.formats.errors import FormatError
from tinygan.formats.trace import Batch, Value

if TYPE_CHECKING:
    from tinygan.formats.onnx_graph import Graph

ENDS = np.iinfo(np.int64)  # beyond any axis, in both directions


def get_item(g: Graph, y: Value, x: Value) -> str:
    """The rule of GetItem: slices, whole numbers, None, ..., and one array of whole numbers or booleans.

    Raises
    ------
    FormatError
        If the index is of another kind, or depends on the number of samples.
    """
    first, second = (_by_axis(op.index, len(x.shape)) for op in y.ops)  # type: ignore[union-attr]
    arrays = [axis for axis, part in first if _is_array(part)]
    if arrays and (len(arrays) > 1 or any(isinstance(part, (int, np.integer)) for _, part in first)):
        raise FormatError("an index with an array and another array or a number in it cannot be written in ONNX")
    result = _slices(g, x, first, second)
    for axis, part in first:
        if axis in arrays:
            result = g.node("Gather", result, _places(g, part, dict(second)[axis]), axis=axis)
    return g.node("Reshape", result, g.lengths(one_free(y.shape))) if _reshapes(y, first) else result


def _by_axis(index: Any, ndim: int) -> list[tuple[int, Any]]:
    """(axis, part) of an index, without `None` and with `...` written out; -1 is the axis of a None."""
    parts = list(index) if isinstance(index, tuple) else [index]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    found, axis = [], 0
    for part in parts:
        if part is None:
            found.append((-1, None))
        elif part is Ellipsis:
            axis += ndim - used
        else:
            found.append((axis, part))
            axis += 1
    return found


def _is_array(part: Any) -> bool:
    return part is not None and not isinstance(part, (int, np.integer, slice))


def _slices(g: Graph, x: Value, first: list[tuple[int, Any]], second: list[tuple[int, Any]]) -> str:
    """x with its slices cut, and with a slice of length 1 for each whole number."""
    rows = []
    for (axis, part), (_, other) in zip(first, second, strict=True):
        if isinstance(part, (int, np.integer)):
            part, other = (slice(int(i), int(i) + 1 if i != -1 else None) for i in (part, other))
        if not isinstance(part, slice) or _is_whole(x, axis, part, other):
            continue
        if part != other:
            raise FormatError(
                f"axis {axis} of {x.tensors[0].shape} is cut by the number of samples: {part} and {other}"
            )
        step = 1 if part.step is None else int(part.step)
        start = (0 if step > 0 else ENDS.max) if part.start is None else int(part.start)
        stop = (ENDS.max if step > 0 else ENDS.min) if part.stop is None else int(part.stop)
        rows.append((start, stop, axis, step))
    if not rows:
        return g.name(x)
    columns = zip(("starts", "ends", "axes", "steps"), zip(*rows, strict=True), strict=True)
    names = [g.constant(np.array(column, np.int64), name) for name, column in columns]
    return g.node("Slice", g.name(x), *names)


def _is_whole(x: Value, axis: int, *parts: slice) -> bool:
    """Whether these slices, of both calls, take all of an axis as it is."""
    sizes = [t.shape[axis] for t in x.tensors]
    return all(part.indices(n) == (0, n, 1) for part, n in zip(parts, sizes, strict=True))


def _places(g: Graph, part: Any, other: Any) -> str:
    """The name of the array that picks: the network's own input (labels), or a constant."""
    places, others = to_numpy(part), to_numpy(other)
    labels = [to_numpy(t) for t in g.given.tensors]  # drawn anew for each call, and an index is a copy of them
    if labels[0].dtype.kind in "iu" and np.array_equal(places, labels[0]) and np.array_equal(others, labels[1]):
        return g.name(g.given)
    if not np.array_equal(places, others):
        raise FormatError("an index array depends on the input or on the number of samples")
    if places.dtype.kind == "b":
        if places.ndim > 1:
            raise FormatError("a mask over several axes cannot be written in ONNX as an index")
        places = places.nonzero()[0]
    return g.constant(places.astype(np.int64), "places")


def _reshapes(y: Value, parts: list[tuple[int, Any]]) -> bool:
    return any(part is None or isinstance(part, (int, np.integer)) for _, part in parts)


def one_free(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """A shape for Reshape: -1 for the one length that grows with the batch."""
    growing = sum(isinstance(n, Batch) for n in shape)
    return tuple(-1 if isinstance(n, Batch) else n for n in shape) if growing == 1 else shape
