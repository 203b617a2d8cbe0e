"""The files in a tar, compressed or not; nothing is written to the disk."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from pathlib import Path

from tinygan.data.errors import DataError
from tinygan.words import printable

LONGEST_NAME = 1 << 16  # bytes, of a name or another note on a file


class _Bounded(tarfile.TarInfo):
    """A head in a tar. tarfile reads notes of any length, such as long names, and a kilobyte can become a megabyte."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Bounded:
        member = super().frombuf(buf, encoding, errors)
        is_note = member.type not in (*tarfile.REGULAR_TYPES, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)
        if is_note and member.size > LONGEST_NAME:
            raise tarfile.ReadError("a note of more than 65,536 bytes")
        return member


def read_tar(path: Path, endings: tuple[str, ...], most: int) -> dict[str, bytes]:
    """What is in a tar, by the files' names alone; of files with other endings no content.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, or the files with these endings take more than `most` bytes.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, tarinfo=_Bounded) as archive:
            for member in archive:
                if not member.isfile():
                    continue
                name = member.name.rsplit("/", 1)[-1]
                wanted = name.endswith(endings)
                if wanted and member.size + sum(map(len, files.values())) > most:
                    raise DataError(f"{printable(path)} is larger than CIFAR: give a folder or a zip of pictures")
                content = archive.extractfile(member) if wanted else None
                files[name] = content.read() if content else b""
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        why = getattr(error, "strerror", None) or "it is damaged or cut short: fetch it again"
        raise DataError(f"{printable(path)} cannot be read: {why}") from error
    return files
