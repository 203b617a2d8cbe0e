"""Op: one differentiable step, and the bookkeeping around it.

`forward` sees arrays, `backward` sees Tensors. So a gradient is itself a differentiable computation,
and second derivatives need no rules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygan.autograd import mode
from tinygan.autograd.tensor import Clock, Tensor, as_tensors
from tinygan.backend import DEFAULT_DTYPE, Backend, backend_of
from tinygan.backend.base import Array

Gradients: TypeAlias = Sequence[Tensor | None]  # one for each input, None where nothing flows


class Op:
    """A differentiable function of Tensors with one output. One object serves one call.

    Subclasses keep their settings as attributes and define

    - ``forward(xp, *arrays) -> array``: the formula, written on the array library `xp` alone;
    - ``backward(gy, y, *inputs) -> Tensor or None for each input``: the gradients of the inputs, given
      the gradient `gy` of the output `y`. None says that nothing flows to that input.

    Attributes
    ----------
    inputs : tuple of Tensor
        What the op was called on; together the ops' inputs are the graph.
    wanted : tuple of bool
        During backward: which inputs' gradients will be used. Costly ops skip the others.

    Examples
    --------
    >>> class Square(Op):
    ...     def forward(self, xp, x):
    ...         return x * x
    ...
    ...     def backward(self, gy, y, x):
    ...         return gy * 2 * x
    >>> Square()(Tensor([3.0])).item()
    9.0
    """

    inputs: tuple[Tensor, ...] = ()
    wanted: tuple[bool, ...] = ()
    called: int = 0  # when, by Clock

    # For type checkers, `/` and `**_` let each op name its own inputs.
    def forward(self, xp: Any, /, *arrays: Any, **_: Any) -> Array:
        raise NotImplementedError(f"Op {self.name} must define forward")

    def backward(self, gy: Tensor, y: Tensor, /, *inputs: Any, **_: Any) -> Tensor | Gradients | None:
        raise NotImplementedError(f"Op {self.name} must define backward")

    @property
    def name(self) -> str:
        return type(self).__name__

    def __call__(self, *inputs: Tensor) -> Tensor:
        if self.inputs:
            raise RuntimeError(f"this {self.name} object was called before: make a new one for each call")
        backend = backend_of(inputs[0]._data)
        if len(inputs) > 1:
            inputs = self._alike(backend, inputs)
        arrays = [x._data for x in inputs]
        kernel = backend.kernels.get(type(self))
        result = kernel(self, backend.xp, *arrays) if kernel else self.forward(backend.xp, *arrays)
        if type(result) is not backend.array_type:  # NumPy's reductions return scalars, not 0-d arrays
            result = backend.xp.asarray(result)
        y = Tensor._wrap(result)
        base = result.base
        if result is arrays[0] or base is not None and (base is arrays[0] or base is arrays[0].base):
            y._changed = inputs[0]._changed  # a view: changing it changes the input, and the reverse
        now = mode.state
        if now.recorder is not None:
            now.recorder.op(self, kernel, backend.xp, inputs, y)
        if now.recording:
            for x in inputs:
                if x.requires_grad:
                    y.requires_grad, y.op = True, self
                    self.inputs, self.called = inputs, Clock.changes
                    break
        return y

    def check_unchanged(self, y: Tensor) -> None:
        """Raise if the output or an input was changed since the op used it."""
        for tensor in (y, *self.inputs):
            if tensor._changed[0] > self.called:
                what = tensor.name or ("its result" if tensor is y else f"an input of shape {tensor.shape}")
                raise RuntimeError(f"{what} was changed after {self.name} used it; run the forward pass again")

    def _alike(self, backend: Backend, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The inputs, after a check that all are of one backend, brought to one precision."""
        dtype, same = inputs[0]._data.dtype, True
        for x in inputs:
            same = same and x._data.dtype == dtype
            if type(x._data) is not backend.array_type:
                places = ", ".join(f"{t.name or 'shape ' + str(t.shape)}: {backend_of(t._data).name}" for t in inputs)
                raise TypeError(f"{self.name} got arrays of two backends ({places}); make all on one of them")
        return inputs if same else _common_float(inputs)


class Elementwise(Op):
    """An op whose output's numbers each depend on the inputs' numbers in the same place alone.

    So it may be computed in pieces, and several of them in one pass (see `tinygan.compiled`).
    """


def _common_float(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Bring inputs of different precision to the widest float, through a differentiable cast.

    Integers too, or float32 times int64 would be float64. Booleans stay: they are conditions.
    """
    floats = [x._data.dtype for x in inputs if x._data.dtype.kind == "f"]
    if not floats:
        return inputs
    widest = max(floats, key=lambda dtype: dtype.itemsize)
    return tuple(Cast(widest)(x) if x._data.dtype.kind != "b" and x._data.dtype != widest else x for x in inputs)


def as_floats(*values: Any) -> Sequence[Tensor]:
    """All values as Tensors of floats: a function of whole numbers or booleans computes in the default float."""
    tensors = as_tensors(*values)
    for x in tensors:
        if x._data.dtype.kind != "f":
            return [x if x._data.dtype.kind == "f" else Cast(DEFAULT_DTYPE)(x) for x in tensors]
    return tensors  # the usual case, at the least cost


def without_wrapping(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The Tensors as they can be added and multiplied.

    Booleans count as 0 and 1; whole numbers, where no float is among them, are taken to 64 bits, because sums and
    products of uint8 would wrap around at 256.
    """
    for x in tensors:
        if x._data.dtype.kind != "f":
            break
    else:
        return tensors  # the usual case, at the least cost
    kinds = [x._data.dtype.kind for x in tensors]
    number = DEFAULT_DTYPE if "f" in kinds else np.int64
    narrow = "b" if "f" in kinds else "biu"
    return [
        Cast(number)(x) if kind in narrow and x._data.dtype.itemsize < 8 else x
        for kind, x in zip(kinds, tensors, strict=True)
    ]


class Cast(Op):
    """y = x in another precision; the gradient is cast back."""

    def __init__(self, dtype: Any):
        self.dtype = dtype

    def forward(self, xp: Any, x: Array) -> Array:
        return x.astype(self.dtype)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return Cast(x.dtype)(gy)


class Copy(Op):
    """y = x, in memory of its own."""

    def forward(self, xp: Any, x: Array) -> Array:
        return x.copy()

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy
