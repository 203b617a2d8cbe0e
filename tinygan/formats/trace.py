"""A computation seen at two batch sizes: which lengths belong to the network, and which to the batch.

The engine's record of one call knows numbers only: a Reshape to (11, 784) does not say that 11 is the batch. So
the network is called twice, with 11 and with 13 samples, and both records are walked side by side. A length that
is equal in both belongs to the network; one that is 11 k in the first and 13 k in the second is k times the batch;
and whatever else differs (an op, a setting, a number that no op explains) cannot be written down for every N, and
is refused in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.autograd import Op, Tensor
from tinygan.autograd.mode import recording
from tinygan.autograd.shape import BroadcastTo
from tinygan.backend import to_numpy
from tinygan.formats.errors import FormatError
from tinygan.nn import Module

BATCHES = 11, 13  # primes, and rarely a length in a network
# What the ops of two calls may differ in: their place in the record, results they keep, and what the rules compare.
MAY_DIFFER = {"inputs", "wanted", "called", "mean", "var", "shape", "index"}


@dataclass(frozen=True)
class Batch:
    """A length of `times` N, where N is the number of samples."""

    times: int = 1


Length = int | Batch


@dataclass(eq=False)
class Value:
    """A Tensor of the network's computation, as it is at both batch sizes.

    Attributes
    ----------
    tensors : (Tensor, Tensor)
        Of the call with 11 samples, and of that with 13.
    shape : tuple of int or Batch
    inputs : list of Value
        What its op was called on; empty for what no op made.
    fixed : bool
        It depends neither on the network's input nor on N: a constant.
    problem : str
        Why it cannot be used; "" if it can.
    """

    tensors: tuple[Tensor, Tensor]
    shape: tuple[Length, ...]
    inputs: list[Value] = field(default_factory=list)
    fixed: bool = False
    problem: str = ""
    ops: tuple[Op, Op] | None = None

    @property
    def op(self) -> Any:
        """The op that made it, in the first call; None if no op did."""
        return self.ops[0] if self.ops else None

    @property
    def array(self) -> np.ndarray:
        """Its numbers in the first call, on the host."""
        return to_numpy(self.tensors[0])

    @property
    def dtype(self) -> np.dtype:
        return self.tensors[0].dtype

    def constant_along(self, axis: int) -> bool:
        """Whether all its numbers along an axis are the same."""
        arrays = [to_numpy(t) for t in self.tensors]
        return all(np.array_equal(np.broadcast_to(a.take([0], axis), a.shape), a) for a in arrays)

    def before_broadcast(self) -> Value:
        """Itself, or what it is a BroadcastTo of."""
        value = self
        while type(value.op) is BroadcastTo:
            value = value.inputs[0]
        return value

    def broadcasts_from(self, others: list[Value]) -> bool:
        """Whether its shape is what the shapes of `others` broadcast to, whatever N is."""
        pairs = zip(*(x.tensors for x in others), strict=True)
        both = zip(self.tensors, pairs, strict=True)
        return all(np.broadcast_shapes(*(x.shape for x in xs)) == y.shape for y, xs in both)


def trace(network: Module, draw: Callable[[int], np.ndarray]) -> tuple[Value, Value]:
    """The input and the output of a network in evaluation mode; the output's `inputs` lead back to the input.

    Parameters
    ----------
    network : Module
        Left in the mode it was in.
    draw : function(n) -> array (n, ...)
        An input for n samples, another one at each call.

    Raises
    ------
    FormatError
        If the computation differs between two batch sizes in more than lengths that grow with the batch.
    """
    xs, ys = [], []
    with network.evaluating(), recording(True):
        for n in BATCHES:
            array = draw(n)
            xs.append(Tensor(array, requires_grad=array.dtype.kind == "f"))
            ys.append(network(xs[-1]))
    given = Value((xs[0], xs[1]), _shape(xs[0], xs[1]))
    own = {id(t.data): t for _, t in [*network.named_parameters(), *network.buffers()]}
    return given, _walk((ys[0], ys[1]), given, own)


def _walk(end: tuple[Tensor, Tensor], given: Value, own: dict[int, Tensor]) -> Value:
    """The Value of `end`, with all it was made from; without recursion, which would end at a thousand ops."""
    values: dict[tuple[int, int], Value] = {_key(given.tensors): given}
    stack = [(end, False)]
    while stack:
        pair, inputs_done = stack.pop()
        if _key(pair) in values:
            continue
        a, b = (t.op for t in pair)
        if a is None or b is None:
            if a is not b:
                raise FormatError(f"{(a or b).name} is computed at one batch size only")  # type: ignore[union-attr]
            values[_key(pair)] = _given(pair, own)
            continue
        pairs = list(zip(a.inputs, b.inputs, strict=False))
        if not inputs_done:
            _same_op(a, b)
            stack.append((pair, True))
            stack.extend((each, False) for each in reversed(pairs))
        else:
            inputs, shape = [values[_key(each)] for each in pairs], _shape(*pair)
            fixed = all(x.fixed for x in inputs) and not _batches(shape)
            problem = next((x.problem for x in inputs if x.problem), "") if fixed else ""
            values[_key(pair)] = Value(pair, shape, inputs, fixed, problem, (a, b))
    return values[_key(end)]


def _key(pair: tuple[Tensor, Tensor]) -> tuple[int, int]:
    return id(pair[0]), id(pair[1])


def _shape(a: Tensor, b: Tensor) -> tuple[Length, ...]:
    """The common shape of the same Tensor in both calls."""
    lengths: list[Length] = []
    for m, n in zip(a.shape, b.shape, strict=False):
        times, rest = divmod(m, BATCHES[0])
        if m != n and (rest or n != times * BATCHES[1]):
            break
        lengths.append(m if m == n else Batch(times))
    if len(lengths) < max(a.ndim, b.ndim):
        sizes = " and ".join(f"{t.shape} for {n} samples" for t, n in zip((a, b), BATCHES, strict=True))
        raise FormatError(f"a shape does not grow in proportion to the batch: it is {sizes}")
    return tuple(lengths)


def _batches(shape: tuple[Length, ...]) -> list[int]:
    """The axes whose length depends on N."""
    return [axis for axis, n in enumerate(shape) if isinstance(n, Batch)]


def _given(pair: tuple[Tensor, Tensor], own: dict[int, Tensor]) -> Value:
    """What no op made: a parameter, a buffer, a number; its problem, if it is not the same in both calls.

    A constant that is repeated for every sample becomes the BroadcastTo that it was: of buffers, such as BatchNorm's
    means, the engine keeps no record. `own` are the network's Tensors by the identity of their arrays.
    """
    shape, arrays = _shape(*pair), [to_numpy(t) for t in pair]
    axes = _batches(shape)
    if axes:
        once = [Tensor(a[tuple(slice(1) if i in axes else slice(None) for i in range(a.ndim))]) for a in arrays]
        owner = own.get(id(pair[0].data.base))  # what a broadcast array is a view of
        once = [owner, owner] if owner is not None else once
        if all(_repeats(one, a) for one, a in zip(once, arrays, strict=True)):
            one = _given((once[0], once[1]), own)
            return Value(pair, shape, [one], ops=(BroadcastTo(pair[0].shape), BroadcastTo(pair[1].shape)))
    problem = "" if pair[0] is pair[1] or _equal(*arrays) else f"numbers of shape {pair[0].shape}"
    return Value(pair, shape, fixed=True, problem=problem)


def _repeats(one: Tensor, array: np.ndarray) -> bool:
    """Whether an array is this Tensor, broadcast."""
    try:
        return _equal(np.broadcast_to(to_numpy(one), array.shape), array)
    except ValueError:
        return False


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _same_op(a: Op, b: Op) -> None:
    """Raise if the two calls did not do the same here."""
    if type(a) is not type(b) or len(a.inputs) != len(b.inputs):
        raise FormatError(f"the network computes {a.name} for {BATCHES[0]} samples, and {b.name} for {BATCHES[1]}")
    for name in vars(a).keys() - MAY_DIFFER:
        x, y = getattr(a, name), getattr(b, name)
        if not (np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y):
            raise FormatError(f"{a.name} has another {name} for {BATCHES[0]} samples than for {BATCHES[1]}")
