"""Arrays in .npy and .npz files."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import did_you_mean, printable, short

# What people call images and, beside them, their labels: Keras, MedMNIST, scikit-learn and by hand.
IMAGES = ("x", "images", "imgs", "pixels", "data", "samples", "arr_0")
LABELS = ("y", "labels", "label", "target", "targets", "classes")
LONGEST_HEAD = 10_000  # bytes, of an array: as much as NumPy allows
PARTS = {"train": ("train",), "test": ("test", "val", "valid")}


def split_name(what: str) -> tuple[str, str | None]:
    """'file.npz:NAME' as the file and the array's name; without one None."""
    path, colon, name = what.rpartition(":")
    return (path, name) if colon and path.lower().endswith(".npz") else (what, None)


def read_npy(path: Path) -> Any:
    """The array in a .npy file.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, or holds Python objects.
    """
    return _guarded(path, lambda: np.load(path, mmap_mode="r", allow_pickle=False))


def read_npz(path: Path, name: str | None = None, split: str = "train") -> tuple[Any, Any]:
    """The images and the labels, or None, in a .npz file.

    Parameters
    ----------
    path : path
        The file.
    name : str, optional
        Of the array with the images; by default it is found by the usual names, such as x_train, or is the only one.
    split : {"train", "test"}
        Which part, if there are both.

    Raises
    ------
    DataError
        If the file cannot be read, or it is not clear which of its arrays is meant.
    """
    archive = _guarded(path, lambda: np.load(path, allow_pickle=False))
    if not isinstance(archive, np.lib.npyio.NpzFile):
        return archive, None  # a .npy file under another ending
    with archive:
        names = list(archive.files)
        if not names:
            raise DataError(f"{printable(path)} holds no array")
        if name is None:
            name = _images_in(names, split)
        if name is None:
            which = ", ".join(f"{each} {_shape(archive, each)}" for each in names[:10])
            raise DataError(
                f"{printable(path)} holds the arrays {which}: say which are the images, as {printable(path)}:{names[0]}"
            )
        if name not in names:
            raise DataError(f"{printable(path)} holds no array {short(name)}{did_you_mean(name, names)}")
        beside = _labels_of(name, names)
        pixels = _guarded(path, lambda: _member(archive, name))
        labels = None if beside is None else _guarded(path, lambda: _member(archive, beside))
        if labels is not None and beside in LABELS and labels.shape[:1] != pixels.shape[:1]:
            labels = None  # of another of the arrays
        return pixels, labels


def labels_beside(path: Path) -> Path | None:
    """The file with the labels of the images in `path`, by its name: y.npy beside x.npy, labels beside images."""
    for images, labels in (("images", "labels"), ("imgs", "labels"), ("x", "y"), ("X", "y")):
        name = re.sub(rf"(?<![A-Za-z]){images}(?![A-Za-z])", labels, path.stem)
        beside = path.with_name(name + path.suffix)
        if name != path.stem and beside.is_file():
            return beside
    return None


def shape_in(path: Path, name: str | None = None) -> tuple[int, ...] | None:
    """The shape of the images in a .npy or .npz file, from its head alone; None where that does not tell."""
    try:
        if path.suffix.lower() == ".npy":
            shape: tuple[int, ...] = np.load(path, mmap_mode="r", allow_pickle=False).shape
            return shape
        with zipfile.ZipFile(path) as archive:
            names = [each.removesuffix(".npy") for each in archive.namelist()]
            found = name or _images_in(names, "train")
            return head_of(archive, found) if found else None
    except Exception:
        return None  # damaged, missing, no such name: reading it will say so


def head_of(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    """The shape of an array in a .npz file, from its head.

    A kilobyte of zip can become a megabyte. NumPy would read a head of any length before it finds it too long, and
    all of what is no array, so both are looked for here; of an array it reads no more than the head promises.

    Raises
    ------
    ValueError
        If it is damaged: no array, or one of another length than its head promises.
    """
    info = archive.getinfo(f"{name}.npy" if f"{name}.npy" in archive.namelist() else name)
    with archive.open(info) as file:
        start = file.read(12)
        narrow = start[6:7] == b"\x01"  # the version: with 2 bytes for the length of the head, or 4
        length = int.from_bytes(start[8:10] if narrow else start[8:12], "little")
        if not start.startswith(np.lib.format.MAGIC_PREFIX) or length > LONGEST_HEAD:
            raise ValueError("no array of NumPy")
        whole = io.BytesIO(start + file.read(length))
    np.lib.format.read_magic(whole)
    read = np.lib.format.read_array_header_1_0 if narrow else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(whole)
    promised = whole.tell() + math.prod(shape) * dtype.itemsize
    if promised != info.file_size and not dtype.hasobject:
        raise ValueError("an array of another length than its head promises")
    return shape


def _member(archive: Any, name: str) -> np.ndarray:
    head_of(archive.zip, name)
    array: np.ndarray = archive[name]
    return array


def _images_in(names: list[str], split: str) -> str | None:
    lower = {name.lower(): name for name in names}
    parts = [spelt for part in PARTS[split] for word in IMAGES for spelt in _spellings(word, part)]
    found = next((lower[word] for word in parts if word in lower), None)
    if found is not None:
        return found
    if split == "train":
        plain = next((lower[word] for word in IMAGES if word in lower), None)
        if plain is not None:
            return plain
        others = [name for name in names if name.lower() not in LABELS]
        return others[0] if len(others) == 1 else None
    return None


def _labels_of(name: str, names: list[str]) -> str | None:
    """The array of labels that goes with the images `name`."""
    lower = {each.lower(): each for each in names}
    for part in ("train", "test", "val", "valid"):
        if any(name.lower() in _spellings(word, part) for word in IMAGES):
            return next((lower[s] for word in LABELS for s in _spellings(word, part) if s in lower), None)
    return next((lower[word] for word in LABELS if word in lower), None)


def _spellings(word: str, part: str) -> tuple[str, ...]:
    return f"{word}_{part}", f"{part}_{word}", f"{word}{part}", f"{part}{word}"


def _shape(archive: Any, name: str) -> str:
    try:
        return str(head_of(archive.zip, name))
    except Exception:
        return "(unreadable)"


def _guarded(path: Path, read: Any) -> Any:
    try:
        return read()
    except FileNotFoundError as error:
        raise DataError(f"{printable(path)} does not exist: check the name of the file") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError) as error:
        if "Object arrays" in str(error) or "Python objects" in str(error):
            raise DataError(
                f"{printable(path)} holds Python objects, which are never loaded, as they could run any program: save "
                "plain arrays of numbers"
            ) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged or no NumPy file"
        raise DataError(f"{printable(path)} cannot be read: {why}") from error
