"""Each switch of the game alone, on a grid that the plain GAN fails on: ``python -m benchmarks.switches``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import comparison, table
from benchmarks.comparison import POINTS
from tinygan.commandline import guarded

PROGRAM = "python -m benchmarks.switches"
# The preset grid without all that makes it work.
PLAIN = "--preset grid --loss ns --penalty none --ema 0 --lr-half-life 0 --lr 1e-3"
SWITCHES = {
    "plain": "",
    "pack-2": "--pack 2",
    "pack-3": "--pack 3",
    "pack-4": "--pack 4",
    "unroll-1": "--unroll 1",
    "unroll-3": "--unroll 3",
    "minibatch-std": "--minibatch-std",
    "spectral-norm": "--spectral-norm",
    "dragan": "--penalty dragan --penalty-weight 1",
    "r1": "--penalty r1 --penalty-weight 0.1",
    "ema": "--ema 0.998",
    "lr-half-life": "--lr-half-life 1000",
    "preset-grid": "--loss rsgan --penalty r1+r2 --ema 0.998 --lr-half-life 4000",  # several at once
}


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "Each switch of the game alone, on the grid.", "switches", SWITCHES, 3000)
    comparison.add_seeds(p, 3)
    args = p.parse_args(argv)
    if "plain" not in args.switches:
        p.error("argument --switches: the others are compared with plain, so name it too")
    return args


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    rows = comparison.train(args, "switches", PLAIN, {name: SWITCHES[name] for name in args.switches}, args.seeds)
    yield f"One switch at a time, {args.steps:,} steps on the grid; {comparison.SHOWN}."
    yield f"plain: {PLAIN}\n"
    yield from comparison.table(
        rows, POINTS, cost_of_a_step=lambda name: comparison.relative_cost(rows[name], rows["plain"])
    )


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), "benchmarks.switches" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
