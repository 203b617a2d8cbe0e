"""What the benchmarks of results share: rows that are named sets of options, seeds, and tables of their means."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import options, runs
from benchmarks.cell import Cell
from benchmarks.runs import Job, Outcome
from tinygan.commandline import Parser

FEW_PICTURES = "--sample-interval 1000000"  # the first and the last: what is measured is the last generator
SHOWN = "mean +- standard error over the seeds"

Row = Sequence[Outcome]  # of one set of options, a seed each


class Column(NamedTuple):
    """A number of the evaluation, as the table shows it.

    Attributes
    ----------
    key : str
        Its name in evaluation.json.
    title : str
    digits : int
        After the point.
    scale : float
        What it is multiplied by: 100 for percent.
    extremes : bool
        Whether the smallest and the largest seed are shown as well.
    """

    key: str
    title: str
    digits: int
    scale: float = 1.0
    extremes: bool = False

    def show(self, rows: Sequence[Mapping[str, float]]) -> str:
        """Mean and standard error, and of how many rows if not all have this number (a KL may be infinite)."""
        found = [self.scale * row[self.key] for row in rows if not math.isnan(row.get(self.key, math.nan))]
        text = Cell.of(found).show(self.digits)
        if 0 < len(found) < len(rows):
            text += f", {len(found)} of {len(rows)}"
        if self.extremes and len(found) > 1:
            text += f" ({min(found):.{self.digits}f}..{max(found):.{self.digits}f})"
        return text


POINTS = (
    Column("modes", "modes", 1),
    Column("high_quality", "high quality, %", 1, 100),
    Column("reverse_kl", "reverse KL, nats", 3),
    Column("energy", "energy distance", 4),
)
FRECHET = Column("fcd", "Frechet classifier distance", 2, extremes=True)
MANIFOLD = (Column("precision", "precision", 3), Column("recall", "recall", 3))
IMAGES = (
    Column("score", "score", 2),
    FRECHET._replace(title="FCD", extremes=False),
    Column("kid", "KID", 3),
    *MANIFOLD,
    Column("classes", "classes", 1),
)
LABELS = Column("label_accuracy", "label accuracy", 3)  # of conditional generators
STACKED = (Column("modes", "modes of 1000", 1), Column("class_kl", "KL, nats", 3))


def parser(program: str, description: str, rows: str, known: Mapping[str, Any], steps: int | None) -> Parser:
    """A command line with the options that all these benchmarks have; ``--<rows>`` chooses from the known."""
    p = Parser(prog=program, description=description)
    p.add_argument(f"--{rows}", type=options.names(known), default=list(known), metavar="LIST", help=",".join(known))
    p.add_argument(
        "--steps", type=options.number, default=steps, metavar="N", help=f"of each run ({steps or 'preset'})"
    )
    p.add_argument("--jobs", type=options.number, default=os.cpu_count(), metavar="N", help="at a time (%(default)s)")
    p.add_argument("--out", type=Path, default=runs.OUT, metavar="DIR", help="folder of the runs (%(default)s)")
    p.add_argument("--write", action="store_true", help="also put the table into docs/results.md")
    return p


def add_seeds(p: Parser, seeds: int) -> None:
    p.add_argument("--seeds", type=options.number, default=seeds, metavar="N", help="runs of each row (%(default)s)")


def of_seeds(n: int) -> str:
    """Which they are, for the line above a table."""
    return f"seeds 0 to {n - 1}" if n > 1 else "seed 0"


def shown(n: int) -> str:
    """What the cells of a table are of that has so many seeds; nothing of one, whose figures are what they are."""
    return f"; {SHOWN}" if n > 1 else ""


def train(args: Any, name: str, common: str, rows: Mapping[str, str], seeds: int) -> dict[str, Row]:
    """Train and evaluate each row with each seed. Options of a row win over the common ones."""
    steps = f" --steps {args.steps}" if args.steps else ""
    jobs = [  # seeds outermost: whoever stops early and asks for fewer seeds has them for each row
        (row, Job(f"{name}/{row}-seed{seed}", f"{FEW_PICTURES} {common} {own}{steps} --seed {seed}"))
        for seed in range(seeds)
        for row, own in rows.items()
    ]
    outcomes = runs.run_all([job for _, job in jobs], args.out, args.jobs)
    return {row: [outcomes[job] for name, job in jobs if name == row] for row in rows}


def table(rows: Mapping[str, Row], columns: Sequence[Column], **further: Callable[[str], str]) -> Iterator[str]:
    """The lines of the table: a row for each set of options, then what the generators are compared with.

    `further` are columns that are worked out from a row's name; "_" in theirs stands for a space.
    """
    lines = [["", "runs", *(column.title for column in columns), *(name.replace("_", " ") for name in further)]]
    for name, outcomes in rows.items():
        found = [outcome.rows["generator"] for outcome in outcomes if not outcome.failed]
        cells = [column.show(found) for column in columns]
        lines.append([name, _runs(outcomes), *cells, *(show(name) for show in further.values())])
    for name, numbers in references(rows):
        lines.append([name, "", *(column.show([numbers]) for column in columns), *("" for _ in further)])
    yield from aligned(lines)
    yield from failures(rows)
    for measured in sorted({outcome.measured for outcomes in rows.values() for outcome in outcomes} - {""}):
        yield f"\n{measured}"


def references(rows: Mapping[str, Row]) -> list[tuple[str, Mapping[str, float]]]:
    """What an evaluation compares its generator with, of the first that does; the data are the same for all."""
    compared = (outcome.rows for outcomes in rows.values() for outcome in outcomes if len(outcome.rows) > 1)
    return [(name, row) for name, row in next(compared, {}).items() if name != "generator"]


def failures(rows: Mapping[str, Row]) -> Iterator[str]:
    """Why runs failed, if any did."""
    for name, outcomes in rows.items():
        for seed, outcome in enumerate(outcomes):
            if outcome.failed:
                yield f"{name}, seed {seed}, failed at step {outcome.failed}"


def of_training(row: Row, key: str, digits: int) -> str:
    """A number that the training itself took down: its mean over the last tenth of each run, shown over the seeds."""
    return Cell.of([value for o in row if not o.failed and not math.isnan(value := o.at_the_end(key))]).show(digits)


def relative_cost(of: Row, to: Row) -> str:
    """The time of a step, as a multiple of another row's."""
    first, second = (Cell.of([o.seconds_per_step() for o in row if not o.failed]).mean for row in (of, to))
    return f"{first / second:.2f}"


def aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _runs(outcomes: Row) -> str:
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    return f"{len(outcomes)}, {failed} failed" if failed else str(len(outcomes))
