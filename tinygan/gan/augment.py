"""Differentiable augmentation: with few images, D sees each of them changed a little, differently each time.

A D that sees the same few images again and again remembers each of them, and then no longer tells G anything.
Augmenting the real images alone would not do: G would learn to make augmented ones. So D judges T(x) for real images
and T(G(z)) for fakes, in both networks' steps. T is random, and differentiable, because G's gradient comes through it.

==========  ===========================================================================================================
brightness  a number in [-0.5, 0.5] is added to the image
color       brightness; then the colours are made 0 to 2 times as strong, then the contrast 0.5 to 1.5 times as large
shift       the image is moved by up to an eighth of its size, up or down and left or right (the paper's "translation")
cutout      a window of half the image's height and width is cut out, somewhere, partly outside at times
==========  ===========================================================================================================

These numbers are of images in [-1, 1], as in the paper; other ranges are brought to it and back. What is moved in or
cut out is 0 there: the middle of the range.

Source: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020, section 3.2, and the
strengths of the authors' code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tinygan.autograd import Op, Tensor, draw
from tinygan.autograd.kinks import masked
from tinygan.autograd.op import Gradients
from tinygan.backend.base import Array
from tinygan.words import short

Change: TypeAlias = "Callable[[Tensor, np.random.Generator], Tensor]"

SHIFT = 0.125  # of the image's size, at most
CUT = 0.5  # of the image's size


@dataclass(frozen=True)
class Augment:
    """T: images (N, H, W, C) -> images of the same shape, each changed by random numbers of its own.

    Parameters
    ----------
    policy : str
        Names of `POLICIES` joined by "+", applied in this order: "color+shift+cutout" is the paper's.
    low, high : float
        The range of the images, which is that of G's last activation. Augmented ones may leave it.

    Raises
    ------
    ValueError
        If a name is unknown, or `low` is not below `high`; when called, if the images do not have four axes.

    Examples
    --------
    >>> images = Tensor(np.zeros((64, 28, 28, 1), np.float32))
    >>> augment = Augment("brightness+shift", 0, 1)
    >>> augment(images, np.random.default_rng(0)).shape
    (64, 28, 28, 1)
    """

    policy: str
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.policy.split("+") if name not in POLICIES]
        if unknown:
            raise ValueError(f"augment knows {', '.join(POLICIES)}, joined by +, but not {short(unknown[0])}")
        if not self.low < self.high:
            raise ValueError(f"the images' range must have low below high, not {self.low} and {self.high}")

    def __call__(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        if images.ndim != 4:
            raise ValueError(f"augment {self.policy} needs images (N, H, W, C), not samples of shape {images.shape}")
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        x = (images - middle) / half
        for name in self.policy.split("+"):
            for change in POLICIES[name]:
                x = change(x, rng)
        return x * half + middle


def brightness(x: Tensor, rng: np.random.Generator) -> Tensor:
    return x + (uniform(x, rng) - 0.5)


def saturation(x: Tensor, rng: np.random.Generator) -> Tensor:
    grey = x.mean(axis=3, keepdims=True)
    return grey + 2 * uniform(x, rng) * (x - grey)


def contrast(x: Tensor, rng: np.random.Generator) -> Tensor:
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return mean + (uniform(x, rng) + 0.5) * (x - mean)


def uniform(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A number in [0, 1) for each image: (N, 1, 1, 1)."""
    return draw(lambda: rng.random((len(x), 1, 1, 1), dtype=np.float32).astype(x.dtype))


def shift(x: Tensor, rng: np.random.Generator) -> Tensor:
    most = [int(SHIFT * size + 0.5) for size in x.shape[1:3]]

    def steps(most: int) -> Tensor:
        return draw(lambda: rng.integers(-most, most + 1, len(x)).astype(np.float32))

    return Shift(max(most))(x, *map(steps, most))


class Shift(Op):
    """y[n, i, j] = x[n, i - down_n, j - right_n], and 0 where that is outside of x; the gradient is shifted back.

    `down` and `right` are (N,) whole numbers, as floats, none longer than `most`.
    """

    def __init__(self, most: int):
        self.most = most

    def forward(self, xp: Any, x: Array, down: Array, right: Array) -> Array:
        n, height, width, _ = x.shape
        down, right, border = down.astype(np.int64), right.astype(np.int64), self.most
        image = xp.arange(n)[:, None, None]
        row = (xp.arange(height) - down[:, None] + border)[:, :, None]
        column = (xp.arange(width) - right[:, None] + border)[:, None, :]
        roomy = xp.pad(x, ((0, 0), (border, border), (border, border), (0, 0)), mode="constant")
        return roomy[image, row, column]

    def backward(self, gy: Tensor, y: Tensor, x: Tensor, down: Tensor, right: Tensor) -> Gradients:
        return Shift(self.most)(gy, -down, -right), None, None


def cutout(x: Tensor, rng: np.random.Generator) -> Tensor:
    height, width = x.shape[1:3]
    rows = draw(lambda: window(height, len(x), rng)[:, :, None, None].astype(np.float32))
    columns = draw(lambda: window(width, len(x), rng)[:, None, :, None].astype(np.float32))
    return masked(x, 1 - rows * columns)


def window(size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """n windows along an axis: (n, size) booleans, true on a run of CUT * size, less where it sticks out."""
    length = int(CUT * size + 0.5)
    start = rng.integers(0, size + 1 - length % 2, (n, 1)) - length // 2
    return (np.arange(size) >= start) & (np.arange(size) < start + length)


POLICIES: dict[str, tuple[Change, ...]] = {
    "brightness": (brightness,),
    "color": (brightness, saturation, contrast),
    "shift": (shift,),
    "cutout": (cutout,),
}
