"""How long one waits at the beginning: ``python -m benchmarks.startup``.

Imports are timed in fresh processes, which take turns, and what Python itself needs to start is subtracted. Then
a short training run is started cold, and its folder watched until the first picture of fakes is there.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks import options, table
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.startup"
MODULES = ("tinygan", "numpy", "torch")
TRAINING = ("-m", "tinygan.train", "--preset", "ring", "--quick")
LIMIT = 600  # seconds; a run that has shown nothing by then never will


def seconds(code: str) -> float:
    """Wall time of a fresh Python that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def imports(modules: Sequence[str], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each module's import (rounds,), beyond those of Python itself in the same round."""
    codes = {"": "pass", **{module: f"import {module}" for module in modules}}
    for code in codes.values():
        seconds(code)  # the first run reads the files from the disk, and may compile them
    found = [{module: seconds(code) for module, code in codes.items()} for _ in range(rounds)]
    return {module: np.array([times[module] - times[""] for times in found]) for module in modules}


class RunFailed(Exception):
    """The training run did not come to its end, or made no picture."""


def first_picture() -> tuple[float, float]:
    """(seconds until the first picture of fakes, until the end) of a short training run.

    Raises
    ------
    RunFailed
    """
    first = None
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        command = [sys.executable, *TRAINING, "--outdir", folder]
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as process:
            while process.poll() is None and time.perf_counter() - start < LIMIT:
                if first is None and any(Path(folder).glob("*/fakes_*.png")):
                    first = time.perf_counter() - start
                time.sleep(0.005)
            process.kill()  # only if it still runs
        end = time.perf_counter() - start
        said.seek(0)
        last = (said.read().strip().splitlines() or ["it said nothing"])[-1]
    if process.returncode or first is None:
        raise RunFailed(f"python {shlex.join(TRAINING)} did not end well: {last}")
    return first, end


def lines(rounds: int) -> Iterator[str]:
    """The report, line by line as it is measured."""
    modules = [module for module in MODULES if find_spec(module)]
    yield f"Seconds in fresh processes: median of {rounds} (quartiles), Python's own start subtracted.\n"
    for module, times in imports(modules, rounds).items():
        low, median, high = np.percentile(times, (25, 50, 75))
        yield f"{'import ' + module:36} {median:6.3f} ({low:.3f}-{high:.3f})"
    for module in MODULES:
        if module not in modules:
            yield f"{'import ' + module:36}      - (not installed)"
    first, end = first_picture()
    yield f"\npython {' '.join(TRAINING)}, from a cold start:"
    yield f"{'until the first picture of fakes':36} {first:6.2f}"
    yield f"{'until the end':36} {end:6.2f}"


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = options.parser(PROGRAM, "Seconds of imports, and of a run until its first picture.", 10).parse_args(argv)
    command, packages = f"{PROGRAM} {shlex.join(argv)}".strip(), ["torch"] if find_spec("torch") else []
    try:
        table.show(lines(args.rounds), command, packages, "benchmarks.startup" if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except RunFailed as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
