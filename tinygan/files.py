"""Files that are either whole or not there, after a crash and after a power cut, too."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PathLike = str | os.PathLike[str]


@contextmanager
def whole_file(path: PathLike) -> Iterator[BinaryIO]:
    """Open `path` for writing so that a reader sees the old file or the new one, never half.

    The bytes go to a temporary file in the same folder (a rename is only atomic within one file
    system), which takes the name `path` once the block has ended without an error.

    A system keeps what was written in memory for a while, and may write the new name to the disk before the bytes:
    after a power cut the name would be there, of an empty file, and the old file gone. So the bytes are sent to the
    disk before the rename (``fsync``), and the folder, which holds the name, after it.

    Parameters
    ----------
    path : str or PathLike
        The file to write; its folder must exist.

    Yields
    ------
    file : binary file
        Open for writing.

    Raises
    ------
    OSError
        If the folder is missing, the disk is full, or `path` is a device or a pipe, which must not become a file; what
        is there is then untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with errors_name(path):
            if path.exists() and not (path.is_file() or path.is_dir()):
                raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
            with open(temporary, "wb") as file:
                yield file
                sync(file)
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def errors_name(path: PathLike) -> Iterator[None]:
    """Let every OSError inside name `path`: a full disk alone does not say which file it cut off."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None
        raise


def sync(file: BinaryIO) -> None:
    """Wait until the disk has what was written to an open file."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(path: PathLike) -> None:
    """Wait until the disk has the names in a folder, where the system lets us ask for that.

    Windows does not, nor do some network file systems, nor a folder whose names we may not list.
    """
    if os.name == "nt":
        return
    try:
        folder = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):  # the disk itself: the name may be lost
            raise
    finally:
        os.close(folder)


def make_folders(path: PathLike) -> None:
    """Make a folder and those above it, as far as they are missing, so that a power cut does not lose their names."""
    path = Path(path).absolute()
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)
