"""A program: a step as a flat list of calls on arrays, written out as a Python function and run.

Nothing of the engine is left in it: no Tensor, no graph, no check. ``print(program)`` shows the very lines that run.
"""

from __future__ import annotations

import re
import time
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
        self._names: dict[Value, str] = {}
        self._bound: dict[str, Any] = {"Tensor": Tensor._wrap}
        self._wanted: set[Value] = set()
        self._results: dict[Line, str] = {}  # names of what effects return
        outputs = self._taken(outputs, recorder)
        self.recorded = _needed(recorder.lines, self._wanted)
        self.lines = improved(self.recorded, self._wanted, current_backend())
        self.source = "\n".join(self._written(outputs))
        self._play = self._made(self.source)
        self.times: dict[int, float] = {}
        for line in recorder.lines:
            if line.op:
                line.op.inputs = ()  # the graph of the recorded call, with all its arrays, is needed no more

    @property
    def draw_forms(self) -> list[tuple[tuple[int, ...], Any]]:
        """(shape, dtype) of each draw."""
        return [(value.shape, value.dtype) for _, value in self.draws]

    def run(self, *arrays: Any) -> Any:
        """Play it back on the arrays of the arguments and of the draws."""
        return self._play(*arrays)

    def _made(self, source: str) -> Callable[..., Any]:
        exec(compile(source, "<compiled step>", "exec"), self._bound)  # these are our own lines
        step: Callable[..., Any] = self._bound["step"]
        return step

    def timed(self, *arrays: Any) -> Any:
        """Run once, as `run` does, and keep each line's seconds in `times`, by its number; `print` then shows them."""
        clock, wait, times, last = time.perf_counter, current_backend().synchronize, self.times, 0.0

        def note(number: int) -> None:
            nonlocal last
            wait()
            now = clock()
            times[number], last = now - last, now

        self._bound["note"] = note
        first, *lines, end = self.source.split("\n")
        noted = [f"{line}\n    note({i})" for i, line in enumerate(lines, 1)]
        run = self._made("\n".join([first, *noted, end]))
        last = clock()
        return run(*arrays)

    def __str__(self) -> str:
        """The lines that run, numbered; after `timed` with the milliseconds of each."""
        lines = self.source.split("\n")
        times = [f"{self.times[i] * 1e3:8.3f} ms" if i in self.times else "" for i in range(len(lines))]
        width = max(map(len, times))
        alive, everything = map(_size, self.memory)
        text = [f"{i:4d}  {times[i]:>{width}}  {line}" for i, line in enumerate(lines)]
        return "\n".join([*text, f"At most {alive} of results are alive at once, of {everything} in all."])

    @property
    def memory(self) -> tuple[int, int]:
        """(bytes of the results that are alive at once, at most; bytes of all results, which a graph keeps alive)."""
        dies: dict[Value, int] = {}
        for i, line in enumerate(self.lines):
            dies.update({value.owner: i for value in (*line.inputs, *line.outputs) if value.kind == "result"})
        for value in self._wanted:
            dies[value.owner] = len(self.lines)
        alive = most = everything = 0
        for i, line in enumerate(self.lines):
            own = sum(value.nbytes for value in line.outputs if value.owner is value)
            dead = sum(value.nbytes for value, last in dies.items() if last == i)
            over = line.over.nbytes if line.over else 0
            most, everything = max(most, alive + own - over), everything + own
            alive += own - dead
        return most, everything

    def nodes(self, first: int = 0, last: int | None = None) -> list[tuple[str, str, list[int]]]:
        """Some lines as a graph, for `tg.plot.save_graph`: (title, shape, the numbers of the nodes it is made of)."""
        nodes: list[tuple[str, str, list[int]]] = []
        places: dict[Value, int] = {}
        for line in self.lines[first:last]:
            for value in line.inputs:
                if value not in places:
                    places[value] = len(nodes)
                    title = value.source.name if value.kind == "held" and value.source.name else value.kind
                    nodes.append((title, f"shape {value.shape}", []))
            places.update({value: len(nodes) for value in line.outputs})
            shapes = ", ".join(str(value.shape) for value in line.outputs)
            nodes.append((line.name, f"shape {shapes}" if shapes else "", [places[value] for value in line.inputs]))
        return nodes

    # -- the text -----------------------------------------------------------------------------------

    def _written(self, outputs: Any) -> Iterator[str]:
        given = [*self.arguments, *(value for _, value in self.draws)]
        yield f"def step({', '.join(map(self._name, given))}):"
        last = self._last_uses()
        fresh: set[Value] = set()  # what is held, and was read since the last effect
        for i, line in enumerate(self.lines):
            for value in line.inputs:
                if value.kind == "held" and value not in fresh:
                    yield f"    {self._name(value)} = {self._name(value)}_._data  # {value.source.name or 'held'}"
                    fresh.add(value)
            yield f"    {self._call(line, i)}"
            if line.kind in ("effect", "assign", "set"):
                fresh.clear()
            if dead := sorted(self._name(v) for v in last.get(i, ())):
                yield f"    del {', '.join(dead)}"
        yield f"    return {self._text(outputs)}"

    def _call(self, line: Line, i: int) -> str:
        name = f"{re.sub(r'[^0-9a-z]+', '_', line.name.lower()).strip('_')}_{i}"
        self._bound[name] = line.run
        over = f", out={self._name(line.over)}" if line.over else ""
        text = f"{name}({', '.join(map(self._name, line.inputs))}{over})"
        if line.kind == "op":
            if line.scalar:
                self._bound["array"], text = current_backend().xp.asarray, f"array({text})"
            (y,) = line.outputs
            return f"{self._name(y)} = {text}  # {y.shape}"
        if line.kind == "several":
            return f"{', '.join(map(self._name, line.outputs))} = {text}"
        if line.kind == "set":
            return text.replace(f"({self._name(line.inputs[0])})", f"(Tensor({self._name(line.inputs[0])}))")
        return f"{self._results[line]} = {text}" if line in self._results else text

    def _name(self, value: Value) -> str:
        if value not in self._names:
            letter = LETTERS[value.kind]
            self._names[value] = f"{letter}{sum(name[0] == letter for name in self._names.values())}"
            if value.kind == "constant":
                self._bound[self._names[value]] = value.source
            elif value.kind == "held":
                self._bound[f"{self._names[value]}_"] = value.source
        return self._names[value]

    def _taken(self, thing: Any, recorder: Recorder) -> Any:
        """What the step returned, with a Value or a Line of the program in the place of what changes."""
        if isinstance(thing, Tensor):
            value = recorder.value_of(thing)
            if value is None:
                recorder.stop(f"it returns a Tensor of shape {thing.shape} that no op made")
            else:
                self._wanted.add(value)
            return value
        if isinstance(thing, (bool, int, float, str, type(None))):
            return thing
        if id(thing) in recorder.results:
            line = recorder.results[id(thing)]
            self._results.setdefault(line, f"r{len(self._results)}")
            return line
        if type(thing) in (tuple, list):
            return type(thing)(self._taken(each, recorder) for each in thing)
        if type(thing) is dict:
            return {key: self._taken(each, recorder) for key, each in thing.items()}
        recorder.stop(f"it returns a {type(thing).__name__}: a step returns Tensors, or what an effect returned")
        return None

    def _text(self, thing: Any) -> str:
        """The expression that makes what is returned from the values of this replay."""
        if isinstance(thing, Value):
            held = "_._data" if thing.kind == "held" else ""
            return f"Tensor({self._name(thing)}{held})"
        if isinstance(thing, Line):
            return self._results[thing]
        if isinstance(thing, (tuple, list)):
            inner = "".join(f"{self._text(each)}, " for each in thing)
            return f"({inner})" if isinstance(thing, tuple) else f"[{inner}]"
        if isinstance(thing, dict):
            return "{" + "".join(f"{key!r}: {self._text(each)}, " for key, each in thing.items()) + "}"
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


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{n / 1e3:.1f} kB" if n >= 1e3 else f"{n} bytes"


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
            if p.kind == "constant" and not _equal(p.source, q.source):
                return f"a number that {x.name} is given changes from call to call: give it as an argument"
            if p.kind == "held" and p.source is not q.source:
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
