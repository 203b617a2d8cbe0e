"""What a file of weights says of its generator: enough to build it again. Checkpoints and generator files share it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import plot
from tinygan.data import from_range
from tinygan.reading import Unreadable, check_fields, list_of, mapping, maybe, number, text, whole
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.config import Config, ConfigError

SHAPE, LARGEST = list_of(whole(1), least=1, most=3), 1 << 24  # numbers in one sample
FIELDS = {  # what a file of weights says of its generator
    "config": mapping,
    "shape": lambda value: SHAPE(value) and math.prod(value) <= LARGEST,
    "range": list_of(number, 2, 2),
    "step": whole(),
    "classes": maybe(whole(1, 10**6)),
    "class_names": maybe(list_of(text)),
    "networks_sha256": maybe(text),
    "source": maybe(whole(1, 3)),
    "alphabet": maybe(lambda value: text(value) and len(set(value)) == len(value)),
}


@dataclass(frozen=True)
class About:
    """How a generator was built, and how long it was trained.

    Attributes
    ----------
    step : int
    config : Config
        All options of its run.
    shape : tuple of int
        Of one sample.
    range : (low, high)
        Of the values of images; (0, 1) stands in for points.
    classes : int or None
        How many labels the data have.
    class_names : tuple of str or None
        What they are called.
    networks_sha256 : str or None
        Of the file of the user's own networks, whose copy is in the run folder.
    alphabet : str or None
        The symbols of strings.
    source : int or None
        Of pairs, how many channels of a sample are the source's.
    """

    step: int
    config: Config
    shape: tuple[int, ...]
    range: tuple[float, float]
    classes: int | None = None
    class_names: tuple[str, ...] | None = None
    networks_sha256: str | None = None
    alphabet: str | None = None
    source: int | None = None

    @property
    def headings(self) -> tuple[str, ...] | None:
        """The names of the classes a generator is asked for, if they say more than their numbers 0, 1, ..."""
        names = self.class_names if self.config.labelled else None
        return None if names == tuple(map(str, range(len(names or ())))) else names

    def pictures(self, samples: np.ndarray) -> np.ndarray:
        """Samples as images (n, H, W, 1 or 3) in [0, 1], to be looked at; points as they are."""
        if len(self.shape) == 1:
            return samples
        if len(self.shape) == 3:
            images = from_range(samples, *self.range)
            return images if self.source is None else side_by_side(images, self.source)
        return plot.text_images(samples, self.alphabet) if self.alphabet else plot.roll_images(samples)

    def to_meta(self, kind: str) -> dict[str, Any]:
        """The same in types that JSON can hold; `kind` is "checkpoint" or "generator"."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}
        return {"kind": kind, **plain, "config": dataclasses.asdict(self.config)}

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any], path: Path) -> About:
        """What `to_meta` wrote into the file `path`, checked.

        Raises
        ------
        CheckpointError
            In one sentence, if something is missing or cannot be.
        """
        try:
            check_fields(meta, FIELDS)
        except Unreadable as why:
            raise CheckpointError(f"{path} was changed, or written by another version of tinygan: {why}") from None
        classes, names = meta.get("classes"), meta.get("class_names")
        try:
            config = Config(**meta["config"])
            config.check_each()
            if config.labelled and classes is None:
                raise ConfigError("it does not say how many classes it was trained on")
        except (TypeError, ConfigError) as error:
            raise CheckpointError(f"{path} is the generator of another model: {error}") from None
        low, high = meta["range"]
        return cls(
            meta["step"],
            config,
            tuple(meta["shape"]),
            (low, high),
            classes,
            tuple(names) if names is not None and len(names) == classes else None,
            meta.get("networks_sha256"),
            meta.get("alphabet"),
            meta.get("source"),
        )


def side_by_side(pairs: np.ndarray, source: int) -> np.ndarray:
    """Pairs (n, H, W, S + T) as pictures (n, H, 2 W, 1 or 3): the source, of S channels, on the left."""
    both = pairs[..., :source], pairs[..., source:]
    channels = max(half.shape[3] for half in both)  # a grey one beside one in colour has three equal channels
    return np.concatenate([np.broadcast_to(half, (*half.shape[:3], channels)) for half in both], axis=2)
