"""IDX, the file format of MNIST: a header of 4 + 4 d bytes, then the array, big-endian.

::

    byte 0, 1     0, 0
    byte 2        the type of an element (see TYPES)
    byte 3        d, the number of axes
    4 bytes x d   the length of each axis
    the rest      the elements, last axis fastest

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
"""

import gzip
import io
import math
import sys
import zlib
from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"  # begins a file
LONGEST_HEADER = 4 + 4 * 255
PART = 1 << 20  # bytes uncompressed at once


def read_idx(path: str | Path) -> np.ndarray:
    """Read the array in an IDX file, plain or compressed with gzip.

    Parameters
    ----------
    path : path
        The file; gzip is recognised by its content, not by the name.

    Returns
    -------
    ndarray
        Of the shape and type the header names, in this machine's byte order.

    Raises
    ------
    DataError
        If the file is missing, empty, cut short, too long, not IDX, or damaged gzip.
    """
    return parse_idx(uncompress(read_bytes(path), path), path)


def read_bytes(path: str | Path) -> bytes:
    """The content of a file as it is.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist: check the name of the file") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def uncompress(content: bytes, name: str | Path, most: int = sys.maxsize - 1) -> bytes:
    """Undo gzip if `content` is gzip, as far as a file of IDX goes.

    A kilobyte of gzip can become a megabyte. So no more is made of it than the header of IDX promises, nor than
    `most`, and one byte, which tells that there was more.

    Raises
    ------
    DataError
        If it is gzip and damaged; its message begins with `name`.
    """
    if not content.startswith(GZIP):
        return content
    plain = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            plain += file.read(LONGEST_HEADER)
            enough = 1 + min(_promised(plain), most)
            while len(plain) < enough and (part := file.read(min(PART, enough - len(plain)))):
                plain += part
    except EOFError as error:
        raise DataError(f"{name} is cut short (incomplete gzip): fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is damaged (bad gzip data): fetch it again") from error
    return bytes(plain)


def _promised(start: bytes | bytearray) -> int:
    """How many bytes a file has by its header; no more than are here if it is no header of IDX."""
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        return len(start)
    shape = np.frombuffer(start[4 : 4 + 4 * start[3]].ljust(4 * start[3], b"\0"), ">u4").tolist()
    return 4 + 4 * start[3] + np.dtype(TYPES[start[2]]).itemsize * math.prod(shape)


def parse_idx(content: bytes, name: str | Path) -> np.ndarray:
    """The array in the bytes of an uncompressed IDX file; see `read_idx`."""
    if not content:
        raise DataError(f"{name} is empty: fetch it again")
    if len(content) < 4:
        raise DataError(f"{name} is cut short (only {len(content)} bytes): fetch it again")
    if content[:2] != b"\0\0":
        raise DataError(f"{name} is not an IDX file: it begins with bytes {content[0]} {content[1]}, not 0 0")
    code, axes = content[2], content[3]
    if code not in TYPES:
        known = ", ".join(f"0x{known:02x}" for known in TYPES)
        raise DataError(f"{name} is not an IDX file: type 0x{code:02x} is none of {known}")
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(
            f"{name} is cut short: its header of {axes} axes takes {start} bytes, "
            f"but the file has {len(content)}: fetch it again"
        )
    shape = tuple(int(length) for length in np.frombuffer(content, ">u4", axes, offset=4))
    dtype = np.dtype(TYPES[code])
    expected = _promised(content[:start])
    if len(content) != expected:
        here = f"is cut short: it has {len(content)} bytes" if len(content) < expected else "has bytes after its end"
        raise DataError(f"{name} {here}, but an array of shape {shape} takes {expected}: fetch it again")
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))
