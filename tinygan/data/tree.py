"""What lies in a folder or a zip: its pictures, its folders, and what is passed over."""

from __future__ import annotations

import os
import stat
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tinygan.data.errors import DataError
from tinygan.data.pictures import SUFFIXES, TOO_LARGE
from tinygan.words import listed, printable

Parts = tuple[str, ...]

NO_DATA = ("__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin")  # of macOS, Windows and storage boxes
BYTES = 200_000_000  # of one picture in a zip, unpacked


@dataclass(frozen=True)
class Entry:
    """A file that may be a picture.

    Attributes
    ----------
    parts : tuple of str
        Its path below the root.
    stamp : (bytes, nanoseconds)
        Size and time of the last change.
    open : function
        Opens it for reading; raises OSError or DataError.
    """

    parts: Parts
    stamp: tuple[int, int]
    open: Callable[[], Any]

    @property
    def name(self) -> str:
        """Its path below the root, as it is printed."""
        return printable("/".join(self.parts))


@dataclass
class Tree:
    """All files below a root.

    Attributes
    ----------
    root : path
        The folder or the zip.
    entries : list of Entry
        What has the ending of a picture, in the order of the paths.
    folders : set of tuple of str
        The folders, those of no picture too.
    others : Counter
        How many files there are of each other ending.
    closed : list of (name, reason)
        Folders that may not be read.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    folders: set[Parts] = field(default_factory=set)
    others: Counter[str] = field(default_factory=Counter)
    closed: list[tuple[str, str]] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Put a file where it belongs."""
        suffix = PurePosixPath(entry.parts[-1]).suffix.lower()
        if suffix in SUFFIXES:
            self.entries.append(entry)
        else:
            self.others[suffix] += 1

    def passed_over(self) -> list[str]:
        """What is no picture, as '600 .heic passed over'."""
        return [f"{self.kinds()} passed over"] if self.others else []

    def kinds(self) -> str:
        """How many other files there are of the commonest endings."""
        found = sorted(self.others.items(), key=lambda item: (-item[1], item[0] or "~"))
        return listed([f"{n:,} {printable(ending, 20) or 'without an ending'}" for ending, n in found], 3)


def is_meant(name: str) -> bool:
    """Whether a file or folder of this name can be meant: not hidden, and no bookkeeping of a system."""
    return not name.startswith(".") and name.lower() not in NO_DATA


def read_tree(root: Path) -> Tree:
    """The tree of a folder or a zip.

    Raises
    ------
    DataError
        If it is missing, may not be read, or is a damaged or locked zip.
    """
    try:
        return _of_zip(root) if root.is_file() else _of_folder(root)
    except PermissionError as error:
        raise DataError(f"{printable(root)} may not be read: permission denied") from error


def _of_folder(root: Path) -> Tree:
    tree = Tree(root)
    _walk(tree, root, (), (os.path.realpath(root),))
    tree.entries.sort(key=lambda entry: entry.parts)
    return tree


def _walk(tree: Tree, path: Path, parts: Parts, ancestors: Parts) -> None:
    """Add all below a folder. Links are followed, but not to where they would come back to themselves."""
    try:
        inside = [each for each in os.scandir(path) if is_meant(each.name)]
    except OSError as error:
        if not parts:
            raise
        tree.closed.append((printable("/".join(parts)) + "/", (error.strerror or "cannot be read").lower()))
        return
    for each in inside:
        below = (*parts, each.name)
        if os.path.isdir(each.path):  # DirEntry.is_dir fails on links that lead in a circle
            real = os.path.realpath(each.path)
            if not any(f"{above}{os.sep}".startswith(real.rstrip(os.sep) + os.sep) for above in ancestors):
                tree.folders.add(below)
                _walk(tree, Path(each.path), below, (*ancestors, real))
            continue
        try:
            status = each.stat()
        except OSError:  # a link to nowhere, as opening it will tell
            stamp = 0, 0
        else:
            stamp = status.st_size, status.st_mtime_ns
            if not stat.S_ISREG(status.st_mode):
                continue  # a pipe or a device, on which a reader could wait for ever
        tree.add(Entry(below, stamp, partial(open, each.path, "rb")))


def _of_zip(path: Path) -> Tree:
    """The tree of a zip, of which nothing is ever written to the disk."""
    tree = Tree(path)
    changed = path.stat().st_mtime_ns
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise DataError(f"{printable(path)} is not a whole zip file ({error}): fetch it again") from error
    for info in archive.infolist():
        parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part not in ("", "."))
        if not parts or not all(map(is_meant, parts)):
            continue
        own = parts if info.is_dir() else parts[:-1]
        tree.folders.update(own[:depth] for depth in range(1, len(own) + 1))
        if info.is_dir():
            continue
        if info.flag_bits & 1:
            raise DataError(f"{printable(path)} is locked with a password: unlock it first")
        tree.add(Entry(parts, (info.file_size, changed), partial(_member, archive, info)))
    tree.entries.sort(key=lambda entry: entry.parts)
    return tree


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    if info.file_size > BYTES:
        raise DataError(f"{TOO_LARGE}{info.file_size:,} bytes when unpacked, more than {BYTES:,}")
    try:
        return BytesIO(archive.read(info))
    except Exception as error:  # zipfile and its decoders raise ten types for damaged members
        raise DataError(f"damaged in the zip ({' '.join(str(error).split())})") from error
