"""A function of Tensors seen as a function of float64 arrays, with its gradient from the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, ops
from tinygan.backend import to_numpy
from tinygan.testing.problem import Problem


def problem_of(f: Callable, names: list[str], inputs: Sequence[Any], params: list[Tensor], **words: Any) -> Problem:
    """`f` as a function of arrays: those of its inputs, then those of the parameters that it uses."""
    names = [getattr(x, "name", None) or name for x, name in zip(inputs, names, strict=True)]
    own = [p.name or f"params[{i}]" for i, p in enumerate(params)]
    for name, p in zip(own, params, strict=True):
        if not p.requires_grad:
            raise ValueError(f"{name} does not require a gradient: leave it out of params")

    def run(*arrays: np.ndarray) -> tuple[Tensor, list[Tensor]]:
        xs = [Tensor(x, x.dtype.kind == "f", name) for x, name in zip(arrays, names, strict=False)]
        for x, array in zip([*xs, *params], arrays, strict=True):
            x.set_data(array)  # this memory, not a copy: what f does to it in place must show
        y = f(*xs)
        if not isinstance(y, Tensor) or y.dtype.kind != "f":
            what = f"a Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
            raise TypeError(f"f must return one floating-point Tensor, but returned {what}")
        if y.dtype != np.float64:
            why = "somewhere it leaves float64, and differences need the digits"
            raise TypeError(f"f returned {y.dtype} for float64 inputs: {why}")
        return y, [*xs, *params]

    value = lambda *arrays: run(*arrays)[0].data
    gradient = lambda gy, *arrays: [gx.data for gx in gradients(*run(*arrays), Tensor(gy))]
    return Problem([*names, *own], [np.array(to_numpy(x)) for x in (*inputs, *params)], value, gradient, **words)


def gradient_of(f: Callable, params: list[Tensor]) -> Callable[..., Tensor]:
    """The gradient of f, as a function of f's inputs and gy: all of it end to end in one Tensor."""

    def gradient(*given: Tensor) -> Tensor:
        *xs, gy = given
        gxs = gradients(f(*xs), [*xs, *params], gy, create_graph=True)
        return ops.concatenate([gx.reshape(-1) for gx in gxs])

    return gradient


def gradients(y: Tensor, xs: list[Tensor], gy: Tensor, create_graph: bool = False) -> list[Tensor]:
    """`grad` by the floating ones, with zeros for what `y` does not depend on: the differences tell if that is so."""
    xs = [x for x in xs if x.requires_grad]
    gxs = grad(y, xs, gy, create_graph=create_graph, allow_unused=True)
    return [Tensor(np.zeros(x.shape)) if gx is None else gx for x, gx in zip(xs, gxs, strict=True)]


@contextmanager
def borrowed(params: list[Tensor]) -> Iterator[None]:
    """Give every parameter its own array back in the end: the same memory, never written to."""
    before = [(p, p.data, p._changed[0]) for p in params]
    try:
        yield
    finally:
        for p, array, version in before:
            p.set_data(array)
            p._changed[0] = version  # nothing has changed for a graph that was recorded before
