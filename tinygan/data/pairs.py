"""Pairs of pictures: a source, and the target that it is to be turned into, side by side along the channels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.faces import faces
from tinygan.data.form import in_words
from tinygan.data.images import CHANNELS, Images
from tinygan.data.stored import Stored
from tinygan.words import counted, short

HALVES = ("left", "right")
LINE = 0.15  # a step of brightness from which on a pixel of a sketch is a line


@dataclass(frozen=True, eq=False)
class Pairs(Stored):
    """Pairs of pictures of one size.

    Attributes
    ----------
    name, labels, class_names, said, notes
        As of `Images`.
    pixels : ndarray, shape (N, H, W, S + T), uint8
        The source's S channels, then the target's T; both are 1 (grey) or 3 (colour).
    source : int
        S.

    Raises
    ------
    DataError
        If there is no pair, or a type or shape is not as above.
    """

    source: int = 3

    one, many = "pair", "pairs"

    def __post_init__(self) -> None:
        pixels = self.pixels
        target = pixels.shape[-1] - self.source if pixels.ndim == 4 else 0
        if pixels.dtype != np.uint8 or not pixels.size or self.source not in CHANNELS or target not in CHANNELS:
            has = f"the pairs of {short(self.name)} are {pixels.dtype} of shape {pixels.shape}"
            raise DataError(f"{has}: give uint8 of shape (N, H, W, S + T), S = {self.source}, S and T 1 or 3")
        super().__post_init__()

    def describe(self) -> str:
        """One line about the set, to be said before training.

        Examples
        --------
        >>> Pairs("maps", np.zeros((5, 8, 8, 4), np.uint8), source=1).describe()
        '5 pairs of pictures, 8 x 8, grey to colour'
        """
        height, width, channels = self.sample_shape
        kinds = f"{CHANNELS[self.source]} to {CHANNELS[channels - self.source]}"
        parts = [f"{counted(len(self), 'pair')} of pictures", in_words((height, width)), kinds]
        return ", ".join([*parts, *self._classes(), *self.said])


def halved(images: Images, source: str) -> Pairs:
    """Pairs of images of which the `source` half, "left" or "right", is to be turned into the other.

    Raises
    ------
    DataError
        If `source` is neither.
    """
    if source not in HALVES:
        raise DataError(f"the source must be the left or the right half, not {short(source)}")
    width = images.sample_shape[1] // 2
    left, right = images.pixels[:, :, :width], images.pixels[:, :, width : 2 * width]
    both = (left, right) if source == "left" else (right, left)
    said = (*images.said, f"the {source} half is the source")
    pixels = np.concatenate(both, axis=3)
    given = {f.name: getattr(images, f.name) for f in dataclasses.fields(Images)}
    return Pairs(**{**given, "pixels": pixels, "said": said}, source=images.sample_shape[2])


def sketches(n: int = 3000, seed: int = 0, split: str = "train", cache_dir: Any = None) -> Pairs:
    """Sketches of cartoon faces, and the faces, both of 32 x 32 and in colour.

    A sketch has dabs of 8 x 8 pixels in the mean colour of what is below, and dark lines where neighbours differ.

    Parameters
    ----------
    n : int
    seed : int
        Of the faces (see `tinygan.data.faces`).
    split : {"train", "test"}
        The test part is of other faces, of the next seed, a tenth as many.
    cache_dir : path, optional
        Where the faces are kept.

    Raises
    ------
    DataError
        As `faces`.
    """
    test = split == "test"
    drawn = faces(max(1, n // 10) if test else n, seed + test, 64, cache_dir)
    pixels = np.empty((len(drawn), 32, 32, 6), np.uint8)
    for start in range(0, len(drawn), 256):
        whole = drawn.pixels[start : start + 256] / np.float32(255)
        both = np.concatenate([sketched(whole), _blocks(whole, 2)], axis=-1)
        pixels[start : start + 256] = (255 * both).round()
    return Pairs("sketches", pixels, drawn.labels, drawn.class_names, source=3)


def sketched(images: np.ndarray) -> np.ndarray:
    """Images (n, 64, 64, 3) in [0, 1] -> sketches of them, (n, 32, 32, 3)."""
    steps = np.zeros(images.shape[:3], images.dtype)  # the largest difference from the neighbour below or at the right
    for channel in np.moveaxis(images, -1, 0):
        np.maximum(steps[:, :, :-1], np.abs(np.diff(channel, axis=2)), out=steps[:, :, :-1])
        np.maximum(steps[:, :-1], np.abs(np.diff(channel, axis=1)), out=steps[:, :-1])
    dabs = _blocks(_blocks(images, 2), 8).repeat(8, axis=1).repeat(8, axis=2)
    result: np.ndarray = dabs * (1 - _blocks((steps > LINE).astype(images.dtype)[..., None], 2))
    return result


def _blocks(images: np.ndarray, side: int) -> np.ndarray:
    """The mean of each block of side x side pixels."""
    rows = np.add.reduce([images[:, i::side] for i in range(side)])
    blocks: np.ndarray = np.add.reduce([rows[:, :, i::side] for i in range(side)]) / images.dtype.type(side * side)
    return blocks
