"""A function of Tensors seen as a function of float64 arrays, with its gradient from the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, ops
from tinygan.backend import to_numpy
from tinygan.testing.problem import Problem, floating


class TensorFunction:
    """A function of Tensors, seen as a `Problem`: as a function of float64 arrays."""

    def __init__(self, f: Callable[..., Tensor], names: list[str], inputs: Sequence[Any], params: Sequence[Tensor]):
        self.f, self.inputs = f, [np.array(to_numpy(x)) for x in inputs]
        self.params = list(dict.fromkeys(params))  # a shared one is moved once
        self.names = [getattr(x, "name", None) or name for x, name in zip(inputs, names, strict=True)]
        self.moved = floating(self.names, self.inputs, params)

    def problem(self, forward: str, backward: str, order: int = 1) -> Problem:
        own = [p.name or f"params[{i}]" for i, p in enumerate(self.params)]
        for name, p in zip(own, self.params, strict=True):
            if not p.requires_grad:
                raise ValueError(f"{name} does not require a gradient: leave it out of params")
        names = [*(self.names[i] for i in self.moved), *own]
        arrays = [*(self.inputs[i] for i in self.moved), *(to_numpy(p) for p in self.params)]
        gradient = lambda gy, *arrays: [gx.data for gx in gradients(*self.run(arrays), Tensor(gy))]
        return Problem(names, arrays, lambda *arrays: self.run(arrays)[0].data, gradient, forward, backward, order)

    def wanted(self, xs: Sequence[Tensor]) -> list[Tensor]:
        """The Tensors to differentiate by: the floating ones of the inputs, and the parameters."""
        return [*(xs[i] for i in self.moved), *self.params]

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[Tensor, list[Tensor]]:
        """f's result at `arrays`, and the Tensors to differentiate it by."""
        xs = [Tensor(x.copy(), i in self.moved, self.names[i]) for i, x in enumerate(self.inputs)]
        for x, array in zip(self.wanted(xs), arrays, strict=True):
            x.set_data(array)  # this memory, not a copy: what f does to it in place must show
        y = self.f(*xs)
        if not isinstance(y, Tensor) or y.dtype.kind != "f":
            what = f"a Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
            raise TypeError(f"f must return one floating-point Tensor, but returned {what}")
        if y.dtype != np.float64:
            why = "somewhere it leaves float64, and differences need the digits"
            raise TypeError(f"f returned {y.dtype} for float64 inputs: {why}")
        return y, self.wanted(xs)

    def derivative(self, gy: np.ndarray) -> TensorFunction:
        """The gradient, as a function of the inputs and gy: all of it end to end in one Tensor."""

        def gradient(*xs: Tensor) -> Tensor:
            gxs = gradients(self.f(*xs[:-1]), self.wanted(xs), xs[-1], create_graph=True)
            return ops.concatenate([gx.reshape(-1) for gx in gxs])

        return TensorFunction(gradient, [*self.names, "gy"], [*self.inputs, gy], self.params)


def gradients(y: Tensor, xs: list[Tensor], gy: Tensor, create_graph: bool = False) -> list[Tensor]:
    """`grad`, with zeros for what `y` does not depend on: the differences tell if that is so."""
    gxs = grad(y, xs, gy, create_graph=create_graph, allow_unused=True)
    return [Tensor(np.zeros(x.shape)) if gx is None else gx for x, gx in zip(xs, gxs, strict=True)]


@contextmanager
def borrowed(params: Sequence[Tensor]) -> Iterator[None]:
    """Give every parameter its own array back in the end: the same memory, never written to."""
    before = [(p, p.data, p._changed[0]) for p in params]
    try:
        yield
    finally:
        for p, array, version in before:
            p.set_data(array)
            p._changed[0] = version  # nothing has changed for a graph that was recorded before
