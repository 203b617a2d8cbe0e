"""Images that no classifier knows: judged by their pixels, averaged down to 8 x 8."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import cached_property

import numpy as np

from tinygan import metrics
from tinygan.data import Images
from tinygan.evaluation.baselines import blurred, one_repeated, uniform_noise
from tinygan.evaluation.metric import Metric, chosen
from tinygan.evaluation.sets import check_number, in_chunks, sides
from tinygan.metrics.energy import sum_of_distances

N = 5000  # and at most half of the images: as many others stand beside them
LEAST = 20  # the balls around points reach to the fifth neighbour
SIDE = 8  # pixels that are left, or fewer of a smaller image
LEVEL = 0.05  # of the real images: so many are that near to another

METRICS = (
    Metric("copied", "copied", "share of the samples as near to a training image as 5 % of real images", ".1%", False),
    Metric("energy", "energy distance", "2 E|X-Y| - E|X-X'| - E|Y-Y'| to real images, unbiased", ".4f", False),
    Metric("precision", "precision", "share of the samples inside the real images' manifold (k = 3)", ".3f", True),
    Metric("recall", "recall", "share of real images inside the samples' manifold (k = 3)", ".3f", True),
    Metric("density", "density", "real images' balls (k = 5) around a sample, over k; 1 is as the data", ".3f", True),
    Metric("coverage", "coverage", "share of real images with a sample in their ball (k = 5)", ".3f", True),
    Metric("diversity", "diversity", "E|X-X'| of the samples over that of real images, at most 1", ".3f", True),
)


def averaged(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Images as points: each is cut into side x side equal parts, whose means are taken.

    A pixel on the border of two parts counts for each by the area it has there; an image that is smaller keeps its
    pixels along that axis.

    Parameters
    ----------
    images : ndarray of float (n, H, W, C)
    side : int

    Returns
    -------
    points : ndarray of float (n, d)
        d = min(side, H) min(side, W) C.
    """
    _, height, width, _ = images.shape
    smaller = np.einsum("ih,nhwc->niwc", shares(height, side, images.dtype), images, optimize=True)
    smaller = np.einsum("jw,niwc->nijc", shares(width, side, images.dtype), smaller, optimize=True)
    return smaller.reshape(len(images), -1)


def shares(length: int, parts: int, dtype: np.dtype) -> np.ndarray:
    """Which share each pixel of a line has in the mean of each part: (parts, length), rows of sum 1."""
    parts = min(parts, length)
    ends = np.arange(parts + 1) * length / parts
    pixels = np.arange(length)
    overlap = np.minimum(ends[1:, None], pixels + 1) - np.maximum(ends[:-1, None], pixels)
    return (np.maximum(overlap, 0) * parts / length).astype(dtype)


class PixelJudge:
    """Measures generated images of any size and colour against training images, without a classifier.

    Images are compared as points, by `averaged`: 8 x 8 means of each colour. That shows composition and colour, and no
    detail: a blurred image is as good as a sharp one. A Frechet distance of pixels would be read as if it were more, so
    there is none.

    Samples are measured against `n` training images; `n` others stand for what a perfect generator would draw, and have
    a row. Whether samples are copies is asked of all training images (`tinygan.metrics.data_copying`); the real images'
    distances to the nearest *other* training image say how near is near.

    Parameters
    ----------
    dataset : Images
        What the generator learnt from.
    n : int
        How many images are judged at a time, at most half of `dataset`.
    low, high : float
        The range of the samples to be judged.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : str
        What the images are compared by, in words.

    Raises
    ------
    DataError
        If `n` is out of range, or there are fewer than 40 images.
    """

    metrics = METRICS
    labelled = False  # nothing here knows the classes

    def __init__(self, dataset: Images, n: int, low: float, high: float):
        check_number(dataset.name, n, LEAST, most(dataset))
        self.dataset, self.n, self.range = dataset, n, (low, high)
        self.sides = sides(dataset, n)
        height, width, channels = dataset.sample_shape
        self.extractor = f"means of {min(SIDE, height)} x {min(SIDE, width)} parts of the pixels"
        if channels > 1:
            self.extractor += f" of each of {channels} colours"

    @cached_property
    def training(self) -> np.ndarray:
        """All training images as points (N, d), worked out once."""
        points = self._points(self.dataset.pixels)
        assert points is not None  # bytes are finite
        return points

    @cached_property
    def left_out(self) -> np.ndarray:
        """How far each of n real images (n,) is from the nearest other one."""
        # The nearest is the image itself, or a copy.
        return metrics.nearest_neighbours(self.training[self.sides.others], self.training, k=2)[1][:, 1]

    @cached_property
    def spread(self) -> float:
        """The mean distance of two real images."""
        return mean_distance(self.training[self.sides.reference])

    def report(self, samples: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        """Every metric (or those of `keys` alone) for images.

        Parameters
        ----------
        samples : ndarray (n, H, W, C)
            Bytes, or numbers in the judge's range (what is outside is cut off, as in a picture). If one is not finite,
            every value is NaN.
        keys : collection of str, optional

        Raises
        ------
        DataError
            If there is no image, or they are other integers than bytes.
        """
        wanted = {m.key for m in METRICS} if keys is None else set(keys)
        points = self._points(samples)
        values = dict.fromkeys(wanted, math.nan) if points is None else self._measure(points, wanted)
        return chosen(values, METRICS, keys)

    def _points(self, images: np.ndarray) -> np.ndarray | None:
        parts = in_chunks(images, *self.range, averaged)
        return None if parts is None else np.concatenate(parts)

    def _measure(self, points: np.ndarray, keys: set[str]) -> dict[str, float]:
        """The values of `keys`, and of what comes with them."""
        real = self.training[self.sides.reference]
        values: dict[str, float] = {}
        if "copied" in keys:
            distances = metrics.nearest_neighbours(points, self.training)[1][:, 0]
            values["copied"] = metrics.data_copying(distances, self.left_out, LEVEL).copied
        if "energy" in keys:
            values["energy"] = metrics.energy_distance(points, real, unbiased=True)
        if keys & {"precision", "recall"}:
            values["precision"], values["recall"] = metrics.precision_recall(real, points)
        if keys & {"density", "coverage"}:
            values["density"], values["coverage"] = metrics.density_coverage(real, points)
        if "diversity" in keys:
            values["diversity"] = min(1.0, mean_distance(points) / self.spread) if self.spread else 1.0
        return values

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of other real images, of the same if a generator had learnt them by heart, and of bad generators."""
        images = self.dataset.pixels[self.sides.others]
        copies = self.report(images)
        share = metrics.data_copying(self.left_out, self.left_out, LEVEL).copied
        bad = {
            "uniform noise": uniform_noise(images.shape, np.random.default_rng(0)),
            "one image repeated": one_repeated(images),
            "blurred real images": blurred(images),
        }
        rows = {"real images": {**copies, "copied": share}, "learnt by heart": copies}
        return rows | {name: self.report(pixels) for name, pixels in bad.items()}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        lines = [
            f"n = {self.n} images in each row, against as many training images; copied is asked of all",
            f"images are compared by {self.extractor}, in brightness from 0 to 1: composition and colour, no detail",
            "a classifier of the classes, or Inception features, see more: --classifier FILE.npz, or --features",
        ]
        twins = float((self.left_out == 0).mean())
        if twins:
            lines.insert(1, f"{twins:.1%} of the training images have an equal among them")
        return lines


def most(dataset: Images) -> int:
    """How many images can be judged at a time."""
    return min(N, len(dataset) // 2)


def mean_distance(points: np.ndarray) -> float:
    """``E|X - X'|`` of two different points of a set (n, d), n > 1; 0 of a single point."""
    return sum_of_distances(points, points) / max(1, len(points) * (len(points) - 1))
