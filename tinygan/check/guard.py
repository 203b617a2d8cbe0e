"""What keeps a submission from the checker's own process and files while it grades, as far as the system allows."""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinygan.check.engine import Exercise, Result
from tinygan.check.process import another_user, readable_by_all
from tinygan.files import whole_file

NOT_DUMPABLE, SUBREAPER = (4, 0), (36, 1)  # Linux's prctl: nobody but root reads our memory; we get all orphans


def shut() -> set[int]:
    """Keep this process's memory and environment from others of the same user, and get what they leave behind.

    Returns the children that this process has already, which are none of theirs.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            for option, value in (NOT_DUMPABLE, SUBREAPER):
                ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    return children()


def children() -> set[int]:
    with suppress(OSError):
        return {
            int(pid)
            for path in Path("/proc/self/task").glob("*/children")
            for pid in path.read_text(encoding="ascii").split()
        }
    return set()


def end_what_is_left(own: set[int]) -> None:
    """Kill the processes that a submission has left behind; after `shut`, they are our children."""
    for _ in range(100):
        left = children() - own
        for pid in left:
            with suppress(ProcessLookupError, ChildProcessError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        if not left:
            return


def notes(exercises: Iterable[Exercise]) -> list[str]:
    """What submissions could do or read all the same, a sentence each."""
    if not another_user():
        can = "read and change what you can, and stop this checker"
        how = "run as root, with a Python that all may read, for a user of their own"
        return [f"submissions run as the user that you are: they could {can} ({how}; docs/instructors.md)"]
    open_ones = [exercise.path for exercise in exercises if readable_by_all(exercise.path)]
    if open_ones:
        return [f"submissions could read {open_ones[0].parent}: chmod -R go-rwx it, if it is private"]
    return []


def rows(asked: Sequence[Exercise], results: Sequence[Result]) -> dict[str, Any]:
    """Gradescope's results.json: a row for each exercise, those that are still to come as failed."""
    tests = [{"name": r.title, "score": r.points, "max_score": r.out_of, "output": str(r)} for r in results]
    tests = [test | {"status": "passed" if r else "failed"} for test, r in zip(tests, results, strict=True)]
    for each in asked[len(results) :]:
        title = each.spec["__doc__"].split("\n")[0].rstrip(".")
        said = f"{title}: ERROR, 0 of {each.out_of} points\nfound:   the checker was stopped before it had tried this"
        tests.append({"name": title, "score": 0, "max_score": each.out_of, "output": said, "status": "failed"})
    return {"score": sum(r.points for r in results), "tests": tests}


def write(path: str, asked: Sequence[Exercise], results: Sequence[Result]) -> None:
    """Write the rows, whole or not at all; what is a device or a pipe stays one, and gets them at the end."""
    data = json.dumps(rows(asked, results)).encode()
    target = Path(path).resolve() if os.path.isfile(path) else Path(path)
    if target.exists() and not target.is_file():
        if len(results) == len(asked):
            with open(target, "wb") as file:
                file.write(data)
    else:
        with whole_file(target) as file:
            file.write(data)
