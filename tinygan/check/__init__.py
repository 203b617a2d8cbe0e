"""The coursework checker: a terminal, a notebook, pytest and Gradescope are doors to one `engine`."""

import sys
from typing import Any

from tinygan.check.engine import Result, attempt, exercises, submission


class Hint(str):
    """A sentence that a prompt shows as it is."""

    __repr__ = str.__str__


def check(name: str, *, seed: int = 0, folder: Any = None, hint: int | None = None, **functions: Any) -> Result | Hint:
    """Check one exercise: the functions given, else those of the caller's notebook, else the student's file.

    The `Result` displays itself, is true if all is right, and has ``raise_if_failed()`` for a test.

    Parameters
    ----------
    name, seed : str, int
        The exercise, such as "ex05" (DataError if there is none of that name); what draws its inputs.
    folder : path, optional
        Where the student's file is: by default here if there are ex*.py, else in tutorials/exercises.
    hint : int, optional
        Show this hint of the exercise, from 1 (gentle) to 2 or 3 (nearly the answer), and check nothing.
    **functions : function
        By the names of the exercise: ``check("ex05", backward=my_function)``.
    """
    at, (exercise,) = exercises(folder, asked=[name])
    if hint is not None:
        return Hint(exercise.hint(hint))
    around = sys._getframe(1).f_globals.items()
    here = {key: f for key, f in around if key in exercise.spec["MISTAKES"] and callable(f)} | functions
    return attempt(exercise, here, seed, notebook=True) if here else submission(exercise, at, seed)
