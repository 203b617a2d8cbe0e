"""tinygan beside PyTorch, JAX and DeZero on a CPU: ``python -m benchmarks.cpu``.

What is timed is one training step, one update of D and one of G: the same networks, weights, batches,
noise and Adam on all sides, float32. tinygan's step is played back (`tinygan.compiled`), as ``python -m tinygan.train``
does; its eager step is a side of its own. First all train a few steps, and their losses must agree; what is compiled is
compiled there. Then they take turns (`benchmarks.turns`), and so does NumPy with the step's bare matrix products
(`benchmarks.floor`). ``--batch`` and ``--width`` show how a step grows.
"""

from __future__ import annotations

import itertools
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import options, table
from benchmarks.race import HEADER, LossesDiffer, absences, name_of, race, rows
from benchmarks.turns import WorkerEnded
from benchmarks.worker import SETTINGS
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.cpu"
TITLE = "One D update and one G update, float32, Adam. tinygan / peer, median of {} rounds (quartiles).\n"
GROWING = ["mlp", "dcgan"]  # steps that show growth
LARGE = 64  # batches above it are alone in memory
NOTES = """
tinygan: its step played back; tinygan eager: computed op by op. Losses of the first steps agree. best: each side with
its own best number of threads. PyTorch and DeZero compute D's weight gradients in G's step too, as their users' code
does. torch.compile: both networks and both optimisers' steps, but not D in a penalty, which it cannot differentiate
twice. JAX: the whole step in one jit. Peak memory is the whole process's, libraries and compilation included. GFLOP/s:
the multiplications and additions by which the step's matrix products and convolutions are defined, without those on
padding. floor: the time of bare NumPy products of the same shapes, as a share of tinygan's step. It can be above 100 %:
tinygan computes some convolutions with fewer multiplications than their definition (by Fourier transforms)."""


def parse(argv: Sequence[str]) -> Any:
    p = options.parser(PROGRAM, "One training step of tinygan beside other libraries, in turns.", rounds=12)
    options.add_threads(p)
    peers, every = ",".join(options.PEERS), ",".join(SETTINGS)
    p.add_argument("--peers", type=options.names(options.PEERS), metavar="LIST", help=f"{peers} (all; eager,torch)")
    p.add_argument("--steps", type=options.names(SETTINGS), metavar="LIST", help=f"{every} (all; mlp,dcgan)")
    p.add_argument("--batch", type=options.numbers, metavar="LIST", help="show how time and memory grow with the batch")
    p.add_argument("--width", type=options.numbers, metavar="LIST", help="or with networks so many times as wide")
    args = p.parse_args(argv)
    args.grows = bool(args.batch or args.width)
    args.skipped = {}
    if args.peers is None:  # what is not there is left out, but not what all is compared with
        wanted = ["eager", "torch"] if args.grows else list(options.PEERS)
        args.skipped = {name: why for name in wanted if name != "torch" and (why := options.missing(name))}
        args.peers = [name for name in wanted if name not in args.skipped]
    args.steps = args.steps or (GROWING if args.grows else list(SETTINGS))
    return args


def lines(args: Any) -> Iterator[str]:
    """The table, line by line as it is measured."""
    absent = [f"{options.PEERS[peer]} is left out: {why}" for peer, why in args.skipped.items()]
    yield TITLE.format(args.rounds)
    yield HEADER
    for step in args.steps:
        for batch, width, threads in parts(args):
            found, name = race(step, args.peers, threads, args.rounds, batch, width), name_of(step, batch, width)
            yield from rows(name, found, args.peers)
            absent += absences(name, found)
    yield from ["", *absent] if absent else ()
    yield NOTES


def parts(args: Any) -> list[tuple[int, int, list[int]]]:
    """(batch, width, numbers of threads) of the processes that are alive together.

    Usually those of all numbers of threads are: then each side's best can be compared. Large batches and wide networks
    need the memory for themselves, and every batch fresh processes, because a peak of memory stays.
    """
    found: list[tuple[int, int, list[int]]] = []
    for batch, width in itertools.product(args.batch or [0], args.width or [0]):
        alone = batch > LARGE or width > 1
        found += [(batch, width, threads) for threads in ([[n] for n in args.threads] if alone else [args.threads])]
    return found


def place(args: Any) -> str:
    """The name of the table's place in the page."""
    return "benchmarks.cpu" + " --batch" * bool(args.batch) + " --width" * bool(args.width)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    options.check_installed(PROGRAM, args.peers)
    command = f"{PROGRAM} {shlex.join(argv)}".strip()
    try:
        table.show(lines(args), command, options.packages(args.peers), place(args) if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except (WorkerEnded, LossesDiffer) as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
