"""The likely mistake in a wrong gradient: rows of a kind, a sentence, and what the mistake predicts.

None is named because it looks like it: the prediction has come true for random gy and at a second place.
Most predict the slope along a random direction v that backward would claim: `e.true` after a change of the
place, of gy, or of v, which is a change of the result. Those of `jacobians` compare the Jacobians of small problems.
"""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from math import log10, prod

import numpy as np

from tinygan.testing.exchanges import another_input, another_order, exchanged
from tinygan.testing.formulas import derivative, product_rule, ratio_to_a_formula
from tinygan.testing.jacobians import apart, constant_ratio, dependence, mixed, nearly
from tinygan.testing.paths import addend, missing_path, path_of_gy, row_space
from tinygan.testing.problem import CLOSE, Evidence, Function, Problem, axis_sets, in_figures, in_words, same, unit
from tinygan.testing.products import hidden_factor, product_of_matrices
from tinygan.testing.report import ORDERS, Diagnosis, Report

Rows = Iterator[tuple[str, str, Function]]


def linear(e: Evidence) -> Rows:
    """What an exercise lists, each with a gradient that is wrong in that way; and whether this one is linear in gy."""
    for sentence, gradient in e.problem.known.items():
        yield "known", sentence, partial(e.claimed, other=gradient)
    one = np.ones_like(e.y)
    yield "zero", f"{e.gx} is 0 everywhere: is it returned, or is the graph cut (detach, .data)?", lambda at, gy, v: 0.0
    words = f"{e.gx} does not change with gy, the upstream gradient: multiply by it"
    yield "upstream", words, lambda at, gy, v: e.claimed(at, one, v)
    summands = lambda at, gy, v: e.claimed(at, gy + one, v) - e.claimed(at, one, v)
    zero, once, twice, much = (e.problem.gradient_at(n * e.trials[0][1], e.here)[e.k] for n in (0, 1, 2, 1000))
    at_zero = np.nan_to_num(zero, nan=0.0).any()  # NaN is 0 / 0: a fault of its own
    if at_zero or not same(much, 1000 * once) or not e.holds(summands, close=0.01):  # less is rounding
        if at_zero:
            why = "does a part of it lack the factor gy"
        elif not same(twice, 2 * once):
            why = "is something rounded, or divided by its size"
        else:
            why = "does a condition look at gy, or is something clipped"
        yield "not linear", f"{e.gx} is not linear in gy, as every gradient is: {why}?", e.claimed


def factor(e: Evidence) -> Rows:
    """The right gradient times one number, and what that number is."""
    c, scaled = constant(e), lambda at, gy, v: c * e.true(at, gy, v)
    times, inverse = in_figures(c), in_figures(1 / c)
    words = f"{e.gx} is {times} times the right one: "
    if times == "-1":
        yield "sign", f"{words}the sign is wrong", scaled
    if e.holds(scaled):
        for name, axes in lengths(e, c):
            yield (
                "factor",
                f"{words}the constant factor {inverse} is missing, by the length of {in_words(axes)} of {name}",
                scaled,
            )
    if times == "1/2" and same(e.problem.value_at(e.put(2 * e.x)), 4 * e.y):
        why = f"if {e.name} is used twice, add both contributions; or a factor 2 is missing"
        yield "overwritten", f"{words}{why}", scaled
    if 0 < c < 0.02 and abs(log10(c) - round(log10(c))) < CLOSE:
        yield "factor", f"{words}a learning rate (or another constant) does not belong into a gradient", scaled
    yield "factor", f"{words}the constant factor {inverse} is missing", scaled


def constant(e: Evidence) -> float:
    """How many times the right slope the claimed one is, along the claimed gradient."""
    at, gy, _, gx = e.trials[0]
    return float(np.linalg.norm(gx)) / e.true(at, gy, unit(gx))


def lengths(e: Evidence, c: float) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The axes that the factor c follows: with each of them one shorter, in the arrays that share it, c changes so."""
    for i, a in enumerate(e.here):
        for axes in axis_sets(a.shape):
            n = prod(a.shape[j] for j in axes)
            power = 1 if abs(c - n) < CLOSE * n else -1 if abs(c * n - 1) < CLOSE else 0
            if power and all(follows(e, i, axis, c, power) for axis in axes):
                yield e.problem.names[i], axes


def follows(e: Evidence, i: int, axis: int, c: float, power: int) -> bool:
    """Whether c becomes ``c * ((n - 1) / n) ** power`` if this axis of array i, of length n, loses its last index."""
    n = e.here[i].shape[axis]
    alike = [j for j, a in enumerate(e.here) if a.ndim > axis and a.shape[axis] == n]
    for some in (alike, [i]):
        with suppress(Exception):  # a function need not take another length
            arrays = [np.take(a, range(n - 1), axis) if j in some else a for j, a in enumerate(e.here)]
            shorter = Evidence(replace(e.problem, arrays=arrays), e.k, e.rng)
            return abs(constant(shorter) - c * ((n - 1) / n) ** power) < CLOSE * abs(c)
    return False


def one_side(e: Evidence) -> Rows:
    """Right if all of x is positive and wrong if all is negative, or the reverse."""
    up, down = (Evidence(replace(e.problem, arrays=e.put(x)), e.k, e.rng) for x in (np.abs(e.x), -np.abs(e.x)))
    right, wrong, side = (up, down, "negative") if up.holds(up.true) else (down, up, "positive")
    if right.holds(right.true) and not wrong.holds(wrong.true):
        zero = [("", "it is 0 there, though the function has a slope", lambda at, gy, v: 0.0)]
        texts = (text for _, text, predict in chain(zero, factor(wrong)) if wrong.holds(predict))
        why = next(texts, "look at your formula there")
        yield "one side", f"{e.gx} is wrong only where {e.name} is {side}: {why}", e.claimed


# From the specific to the general: the first that holds is named.
PATTERNS = (
    *(linear, factor, another_input, another_order, product_of_matrices, exchanged, addend, dependence, mixed),
    *(one_side, derivative, ratio_to_a_formula, missing_path, path_of_gy, product_rule, row_space, hidden_factor),
    *(nearly, constant_ratio, apart),
)
OF_JACOBIANS = dependence, mixed, nearly, constant_ratio, apart


def diagnose(problem: Problem, report: Report, rng: np.random.Generator) -> None:
    """Write the likely mistake in each wrong gradient into the report, where a pattern explains it."""
    problem = replace(problem, arrays=[a.copy() for a in problem.arrays])
    for kink in report.kinks:
        if kink.index is not None and kink.order == problem.order:  # the patterns need slopes
            problem.arrays[problem.names.index(kink.name)][kink.index] += rng.choice([-0.01, 0.01])
    for entry in report.entries:
        if entry.order == problem.order and not entry.ok and np.isfinite(entry.analytic).all():
            with warnings.catch_warnings(action="ignore"), suppress(Exception):  # the code meets unforeseen input
                kind, words = next(_mistakes(Evidence(problem, problem.names.index(entry.name), rng)))
                report.diagnoses.append(Diagnosis(entry.name, kind, ORDERS[entry.order] + words))


def _mistakes(e: Evidence) -> Iterator[tuple[str, str]]:
    for pattern in () if e.holds(e.true, 10 * CLOSE) else PATTERNS:  # what is as good as right proves nothing
        holds = e.everywhere if pattern in OF_JACOBIANS else e.holds
        with suppress(Exception):
            yield from ((kind, words) for kind, words, predict in pattern(e) if holds(predict))
