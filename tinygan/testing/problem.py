"""What is checked, a function of arrays and its gradient; and what can be asked about it if it is wrong."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.testing.report import GradcheckError

Function = Callable[..., Any]

unit = lambda a: np.asarray(a) / np.linalg.norm(a)  # an array's direction: the array with length 1
label = lambda name: f"g{name}" if len(name) <= 2 else f"the gradient of {name}"
in_words = lambda axes: f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
EPS = float(np.finfo(np.float64).eps)
STEP = 1e-5
CLOSE = 1e-6  # what holds, holds to so many digits
LARGEST = 600  # numbers of an input and of an output up to which whole Jacobians are built


@dataclass
class Problem:
    """A function of arrays, the gradient claimed for it, and the place at which to check it."""

    names: list[str]
    arrays: list[np.ndarray]  # those of floating-point numbers are moved, in float64; the others are passed on
    value: Function
    gradient: Callable[..., Sequence[Any]]  # of gy and the arrays: a list, with one for each that is moved
    forward: str = "forward"  # what to call the two functions
    backward: str = "backward"
    order: int = 1  # 2: the gradient of a gradient
    known: Mapping[str, Callable[..., Sequence[Any]]] = field(default_factory=dict)  # wrong ones, by what to say

    def __post_init__(self) -> None:
        for name, x in zip(self.names, self.arrays, strict=True):
            if x.dtype.kind not in "fiub":
                raise TypeError(f"{name} is {x.dtype}: inputs are real numbers, integers or booleans")
            if not x.size and x.dtype.kind == "f":
                raise ValueError(f"{name} is empty, of shape {x.shape}: there is nothing to check")
        self.changes: list[str] = []
        self.dtypes = [str(x.dtype) for x in self.arrays]
        self.moved = [k for k, x in enumerate(self.arrays) if x.dtype.kind == "f"]
        if not self.moved:
            raise ValueError("nothing to check: no input is floating-point (write 1.0 instead of 1)")
        self.arrays = [x.astype(np.float64) if k in self.moved else x for k, x in enumerate(self.arrays)]

    def _call(self, what: str, f: Function, *given: np.ndarray) -> Any:
        """f's result. `given` is safe from an f that changes its inputs in place, which is noted."""
        copies = [a.copy() for a in given]
        result = f(*copies)
        pairs = zip(["gy", *self.names][-len(given) :], given, copies, strict=True)
        if changed := ", ".join(name for name, a, b in pairs if a.tobytes() != b.tobytes()):
            self.changes = [f"{what} changes {changed} in place: work on a copy"]
        return result

    def value_at(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """f there, in memory of its own."""
        y = self._call(self.forward, self.value, *arrays)
        if isinstance(y, tuple) or (kind := np.asarray(y).dtype) != np.float64 and kind.kind not in "iub":
            got, wanted = getattr(y, "dtype", type(y).__name__), "one array of real numbers, in float64 like its inputs"
            raise TypeError(f"{self.forward} must return {wanted}, but returned {got}")
        return np.array(y, dtype=np.float64)

    def gradient_at(
        self, gy: np.ndarray, arrays: Sequence[np.ndarray], other: Function | None = None
    ) -> dict[int, np.ndarray]:
        """The claimed gradient (or another) of each moved array there, in memory of its own."""
        gxs = dict(zip(self.moved, self._call(self.backward, other or self.gradient, gy, *arrays), strict=True))
        for k, gx in gxs.items():
            if gx is None or np.iscomplexobj(gx):
                what = "None" if gx is None else "complex numbers"
                raise GradcheckError(f"{self.backward} returned {what} as the gradient of {self.names[k]}")
        return {k: np.array(gx, dtype=np.float64) for k, gx in gxs.items()}

    def line(self, k: int, direction: np.ndarray, arrays: Sequence[np.ndarray]) -> Callable[[float], np.ndarray]:
        """The function t -> f, where array `k` is moved by ``t * direction``."""
        return lambda t: self.value_at([a + t * direction if i == k else a for i, a in enumerate(arrays)])


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
            self.trials.append((at, gy, v, problem.gradient_at(gy, at)[k]))

    def put(self, array: np.ndarray, j: int | None = None, at: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        """The place (or `at`) with another array for input k (or j)."""
        return [array if i == (self.k if j is None else j) else x for i, x in enumerate(at or self.here)]

    def claimed(self, at: Sequence[np.ndarray], gy: np.ndarray, v: np.ndarray, other: Function | None = None) -> float:
        """The slope of sum(f * gy) along v that backward's gradient (or another) stands for."""
        return float(np.sum(self.problem.gradient_at(gy, at, other)[self.k] * v))

    def change(self, at: Sequence[np.ndarray], v: np.ndarray, k: int | None = None) -> np.ndarray:
        """How f changes along v, J @ v, by differences; by input k, or another."""
        line = self.problem.line(self.k if k is None else k, v, at)
        return (line(STEP) - line(-STEP)) / (2 * STEP)

    def true(self, at: Sequence[np.ndarray], gy: np.ndarray, v: np.ndarray, k: int | None = None) -> float:
        """The slope itself."""
        return float(np.sum(self.change(at, v, k) * gy))

    def holds(self, predict: Function, close: float = CLOSE, of: Function | None = None) -> bool:
        """Whether the slope that backward claims (or `of`) is ``predict(at, gy, v)`` in every trial."""
        for at, gy, v, gx in self.trials:
            size, rounding = np.linalg.norm(gx), 10 * EPS / STEP * np.linalg.norm(self.y * gy)
            try:
                error = abs((of(at, gy, v) if of else np.sum(gx * v)) - predict(at, gy, v))
            except Exception:  # something that the student's code cannot take
                return False
            if not error <= close * size + rounding or size and rounding > 10 * CLOSE * size:  # that would hide it
                return False
        return True

    @cached_property
    def jacobians(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """What backward stands for and what is true, each (y.size, x.size), here and there."""
        ys, xs = (np.eye(a.size).reshape((a.size, *a.shape)) for a in (self.y, self.x))
        claimed = lambda at: np.stack([self.problem.gradient_at(gy, at)[self.k].ravel() for gy in ys])
        true = lambda at: np.stack([self.change(at, v).ravel() for v in xs], axis=1)
        return [(claimed(at), true(at)) for at in (self.here, self.there)]

    def everywhere(self, test: Function) -> bool:
        """Whether a ``test(got, want)`` of the Jacobians is passed at both places; no, if they are large or equal."""
        small = max(self.x.size, self.y.size) <= LARGEST and not all(same(*pair) for pair in self.jacobians)
        return small and all(test(*pair) for pair in self.jacobians)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal up to the error of differences; what is not finite equals nothing."""
    return a.shape == b.shape and bool((np.abs(a - b) <= CLOSE * max(np.abs(a).max(), np.abs(b).max())).all())


def turns(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The permutations of axes that keep a shape, beside the one that keeps all in place."""
    axes = tuple(range(len(shape) if len(shape) <= 5 else 0))
    return [p for p in permutations(axes) if p != axes and tuple(shape[i] for i in p) == shape]


def axis_sets(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every set of axes longer than 1, the small ones first."""
    axes = [i for i, n in enumerate(shape) if n > 1]
    return [some for size in range(1, len(axes) + 1) for some in combinations(axes, size)]


def in_figures(c: float) -> str:
    """A number as a fraction, or the square root of one, where it is that."""
    for power, text in ((1, "{}"), (2, "sqrt({})")):
        a = abs(c) ** power
        f = 1 / Fraction(1 / a).limit_denominator(50) if a < 1 else Fraction(a).limit_denominator(50)
        if abs(f - a) < CLOSE * a:
            return ("-" if c < 0 else "") + text.format(f)
    return f"{c:.6g}"


def flaws(what: str, twice: str, a: np.ndarray, again: np.ndarray) -> list[str]:
    """A sentence about numbers that are not finite, or not the same again."""
    if len(bad := np.argwhere(~np.isfinite(a))):
        return [f"{what} {a[*bad[0]]} at {bad[0].tolist()}: {len(bad)} of {a.size} numbers are not finite"]
    bits = 1e-12 * max(1.0, np.abs(a).max(initial=0.0))  # the last bits may differ: threads sum in any order
    why = "fix its random numbers (dropout, noise); does it add to an array that an earlier call left?"
    return [] if a.shape == again.shape and np.allclose(a, again, 0, bits) else [f"{twice} for the same inputs: {why}"]


def wrong_shape(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> list[str]:
    """The sentence for a gradient that has not its input's shape, with a guess at the reason."""
    padded, guess = (1,) * (len(got) - len(wanted)) + wanted, ""
    if [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        guess = ": is an axis of length 1 too many or missing (keepdims, reshape)?"
    elif got == wanted[::-1]:
        guess = ": is it transposed?"
    elif len(got) == len(padded) and all(w in (g, 1) for g, w in zip(got, padded, strict=True)):
        axes = tuple(i for i, w in enumerate(padded) if w == 1)
        guess = f": did you forget to sum over the broadcast {in_words(axes)}?"
    return [f"the gradient of {name} has shape {got}, the input {wanted}{guess}"] if got != wanted else []


def name_of(f: Function, nameless: str = "f") -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return nameless if name == "<lambda>" else name


def names_of(f: Function, count: int) -> list[str]:
    """The names of f's inputs, if it has so many, and numbers otherwise."""
    try:
        names = [p.name for p in inspect.signature(f).parameters.values() if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # written in C
        names = []
    return names[:count] if len(names) >= count else [f"input {i}" for i in range(count)]


def source_of(f: Function) -> str:
    """File and line of a function; empty if it has none."""
    code = getattr(f, "__code__", None)
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}, in {name_of(f)}" if code else ""
