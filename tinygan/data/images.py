"""A set of images in memory, and the change of scale between bytes and a network's range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.form import in_words
from tinygan.data.stored import Stored
from tinygan.given import as_float
from tinygan.words import counted, short

CHANNELS = {1: "grey", 3: "colour"}


@dataclass(frozen=True, eq=False)
class Images(Stored):
    """Images as bytes, with a label for each or none.

    Attributes
    ----------
    name : str
        What the set is called in messages and file names.
    pixels : ndarray, shape (N, H, W, C), uint8
        0 is black (no ink), 255 full brightness; C is 1 (grey) or 3 (red, green, blue).
    labels : ndarray, shape (N,), int64, or None
        Class of each image, counted from 0.
    class_names : tuple of str, or None
        What class 0, 1, ... is called.
    said : tuple of str
        How the images were come by, in a few words each, for `describe`.
    notes : tuple of str
        What else should be known of them, a line each: files that were skipped, warnings.

    Raises
    ------
    DataError
        If there is no image, or a type, a number of axes, channels or classes or a length is not as above.
    """

    one, many = "image", "pictures"

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 4:
            raise DataError(
                f"the pixels of {short(self.name)} are {pixels.dtype} of shape {pixels.shape}: "
                "give uint8 of shape (N, H, W, C), or let tinygan.data.load bring them into that form"
            )
        if pixels.size == 0:
            raise DataError(f"{short(self.name)} holds no images (shape {pixels.shape})")
        if pixels.shape[3] not in CHANNELS:
            first = pixels.shape[1] in CHANNELS
            hint = "these look like (N, C, H, W), so give pixels.transpose(0, 2, 3, 1)" if first else "C is 1 or 3"
            raise DataError(f"the pixels of {short(self.name)} have shape {pixels.shape}, not (N, H, W, C): {hint}")
        super().__post_init__()

    def describe(self) -> str:
        """One line about the set, to be said before training.

        Examples
        --------
        >>> pixels, labels = np.zeros((5, 8, 8, 1), np.uint8), np.array([0, 1, 1, 0, 1])
        >>> Images("pets", pixels, labels, ("cat", "dog")).describe()
        '5 pictures, 8 x 8, grey, 2 classes (cat 2, dog 3)'
        """
        height, width, channels = self.sample_shape
        parts = [counted(len(self), "picture"), in_words((height, width)), CHANNELS[channels]]
        return ", ".join([*parts, *self._classes(), *self.said])


def to_range(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Bytes to numbers in the range of the generator's last activation.

    y = low + (high - low) * pixels / 255; [0, 1] goes with sigmoid, [-1, 1] with tanh.

    Parameters
    ----------
    pixels : ndarray, uint8
        Any shape.
    low, high : float
        What 0 and 255 become.

    Returns
    -------
    ndarray, float32, of the same shape

    Raises
    ------
    DataError
        If `pixels` is not uint8 or `low` is not below `high`.
    """
    _check_range(low, high)
    if pixels.dtype != np.uint8:
        raise DataError(f"to_range takes uint8 pixels (0..255), not {pixels.dtype}")
    # There are only 256 answers: look them up. Worked out in float64, so both ends are exact.
    answers = low + (high - low) * (np.arange(256) / 255)
    scaled: np.ndarray = answers.astype(np.float32)[pixels]
    return scaled


def from_range(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers in [low, high] to brightness in [0, 1]: (images - low) / (high - low), clipped.

    Parameters
    ----------
    images : ndarray, floating
        Any shape.
    low, high : float
        The range of the generator's last activation, as in `to_range`.

    Returns
    -------
    ndarray, in [0, 1], of the same shape and type

    Raises
    ------
    DataError
        If `low` is not below `high`.
    """
    _check_range(low, high)
    return np.clip((images - low) / (high - low), 0.0, 1.0)


def _check_range(low: float, high: float) -> None:
    low, high = (as_float("an end of the images' range", end) for end in (low, high))
    if not low < high:
        raise DataError(f"the range of the images must run upwards, not from {low} to {high}")
