"""Does packing help against mode collapse? PacGAN's Table 1: ``python -m benchmarks.mode_collapse ring``.

Each (data, pack, seed) is a job, which can be stopped at any time; the same command goes on from there
(`benchmarks.pacgan_jobs`). The game is that of the paper (`benchmarks.pacgan`), for the paper's 400,000 steps or a
tenth of them; `--budget small` is another, smaller game that takes minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import options, table
from benchmarks.cell import Cell
from benchmarks.pacgan import DATA, Job, Rules, oracle
from benchmarks.pacgan_jobs import Jobs
from tinygan.backend import use_backend
from tinygan.commandline import Parser, guarded
from tinygan.metrics import ModeReport

PROGRAM = "python -m benchmarks.mode_collapse"
OUT = Path("runs/mode_collapse")
SEEDS = 10  # the paper's number of trials

BUDGETS = {
    # Not the paper's game: small networks, and ten times its learning rate. So few steps leave the modes blurred (high
    # quality stays low) and the seeds far apart: it is for trying things out, not for conclusions about packing.
    "small": Rules(steps=2_500, lr=1e-3, g_layers=2, g_width=128, d_layers=2, d_width=64, pieces=3),
    "40k": Rules(steps=40_000),
    "400k": Rules(),
}

# The paper's Table 1: modes, high quality in %, reverse KL; mean and standard error of ten trials.
PAPER = {
    ("ring", 1): (Cell(6.3, 0.5), Cell(98.2, 0.2), Cell(0.45, 0.09)),
    ("ring", 2): (Cell(7.9, 0.1), Cell(95.6, 2.0), Cell(0.07, 0.03)),
    ("ring", 3): (Cell(7.8, 0.1), Cell(97.7, 0.3), Cell(0.10, 0.02)),
    ("ring", 4): (Cell(7.8, 0.1), Cell(95.9, 1.4), Cell(0.07, 0.02)),
    ("grid", 1): (Cell(17.3, 0.8), Cell(94.8, 0.7), Cell(0.70, 0.07)),
    ("grid", 2): (Cell(23.8, 0.7), Cell(91.3, 0.8), Cell(0.13, 0.04)),
    ("grid", 3): (Cell(24.6, 0.4), Cell(94.2, 0.4), Cell(0.06, 0.02)),
    ("grid", 4): (Cell(24.8, 0.2), Cell(93.6, 0.6), Cell(0.04, 0.01)),
}
DIGITS = (1, 1, 2)  # of the three columns
HEADER = (
    f"{'':7}{'modes':35}{'high quality, %':35}reverse KL, nats\n"
    f"{'pack':7}" + "".join(f"{'here':14}{'paper':14}{'':7}" for _ in DIGITS).rstrip()
)
VERDICTS = {True: "within", False: "off", None: ""}


def parse(argv: Sequence[str], budgets: Mapping[str, Rules] = BUDGETS) -> Any:
    p = Parser(prog=PROGRAM, description="PacGAN's Table 1: modes of a ring or a grid with and without packing.")
    p.add_argument("data", choices=DATA, metavar="ring|grid", help="the mixture of Gaussians: 8 or 25 modes")
    p.add_argument("--budget", choices=BUDGETS, default="small", help="steps; small is not the paper's game (small)")
    p.add_argument("--pack", type=options.numbers, default=[1, 2, 3, 4], metavar="LIST", help="D's samples (1,2,3,4)")
    p.add_argument("--seeds", type=options.number, default=SEEDS, metavar="N", help="trials of each (%(default)s)")
    p.add_argument("--backend", choices=("numpy", "cupy"), default="numpy", help="(numpy)")
    p.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="folder of the checkpoints (%(default)s)")
    p.add_argument("--write", action="store_true", help=f"also put the table into docs/{table.RESULTS.name}")
    args = p.parse_args(argv)
    rules = budgets[args.budget]
    if max(args.pack) * rules.batch > rules.points:
        p.error(f"argument --pack: {rules.batch} packs need more than the {rules.points} points of the training set")
    return args


def lines(args: Any, rules: Rules) -> Iterator[str]:
    """The table, once all jobs are finished."""
    use_backend(args.backend)
    # Seeds outermost: whoever stops early and asks for fewer seeds has them for each pack.
    jobs = [Job(args.data, pack, seed) for seed in range(args.seeds) for pack in args.pack]
    reports = Jobs(args.out, args.budget, rules).run_all(jobs)
    yield from title(args, rules)
    yield HEADER
    for pack in args.pack:
        paper = PAPER.get((args.data, pack))
        yield row(str(pack), cells([reports[job] for job in jobs if job.pack == pack]), paper)
    yield row("oracle", cells([oracle(Job(args.data, 1, seed), rules) for seed in range(args.seeds)]), None)
    yield "\nwithin, off: the two means differ by at most, or by more than, two standard errors of their difference."
    yield "oracle: as many samples of the mixture itself."


def title(args: Any, rules: Rules) -> Iterator[str]:
    """What was played, and on what."""
    full = BUDGETS["400k"]
    if rules == full:
        kind = "the paper's networks and budget"
    elif rules == Rules(steps=rules.steps):
        kind = f"the paper's networks, but not its budget of {full.steps:,} steps"
    else:
        kind = "NOT the paper's networks, learning rate and budget"
    seeds = f"{args.seeds} seed{'s' * (args.seeds > 1)}"
    yield f"PacGAN's Table 1 on the {args.data}, mean +- standard error of {seeds} (the paper: ten trials)."
    yield f"{DATA[args.data]().describe()}."
    yield f"{rules.steps:,} steps: {kind}."
    yield (
        f"G: 2 -> {rules.g_layers} x [{rules.g_width}, BatchNorm, ReLU] -> 2; "
        f"D: {rules.d_layers} x Maxout({rules.d_width} units, {rules.pieces} pieces) -> 1; Adam {rules.lr:g}, "
        f"beta1 {rules.beta1:g}; batch {rules.batch}."
    )
    yield (
        f"{rules.points:,} fixed points; {rules.samples:,} samples, BatchNorm in inference mode; high quality: "
        "within 3 sigma of a mean.\n"
    )


def cells(reports: Sequence[ModeReport]) -> tuple[Cell, Cell, Cell]:
    """Modes, high quality in %, and reverse KL over the seeds."""
    values = [(r.modes, 100 * r.high_quality, r.reverse_kl) for r in reports]
    modes, quality, kl = (Cell.of(column) for column in zip(*values, strict=True))
    return modes, quality, kl


def row(name: str, here: Sequence[Cell], paper: Sequence[Cell] | None) -> str:
    """One line: ours, the paper's and whether they agree, three times."""
    shown = []
    for i, digits in enumerate(DIGITS):
        theirs, verdict = ("-", None) if paper is None else (paper[i].show(digits), here[i].agrees(paper[i]))
        shown.append(f"{here[i].show(digits):14}{theirs:14}{VERDICTS[verdict]:7}")
    return f"{name:7}{''.join(shown)}".rstrip()


def marker(args: Any) -> str:
    """The name of the table's place in the page."""
    return f"benchmarks.mode_collapse {args.data} {args.budget}"


def main(argv: Sequence[str] | None = None, budgets: Mapping[str, Rules] = BUDGETS) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv, budgets)
    table.publish(PROGRAM, argv, lines(args, budgets[args.budget]), marker(args) if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
