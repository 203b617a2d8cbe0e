"""R3GAN, the modern baseline, beside two classics on the same networks: ``python -m benchmarks.baselines``.

On MNIST the three losses are rows of `benchmarks.losses`, on the networks of the preset mlp.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks import comparison, table
from benchmarks.comparison import POINTS, STACKED, Column
from tinygan.commandline import guarded

PROGRAM = "python -m benchmarks.baselines"


class Game(NamedTuple):
    """What is played on a data set.

    Attributes
    ----------
    steps : int
    columns : tuple of Column
    penalty_weight : float
        Of wgan-gp: its paper's 10 for images; the authors' own experiments with points take 0.1.
    """

    steps: int
    columns: tuple[Column, ...]
    penalty_weight: float

    def rows(self) -> dict[str, str]:
        """Networks, batch, latent and learning rate are the preset's throughout; betas belong to each game."""
        gp = f"--penalty gp --penalty-weight {self.penalty_weight:g}"
        return {
            "r3gan": "",
            "ns": "--loss ns --penalty none --beta1 0.5 --beta2 0.999",
            "wgan-gp": f"--loss wgan {gp} --n-critic 5 --beta1 0 --beta2 0.9",
        }


GAMES = {
    "ring": Game(3000, POINTS, 0.1),
    "grid": Game(3000, POINTS, 0.1),
    "stacked": Game(2000, STACKED, 10),
}
DEFAULT = ["ring", "grid"]
ON_A_GPU = f"{PROGRAM} --data stacked --steps 50000 --jobs 1 --backend cupy"


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "R3GAN beside ns and wgan-gp on the same networks.", "data", GAMES, None)
    p.set_defaults(data=DEFAULT)
    p.add_argument("--backend", choices=("numpy", "cupy"), default="numpy", help="(numpy)")
    comparison.add_seeds(p, 5)
    return p.parse_args(argv)


def lines(args: Any, data: str) -> Iterator[str]:
    """The table of a data set, once all runs are finished."""
    game = GAMES[data]
    steps = args.steps or game.steps
    common = f"--preset r3gan --data {data} --backend {args.backend} --steps {steps}"
    if data == "stacked":  # the share that the preset gives it, or the rate of a long run is gone half way
        common += f" --lr-half-life {steps * 2 // 5}"
    rows = comparison.train(args, f"baselines/{data}", common, game.rows(), args.seeds)
    yield f"The preset r3gan beside ns and wgan-gp with its networks on {data}, {steps:,} steps; {comparison.SHOWN}.\n"
    yield from comparison.table(rows, game.columns)
    if data == "stacked":
        yield f"\nA thousand modes want more steps than a CPU has time for; with a GPU: {ON_A_GPU}"


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    for data in args.data:
        table.publish(PROGRAM, argv, lines(args, data), f"benchmarks.baselines {data}" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
