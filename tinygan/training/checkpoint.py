"""A checkpoint: one `.npz` of plain arrays, whole or not there, and checked when it is read.

Nothing is pickled: numbers that are not arrays (options, random states) travel as one JSON text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.files import PathLike, whole_file


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
    """
    text = json.dumps(meta)
    content: dict[str, Any] = {f"array/{name}": array for name, array in arrays.items()}
    content.update(meta=np.array(text), checksum=np.array(_checksum(arrays, text)))
    with whole_file(path) as file:
        np.savez(file, **content)


def load(path: PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save` wrote, and check it.

    Raises
    ------
    CheckpointError
        If the file is missing, is no checkpoint, or one byte of it was changed.
    """
    path = Path(path)
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise CheckpointError(f"there is no file {path}") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({error.strerror or error})") from None
    except Exception:
        # NumPy, zipfile and zlib raise a dozen types for damaged files; each means the same to the user.
        raise CheckpointError(f"{path} is damaged, or is no checkpoint of tinygan") from None
    if "meta" not in content or "checksum" not in content:
        raise CheckpointError(f"{path} is no checkpoint of tinygan")
    arrays = {name.removeprefix("array/"): value for name, value in content.items() if name.startswith("array/")}
    text = str(content["meta"])
    if _checksum(arrays, text) != str(content["checksum"]):
        raise CheckpointError(f"{path} is damaged: its checksum does not match its content")
    try:
        return arrays, dict(json.loads(text))
    except (TypeError, ValueError):
        raise CheckpointError(f"{path} is no checkpoint of tinygan: what it says of itself is not JSON") from None


def part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix` and a slash, without it."""
    return {name[len(prefix) + 1 :]: value for name, value in arrays.items() if name.startswith(prefix + "/")}


def _checksum(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """SHA-256 over the text and over each array's name, dtype, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
