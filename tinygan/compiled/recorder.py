"""The recorder: it watches a step being taken, and writes down what is done to arrays.

While it watches, `Op.__call__` shows it each op with its inputs and its output; `draw`, `effect` and
`Tensor.assign` show it the rest. Every array must be known: an argument of the step, a draw, a constant, the result of
a line, or what a Tensor holds that was there before (a parameter). If one is not, or if the step asks for a number of
Python, then the recorder writes no more, and the step goes on as if nobody watched.
"""

from __future__ import annotations

import linecache
import math
import operator
import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tinygan.autograd import Op, Tensor, mode
from tinygan.backend import current_backend
from tinygan.compiled.guards import Guards, present, same

UNSEEN = {"inputs", "wanted", "called", "mean", "var"}  # attributes of an op that are no settings


@dataclass(eq=False)
class Value:
    """An array of the program, which is another one in each replay (but a constant).

    Attributes
    ----------
    kind : {"argument", "draw", "constant", "held", "result"}
        "held" is what a Tensor holds at the moment, such as a parameter.
    source : array or Tensor
        The array of a constant, and the Tensor of what is held.
    shape, dtype, strides
        When it was recorded.
    owner : Value
        Whose memory it has: itself, or what it is a view of.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: Any
    strides: tuple[int, ...]
    source: Any = None
    owner: Value = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.owner = self.owner or self

    @classmethod
    def of(cls, kind: str, array: Any, source: Any = None) -> Value:
        return cls(kind, array.shape, array.dtype, array.strides, source)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * int(self.dtype.itemsize)

    @property
    def is_contiguous(self) -> bool:
        """Whether its numbers lie in memory one after the other, in C order."""
        step = self.dtype.itemsize
        for n, stride in zip(self.shape[::-1], self.strides[::-1], strict=True):
            if n > 1 and stride != step:
                return False
            step *= n
        return True

    @property
    def form(self) -> tuple[Any, ...]:
        return self.kind, self.shape, str(self.dtype), self.strides


@dataclass(eq=False)
class Line:
    """One call of a program: ``outputs = run(*inputs)``.

    Attributes
    ----------
    name : str
        Of the op, or of what is done.
    kind : {"op", "several", "effect", "assign", "set"}
        How many results there are: one, several, none; or what Tensor, or attribute, takes the input.
    settings : dict
        Of the op, to be compared.
    """

    name: str
    kind: str
    run: Callable[..., Any]
    inputs: list[Value]
    outputs: list[Value]
    settings: dict[str, Any] = field(default_factory=dict)
    op: Op | None = None
    scalar: bool = False  # the result may be a scalar of NumPy's own, to be made an array
    over: Value | None = None  # the input that the result is written over


class Recorder:
    """Writes down one call of a function.

    Parameters
    ----------
    guards : Guards
        What was there before; its Tensors are the program's parameters.
    drawn : list of arrays
        The results of the first draws, which have been made already.
    """

    def __init__(self, guards: Guards, drawn: Sequence[Any] = ()):
        self.guards, self.held, self.ahead = guards, guards.tensors, list(drawn)
        self.lines: list[Line] = []
        self.draws: list[tuple[Callable[[], Any], Value]] = []
        self.results: dict[int, Line] = {}  # what effects returned, by id
        self._returned: list[Any] = []  # the same, so that no id is given twice
        self.problem = ""
        self._known: dict[int, tuple[Any, Value]] = {}  # by the array's id, with the array as long as there is one
        self._of_held: dict[int, Value] = {}
        self._moving = guards.moving()
        self._set_outside: set[int] = set()  # places that draws and effects set, by number

    # -- what the engine tells --------------------------------------------------------------------

    def op(self, op: Op, kernel: Callable[..., Any] | None, xp: Any, inputs: Sequence[Tensor], y: Tensor) -> None:
        """An op was called."""
        values = self._values(op.name, inputs)
        if values is None:
            return
        if all(value.kind == "constant" for value in values) and y.size <= 64:
            self.constant(y._data)
            return
        run = partial(kernel, op, xp) if kernel else partial(op.forward, xp)
        settings = {name: value for name, value in vars(op).items() if name not in UNSEEN}
        line = Line(op.name, "op", run, values, [self._result(y, values, inputs)], settings, op)
        line.scalar = not y.shape  # NumPy gives its own scalars there, which the engine makes arrays
        self.lines.append(line)

    def line(self, name: str, run: Callable[..., Any], inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Something else was computed from arrays alone."""
        values = self._values(name, inputs)
        if values is not None:
            kind = "op" if len(outputs) == 1 else "several"
            self.lines.append(Line(name, kind, run, values, [self._result(y, values, inputs) for y in outputs]))

    def constant(self, array: Any) -> None:
        self._new("constant", array, array)

    def draw(self, function: Callable[[], Any]) -> Tensor:
        with self.looking_away():
            y = Tensor._wrap(current_backend().asarray(self.ahead.pop(0) if self.ahead else function())[...])
        self.draws.append((function, self._new("draw", y._data)))
        return y

    def effect(self, function: Callable[..., Any], tensors: Sequence[Tensor]) -> Any:
        values = self._values(_called(function), tensors)
        with self.looking_away():
            result = function(*[t._data for t in tensors])
        if values is not None:
            line = Line(_called(function), "effect", function, values, [])
            self.lines.append(line)
            self.results[id(result)] = line
            self._returned.append(result)
        return result

    def assign(self, tensor: Tensor) -> None:
        """A Tensor was given another array."""
        values = self._values("assign", [Tensor._wrap(tensor._data)])
        if values is not None and id(tensor) in self.held:
            self.lines.append(Line(f"assign {tensor.name or ''}".strip(), "assign", tensor.set_data, values, []))

    def stop(self, why: str) -> None:
        """Write no more; the first reason is kept, with the line of the step that gave it, if it is known."""
        if not self.problem:
            line = _line_of_step()
            self.problem = f"{why} ({line})" if line else why
            self.lines.clear()
            self._known.clear()

    # -- for the one who asked to record -----------------------------------------------------------

    def argument(self, array: Any) -> Value:
        return self._new("argument", array)

    def value_of(self, tensor: Tensor) -> Value | None:
        """The value a Tensor has now, if it is known."""
        array, value = self._known.get(id(tensor._data), (lambda: None, None))
        if array() is not tensor._data:  # of one that is gone, and its id was given again
            value = None
        if value is None and self.held.get(id(tensor)) is tensor:
            value = self._of_held.get(id(tensor))
            if value is None:
                value = self._of_held[id(tensor)] = Value.of("held", tensor._data, tensor)
        return value

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Inside the block nothing is written down: what is done there is done again in each replay."""
        self._check_moving()
        before = self.guards.values()
        mode.state.recorder = None
        try:
            yield
        finally:
            mode.state.recorder = self
        self._moving = self.guards.moving()
        pairs = enumerate(zip(before, self.guards.values(), strict=True))
        self._set_outside.update(i for i, (former, now) in pairs if now is not former and not same(now, former))

    def finish(self) -> None:
        """See what the step did to what it reaches: a Tensor it set is set in each replay, other changes are not."""
        self._check_moving()
        for i, (holder, key, former, name) in enumerate(self.guards.places):
            now = present(holder, key)
            if now is former or same(now, former) or i in self._set_outside:
                continue
            value = self.value_of(now) if isinstance(now, Tensor) else None
            if value is None or not isinstance(holder, (dict, list)):
                return self.stop(f"it changes {name}, which a replay would not")
            self._set_outside.add(i)
            made = next((j for j, line in enumerate(self.lines) if value in line.outputs), -1)
            self.lines.insert(made + 1, Line(f"set {name}", "set", partial(operator.setitem, holder, key), [value], []))
        self.guards.without(self._set_outside)

    # -- values -------------------------------------------------------------------------------------

    def _values(self, name: str, tensors: Sequence[Tensor]) -> list[Value] | None:
        if self.problem:
            return None
        values: list[Value] = []
        for tensor in tensors:
            value = self.value_of(tensor)
            if value is None:
                self.stop(
                    f"{name} gets an array of shape {tensor.shape} that no op made: give it as an argument, make a "
                    "Tensor of it before the step, or draw it with tg.draw(function)"
                )
                return None
            values.append(value)
        return values

    def _new(self, kind: str, array: Any, source: Any = None) -> Value:
        value = Value.of(kind, array, source)
        self._known[id(array)] = weakref.ref(array), value  # the recorded call needs no more memory than any other
        return value

    def _result(self, y: Tensor, values: Sequence[Value], inputs: Sequence[Tensor]) -> Value:
        """The value of a result, which may be a view of an input."""
        value, array = self._new("result", y._data), y._data
        for x, tensor in zip(values, inputs, strict=True):
            if array is tensor._data or array.base is not None and y.xp.may_share_memory(array, tensor._data):
                value.owner = x.owner
        return value

    def _check_moving(self) -> None:
        now = self.guards.moving()
        if now != self._moving and not self.problem:
            random = now[: -self.guards.optimisers or None] != self._moving[: -self.guards.optimisers or None]
            self.stop(
                "it draws random numbers that a replay would not draw again: draw them with tg.draw(function)"
                if random
                else "it changes a number of an optimiser, which a replay would not: use tg.effect(function)"
            )


def _called(function: Any) -> str:
    function = getattr(function, "func", function)
    return getattr(function, "__qualname__", type(function).__name__).replace(".<locals>", "")


def _line_of_step() -> str:
    """The line that is being run: of the user's code, or else of the library's outside of the engine."""
    frame: Any = sys._getframe(2)
    within: Any = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == "contextlib" or module.startswith("tinygan.compiled.compiled"):
            break  # nobody is in a line of the step: it was seen between two lines, or afterwards
        if not module.startswith("tinygan."):
            within = frame
            break
        if within is None and not module.startswith(("tinygan.autograd", "tinygan.compiled")):
            within = frame
        frame = frame.f_back
    if within is None:
        return ""
    path, number = within.f_code.co_filename, within.f_lineno
    return f"{os.path.basename(path)}, line {number}: {linecache.getline(path, number).strip()}"
