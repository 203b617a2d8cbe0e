"""Mistakes in a formula: a number, or a factor for each place, that is there too often or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import log, log10, prod
from re import sub

import numpy as np

from tinygan.testing.evidence import CLOSE, Evidence, Found, axis_sets, in_words, same, unit

# Of x or y, each its own name; eval turns these texts, and no others, into numbers.
FORMULAS = """u; 2 * u; -u; 1 - u; 1 + u; u ** 2; 3 * u ** 2; -u ** 2; 1 - u ** 2; 1 + u ** 2; sqrt(1 - u ** 2);
u * (1 - u); u * (1 + u); 1 / u; 1 / u ** 2; -1 / u ** 2; 1 / (2 * u); 1 / (1 + u ** 2); 1 / sqrt(1 - u ** 2);
exp(u); exp(-u); log(u); sqrt(u); 1 / (2 * sqrt(u)); sin(u); cos(u); tanh(u); sign(u); abs(u); 1 / (1 + exp(-u));
1 / (1 + exp(u))"""
POWERS = {
    1: "is there once too often, or one division by it is missing",
    -1: "is missing, or there is one division by it too many",
    2: "is there twice too often, or the divisions by it are missing",
    -2: "is missing twice, or the divisions by it are too many",
    0.5: "has its square root once too often",
    -0.5: "lacks its square root",
}


def factor(e: Evidence) -> Found:
    """The right gradient times one number, and what that number is."""
    place, gy, _, gx = e.trials[0]
    c = _ratio(e, place, gy, gx)
    if not e.holds(lambda at, gy, v: c * e.slope(gy, v, at)):
        return None
    start, size = f"{e.gx} is {_number(c)} times the right one", max(abs(c), abs(1 / c))
    if abs(c + 1) < CLOSE:
        return "sign", f"{start}: the sign is wrong"
    lengths = _followed(e, c)
    rest = c / prod(float(n) ** p for n, p, _ in lengths)
    if lengths and any(abs(rest - r) < CLOSE for r in (1, -1, 2, 0.5)):  # not the student's own constant
        words = " and ".join(f"{'divided' if p < 0 else 'multiplied'} by {n}, {what}" for n, p, what in lengths)
        return "factor", f"{start}: {words}, once too often" + f" (and by {_number(rest)})" * (abs(rest - 1) > CLOSE)
    if abs(c - 0.5) < CLOSE and same(e.problem.value_at(e.put(2 * e.x)), 4 * e.y):
        return "overwritten", f"{start}: if {e.name} is used twice, add both contributions; or a factor 2 is missing"
    if 0 < c < 1 and abs(log10(c) - round(log10(c))) < CLOSE:
        return "factor", f"{start}: a learning rate (or another constant) does not belong into a gradient"
    arrays = zip([*e.problem.names, "the output"], [*e.arrays, e.y], strict=True)
    some = [(name, axes, a.shape) for name, a in arrays for axes in axis_sets(a.shape)]
    fits = [_length(e, *one) for one in some if abs(prod(one[2][i] for i in one[1]) - size) < CLOSE * size]
    also = f"; {round(size)} is {', or '.join(fits[:2])}" if fits else ""
    return "factor", f"{start}: the constant factor {_number(1 / c)} is missing{also}"


def formula(e: Evidence) -> Found:
    """The derivative of another function; or, place by place, a factor too much or too little."""
    places, got = [e, e.at(e.trials[-1][0])], None
    if all(p.elementwise for p in places):
        got, want = (
            _named(places, [np.diag(getattr(p, side)).reshape(e.x.shape) for p in places])
            for side in ("claimed", "true")
        )
        if got and want:
            return "formula", f"{e.gx} is gy * ({got}); the derivative of this function is gy * ({want})"
    for axis, (power, words) in product((0, 1), POWERS.items()):
        ratios = [_ratios(p, axis) for p in places]
        positive = abs(power) == 1 or all((r >= 0).all() for r in ratios)  # the square of -1 tells nothing
        name = _named(places, [r ** (1 / power) for r in ratios], axis) if positive else None
        if name and "1 /" not in name:  # that is the other power of a simpler name
            return "scaled", f"in {e.gx} the factor {name} {words}"
    return ("formula", f"{e.gx} is gy * ({got}), which is not the derivative of this function") if got else None


def _ratio(e: Evidence, place: list, gy: np.ndarray, gx: np.ndarray) -> float:
    return float(np.sum(gx * unit(gx)) / e.slope(gy, unit(gx), place))


def _followed(e: Evidence, c: float) -> list[tuple[int, int, str]]:
    """The axes whose lengths the factor follows when an input, or all that share it, get one row less."""
    found: dict[tuple, tuple[int, int, str]] = {}
    for j, axis, n in [(j, axis, n) for j, x in enumerate(e.arrays) for axis, n in enumerate(x.shape) if n > 1]:
        sharing = [i for i, x in enumerate(e.arrays) if x.ndim > axis and x.shape[axis] == n]
        for some in ((j,), tuple(sharing)):
            try:
                place = [np.delete(x, -1, axis) if i in some else x for i, x in enumerate(e.arrays)]
                gy = np.asarray(e.rng.normal(size=e.problem.value_at(place).shape))
                power = log(abs(_ratio(e, place, gy, e.claim(gy, place)) / c)) / log((n - 1) / n)
            except Exception:  # the sizes do not fit, or the student's code knows them
                continue
            if abs(abs(power) - 1) < 1e-5:
                what = _length(e, e.problem.names[j], (axis,), e.arrays[j].shape)
                found.setdefault((some, axis), (n, round(power), what))
            break
    return list(found.values())


def _length(e: Evidence, name: str, axes: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if axes == (0,) and name == e.problem.names[0] and len(shape) > 1:
        return f"the length of axis 0 of {name} (the batch)"
    every = len(axes) == sum(n > 1 for n in shape)
    return f"the number of elements of {name}" if every else f"the length of {in_words(axes)} of {name}"


def _ratios(e: Evidence, axis: int) -> np.ndarray:
    """claimed = true * ratios, for each number of x (axis 0) or of y (1); NaN if that is not so."""
    square = (e.true * e.true).sum(axis)
    r = np.where(square > 0, (e.claimed * e.true).sum(axis) / square, 1.0)
    fits = same(e.claimed, e.true * np.expand_dims(r, axis))
    return (r if fits else np.full_like(r, np.nan)).reshape((e.x, e.y)[axis].shape)


def _named(places: list[Evidence], wanted: list[np.ndarray], axis: int = 0) -> str | None:
    """A formula, an input or a statistic that has the wanted values at each place."""
    columns = zip(*(_quantities(p, (p.x, p.y)[axis].shape) for p in places), strict=True)
    for column in columns:
        if all(same(np.broadcast_to(v, w.shape), w) for (_, v), w in zip(column, wanted, strict=True)):
            return column[0][0]
    return None


def _quantities(e: Evidence, shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    known = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sign", "abs")}
    for text in FORMULAS.split(";"):
        for name, u in ((name, u) for name, u in (("y", e.y), (e.name, e.x)) if u.shape == shape):
            yield sub(r"\bu\b", name, text.strip()), eval(text.strip(), {**known, "u": u})
    for j, name in e.others():
        small = e.arrays[j].shape[::-1]
        if len(small) <= len(shape) and all(n in (1, m) for n, m in zip(small, shape[::-1], strict=False)):
            yield from ((name, e.arrays[j]), (f"1 / {name}", 1 / e.arrays[j]))
    if e.x.shape == shape == e.y.shape:
        yield f"y / {e.name}", e.y / e.x
    if e.x.shape != shape:
        return
    yield "'number of contributions'", np.maximum(1.0, (e.true != 0).sum(0).reshape(shape))
    for axes in axis_sets(shape):
        words = f"of {e.name} over {in_words(axes)}"
        yield f"norm {words}", np.sqrt((e.x**2).sum(axes, keepdims=True))
        for eps in (0, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3):
            yield f"sqrt(variance + {eps:g}) {words}", np.sqrt(e.x.var(axes, keepdims=True) + eps)


def _number(c: float) -> str:
    """4, 1/784, 3/2, 0.3712."""
    for most in (1, 100):
        fraction = Fraction(c).limit_denominator(most) if abs(c) > 0.1 else 1 / Fraction(round(1 / c))
        if abs(fraction - c) < CLOSE * abs(c):
            return str(fraction)
    return f"{c:.6g}"
