"""This project's own models on MNIST, each with its figures and its picture: ``python -m benchmarks.presets``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import comparison, table
from benchmarks.comparison import IMAGES, LABELS, Row
from benchmarks.runs import Outcome
from tinygan.commandline import guarded
from tinygan.training import presets
from tinygan.training.loop import TrainingStopped

PROGRAM = "python -m benchmarks.presets"
DEFAULT = ["mlp", "small", "deep", "dcgan", "cgan"]
FITTING = {name: preset for name, preset in presets.PRESETS.items() if preset.on_real_images}
PICTURES = table.RESULTS.parent / "images"
LARGEST = 150_000  # bytes of a picture in the documents
CODE = "code_accuracy"  # infogan's, taken down in training: only its own network can read its code


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "The presets on MNIST.", "presets", FITTING, None)
    p.set_defaults(presets=DEFAULT)
    comparison.add_seeds(p, 1)
    return p.parse_args(argv)


def train(args: Any) -> dict[str, Row]:
    """The runs of each preset, or what they left when they are finished."""
    rows = {name: f"--preset {name}" for name in args.presets}
    return comparison.train(args, "presets", "--data mnist", rows, args.seeds)


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    rows = train(args)
    steps = f"{args.steps:,} steps" if args.steps else "their own number of steps"
    yield f"The presets on MNIST, {comparison.of_seeds(args.seeds)}, {steps}{comparison.shown(args.seeds)}.\n"
    columns = (*IMAGES, LABELS) if any(map(is_told_a_label, rows.values())) else IMAGES
    codes = {name: comparison.of_training(row, CODE, 3) for name, row in rows.items()}
    further = {CODE: codes.__getitem__} if set(codes.values()) != {"-"} else {}
    yield from comparison.table(rows, columns, **further)


def is_told_a_label(row: Row) -> bool:
    """Whether the preset of this row draws a digit that it is asked for."""
    return any(LABELS.key in outcome.rows.get("generator", {}) for outcome in row)


def place(args: Any) -> str:
    """The name of the table's place in the page: presets other than the default ones have a table of their own."""
    return "benchmarks.presets" if args.presets == DEFAULT else f"benchmarks.presets {','.join(args.presets)}"


def pictures(rows: Mapping[str, Row]) -> str:
    """Save a hundred samples of each preset's seed 0 for the documents; the text that shows them there."""
    drawn = {name: draw(name, row[0]).name for name, row in rows.items() if not row[0].failed}
    alt = "One hundred digits drawn by the preset"
    return "".join(
        f"\n{name}:\n\n```{{image}} images/{file}\n:alt: {alt} {name}\n```\n" for name, file in drawn.items()
    )


def draw(name: str, outcome: Outcome) -> Path:
    """A hundred samples, always of the same noise."""
    picture = PICTURES / f"{name}-mnist.png"
    command = [sys.executable, "-m", "tinygan.sample", str(outcome.run), "--seed", "0", "--out", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise TrainingStopped(done.stderr.strip())
    if picture.stat().st_size > LARGEST:
        raise TrainingStopped(f"{picture} has more than {LARGEST:,} bytes")
    return picture


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), place(args) if args.write else None, below=lambda: pictures(train(args)))


if __name__ == "__main__":
    guarded(PROGRAM, main)
