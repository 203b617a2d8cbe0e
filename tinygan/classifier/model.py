"""The network, and what it says about images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tinygan.autograd import Tensor, no_grad, ops
from tinygan.backend import backend_of, to_numpy
from tinygan.classifier.errors import ClassifierError
from tinygan.data import from_range, to_range
from tinygan.nn import BatchNorm, Conv2D, Dense, Dropout, Flatten, Module, ReLU, Sequential, init

if TYPE_CHECKING:
    from tinygan.classifier.weights import Record

DATA = ("mnist", "digits")  # what there are classifiers for
SHAPE = (28, 28, 1)  # of one of their images
CLASSES = 10
SMALLEST = 4  # pixels: down to this the convolutions halve an image
FEATURES = 64
NUMBERS = 2**22  # in a batch of large images: 16 MiB, and some tenfold of it in the first layers
SLACK = 0.01  # of the range: how far rounding (or a generator without a last activation) may leave it


class Classifier(Module):
    """A convolutional network that tells K classes of images apart: (H, W, C) -> K logits.

    Convolutions that halve the image until 4 x 4 pixels are left or less (5 x 5 to 32 channels, then 3 x 3 to 64: three
    of them for 28 x 28), each with BatchNorm and ReLU; then two Dense layers with the features between them. Make one
    with `build`, `tinygan.classifier.load` or `tinygan.classifier.train`.

    `probabilities`, `features` and `outputs` take bytes (0..255) as they are, and floating-point numbers with the range
    they are meant to lie in: ``low=0, high=1`` unless said otherwise, and ``low=-1, high=1`` for a generator that ends
    in tanh. They run in evaluation mode and leave the mode as it was.

    Attributes
    ----------
    body : Sequential
        Images (n, H, W, C) in [0, 1] -> features (n, 64).
    head : Dense
        Features -> logits (n, K).
    shape : tuple of int
        (H, W, C) of one image.
    record : Record or None
        What its weight file says: data, test accuracy, names of the classes, checksum. None before it has been saved
        or loaded.
    """

    def __init__(self, body: Sequential, head: Dense, shape: tuple[int, ...] = SHAPE):
        self.body, self.head, self.shape = body, head, shape
        self.record: Record | None = None

    @classmethod
    def build(cls, rng: np.random.Generator, shape: tuple[int, ...] = SHAPE, classes: int = CLASSES) -> Classifier:
        """A fresh one for images of `shape` (H, W, C), with He's weights; `rng` also decides what Dropout drops."""
        he = init.he()
        layers: list[Module] = []
        height, width, inside = shape
        outside, kernel = 32, 5
        while not layers or max(height, width) > SMALLEST:
            # No bias: BatchNorm would take it away again.
            layers += [Conv2D(inside, outside, kernel, stride=2, padding="same", bias=False, init=he, rng=rng)]
            layers += [BatchNorm(outside), ReLU()]
            height, width, inside = -(-height // 2), -(-width // 2), outside
            outside, kernel = 64, 3
        flat = height * width * inside
        layers += [Flatten(), Dropout(0.3, rng), Dense(flat, FEATURES, bias=False, init=he, rng=rng)]
        # Without this BatchNorm a fifth of the features fell silent in training: their units never left 0 again.
        layers += [BatchNorm(FEATURES), ReLU()]
        return cls(Sequential(*layers), Dense(FEATURES, classes, rng=rng), shape)

    @property
    def classes(self) -> int:
        """K, how many classes it tells apart."""
        return int(self.head.W.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, H, W, C) in [0, 1] -> logits (n, K)."""
        return self.head(self.body(x))

    def probabilities(self, images: np.ndarray, low: float = 0.0, high: float = 1.0, batch: int = 250) -> np.ndarray:
        """How likely each class is: the softmax of the logits.

        Parameters
        ----------
        images : array (n, H, W, C), uint8 or floating
        low, high : float
            What is black and what is white in floating-point images; bytes do not need it.
        batch : int
            Images looked at together, fewer of large ones; it bounds the memory and changes no result beyond rounding.

        Returns
        -------
        ndarray (n, K), float32
            Rows of sum 1; column k belongs to class k.

        Raises
        ------
        ClassifierError
            If the shape or dtype is another, a number is not finite, or one lies more than 1 % outside [low, high].
        """
        (p,) = self._each(images, low, high, batch, lambda x: (self._softmax(self.body(x)),))
        return p

    def features(self, images: np.ndarray, low: float = 0.0, high: float = 1.0, batch: int = 250) -> np.ndarray:
        """What the last layer sees, (n, 64) float32, none negative. Parameters and errors as `probabilities`."""
        (f,) = self._each(images, low, high, batch, lambda x: (self.body(x),))
        return f

    def outputs(
        self, images: np.ndarray, low: float = 0.0, high: float = 1.0, batch: int = 250
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both, (probabilities, features), for the price of one. Parameters and errors as `probabilities`."""

        def both(x: Tensor) -> tuple[Tensor, Tensor]:
            f = self.body(x)
            return self._softmax(f), f

        p, f = self._each(images, low, high, batch, both)
        return p, f

    def _softmax(self, features: Tensor) -> Tensor:
        return ops.softmax(self.head(features))

    def _each(
        self, images: np.ndarray, low: float, high: float, batch: int, look: Callable[[Tensor], tuple[Tensor, ...]]
    ) -> list[np.ndarray]:
        """Each result of `look` for all images, which it is shown batch by batch."""
        images = to_numpy(images)
        check(images, self.shape, low, high)
        batch = max(1, min(batch, NUMBERS // images[0].size))
        backend, parts = backend_of(self.head.W.data), []
        with self.evaluating(), no_grad():
            for i in range(0, len(images), batch):
                x = unit_range(images[i : i + batch], low, high)
                parts.append([to_numpy(y) for y in look(Tensor._wrap(backend.asarray(x)))])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]


def check(images: np.ndarray, shape: tuple[int, ...], low: float, high: float) -> None:
    """Refuse what is no batch of images in the range: a wrong range would give wrong numbers in silence."""
    if images.ndim != 4 or images.shape[1:] != shape or len(images) == 0:
        sizes = ", ".join(map(str, shape))
        raise ClassifierError(f"the classifier looks at images of shape (n, {sizes}), n > 0, not {images.shape}")
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise ClassifierError(f"the classifier looks at bytes (uint8) or floating-point numbers, not {images.dtype}")
    if not low < high:
        raise ClassifierError(f"the range of the images must run upwards, not from {low:g} to {high:g}")
    least, most = float(images.min()), float(images.max())
    if not np.isfinite([least, most]).all():
        raise ClassifierError("the images hold numbers that are not finite (nan or inf)")
    slack = SLACK * (high - low)
    if least < low - slack or most > high + slack:
        raise ClassifierError(
            f"the images run from {least:.4g} to {most:.4g}, outside the given range [{low:g}, {high:g}]: "
            "say with low= and high= what is black and what is white"
        )


def unit_range(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """Bytes, or numbers in [low, high], to float32 in [0, 1]."""
    if images.dtype == np.uint8:
        return to_range(images, 0.0, 1.0)
    return from_range(images, low, high).astype(np.float32)
