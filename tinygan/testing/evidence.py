"""What can be asked about a wrong gradient: what backward claims, what is true, and do the two meet?"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from tinygan.testing.problem import Problem, label

EPS = float(np.finfo(np.float64).eps)
STEP = 1e-5
CLOSE = 1e-6  # what holds, holds to so many digits
LARGEST = 600  # numbers of an input and of an output up to which whole Jacobians are built


class Evidence:
    """Input `k` of a problem whose gradient is wrong.

    A supposed mistake predicts the wrong gradient from the right one: "it is what would be right if w
    were w.T". `holds` asks whether that comes true: here for two random gy, and at a second place.
    """

    def __init__(self, problem: Problem, k: int, rng: np.random.Generator):
        self.problem, self.k, self.rng, self.here = problem, k, rng, problem.arrays
        self.x, self.y = self.here[k], problem.value_at(self.here)
        self.name, self.gx = problem.names[k], label(problem.names[k])
        by = rng.uniform(-0.03, 0.03, self.x.shape)  # keeps the signs, and a probability below 1
        # Each number elsewhere, so that what is wrong for its number and what is wrong for its place differ.
        self.there = self.put(np.roll(np.where(self.x == 0, by, self.x * (1 + by)), 1))
        self.trials = []
        for at in (self.here, self.here, self.there):
            gy, v = np.asarray(rng.normal(size=self.y.shape)), unit(rng.normal(size=self.x.shape))
            self.trials.append((at, gy, v, self.gradient(at, gy)))

    def put(self, array: np.ndarray, j: int | None = None, at: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        """The place (or `at`) with another array for input k (or j)."""
        return [array if i == (self.k if j is None else j) else x for i, x in enumerate(at or self.here)]

    def gradient(self, at: Sequence[np.ndarray], gy: np.ndarray) -> np.ndarray:
        return self.problem.gradient_at(gy, at)[self.k]

    def claimed(self, at: Sequence[np.ndarray], gy: np.ndarray, v: np.ndarray) -> float:
        """The slope of sum(f * gy) along v that backward's gradient stands for."""
        return float(np.sum(self.gradient(at, gy) * v))

    def change(self, at: Sequence[np.ndarray], v: np.ndarray, k: int | None = None) -> np.ndarray:
        """How f changes along v, J @ v, by differences; by input k, or another."""
        line = self.problem.line(self.k if k is None else k, v, at)
        return (line(STEP) - line(-STEP)) / (2 * STEP)

    def true(self, at: Sequence[np.ndarray], gy: np.ndarray, v: np.ndarray, k: int | None = None) -> float:
        """The slope itself."""
        return float(np.sum(self.change(at, v, k) * gy))

    def holds(self, predict: Callable, close: float = CLOSE, of: Callable | None = None) -> bool:
        """Whether the slope that backward claims (or `of`) is ``predict(at, gy, v)`` in every trial."""
        for at, gy, v, gx in self.trials:
            try:
                error = abs((of(at, gy, v) if of else np.sum(gx * v)) - predict(at, gy, v))
            except Exception:  # something that the student's code cannot take
                return False
            if not error <= close * np.linalg.norm(gx) + 10 * EPS / STEP * np.linalg.norm(self.y * gy):
                return False
        return True

    @cached_property
    def jacobians(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """What backward stands for and what is true, each (y.size, x.size), here and there."""
        ys, xs = (np.eye(a.size).reshape((a.size, *a.shape)) for a in (self.y, self.x))
        claimed = lambda at: np.stack([self.gradient(at, gy).ravel() for gy in ys])
        true = lambda at: np.stack([self.change(at, v).ravel() for v in xs], axis=1)
        return [(claimed(at), true(at)) for at in (self.here, self.there)]

    def everywhere(self, test: Callable) -> bool:
        """Whether a ``test(got, want)`` of the Jacobians is passed at both places; no, if they are large."""
        return max(self.x.size, self.y.size) <= LARGEST and all(test(*pair) for pair in self.jacobians)


def unit(a: np.ndarray) -> np.ndarray:
    """The direction of an array: the array with length 1."""
    return np.asarray(a) / np.linalg.norm(a)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal up to the error of differences; what is not finite equals nothing."""
    return a.shape == b.shape and bool((np.abs(a - b) <= CLOSE * max(np.abs(a).max(), np.abs(b).max())).all())
