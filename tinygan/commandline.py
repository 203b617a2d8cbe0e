"""What the command lines share: one clear sentence on standard error and exit status 2 for bad input."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tinygan.backend import BackendUnavailable
from tinygan.data import DataError
from tinygan.formats import FormatError
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingStopped
from tinygan.training.run_folder import RunError

BAD_INPUT = (ConfigError, DataError, CheckpointError, RunError, FormatError, BackendUnavailable)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence, with a guess at what was meant."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, allow_abbrev=False, **kwargs)  # type: ignore[misc]

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = [text for action in self._actions for text in action.option_strings]
            near = difflib.get_close_matches(unknown[0].split("=")[0], known, n=1)
            hint = f": did you mean {near[0]}?" if near else f"; {self.prog} --help lists them"
            kind = "option" if unknown[0].startswith("-") else "argument"
            self.error(f"unknown {kind} {unknown[0]}{hint}")
        return parsed

    def error(self, message: str) -> NoReturn:
        fail(self.prog, message)


def fail(program: str, message: str, status: int = 2) -> NoReturn:
    """End with one sentence on standard error."""
    print(f"{program}: error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def guarded(program: str, main: Callable[[], None]) -> None:
    """Run a command line; every error a user can cause ends in one sentence, without a traceback.

    Exit status: 2 for bad input (and a full or read-only disk), 1 for a run that stopped by itself, 130
    after Ctrl-C.
    """
    try:
        try:
            main()
        finally:  # here, not as Python ends: that would print a broken pipe as a traceback
            sys.stdout.flush()
    except BAD_INPUT as error:
        fail(program, str(error))
    except TrainingStopped as stopped:
        print(f"{program}: {stopped}", file=sys.stderr)
        raise SystemExit(stopped.status) from None
    except KeyboardInterrupt:
        fail(program, "interrupted", 130)
    except BrokenPipeError:  # the reader of our output went away: not our error, and nothing to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        fail(program, "there is not enough memory for this: try a smaller --batch-size, --latent or --samples")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        fail(program, f"cannot read or write{where}: {error.strerror or error}")
