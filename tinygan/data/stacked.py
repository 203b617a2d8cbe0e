"""Stacked MNIST: a thousand modes that can be counted, in images."""

from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.images import Images
from tinygan.data.mnist import mnist
from tinygan.given import SPELT, whole_number


def stacked(data_dir: str | Path | None = None, split: str = "train", n: int = 60_000, seed: int = 0) -> Images:
    """Three MNIST digits, drawn at random with replacement, as the red, green and blue of one image.

    Each of the 1000 combinations of digits is a mode: a classifier of MNIST, asked about each channel, tells which
    modes a generator makes. Source: Srivastava et al., "VEEGAN", NeurIPS 2017; Lin et al., "PacGAN", NeurIPS 2018,
    section 4.2.

    Parameters
    ----------
    data_dir : path, optional
        Where MNIST's files are, as in `mnist`.
    split : {"train", "test"}
        Which part of MNIST the digits are drawn from.
    n : int
        Number of images; 60,000 take 141 MB.
    seed : int
        Of the drawing: the same `n` and `seed` give the same images.

    Returns
    -------
    Images
        `pixels` (n, 28, 28, 3) and `labels` (n,) from 0 to 999: the red digit is the hundreds, the blue the ones.

    Raises
    ------
    DataError
        If `n` is not a whole number >= 1 or `seed` not one >= 0, or as `mnist`.
    """
    n = whole_number("stacked: n", n, error=DataError)
    seed = whole_number("stacked: seed", seed, 0, SPELT, error=DataError)
    digits = mnist(data_dir, split)
    assert digits.labels is not None
    drawn = np.random.default_rng(seed).integers(len(digits), size=(n, 3))
    pixels = np.empty((n, *digits.sample_shape[:2], 3), np.uint8)
    for channel in range(3):  # one after the other: no copy of all three besides
        pixels[..., channel] = digits.pixels[drawn[:, channel], :, :, 0]
    names = tuple(f"{mode:03d}" for mode in range(1000))
    return Images("stacked", pixels, digits.labels[drawn] @ np.array([100, 10, 1]), names)
