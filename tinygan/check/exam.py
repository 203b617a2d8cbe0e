"""The exam that tries a student's functions, wherever they run, and says what it has found."""

import inspect
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any, Protocol

import numpy as np

from tinygan.check.process import NOT_NUMPY, Stopped, Submission
from tinygan.testing import GradcheckError, errors, gradcheck_pair
from tinygan.testing.problem import Function
from tinygan.testing.report import told

PASS, FAIL, KINK, ERROR, BLANK = "PASS", "FAIL", "KINK", "ERROR", "NOT ATTEMPTED"


class Code(Protocol):
    """A student's functions, in this process or in another."""

    def signature(self, name: str) -> tuple[list[str] | None, str] | None:
        """The names of a function's parameters, and its signature as a text; None if there is none of this name."""

    def call(self, name: str, *arguments: Any) -> Any: ...

    def where(self, name: str, line: int | None = None) -> str: ...


class Here:
    """Functions of this process: those of a notebook."""

    def __init__(self, functions: Mapping[str, Any]):
        self.functions = functions

    def signature(self, name: str) -> tuple[list[str] | None, str] | None:
        f = self.functions.get(name)
        return (list(inspect.signature(f).parameters), str(inspect.signature(f))) if callable(f) else None

    def call(self, name: str, *arguments: Any) -> Any:
        f = self.functions[name]
        try:
            return alone(f, *arguments)
        except (Exception, SystemExit) as error:
            file, known = getattr(getattr(f, "__code__", None), "co_filename", None), self.signature(name)
            message = errors.in_words(error, (known and known[0]) or [], arguments)
            module = str(error.name) if isinstance(error, ImportError) else ""
            raise Stopped(type(error).__name__, message, errors.line_of(error, file), module) from error

    def where(self, name: str, line: int | None = None) -> str:
        code = getattr(self.functions.get(name), "__code__", None)
        return place(code.co_filename, line or code.co_firstlineno) if code else ""


class There:
    """Functions of a submission's process."""

    def __init__(self, process: Submission):
        self.process = process
        self.call = process.call

    def signature(self, name: str) -> tuple[list[str] | None, str] | None:
        found = self.process.functions.get(name)
        return (found[0], str(found[1])[:200]) if found else None

    def where(self, name: str, line: int | None = None) -> str:
        found = self.process.functions.get(name)
        return place(str(self.process.path), line or (found and found[2]))


def place(file: str, line: Any) -> str:
    """A file and a line; a notebook's cell by its own name, which the student does not see, would say nothing."""
    cell = file.startswith(("<ipython", os.path.join(tempfile.gettempdir(), "ipykernel_")))
    text = "your cell" if cell else file.removeprefix(os.getcwd() + os.sep)
    return text + (f", line {line}" if isinstance(line, int) else "")


class Exam:
    """One attempt: `gradient` and `values` try a student's function f, or ``through(f)`` if its arguments differ."""

    def __init__(self, spec: Mapping[str, Any], code: Code, seed: int, hint: str, again: str):
        self.spec, self.code, self.seed, self.rng = spec, code, seed, np.random.default_rng(seed)
        self.sizes = lambda n: self.rng.permutation([2, 3, 5, 7])[:n].tolist()  # of axes, so that nothing is square
        self.tried: set[str] = set()
        self.found: dict[str, tuple[str, str]] = {}  # for a function that is not right: a status and a message
        self.hint, self.again = hint, again

    def gradient(self, name: str, forward: Function, *arrays: Any, through: Function = lambda f: f) -> None:
        """Check the student's function `name` as the backward of `forward`, by differences."""
        forward(*deepcopy(arrays))  # what is wrong with it is not the student's fault
        with self.trying(name):
            f, known = self._function(name, through)
            report = gradcheck_pair(forward, f, *arrays, seed=self.seed, known_mistakes=known)
            if report.cause and not isinstance(report.cause, GradcheckError):
                raise report.cause
            report.title, report.source = name, self.code.where(name)
            report.hint, report.again = self.hint, self.again
            if not report:
                self.found.setdefault(name, (FAIL if report.wrong else KINK, str(report)))

    def values(self, name: str, reference: Function, *arguments: Any, through: Function = lambda f: f) -> None:
        """Compare the student's results with the reference's; if they are dicts, the keys name what differs."""
        want, given = through(reference)(*deepcopy(arguments)), deepcopy(arguments)
        with self.trying(name):
            f, known = self._function(name, through)
            got = f(*given)
            said = difference(f"the result of {name}", got, want)
            both = list(zip(inspect.signature(through(self.spec[name])).parameters, arguments, given, strict=True))
            changed = [key for key, a, b in both if isinstance(a, np.ndarray) and not np.array_equal(a, b)]
            said = said or (f"{name} changes {', '.join(changed)} in place: work on a copy" if changed else "")
            lines = [("found", said), ("input", ", ".join(f"{key} = {a}" for key, a, _ in both if len(str(a)) < 70))]
            for text, wrong in known.items():
                with suppress(Exception), np.errstate(all="ignore"):  # a mistake need not bear every input
                    if not difference("", wrong(*deepcopy(arguments)), got):
                        lines.append(("likely", text))
            if said:
                self.found.setdefault(name, (FAIL, self._told(self.code.where(name), *lines)))

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """What goes wrong with the student's function (or "the file") becomes a message; the first is enough."""
        try:
            yield
        except Stopped as stopped:
            self.found.setdefault(name, self.stopped(name, stopped))
        except Exception as error:
            said = f"{name} stopped with {type(error).__name__}: {error}"
            said = str(error) if isinstance(error, GradcheckError) else said
            self.found.setdefault(name, (ERROR, self._told(self.code.where(name), ("found", said))))

    def stopped(self, name: str, error: Stopped) -> tuple[str, str]:
        """The status and the message for a function, or a file, that has stopped."""
        if error.kind == "NotImplementedError":
            return BLANK, f"{name} is not written yet"
        said = f"{name} stopped with {error.kind}: {error.message}".removesuffix(": ")
        if error.kind == "SystemExit":
            said = f"{name} stopped with exit(): leave that out"
        if error.module.partition(".")[0] in NOT_NUMPY:
            said = f"import {error.module} is not allowed here: write it in plain NumPy"
        return ERROR, self._told(self.code.where(name, error.line), ("found", said))

    def _function(self, name: str, through: Function) -> tuple[Function, dict[str, Function]]:
        """The student's function, to be called as the stub's, and its known mistakes; all of them through `through`."""
        found, own = self.code.signature(name), inspect.signature(self.spec[name])
        self.tried.add(name)
        if not found or found[0] is None or len(found[0]) != len(own.parameters):
            other = f"it is {name}{found[1]}" if found else "there is none of this name"
            raise GradcheckError(f"the exercise asks for a function {name}{own}, but {other}")
        known = {sentence: through(wrong) for sentence, wrong in self.spec["MISTAKES"].get(name, {}).items()}
        return through(lambda *args: self.code.call(name, *args)), known

    def _told(self, where: str, *rows: tuple[str, str]) -> str:
        return told(("where", where), *rows, ("hint", self.hint), ("again", self.again))


def difference(name: str, got: Any, want: Any) -> str:
    """What differs where, in a sentence; empty if nothing does."""
    if got is None:
        return f"{name} is None: is a return statement missing?"
    if isinstance(want, tuple):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return f"{name} is {type(got).__name__} of length {np.size(got)}, but should be {len(want)} things"
        got, want = ({f"part {i} of {name}": a for i, a in enumerate(each)} for each in (got, want))
    if isinstance(want, dict):
        return next(filter(None, (difference(key, got[key], want[key]) for key in want)), "")
    a, b = np.asarray(got), np.asarray(want)
    if a.dtype.kind not in "fiub" or a.shape != b.shape:
        return f"{name} has shape {a.shape} and type {a.dtype}, but should have shape {b.shape} and type {b.dtype}"
    if not (wrong := ~np.isclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)).any():
        return ""
    at = np.unravel_index(np.argmax(np.where(wrong, np.nan_to_num(abs(a * 1.0 - b), nan=np.inf), -1)), a.shape)
    place = f" in {wrong.sum()} of {a.size} places; at [{','.join(map(str, at))}] it is" if a.ndim else ": it is"
    return f"{name} is wrong{place} {a[at] * 1.0:.6g}, but should be {b[at] * 1.0:.6g}"


def alone(f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)`` without NumPy's warnings, and where no library that knows the answer can be imported."""
    hidden = {key: sys.modules.pop(key) for key in list(sys.modules) if key.partition(".")[0] in NOT_NUMPY}
    sys.modules.update(dict.fromkeys(NOT_NUMPY))  # type: ignore[arg-type]  # Python will not import what is None
    try:
        with np.errstate(all="ignore"):
            return f(*args)
    finally:
        [sys.modules.pop(key, None) for key in NOT_NUMPY]
        sys.modules.update(hidden)
