"""One network, one budget, many losses: ``python -m benchmarks.losses``, beside "Are GANs Created Equal?".

All play on the networks of the preset mlp, whose discriminator has no normalisation. So hinge stands here without the
spectral normalisation that it is usually seen with: with it, its discriminator would be another one. What a loss needs
to work at all comes with it: weight clipping and RMSProp with wgan, five critic steps with both Wasserstein losses,
the penalties of wgan-gp, dragan and r3gan.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import comparison, table
from benchmarks.cell import Cell
from benchmarks.comparison import FRECHET, MANIFOLD, Row
from tinygan.commandline import guarded

PROGRAM = "python -m benchmarks.losses"
COMMON = "--preset mlp --data mnist"
LOSSES = {
    "mm": "--loss mm",
    "ns": "--loss ns",
    "lsgan": "--loss lsgan",
    "wgan": "--loss wgan --weight-clip 0.01 --n-critic 5 --optimizer rmsprop --lr 5e-5",
    "wgan-gp": "--loss wgan --penalty gp --penalty-weight 10 --n-critic 5 --lr 1e-4 --beta1 0 --beta2 0.9",
    "hinge": "--loss hinge",
    "dragan": "--loss ns --penalty dragan --penalty-weight 10",
    "r3gan": "--loss rsgan --penalty r1+r2 --penalty-weight 1 --beta1 0 --beta2 0.99",
}
# Lucic et al., "Are GANs Created Equal?", NeurIPS 2018: the best FID on MNIST of 100 settings each (BEGAN: 13.1).
LUCIC = {"wgan": 6.7, "ns": 6.8, "dragan": 7.6, "lsgan": 7.8, "mm": 9.8, "wgan-gp": 20.3}


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "Losses on one network and one budget, on MNIST.", "losses", LOSSES, 2000)
    comparison.add_seeds(p, 5)
    return p.parse_args(argv)


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    rows = comparison.train(args, "losses", COMMON, {name: LOSSES[name] for name in args.losses}, args.seeds)
    yield f"Losses on MNIST with the networks of the preset mlp, {args.steps:,} steps; {comparison.SHOWN}."
    yield "In brackets the best and the worst seed.\n"
    yield from comparison.table(rows, (FRECHET, *MANIFOLD), Lucic_et_al_FID=lambda name: f"{LUCIC.get(name, '-')}")
    yield ""
    yield f"Best first, here by FCD:           {', '.join(ranking(rows))}"
    yield f"with Lucic et al. by FID, of these: {', '.join(name for name in LUCIC if name in rows)}"


def ranking(rows: Mapping[str, Row]) -> list[str]:
    """The losses by their mean Frechet classifier distance, the best first, without those that always failed."""
    means = {
        name: Cell.of([outcome.rows["generator"][FRECHET.key] for outcome in outcomes if not outcome.failed]).mean
        for name, outcomes in rows.items()
    }
    return sorted((name for name, mean in means.items() if mean == mean), key=means.__getitem__)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), "benchmarks.losses" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
