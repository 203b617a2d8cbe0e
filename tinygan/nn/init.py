"""Initial weights. Each initialiser is called as ``init(rng, shape, fan_in, fan_out) -> array``.

They are drawn on the host with `numpy.random.Generator`, so that one seed gives the same weights on every
backend. `fan_in` is how many numbers each output is a sum of, `fan_out` how many outputs an input goes to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from tinygan.given import finite_number

# In quotes, as NumPy loads its random numbers when they are first named: 25 ms of `import tinygan`.
Initialiser: TypeAlias = "Callable[[np.random.Generator, tuple[int, ...], int, int], np.ndarray]"


def normal(std: float = 0.02) -> Initialiser:
    """N(0, std^2); std 0.02 is DCGAN's (Radford et al., 2016)."""
    std = finite_number("the standard deviation of normal", std)

    def draw(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return (rng.standard_normal(shape) * std).astype(np.float32)

    return draw


def he(slope: float = 0.0) -> Initialiser:
    """N(0, 2 / ((1 + slope^2) fan_in)), for (leaky) ReLUs (He et al., 2015, eq. 15)."""
    slope = finite_number("the slope of he", slope, "be a finite number of at most 1e100", lambda s: abs(s) <= 1e100)

    def draw(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return (rng.standard_normal(shape) * np.sqrt(2.0 / ((1 + slope**2) * fan_in))).astype(np.float32)

    return draw


def glorot() -> Initialiser:
    """Uniform on +- sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 16)."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, shape).astype(np.float32)

    return draw


def zeros() -> Initialiser:
    """All zero, for biases."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.float32)

    return draw


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) of a matrix (in, out) or a kernel (k, in, out) or (kh, kw, in, out)."""
    area = int(np.prod(shape[:-2]))
    return area * shape[-2], area * shape[-1]
