"""What the doors share: an exercise, and an attempt with its result."""

import runpy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tinygan.check.exam import BLANK, ERROR, FAIL, KINK, PASS, Code, Exam, Here, There
from tinygan.check.process import Ended, Stopped, Submission
from tinygan.data import DataError
from tinygan.shell import quoted
from tinygan.testing.report import Verdict, in_ascii, told

CLONE = Path(__file__).parents[2] / "tutorials" / "exercises"
# A wheel holds what the clone's make_stubs.py writes for a class: no solutions.
HOME = CLONE if (CLONE / "source").is_dir() else Path(__file__).parent / "exercises"


class Exercise:
    """A source file; `spec` holds its names, of which POINTS, HINTS, MISTAKES and check(exam) make it an exercise."""

    def __init__(self, path: Path, options: str = ""):
        self.path, self.options, self.name = path, options, path.stem.partition("_")[0]
        with self.blamed():
            self.spec = runpy.run_path(str(path))
        if missing := {"__doc__", "POINTS", "HINTS", "MISTAKES", "check"} - self.spec.keys():
            raise DataError(f"{path} lacks {', '.join(sorted(missing))}: docs/instructors.md says what that is")
        points, functions = self.spec["POINTS"], self.spec["MISTAKES"].keys()
        each = list(points.values()) if isinstance(points, dict) else [points]
        if not all(isinstance(p, int | float) for p in each) or isinstance(self.spec["HINTS"], str):
            raise DataError(f"{path}: POINTS must be a number, and HINTS a list of sentences")
        if isinstance(points, dict) and points.keys() != functions:
            raise DataError(f"{path}: POINTS must have a number for each of {', '.join(functions)}, as MISTAKES has")
        self.points: dict[str, float] = points if isinstance(points, dict) else {}
        self.out_of = sum(each)

    def hint(self, number: int) -> str:
        """Hint `number` of all, from 1; DataError if there is none."""
        hints = self.spec["HINTS"]
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            raise DataError(f"{self.name} has the hints 1 to {len(hints)}, and no hint {number}")
        return f"hint {number} of {len(hints)}: {hints[number - 1]}"

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """What goes wrong here is not the student's fault, but a DataError (in one line) that names this file."""
        try:
            yield
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise DataError(f"the exercise {self.path} is at fault: {why}") from error


class Result(Verdict):
    """What became of an exercise. `status` is PASS, FAIL, KINK (nothing to compare with), ERROR or NOT ATTEMPTED.

    `points` are all or none, or those of the functions that are right (`right`), if the exercise has points for each.
    """

    def __init__(self, exercise: Exercise, seed: int, status: str, text: str, right: Sequence[str] = ()):
        self.name, self.title = exercise.name, exercise.spec["__doc__"].split("\n")[0].rstrip(".")
        self.seed, self.status, self.text, self.out_of = seed, status, text, exercise.out_of
        self.points = self.out_of if self else sum(exercise.points.get(name, 0) for name in right)

    def __bool__(self) -> bool:
        return self.status == PASS

    def __str__(self) -> str:
        return f"{self.title}: {self.status}, {self.points} of {self.out_of} points\n{self.text}".rstrip()


def exercises(folder: Any = None, source: Any = None, asked: Sequence[str] = ()) -> tuple[Path, list[Exercise]]:
    """The students' folder, and the exercises asked for (or all): of DIR/source in a class's copy, else the clone's."""
    at = Path(folder) if folder else Path() if any(Path().glob("ex*.py")) or HOME != CLONE else HOME
    options = "".join(f" {word} {quoted([a])}" for word, a in (("--folder", folder), ("--source", source)) if a)
    source = Path(source) if source else at / "source" if (at / "source").is_dir() else HOME / "source"
    if missing := [str(place) for place in (at, source) if not place.is_dir()]:
        raise DataError(f"there is no folder {' and no '.join(missing)}")
    known = {path.stem.partition("_")[0]: path for path in sorted(source.glob("ex*.py"))}
    names = [Path(name).stem.partition("_")[0] for name in asked] or list(known)
    if not names or not set(names) <= set(known):
        raise DataError(f"there is no exercise {' '.join(names)} in {source}: it has {', '.join(known) or 'none'}")
    return at, [Exercise(known[name], options) for name in dict.fromkeys(names)]


def attempt(exercise: Exercise, functions: Mapping[str, Any] | Code, seed: int = 0, notebook: bool = False) -> Result:
    """Check functions of this process, or those of a submission's, here and now."""
    code: Code = Here(functions) if isinstance(functions, Mapping) else functions
    command = f"python -m tinygan.check {exercise.name}{exercise.options}"
    hint, again = f"{command} --hint", f"{command} --seed {seed}"
    if notebook:
        hint, again = f'check("{exercise.name}", hint=1)', f'check("{exercise.name}", seed={seed})'
    exam = Exam(exercise.spec, code, seed, hint, again)
    printed: list[str] = []  # the beginning is enough: the student's code runs hundreds of times
    write = lambda text: printed.append(text[:80]) if len(printed) < 40 else None
    with redirect_stdout(SimpleNamespace(write=write, flush=list)):
        try:
            if isinstance(code, There):
                code.process.load()
        except Stopped as stopped:
            exam.found["the file"] = exam.stopped("the file", stopped)
        if not exam.found:
            with exercise.blamed():
                exercise.spec["check"](exam)
                if (forgotten := exercise.spec["MISTAKES"].keys() - exam.tried) or not exam.tried:
                    raise LookupError(f"check(exam) never tries {', '.join(sorted(forgotten)) or 'anything'}")
    right = [f for f in exam.tried if f not in exam.found]
    found = {s for s, _ in exam.found.values()} | {PASS for _ in right}
    status = found.pop() if len(found) == 1 else next((each for each in (ERROR, FAIL, KINK) if each in found), FAIL)
    texts = [text for _, text in exam.found.values()]
    said = "".join(printed) or (code.process.printed if isinstance(code, There) else "")
    texts += [f"printed:\n{in_ascii(said).rstrip()}"] * bool(said and texts)
    return Result(exercise, seed, status, "\n\n".join(texts), right)


def submission(exercise: Exercise, folder: Path, seed: int = 0, limit: float = 10.0) -> Result:
    """Check a student's file, which runs in a process of its own for at most `limit` seconds in all."""
    path = folder / exercise.path.name
    if not path.is_file():
        return Result(exercise, seed, BLANK, f"found:   there is no file {path}")
    if path.is_symlink():
        return Result(exercise, seed, ERROR, f"found:   {path} is a link: hand in the file itself")
    with Submission(path, list(exercise.spec["MISTAKES"]), exercise.name, limit) as process:
        try:
            return attempt(exercise, There(process), seed)
        except Ended as ended:
            lines = str(ended).splitlines()
            rows = [("found", lines[0]), *(("where", line.removeprefix("where: ")) for line in lines[1:])]
            return Result(exercise, seed, ERROR, told(*rows))
