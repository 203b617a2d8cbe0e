"""What a file of weights says of its generator: enough to build it again. Checkpoints and generator files share it."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygan.training.checkpoint import CheckpointError
from tinygan.training.config import Config, ConfigError


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
    """

    step: int
    config: Config
    shape: tuple[int, ...]
    range: tuple[float, float]
    classes: int | None = None
    class_names: tuple[str, ...] | None = None
    networks_sha256: str | None = None

    @property
    def headings(self) -> tuple[str, ...] | None:
        """The names of the classes a generator is asked for, if they say more than their numbers 0, 1, ..."""
        names = self.class_names if self.config.labelled else None
        return None if names == tuple(map(str, range(len(names or ())))) else names

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
        lacks = [name for name in ("config", "shape", "range", "step") if name not in meta]
        if lacks:
            why = f"it lacks {', '.join(lacks)}"
            raise CheckpointError(f"{path} was written by another version of tinygan: {why}")
        shape, ends, classes, names = (meta.get(key) for key in ("shape", "range", "classes", "class_names"))
        sha256 = meta.get("networks_sha256")
        fits = {
            "config": isinstance(meta["config"], dict),
            "shape": isinstance(shape, list) and bool(shape) and all(_whole(n, 1) for n in shape),
            "range": isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends),
            "step": _whole(meta["step"], 0),
            "classes": classes is None or _whole(classes, 1),
            "class_names": names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names)),
            "networks_sha256": sha256 is None or isinstance(sha256, str),
        }
        for name, fit in fits.items():
            if not fit:
                raise CheckpointError(f"{path} was changed: its {name} cannot be {reprlib.repr(meta.get(name))}")
        try:
            config = Config(**meta["config"])
            config.check_each()
            if config.labelled and classes is None:
                raise ConfigError("it does not say how many classes it was trained on")
        except (TypeError, ConfigError) as error:
            raise CheckpointError(f"{path} is the generator of another model: {error}") from None
        low, high = meta["range"]
        named = isinstance(names, list) and len(names) == classes
        return cls(
            meta["step"],
            config,
            tuple(meta["shape"]),
            (low, high),
            classes,
            tuple(names or ()) if named else None,
            sha256,
        )


def _whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least
