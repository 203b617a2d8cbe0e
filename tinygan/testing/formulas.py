"""Supposed mistakes: the derivative of another function, or a factor too often or missing."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from operator import itemgetter

import numpy as np

from tinygan.testing.problem import Evidence, Function

Rows = Iterator[tuple[str, str, Function]]

FORMULAS = {
    "1": np.ones_like, "u": np.copy, "2 u": lambda u: 2 * u, "-u": np.negative, "1 - u": lambda u: 1 - u,
    "u^2": np.square, "3 u^2": lambda u: 3 * u**2, "1 - u^2": lambda u: 1 - u**2, "1 + u^2": lambda u: 1 + u**2,
    "u (1 - u)": lambda u: u * (1 - u), "1/u": lambda u: 1 / u, "1/u^2": lambda u: 1 / u**2,
    "1/(2 u)": lambda u: 0.5 / u, "exp(u)": np.exp, "sin(u)": np.sin, "cos(u)": np.cos, "-sin(u)": lambda u: -np.sin(u),
    "sign(u)": np.sign, "tanh'(u)": lambda u: 1 / np.cosh(u) ** 2, "sigmoid(u)": lambda u: 1 / (1 + np.exp(-u)),
    "sigmoid'(u)": lambda u: 1 / (2 + np.exp(-u) + np.exp(u)),
}  # fmt: skip


def factors(e: Evidence, shape: tuple[int, ...]) -> dict[str, Function]:
    """Each formula of each array that fits, as a function of the place."""
    sources: list[tuple[str, np.ndarray, Function]] = [("y", e.y, e.problem.value_at)]
    sources += [(n, e.here[j], itemgetter(j)) for j, n in enumerate(e.problem.names)]
    some = product(FORMULAS.items(), [one for one in sources if one[1].shape == shape[len(shape) - one[1].ndim :]])
    return {text.replace("u", name): lambda at, f=f, u=u: f(u(at)) for (text, f), (name, _, u) in some}


def product_rule(e: Evidence) -> Rows:
    """One of the two terms of x times a function of x."""
    by_x = lambda at, gy, v: np.sum(gy * e.problem.value_at(at) / at[e.k] * v)
    yield "product rule", f"product rule: {e.gx} has only one of the two terms, gy * (y/{e.name})", by_x
    words = f"product rule: {e.gx} lacks one of the two terms, gy * (y/{e.name})"
    yield "product rule", words, lambda *place: e.true(*place) - by_x(*place)


def derivative(e: Evidence) -> Rows:
    """The derivative of another function; or, for an array that is broadcast, the sum of gy times something else."""
    times = lambda f, at, gy, v: np.sum(gy * f(at) * v)
    broadcast = e.x.shape != e.y.shape  # then gx is a sum
    if e.x.shape != e.y.shape[e.y.ndim - e.x.ndim :] or not e.x.ndim:
        return
    fits, of = factors(e, e.y.shape), "the sum of " * broadcast
    right = [text for text, f in fits.items() if e.holds(partial(times, f), of=e.true)]
    for text, f in fits.items() if right or broadcast else ():
        words = f"{e.gx} is {of}gy * ({text}); the derivative of this function is "
        yield (
            "formula",
            words + (f"{of}gy * ({right[0]})" if right else f"{of}gy times something else"),
            partial(times, f),
        )


def ratio_to_a_formula(e: Evidence) -> Rows:
    """A factor for each number of x, or of y, too often or missing."""
    of_x, of_y = (lambda f, at, gy, v: e.true(at, gy, v * f(at))), (lambda f, at, gy, v: e.true(at, gy * f(at), v))
    for shape, scaled in ((e.x.shape, of_x), (e.y.shape, of_y)):
        for text, f in factors(e, shape).items():
            yield "scaled", f"in {e.gx} the factor {text} is once too often", partial(scaled, f)
            yield "scaled", f"in {e.gx} the factor {text} is missing", partial(scaled, lambda at, f=f: 1 / f(at))
