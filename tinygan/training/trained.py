"""A trained generator, read back from what a run left."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.gan import latent
from tinygan.gan.conditioning import Conditioning
from tinygan.gan.networks import Networks
from tinygan.gan.noise import Noise
from tinygan.given import LARGEST_SEED, finite_number, whole_number
from tinygan.nn import Module
from tinygan.training import checkpoint
from tinygan.training.about import About
from tinygan.training.build import sources_of
from tinygan.training.config import Config, ConfigError
from tinygan.training.networks import build_networks, kept_networks, noise_of
from tinygan.training.networks_file import NetworksFile
from tinygan.training.run_folder import RunFolder
from tinygan.training.sources import Sources
from tinygan.words import did_you_mean, short


@dataclass(frozen=True)
class Trained:
    """The generator of a run, with what is needed to draw from it.

    Attributes
    ----------
    network : Module
        Noise (n, latent + code) -> samples (n, ``*shape``); of pairs, sources -> targets.
    about : About
        Its options, the shape and range of its samples, its classes, and how long it was trained.
    behind : Noise or Sources
        What it is fed.
    path : Path
        The file it was read from.
    file : NetworksFile or None
        That of the user's own networks.
    """

    network: Module
    about: About
    behind: Noise | Sources
    path: Path
    file: NetworksFile | None = None

    @property
    def config(self) -> Config:
        """The options it was trained with."""
        return self.about.config

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.about.shape

    @property
    def range(self) -> tuple[float, float]:
        """Of the values of images."""
        return self.about.range

    @property
    def step(self) -> int:
        """How long it was trained."""
        return self.about.step

    @property
    def condition(self) -> Conditioning | None:
        """What stands behind z."""
        return self.behind.condition

    @property
    def in_plane(self) -> bool:
        """Whether it makes points, not images."""
        return len(self.shape) == 1

    def noise(self, n: int, seed: int, truncation: float | None = None, label: int | str | None = None) -> np.ndarray:
        """Noise for n samples, with codes behind it, of the class `label` or drawn: (n, latent + code).

        Raises
        ------
        ConfigError
            If there is no class `label`, or it is fed with pictures and not with noise.
        """
        if isinstance(self.behind, Sources):
            if truncation is not None:
                self.noise_for("--truncation")
            if label is not None:
                self.class_of(label)
            return self.behind.draw(np.random.default_rng(seed), n)
        z = latent.noise(np.random.default_rng(seed), (n, self.config.latent), truncation)
        return self.behind.join(z, self.codes(n, seed, label))

    def codes(self, n: int, seed: int, label: int | str | None = None) -> np.ndarray:
        """The codes alone: (n, length), or (n, 0) for a generator without."""
        labels = None if label is None else np.full(n, self.class_of(label))
        return self.noise_for("a code").codes(np.random.default_rng([seed, 1]), n, labels)  # not the numbers of z again

    def columns(self, n: int, seed: int, truncation: float | None = None) -> np.ndarray:
        """Noise for a grid with a column for each class, whose rows share all else: (n, latent + code)."""
        assert self.condition is not None
        k = self.condition.classes
        rows = -(-n // k)
        noise = self.noise(rows, seed, truncation).repeat(k, axis=0)
        self.noise_for("a column for each class").split(noise)[1][:, :k] = np.tile(np.eye(k), (rows, 1))
        return noise[:n]

    def class_of(self, label: int | str) -> int:
        """The number, from 0, of the class called `label` or, if none is called so, numbered so.

        Raises
        ------
        ConfigError
            If there is none.
        """
        if self.condition is None:
            raise ConfigError(f"--label needs a conditional generator, and {self.path} was trained without labels")
        names, last = self.about.class_names, self.condition.classes - 1
        if names and str(label) in names:
            return names.index(str(label))
        try:
            number = int(label)
        except ValueError:
            known = did_you_mean(str(label), names) if names else f": give a number from 0 to {last}"
            raise ConfigError(f"--label: there is no class {short(str(label))}{known}") from None
        if not 0 <= number <= last:
            raise ConfigError(f"--label must be from 0 to {last}, not {short(label)}")
        return number

    def labels(self, noise: np.ndarray) -> np.ndarray | None:
        """The class (of infogan: the ten-way code) that each row of noise asks for; None without conditioning."""
        return self.behind.labels(noise)

    def draw(self, noise: np.ndarray) -> np.ndarray:
        """Samples (n, ``*shape``), on the host."""
        with np.errstate(all="ignore"):  # `check_samples` tells of a broken generator in words
            return self.behind.samples(self.network, noise)

    def noise_for(self, what: str) -> Noise:
        """What it is fed, which `what` needs to be noise; ConfigError if it turns pictures into pictures."""
        if isinstance(self.behind, Sources):
            raise ConfigError(f"{what} is for noise, and {self.path} turns pictures into pictures: it is fed none")
        return self.behind

    def check_weights(self) -> None:
        """Raise CheckpointError if some of its weights are no finite numbers."""
        for name, array in self.network.state_dict().items():
            if not np.isfinite(array).all():
                raise checkpoint.CheckpointError(f"{self.broken}: {name} holds numbers that are not finite")

    def check_samples(self, samples: np.ndarray) -> np.ndarray:
        """The samples; CheckpointError if some of them hold numbers that are not finite."""
        bad = int((~np.isfinite(samples.reshape(len(samples), -1)).all(axis=1)).sum())
        if bad:
            of = f"{bad} of {len(samples)} samples hold numbers that are not finite"
            raise checkpoint.CheckpointError(f"{self.broken}: {of}")
        return samples

    @property
    def broken(self) -> str:
        """How a sentence about it begins when it is."""
        return f"nothing is written, for the generator of {self.path} is broken"

    def said_of(self, label: int | str | None) -> str:
        """' of class 3', to end a count of samples with."""
        if self.condition is None or label is None:
            return ""
        return f" of {'class' if self.condition.needs_labels else 'code'} {label}"


def check_drawing(n: Any, seed: Any, truncation: Any) -> None:
    """Raise ConfigError, in one sentence, if so many samples of such noise cannot be drawn."""
    whole_number("samples", n, error=ConfigError)
    whole_number("seed", seed, 0, LARGEST_SEED, error=ConfigError)
    if truncation is not None:
        finite_number("truncation", truncation, "be a finite number above 0", lambda t: t > 0, ConfigError)


def load(run: str | Path, networks: Networks | str | None = None) -> Trained:
    """The generator of a run folder, a generator*.npz or a checkpoint.

    Of a checkpoint it is the moving average, where there is one: the generator that the run draws its samples from.

    Parameters
    ----------
    run : path
    networks : Networks, or FILE.py:NAME, optional
        The networks that it was trained with, if they are the user's own and the run has no copy of their file.

    Raises
    ------
    RunError
        If there is no such run, or it has no generator yet.
    CheckpointError
        If the file is damaged or of another version.
    ConfigError
        If its networks cannot be had.
    """
    path = Path(os.path.expanduser(run))
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
    return _rebuilt(arrays, meta, path, networks)


def _rebuilt(
    arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any], path: Path, networks: Networks | str | None
) -> Trained:
    """The generator with these weights; its file says how it was built."""
    about = About.from_meta(meta, path)
    rng = np.random.default_rng(0)
    chosen = kept_networks(about.config, about.networks_sha256, path.parent, networks)
    try:
        noise: Noise | Sources
        if about.source is not None:
            noise = sources_of(about.config, about.shape, about.source, about.range)
        else:
            noise = noise_of(about.config, about.classes, chosen.networks)
        network, _ = build_networks(about.config, about.shape, rng, rng, noise, chosen.networks)
        with np.errstate(over="ignore"):  # `complaint` tells of infinite weights
            network.load_state_dict(dict(arrays))
    except ValueError as error:
        raise checkpoint.CheckpointError(f"{path} is the generator of another model: {error}") from None
    return Trained(network, about, noise, path, chosen.file)
