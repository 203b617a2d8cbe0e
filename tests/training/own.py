"""Data and networks of a user's own, as the tests bring them: every kind of file, and a file of networks."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

TINY = ("--batch-size", 4, "--samples", 6, "--latent", 8)
OFTEN = ("--log-interval", 1, "--sample-interval", 2, "--checkpoint-interval", 2)
CLASSES = ("cat", "dog", "hen")


def images(n: int = 12, side: int = 8, channels: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """n random pictures (n, side, side, channels), bytes, and their labels 0, 1, 2, 0, ..."""
    pixels = np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)
    return pixels, np.arange(n) % len(CLASSES)


def write_folder(path: Path, n: int = 12, classes: bool = True) -> Path:
    """A folder of PNG files, with a subfolder for each class."""
    for i, (picture, label) in enumerate(zip(*images(n), strict=True)):
        place = path / CLASSES[label] if classes else path
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[..., 0]).save(place / f"{i:02d}.png")
    return path


def write_zip(path: Path) -> Path:
    source = write_folder(path.parent / "to be packed")
    with zipfile.ZipFile(path, "w") as archive:
        for each in sorted(source.rglob("*.png")):
            archive.write(each, each.relative_to(source))
    return path


def write_npz(path: Path) -> Path:
    pixels, labels = images()
    np.savez(path, x_train=pixels[..., 0], y_train=labels)
    return path


def write_npy(path: Path) -> Path:
    np.save(path, images(channels=3)[0].astype(np.float32) / 127.5 - 1)
    return path


def write_cifar(path: Path) -> Path:
    """A byte for the label, 1024 reds, 1024 greens, 1024 blues; the classes' names lie beside."""
    pixels, labels = images(side=32, channels=3)
    planes = pixels.transpose(0, 3, 1, 2)
    path.write_bytes(b"".join(bytes([label]) + each.tobytes() for each, label in zip(planes, labels, strict=True)))
    path.with_name("batches.meta.txt").write_text("\n".join(CLASSES) + "\n")
    return path


def write_csv(path: Path) -> Path:
    pixels, labels = images()
    names = ["label", *(f"pixel{i}" for i in range(64))]
    rows = [[label, *picture.ravel().tolist()] for picture, label in zip(pixels, labels, strict=True)]
    path.write_text("\n".join(",".join(map(str, row)) for row in [names, *rows]) + "\n")
    return path


def write_idx(path: Path) -> Path:
    """A pair: images and labels, each with two zeros, the type (8 is bytes), the number of axes, and their lengths."""
    pixels, labels = images()
    path.write_bytes(b"\0\0\x08\x03" + struct.pack(">III", 12, 8, 8) + pixels.tobytes())
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    beside.write_bytes(b"\0\0\x08\x01" + struct.pack(">I", 12) + labels.astype(np.uint8).tobytes())
    return path


# kind: (what it is called, how it is written, what a class of it is called)
FILES = {
    "folder": ("my pictures", write_folder, "cat"),
    "zip": ("pictures.zip", write_zip, "cat"),
    "npz": ("my.npz", write_npz, "0"),
    "npy": ("my.npy", write_npy, None),
    "cifar": ("data_batch_1.bin", write_cifar, "cat"),
    "csv": ("train.csv", write_csv, "0"),
    "idx": ("letters-train-images-idx3-ubyte", write_idx, "0"),
}


def write(kind: str, folder: Path) -> Path:
    """The data of that kind, in `folder`."""
    name, writer, _ = FILES[kind]
    folder.mkdir(parents=True, exist_ok=True)
    return writer(folder / name)


# Neither network is a Sequential; both hold layers two levels down, with state and random numbers of their own.
MY_PY = '''"""Networks of my own."""
import math

import tinygan as tg
from tinygan import nn


class Block(nn.Module):
    def __init__(self, n_in, n_out, rng, drop=0.0, norm=nn.BatchNorm):
        super().__init__()
        self.dense = nn.Dense(n_in, n_out, rng=rng)
        self.parts = [norm(n_out), nn.Dropout(drop, rng=rng)]

    def forward(self, x):
        y = self.dense(x)
        for part in self.parts:
            y = part(y)
        return tg.ops.tanh(y)


class Maker(nn.Module):
    def __init__(self, shape, latent, rng):
        super().__init__()
        self.block, self.last = Block(latent, 12, rng), nn.Dense(12, math.prod(shape), rng=rng)
        self.shape = shape

    def forward(self, z):
        return tg.ops.tanh(self.last(self.block(z))).reshape((len(z), *self.shape))


class Judge(nn.Module):
    def __init__(self, shape, rng, outputs):
        super().__init__()
        self.block, self.last = Block(math.prod(shape), 12, rng, 0.3, nn.LayerNorm), nn.Dense(12, outputs, rng=rng)

    def forward(self, x):
        return self.last(self.block(x.reshape((len(x), -1))))


def make_g(shape, latent, rng):
    return Maker(shape, latent, rng)


def make_d(shape, rng):
    return Judge(shape, rng, 1)


def make_wide_d(shape, rng, outputs=1):
    return Judge(shape, rng, outputs)


mine = tg.Networks(make_g, make_d, output_range=(-1, 1), name="mine")
wide = tg.Networks(make_g, make_wide_d, output_range=(-1, 1), name="wide")
'''


def write_networks(path: Path, text: str = MY_PY) -> Path:
    path.write_text(text)
    return path
