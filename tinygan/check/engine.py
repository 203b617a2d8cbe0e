"""What the doors share: an exercise, the exam that tries a student's functions, and an attempt with its result."""

import faulthandler
import inspect
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinygan.data import DataError
from tinygan.shell import quoted
from tinygan.testing import GradcheckError, gradcheck_pair
from tinygan.testing.problem import Function
from tinygan.testing.report import Verdict, in_ascii, told

PASS, FAIL, KINK, ERROR, BLANK = "PASS", "FAIL", "KINK", "ERROR", "NOT ATTEMPTED"
NOT_NUMPY = ("tinygan", "torch", "jax", "tensorflow", "keras", "autograd", "tinygrad", "dezero", "cupy")
HOME = Path(__file__).parents[2] / "tutorials" / "exercises"  # in a clone; an installed wheel has none


class Exercise:
    """A source file; `spec` holds its names, of which POINTS, HINTS, MISTAKES and check(exam) make it an exercise."""

    def __init__(self, path: Path, options: str = ""):
        self.path, self.options, self.name = path, options, path.stem.partition("_")[0]
        with self.blamed():
            self.spec = runpy.run_path(str(path))
        if missing := {"__doc__", "POINTS", "HINTS", "MISTAKES", "check"} - self.spec.keys():
            raise DataError(f"{path} lacks {', '.join(sorted(missing))}: docs/instructors.md says what that is")
        if not isinstance(self.spec["POINTS"], int | float) or isinstance(self.spec["HINTS"], str):
            raise DataError(f"{path}: POINTS must be a number, and HINTS a list of sentences")

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """What goes wrong here is not the student's fault, but a DataError (in one line) that names this file."""
        try:
            yield
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise DataError(f"the exercise {self.path} is at fault: {why}") from error


class Result(Verdict):
    """What became of an exercise. `status` is PASS, FAIL, KINK (nothing to compare with), ERROR or NOT ATTEMPTED."""

    def __init__(self, exercise: Exercise, seed: int, status: str, text: str):
        self.name, self.title = exercise.name, exercise.spec["__doc__"].split("\n")[0].rstrip(".")
        self.seed, self.status, self.text, self.out_of = seed, status, text, exercise.spec["POINTS"]
        self.points = self.out_of if self else 0

    def __bool__(self) -> bool:
        return self.status == PASS

    def __str__(self) -> str:
        return f"{self.title}: {self.status}, {self.points} of {self.out_of} points\n{self.text}".rstrip()


class Exam:
    """One attempt: `gradient` and `values` try a student's function f, or ``through(f)`` if its arguments differ."""

    def __init__(self, exercise: Exercise, functions: Mapping[str, Any], seed: int):
        self.spec, self.functions, self.seed, self.rng = exercise.spec, functions, seed, np.random.default_rng(seed)
        self.sizes = lambda n: self.rng.permutation([2, 3, 5, 7])[:n].tolist()  # of axes, so that nothing is square
        self.tried: set[str] = set()
        self.found: dict[str, tuple[str, str]] = {}  # for a function that is not right: a status and a message
        command = f"python -m tinygan.check {exercise.name}{exercise.options}"
        self.hint, self.again = f"{command} --hint", f"{command} --seed {seed}"

    def gradient(self, name: str, forward: Function, *arrays: Any, through: Function = lambda f: f) -> None:
        """Check the student's function `name` as the backward of `forward`, by differences."""
        with self.trying(name):
            f, known = self._function(name, through)
            report = gradcheck_pair(forward, f, *arrays, seed=self.seed, known_mistakes=known)
            if report.cause and not isinstance(report.cause, GradcheckError):
                raise report.cause
            report.title, report.source, report.hint, report.again = name, self._where(name), self.hint, self.again
            kinks = report.kinks and all(e.ok for e in report.entries) and all("kinks" in p for p in report.problems)
            if not report:
                self.found.setdefault(name, (KINK if kinks else FAIL, str(report)))

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
                self.found.setdefault(name, (FAIL, self._told(self._where(name), *lines)))

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """What goes wrong with the student's function (or "the file") becomes a message; the first is enough."""
        try:
            yield
        except NotImplementedError:
            self.found.setdefault(name, (BLANK, f"{name} is not written yet"))
        except (Exception, SystemExit) as error:
            kind = "exit(): leave that out" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
            said = str(error) if isinstance(error, GradcheckError) else f"{name} stopped with {kind}".removesuffix(": ")
            if isinstance(error, ImportError) and str(error.name).partition(".")[0] in NOT_NUMPY:
                said = f"import {error.name} is not allowed here: write it in plain NumPy"
            self.found.setdefault(name, (ERROR, self._told(self._where(name, error), ("found", said))))

    def _function(self, name: str, through: Function) -> tuple[Function, dict[str, Function]]:
        """The student's function, to be called as the stub's, and its known mistakes; all of them through `through`."""
        f, own = self.functions.get(name), inspect.signature(self.spec[name])
        self.tried.add(name)
        if not callable(f) or len(inspect.signature(f).parameters) != len(own.parameters):
            found = f"it is {name}{inspect.signature(f)}" if callable(f) else "there is none of this name"
            raise GradcheckError(f"the exercise asks for a function {name}{own}, but {found}")
        known = {sentence: through(wrong) for sentence, wrong in self.spec["MISTAKES"].get(name, {}).items()}
        return through(lambda *args: alone(f, *args)), known

    def _where(self, name: str, error: BaseException | None = None) -> str:
        """File and line of a function, or of an error in its file."""
        code = getattr(self.functions.get(name), "__code__", None)
        file, line = (code.co_filename, code.co_firstlineno) if code else (self.functions.get("__file__"), None)
        for frame in traceback.extract_tb(error.__traceback__ if error else None):
            line = frame.lineno if frame.filename == file else line
        if isinstance(error, SyntaxError) and error.filename == file:
            line = error.lineno
        return (file or "").removeprefix(os.getcwd() + os.sep) + (f", line {line}" if line else "")

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


def alone(f: Function, *args: Any) -> Any:
    """``f(*args)`` without NumPy's warnings, and where no library that knows the answer can be imported."""
    hidden = {key: sys.modules.pop(key) for key in list(sys.modules) if key.partition(".")[0] in NOT_NUMPY}
    sys.modules.update(dict.fromkeys(NOT_NUMPY))  # type: ignore[arg-type]  # Python will not import what is None
    try:
        with np.errstate(all="ignore"):
            return f(*args)
    finally:
        [sys.modules.pop(key, None) for key in NOT_NUMPY]
        sys.modules.update(hidden)


def exercises(folder: Any = None, source: Any = None, asked: Sequence[str] = ()) -> tuple[Path, list[Exercise]]:
    """The students' folder, and the exercises asked for (or all): of DIR/source in a class's copy, else the clone's."""
    at = Path(folder) if folder else Path() if any(Path().glob("ex*.py")) else HOME
    options = "".join(f" {word} {quoted([a])}" for word, a in (("--folder", folder), ("--source", source)) if a)
    source = Path(source) if source else at / "source" if (at / "source").is_dir() else HOME / "source"
    if missing := [str(place) for place in (at, source) if not place.is_dir()]:
        raise DataError(f"there is no folder {' and no '.join(missing)}: the exercises come with a clone of tinygan")
    known = {path.stem.partition("_")[0]: path for path in sorted(source.glob("ex*.py"))}
    names = [Path(name).stem.partition("_")[0] for name in asked] or list(known)
    if not names or not set(names) <= set(known):
        raise DataError(f"there is no exercise {' '.join(names)} in {source}: it has {', '.join(known) or 'none'}")
    return at, [Exercise(known[name], options) for name in dict.fromkeys(names)]


def attempt(exercise: Exercise, functions: Mapping[str, Any], seed: int = 0, path: str = "") -> Result:
    """Check these functions, or those that a file defines, here and now."""
    exam = Exam(exercise, functions, seed)
    printed: list[str] = []  # the beginning is enough: the student's code runs hundreds of times
    write = lambda text: printed.append(text[:80]) if len(printed) < 40 else None
    with redirect_stdout(SimpleNamespace(write=write, flush=list)):
        with exam.trying("the file"):
            exam.functions = alone(runpy.run_path, path, None, exercise.name) if path else functions
        if not exam.found:
            with exercise.blamed():
                exercise.spec["check"](exam)
                if (forgotten := exercise.spec["MISTAKES"].keys() - exam.tried) or not exam.tried:
                    raise LookupError(f"check(exam) never tries {', '.join(sorted(forgotten)) or 'anything'}")
    found = {s for s, _ in exam.found.values()} | {PASS for f in exam.tried if f not in exam.found}
    status = found.pop() if len(found) == 1 else next((each for each in (ERROR, FAIL, KINK) if each in found), FAIL)
    texts = [text for _, text in exam.found.values()]
    texts += [f"printed:\n{in_ascii(''.join(printed)).rstrip()}"] * bool(printed and texts)
    return Result(exercise, seed, status, "\n\n".join(texts))


def submission(exercise: Exercise, folder: Path, seed: int = 0, limit: float = 10.0) -> Result:
    """Check a student's file in a process of its own, which may run for `limit` seconds."""
    path = folder / exercise.path.name
    if not path.is_file():
        return Result(exercise, seed, BLANK, f"found:   there is no file {path}")
    code = f"import sys; sys.path.append({str(HOME.parents[1])!r}); import tinygan.check.engine as e; e.worker()"
    command = [
        sys.executable,
        "-P",
        "-X",
        "utf8",
        "-c",
        code,
        *map(str, (exercise.path, exercise.options, path, seed, limit)),
    ]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as file:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file).returncode
        file.seek(0)
        said = file.read().strip().splitlines() or [f"status {status}"]
    if said[-1].startswith('["'):  # what worker() writes
        return Result(exercise, seed, *json.loads(said[-1]))
    if said[-1].startswith(f"{DataError.__module__}.DataError: "):  # the exercise's own error, not the student's
        raise DataError(said[-1].partition(": ")[2])
    found = f"found:   Python itself ended while running {path.name}: {said[-1]}"
    if any(line.startswith("Timeout") for line in said):  # and its innermost line in the file
        found = f"found:   it did not end within {limit:g} s: is there an endless loop?"
        found += next((f"\nwhere: {line}" for line in said if str(path) in line), "")
    return Result(exercise, seed, ERROR, found)


def worker() -> None:
    """What runs in that process: the attempt, with its result in the last line."""
    source, options, path, seed, limit = sys.argv[1:]
    faulthandler.dump_traceback_later(float(limit), exit=True)  # it tells the line of an endless loop
    sys.path.append(str(Path(path).parent))
    result = attempt(Exercise(Path(source), options), {"__file__": path}, int(seed), path)
    os.write(1, f"\n{json.dumps([result.status, result.text])}\n".encode())
    os._exit(0)  # whatever threads the student's code has started
