"""The likely cause of a wrong gradient, in one plain sentence.

Patterns are tried from specific to general. None is named because it looks like it: each predicts
the wrong gradient from the right one (or the reverse), and the prediction has come true for random
upstream gradients or for every number of the Jacobian, at the place of the check and at another.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from tinygan.testing.entry import Diagnosis, Entry
from tinygan.testing.evidence import Evidence, Found, same
from tinygan.testing.formulas import factor, formula
from tinygan.testing.problem import ZERO, Problem
from tinygan.testing.report import Report
from tinygan.testing.structure import SPECIFIC, nearly, same_numbers
from tinygan.testing.substitutes import another_input, another_order, one_path, swapped, wrong_place

Pattern = Callable[[Evidence], Found]


def diagnose(problem: Problem, report: Report, rng: np.random.Generator, known: Mapping[str, Callable]) -> None:
    """Write the likely cause of each wrong gradient into the report, where a pattern explains it.

    `known` leads from a sentence to a gradient function (as `Problem.gradient`) that is wrong in that way.
    """
    arrays = [a.copy() for a in problem.arrays]
    for kink in report.kinks:
        if kink.index is not None and kink.order == problem.order:  # the patterns need slopes
            arrays[problem.names.index(kink.name)][kink.index] += rng.choice([-0.01, 0.01])
    problem = replace(problem, arrays=arrays)
    for entry in [entry for entry in report.entries if entry.order == problem.order and not entry.ok]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the student's code is called with what it was not made for
            found = _cause(problem, entry, rng, known) if np.isfinite(entry.analytic).all() else None
        if found:
            sentence = found[1] if entry.order == 1 else f"order 2: {found[1]}"
            report.diagnoses.append(Diagnosis(entry.name, found[0], sentence))


def _cause(problem: Problem, entry: Entry, rng: np.random.Generator, known: Mapping[str, Callable]) -> Found:
    def exercise(e: Evidence) -> Found:
        for sentence, gradient in known.items():
            if e.holds(lambda at, gy, v: float(np.sum(gradient(gy, *at)[e.k] * v))):  # noqa: B023
                return "known", sentence
        return None

    calls: list[Pattern] = [exercise, zero, linearity, swapped, factor, partial(_one_side, entry=entry), wrong_place]
    calls += [another_input, another_order, one_path]
    jacobians: list[Pattern] = [*SPECIFIC, formula, nearly, same_numbers]
    with suppress(Exception):  # the student's code may raise anything: the check's own report must not be lost
        e = Evidence(problem, problem.names.index(entry.name), rng)
        found = _first(calls, e)
        if found or not e.small:
            return found
        found, again = (_first(jacobians, place) for place in (e, e.at(e.trials[-1][0])))
        return found if found and again and found[0] == again[0] else None
    return None


def _first(patterns: list[Pattern], e: Evidence) -> Found:
    for pattern in patterns:
        with suppress(Exception):  # what one of them asks, the student's code need not bear
            found = pattern(e)
            if found:
                return found
    return None


def zero(e: Evidence) -> Found:
    if any(np.abs(gx).max(initial=0.0) > ZERO for _, _, _, gx in e.trials):
        return None
    return "zero", f"{e.gx} is 0 everywhere: is it filled and returned, or is the graph cut (detach, .data)?"


def linearity(e: Evidence) -> Found:
    """Every gradient is linear in gy: J.T @ gy."""
    (place, gy, _, gx), other = e.trials[-1], e.trials[0][1]
    if same(e.claim(other, place), gx):
        right = e.holds(lambda at, gy, v: e.slope(np.ones_like(gy), v, at))
        more = "it is right only for gy = 1: multiply by it" if right else "multiply by it (the chain rule)"
        return "upstream", f"{e.gx} does not change with gy: {more}"
    together, apart = e.claim(gy + other, place), gx + e.claim(other, place)
    if not same(together, apart):
        why = "gy enters other than as a factor"
        if e.claim(0 * gy, place).any():
            why = "a part of it lacks the factor gy"
        elif np.abs(together - apart).max() < 0.01 * np.abs(apart).max():
            why = "does something round (float16)?"
        return "not linear", f"{e.gx} is not linear in gy, as every gradient is: {why}"
    return None


def _one_side(e: Evidence, entry: Entry) -> Found:
    """Wrong only where x lies on one side of 0, or of another threshold."""
    bad, good = e.x[entry.wrong], e.x[entry.checked & ~entry.wrong]
    t, gap = 0.0, 0.0
    if bad.size and good.size and (bad.max() < good.min() or good.max() < bad.min()):
        low, high = (bad.max(), good.min()) if bad.max() < good.min() else (good.max(), bad.min())
        if not low <= 0 <= high:
            t, gap = float(low + high) / 2, float(high - low) / 2
    away = np.abs(e.x - t) + gap
    sides = [e.at(e.put(t + away)), e.at(e.put(t - away))]
    for side in sides:
        del side.trials[2:]  # that place may lie on the other side
    right = [side.holds(partial(side.slope_of, e.k)) for side in sides]
    if right[0] == right[1] or not all(side.trials for side in sides):
        return None
    wrong = sides[right[0]]
    word = ("positive", "negative")[right[0]] if t == 0 else f"{('above', 'below')[right[0]]} about {t:.2g}"
    found = zero(wrong) or factor(wrong)
    if not any(wrong.slope(gy, v, at) for at, gy, v, _ in wrong.trials):
        there = "the function is flat there: is a mask missing?"
    elif found:
        there = "it is 0 there, though the function has a slope" if found[0] == "zero" else f"there {found[1]}"
    else:
        there = "look at what your formula does there"
    return "one side", f"{e.gx} is wrong only where {e.name} is {word}: {there}"
