"""Train the classifier that metrics stand on: ``python -m tinygan.train_classifier --data DATA``, some minutes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygan.classifier import DATA, Record, accuracy, class_names, load_sets, save, train
from tinygan.classifier.recipe import EPOCHS, LEAST_STEPS, epochs_for
from tinygan.commandline import Parser, check_seed, guarded
from tinygan.data import NAMES
from tinygan.data.files import located
from tinygan.outputs import check_not_read, in_place_of, output_file
from tinygan.training.config import ConfigError
from tinygan.training.progress import SECONDS_BETWEEN_LINES, Progress
from tinygan.words import short

PROGRAM = "python -m tinygan.train_classifier"


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Train the classifier that the metrics of images stand on.")
    what = f"what to learn from: {', '.join(DATA)}, other labelled images, or a folder with a subfolder for each class"
    p.add_argument("--data", default=DATA[0], help=f"{what} ({DATA[0]})")
    p.add_argument("--data-dir", metavar="DIR", help="folder with MNIST's files (else $TINYGAN_DATA, or a download)")
    p.add_argument("--size", type=int, metavar="PIXELS", help="side of the images of a folder, that of the run")
    p.add_argument("--channels", type=int, choices=(1, 3), help="1 for grey, 3 for colour (grey if all pictures are)")
    passes = f"passes over the training set ({EPOCHS}, or as many as make {LEAST_STEPS} steps)"
    p.add_argument("--epochs", type=int, metavar="N", help=passes)
    p.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all random choices (0)")
    p.add_argument("--out", metavar="FILE", help="the weight file to write (classifier-DATA.npz)")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = output(args)
    if args.epochs is not None and not 1 <= args.epochs <= 1000:
        raise ConfigError(f"--epochs must be from 1 to 1000, not {short(args.epochs)}")
    check_seed(args.seed)
    options = {name: getattr(args, name) for name in ("size", "channels") if getattr(args, name) is not None}
    if options and args.data in DATA:
        raise ConfigError(f"--{next(iter(options))} does not go with --data {args.data}: its images are as they are")
    training, test = load_sets(args.data, args.data_dir, args.seed, **options)
    epochs = args.epochs or epochs_for(len(training))
    names = class_names(training)
    if args.data not in DATA:
        height, width, channels = training.sample_shape
        held_out = f"learns from {len(training):,} and is tested on {len(test):,} held out (seed {args.seed})"
        print(f"{training.name}: {height} x {width} x {channels}, {len(names)} classes; {held_out}", flush=True)
    start = time.monotonic()
    with_progress = Lines()
    try:
        classifier = train(training, epochs, args.seed, with_progress.report)
    finally:
        with_progress.close()
    seconds = time.monotonic() - start
    about = Record(training.name, accuracy(classifier, test), len(test), epochs, args.seed, class_names=names)
    replaced = in_place_of(out)
    record = save(out, classifier, about)
    print(f"{record}, trained in {seconds:.0f} s, {out.stat().st_size:,} bytes in {out}{replaced}")


def output(args: Any) -> Path:
    """The file to write; ConfigError, in one sentence, if it cannot be where it should."""
    name = args.out if args.out is not None else f"classifier-{Path(args.data).resolve().name}.npz"
    out = output_file(name, {".npz": "the weights"})
    check_not_read(out, None if args.data in NAMES else located(args.data)[0])
    return out


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
