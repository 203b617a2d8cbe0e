"""A program: a step as a flat list of calls on arrays, written out as a Python function and run.

Nothing of the engine is left in it: no Tensor, no graph, no check. ``print(program)`` shows the very lines that run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor
from tinygan.backend import backend_of, current_backend
from tinygan.compiled.passes import improved
from tinygan.compiled.recorder import Line, Recorder, Value

LETTERS = {"argument": "x", "draw": "z", "constant": "c", "held": "w", "result": "v"}


class Program:
    """What a recorder wrote down, ready to be played back.

    Parameters
    ----------
    recorder : Recorder
    arguments : list of Value
    outputs : object
        What the step returned.

    Attributes
    ----------
    recorded : list of Line
        As they were written down, without those whose results nobody uses.
    lines : list of Line
        Those that are run, after the passes.
    draws : list of (function, Value)
        Made first, in their order, before anything is computed: so a batch of another shape is seen in time.
    source : str
        The program, as Python.
    """

    def __init__(self, recorder: Recorder, arguments: list[Value], outputs: Any):
        self.arguments, self.draws = arguments, recorder.draws
        self._names: dict[Any, str] = {}
        self._bound: dict[str, Any] = {"Tensor": Tensor._wrap}
        self._wanted: set[Value] = set()
        returned = self._returned(outputs, recorder)
        self.recorded = _needed(recorder.lines, self._wanted)
        self.lines = improved(self.recorded, self._wanted, current_backend())
        self.source = "\n".join(self._written(returned))
        exec(compile(self.source, "<compiled step>", "exec"), self._bound)
        self.run: Callable[..., Any] = self._bound["step"]
        for value in {v for line in recorder.lines for v in (*line.inputs, *line.outputs)}.union(arguments):
            if value.kind in ("argument", "draw", "result"):
                value.array = None  # the memory of the recorded call is free again

    @property
    def draw_forms(self) -> list[tuple[tuple[int, ...], Any]]:
        """(shape, dtype) of each draw."""
        return [(value.shape, value.dtype) for _, value in self.draws]

    def __str__(self) -> str:
        return self.source

    # -- the text -----------------------------------------------------------------------------------

    def _written(self, returned: str) -> Iterator[str]:
        given = [*self.arguments, *(value for _, value in self.draws)]
        yield f"def step({', '.join(map(self._name, given))}):"
        last = self._last_uses()
        fresh: set[Value] = set()  # what is held, and was read since the last effect
        for i, line in enumerate(self.lines):
            for value in line.inputs:
                if value.kind == "held" and value not in fresh:
                    yield f"    {self._name(value)} = {self._name(value)}_._data  # {value.array.name or 'held'}"
                    self._bound[f"{self._name(value)}_"] = value.array
                    fresh.add(value)
            yield f"    {self._call(line, i)}"
            if line.kind in ("effect", "assign", "set"):
                fresh.clear()
            if dead := sorted(self._name(v) for v in last.get(i, ())):
                yield f"    del {', '.join(dead)}"
        yield f"    return {returned}"

    def _call(self, line: Line, i: int) -> str:
        name = f"{re.sub(r'[^0-9a-z]+', '_', line.name.lower()).strip('_')}_{i}"
        self._bound[name] = line.run
        over = f", out={self._name(line.over)}" if line.over else ""
        text = f"{name}({', '.join(map(self._name, line.inputs))}{over})"
        if line.kind == "op":
            if line.wrap:
                self._bound["array"], text = backend_of(line.outputs[0].array).xp.asarray, f"array({text})"
            (y,) = line.outputs
            return f"{self._name(y)} = {text}  # {y.shape}"
        if line.kind == "several":
            return f"{', '.join(map(self._name, line.outputs))} = {text}"
        if line.kind == "set":
            return text.replace(f"({self._name(line.inputs[0])})", f"(Tensor({self._name(line.inputs[0])}))")
        return f"{self._names[line]} = {text}" if line in self._names else text

    def _name(self, value: Value) -> str:
        if value not in self._names:
            letter = LETTERS[value.kind]
            self._names[value] = f"{letter}{sum(name[0] == letter for name in self._names.values())}"
            if value.kind == "constant":
                self._bound[self._names[value]] = value.array
        return self._names[value]

    def _returned(self, thing: Any, recorder: Recorder) -> str:
        """An expression that makes what the step returned from this replay's values."""
        if isinstance(thing, Tensor):
            value = recorder.value_of(thing)
            if value is None:
                recorder.stop(f"it returns a Tensor of shape {thing.shape} that no op made")
                return "None"
            self._wanted.add(value)
            name = self._name(value)
            if value.kind == "held":
                self._bound[f"{name}_"] = value.array
                name = f"{name}_._data"
            return f"Tensor({name})"
        line = recorder.results.get(id(thing))
        if line is not None and not isinstance(thing, (bool, int, float, str, type(None))):
            return self._names.setdefault(line, f"r{len(self._names)}")
        if type(thing) in (tuple, list):
            inner = "".join(f"{self._returned(each, recorder)}, " for each in thing)
            return f"({inner})" if type(thing) is tuple else f"[{inner}]"
        if type(thing) is dict:
            return "{" + "".join(f"{key!r}: {self._returned(each, recorder)}, " for key, each in thing.items()) + "}"
        if not isinstance(thing, (bool, int, float, str, type(None))):
            recorder.stop(f"it returns a {type(thing).__name__}: a step returns Tensors, or what an effect returned")
        return repr(thing)

    def _last_uses(self) -> dict[int, list[Value]]:
        """Which results are used for the last time in which line."""
        last: dict[Value, int] = {}
        for i, line in enumerate(self.lines):
            last.update({value: i for value in (*line.inputs, *line.outputs) if value.kind == "result"})
        uses: dict[int, list[Value]] = {}
        for value, i in last.items():
            if value not in self._wanted:
                uses.setdefault(i, []).append(value)
        return uses


def _needed(lines: Sequence[Line], wanted: set[Value]) -> list[Line]:
    """The lines on which the wanted values and the effects depend."""
    needed, kept = set(wanted), []
    for line in reversed(lines):
        if line.kind not in ("op", "several") or needed.intersection(line.outputs):
            needed.update(line.inputs)
            kept.append(line)
    return kept[::-1]


def difference(a: Program, b: Program) -> str:
    """How two programs of the same step differ, in words; "" if they do not."""
    numbers: dict[Value, int] = {}
    other: dict[Value, int] = {}
    for x, y in zip(a.recorded, b.recorded, strict=False):
        if x.name != y.name or len(x.inputs) != len(y.inputs):
            return f"{x.name} in one call is {y.name} in the next"
        if [v.form for v in (*x.inputs, *x.outputs)] != [v.form for v in (*y.inputs, *y.outputs)]:
            return f"{x.name} has other shapes from call to call"
        for p, q in zip((*x.inputs, *x.outputs), (*y.inputs, *y.outputs), strict=True):
            if numbers.setdefault(p, len(numbers)) != other.setdefault(q, len(other)):
                return f"{x.name} has other inputs from call to call"
            if p.kind == "constant" and not _equal(p.array, q.array):
                return f"a number that {x.name} is given changes from call to call: give it as an argument"
            if p.kind == "held" and p.array is not q.array:
                return f"{x.name} is given another Tensor from call to call"
        if x.settings.keys() != y.settings.keys() or not all(_equal(v, y.settings[k]) for k, v in x.settings.items()):
            return f"the settings of {x.name} change from call to call"
    if len(a.recorded) != len(b.recorded) or a.source != b.source:
        return "the lines differ from call to call"
    return ""


def _equal(a: Any, b: Any) -> bool:
    if hasattr(a, "dtype") or hasattr(b, "dtype"):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and _bytes(a) == _bytes(b)
    if isinstance(a, (tuple, list)) and type(a) is type(b):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)


def _bytes(array: Any) -> bytes:
    return (array if isinstance(array, np.generic) else backend_of(array).to_numpy(array)).tobytes()
