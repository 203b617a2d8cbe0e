"""A checkpoint: one archive of arrays and what is said of them, whole or not there, and checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan import archive
from tinygan.files import PathLike

ABOUT = "meta"
PREFIX = "array/"


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged or of another model; one sentence that names the file."""


def save(path: PathLike, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write `arrays` and `meta` to `path`; a reader sees the old file or the new one, never half.

    Parameters
    ----------
    path : path
    arrays : mapping of str to ndarray
        Names, dtypes and shapes are kept.
    meta : mapping
        What JSON can hold.

    Raises
    ------
    OSError
        If the folder is missing or the disk is full; it names `path`, and the old file is untouched.
    """
    archive.save(path, {PREFIX + name: array for name, array in arrays.items()}, ABOUT, meta)


def load(path: PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save` wrote, and check it.

    Raises
    ------
    CheckpointError
        If the file is missing, is no checkpoint, or one byte of it was changed.
    OSError
        If it cannot be read (no permission, a broken disk): the file itself may be well.
    """
    arrays, meta, _ = archive.load(path, ABOUT, "is no checkpoint", CheckpointError)
    return {name.removeprefix(PREFIX): array for name, array in arrays.items()}, meta


def part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix` and a slash, without it."""
    return {name[len(prefix) + 1 :]: value for name, value in arrays.items() if name.startswith(prefix + "/")}
