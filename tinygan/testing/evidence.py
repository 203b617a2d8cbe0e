"""What can be asked about a wrong gradient: at other places, for other upstream gradients, along lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import combinations, permutations

import numpy as np

from tinygan.testing.differences import EPS, unit
from tinygan.testing.problem import Problem

STEP = 1e-5
CLOSE = 1e-6  # what holds, holds to so many digits
LARGEST = 600  # numbers of an input and of an output up to which whole Jacobians are built

Found = tuple[str, str] | None  # the kind of a mistake, and a sentence
# From the place, an upstream gradient and a direction to the slope that backward should claim there.
Prediction = Callable[[list[np.ndarray], np.ndarray, np.ndarray], float]


class Evidence:
    """Input `k` of a problem whose gradient is wrong: what backward claims, and what is true.

    A supposed mistake is a prediction of the wrong gradient, made from the right one: "backward
    gives the gradient that would be right if w were w.T". `holds` puts it to the test.
    """

    def __init__(self, problem: Problem, k: int, rng: np.random.Generator):
        self.problem, self.k, self.rng = problem, k, rng
        self.arrays, self.x = problem.arrays, problem.arrays[k]
        self.y = problem.value_at(self.arrays)
        self.name, self.gx = problem.names[k], label(problem.names[k])
        self.trials = []
        for arrays in (self.arrays, self.arrays, self._elsewhere()):
            gy, v = np.asarray(rng.normal(size=self.y.shape)), unit(rng.normal(size=self.x.shape))
            with suppress(Exception):  # the student's code need not bear another place
                self.trials.append((arrays, gy, v, self.claim(gy, arrays)))

    def _elsewhere(self) -> list[np.ndarray]:
        """Another place, with the same signs, where the function has a value; or the same place."""
        for width in (0.5, 0.05):  # a probability must not be moved far
            by = self.rng.uniform(-width, width, self.x.shape)
            arrays = self.put(np.where(self.x == 0, by, self.x * (1 + by)))
            with suppress(Exception):
                if np.isfinite(self.problem.value_at(arrays)).all():
                    return arrays
        return self.arrays

    def put(self, array: np.ndarray, j: int | None = None, at: Sequence | None = None) -> list[np.ndarray]:
        """The place (or `at`) with another array for input j (or k)."""
        arrays = list(self.arrays if at is None else at)
        arrays[self.k if j is None else j] = array
        return arrays

    def at(self, arrays: list[np.ndarray]) -> Evidence:
        """The same questions at another place."""
        return Evidence(replace(self.problem, arrays=arrays), self.k, self.rng)

    def others(self) -> list[tuple[int, str]]:
        """The other inputs, with their names."""
        return [(j, name) for j, name in enumerate(self.problem.names) if j != self.k]

    def claim(self, gy: np.ndarray, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """The gradient that backward gives."""
        return self.problem.gradient_at(gy, arrays)[self.k]

    def slope_of(self, k: int, arrays: Sequence[np.ndarray], gy: np.ndarray, v: np.ndarray) -> float:
        """The true slope of sum(f * gy) as input k moves along v."""
        line = self.problem.line(k, v, arrays)
        return float(np.sum((line(STEP) - line(-STEP)) * gy)) / (2 * STEP)

    def slope(self, gy: np.ndarray, v: np.ndarray, arrays: Sequence[np.ndarray]) -> float:
        return self.slope_of(self.k, arrays, gy, v)

    def holds(self, predict: Prediction, claim_at: Callable | None = None) -> bool:
        """Whether backward's gradient (there, or where `claim_at` leads) is always what `predict` says."""
        for arrays, gy, v, gx in self.trials:
            try:
                gx = self.claim(gy, claim_at(arrays)) if claim_at else gx
                error = abs(predict(arrays, gy, v) - np.sum(gx * v))
            except Exception:  # a substitute that the student's code cannot take
                return False
            rounding = 10 * EPS / STEP * np.linalg.norm(self.y * gy)
            if not error <= CLOSE * np.linalg.norm(gx) + rounding:
                return False
        return bool(self.trials)

    # -- small problems: every number of the output against every number of the input ----------------

    @property
    def small(self) -> bool:
        """Whether there are Jacobians, and backward does what its own Jacobian does."""
        if not 0 < min(self.x.size, self.y.size) <= max(self.x.size, self.y.size) <= LARGEST:
            return False
        _, gy, _, gx = self.trials[0]
        return same(self.claimed.T @ gy.ravel(), gx.ravel())

    @cached_property
    def claimed(self) -> np.ndarray:
        """Backward's Jacobian (y.size, x.size), called with each basis vector as gy."""
        basis = np.eye(self.y.size).reshape((-1, *self.y.shape))
        return np.stack([self.claim(gy, self.arrays).ravel() for gy in basis])

    @cached_property
    def true(self) -> np.ndarray:
        """The Jacobian (y.size, x.size) from centred differences."""
        columns = []
        for e in np.eye(self.x.size).reshape((-1, *self.x.shape)):
            line = self.problem.line(self.k, e, self.arrays)
            columns.append((line(STEP) - line(-STEP)).ravel() / (2 * STEP))
        return np.stack(columns, 1)

    @property
    def elementwise(self) -> bool:
        """Whether each number of x acts on the number of y in its own place, and on no other."""
        return self.x.shape == self.y.shape and all(same(m, np.diag(np.diag(m))) for m in (self.true, self.claimed))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal up to the error of differences; what is not finite equals nothing."""
    scale = max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)))
    return a.shape == b.shape and np.isfinite(scale) and bool((np.abs(a - b) <= CLOSE * scale).all())


def label(name: str) -> str:
    """What the gradient of an input is called: gx for x."""
    return f"g{name}" if len(name) <= 2 else f"the gradient of {name}"


def turns(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The permutations of axes that keep a shape, beside the one that keeps all in place."""
    axes = range(len(shape) if len(shape) <= 5 else 0)
    return [p for p in permutations(axes) if p != tuple(axes) and tuple(shape[i] for i in p) == shape]


def axis_sets(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every set of axes longer than 1, the small ones first."""
    axes = [i for i, n in enumerate(shape) if n > 1]
    return [some for size in range(1, len(axes) + 1) for some in combinations(axes, size)]


def in_words(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
