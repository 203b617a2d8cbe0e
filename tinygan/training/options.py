"""Options as they are given, in Python or on a command line, brought to the plain form that Config and JSON keep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import data as datasets
from tinygan.data.form import parsed_size
from tinygan.gan.networks import Networks
from tinygan.training.config import ConfigError, given_in_python
from tinygan.words import short

WHICH = "tg.Networks(make_g, make_d), the name of a preset, or FILE.py:NAME"


def plain_options(options: dict[str, Any]) -> dict[str, Any]:
    """NumPy's numbers as Python's, paths as text, and the size, which may be 64 or (48, 64), as "48x64".

    A `Path` is made whole, lest Path("digits") becomes the name of a data set.
    """
    found = dict(options)
    for name, value in options.items():
        if isinstance(value, np.generic):
            found[name] = value.item()
        elif isinstance(value, os.PathLike):
            found[name] = _whole(os.fspath(value))
    size = found.get("size")
    if size is not None and not isinstance(size, str):
        found["size"] = "x".join(map(str, parsed_size(size) or ()))
    return found


def named_networks(networks: Any, preset: Any = None) -> dict[str, str]:
    """The options that say which networks are meant: of an object, a preset's name, or FILE.py:NAME.

    Raises
    ------
    ConfigError
        In one sentence, if it is something else, or the two name two presets.
    """
    if networks is None:
        return {}
    if isinstance(networks, Networks):
        return {"networks": f"<{networks.name}>"}
    if not isinstance(networks, str):
        raise ConfigError(f"networks must be {WHICH}, not something of type {type(networks).__name__}")
    if not networks.replace("-", "_").isidentifier():
        return {"networks": networks}
    if preset not in (None, networks):
        raise ConfigError(f"networks {short(networks)} and preset {short(preset)} name two presets: give one of them")
    return {"preset": networks}


def with_whole_paths(options: dict[str, Any]) -> dict[str, Any]:
    """The options with whole paths, so that a run can be resumed from another folder."""
    found = dict(options)
    if found.get("data_dir"):
        found["data_dir"] = _whole(found["data_dir"])
    data = found.get("data")
    if data and data not in datasets.NAMES and not given_in_python(data):
        datasets.check(data, found.get("data_dir"))  # before a wrong name becomes a path
        found["data"] = _whole(data)
    return found


def _whole(path: str) -> str:
    return str(Path(os.path.expanduser(path)).absolute())
