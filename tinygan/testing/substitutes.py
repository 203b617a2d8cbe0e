"""Mistakes that can be undone by replacing something: an input, the upstream gradient, the result.

"gx is what would be right if w were w.T" - each such sentence is a prediction for `Evidence.holds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from tinygan.testing.evidence import Evidence, Found, Prediction, axis_sets, in_words, label, turns

Candidates = Iterator[tuple[str, str, Prediction]]  # the kind, a sentence, and what backward would give


def swapped(e: Evidence) -> Found:
    """The gradients of two inputs, each in the other's place."""
    for j, _ in e.others():
        other = Evidence(e.problem, j, e.rng)
        if other.x.shape == e.x.shape and e.holds(partial(e.slope_of, j)) and other.holds(partial(e.slope_of, e.k)):
            first, second = (label(e.problem.names[i]) for i in sorted((e.k, j)))
            return "swapped", f"{first} and {second} are returned in the wrong order"
    return None


def another_input(e: Evidence) -> Found:
    """The gradient is right for another array in the place of an input."""
    return _first(e, _inputs(e))


def another_order(e: Evidence) -> Found:
    """The gradient is right for gy in another order, or is itself in another order."""
    forward = e.x.shape == e.y.shape and all(
        np.array_equal(e.problem.value_at(e.put(gy)), e.claim(gy, e.arrays)) for _, gy, _, _ in e.trials
    )
    words = f"{e.gx} is forward applied to gy: undo it instead, by the inverse order of axes (argsort), or w.T for w"
    return ("transposed", words) if forward else _first(e, _orders(e))


def one_path(e: Evidence) -> Found:
    """The input reaches the output on two paths that mirror each other, and one is missing."""
    moves = [partial(np.transpose, axes=p) for p in turns(e.y.shape)]
    moves += [partial(np.flip, axis=axes) for axes in axis_sets(e.y.shape)]
    words = f"{e.name} is used twice, and {e.gx} holds one of the two paths: add both (+=, not =)"
    rest = lambda move: lambda at, gy, v: e.slope(gy, v, at) - np.sum(e.claim(move(gy), at) * v)
    return _first(e, (("overwritten", words, rest(move)) for move in moves))


def wrong_place(e: Evidence) -> Found:
    """A derivative written as a function of y, but given x; or the reverse."""
    if e.x.shape != e.y.shape:
        return None
    at_y = lambda place: e.put(e.problem.value_at(place), at=place)
    twice = e.problem.value_at(at_y(e.arrays))
    idempotent = np.allclose(twice, e.y, 1e-2, 1e-2)  # as a normalisation is: y for x is then no mistake
    if not idempotent and e.holds(lambda at, gy, v: e.slope(gy, v, at_y(at))):
        return "at the output", f"{e.gx} is the derivative at y, not at {e.name}: is the function applied twice?"
    if e.holds(lambda at, gy, v: e.slope(gy, v, at), claim_at=at_y):
        return "at the input", f"{e.gx} is a formula for the output y, but it was given {e.name}"
    return None


def _first(e: Evidence, candidates: Candidates) -> Found:
    return next(((kind, sentence) for kind, sentence, predict in candidates if e.holds(predict)), None)


def _inputs(e: Evidence) -> Candidates:
    """Other arrays for the other inputs, and for this one."""

    def given(j: int, change: Callable[[np.ndarray], np.ndarray], source: int | None = None) -> Prediction:
        i = j if source is None else source
        return lambda at, gy, v: e.slope(gy, v, e.put(change(at[i]), j, at))

    for j, n in e.others():
        shape = e.arrays[j].shape
        for p in turns(shape):
            words = f"{n} for {n}.T, or the reverse" if len(shape) == 2 else f"as {n}.transpose{p}"
            yield "transposed", f"{e.gx} uses {n} the wrong way round: {words}", given(j, partial(np.transpose, axes=p))
        for axes in axis_sets(shape):
            words = f"{e.gx} uses {n} flipped along {in_words(axes)}: a kernel flipped that must not be, or the reverse"
            yield "flipped", words, given(j, partial(np.flip, axis=axes))
        for i, m in enumerate(e.problem.names):
            if i != j and e.arrays[i].shape == shape:
                yield "wrong input", f"{e.gx} uses {m} where {n} belongs", given(j, np.copy, i)
        yield "left out", f"the factor {n} is missing in {e.gx}: it is the one for {n} = 1", given(j, np.ones_like)
        yield "left out", f"{n} does not enter {e.gx}: it is the one for {n} = 0", given(j, np.zeros_like)
        yield "sign", f"{e.gx} is the one for -{n}: {n} enters with the wrong sign", given(j, np.negative)
        if shape == e.x.shape:
            yield "wrong input", f"{e.gx} is the gradient of {n}", partial(e.slope_of, j)
    words = f"{e.gx} is the one for -{e.name}: a sign, or a condition, is the wrong way round"
    yield "negated", words, given(e.k, np.negative)


def _orders(e: Evidence) -> Candidates:
    """gy in another order, and the result in another order."""

    def upstream(change: Callable[[np.ndarray], np.ndarray]) -> Prediction:
        return lambda at, gy, v: e.slope(change(gy), v, at)

    def result(change: Callable[[np.ndarray], np.ndarray]) -> Prediction:
        return lambda at, gy, v: e.slope(gy, change(v), at)

    for p in turns(e.x.shape):
        words = f"{e.gx} is transposed" if e.x.ndim == 2 else f"the axes of {e.gx} are in the wrong order"
        yield "transposed", words, result(partial(np.transpose, axes=p))
    for p in turns(e.y.shape):
        fewer = e.x.ndim < e.y.ndim
        words = f"{e.gx} is summed over the wrong axis of gy" if fewer else f"gy enters {e.gx} transposed"
        yield "axes" if fewer else "transposed", words, upstream(partial(np.transpose, axes=p))
    for axes in axis_sets(e.x.shape):
        yield "flipped", f"{e.gx} is in reverse order along {in_words(axes)}", result(partial(np.flip, axis=axes))
    reductions: tuple[tuple[str, Any], ...] = (("mean", np.mean), ("sum", np.sum))
    for axes, (word, f) in product(axis_sets(e.y.shape), reductions):
        words = f"{e.gx} is made from gy's {word} over {in_words(axes)}, not from gy"
        yield "axes", words, upstream(partial(_reduced, f=f, axes=axes))
    words = f"{e.gx} is read or written in the wrong memory order (order='F', or the axes of a reshape)"
    sizes = {e.x.shape, e.y.shape, e.x.shape[::-1], e.y.shape[::-1]} if e.x.size == e.y.size else set()
    for shape, (read, write) in product(sorted(sizes), (("C", "F"), ("F", "C"))):
        yield "order", words, upstream(partial(_reordered, shape=shape, read=read, write=write))


def _reduced(a: np.ndarray, f: Callable, axes: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(f(a, axes, keepdims=True), a.shape)


def _reordered(a: np.ndarray, shape: tuple[int, ...], read: Any, write: Any) -> np.ndarray:
    return a.reshape(shape, order=read).reshape(a.shape, order=write)
