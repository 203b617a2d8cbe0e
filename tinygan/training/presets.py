"""From what a user gave to a checked Config: the defaults, a preset's options, --quick's, those given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygan.data import SETS, DataError
from tinygan.data import kind as kind_of
from tinygan.data.form import parsed_size
from tinygan.data.sets import CALLED, Kind
from tinygan.training.config import Config, ConfigError
from tinygan.training.effects import check_effects, is_own
from tinygan.training.preset_table import OF_ONES_OWN, Preset
from tinygan.training.preset_table import OWN as OWN
from tinygan.training.preset_table import PRESETS as PRESETS
from tinygan.words import did_you_mean, short

REAL_IMAGES = tuple(name for name, row in SETS.items() if row.real)
SMALL_IMAGES = ("digits", *REAL_IMAGES)  # 28 x 28 unless --size says otherwise
LARGEST_SMALL = 32  # pixels
LARGE = "as --size says; without it, faces and pictures of your own"


def get(name: str) -> Preset:
    """The preset of that name; ConfigError with a hint if there is none."""
    if not isinstance(name, str) or name not in (OWN, *PRESETS):
        raise ConfigError(f"unknown preset {short(name)}{did_you_mean(name, PRESETS)}")
    if name == OWN:
        return OF_ONES_OWN
    return PRESETS[name]


def configure(given: Mapping[str, Any], quick: bool = False, kind: Kind | None = None) -> Config:
    """A checked Config: the defaults, then the preset's options, then --quick's, then those given.

    Parameters
    ----------
    given : mapping
        Of fields of Config. Networks without a preset start from the preset "own".
    quick : bool
    kind : {"images", "points", "sequences"}, optional
        Of the data, where their name does not tell.

    Raises
    ------
    ConfigError
        In one sentence, if an option or a pair of options does not fit.
    """
    for name in given:
        if name not in Config.__dataclass_fields__:
            raise ConfigError(f"there is no option {short(name)}{did_you_mean(name, Config.__dataclass_fields__)}")
    given = {"preset": OWN if given.get("networks") else Config.preset, **given}
    preset = get(given["preset"])
    options = dict(preset.options)
    data = given.get("data", options.get("data", Config.data))
    kind = kind or kind_of(data)
    if kind == "images" and given.get("source", options.get("source", "none")) != "none" and is_own(data):
        kind = "pairs"
    if kind == "points":
        options.update(preset.on_points)
    if data in REAL_IMAGES:
        options.update(preset.on_real_images)
    if kind == "images" and _large(data, given.get("size")):
        options.update(preset.on_large_images)
    if quick:
        options.update(preset.quick)
    options.update(given)
    config = Config(**options)
    config.check()
    check_effects(config, given, kind)
    if preset.networks is None and config.networks is None:
        raise ConfigError(f"--preset {OWN} stands for networks of your own: name them with --networks FILE.py:NAME")
    if config.networks is None and kind not in preset.fits:
        fitting = [name for name, other in PRESETS.items() if kind in other.fits]
        pair = f"--preset {config.preset} does not fit --data {config.data}"
        raise ConfigError(f"{pair}, which are {CALLED[kind]}: use one of {', '.join(fitting)}")
    return config


def _large(data: str, size: Any) -> bool:
    """Whether images will be above 32 x 32: by the size asked for, else by the name of the data.

    Pictures of one's own are not read for this. They count as large, which most are: photographs come to 64 x 64.
    """
    if size is None:
        return data.strip("<>") not in SMALL_IMAGES  # in brackets: given in Python
    try:
        height, width = parsed_size(size) or (0, 0)
    except DataError:  # it is told where the images are brought to that size
        return False
    return max(height, width) > LARGEST_SMALL


def listing() -> str:
    """The text of --list-presets."""
    lines = []
    real, large = f"on {', '.join(REAL_IMAGES)}: ", f"on images above {LARGEST_SMALL} x {LARGEST_SMALL} ({LARGE}): "
    for name, preset in PRESETS.items():
        lines.append(f"{name:8} {preset.about}")
        places = {"": preset.options, "on points: ": preset.on_points, real: preset.on_real_images}
        for where, changed in (*places.items(), (large, preset.on_large_images)):
            if changed:
                lines.append(" " * 9 + where + " ".join(f"{key}={value}" for key, value in changed.items()))
    return "\n".join(lines)
