"""What a new run stands on: from what its user gave to data, networks and the game."""

from __future__ import annotations

import os
from typing import Any

from tinygan import data as datasets
from tinygan.gan.networks import Networks
from tinygan.training import presets
from tinygan.training.build import build, looks_of
from tinygan.training.config import ConfigError
from tinygan.training.distributed import Ranks
from tinygan.training.options import named_networks, plain_options, with_whole_paths
from tinygan.training.presets import OWN
from tinygan.training.setup import Setup


def new_setup(
    networks: Networks | str | None,
    data: Any,
    quick: bool,
    epochs: int | None,
    ranks: Ranks | None,
    options: dict[str, Any],
) -> Setup:
    """Data, networks and the game, as `tinygan.training.run.Run` is asked for them.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if an option cannot be, or does not fit another, the networks or the data.
    """
    if epochs is not None and ("steps" in options or quick):
        raise ConfigError("--epochs says how long to train: give it without --steps and --quick")
    options.update(named_networks(networks, options.get("preset")))
    dataset = None
    if isinstance(data, (str, os.PathLike)):
        options["data"] = data
    options = plain_options(options)
    if data is not None and "data" not in options:
        asked = {"source": presets.get(options.get("preset", OWN)).options.get("source", "none"), **options}
        paired = datasets.kind(data) == "images"
        dataset = datasets.load(data, **looks_of(asked if paired else options))
        options["data"] = f"<{dataset.name}>"
    kind = None if dataset is None else datasets.kind(dataset)
    config = presets.configure(with_whole_paths(options), quick, kind)
    setup = build(config, ranks, dataset, networks if isinstance(networks, Networks) else None)
    setup.take_epochs(epochs)
    return setup
