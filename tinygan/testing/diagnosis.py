"""The likely mistake in a wrong gradient: rows of a kind, a sentence, and what the mistake predicts.

None is named because it looks like it: the prediction has come true for random gy and at a second place.
Most predict the slope along a random direction v that backward would claim: `e.true` after a change of the
place, of gy, or of v, which is a change of the result. The others compare the Jacobians of small problems.
"""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import chain, combinations, permutations, product
from math import log10, prod
from operator import itemgetter
from typing import Any

import numpy as np

from tinygan.testing.problem import CLOSE, Evidence, Function, Problem, in_words, label, same, unit
from tinygan.testing.report import ORDERS, Diagnosis, Report

Rows = Iterator[tuple[str, str, Function]]
acts = lambda jacobian: np.abs(jacobian) > CLOSE * np.abs(jacobian).max()  # which outputs depend on which inputs


def linear(e: Evidence) -> Rows:
    """What an exercise lists, each with a gradient that is wrong in that way; and whether this one is linear in gy."""
    for sentence, gradient in e.problem.known.items():
        yield "known", sentence, partial(e.claimed, other=gradient)
    one = np.ones_like(e.y)
    yield "zero", f"{e.gx} is 0 everywhere: is it returned, or is the graph cut (detach, .data)?", lambda at, gy, v: 0.0
    words = f"{e.gx} does not change with gy, the upstream gradient: multiply by it"
    yield "upstream", words, lambda at, gy, v: e.claimed(at, one, v)
    summands = lambda at, gy, v: e.claimed(at, gy + one, v) - e.claimed(at, one, v)
    zero, once, twice = (e.problem.gradient_at(n * e.trials[0][1], e.here)[e.k] for n in range(3))
    if zero.any() or not e.holds(summands, close=0.01):  # less is rounding
        why = "does a condition look at gy" if same(twice, 2 * once) else "is something rounded, or divided by its size"
        why = "does a part of it lack the factor gy" if zero.any() else why
        yield "not linear", f"{e.gx} is not linear in gy, as every gradient is: {why}?", e.claimed


def factor(e: Evidence) -> Rows:
    """The right gradient times one number, and what that number is."""
    at, gy, _, gx = e.trials[0]
    c = float(np.linalg.norm(gx)) / e.true(at, gy, unit(gx))
    fraction = 1 / Fraction(1 / c).limit_denominator(50) if abs(c) < 1 else Fraction(c).limit_denominator(50)
    times, inverse = (fraction, 1 / fraction) if abs(fraction - c) < CLOSE * abs(c) else (f"{c:.6g}", f"{1 / c:.6g}")
    words, scaled = f"{e.gx} is {times} times the right one: ", lambda at, gy, v: c * e.true(at, gy, v)
    if times == -1:
        yield "sign", f"{words}the sign is wrong", scaled
    if times == Fraction(1, 2) and same(e.problem.value_at(e.put(2 * e.x)), 4 * e.y):
        why = f"if {e.name} is used twice, add both contributions; or a factor 2 is missing"
        yield "overwritten", f"{words}{why}", scaled
    if 0 < c < 0.02 and abs(log10(c) - round(log10(c))) < CLOSE:
        yield "factor", f"{words}a learning rate (or another constant) does not belong into a gradient", scaled
    words, length = f"{words}the constant factor {inverse} is missing", max(times, inverse)
    for name, a in zip(e.problem.names, e.here, strict=True):
        for axes in [some for some in _axis_sets(a.shape) if prod(a.shape[i] for i in some) == length]:
            yield "factor", f"{words}; {length} is also the length of {in_words(axes)} of {name}", scaled  # by chance?
    yield "factor", words, scaled


def another_input(e: Evidence) -> Rows:
    """The gradient is right for another array in the place of an input."""
    given = lambda j, change: lambda at, gy, v: e.true(e.put(change(at[j]), j, at), gy, v)
    words = f"{e.gx} is the one for -{e.name}: is a sign or a condition the wrong way round?"
    yield "negated", words, given(e.k, np.negative)
    for j, n in [(j, n) for j, n in enumerate(e.problem.names) if j != e.k]:
        if e.here[j].shape == e.x.shape and j in e.problem.moved:
            both = Evidence(e.problem, j, e.rng).holds(partial(e.true, k=e.k))
            words = " and ".join(sorted((e.gx, label(n)))) + " are returned in the wrong order"
            words = words if both else f"{e.gx} is the gradient of {n}"
            yield "swapped" if both else "wrong input", words, partial(e.true, k=j)
        for p in _turns(e.here[j].shape):
            words = f"{e.gx} uses {n} the wrong way round: {n} for {n}.T, or the reverse"
            yield "transposed", words, given(j, partial(np.transpose, axes=p))
        for axes in _axis_sets(e.here[j].shape):
            words = f"{e.gx} uses {n} flipped along {in_words(axes)}: a kernel that must not be, or the reverse"
            yield "flipped", words, given(j, partial(np.flip, axis=axes))
        yield "left out", f"the factor {n} is missing in {e.gx}: it is right for {n} = 1", given(j, np.ones_like)
        yield "left out", f"{n} is missing in {e.gx}: it is right for {n} = 0", given(j, np.zeros_like)
        yield "sign", f"{n} enters {e.gx} with the wrong sign", given(j, np.negative)


def another_order(e: Evidence) -> Rows:
    """gy or the result in another order, or only one of two paths."""
    after = lambda of_gy=np.copy, of_v=np.copy: lambda at, gy, v: e.true(at, of_gy(gy), of_v(v))
    if e.x.shape == e.y.shape:
        words = f"{e.gx} is J @ gy, but must be J.T @ gy, for the Jacobian J: w.T for w, the inverse order of axes"
        yield "transposed", words, lambda at, gy, v: e.true(at, v, gy)  # J @ gy for J.T @ gy
    for p in _turns(e.x.shape):
        yield "transposed", f"{e.gx} is transposed", after(of_v=partial(np.transpose, axes=p))
    summed = "axes", f"{e.gx} is summed over the wrong axis of gy"
    for p in _turns(e.y.shape):
        kind, words = summed if e.x.ndim < e.y.ndim else ("transposed", f"gy enters {e.gx} transposed")
        yield kind, words, after(partial(np.transpose, axes=p))
        words = f"{e.name} is used twice, and {e.gx} holds one of the two paths: add both (+=, not =)"
        yield "overwritten", words, lambda at, gy, v, p=p: e.true(at, gy, v) - e.claimed(at, gy.transpose(p), v)
    for axes in _axis_sets(e.x.shape):
        flip = partial(np.flip, axis=axes)
        yield "flipped", f"{e.gx} is in reverse order along {in_words(axes)}", after(of_v=flip)
        yield "flipped", f"{e.gx} uses a kernel flipped that must not be, or the reverse", after(flip, flip)


def missing_path(e: Evidence) -> Rows:
    """A path through a mean, a variance, a norm or a sum is missing: then the error lies along its own slope."""
    mean, variance = (lambda x, axes: x**0), (lambda x, axes: x - x.mean(axes, keepdims=True))
    exp = lambda x, axes: np.exp(x - x.max(axes, keepdims=True))
    paths = {"mean or sum": [mean], "variance": [variance], "norm": [lambda x, axes: x], "sum of exp": [exp]}
    paths["mean and variance"] = [mean, variance]  # the last: two directions explain more than one does

    def corrected(axes: Any, slopes: Any, at: Any, gy: np.ndarray, v: np.ndarray) -> Any:
        across = v
        for slope in slopes:
            u = slope(at[e.k], axes)
            if (np.abs(u).max(axes) > (1 - 1e-8) * np.sqrt((u * u).sum(axes))).any():  # one outweighs all others
                return np.nan
            across = across - u * (u * across).sum(axes, keepdims=True) / (u * u).sum(axes, keepdims=True)
        return e.claimed(at, gy, v - across) + e.true(at, gy, across)

    for axes, (path, slopes) in product(_axis_sets(e.x.shape)[::-1], paths.items()):
        # In fewer numbers every error would fit, and in the gradient of a single number too many do.
        if prod(e.x.shape[i] for i in axes) > len(slopes) + 1 and (e.y.size > 1 or path == "sum of exp"):
            words = f"{e.gx} lacks the path through the {path} along {in_words(axes)}, or has it wrong"
            yield f"{path.split()[0]} path", words, partial(corrected, axes, slopes)


def dependence(e: Evidence) -> Rows:
    """What the Jacobians show: which inputs an output depends on, and what is wrong about that."""
    reached = lambda jacobian: acts(jacobian).any(0)  # the inputs that count
    words = f"{e.gx} has only the Jacobian's diagonal: each output depends on other inputs as well"
    yield "diagonal", words, lambda got, want: same(got, np.diag(np.diag(want)))
    words = f"{e.gx} keeps only some of several contributions: add all (+=, np.add.at, a sum), not ="
    yield "assigned", words, lambda got, want: same(got, want * acts(got)) and (reached(got) == reached(want)).all()
    words = f"{e.gx} is right where {e.name} counts, but it must be 0 elsewhere: is a mask missing?"
    yield "mask", words, lambda got, want: want.any() and same(got * reached(want), want)
    words = f"{e.gx} is masked by another condition than the one in forward, or by the reverse of it"
    both = lambda got, want: reached(got) & reached(want)
    other = lambda got, want: 0 < reached(want).mean() < 1 and same(got * both(got, want), want * both(got, want))
    yield "mask", words, other
    words = f"{e.gx} has the right numbers in wrong places: an offset, tile for repeat, a reshape for a transpose?"
    yield "places", words, lambda got, want: any(same(np.sort(got, i), np.sort(want, i)) for i in (0, 1))
    words = f"{e.gx} lacks a term, or has one too many, that {e.name} is not in: a target, a label, a constant"
    differ = lambda got, want: same(*(a - b for a, b in e.jacobians)) and not same(*(b for _, b in e.jacobians))
    yield "constant", words, differ
    grid = np.indices(e.x.shape).reshape(e.x.ndim, e.x.size)
    others = {f"index {i} of axis {a}": grid[a] != i for a, n in enumerate(e.x.shape) for i in range(n)}
    others["the border"] = np.all([(g > 0) & (g < g.max()) for g in grid], axis=0)
    for where, rest in others.items():
        right = lambda got, want, rest=rest: want[:, rest].any() and same(got[:, rest], want[:, rest])
        yield "place", f"{e.gx} is wrong only at {where}", right
    words = f"{e.gx} is right to within 1%: another eps, a rounding (float16), or the slope of an approximation?"
    yield "nearly", words, lambda got, want: np.abs(got - want).max() < 0.01 * np.abs(want).max()


def one_side(e: Evidence) -> Rows:
    """Right if all of x is positive and wrong if all is negative, or the reverse."""
    up, down = (Evidence(replace(e.problem, arrays=e.put(x)), e.k, e.rng) for x in (np.abs(e.x), -np.abs(e.x)))
    right, wrong, side = (up, down, "negative") if up.holds(up.true) else (down, up, "positive")
    if right.holds(right.true) and not wrong.holds(wrong.true):
        zero = [("", "it is 0 there, though the function has a slope", lambda at, gy, v: 0.0)]
        texts = (text for _, text, predict in chain(zero, factor(wrong)) if wrong.holds(predict))
        why = next(texts, "look at your formula there")
        yield "one side", f"{e.gx} is wrong only where {e.name} is {side}: {why}", e.claimed


FORMULAS = {
    "1": np.ones_like, "u": np.copy, "2 u": lambda u: 2 * u, "-u": np.negative, "1 - u": lambda u: 1 - u,
    "u^2": np.square, "3 u^2": lambda u: 3 * u**2, "1 - u^2": lambda u: 1 - u**2, "1 + u^2": lambda u: 1 + u**2,
    "u (1 - u)": lambda u: u * (1 - u), "1/u": lambda u: 1 / u, "1/u^2": lambda u: 1 / u**2,
    "1/(2 u)": lambda u: 0.5 / u, "exp(u)": np.exp, "sin(u)": np.sin, "cos(u)": np.cos, "-sin(u)": lambda u: -np.sin(u),
    "sign(u)": np.sign, "tanh'(u)": lambda u: 1 / np.cosh(u) ** 2, "sigmoid(u)": lambda u: 1 / (1 + np.exp(-u)),
    "sigmoid'(u)": lambda u: 1 / (2 + np.exp(-u) + np.exp(u)),
}  # fmt: skip


def formula(e: Evidence) -> Rows:
    """The derivative of another function; or a factor for each number of x, or of y, too often or missing."""
    sources: list[tuple[str, np.ndarray, Function]] = [("y", e.y, e.problem.value_at)]
    sources += [(n, e.here[j], itemgetter(j)) for j, n in enumerate(e.problem.names)]

    def factors(shape: tuple[int, ...]) -> dict[str, Function]:
        """Each formula of each array that fits, as a function of the place."""
        some = product(FORMULAS.items(), [one for one in sources if one[1].shape == shape[len(shape) - one[1].ndim :]])
        return {text.replace("u", name): lambda at, f=f, u=u: f(u(at)) for (text, f), (name, _, u) in some}

    times = lambda f, at, gy, v: np.sum(gy * f(at) * v)
    by_x = lambda at, gy, v: np.sum(gy * e.problem.value_at(at) / at[e.k] * v)
    yield "product rule", f"product rule: {e.gx} has only one of the two terms, gy * (y/{e.name})", by_x
    words = f"product rule: {e.gx} lacks one of the two terms, gy * (y/{e.name})"
    yield "product rule", words, lambda *place: e.true(*place) - by_x(*place)
    fits = factors(e.y.shape) if e.x.shape == e.y.shape else {}
    right = [text for text, f in fits.items() if e.holds(partial(times, f), of=e.true)]
    for text, f in fits.items() if right else ():
        words = f"{e.gx} is gy * ({text}); the derivative of this function is gy * ({right[0]})"
        yield "formula", words, partial(times, f)
    of_x, of_y = (lambda f, at, gy, v: e.true(at, gy, v * f(at))), (lambda f, at, gy, v: e.true(at, gy * f(at), v))
    for shape, scaled in ((e.x.shape, of_x), (e.y.shape, of_y)):
        for text, f in factors(shape).items():
            yield "scaled", f"in {e.gx} the factor {text} is once too often", partial(scaled, f)
            yield "scaled", f"in {e.gx} the factor {text} is missing", partial(scaled, lambda at, f=f: 1 / f(at))


def _turns(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The permutations of axes that keep a shape, beside the one that keeps all in place."""
    axes = tuple(range(len(shape) if len(shape) <= 5 else 0))
    return [p for p in permutations(axes) if p != axes and tuple(shape[i] for i in p) == shape]


def _axis_sets(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every set of axes longer than 1, the small ones first."""
    axes = [i for i, n in enumerate(shape) if n > 1]
    return [some for size in range(1, len(axes) + 1) for some in combinations(axes, size)]


# From the specific to the general; `dependence` tests Jacobians.
PATTERNS = linear, factor, another_input, another_order, missing_path, dependence, one_side, formula


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
        holds = e.everywhere if pattern is dependence else e.holds
        with suppress(Exception):
            yield from ((kind, words) for kind, words, predict in pattern(e) if holds(predict))
