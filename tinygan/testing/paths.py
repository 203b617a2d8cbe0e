"""Supposed mistakes: a path from x to y that is missing, or a term of the gradient."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any

import numpy as np

from tinygan.testing.problem import CLOSE, Evidence, Function, axis_sets, in_figures, in_words, unit

Rows = Iterator[tuple[str, str, Function]]


def without(v: np.ndarray, u: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """v without its part along u, taken along these axes; NaN where one number of u outweighs all others."""
    size = (u * u).sum(axes, keepdims=True)
    if (np.abs(u).max(axes) > (1 - 1e-8) * np.sqrt(size.squeeze(axes))).any():
        return np.full_like(v, np.nan)
    return v - u * (u * v).sum(axes, keepdims=True) / size


def missing_path(e: Evidence) -> Rows:
    """A path through a mean, a variance, a norm or a sum is missing: then the error lies along its own slope."""
    mean, variance = (lambda x, axes: x**0), (lambda x, axes: x - x.mean(axes, keepdims=True))
    exp = lambda x, axes: np.exp(x - x.max(axes, keepdims=True))
    paths = {"mean or sum": [mean], "variance": [variance], "norm": [lambda x, axes: x], "sum of exp": [exp]}
    paths["mean and variance"] = [mean, variance]  # the last: two directions explain more than one does

    def corrected(axes: Any, slopes: Any, at: Any, gy: np.ndarray, v: np.ndarray) -> Any:
        across = v
        for slope in slopes:
            across = without(across, slope(at[e.k], axes), axes)
        return e.claimed(at, gy, v - across) + e.true(at, gy, across)

    for axes, (path, slopes) in product(axis_sets(e.x.shape)[::-1], paths.items()):
        # In fewer numbers every error would fit, and in the gradient of a single number too many do.
        if prod(e.x.shape[i] for i in axes) > len(slopes) + 1 and (e.y.size > 1 or path == "sum of exp"):
            words = f"{e.gx} lacks the path through the {path} along {in_words(axes)}, or has it wrong"
            yield f"{path.split()[0]} path", words, partial(corrected, axes, slopes)


def path_of_gy(e: Evidence) -> Rows:
    """Only a sum of gy, or of gy times something, is wrong: then a gy in which that sum is 0 has the right gradient."""
    of: dict[str, Function] = {"gy": lambda at: np.ones_like(e.y), "gy * y": e.problem.value_at}
    if e.x.shape == e.y.shape:
        of |= {f"gy * {n}": itemgetter(j) for j, n in enumerate(e.problem.names) if at_shape(e, j)}

    def corrected(weight: Function, axes: Any, at: Any, gy: np.ndarray, v: np.ndarray) -> Any:
        rest = without(gy, weight(at), axes)
        right = e.true(at, rest, v)
        if abs(right) < 1e3 * CLOSE * abs(e.true(at, gy, v)):  # that sum is all there is: it says nothing
            return np.nan
        return e.claimed(at, gy - rest, v) + right

    for axes, (text, weight) in product(axis_sets(e.y.shape), of.items()):
        if prod(e.y.shape[i] for i in axes) > 2 and e.x.size > 1:
            words = f"{e.gx} is right where the sum of {text} along {in_words(axes)} is 0: the term with it is wrong"
            yield "sum path", words, partial(corrected, weight, axes)


def at_shape(e: Evidence, j: int) -> bool:
    return e.here[j].shape == e.y.shape


def addend(e: Evidence) -> Rows:
    """gy itself, or gy times an array, is a term too few or too many: a skip connection, one of two paths."""
    of: dict[str, Function] = {"gy": lambda at: 1.0, "gy * y": e.problem.value_at}
    of |= {f"gy * {n}": itemgetter(j) for j, n in enumerate(e.problem.names) if at_shape(e, j)}
    at, gy, v, _ = e.trials[0]
    if e.x.shape != e.y.shape or e.holds(lambda at, gy, v: 0.0, of=e.true):  # all is too much where 0 is right
        return
    for text, weight in of.items():
        term = lambda at, gy, v, weight=weight: np.sum(gy * weight(at) * v)
        c = (e.claimed(at, gy, v) - e.true(at, gy, v)) / term(at, gy, v)
        what = f"{in_figures(abs(c))} {text}".removeprefix("1 ")
        words = f"{e.gx} lacks the term {what}" if c < 0 else f"{e.gx} has a term {what} too many"
        yield "addend", words, lambda *place, c=c, term=term: e.true(*place) + c * term(*place)


def row_space(e: Evidence) -> Rows:
    """A matrix that is used twice lacks one of the two terms, ``a.T @ (...)``: its error then lies in a's row space."""
    if e.x.ndim != 2:
        return
    arrays: dict[str, Function] = {
        n: partial(lambda j, at, gy: at[j], j) for j, n in enumerate(e.problem.names) if j != e.k
    }
    arrays["gy"] = lambda at, gy: gy
    for (n, pick), side in product(arrays.items(), (0, 1)):
        a = pick(e.here, e.trials[0][1])
        if a.ndim == 2 and a.shape[1] == e.x.shape[side] > len(a) + 1:

            def parts(at: Any, gy: np.ndarray, v: np.ndarray, pick: Any = pick, side: int = side) -> tuple[Any, Any]:
                """v inside a's row space, and the rest."""
                a = pick(at, gy)
                inside = np.linalg.pinv(a) @ a
                inside = inside @ v if side == 0 else v @ inside
                return inside, v - inside

            def corrected(at: Any, gy: np.ndarray, v: np.ndarray, parts: Any = parts) -> Any:
                inside, rest = parts(at, gy, v)
                return e.claimed(at, gy, inside) + e.true(at, gy, rest)

            at, gy, v, gx = e.trials[0]
            rest = unit(parts(at, gy, v)[1])
            if abs(e.true(at, gy, rest)) > 100 * CLOSE * np.linalg.norm(gx):  # else any wrong one would fit
                term = f"{n}.T @ (...)" if side == 0 else f"(...) @ {n}"
                words = f"{e.gx} is right but for a term {term}: is {e.name} used twice, and a path missing?"
                yield "overwritten", words, corrected
