"""One `.npz` of plain arrays and a JSON text about them, whole or not there, and checked when it is read.

Nothing is pickled: numbers that are not arrays (options, random states) travel in the JSON text. The archive's
comment, its last 64 bytes, is the SHA-256 of all bytes before it: a damaged file is never used, and a number measured
with the file can name the one it was measured with.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.files import PathLike, whole_file
from tinygan.reading import Unreadable, check_fields, parsed, plain_bytes

DIGEST = 64  # hexadecimal digits of SHA-256
LARGEST = 1 << 34  # bytes
# What NumPy, zipfile and json raise for bytes that are no `.npz` of plain arrays. Not MemoryError, OSError or
# ImportError: they tell of the machine, and the file may be well.
FOREIGN = (
    *(ValueError, LookupError, TypeError, AttributeError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def save(path: PathLike, arrays: Mapping[str, np.ndarray], about: str, meta: Mapping[str, Any]) -> str:
    """Write `arrays` and `meta` to `path`; a reader sees the old file or the new one, never half.

    Parameters
    ----------
    path : path
    arrays : mapping of str to ndarray
        Names, dtypes and shapes are kept. None may be called `about`, or "file".
    about : str
        Under which name `meta` stands beside the arrays.
    meta : mapping
        What JSON can hold.

    Returns
    -------
    checksum : str
        SHA-256 of the content, in hexadecimal.

    Raises
    ------
    OSError
        If the folder is missing or the disk is full; it names `path`, and the old file is untouched.
    """
    packed = io.BytesIO()
    members: dict[str, Any] = {about: np.array(json.dumps(meta)), **arrays}
    np.savez(packed, **members)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"0" * DIGEST  # the last bytes of the file: room for the checksum of all before them
    body = packed.getbuffer()[:-DIGEST]
    with whole_file(path) as file:
        file.write(body)
        checksum = sha256(body)
        file.write(checksum.encode())
    return checksum


def load(
    path: PathLike, about: str, otherwise: str, error: type[Exception]
) -> tuple[dict[str, np.ndarray], dict[str, Any], str]:
    """Read what `save` wrote, and check it.

    Parameters
    ----------
    path : path
    about : str
        As for `save`.
    otherwise : str
        How the sentences call another file, as in "is no checkpoint".
    error : type
        What is raised, with one sentence that names the file.

    Returns
    -------
    arrays : dict
    meta : dict
    checksum : str

    Raises
    ------
    error
        If there is no such file, it is another one, or one byte of it was changed.
    OSError
        If it cannot be read (no permission, a broken disk); this says nothing about its bytes.
    """
    path = Path(path)
    try:
        content = memoryview(plain_bytes(path, LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"there is no file {path}") from None
    except IsADirectoryError:
        raise error(f"{path} cannot be read: it is a folder") from None
    except Unreadable as why:
        raise error(f"{path} cannot be read: {why}") from None
    checksum = sha256(content[:-DIGEST])
    if bytes(content[-DIGEST:]) != checksum.encode():
        raise error(f"{path} is damaged, or {otherwise} of tinygan: its checksum does not match")
    try:
        check_sizes(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = parsed(str(arrays.pop(about)))
        check_fields(meta, {})
        check_numbers(arrays)
        return arrays, meta, checksum
    except Unreadable as why:
        raise error(f"{path} {otherwise} of tinygan ({why})") from None
    except FOREIGN:  # it is what was written, but not by `save`
        raise error(f"{path} {otherwise} of tinygan") from None


def check_sizes(content: memoryview) -> None:
    """Raise ValueError if a member would grow when it is read, or is shorter than the array that it announces.

    Room is made for an array before it is read: what announces a huge one would cost the memory of all.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("the members are compressed, or share their bytes")
        for member in members:
            with archive.open(member) as file:
                first = np.lib.format.read_magic(file) == (1, 0)
                read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(file)
            if math.prod(shape) * dtype.itemsize > member.file_size:
                raise ValueError(f"{member.filename} is too short for its shape {shape}")


def check_numbers(arrays: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError for arrays of text, dates or complex numbers: some would silently become weights."""
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} is an array of {array.dtype}")


def sha256(body: memoryview) -> str:
    """The checksum, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()
