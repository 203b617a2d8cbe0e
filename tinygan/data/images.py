"""A set of images in memory, and the change of scale between bytes and a network's range."""

from dataclasses import dataclass

import numpy as np

from tinygan.data.errors import DataError


@dataclass(frozen=True, eq=False)
class Images:
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
        What the labels 0, 1, ... are called.

    Raises
    ------
    DataError
        If there is no image, or a type, a number of axes or a length is not as above.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        pixels, labels = self.pixels, self.labels
        if pixels.dtype != np.uint8 or pixels.ndim != 4:
            raise DataError(
                f"the pixels of {self.name!r} are {pixels.dtype} of shape {pixels.shape}: "
                "give uint8 of shape (N, H, W, C)"
            )
        if pixels.size == 0:
            raise DataError(f"{self.name!r} holds no images (shape {pixels.shape})")
        if labels is None:
            return
        if labels.dtype != np.int64 or labels.ndim != 1:
            raise DataError(
                f"the labels of {self.name!r} are {labels.dtype} of shape {labels.shape}: give int64 of shape (N,)"
            )
        if len(labels) != len(pixels):
            raise DataError(
                f"{self.name!r} has {len(pixels)} images but {len(labels)} labels: give one label for each image"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one image: (H, W, C)."""
        return self.pixels.shape[1:]


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
    if not low < high:
        raise DataError(f"the range of the images must run upwards, not from {low} to {high}")
