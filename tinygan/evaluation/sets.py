"""Sets of images to judge: how many, which real ones stand beside them, and shown a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from tinygan.data import DataError, from_range
from tinygan.data.stored import Stored
from tinygan.words import short

CHUNK = 2**23  # numbers rescaled and looked at together, 32 MiB: ten thousand grey images of 28 x 28 pixels

Seen = TypeVar("Seen")


class Sides(NamedTuple):
    """Rows of the training images, always the same and none in both: what samples are measured against, and others."""

    reference: np.ndarray
    others: np.ndarray


def sides(dataset: Stored, n: int) -> Sides:
    """n training images or sequences for each side; fewer for the second where there are not so many."""
    rows = np.random.default_rng(0).permutation(len(dataset))
    return Sides(rows[:n], rows[n : 2 * n])


def check_number(name: str, n: int, least: int, most: int, what: str = "images") -> None:
    """Raise DataError, in one sentence, if n samples of the data `name` cannot be judged at a time."""
    if most < least:
        raise DataError(
            f"{name}: too few {what} to judge by: each row needs at least {least}, and there are {most} for it"
        )
    if not least <= n <= most:
        raise DataError(f"{name}: from {least} to {most} {what} can be judged at a time, not {short(n)}")


def in_chunks(images: np.ndarray, low: float, high: float, see: Callable[[np.ndarray], Seen]) -> list[Seen] | None:
    """What `see` makes of images (n, H, W, C): bytes, or numbers in [low, high], cut off outside.

    Parameters
    ----------
    images : ndarray (n, H, W, C)
    low, high : float
    see : callable
        Brightness in [0, 1], (m, H, W, C) float32 -> anything.

    Returns
    -------
    parts : list, or None
        One for each chunk; None if a number is not finite: there is nothing to see.

    Raises
    ------
    DataError
        If there is no image, or they are other integers than bytes, whose range nobody can know.
    """
    if not len(images) or (images.dtype.kind != "f" and images.dtype != np.uint8):
        raise DataError(
            f"images must be bytes (uint8) or floats, and at least one: not {len(images)} of {images.dtype}"
        )
    if images.dtype == np.uint8:
        low, high = 0.0, 255.0
    step = max(1, CHUNK // max(1, images[0].size))
    parts = []
    for start in range(0, len(images), step):
        chunk = images[start : start + step]
        if not np.isfinite(chunk).all():
            return None
        parts.append(see(from_range(chunk.astype(np.float32), low, high)))
    return parts
