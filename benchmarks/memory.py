"""The arrays that a step needs, eager and played back: ``python -m benchmarks.memory``.

Counted are all arrays that NumPy makes (tracemalloc sees them), not the process: at the step's peak, above what is
there before it. Each measurement has a process of its own. What BLAS keeps for itself is not seen.
"""

from __future__ import annotations

import gc
import json
import os
import shlex
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from benchmarks import options, table
from benchmarks.turns import Worker, WorkerEnded
from benchmarks.worker import SETTINGS, TinyganStep
from tinygan.commandline import Parser, fail, guarded

PROGRAM = "python -m benchmarks.memory"
CASES = {"mlp": 0, "small": 0, "dcgan": 0, "wgan-gp": 0, "ring": 0, "dcgan 256": 256}  # name: batch, or the step's own
STEPS = 3  # that are measured; the largest counts
MB = 1e6
TITLE = "Arrays alive at a step's peak beyond those before it, in MB: one D update and one G update, {} thread(s).\n"
HEADER = """\
              peak of a step                                kept between steps
step          eager  played back  ratio      recorded      eager  played back"""
NOTES = """
eager: computed op by op. recorded: the second of the two steps that are written down. kept between steps: what has been
there since the first step beside the networks, the optimisers and the data (of convolutions: spectra of kernels).
tracemalloc counts the arrays; what BLAS and the libraries need is not among them."""


def measure(step: str, batch: int, play_back: bool) -> dict[str, float]:
    """The arrays of a step, in a process that has begun to trace.

    Returns
    -------
    dict
        "peak" of a step, and "recorded" of the second step, above what was there before them; "kept" since before the
        first step. In bytes.
    """
    setting = SETTINGS[step]
    taken = TinyganStep(replace(setting, batch=batch or setting.batch), play_back)
    at_first = tracemalloc.get_traced_memory()[0]
    first, second = (above(lambda: taken(False)) for _ in range(2))
    taken(False)  # the first that is played back
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - at_first
    return {"peak": max(above(lambda: taken(False)) for _ in range(STEPS)), "recorded": second, "kept": kept}


def above(call: Callable[[], Any]) -> int:
    """The peak of the traced memory during a call, above what is there before it; in bytes."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call()
    return tracemalloc.get_traced_memory()[1] - before


def lines(cases: Sequence[str], threads: int) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield TITLE.format(threads)
    yield HEADER
    for name in cases:
        eager, played = (ask(name, play_back, threads) for play_back in (False, True))
        yield row(name, eager, played)
    yield NOTES


def ask(name: str, play_back: bool, threads: int) -> dict[str, float]:
    """Measure in a process of its own."""
    worker = Worker("benchmarks.memory", ["--worker", name.split()[0], CASES[name], int(play_back)], threads)
    try:
        return worker.ask("")
    finally:
        worker.close()


def row(name: str, eager: dict[str, float], played: dict[str, float]) -> str:
    """One line of the table."""
    ratio = played["peak"] / eager["peak"]
    return (
        f"{name:11} {eager['peak'] / MB:7.1f} {played['peak'] / MB:12.1f} {ratio:6.2f} {played['recorded'] / MB:13.1f} "
        f"{eager['kept'] / MB:10.1f} {played['kept'] / MB:12.1f}"
    )


def serve(step: str, batch: str, play_back: str) -> None:
    """The worker: one measurement."""
    tracemalloc.start()
    print(json.dumps(measure(step, int(batch), play_back == "1")), flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    given = sys.argv[1:] if argv is None else list(argv)
    if given[:1] == ["--worker"]:
        serve(*given[1:])
        return
    p = Parser(prog=PROGRAM, description="The arrays that a step needs, eager and played back.")
    p.add_argument("--write", action="store_true", help="also put the table into docs/performance.md")
    p.add_argument("--threads", type=options.number, default=os.cpu_count() or 1, metavar="N", help="(all)")
    p.add_argument("--steps", type=options.names(CASES), default=list(CASES), metavar="LIST", help=",".join(CASES))
    args = p.parse_args(given)
    command = f"{PROGRAM} {shlex.join(given)}".strip()
    try:
        table.show(lines(args.steps, args.threads), command, [], "benchmarks.memory" if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except WorkerEnded as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
