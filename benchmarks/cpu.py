"""tinygan beside PyTorch eager (and DeZero) on a CPU: ``python -m benchmarks.cpu``.

What is timed is one training step, one update of D and one of G: the same networks, weights, batches,
noise and Adam on all sides, float32. First all train a few steps, and their losses must agree. Then they take
turns (`benchmarks.turns`), and so does NumPy with the step's bare matrix products (`benchmarks.floor`).
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import options, table
from benchmarks.race import HEADER, LossesDiffer, race, rows
from benchmarks.turns import WorkerEnded
from benchmarks.worker import SETTINGS
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.cpu"
TITLE = "One D update and one G update, float32, Adam. tinygan / peer, median of {} rounds (quartiles).\n"
NOTES = """
Losses of the first steps agree. best: each side with its own best number of threads. PyTorch and DeZero compute D's
weight gradients in G's step too, as their users' code does. Peak memory is the whole process's, libraries included.
GFLOP/s: the multiplications and additions by which the step's matrix products and convolutions are defined, without
those on padding. floor: the time of bare NumPy products of the same shapes, as a share of tinygan's step. It can be
above 100 %: tinygan computes some convolutions with fewer multiplications than their definition (by Fourier
transforms)."""


def parse(argv: Sequence[str]) -> Any:
    p = options.parser(PROGRAM, "One training step of tinygan beside other libraries, in turns.", rounds=12)
    options.add_threads(p)
    p.add_argument("--peers", type=options.names(options.PEERS), default=["torch"], metavar="LIST", help="torch,dezero")
    every = ",".join(SETTINGS)
    p.add_argument("--steps", type=options.names(SETTINGS), default=list(SETTINGS), metavar="LIST", help=every)
    p.add_argument("--batch", type=options.numbers, metavar="LIST", help="show how time and memory grow with the batch")
    return p.parse_args(argv)


def lines(args: Any) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield TITLE.format(args.rounds)
    yield HEADER
    for step in args.steps:
        for batch, threads in parts(args):
            yield from rows(step, race(step, args.peers, threads, args.rounds, batch), args.peers, batch)
    yield NOTES


def parts(args: Any) -> list[tuple[int, list[int]]]:
    """(batch, numbers of threads) of the processes that are alive together.

    Usually all are: then each side's best number of threads can be compared. Large batches need the memory for
    themselves, and every batch fresh processes, because a peak of memory stays.
    """
    if not args.batch:
        return [(0, args.threads)]
    return [(batch, [n]) for batch in args.batch for n in args.threads]


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    options.check_installed(PROGRAM, args.peers)
    command = f"{PROGRAM} {shlex.join(argv)}".strip()
    name = "benchmarks.cpu --batch" if args.batch else "benchmarks.cpu"
    try:
        table.show(lines(args), command, args.peers, name if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except (WorkerEnded, LossesDiffer) as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
