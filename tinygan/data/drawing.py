"""A pen that fills smooth shapes in colour, and the mixing of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

Colour = tuple[float, float, float]  # red, green, blue from 0 to 255

TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
ALONG = -np.cos(np.linspace(0, np.pi, 15))  # from -1 to 1, denser at the ends: there a stroke is rounded
ARCH = 1 - ALONG**2  # from 0 up to 1 and back


class Pen:
    """Fills shapes on an image; the points of a shape are mapped to pixels by matrix @ point + origin.

    Parameters
    ----------
    image : PIL.Image.Image
        What to draw on. Pillow fills whole pixels: for smooth edges draw large and average down.
    matrix : ndarray, shape (2, 2)
        From the shape's own units to pixels; x runs to the right and y downwards.
    origin : ndarray, shape (2,)
        In pixels.
    """

    def __init__(self, image: Image.Image, matrix: np.ndarray, origin: np.ndarray) -> None:
        from PIL import ImageDraw  # here, as `import tinygan.data` must stay light

        self._draw = ImageDraw.Draw(image)
        self._matrix, self._origin = matrix.T, origin

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        """Fill the polygon with corners `points` (k, 2)."""
        self._draw.polygon((points @ self._matrix + self._origin).ravel().tolist(), fill=rgb(colour))

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill the ellipse around (x, y) with the half-axes rx and ry."""
        self.fill(CIRCLE * (rx, ry) + (x, y), colour)

    def stroke(self, x: np.ndarray, y: np.ndarray, width: float, colour: Colour) -> None:
        """Draw a line through the points (x, y), as many as ALONG has, rounded at both ends."""
        dx, dy = np.gradient(x), np.gradient(y)
        half = 0.5 * width * np.sqrt(1 - ALONG**6) / np.hypot(dx, dy)
        there = np.stack([x - dy * half, y + dx * half], axis=1)
        back = np.stack([x + dy * half, y - dx * half], axis=1)
        self.fill(np.concatenate([there, back[::-1]]), colour)


def rgb(colour: Colour) -> tuple[int, int, int]:
    """The colour in whole numbers, as Pillow wants it."""
    red, green, blue = colour
    return int(red), int(green), int(blue)


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """`a` with `part`, from 0 to 1, of `b` in it."""
    return (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]), a[2] + part * (b[2] - a[2]))


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, `factor` times as bright."""
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def lit(pixels: np.ndarray, light: tuple[float, float]) -> np.ndarray:
    """The picture with light falling on one place, so that it does not look flat.

    A pixel becomes 1.05 - 0.07 r^2 times as bright, r its distance from that place.

    Parameters
    ----------
    pixels : ndarray, shape (size, size, 3), uint8
    light : (x, y)
        Where the light falls; the picture reaches from -1 to 1.

    Returns
    -------
    ndarray, shape (size, size, 3), uint8
    """
    ticks = np.linspace(-1, 1, len(pixels), dtype=np.float32)
    squared = (ticks - light[0]) ** 2 + (ticks[:, np.newaxis] - light[1]) ** 2
    brighter = pixels * (1.05 - 0.07 * squared)[..., np.newaxis]
    return np.minimum(brighter + 0.5, 255).astype(np.uint8)  # rounded
