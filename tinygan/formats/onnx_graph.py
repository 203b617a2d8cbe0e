"""From a traced computation to ONNX nodes: names, constants, lengths that grow with the batch, and two layouts.

tinygan's images are (N, H, W, C), ONNX's convolutions want (N, C, H, W). So an image may be known by two names, one for
each layout: a convolution reads and gives the second, an elementwise op works in the one it finds, and a Transpose
is written only where a layout is asked for that is not there yet. Between two convolutions there is then none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygan.formats import onnx_rules as rules
from tinygan.formats.errors import FormatError, needed
from tinygan.formats.onnx_softmax import log_softmax_of
from tinygan.formats.trace import Batch, Length, Value

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class Graph:
    """The nodes and constants of a computation, collected op by op.

    A rule (see `tinygan.formats.onnx_rules`) uses `node`, `constant`, `number` and `lengths`, and `name`,
    `channels_first` or `weight` of the Values it is called on.

    Attributes
    ----------
    given : Value
        The input.
    nodes : list of onnx.NodeProto
        In an order in which they can be computed.
    constants : dict of str to ndarray
        ONNX's initializers: parameters and buffers by their own names, and what was folded.
    """

    def __init__(self, given: Value, name: str, output: str):
        self.onnx = needed("onnx")
        self.given = given
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self.names: dict[tuple[int, bool], str] = {(id(given), False): name}
        self.taken = {name, output}
        self.batch = ""

    # -- what rules use ------------------------------------------------------------------------------

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Write one ONNX node with one output; the name of that output."""
        output = self._new(kind)
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, array: Any, name: str = "constant") -> str:
        """The name of a constant: `name`, if no other numbers have it."""
        array = np.asarray(array, order="C")
        known = self.constants.get(name)
        if known is None or known.dtype != array.dtype or not np.array_equal(known, array):
            name = self._new(name)
            self.constants[name] = array
        return name

    def number(self, value: float, dtype: Any) -> str:
        """A constant of no axes."""
        return self.constant(np.asarray(value, dtype), "number")

    def name(self, value: Value) -> str:
        """The name of a Value as tinygan has it."""
        return self._name(value, False)

    def channels_first(self, value: Value) -> str:
        """The name of an image with its channels first, or of a constant that broadcasts with such images."""
        return self._name(value, True)

    def weight(self, value: Value, axes: tuple[int, ...]) -> str:
        """The name of a kernel with its axes in ONNX's order."""
        if value.fixed:
            return self.constant(self._array(value).transpose(axes), _called(value))
        return self.node("Transpose", self.name(value), perm=axes)

    def lengths(self, shape: tuple[Length, ...]) -> str:
        """A vector of lengths, as Expand and Reshape take it; computed where they grow with the batch."""
        if not any(isinstance(n, Batch) for n in shape):
            return self.constant(np.array(shape, np.int64), "shape")
        if not self.batch:
            whole = self.node("Shape", self.names[id(self.given), False])
            self.batch = self.node("Slice", whole, self.constant(np.array([0])), self.constant(np.array([1])))
        parts = []
        for n in shape:
            if isinstance(n, Batch):
                times = self.constant(np.array([n.times]))
                parts.append(self.batch if n.times == 1 else self.node("Mul", self.batch, times))
            else:
                parts.append(self.constant(np.array([n])))
        return self.node("Concat", *parts, axis=0)

    # -- the walk ----------------------------------------------------------------------------------------

    def write(self, end: Value) -> str:
        """Write all nodes that lead to `end`, each after those it reads; the name of `end`."""
        stack = [(end, False)]
        while stack:
            value, inputs_done = stack.pop()
            if value.fixed or (id(value), False) in self.names or (id(value), True) in self.names:
                continue
            if inputs_done:
                self._write_one(value)
            else:
                stack.append((value, True))
                stack.extend((x, False) for x in reversed(rules.reads(value)))
        return self.name(end)

    def _write_one(self, value: Value) -> None:
        xs, kind = rules.reads(value), type(value.op)
        if kind in rules.IMAGES:
            self.names[id(value), True] = rules.IMAGES[kind](self, value, *xs)
        elif kind in rules.ELEMENTWISE and not log_softmax_of(value):
            first = len(value.shape) == 4 and self._all_first(xs)
            names = [self._name(x, first) for x in xs]
            self.names[id(value), first] = rules.ELEMENTWISE[kind](self, value, *names)
        else:
            self.names[id(value), False] = rules.rule_of(value)(self, value, *xs)

    def _all_first(self, xs: list[Value]) -> bool:
        """Whether an elementwise op should work on channels-first images: one is there, and the others can be."""
        there = [(id(x), True) in self.names and (id(x), False) not in self.names for x in xs]
        return any(there) and all(t or x.fixed or len(x.shape) == 4 for t, x in zip(there, xs, strict=True))

    def _name(self, value: Value, first: bool) -> str:
        key = id(value), first
        if key not in self.names:
            if value.fixed:
                array = self._array(value)
                if first and array.ndim:  # (C,) becomes (C, 1, 1), as ONNX broadcasts from the right too
                    array = array.reshape((1,) * (4 - array.ndim) + array.shape).transpose(TO_FIRST)
                    array = array[0] if value.tensors[0].ndim < 4 else array
                self.names[key] = self.constant(array, _called(value))
            else:
                other = self.names[id(value), not first]
                self.names[key] = self.node("Transpose", other, perm=TO_FIRST if first else TO_LAST)
        return self.names[key]

    def _array(self, value: Value) -> np.ndarray:
        if value.problem:
            raise FormatError(
                f"{value.problem} are computed from the input by a comparison, by detach() or in NumPy: "
                "no record of them was kept, so they cannot be written down for other inputs"
            )
        return value.array

    def _new(self, name: str) -> str:
        """A name that nothing has yet."""
        free = name if name not in self.taken else next(n for n in _numbered(name) if n not in self.taken)
        self.taken.add(free)
        return free


def _numbered(name: str) -> Iterator[str]:
    i = 1
    while True:
        yield f"{name}_{i}"
        i += 1


def _called(value: Value) -> str:
    """The name of a parameter or buffer; of what was computed from one, the same with a word behind it."""
    if value.op is None:
        return value.tensors[0].name or "constant"
    return next((f"{name}_folded" for name in map(_called, value.inputs) if name != "constant"), "constant")
