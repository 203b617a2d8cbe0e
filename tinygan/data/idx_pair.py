"""Any pair of IDX files, images and labels: KMNIST, EMNIST and their like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.idx import read_idx
from tinygan.words import listed, printable, short

OF_IMAGES = re.compile(r"idx[34]-ubyte(\.gz)?$")
OF_LABELS = re.compile(r"idx1-ubyte(\.gz)?$")
SPLITS = {"train": ("train",), "test": ("t10k", "test", "val")}


@dataclass
class Pair:
    """What the two files hold: `pixels` (N, H, W) or (N, H, W, C), `labels` (N,) or None, and how they were found."""

    pixels: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...] | None
    said: list[str]


def is_idx(path: Path) -> bool:
    """Whether a file's name, or a name in the folder, is that of IDX images or labels."""
    names = [each.name for each in path.iterdir()] if path.is_dir() else [path.name]
    return any(OF_IMAGES.search(name) or OF_LABELS.search(name) for name in names)


def read_pair(path: Path, split: str = "train") -> Pair:
    """The images in a file, with the labels that lie beside it; or those of a folder that holds such files.

    Labels are found by the name: ``X-images-idx3-ubyte`` and ``X-labels-idx1-ubyte``, plain or .gz. EMNIST, whose
    files keep rows and columns swapped, is turned upright.

    Raises
    ------
    DataError
        If a file is missing or damaged, the two do not fit, or it is not clear which file of a folder is meant.
    """
    images = _choose(path, split) if path.is_dir() else path
    if OF_LABELS.search(images.name):
        raise DataError(f"{printable(images)} is a file of labels: give the file of the images, called images-idx3")
    if not path.is_dir() and split != "train":
        raise DataError(f"split={short(split)} chooses among the files of a folder: name the file that you mean")
    beside = _labels_beside(images)
    pixels, said = read_idx(images), []
    labels = read_idx(beside) if beside else None
    if pixels.ndim not in (3, 4):
        swapped = labels is not None and labels.ndim == 3
        hint = "the two files have each other's names" if swapped else "images have 3 or 4 axes"
        raise DataError(f"{printable(images)} holds an array of shape {pixels.shape}: {hint}")
    if labels is not None and (labels.ndim != 1 or len(labels) != len(pixels)):
        raise DataError(
            f"{printable(images)} holds {len(pixels)} images but {printable(beside)} labels of shape {labels.shape}: "
            "take both files from one source"
        )
    if beside is None:
        said.append("no file of labels beside it")
    if images.name.lower().startswith("emnist"):
        pixels = pixels.swapaxes(1, 2)
        said.append("rows and columns swapped, as EMNIST wants it")
    return Pair(pixels, labels, _emnist_names(images), said)


def _choose(folder: Path, split: str) -> Path:
    """The one file of images that is meant in a folder."""
    found = sorted(each for each in folder.iterdir() if OF_IMAGES.search(each.name) and not each.name.startswith("."))
    chosen = [each for each in found if any(word in each.name.lower() for word in SPLITS[split])]
    if len(found) == 1 and split == "train":
        chosen = found
    plain = {each.name.removesuffix(".gz"): each for each in reversed(chosen)}  # packed and unpacked: one of them
    if len(plain) != 1:
        names = listed([printable(each.name) for each in chosen or found], 4)
        what = f"several files of images ({names})" if plain else f"no file of {split} images ({names or 'none'})"
        raise DataError(f"{printable(folder)} holds {what}: give the path of the file that you mean")
    return next(iter(plain.values()))


def _labels_beside(images: Path) -> Path | None:
    stem = images.name.removesuffix(".gz")
    name = re.sub("idx[34]", "idx1", stem.replace("images", "labels"))
    if name == stem:
        return None
    paths = [images.with_name(spelt + gz) for spelt in (name, name.replace("image", "label")) for gz in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def _emnist_names(images: Path) -> tuple[str, ...] | None:
    """The letters and digits of EMNIST's classes, if their table lies beside: lines of a label and character codes."""
    table = images.with_name(re.sub(r"-(train|test)-images.*", "-mapping.txt", images.name))
    if table == images or not table.is_file():
        return None
    names: dict[int, str] = {}
    for line in table.read_text(encoding="ascii", errors="replace").splitlines():
        numbers = line.split()
        if len(numbers) < 2 or not all(number.isdigit() and int(number) < 256 for number in numbers):
            return None
        names[int(numbers[0])] = chr(int(numbers[1]))
    return tuple(names.get(label, str(label)) for label in range(max(names) + 1)) if names else None
