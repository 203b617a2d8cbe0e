"""Options that would change nothing, given the others: refused, lest a run be taken for what it is not.

Only what the user gave is looked at. A preset may hold the weight of a penalty that the user has turned off, and so may
config.json of an old run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tinygan import data as datasets
from tinygan.data.form import parsed_size
from tinygan.data.sets import CALLED, Kind
from tinygan.training.config import Config, ConfigError, flag, given_in_python

OF_IMAGES = ("augment", "mirror", "size", "channels", "crop", "background", "strict")
NOT_OF_PAIRS = {
    "latent": "noise",
    "conditioning": "noise with a code behind it",
    "pack": "samples of noise that are judged together",
    "minibatch_std": "samples of noise that are judged together",
    "augment": "single images",
}
OFF = (None, False, 0, "none")  # which say that nothing is wanted


def is_own(data: str) -> bool:
    """Whether the images are the user's, of which nothing is known yet: there may be transparent and oblong ones."""
    return data == "folder" or data not in datasets.NAMES


def _own(config: Config) -> bool:
    return is_own(config.data)


def _cuts(config: Config) -> bool:
    """Whether images may come in another shape than they have. Those of the library are square."""
    height, width = parsed_size(config.size) or (1, 1)
    return _own(config) or height != width


def _has_files(config: Config) -> bool:
    """Whether single pictures are read, which may be damaged."""
    if config.data == "folder" or given_in_python(config.data):
        return config.data == "folder"
    return os.path.isdir(config.data) or config.data.lower().endswith(".zip")


# When an option changes something, and why it does not otherwise
EFFECTS: dict[str, tuple[Callable[[Config], bool], str]] = {
    "penalty_weight": (
        lambda c: bool(c.penalties()),
        "weighs --penalty, which is none: add a penalty, such as r1, or leave it out",
    ),
    "unroll_lr": (
        lambda c: c.unroll > 0,
        "is for the steps that --unroll looks ahead, which are 0: add --unroll 5, or leave it out",
    ),
    "beta1": (lambda c: c.optimizer == "adam", "is Adam's, and --optimizer is {optimizer}: leave it out"),
    "beta2": (lambda c: c.optimizer == "adam", "is Adam's, and --optimizer is {optimizer}: leave it out"),
    "joint_batch": (
        lambda c: not c.minibatch_std,
        "does not go with --minibatch-std, for which real and fake samples come in two batches: leave it out",
    ),
    "crop": (
        _cuts,
        "is for pictures of another shape, and those of --data {data} fit as they are: leave it out",
    ),
    "background": (
        lambda c: _own(c) or (c.crop == "fit" and _cuts(c)),
        "is for transparent pictures and --crop fit, and --data {data} needs none: leave it out",
    ),
    "source": (_own, "is for pictures of your own that hold two, and --data {data} are none: leave it out"),
    "strict": (_has_files, "is for damaged files in a folder of pictures, and --data {data} is none: leave it out"),
}


def check_effects(config: Config, given: Mapping[str, Any], kind: Kind) -> None:
    """Raise ConfigError, in one sentence, if one of the options `given` would change nothing.

    Parameters
    ----------
    config : Config
        All options together.
    given : mapping
        Those of the user. To turn off what is off already is no error.
    kind : {"images", "points", "sequences"}
        Of the data.
    """
    if set(given) >= set(vars(config)):  # all there are: nobody types that, it is the config.json of a run
        return
    for name, value in given.items():
        if value in OFF:
            continue
        if kind not in ("images", "pairs") and name in OF_IMAGES:
            raise ConfigError(f"{flag(name)} is for images, and --data {config.data} are {CALLED[kind]}")
        if kind == "pairs" and name in NOT_OF_PAIRS:
            raise ConfigError(f"{flag(name)} is for {NOT_OF_PAIRS[name]}: a generator of pairs has none")
        if name == "l1" and kind != "pairs":
            raise ConfigError(f"--l1 is for {CALLED['pairs']}, and --data {config.data} are {CALLED[kind]}")
        if name in EFFECTS:
            has_effect, why = EFFECTS[name]
            if not has_effect(config):
                raise ConfigError(f"{flag(name)} {why.format_map(vars(config))}")
