"""What the command lines share: one clear sentence on standard error and exit status 2 for bad input."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tinygan import streams
from tinygan.backend import BackendUnavailable, use_backend
from tinygan.data import DataError
from tinygan.formats import FormatError
from tinygan.given import LARGEST_SEED
from tinygan.training import trained
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingStopped
from tinygan.training.run_folder import RunError
from tinygan.training.trained import Trained
from tinygan.words import nearest, printable, short

BAD_INPUT = (ConfigError, DataError, CheckpointError, RunError, FormatError, BackendUnavailable)

LONGEST_NUMBER = 18  # digits, of a class


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence, with a guess at what was meant."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, allow_abbrev=False, **kwargs)  # type: ignore[misc]

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = [text for action in self._actions for text in action.option_strings]
            near = nearest(unknown[0].split("=")[0], known)
            hint = f": did you mean {near}?" if near else f"; {self.prog} --help lists them"
            kind = "option" if unknown[0].startswith("-") else "argument"
            self.error(f"unknown {kind} {unknown[0]}{hint}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """End with the message; of a word in it that never ends, the middle is left out."""
        fail(self.prog, " ".join(printable(word) for word in message.split()))


def fail(program: str, message: str, status: int = 2) -> NoReturn:
    """End with one sentence on standard error."""
    print(f"{program}: error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def guarded(program: str, main: Callable[[], None]) -> None:
    """Run a command line; every error a user can cause ends in one sentence, without a traceback.

    Exit status: 2 for bad input (and a full or read-only disk), 1 for a run that stopped by itself, 130
    after Ctrl-C.
    """
    streams.make_lasting()
    try:
        main()
    except BAD_INPUT as error:
        fail(program, str(error))
    except TrainingStopped as stopped:
        print(f"{program}: {stopped}", file=sys.stderr)
        raise SystemExit(stopped.status) from None
    except KeyboardInterrupt:
        fail(program, "interrupted", 130)
    except MemoryError:
        fail(program, "there is not enough memory for this: try a smaller --batch-size, --latent or --samples")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        fail(program, f"cannot read or write{where}: {error.strerror or error}")
    except SystemExit as end:  # --help, and the verdict of the checker
        if end.code:
            raise
    if lost := streams.output_error():
        fail(program, f"cannot write standard output: {lost.strerror or lost}")


# -- what the command lines that take a trained generator share ---------------------------------------------


def add_source(p: Parser, needed: bool = True) -> None:
    """The options that say from which generator, and from which noise."""
    about = "a run folder, or a generator*.npz, checkpoint-*.npz or best.npz in it"
    p.add_argument("run", metavar="RUN", nargs=None if needed else "?", help=about)
    own = "FILE.py:NAME of your own networks, if the run has no copy of them"
    p.add_argument("--networks", metavar="FILE.py:NAME", help=own)
    p.add_argument("--seed", type=int, default=0, help="seed of the noise (0)")
    p.add_argument(
        "--label",
        type=number_or_name,
        metavar="K",
        help="only this class (its name or number), or code of infogan; else any",
    )
    p.add_argument("--truncation", type=float, metavar="T", help="redraw noise above T: more alike")
    p.add_argument("--backend", default="numpy", choices=("numpy", "cupy"), help="where to compute (numpy)")


def number_or_name(text: str) -> int | str:
    """A class as it is asked for: its number, or its name."""
    return int(text) if text.lstrip("-").isdecimal() and len(text) <= LONGEST_NUMBER else text


def check_seed(seed: int) -> None:
    """Raise ConfigError, in one sentence, if it cannot be."""
    if seed < 0:
        raise ConfigError(f"--seed must be at least 0, not {short(seed)}")
    in_bounds("--seed", seed, 0, LARGEST_SEED)


def check_source(args: Any) -> None:
    """Raise ConfigError, in one sentence, for a value of `add_source` that cannot be."""
    check_seed(args.seed)
    if args.truncation is not None:
        if not (math.isfinite(args.truncation) and args.truncation > 0):
            raise ConfigError(f"--truncation must be a finite number above 0, not {args.truncation}")


def opened(args: Any) -> Trained:
    """The generator that `add_source` asks for, on its backend; own networks are said to be used.

    Raises
    ------
    CheckpointError, RunError, ConfigError
        In one sentence, if there is none, or it is broken.
    """
    use_backend(args.backend)
    source = trained.load(args.run, args.networks)
    source.check_weights()
    if source.file:
        print(source.file.said())
    return source


def in_bounds(option: str, value: int, low: int, high: int) -> None:
    """Raise ConfigError if `value` is not from `low` to `high`."""
    if not low <= value <= high:
        raise ConfigError(f"{option} must be from {low} to {high}, not {short(value)}")
