"""What is checked: a function of arrays and its gradient. Both ways in (`gradcheck`) end here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ZERO = 1e-9  # gradients below this are rounding errors of a true zero (a bias before BatchNorm)


@dataclass(frozen=True)
class Problem:
    """A function of float64 arrays, and the gradient that is claimed for it.

    Attributes
    ----------
    names, dtypes : list of str
        How to call each array, and the dtype it had before it became float64.
    arrays : list of ndarray
        The place at which to check.
    value : function
        ``value(*arrays) -> array`` of any shape.
    gradient : function
        ``gradient(gy, *arrays)`` -> one array for each of `arrays`.
    forward, backward : str
        How to call these two in a sentence.
    order : int
        1 for a gradient, 2 for the gradient of a gradient.
    """

    names: list[str]
    dtypes: list[str]
    arrays: list[np.ndarray]
    value: Callable[..., Any]
    gradient: Callable[..., Sequence[Any]]
    forward: str = "forward"
    backward: str = "backward"
    order: int = 1

    def value_at(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """f there, in memory of its own; `arrays` are safe from an f that changes its inputs."""
        return np.array(self.value(*_copies(arrays)), dtype=np.float64)

    def gradient_at(self, gy: np.ndarray, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The claimed gradient there, with the same precautions."""
        gxs = self.gradient(gy.copy(), *_copies(arrays))
        return [np.array(gx, dtype=np.float64) for gx in gxs]

    def line(self, k: int, direction: np.ndarray, arrays: Sequence[np.ndarray]):
        """The function t -> f, where array `k` is moved by ``t * direction``."""

        def at(t: float) -> np.ndarray:
            moved = list(arrays)
            moved[k] = arrays[k] + t * direction
            return self.value_at(moved)

        return at

    # -- what can be wrong before a number is compared: each is a sentence -----------------------

    def examine_forward(self, y: np.ndarray) -> tuple[list[str], bool]:
        """Sentences about `value`, and whether it can be differenced at all."""
        arrays = _copies(self.arrays)
        again = np.array(self.value(*arrays), dtype=np.float64)
        changed = self._changed(arrays)
        found = [_in_place(self.forward, changed)] if changed else []
        if not np.isfinite(y).all():
            found.append(f"{self.forward} returned {_first_bad(y)} for these inputs")
            return found, False
        if not _same(y, again):
            found.append(
                f"{self.forward} gave two results for the same inputs, so it has no gradient to "
                "compare with: fix its random numbers (dropout, noise), or what it remembers"
            )
            return found, False
        return found, True

    def examine_backward(self, gy: np.ndarray, gxs: list[np.ndarray], rng: np.random.Generator) -> list[str]:
        """Sentences about `gradient`, which gave `gxs` for `gy`."""
        arrays, gy_given = _copies(self.arrays), gy.copy()
        self.value(*arrays)
        by_forward = self._changed(arrays)  # told already, and not the backward's fault
        arrays = _copies(self.arrays)
        again = [np.array(g, dtype=np.float64) for g in self.gradient(gy_given, *arrays)]
        changed = [name for name in self._changed(arrays) if name not in by_forward]
        if not np.array_equal(gy, gy_given):
            changed.append("gy")
        found = [_in_place(self.backward, changed)] if changed else []
        other = self.gradient_at(rng.normal(size=gy.shape), self.arrays)
        for name, x, gx, gx_again, gx_other in zip(self.names, self.arrays, gxs, again, other, strict=True):
            if gx.shape != x.shape:
                found.append(_wrong_shape(name, gx.shape, x.shape))
            elif not np.isfinite(gx).all():
                found.append(f"the gradient of {name} is {_first_bad(gx)}")
            elif not _same(gx, gx_again):
                found.append(
                    f"{self.backward} gave two gradients of {name} for the same inputs: "
                    "does it add to an array that an earlier call left?"
                )
            elif np.abs(gx).max(initial=0.0) > ZERO and _same(gx, gx_other):
                found.append(
                    f"the gradient of {name} does not change with gy, the upstream gradient: "
                    "multiply by it (the chain rule)"
                )
        return found

    def _changed(self, arrays: Sequence[np.ndarray]) -> list[str]:
        """The names of the arrays that are no longer what they were."""
        pairs = zip(self.names, self.arrays, arrays, strict=True)
        return [name for name, old, new in pairs if not np.array_equal(old, new, equal_nan=True)]


def check_kinds(names: Sequence[str], inputs: Sequence[np.ndarray], params: Sequence = ()) -> None:
    """Raise one sentence if these inputs cannot be checked."""
    for name, x in zip(names, inputs, strict=True):
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{name} is {x.dtype}: inputs are real numbers, integers or booleans")
    if not params and not any(x.dtype.kind == "f" for x in inputs):
        raise ValueError("nothing to check: no input is floating-point (write 1.0 instead of 1)")


def _copies(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [a.copy() for a in arrays]


def _in_place(what: str, names: list[str]) -> str:
    return f"{what} changes {', '.join(names)} in place: work on a copy"


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for the last bits, which threads may sum in another order."""
    if a.shape != b.shape:
        return False
    scale = max(1.0, float(np.abs(a).max(initial=0.0)))
    return bool(np.allclose(a, b, rtol=0, atol=1e-12 * scale, equal_nan=True))


def _first_bad(a: np.ndarray) -> str:
    bad = np.argwhere(~np.isfinite(a))
    return f"{a[tuple(bad[0])]} at {bad[0].tolist()}: {len(bad)} of {a.size} numbers are not finite"


def _wrong_shape(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """The sentence for a gradient that has not its input's shape, with a guess at the reason."""
    sentence = f"the gradient of {name} has shape {got}, the input {wanted}"
    extra = len(got) - len(wanted)
    if extra >= 0 and np.prod(got) > np.prod(wanted):
        repeated = zip(got[extra:], wanted, strict=True)
        axes = [*range(extra), *(extra + i for i, (g, w) in enumerate(repeated) if w == 1 < g)]
        if all(g == w or w == 1 for g, w in zip(got[extra:], wanted, strict=True)):
            axis = f"axis {axes[0]}" if len(axes) == 1 else f"axes {tuple(axes)}"
            return f"{sentence}: did you forget to sum over the broadcast {axis}?"
    if got == wanted[::-1]:
        return f"{sentence}: is it transposed?"
    if [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        return f"{sentence}: is an axis of length 1 too many or missing (keepdims, reshape)?"
    return sentence


# -- what to call a function and its inputs, and where it is written ---------------------------------


def name_of(f: Callable[..., Any], nameless: str = "f") -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return nameless if name == "<lambda>" else name


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """The names of f's inputs, if it has so many, and numbers otherwise."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # written in C
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    fits = len(names) >= count and all(
        p.default is not p.empty for p in parameters[count:] if p.kind < p.VAR_POSITIONAL
    )
    return names[:count] if fits else [f"input {i}" for i in range(count)]


def source_of(f: Callable[..., Any]) -> str:
    """File and line of a function, a method or an object that can be called; empty if unknown."""
    f = f.func if isinstance(f, partial) else f
    written = f if hasattr(f, "__code__") else getattr(type(f), "forward", type(f).__call__)
    code = getattr(written, "__code__", None)
    if code is None:
        return ""
    path = Path(code.co_filename)
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{path}, line {code.co_firstlineno}, in {name_of(f)}".removesuffix(", in f")
