"""The files that command lines write: where they may be, and what they may not replace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tinygan.data import NAMES
from tinygan.data.files import located
from tinygan.training.config import Config, ConfigError, given_in_python
from tinygan.training.run_folder import OF_A_RUN

DRAWN_BY_A_RUN = ("fakes_*.png", "reals.png", "curves.png", "training.gif")


def output_file(name: str, endings: Mapping[str, str], option: str = "--out") -> Path:
    """The file to write.

    Parameters
    ----------
    name : str
        As the user gave it. A link stands for the file it leads to.
    endings : mapping
        What may stand behind the dot, and what is written then.
    option : str
        That it was given with.

    Raises
    ------
    ConfigError
        In one sentence, if it has another ending, cannot be written where it is, or a run needs what it would replace.
        All this is better said before minutes of work than after them.
    """
    out = Path(os.path.expanduser(name))
    if out.suffix not in endings:
        known = " or ".join(f"{ending} ({what})" for ending, what in endings.items())
        raise ConfigError(f"{option} must end in {known}, not {out.name}")
    try:
        out = out.resolve() if out.is_symlink() else out
        known_kind = out.is_file() or not out.exists()
    except (OSError, RuntimeError) as error:  # links in a circle, names that are too long
        raise ConfigError(f"{option} {out} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    if out.is_dir() or not out.parent.is_dir():
        why = "is a folder" if out.is_dir() else f"is in {out.parent}, which is no folder"
        raise ConfigError(f"{option} {out} {why}")
    if not known_kind:
        raise ConfigError(f"{option} {out} is a device or a pipe: give the name of a file")
    if not os.access(out.parent, os.W_OK):
        raise ConfigError(f"{option} {out} cannot be written: the folder {out.parent} is read-only")
    of_a_run = (*OF_A_RUN, *DRAWN_BY_A_RUN) if (out.parent / "config.json").exists() else OF_A_RUN
    if out.exists() and any(out.match(name) for name in of_a_run):
        raise ConfigError(f"{option} {out} would replace a file that a run needs: choose another name")
    return out


def check_not_read(out: Path, *read: str | Path | None, option: str = "--out") -> None:
    """Raise ConfigError if the old file `out` is one of those that are `read`, or lies in a folder that is."""
    if not out.exists():
        return
    for path in read:
        if path is not None and os.path.exists(path) and any(os.path.samefile(path, each) for each in _around(out)):
            raise ConfigError(f"{option} {out} would replace a file that is read from: choose another name")


def data_of(config: Config) -> Path | None:
    """The user's own data, where they lie in a file or a folder of theirs alone."""
    if config.data == "folder":
        return Path(os.path.expanduser(config.data_dir or ""))
    return None if config.data in NAMES or given_in_python(config.data) else located(config.data)[0]


def in_place_of(out: Path) -> str:
    """The end of the sentence that says what was written; to be asked for before."""
    return ", in place of the old file" if out.exists() else ""


def _around(out: Path) -> list[Path]:
    """The file and the folders that it is in."""
    return [out, *out.absolute().parents]
