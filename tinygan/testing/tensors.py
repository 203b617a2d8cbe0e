"""A function of Tensors seen as a function of float64 arrays, with its gradient from the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad
from tinygan.backend import to_numpy
from tinygan.testing.problem import Problem, check_kinds, names_of


class TensorFunction:
    """A function of Tensors, seen as a `Problem`: as a function of float64 arrays."""

    def __init__(self, f: Callable[..., Tensor], inputs: Sequence[Any], params: Sequence[Tensor]):
        self.f = f
        self.params = list({id(p): p for p in params}.values())  # a shared one is moved once
        for i, p in enumerate(self.params):
            if not p.requires_grad:
                name = p.name or f"params[{i}]"
                raise ValueError(f"{name} does not require a gradient: leave it out of params")
        self.inputs = [np.array(to_numpy(x)) for x in inputs]
        names = [getattr(x, "name", None) or n for x, n in zip(inputs, names_of(f, len(inputs)), strict=True)]
        check_kinds(names, self.inputs, self.params)
        self.moved = [i for i, x in enumerate(self.inputs) if x.dtype.kind == "f"]
        self.names = [names[i] for i in self.moved]
        self.names += [p.name or f"params[{i}]" for i, p in enumerate(self.params)]
        arrays = [self.inputs[i] for i in self.moved] + [to_numpy(p) for p in self.params]
        self.dtypes = [str(a.dtype) for a in arrays]
        self.arrays = [a.astype(np.float64) for a in arrays]

    def first_order(self) -> Problem:
        words = ("f", "the backward pass")
        return Problem(self.names, self.dtypes, self.arrays, self.value, self.gradient, *words)

    def second_order(self, rng: np.random.Generator) -> Problem:
        """The gradient as a function of the inputs and of gy, laid end to end in one array."""
        gy = np.asarray(rng.normal(size=self.value(*self.arrays).shape))
        return Problem(
            [*self.names, "gy"],
            [*self.dtypes, "float64"],
            [*self.arrays, gy],
            lambda *arrays: _end_to_end(self.gradient(arrays[-1], *arrays[:-1])),
            self.gradient_of_gradient,
            "the first backward pass",
            "the second backward pass",
            order=2,
        )

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[Tensor, list[Tensor]]:
        """f's result at `arrays`, and the Tensors to differentiate it by."""
        xs: list[Tensor] = [Tensor(x.copy()) for x in self.inputs]
        for i, array, name in zip(self.moved, arrays, self.names, strict=False):
            xs[i] = Tensor(array, requires_grad=True, name=name)
            xs[i].set_data(array)  # this memory, not a copy: what f does to it in place must show
        for p, array in zip(self.params, arrays[len(self.moved) :], strict=True):
            p.set_data(array)
        y = self.f(*xs)
        if not isinstance(y, Tensor) or y.dtype.kind != "f":
            what = f"a Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
            raise TypeError(f"f must return one floating-point Tensor, but returned {what}")
        return y, [xs[i] for i in self.moved] + self.params

    def value(self, *arrays: np.ndarray) -> np.ndarray:
        y, _ = self.run(arrays)
        if y.dtype != np.float64:
            raise TypeError(
                f"f returned {y.dtype} for float64 inputs: somewhere it leaves float64, and differences need the digits"
            )
        return y.data

    def gradient(self, gy: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
        y, xs = self.run(arrays)
        return [g.data for g in _grads(y, xs, Tensor(gy))]

    def gradient_of_gradient(self, ggx: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
        """Gradients of sum(gx * ggx) by the inputs and by gy, through the graph of the gradient."""
        y, xs = self.run(arrays[:-1])
        gy = Tensor(arrays[-1], requires_grad=True, name="gy")
        gxs = _grads(y, xs, gy, create_graph=True)
        parts = np.split(ggx, np.cumsum([g.size for g in gxs])[:-1])
        total = Tensor(np.zeros(()))
        for gx, part in zip(gxs, parts, strict=True):
            total = total + (gx * Tensor(part.reshape(gx.shape))).sum()
        return [g.data for g in _grads(total, [*xs, gy], Tensor(np.ones(())))]


def _grads(y: Tensor, xs: list[Tensor], gy: Tensor, create_graph: bool = False) -> list[Tensor]:
    """`grad`, with zeros for what `y` does not depend on: the differences tell if that is so."""
    gxs = grad(y, xs, gy, create_graph=create_graph, allow_unused=True)
    return [Tensor(np.zeros(x.shape)) if g is None else g for x, g in zip(xs, gxs, strict=True)]


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


def _end_to_end(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays])
