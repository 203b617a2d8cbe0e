"""What lies at a path, by its name and its first bytes, and who reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.data.arrays import images_of
from tinygan.data.cifar import is_cifar, read_cifar
from tinygan.data.errors import DataError
from tinygan.data.folder import expanded, read_folder
from tinygan.data.form import Form
from tinygan.data.idx_pair import is_idx, read_pair
from tinygan.data.images import Images
from tinygan.data.kaggle import read_csv
from tinygan.data.npz import labels_beside, read_npy, read_npz, shape_in, split_name
from tinygan.data.pictures import SUFFIXES
from tinygan.data.points import Points
from tinygan.data.sequences import Sequences, read_strings
from tinygan.words import nearest, printable, short

KNOWN = "give a folder or .zip of pictures, a .npz, .npy, .csv or .txt file, CIFAR's binary .tar.gz, or IDX files"
REFUSED = {
    (".pkl", ".pickle", ".pt", ".pth", ".joblib"): "a pickle, which could run any program: save the arrays as .npz",
    (".mat",): "a MATLAB file: read it with scipy.io.loadmat and save the arrays as .npz",
    (".h5", ".hdf5"): "an HDF5 file: read it with h5py and save the arrays as .npz",
    (".parquet", ".arrow", ".arff", ".tfrecord", ".tfrecords", ".json", ".jsonl", ".xlsx"): (
        "a table of another kind: save the images as an array in .npz"
    ),
    (".rar", ".7z", ".xz", ".bz2", ".zst"): "an archive of another kind: unpack it, and give the folder",
    (".mp4", ".mov", ".avi", ".mkv", ".webm"): "a film: save its frames as pictures into a folder",
}


def located(what: Any) -> tuple[Path, str | None]:
    """The path that is meant, with ~ as the home, and the name of one array behind it if it is ``file.npz:NAME``."""
    if isinstance(what, str):
        path, name = split_name(what)
        if name is not None and not os.path.exists(os.path.expanduser(what)):
            return expanded(path), name
    return expanded(what), None


def looks_like_path(what: Any) -> bool:
    """Whether text must be meant as a path, rather than as a name."""
    if not isinstance(what, str):
        return isinstance(what, os.PathLike)
    return what in (".", "..") or any(c in what for c in "/\\~") or bool(Path(what).suffix) or ":" in what


def exists(path: Path) -> bool:
    """Whether there is anything at the path; also where that may not be told."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        return False


def missing(path: Path) -> str:
    """The sentence about a path at which there is nothing."""
    near = None
    try:
        near = nearest(path.name, [each.name for each in path.parent.iterdir()])
    except (OSError, ValueError):
        pass  # nor is there a folder around it
    hint = f" (did you mean {printable(path.with_name(near))}?)" if near else ""
    return f"{printable(path)} does not exist{hint}: {KNOWN}"


def is_points(what: Any) -> bool:
    """Whether a path is that of an array of points (N, 2)."""
    path, name = located(what)
    if path.suffix.lower() not in (".npy", ".npz"):
        return False
    shape = shape_in(path, name)
    return shape is not None and len(shape) == 2 and shape[1] == 2


def is_strings(what: Any) -> bool:
    """Whether a path is that of a text file."""
    return located(what)[0].suffix.lower() == ".txt" and not located(what)[0].is_dir()


def read_path(what: Any, form: Form, strict: bool, split: str, progress: bool) -> Images | Points | Sequences:
    """The data at a path.

    Raises
    ------
    DataError
        If there are none, or they cannot be read.
    """
    path, array = located(what)
    if not exists(path):
        raise DataError(missing(path))
    try:
        return _read(path, array, form, strict, split, progress)
    except PermissionError as error:
        raise DataError(f"{printable(error.filename or path)} cannot be read: permission denied") from error
    except MemoryError as error:
        raise DataError(f"{printable(path)} is too large for the memory: try a smaller --size") from error


def _read(
    path: Path, array: str | None, form: Form, strict: bool, split: str, progress: bool
) -> Images | Points | Sequences:
    suffix, name = path.suffix.lower(), _name(path)
    if not (path.is_dir() or path.is_file()):
        raise DataError(f"{printable(path)} is neither a file nor a folder: {KNOWN}")
    if path.is_dir():
        if is_cifar(path):
            return _cifar(path, name, form, split)
        if is_idx(path):
            return _idx(path, name, form, split)
        return read_folder(path, form, strict, split, progress)
    if suffix == ".zip":
        return read_folder(path, form, strict, split, progress)
    if suffix in (".npy", ".npz"):
        return _arrays(path, array, name, form, split)
    if suffix == ".txt":
        _check_one_part(path, split)
        return read_strings(path, name)
    if suffix == ".csv" or path.name.lower().endswith(".csv.gz"):
        _check_one_part(path, split)
        pixels, labels, said = read_csv(path)
        return images_of(name, pixels, labels, form, said=said)
    if suffix in (".tar", ".tgz", ".bin") or path.name.lower().endswith(".tar.gz"):
        return _cifar(path, name, form, split)
    if is_idx(path) or _begins(path, b"\0\0\x08"):
        return _idx(path, name, form, split)
    raise DataError(_refusal(path, suffix))


def _arrays(path: Path, array: str | None, name: str, form: Form, split: str) -> Images | Points:
    alone = path.suffix.lower() == ".npy"
    _check_one_part(path, split, alone)
    pixels, labels = (read_npy(path), None) if alone else read_npz(path, array, split)
    if pixels.ndim == 2 and pixels.shape[1] == 2:
        return Points(name, np.array(pixels))
    said = []
    beside = labels_beside(path) if labels is None and array is None else None
    if beside is not None:
        labels = read_npy(beside) if alone else read_npz(beside)[0]
        said.append(f"labels from {printable(beside.name)}")
    return images_of(name, _in_memory(pixels), labels, form, said=said)


def _cifar(path: Path, name: str, form: Form, split: str) -> Images:
    cifar = read_cifar(path, split)
    return images_of(name, cifar.pixels, cifar.labels, form, cifar.class_names)


def _idx(path: Path, name: str, form: Form, split: str) -> Images:
    pair = read_pair(path, split)
    return images_of(name, pair.pixels, pair.labels, form, pair.class_names, pair.said)


def _check_one_part(path: Path, split: str, alone: bool = True) -> None:
    if alone and split != "train":
        raise DataError(f"{printable(path)} has no parts, so that split={short(split)} cannot be chosen: leave it out")


def _in_memory(array: np.ndarray) -> np.ndarray:
    """Bytes as a copy, for the file may change; other numbers are converted in parts anyway."""
    return np.array(array) if array.dtype == np.uint8 else array


def _name(path: Path) -> str:
    """What the data are called: the folder's or file's own name, also of '.' and '..'."""
    name = Path(os.path.abspath(path)).name
    if not path.is_dir():
        for ending in (".tar.gz", ".csv.gz", ".gz", path.suffix):
            if ending and name.lower().endswith(ending):
                return name[: -len(ending)] or name
    return name or "data"


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _refusal(path: Path, suffix: str) -> str:
    if suffix in SUFFIXES:
        return f"{printable(path)} is one picture: give the folder that it lies in"
    for endings, what in REFUSED.items():
        if suffix in endings:
            return f"{printable(path)} is {what}"
    return f"it cannot be told what {printable(path)} is: {KNOWN}"
