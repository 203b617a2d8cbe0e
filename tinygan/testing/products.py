"""Supposed mistakes: a product of matrices with other factors, or in another order, than the right one."""

from collections.abc import Iterator
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from tinygan.testing.problem import CLOSE, LARGEST, Evidence, Function, in_figures, same

Rows = Iterator[tuple[str, str, Function]]
Factors = tuple[tuple[int, bool], ...]  # which array (-1: gy), and whether it is transposed
MOST = 4  # as many arrays, with gy, are combined


def product_of_matrices(e: Evidence) -> Rows:
    """The claimed gradient is a product of gy and inputs, and the right one another, or the sum of two."""
    found = list(candidates(e))
    slope = lambda factors: lambda at, gy, v: np.sum(value(factors, at, gy) * v)
    text = lambda factors: said(factors, e.problem.names, e.y.ndim)
    times = lambda c, factors: lambda at, gy, v: c * slope(factors)(at, gy, v)
    claimed = [(c, factors) for factors in found if e.holds(times(c := multiple(e, factors), factors))]
    if not claimed:
        return
    right = [text(factors) for factors in found if e.holds(slope(factors), of=e.true)]
    c, factors = claimed[0]
    this = text(factors) if abs(c - 1) < CLOSE else f"{in_figures(c)} {text(factors)}"
    for first, second in () if right else combinations(found, 2):
        if e.holds(lambda *p, f=first, g=second: slope(f)(*p) + slope(g)(*p), of=e.true):
            right.append(f"{text(first)} + {text(second)}")
            break
    if right:
        yield "product", f"{e.gx} is {this}, but the right one is {right[0]}", e.claimed


def hidden_factor(e: Evidence) -> Rows:
    """The right gradient is H @ a, for an input a and a matrix H inside of f (as in attention): H.T, or another input.

    Where a has no more rows than columns, H can be had from the right gradient: H = gx @ pinv(a).
    """
    if e.x.ndim != 2 or e.x.size > LARGEST:
        return
    alike = [j for j, a in enumerate(e.here) if a.ndim == 2 and a.shape[1] == e.x.shape[1] and len(a) <= a.shape[1]]
    name = lambda j: e.problem.names[j]
    for j in alike:
        for other, turn in product(alike, (False, True)):
            if (other, turn) == (j, False) or e.here[other].shape != e.here[j].shape:
                continue

            def slope(at: Any, gy: np.ndarray, v: np.ndarray, j: int = j, other: int = other, turn: bool = turn) -> Any:
                units = np.eye(e.x.size).reshape(e.x.size, *e.x.shape)
                right = np.array([e.true(at, gy, unit) for unit in units]).reshape(e.x.shape)
                hidden = right @ np.linalg.pinv(at[j])
                if not same(right, hidden @ at[j]):
                    return np.nan
                return np.sum(((hidden.T if turn else hidden) @ at[other]) * v)

            words = f"{e.gx} is {'H.T' if turn else 'H'} @ {name(other)}, but the right one is H @ {name(j)}"
            yield "product", f"{words}, for a matrix H inside of {e.problem.forward}", slope


def multiple(e: Evidence, factors: Factors) -> float:
    """The claimed slope in units of the product's."""
    at, gy, v, gx = e.trials[0]
    return float(np.sum(gx * v) / np.sum(value(factors, at, gy) * v))


def candidates(e: Evidence) -> Iterator[Factors]:
    """Products of x's shape that hold gy once, and up to two inputs."""
    arrays = [j for j, a in enumerate(e.here) if 0 < a.ndim <= 3 and a.dtype.kind == "f"][: MOST - 1]
    gy = e.trials[0][1]
    for count in (1, 2):
        for some in combinations(arrays, count):
            for order in permutations((-1, *some)):
                for turned in product((False, True), repeat=len(order)):
                    factors = tuple(zip(order, turned, strict=True))
                    if all(not turn or pick(j, e.here, gy).ndim > 1 for j, turn in factors):
                        found = value(factors, e.here, gy)
                        if found is not None and found.shape == e.x.shape:
                            yield factors


def pick(j: int, at: Any, gy: np.ndarray) -> np.ndarray:
    return gy if j < 0 else at[j]


def value(factors: Factors, at: Any, gy: np.ndarray) -> Any:
    """The product; a number gy multiplies, two vectors make their outer product; None if the shapes do not fit."""
    result = None
    for j, turn in factors:
        a = pick(j, at, gy)
        a = a.swapaxes(-1, -2) if turn else a
        if result is None:
            result = a
        elif result.ndim == 0 or a.ndim == 0:
            result = result * a
        elif result.ndim == a.ndim == 1:
            result = np.outer(result, a)
        elif result.ndim != a.ndim and 1 not in (result.ndim, a.ndim):
            return None
        elif result.shape[-1] == a.shape[max(a.ndim - 2, 0)] and result.shape[:-2] == a.shape[:-2]:
            result = result @ a
        else:
            return None
    return result


def said(factors: Factors, names: list[str], ndim: int) -> str:
    """The product as NumPy writes it; a number gy, of no axes, stands in front."""
    words = [("gy" if j < 0 else names[j]) + ".T" * turn for j, turn in factors if ndim or j >= 0]
    return "gy * " * (not ndim) + " @ ".join(words)
