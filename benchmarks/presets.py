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


def parse(argv: Sequence[str]) -> Any:
    p = comparison.parser(PROGRAM, "The presets on MNIST, seed 0.", "presets", FITTING, None)
    p.set_defaults(presets=DEFAULT)
    return p.parse_args(argv)


def train(args: Any) -> dict[str, Row]:
    """A run of each preset, or what it left when it is finished."""
    return comparison.train(args, "presets", "--data mnist", {name: f"--preset {name}" for name in args.presets}, 1)


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished."""
    rows = train(args)
    yield f"The presets on MNIST, seed 0, {f'{args.steps:,} steps' if args.steps else 'their own number of steps'}.\n"
    conditional = any(LABELS.key in outcome.rows.get("generator", {}) for (outcome,) in rows.values())
    yield from comparison.table(rows, (*IMAGES, LABELS) if conditional else IMAGES)


def pictures(rows: Mapping[str, Row]) -> str:
    """Save a hundred samples of each run for the documents; the text that shows them there."""
    drawn = {name: draw(name, outcome).name for name, (outcome,) in rows.items() if not outcome.failed}
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
    place = "benchmarks.presets" if args.write else None
    table.publish(PROGRAM, argv, lines(args), place, below=lambda: pictures(train(args)))


if __name__ == "__main__":
    guarded(PROGRAM, main)
