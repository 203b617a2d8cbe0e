"""Draw from a trained generator: ``python -m tinygan.sample RUN --out grid.png`` (or ``samples.npz``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import plot
from tinygan.backend import use_backend
from tinygan.commandline import Parser, guarded
from tinygan.data import from_range
from tinygan.files import whole_file
from tinygan.gan.sampling import draw
from tinygan.nn import Sequential
from tinygan.training import checkpoint
from tinygan.training.config import Config, ConfigError
from tinygan.training.run_folder import RunFolder
from tinygan.training.setup import build_networks

PROGRAM = "python -m tinygan.sample"


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Draw samples from the generator of a run.")
    p.add_argument("run", metavar="RUN", help="a run folder, or a generator*.npz in it")
    p.add_argument("--n", type=int, default=100, help="how many samples (100)")
    p.add_argument("--seed", type=int, default=0, help="seed of the noise (0)")
    p.add_argument("--label", type=int, metavar="K", help="draw samples of this class, from a conditional generator")
    p.add_argument("--backend", default="numpy", choices=("numpy", "cupy"), help="where to compute (numpy)")
    p.add_argument("--out", required=True, metavar="FILE", help="a .png for a picture, or a .npz for the raw samples")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = Path(args.out)
    if out.suffix not in (".png", ".npz"):
        raise ConfigError(f"--out must end in .png (a picture) or .npz (the samples), not {out.name}")
    if out.is_dir() or not out.parent.is_dir():
        raise ConfigError(f"--out {out} {'is a folder' if out.is_dir() else f'is in {out.parent}, which is no folder'}")
    if not 1 <= args.n <= 1_000_000:
        raise ConfigError(f"--n must be from 1 to 1000000, not {args.n}")
    if args.seed < 0:
        raise ConfigError(f"--seed must be at least 0, not {args.seed}")
    use_backend(args.backend)
    generator, meta, path = load_generator(args.run)
    if args.label is not None:
        raise ConfigError(f"--label needs a conditional generator, and {path} was trained without labels")
    rng = np.random.default_rng(args.seed)
    samples = draw(generator, rng.standard_normal((args.n, meta["config"]["latent"]), dtype=np.float32))
    if out.suffix == ".npz":
        with whole_file(out) as file:
            np.savez(file, samples=samples)
    elif samples.ndim == 2:
        plot.save_points(out, samples, title=f"{args.n} samples at step {meta['step']}")
    else:
        plot.save_grid(out, from_range(samples, *meta["range"]))
    print(f"{args.n} samples of {path} in {out}")


def load_generator(run: str | Path) -> tuple[Sequential, dict[str, Any], Path]:
    """The generator of a run folder (or of a generator*.npz), with the options it was trained with.

    Raises
    ------
    RunError
        If there is no such run, or it has no generator yet.
    CheckpointError
        If the file is damaged or of another version.
    """
    path = Path(run)
    if path.suffix != ".npz":
        folder = RunFolder.existing(path)
        path = folder.path / "generator.npz"
    if path.exists() or path.suffix == ".npz" and Path(run).suffix == ".npz":
        arrays, meta = checkpoint.load(path)
    else:  # the run goes on, or was cut short: its newest checkpoint holds the generator too
        arrays, meta, path = folder.load_checkpoint()
        arrays, meta = checkpoint.part(arrays, "average") or checkpoint.part(arrays, "G"), {**meta, "kind": "generator"}
    if meta.get("kind") != "generator":
        raise checkpoint.CheckpointError(f"{path} holds no generator: give the run folder, or a generator*.npz")
    lacks = [name for name in ("config", "shape", "range", "step") if name not in meta]
    if lacks:
        why = f"it lacks {', '.join(lacks)}"
        raise checkpoint.CheckpointError(f"{path} was written by another version of tinygan: {why}")
    rng = np.random.default_rng(0)
    try:
        config = Config(**meta["config"])
        generator, _ = build_networks(config, tuple(meta["shape"]), rng, rng)
        generator.load_state_dict(arrays)
    except (TypeError, KeyError, ValueError) as error:
        raise checkpoint.CheckpointError(f"{path} is the generator of another model: {error}") from None
    return generator, meta, path


if __name__ == "__main__":
    guarded(PROGRAM, main)
