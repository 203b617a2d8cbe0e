"""Single ops of tinygan beside PyTorch eager on a CPU, forward and backward: ``python -m benchmarks.ops``.

As in `benchmarks.cpu`, the results must agree first, and then all sides take turns.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import options, table
from benchmarks.op_cases import CASES
from benchmarks.turns import Ratio, Worker, WorkerEnded, Workers, fastest, take_turns
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.ops"
SECONDS = 0.1  # of a turn
TOLERANCE = 1e-3  # of float32 sums in another order, as a share of the largest number

TITLE = "tinygan / PyTorch eager, float32, batch 64: median of {} rounds (quartiles).\n"
HEADER = """\
                                   forward            ms                backward           ms
op                        threads  (below 1: faster)  tinygan  PyTorch  (below 1: faster)  tinygan  PyTorch"""
NOTES = """
Results and gradients agree. best: each side with its own best number of threads. backward: the gradients of all
inputs. Names: kernel and stride, image, channels in and out; adam: one step (no backward)."""


class ResultsDiffer(Exception):
    """Both sides do not compute the same, so their times must not be compared."""


def parse(argv: Sequence[str]) -> Any:
    p = options.parser(PROGRAM, "Single ops of tinygan beside PyTorch's, in turns.", rounds=9)
    options.add_threads(p)
    every = ", ".join(CASES)
    p.add_argument("--ops", type=options.names(CASES), default=list(CASES), metavar="LIST", help=f"of {every}")
    return p.parse_args(argv)


def lines(args: Any) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield TITLE.format(args.rounds)
    yield HEADER
    with Workers() as workers:
        for n in args.threads:
            for side in ("tinygan", "torch"):
                workers[side, n] = Worker("benchmarks.ops_worker", (side, n), n)
        for name in args.ops:
            has_backward = [worker.ask(f"case {name}") for worker in workers.values()]
            check_results(name, workers)
            orders = [f"{way} {SECONDS}" for way in ("forward", "backward")[: 1 + has_backward[0]]]
            found = take_turns(workers, dict.fromkeys(workers, orders), args.rounds)
            yield from rows(name, args.threads, found, orders)
    yield NOTES


def check_results(name: str, workers: Workers) -> None:
    """Raise ResultsDiffer if a result or a gradient of any worker is another one than the first's."""
    with tempfile.TemporaryDirectory() as folder:
        expected: list[np.ndarray] = []
        for (side, n), worker in workers.items():
            path = Path(folder) / f"{side}{n}.npz"
            worker.ask(f"values {path}")
            with np.load(path) as saved:
                found = [saved[key] for key in saved.files]
            expected = expected or found
            if not results_agree(expected, found):
                raise ResultsDiffer(f"{name}: {side} with {n} threads computes other numbers than tinygan")


def results_agree(expected: list[np.ndarray], found: list[np.ndarray]) -> bool:
    """Same shapes, and nowhere further apart than `TOLERANCE` of the largest number."""
    return [x.shape for x in expected] == [x.shape for x in found] and all(
        float(np.abs(x - y).max()) <= TOLERANCE * float(np.abs(x).max()) for x, y in zip(expected, found, strict=True)
    )


def rows(name: str, threads: Sequence[int], found: dict, orders: Sequence[str]) -> Iterator[str]:
    """A row for each number of threads, and one for each side at its best in each direction."""
    times = {o: {side: {n: found[(side, n), o] for n in threads} for side in ("tinygan", "torch")} for o in orders}
    for n in threads:
        yield f"{name:25} {n:7}  " + "  ".join(_cells(t["tinygan"][n], t["torch"][n]) for t in times.values())
    if len(threads) > 1:
        best = (_cells(*(side[fastest(side)] for side in t.values())) for t in times.values())
        yield f"{name:25}    best  " + "  ".join(best)


def _cells(ours: np.ndarray, theirs: np.ndarray) -> str:
    mine, other = 1e3 * np.median(ours), 1e3 * np.median(theirs)
    return f"{Ratio.of(ours, theirs)!s:17}  {mine:7.3f}  {other:7.3f}"


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    options.check_installed(PROGRAM, ["torch"])
    command = f"{PROGRAM} {shlex.join(argv)}".strip()
    try:
        table.show(lines(args), command, ["torch"], "benchmarks.ops" if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except (WorkerEnded, ResultsDiffer) as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
