"""A trained generator, as the command lines take it from a run: what `sample`, `interpolate` and `evaluate` share."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.commandline import Parser
from tinygan.gan import latent, sampling
from tinygan.gan.conditioning import Conditioning
from tinygan.nn import Sequential
from tinygan.training import checkpoint
from tinygan.training.config import Config, ConfigError
from tinygan.training.networks import build_networks, condition_of
from tinygan.training.run_folder import RunFolder

OF_A_RUN = ("config.json", "generator*.npz", "checkpoint-*.npz", "best.npz")  # no output may replace one


@dataclass(frozen=True)
class Trained:
    """The generator of a run, with what is needed to draw from it.

    Attributes
    ----------
    network : Sequential
        Noise (n, latent + code) -> samples (n, ``*shape``).
    config : Config
        The options it was trained with.
    shape : tuple of int
        Of one sample.
    range : (low, high)
        Of the values of images.
    step : int
        How long it was trained.
    condition : Conditioning or None
        What stands behind z.
    path : Path
        The file it was read from.
    """

    network: Sequential
    config: Config
    shape: tuple[int, ...]
    range: tuple[float, float]
    step: int
    condition: Conditioning | None
    path: Path

    @property
    def in_plane(self) -> bool:
        """Whether it makes points, not images."""
        return len(self.shape) == 1

    def noise(self, n: int, seed: int, truncation: float | None = None, label: int | None = None) -> np.ndarray:
        """Noise for n samples, with codes behind it, of the class `label` or drawn: (n, latent + code).

        Raises
        ------
        ConfigError
            If there is no class `label`.
        """
        z = latent.noise(np.random.default_rng(seed), (n, self.config.latent), truncation)
        return np.concatenate([z, self.codes(n, seed, label)], axis=1)

    def codes(self, n: int, seed: int, label: int | None = None) -> np.ndarray:
        """The codes alone: (n, length), or (n, 0) for a generator without."""
        if self.condition is None:
            if label is not None:
                raise ConfigError(f"--label needs a conditional generator, and {self.path} was trained without labels")
            return np.empty((n, 0), dtype=np.float32)
        if label is not None:
            in_bounds("--label", label, 0, self.condition.classes - 1)
        labels = None if label is None else np.full(n, label)
        return self.condition.codes(np.random.default_rng([seed, 1]), n, labels)  # not the numbers of z again

    def labels(self, noise: np.ndarray) -> np.ndarray | None:
        """The class (of infogan: the ten-way code) that each row of noise asks for; None without conditioning."""
        return self.condition.labels(noise[:, self.config.latent :]) if self.condition else None

    def draw(self, noise: np.ndarray) -> np.ndarray:
        """Samples (n, ``*shape``), on the host."""
        with np.errstate(all="ignore"):  # `complaint` tells of a broken generator in words
            return sampling.draw(self.network, noise)

    def complaint(self, samples: np.ndarray) -> str:
        """A line that says how many of its samples are no numbers any more; nothing if all are well."""
        bad = int((~np.isfinite(samples.reshape(len(samples), -1)).all(axis=1)).sum())
        what = f"the generator is broken: {bad} of its {len(samples)} samples hold numbers that are not finite\n"
        return what if bad else ""

    def said_of(self, label: int | None) -> str:
        """' of class 3', to end a count of samples with."""
        if self.condition is None or label is None:
            return ""
        return f" of {'class' if self.condition.needs_labels else 'code'} {label}"


def load(run: str | Path) -> Trained:
    """The generator of a run folder, a generator*.npz or a checkpoint.

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
    return _rebuilt(arrays, meta, path)


def _rebuilt(arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any], path: Path) -> Trained:
    """The generator with these weights; its file says how it was built."""
    check_meta(meta, path)
    rng = np.random.default_rng(0)
    try:
        config, shape = Config(**meta["config"]), tuple(meta["shape"])
        config.check_each()
        if config.labelled and meta.get("classes") is None:
            raise ValueError("it does not say how many classes it was trained on")
        condition = condition_of(config, meta.get("classes"))
        network, _ = build_networks(config, shape, rng, rng, condition)
        network.load_state_dict(dict(arrays))
    except (TypeError, KeyError, ValueError) as error:
        raise checkpoint.CheckpointError(f"{path} is the generator of another model: {error}") from None
    low, high = meta["range"]
    return Trained(network, config, shape, (low, high), meta["step"], condition, path)


def check_meta(meta: Mapping[str, Any], path: Path) -> None:
    """Raise CheckpointError, in one sentence, if what a file says of its generator is missing or cannot be."""
    lacks = [name for name in ("config", "shape", "range", "step") if name not in meta]
    if lacks:
        why = f"it lacks {', '.join(lacks)}"
        raise checkpoint.CheckpointError(f"{path} was written by another version of tinygan: {why}")
    shape, ends = meta["shape"], meta["range"]
    fits = {
        "config": isinstance(meta["config"], dict),
        "shape": isinstance(shape, list) and all(_whole(n, 1) for n in shape),
        "range": isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends),
        "step": _whole(meta["step"], 0),
        "classes": meta.get("classes") is None or _whole(meta["classes"], 1),
    }
    for name, fit in fits.items():
        if not fit:
            raise checkpoint.CheckpointError(f"{path} was changed: its {name} cannot be {reprlib.repr(meta[name])}")


def _whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


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
    if out.exists() and any(out.match(name) for name in OF_A_RUN):
        raise ConfigError(f"{option} {out} would replace a file that a run needs: choose another name")
    return out
