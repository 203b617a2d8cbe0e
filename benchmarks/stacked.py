"""How many of stacked MNIST's thousand modes a small budget reaches: ``python -m benchmarks.stacked``.

Each preset has as many steps as about ten minutes of one core are worth, so who has dear steps has few of them. The
same networks for three games, and a longer budget, are `benchmarks.baselines` with ``--data stacked``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import comparison, table
from benchmarks.comparison import STACKED
from tinygan.commandline import guarded
from tinygan.training import presets

PROGRAM = "python -m benchmarks.stacked"
STEPS = {"mlp": 10_000, "r3gan": 8_000, "dcgan": 1_000}  # about ten minutes of one core each


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "Modes of stacked MNIST in ten minutes of one core.", "presets", STEPS, None)
    comparison.add_seeds(p, 1)
    return p.parse_args(argv)


def row(preset: str, steps: int) -> str:
    """Its options: a learning rate that falls does so in the share of the steps that the preset gives it."""
    own = presets.configure({"preset": preset, "data": "stacked"})
    half_life = f" --lr-half-life {own.lr_half_life * steps // own.steps}" if own.lr_half_life else ""
    return f"--preset {preset} --steps {steps}{half_life}"


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    steps = {name: args.steps or STEPS[name] for name in args.presets}
    rows = {name: row(name, n) for name, n in steps.items()}
    args.steps = None  # each row has its own
    found = comparison.train(args, "stacked", "--data stacked", rows, args.seeds)
    seeds = f"{args.seeds} seeds each; {comparison.SHOWN}" if args.seeds > 1 else "one seed each (0)"
    yield f"Stacked MNIST, {seeds}.\n"
    yield from comparison.table(found, STACKED, steps=lambda name: f"{steps[name]:,}")


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), "benchmarks.stacked" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
