"""CIFAR-10 and CIFAR-100 in their binary form.

::

    1 byte        the label (CIFAR-100: 2 bytes, coarse and fine)
    3072 bytes    32 x 32 reds, then greens, then blues, row by row
    ... and so on for each image

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, and the page of the data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import counted, printable

PIXELS = 3 * 32 * 32
TEN = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
HUNDRED = {"train": ["train.bin"], "test": ["test.bin"]}
NAMES = {1: "batches.meta.txt", 2: "fine_label_names.txt"}  # by the bytes of labels
PICKLED = ("data_batch_1", "test_batch", "batches.meta", "meta", "train")
LARGEST = 500_000_000  # bytes; all of CIFAR is 185 MB
FETCH = "fetch cifar-10-binary.tar.gz (or cifar-100-binary.tar.gz), the binary version, from the same page"


@dataclass
class Cifar:
    """`pixels` (N, 32, 32, 3) uint8, `labels` (N,) uint8, and the names of the classes if they lay beside."""

    pixels: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...] | None


def is_cifar(folder: Path) -> bool:
    """Whether the files of CIFAR lie in a folder, in any form."""
    names = ("data_batch_1.bin", "test_batch.bin", "data_batch_1", "data_batch_1.mat", NAMES[2])
    return any((folder / name).is_file() for name in names)


def read_cifar(path: Path, split: str = "train") -> Cifar:
    """Read CIFAR from its archive, its folder, or one of its files.

    Raises
    ------
    DataError
        If a file is missing, damaged, or of the pickled or MATLAB form.
    """
    if path.is_dir():
        files = _of_folder(path)
    elif path.suffix == ".bin":
        names = [path.with_name(name) for name in NAMES.values()]
        files = {each.name: _bytes(each) for each in [path, *(each for each in names if each.is_file())]}
        return _join(path, files, [path.name], 2 if path.name in ("train.bin", "test.bin") else 1)
    else:
        files = _of_archive(path)
    for parts, label_bytes in ((TEN, 1), (HUNDRED, 2)):
        present = [name for name in parts[split] if name in files]
        if present:
            return _join(path, files, present, label_bytes)
    if any(name in files or f"{name}.mat" in files for name in PICKLED):
        raise DataError(
            f"{printable(path)} is CIFAR as Python's pickle or for MATLAB, which is not read, as a pickle could run "
            f"any program: {FETCH}"
        )
    raise DataError(f"{printable(path)} holds no data_batch_1.bin nor train.bin of CIFAR: {FETCH}")


def _of_folder(path: Path) -> dict[str, bytes]:
    wanted = {*TEN["train"], *TEN["test"], *HUNDRED["train"], *HUNDRED["test"], *NAMES.values()}
    return {each.name: _bytes(each) if each.name in wanted else b"" for each in path.iterdir() if each.is_file()}


def _of_archive(path: Path) -> dict[str, bytes]:
    from tinygan.data.tar import read_tar  # here, as few data sets need it

    files = read_tar(path, (".bin", ".txt"), LARGEST)
    if not any(name.endswith(".bin") for name in files) and not any(name in files for name in PICKLED):
        raise DataError(f"{printable(path)} is not CIFAR in its binary form: unpack it, or make it a zip of pictures")
    return files


def _join(path: Path, files: dict[str, bytes], names: list[str], label_bytes: int) -> Cifar:
    records = []
    for name in names:
        content, record = files[name], label_bytes + PIXELS
        if not content or len(content) % record:
            length = f"{counted(len(content), 'byte')}, not a multiple of {record}"
            raise DataError(f"{name} in {printable(path)} is damaged or cut short ({length}): fetch it again")
        records.append(np.frombuffer(content, np.uint8).reshape(-1, record))
    labels = np.concatenate([part[:, label_bytes - 1] for part in records])
    planes = np.concatenate([part[:, label_bytes:] for part in records]).reshape(-1, 3, 32, 32)
    text = files.get(NAMES[label_bytes], b"").decode("utf-8", "replace")
    names_there = tuple(line.strip() for line in text.splitlines() if line.strip())
    fits = len(names_there) > labels.max()
    return Cifar(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels, names_there if fits else None)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read: {error.strerror}") from error
