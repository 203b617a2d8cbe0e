"""How good are its samples? ``python -m tinygan.evaluate RUN``, or ``--features FAKE.npz --reference REAL.npz``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import evaluation, plot
from tinygan.commandline import Parser, add_source, check_source, guarded, opened
from tinygan.data import Images, from_range, kind
from tinygan.data.sets import CALLED
from tinygan.evaluation.features import METRICS as OF_FEATURES
from tinygan.evaluation.features import captions
from tinygan.files import whole_file
from tinygan.metrics import nearest_neighbours
from tinygan.outputs import check_not_read, data_of, in_place_of, output_file
from tinygan.training.build import load_data
from tinygan.training.config import ConfigError
from tinygan.training.measured import measure

PROGRAM = "python -m tinygan.evaluate"
NEIGHBOURS, SHOWN = 7, 12  # training images beside each sample, and samples, in --neighbours


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Measure how good the samples of a run's generator are, beside known rows.")
    n = "how many samples (2,500 points, 10,000 digits, 26,000 stacked images, 5,000 others, or as many as there are; "
    n += "1,000 strings or melodies)"
    p.add_argument("--n", type=int, help=n)
    add_source(p, needed=False)
    p.add_argument("--data", metavar="PATH", help="where the run's own data are, if they have moved")
    p.add_argument("--data-dir", metavar="DIR", help="folder of the IDX files or pictures, if not that of the run")
    own = "judge by this classifier of the run's classes (.npz of tinygan.train_classifier), or mnist or digits"
    p.add_argument("--classifier", metavar="FILE", help=own)
    p.add_argument("--json", metavar="FILE", help="also write the numbers to this .json")
    p.add_argument("--neighbours", metavar="FILE", help="also draw samples beside the nearest training images (.png)")
    p.add_argument("--no-references", action="store_true", help="the generator's row alone, which takes less time")
    features = "instead of RUN: a .npz of your own 'features' (n, d), and 'probabilities' (n, K) if there are"
    p.add_argument("--features", metavar="FAKE", help=features)
    p.add_argument("--reference", metavar="REAL", help="the same of real images, for --features")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    check(args)
    outputs = {}
    for name, ending, what in (("json", ".json", "the numbers"), ("neighbours", ".png", "a picture")):
        if getattr(args, name) is not None:
            outputs[name] = output_file(getattr(args, name), {ending: what}, f"--{name}")
    found = of_features(args, outputs) if args.run is None else of_run(args, outputs)
    if "json" in outputs:
        out = outputs["json"]
        replaced = in_place_of(out)
        with whole_file(out) as file:
            file.write((json.dumps(found, indent=2) + "\n").encode())
        print(f"the numbers are in {out}{replaced}")


def check(args: Any) -> None:
    """Raise ConfigError, in one sentence, for options that do not go together."""
    if (args.features is None) != (args.reference is None):
        raise ConfigError("--features FAKE.npz and --reference REAL.npz belong together: give both")
    if args.run is None and args.features is None:
        raise ConfigError("give a RUN to evaluate, or --features FAKE.npz and --reference REAL.npz")
    if args.features is not None:
        of_run = ("run", "n", "seed", "truncation", "label", "backend", "data", "data_dir", "classifier", "neighbours")
        for name in (*of_run, "no_references"):
            if getattr(args, name) != parser().get_default(name):
                what = "RUN" if name == "run" else f"--{name.replace('_', '-')}"
                raise ConfigError(f"{what} does not go with --features: the samples are those that it names")
    check_source(args)


def check_outputs(outputs: Mapping[str, Path], *read: str | Path | None) -> None:
    """Raise ConfigError if a file that is read would be replaced."""
    for name, out in outputs.items():
        check_not_read(out, *read, option=f"--{name}")


def of_features(args: Any, outputs: Mapping[str, Path]) -> dict[str, Any]:
    """FID, KID, precision, recall and Inception Score of arrays that the user brought; what --json holds."""
    check_outputs(outputs, args.features, args.reference)
    fake, real = (evaluation.read_features(path) for path in (args.features, args.reference))
    rows = {"features": evaluation.compare(fake, real)}
    n = len(fake.features)
    sets = f"{n} feature vectors of {args.features} against {len(real.features)} of {args.reference}"
    print(evaluation.report(OF_FEATURES, rows, [sets, *captions(fake, real)]))
    about = {"features": args.features, "reference": args.reference, "n": n, "n_reference": len(real.features)}
    return {"run": None, "step": None, "data": None, "extractor": None, **about, "rows": evaluation.finite(rows)}


def of_run(args: Any, outputs: Mapping[str, Path]) -> dict[str, Any]:
    """The numbers of a run's generator beside the reference rows; what --json holds."""
    source = opened(args)
    (low, high), path, neighbours = source.range, source.path, outputs.get("neighbours")
    for name in ("data", "data_dir"):  # they may lie elsewhere by now
        if getattr(args, name) is not None:
            setattr(source.config, name, getattr(args, name))
    check_outputs(outputs, path, data_of(source.config))
    dataset = load_data(source.config, source.shape)
    if neighbours and not isinstance(dataset, Images):
        raise ConfigError(f"--neighbours is for images, and {path} draws {CALLED[kind(dataset)]}")
    found = measure(
        source,
        dataset,
        n=args.n,
        seed=args.seed,
        truncation=args.truncation,
        label=args.label,
        extractor=args.classifier,
        references=not args.no_references,
    )
    source.check_samples(found.samples)
    print(f"{found.judge.n} samples{source.said_of(args.label)} of {path} at step {source.step}", flush=True)
    print(found)
    if args.label is not None:
        alone = f"the samples are{source.said_of(args.label)} alone, the real ones of all"
        print(f"{alone}: only precision and label accuracy can be read as usual")
    if neighbours and isinstance(dataset, Images):
        replaced = in_place_of(neighbours)
        save_neighbours(neighbours, from_range(found.samples[:SHOWN], low, high), dataset)
        print(f"samples (first column) and their nearest training images, by pixels, are in {neighbours}{replaced}")
    judge = found.judge
    about = {
        "run": str(path),
        "step": source.step,
        "data": source.config.data,
        "n": judge.n,
        "extractor": judge.extractor,
    }
    drawn = {"seed": args.seed, "truncation": args.truncation, "label": args.label}
    return {**about, **drawn, "rows": evaluation.finite(found.rows)}


def save_neighbours(path: Path, samples: np.ndarray, dataset: Images) -> None:
    """Draw samples (n, H, W, C) in [0, 1], each at the left of a row with its nearest training images, by pixels.

    A generator that has learnt images by heart shows the same image twice in a row.
    """
    training = dataset.pixels.reshape(len(dataset), -1)
    k = min(NEIGHBOURS, len(training))
    nearest, _ = nearest_neighbours(255 * samples.reshape(len(samples), -1), training, k)
    beside = dataset.pixels[nearest].astype(np.float32) / 255
    rows = np.concatenate([samples[:, None], beside], axis=1)
    plot.save_grid(path, rows.reshape(-1, *samples.shape[1:]), columns=k + 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
