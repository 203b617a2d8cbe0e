"""How much a function's results jump: what is computed in float32, and what differences cannot see."""

import numpy as np

from tinygan.testing.problem import EPS, Problem, unit

ROUGH = 1e-10  # float64 jumps by 1e-16 of its size, float32 by 1e-7


def rounding_of(p: Problem, gy: np.ndarray, h: float, rng: np.random.Generator) -> float:
    """By how much of their size f's results jump, if that is more than float64's rounding; else 0.

    A parabola is fitted to f along a short line. What it misses falls as the cube of the line's length if f is
    smooth, in proportion if there are kinks, and not at all if it is rounding.
    """
    directions = [[unit(rng.normal(size=p.arrays[k].shape)) for k in p.moved] for _ in range(3)]
    for width in (h, 30 * h, 1000 * h):  # float16 does not change within the first
        found = []
        for v in directions:
            (wide, _), (narrow, size) = missed(p, gy, v, width), missed(p, gy, v, width / 8)
            found.append(narrow / size if narrow > max(ROUGH * size, 0.3 * wide) else 0.0)
        if min(found) > 0:
            return max(found)
    return 0.0


def missed(p: Problem, gy: np.ndarray, v: list[np.ndarray], h: float) -> tuple[float, float]:
    """How much of f a parabola misses from -h to h along v, and how much there is."""
    ts, ys = np.linspace(-1, 1, 17), []
    for t in ts:
        moved = {
            k: p.arrays[k] + t * h * max(1.0, np.abs(p.arrays[k]).max()) * u for k, u in zip(p.moved, v, strict=True)
        }
        ys.append(np.ravel(p.value_at([moved.get(k, a) for k, a in enumerate(p.arrays)]) * gy))
    powers = np.vander(ts, 3)
    rest = ys - powers @ np.linalg.lstsq(powers, np.array(ys), rcond=None)[0]
    return float(np.linalg.norm(rest)), float(np.linalg.norm(ys))


def flat(p: Problem, k: int, gy: np.ndarray, h: float, rng: np.random.Generator) -> bool:
    """Whether f does not change with input k for larger steps, either: then a gradient of 0 is a true one."""
    line = p.line(k, unit(rng.normal(size=p.arrays[k].shape)), p.arrays)
    for step in h * 10.0 ** np.arange(1, 18):
        up, down = (line(t) * gy for t in (step, -step))
        noise = 10 * EPS * (max(np.linalg.norm(up), np.linalg.norm(down)) / step + np.linalg.norm(gy))
        slope = abs(float(np.sum(up - down))) / (2 * step)
        if slope > noise:
            return False
    return True
