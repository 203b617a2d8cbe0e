"""The coursework checker: a terminal, a notebook, pytest and Gradescope are doors to one `engine`."""

import sys
from typing import Any

from tinygan.check.engine import Result, attempt, exercises, submission


def check(name: str, *, seed: int = 0, folder: Any = None, **functions: Any) -> Result:
    """Check one exercise: the functions given, else those of the caller's notebook, else the student's file.

    The `Result` displays itself, is true if all is right, and has ``raise_if_failed()`` for a test.

    Parameters
    ----------
    name, seed : str, int
        The exercise, such as "ex05" (DataError if there is none of that name); what draws its inputs.
    folder : path, optional
        Where the student's file is: by default here if there are ex*.py, else in tutorials/exercises.
    **functions : function
        By the names of the exercise: ``check("ex05", backward=my_function)``.
    """
    at, (exercise,) = exercises(folder, asked=[name])
    around = sys._getframe(1).f_globals.items()
    here = {key: f for key, f in around if key in exercise.spec["MISTAKES"] and callable(f)} | functions
    return attempt(exercise, here, seed) if here else submission(exercise, at, seed)
