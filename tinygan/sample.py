"""Draw from a trained generator: ``python -m tinygan.sample RUN --out grid.png`` (or ``samples.npz``)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import plot
from tinygan.backend import use_backend
from tinygan.commandline import Parser, guarded
from tinygan.data import from_range
from tinygan.files import whole_file
from tinygan.gan.conditioning import Conditioning
from tinygan.gan.latent import noise
from tinygan.gan.sampling import draw
from tinygan.nn import Sequential
from tinygan.training import checkpoint
from tinygan.training.config import Config, ConfigError
from tinygan.training.run_folder import RunFolder
from tinygan.training.setup import build_networks, condition_of

PROGRAM = "python -m tinygan.sample"


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Draw samples from the generator of a run.")
    p.add_argument("--n", type=int, default=100, help="how many samples (100)")
    codes = "draw what infogan's codes do: rows of one noise, over which the ten ways and each number change"
    p.add_argument("--codes", action="store_true", help=codes)
    p.add_argument("--out", required=True, metavar="FILE", help="a .png for a picture, or a .npz for the raw samples")
    add_source(p)
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = output_file(args.out, {".png": "a picture", ".npz": "the samples"})
    in_bounds("--n", args.n, 1, 1_000_000)
    check_source(args)
    use_backend(args.backend)
    generator, meta, path = load_generator(args.run)
    condition = condition_of_generator(meta)
    codes = codes_of(args, condition, path, args.n)
    if args.codes:
        print(draw_codes(args, condition, out, generator, meta, path))
        return
    z = noise(np.random.default_rng(args.seed), (args.n, meta["config"]["latent"]), args.truncation)
    samples = draw(generator, np.concatenate([z, codes], axis=1))
    if out.suffix == ".npz":
        labels = {"labels": codes[:, : condition.classes].argmax(axis=1)} if condition else {}
        with whole_file(out) as file:
            np.savez(file, samples=samples, **labels)
    elif samples.ndim == 2:
        plot.save_points(out, samples, title=f"{args.n} samples at step {meta['step']}")
    else:
        plot.save_grid(out, from_range(samples, *meta["range"]))
    print(f"{args.n} samples{said_of(args, condition)} of {path} in {out}")


def add_source(p: Parser, needed: bool = True) -> None:
    """The options that say from which generator, and from which noise."""
    about = "a run folder, or a generator*.npz, checkpoint-*.npz or best.npz in it"
    p.add_argument("run", metavar="RUN", nargs=None if needed else "?", help=about)
    p.add_argument("--seed", type=int, default=0, help="seed of the noise (0)")
    p.add_argument("--label", type=int, metavar="K", help="only this class, or code of infogan; else any (drawn)")
    p.add_argument("--truncation", type=float, metavar="T", help="redraw noise above T: samples are more alike")
    p.add_argument("--backend", default="numpy", choices=("numpy", "cupy"), help="where to compute (numpy)")


def check_source(args: Any) -> None:
    """Raise ConfigError, in one sentence, for a value of `add_source` that cannot be."""
    if args.seed < 0:
        raise ConfigError(f"--seed must be at least 0, not {args.seed}")
    if args.truncation is not None and not (math.isfinite(args.truncation) and args.truncation > 0):
        raise ConfigError(f"--truncation must be a finite number above 0, not {args.truncation}")


def condition_of_generator(meta: Mapping[str, Any]) -> Conditioning | None:
    """What stands behind z in a generator that was saved with this `meta`."""
    return condition_of(Config(**meta["config"]), meta.get("classes"))


def codes_of(args: Any, condition: Conditioning | None, path: Path, n: int) -> np.ndarray:
    """The codes of n samples, of --label or drawn: (n, length), or (n, 0) from a generator without.

    Raises
    ------
    ConfigError
        If there is no class --label.
    """
    if condition is None:
        if args.label is not None:
            raise ConfigError(f"--label needs a conditional generator, and {path} was trained without labels")
        return np.empty((n, 0), dtype=np.float32)
    if args.label is not None:
        in_bounds("--label", args.label, 0, condition.classes - 1)
    labels = None if args.label is None else np.full(n, args.label)
    return condition.codes(np.random.default_rng([args.seed, 1]), n, labels)  # not the numbers of the noise again


def said_of(args: Any, condition: Conditioning | None) -> str:
    """' of class 3', to end a count of samples with: what --label means for this generator."""
    if condition is None or args.label is None:
        return ""
    return f" of {'class' if condition.needs_labels else 'code'} {args.label}"


def draw_codes(
    args: Any, condition: Conditioning | None, out: Path, generator: Sequential, meta: Mapping[str, Any], path: Path
) -> str:
    """--codes: a grid for each part of infogan's code, in which only this part changes along a row.

    The numbers go from -2 to 2, beyond the [-1, 1] of the training, as in the paper's figure 2.

    Raises
    ------
    ConfigError
        If the generator is another, or --label, --out or the samples are not for this picture.
    """
    if condition is None or condition.numbers == 0:
        raise ConfigError(f"--codes shows what infogan learned, and {path} was trained without it")
    if args.label is not None or out.suffix != ".png" or len(meta["shape"]) == 1:
        raise ConfigError("--codes draws images of all codes: it goes with a .png, and without --label or points")
    k, rows = condition.classes, -(-args.n // condition.classes)
    rng = np.random.default_rng([args.seed, 1])
    z = noise(np.random.default_rng(args.seed), (rows, meta["config"]["latent"]), args.truncation).repeat(k, axis=0)
    fixed = condition.codes(rng, rows, np.arange(rows) % k).repeat(k, axis=0)
    panels = {}
    for part in range(1 + condition.numbers):
        codes = fixed.copy()
        if part == 0:
            codes[:, :k] = np.tile(np.eye(k, dtype=np.float32), (rows, 1))
        else:
            codes[:, k + part - 1] = np.tile(np.linspace(-2, 2, k, dtype=np.float32), rows)
        name = f"the {k}-way code" if part == 0 else f"number {part}, from -2 to 2"
        panels[name] = from_range(draw(generator, np.concatenate([z, codes], axis=1)), *meta["range"])
    plot.save_panels(out, panels, k)
    return f"{rows} rows for each code of {path} in {out}"


def in_bounds(option: str, value: int, low: int, high: int) -> None:
    """Raise ConfigError if `value` is not from `low` to `high`."""
    if not low <= value <= high:
        raise ConfigError(f"{option} must be from {low} to {high}, not {value}")


def output_file(name: str, endings: Mapping[str, str], option: str = "--out") -> Path:
    """The file to write; ConfigError if it has none of the `endings`, or cannot be where it should."""
    out = Path(name)
    if out.suffix not in endings:
        known = " or ".join(f"{ending} ({what})" for ending, what in endings.items())
        raise ConfigError(f"{option} must end in {known}, not {out.name}")
    if out.is_dir() or not out.parent.is_dir():
        why = "is a folder" if out.is_dir() else f"is in {out.parent}, which is no folder"
        raise ConfigError(f"{option} {out} {why}")
    return out


def load_generator(run: str | Path) -> tuple[Sequential, dict[str, Any], Path]:
    """The generator of a run folder, a generator*.npz or a checkpoint, with the options it was trained with.

    Of a checkpoint it is the moving average, where there is one: the generator that the run draws its samples from.

    Raises
    ------
    RunError
        If there is no such run, or it has no generator yet.
    CheckpointError
        If the file is damaged or of another version.
    """
    path = Path(run)
    folder = None if path.suffix == ".npz" else RunFolder.existing(path)
    if folder:
        path = folder.path / "generator.npz"
    if folder and not path.exists():  # the run goes on, or was cut short: its newest checkpoint holds the generator too
        arrays, meta, path = folder.load_checkpoint()
    else:
        arrays, meta = checkpoint.load(path)
    if meta.get("kind") == "checkpoint":
        arrays = checkpoint.part(arrays, "average") or checkpoint.part(arrays, "G")
    elif meta.get("kind") != "generator":
        files = "a generator*.npz, a checkpoint-*.npz or best.npz"
        raise checkpoint.CheckpointError(f"{path} holds no generator: give the run folder, {files}")
    lacks = [name for name in ("config", "shape", "range", "step") if name not in meta]
    if lacks:
        why = f"it lacks {', '.join(lacks)}"
        raise checkpoint.CheckpointError(f"{path} was written by another version of tinygan: {why}")
    rng = np.random.default_rng(0)
    try:
        config = Config(**meta["config"])
        condition = condition_of_generator(meta)
        generator, _ = build_networks(config, tuple(meta["shape"]), rng, rng, condition)
        generator.load_state_dict(arrays)
    except (TypeError, KeyError, ValueError) as error:
        raise checkpoint.CheckpointError(f"{path} is the generator of another model: {error}") from None
    return generator, meta, path


if __name__ == "__main__":
    guarded(PROGRAM, main)
