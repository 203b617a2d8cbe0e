"""Supposed mistakes: another array, another order, or two inputs exchanged."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from tinygan.testing.problem import Evidence, Function, axis_sets, in_words, label, turns

Rows = Iterator[tuple[str, str, Function]]


def another_input(e: Evidence) -> Rows:
    """The gradient is right for another array in the place of an input."""
    given = lambda j, change: lambda at, gy, v: e.true(e.put(change(at[j]), j, at), gy, v)
    words = f"{e.gx} is the one for -{e.name}: is a sign or a condition the wrong way round?"
    yield "negated", words, given(e.k, np.negative)
    for j, n in [(j, n) for j, n in enumerate(e.problem.names) if j != e.k]:
        a = e.here[j]
        if a.shape == e.x.shape and j in e.problem.moved:
            both = Evidence(e.problem, j, e.rng).holds(partial(e.true, k=e.k))
            words = " and ".join(sorted((e.gx, label(n)))) + " are returned in the wrong order"
            words = words if both else f"{e.gx} is the gradient of {n}"
            yield "swapped" if both else "wrong input", words, partial(e.true, k=j)
        for p in turns(a.shape):
            how = f"{n} for {n}.T, or the reverse" if a.ndim == 2 else f"its axes in the order {p}"
            yield "transposed", f"{e.gx} uses {n} the wrong way round: {how}", given(j, partial(np.transpose, axes=p))
        for axes in axis_sets(a.shape):
            kernel = ": a kernel that must not be, or the reverse" if a.ndim == e.x.ndim == 4 else ""
            words = f"{e.gx} uses {n} flipped along {in_words(axes)}{kernel}"
            yield "flipped", words, given(j, partial(np.flip, axis=axes))
        yield "left out", f"the factor {n} is missing in {e.gx}: it is right for {n} = 1", given(j, np.ones_like)
        yield "left out", f"{n} is missing in {e.gx}: it is right for {n} = 0", given(j, np.zeros_like)
        yield "sign", f"{n} enters {e.gx} with the wrong sign", given(j, np.negative)


def exchanged(e: Evidence) -> Rows:
    """The gradient of f(b, a) in the place of that of f(a, b): a divergence the wrong way round."""

    def other_way(at: Any, j: int) -> Any:
        at = list(at)
        at[e.k], at[j] = at[j], at[e.k]
        return at

    for j, n in enumerate(e.problem.names):
        if j != e.k and e.here[j].shape == e.x.shape:
            words = f"{e.gx} is right for {e.name} and {n} exchanged"
            yield "exchanged", words, lambda at, gy, v, j=j: e.true(other_way(at, j), gy, v, e.k)
            words = f"{e.gx} is the gradient of {e.problem.forward}({n}, {e.name}), with the two exchanged"
            yield "exchanged", words, lambda at, gy, v, j=j: e.true(other_way(at, j), gy, v, j)


def another_order(e: Evidence) -> Rows:
    """gy or the result in another order, or only one of two paths."""
    after = lambda of_gy=np.copy, of_v=np.copy: lambda at, gy, v: e.true(at, of_gy(gy), of_v(v))
    if e.x.shape == e.y.shape:
        words = f"{e.gx} is J @ gy, but must be J.T @ gy, for the Jacobian J: w.T for w, the inverse order of axes"
        yield "transposed", words, lambda at, gy, v: e.true(at, v, gy)  # J @ gy for J.T @ gy
    for p in turns(e.x.shape):
        yield "transposed", f"{e.gx} is transposed", after(of_v=partial(np.transpose, axes=p))
    summed = "axes", f"{e.gx} is summed over the wrong axis of gy"
    for p in turns(e.y.shape):
        kind, words = summed if e.x.ndim < e.y.ndim else ("transposed", f"gy enters {e.gx} transposed")
        yield kind, words, after(partial(np.transpose, axes=p))
        words = f"{e.name} is used twice, and {e.gx} holds one of the two paths: add both (+=, not =)"
        yield "overwritten", words, lambda at, gy, v, p=p: e.true(at, gy, v) - e.claimed(at, gy.transpose(p), v)
    for axes in axis_sets(e.x.shape):
        flip = partial(np.flip, axis=axes)
        yield "flipped", f"{e.gx} is in reverse order along {in_words(axes)}", after(of_v=flip)
        words = f"{e.gx} runs the wrong way along {in_words(axes)}: it is right with gy and itself in reverse order"
        yield "flipped", words + (", as with a kernel flipped" if e.x.ndim == 4 else ""), after(flip, flip)
