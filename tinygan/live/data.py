"""What the laboratory can learn: points in the plane, some of them drawn by hand, or numbers on a line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tinygan.data import Mixture, Points, grid, ring

Stroke: TypeAlias = Sequence[tuple[float, float]]

CANVAS = 1.6  # half of the side of the square in which one draws
SMILE: tuple[Stroke, ...] = (
    tuple((float(np.sin(a)), 0.1 - float(np.cos(a))) for a in np.linspace(-1.1, 1.1, 12)),
    ((-0.5, 0.4), (-0.5, 0.7)),
    ((0.5, 0.4), (0.5, 0.7)),
)
PEN = 0.04  # standard deviation of the points beside a line that was drawn


@dataclass(frozen=True)
class Shape:
    """Points from a function of (n, rng), with the interface that `Points` asks for."""

    draw: Callable[[int, np.random.Generator], np.ndarray]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n, 2) float."""
        return self.draw(n, rng)


@dataclass(frozen=True, eq=False)
class Field(Points):
    """Points in the square in which one draws."""

    def extent(self) -> tuple[float, float, float, float]:
        """The square, whatever lies in it."""
        return -CANVAS, CANVAS, -CANVAS, CANVAS


def moons(n: int, rng: np.random.Generator) -> np.ndarray:
    """Two half circles that reach into each other."""
    angle, second = np.pi * rng.random(n), rng.random(n) < 0.5
    x = np.where(second, 0.5 - np.cos(angle), np.cos(angle) - 0.5)
    y = np.where(second, 0.25 - np.sin(angle), np.sin(angle) - 0.25)
    return 0.85 * np.stack([x, y], axis=1) + 0.05 * rng.standard_normal((n, 2))


def spiral(n: int, rng: np.random.Generator) -> np.ndarray:
    """A turn and a half around the origin, as dense near the middle as outside."""
    way = np.sqrt(rng.random(n))  # the length of the spiral grows with the square of its angle
    angle = 3 * np.pi * way
    return np.stack([way * np.cos(angle), way * np.sin(angle)], axis=1) * 1.2 + 0.04 * rng.standard_normal((n, 2))


def digit(figure: int) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Points evenly spread over the shape of a digit, 2.4 units tall."""
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), str(figure), size=1)
    low, high = outline.vertices.min(axis=0), outline.vertices.max(axis=0)
    path = Path((outline.vertices - (low + high) / 2) * 2.4 / (high - low)[1], outline.codes)
    half = (high - low) * 1.2 / (high - low)[1]

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        found = np.empty((0, 2))
        while len(found) < n:
            tried = rng.uniform(-half, half, (4 * n, 2))
            found = np.concatenate([found, tried[path.contains_points(tried)]])
        return found[:n]

    return draw


def drawn(strokes: Sequence[Stroke]) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Points along the lines that were drawn, the same number on each unit of length, `PEN` beside them."""
    corners = [np.asarray(stroke, dtype=np.float64).reshape(-1, 2) for stroke in strokes]
    corners = [each[[0, 0]] if len(each) == 1 else each for each in corners if len(each)]  # a dot is a short line
    starts, ends = (np.concatenate([each[part] for each in corners]) for part in (slice(None, -1), slice(1, None)))
    lengths = np.hypot(*(ends - starts).T) + 1e-3
    share = lengths / lengths.sum()

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        piece, way = rng.choice(len(share), size=n, p=share), rng.random((n, 1))
        return starts[piece] + way * (ends - starts)[piece] + PEN * rng.standard_normal((n, 2))

    return draw


@dataclass(frozen=True, eq=False)
class Line:
    """Gaussians of equal weight on a line: data whose density can be drawn, with the interface of `Mixture`."""

    name: str
    means: np.ndarray
    sigma: float

    sample_shape: tuple[int, ...] = (1,)
    labels: None = None
    notes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change with any mean or sigma."""
        return hashlib.blake2b(np.append(self.means.ravel(), self.sigma).tobytes(), digest_size=16).hexdigest()

    def extent(self) -> tuple[float, float]:
        """(left, right) of the part of the line to show."""
        return float(self.means.min()) - 1.0, float(self.means.max()) + 1.0

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n, 1) float32."""
        modes = rng.integers(len(self.means), size=n)
        return (self.means[modes] + self.sigma * rng.standard_normal((n, 1))).astype(np.float32)

    def density(self, x: np.ndarray) -> np.ndarray:
        """p(x) = 1/K sum_k N(x; means[k], sigma^2), for x (n,)."""
        return gaussians(x, self.means.ravel(), self.sigma)

    def describe(self) -> str:
        """What it is, in one line."""
        return f"{self.name}: {len(self.means)} Gaussians on a line, standard deviation {self.sigma:g}"


def gaussians(x: np.ndarray, centres: np.ndarray, sigma: float) -> np.ndarray:
    """The density of Gaussians of equal weight at x (n,)."""
    z = (x[:, None] - centres) / sigma
    density: np.ndarray = np.exp(-0.5 * z * z).mean(axis=1) / (sigma * np.sqrt(2 * np.pi))
    return density


DATA: dict[str, str] = {
    "ring": "ring: eight clouds",
    "grid": "grid: nine clouds",
    "moons": "two moons",
    "spiral": "spiral",
    "digit": "a digit's shape",
    "drawn": "draw it yourself",
    "line": "one dimension: three hills",
}


def make(name: str, figure: int = 3, strokes: Sequence[Stroke] = ()) -> Mixture | Points | Any:
    """The data of that name.

    Parameters
    ----------
    name : str
        One of `DATA`.
    figure : int
        The digit, for "digit".
    strokes : sequence of sequences of (x, y)
        The lines, for "drawn"; without any, an example.
    """
    if name == "ring":
        return ring(sigma=0.08)
    if name == "grid":
        return grid(side=3, spacing=1.0, sigma=0.08)
    if name == "line":
        return Line("line", np.array([[-1.5], [0.0], [1.5]]), 0.25)
    shapes = {"moons": lambda: moons, "spiral": lambda: spiral, "digit": lambda: digit(figure)}
    return Field(name, Shape(shapes.get(name, lambda: drawn(strokes or SMILE))()))
