"""The numeric side: how fast a function changes along a line, and whether it has a kink there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

EPS = float(np.finfo(np.float64).eps)
CLOSER = 8  # the second look at a suspicious place takes a step this much smaller


@dataclass(frozen=True)
class Settings:
    """Step `h` of the differences, and how far they may lie from the analytic gradient."""

    h: float = 1e-5
    rtol: float = 1e-5
    atol: float = 1e-7


@dataclass(frozen=True)
class Slope:
    """The slope of ``sum(f * gy)`` at one place along one line.

    `numeric` is the centred difference, `left` and `right` the one-sided ones, `allowed` the error
    that an analytic slope may have, and `kink` says that left and right differ: there is no slope.
    """

    numeric: float
    allowed: float
    left: float
    right: float
    kink: bool

    def agrees(self, analytic: float) -> bool:
        return bool(abs(analytic - self.numeric) <= self.allowed)  # False for NaN, too


def slope_along(
    line: Callable[[float], np.ndarray],
    gy: np.ndarray,
    analytic: float,
    settings: Settings,
    size: float = 1.0,
) -> Slope:
    """Measure the slope of ``sum(line(t) * gy)`` at t = 0, and look closer where that is doubtful.

    The centred difference ``(f(h) - f(-h)) / 2h`` has an error of order h^2, and means nothing at
    a kink. The gap between the two one-sided slopes tells which: it is ``h f''`` for a smooth
    function, however curved, and the jump of the slope at a kink. So if the gap is wide, or the
    analytic slope is off, both are measured again at h / 8 and extrapolated to h = 0 (Richardson):
    what remains of the gap then is the jump, and the slope's error falls to order h^4.

    Parameters
    ----------
    line : function of a number
        ``line(t)`` is f's output (any shape) after a step t.
    gy : ndarray
        The upstream gradient, of that shape.
    analytic : float
        The slope to compare with. It decides how close to look, not what is found there.
    settings : Settings
    size : float
        Magnitude of the numbers that are moved: with it, and with f's, the rounding error grows.
    """
    y = line(0.0)

    def one_sided(h: float) -> tuple[float, float, float]:
        up, down = line(h) - y, y - line(-h)
        right, left = float(np.sum(up * gy)) / h, float(np.sum(down * gy)) / h
        scale = float(np.linalg.norm(y * gy)) + size * max(abs(left), abs(right))
        return left, right, 10 * EPS * scale / h

    def allowed(numeric: float, noise: float) -> float:
        return settings.atol + settings.rtol * abs(numeric) + noise

    left, right, noise = one_sided(settings.h)
    numeric = (left + right) / 2
    coarse = Slope(numeric, allowed(numeric, noise), left, right, kink=False)
    gap = right - left
    if coarse.agrees(analytic) and abs(gap) <= 1e-3 * max(abs(left), abs(right)) + noise:
        return coarse

    left, right, noise = one_sided(settings.h / CLOSER)
    fine = (left + right) / 2
    limit = allowed(fine, noise)
    jump = (CLOSER * (right - left) - gap) / (CLOSER - 1)
    kink = not abs(jump) <= 2 * limit + 2 * noise  # NaN is the edge of f's domain: no slope either
    # Where f itself jumps, or is vertical, the slope grows without end as the step shrinks.
    kink = kink or abs(fine) > 2 * abs(numeric) + 2 * limit
    return Slope(numeric + (fine - numeric) / (1 - CLOSER**-2), limit, left, right, kink)


def unit(a: np.ndarray) -> np.ndarray:
    """The direction of an array: the array with length 1."""
    return np.asarray(a) / np.linalg.norm(a)


def chosen_coordinates(
    shape: tuple[int, ...], everything: bool, rng: np.random.Generator, at_least: int = 24
) -> list[tuple[int, ...]]:
    """The coordinates to check: all, or `at_least` drawn ones with both ends of each axis.

    Mistakes sit at the ends: a dropped row, a border of a convolution, the last odd batch.
    """
    size = int(np.prod(shape))
    if everything or size <= at_least:
        return list(np.ndindex(shape))
    last = [n - 1 for n in shape]
    chosen = {(0,) * len(shape), tuple(last)}
    for axis, end in product(range(len(shape)), (0, 1)):
        index = [int(rng.integers(n)) for n in shape]
        index[axis] = last[axis] * end
        chosen.add(tuple(index))
    while len(chosen) < at_least:
        chosen.add(tuple(int(rng.integers(n)) for n in shape))
    return sorted(chosen)
