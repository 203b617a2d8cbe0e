"""A run that goes on: what is read of its newest checkpoint, and which of its options may change."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import data as datasets
from tinygan.gan.networks import Networks
from tinygan.reading import whole
from tinygan.training.about import About
from tinygan.training.build import build, load_data
from tinygan.training.config import Config, ConfigError, flag
from tinygan.training.distributed import Ranks
from tinygan.training.effects import check_effects
from tinygan.training.networks import kept_networks
from tinygan.training.options import plain_options, with_whole_paths
from tinygan.training.run_folder import RunError, RunFolder
from tinygan.training.scores import check_best
from tinygan.training.setup import Setup
from tinygan.words import did_you_mean, short


def resumed_setup(
    folder: RunFolder,
    options: dict[str, Any],
    networks: Networks | str | None,
    data: Any,
    data_changed: bool,
    ranks: Ranks | None,
) -> tuple[Setup, int, list[str]]:
    """The run as its newest checkpoint left it, its step, and what should be known; see `tinygan.training.run.Run`."""
    arrays, meta, source = newest_state(folder)
    if isinstance(data, (str, os.PathLike)):
        options["data"], data = data, None
    options = plain_options(options)
    config, step = resumed_options(meta, with_whole_paths(options), folder, source)
    shape = About.from_meta(meta, source).shape if arrays else ()
    chosen = kept_networks(config, meta.get("networks_sha256"), folder.path, networks)
    dataset = None if data is None else load_data(config, shape, given=data)
    setup = build(config, ranks, dataset, chosen, shape)
    check_best(setup, folder)
    if arrays and setup.load_state(arrays, meta, str(source), data_changed):
        return setup, step, ["the data have changed since the run began: a new epoch begins"]
    return setup, step, []


def resumed_options(
    meta: Mapping[str, Any], given: Mapping[str, Any], folder: RunFolder, source: Path
) -> tuple[Config, int]:
    """The options and the step of an old run, with those `given` that may be changed."""
    old, step = meta.get("config"), meta.get("step")
    if not isinstance(old, dict) or not isinstance(step, int) or not whole()(step):
        raise RunError(f"{source} was written by another version of tinygan: it does not say its options and step")
    known = {f.name: f for f in dataclasses.fields(Config)}
    for name in given:
        if name not in known:
            raise ConfigError(f"there is no option {short(name)}{did_you_mean(name, known)}")
    for f in known.values():
        if f.name in given and not f.metadata["resumable"] and given[f.name] != old.get(f.name):
            moved = f.name == "data" and not {given["data"], old.get("data")} & set(datasets.NAMES)
            if not moved:  # own data may lie elsewhere: their content is compared
                was = f"{flag(f.name)} of {folder.path} is {old.get(f.name)}"
                raise ConfigError(f"{was}: it cannot change on --resume; start a new run")
    try:
        Config(**old).check_each()
        config = Config(**{**old, **given})
    except TypeError:
        raise RunError(f"{source} was written by another version of tinygan, with other options") from None
    except ConfigError as error:
        raise RunError(f"{source} was changed: {error}") from None
    try:
        config.check()
        changed = {name: value for name, value in given.items() if value != old.get(name)}
        check_effects(config, changed, datasets.kind(config.data))
    except datasets.DataError as error:
        if "data" in given or config.data in datasets.NAMES:
            raise
        moved_to = "if the data lie elsewhere now, say where with --data PATH"
        raise datasets.DataError(f"{error}; {moved_to}") from None
    return config, step


def newest_state(folder: RunFolder) -> tuple[dict[str, np.ndarray], dict[str, Any], Path]:
    """(arrays, meta, path) of the newest checkpoint; of a run that was stopped in its first moments, no arrays."""
    if folder.states():
        return folder.load_checkpoint()
    return {}, {**folder.read_config(), "step": 0}, folder.path / "config.json"
