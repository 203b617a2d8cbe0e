"""A checkpoint: one `.npz` of plain arrays, whole or not there, and checked when it is read.

Nothing is pickled: numbers that are not arrays (options, random states) travel as one JSON text. The archive's
comment, its last 64 bytes, is the SHA-256 of all bytes before it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.files import PathLike, whole_file

DIGEST = 64  # hexadecimal digits of SHA-256


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
    content: dict[str, Any] = {f"array/{name}": array for name, array in arrays.items()}
    packed = io.BytesIO()
    np.savez(packed, meta=np.array(json.dumps(meta)), **content)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"0" * DIGEST  # the last bytes of the file: room for the checksum of all before them
    body = packed.getbuffer()[:-DIGEST]
    with whole_file(path) as file:
        file.write(body)
        file.write(_checksum(body))


def load(path: PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save` wrote, and check it.

    Raises
    ------
    CheckpointError
        If the file is missing, is no checkpoint, or one byte of it was changed.
    """
    path = Path(path)
    try:
        data = memoryview(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"there is no file {path}") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({error.strerror or error})") from None
    if bytes(data[-DIGEST:]) != _checksum(data[:-DIGEST]):
        raise CheckpointError(f"{path} is damaged, or is no checkpoint of tinygan: its checksum does not match")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name.removeprefix("array/"): file[name] for name in file.files}
        return arrays, dict(json.loads(str(arrays.pop("meta"))))
    except Exception:
        # It is what was written, but not by `save`: NumPy, zipfile and json have a dozen ways to say so.
        raise CheckpointError(f"{path} is no checkpoint of tinygan") from None


def part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix` and a slash, without it."""
    return {name[len(prefix) + 1 :]: value for name, value in arrays.items() if name.startswith(prefix + "/")}


def _checksum(body: memoryview) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
