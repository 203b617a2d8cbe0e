"""Files that are either whole or not there."""

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
            os.replace(temporary, path)
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
