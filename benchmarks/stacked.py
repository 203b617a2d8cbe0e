"""How many of stacked MNIST's thousand modes a small budget reaches: ``python -m benchmarks.stacked``.

Each preset has as many steps as fit into about four minutes of one core: where a step is dear, there are few. One pair
of networks for three games, and a budget for a GPU, are `benchmarks.baselines` with ``--data stacked``.
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
STEPS = {"mlp": 5_000, "r3gan": 3_600, "dcgan": 1_000}  # about four minutes of one core each


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "Modes of stacked MNIST in four minutes of one core.", "presets", STEPS, None)
    comparison.add_seeds(p, 1)
    return p.parse_args(argv)


def row(preset: str, steps: int) -> str:
    """Its options: a learning rate that falls does so in the share of the steps that the preset gives it."""
    own = presets.configure({"preset": preset, "data": "stacked"})
    falls = f" --lr-half-life {own.lr_half_life * steps // own.steps}" if own.lr_half_life else ""
    return f"--preset {preset} --steps {steps}{falls}"


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    steps = {name: args.steps or STEPS[name] for name in args.presets}
    rows = comparison.train(
        args, "stacked", "--data stacked", {name: row(name, n) for name, n in steps.items()}, args.seeds
    )
    yield f"Presets on stacked MNIST, {comparison.of_seeds(args.seeds)}{comparison.shown(args.seeds)}.\n"
    yield from comparison.table(rows, STACKED, steps=lambda name: f"{steps[name]:,}")


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), "benchmarks.stacked" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
