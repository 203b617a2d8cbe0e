"""Train the digit classifier of the metrics: ``python -m tinygan.train_classifier --out FILE.npz``, some minutes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from tinygan.classifier import DATA, Record, accuracy, load_sets, save, train
from tinygan.classifier.recipe import EPOCHS
from tinygan.commandline import Parser, guarded
from tinygan.training.config import ConfigError
from tinygan.training.progress import SECONDS_BETWEEN_LINES, Progress

PROGRAM = "python -m tinygan.train_classifier"


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Train the digit classifier that the metrics of images stand on.")
    p.add_argument("--data", default=DATA[0], choices=DATA, help=f"what to learn from ({DATA[0]})")
    p.add_argument("--data-dir", metavar="DIR", help="folder with MNIST's files (else $TINYGAN_DATA, or a download)")
    p.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"passes over the training set ({EPOCHS})")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all random choices (0)")
    p.add_argument("--out", metavar="FILE", help="the weight file to write (classifier-DATA.npz)")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = Path(args.out if args.out is not None else f"classifier-{args.data}.npz")
    if out.suffix != ".npz":
        raise ConfigError(f"--out must end in .npz, not {out.name}")
    if out.is_dir() or not out.parent.is_dir():
        raise ConfigError(f"--out {out} {'is a folder' if out.is_dir() else f'is in {out.parent}, which is no folder'}")
    if not os.access(out.parent, os.W_OK):  # better said now than after minutes of training
        raise ConfigError(f"--out {out} cannot be written: the folder {out.parent} is read-only")
    if not 1 <= args.epochs <= 1000:
        raise ConfigError(f"--epochs must be from 1 to 1000, not {args.epochs}")
    if args.seed < 0:
        raise ConfigError(f"--seed must be at least 0, not {args.seed}")
    training, test = load_sets(args.data, args.data_dir)
    start = time.monotonic()
    with_progress = Lines()
    try:
        classifier = train(training, args.epochs, args.seed, with_progress.report)
    finally:
        with_progress.close()
    seconds = time.monotonic() - start
    record = Record(args.data, accuracy(classifier, test), len(test), args.epochs, args.seed)
    record = save(out, classifier, record)
    print(f"{record}, trained in {seconds:.0f} s, {out.stat().st_size:,} bytes in {out}")


class Lines:
    """Shows the loss: beside a bar on a terminal, on a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.progress: Progress | None = None

    def report(self, step: int, steps: int, loss: float) -> None:
        if self.progress is None:
            self.progress = Progress(0, steps)
        self.progress.step()
        if self.progress.terminal:
            self.progress.bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
        elif time.monotonic() >= self.progress.next_line or step == steps:
            self.progress.next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            self.progress.say(f"step {step}/{steps}  loss {loss:.3f}")

    def close(self) -> None:
        if self.progress:
            self.progress.close()


if __name__ == "__main__":
    guarded(PROGRAM, main)
