"""What is checked: a function of arrays and its gradient; and what can be wrong before numbers are compared."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Problem:
    """A function of arrays, the gradient claimed for it, and the place at which to check it."""

    names: list[str]
    arrays: list[np.ndarray]  # those of floating-point numbers are moved, in float64; the others are passed on
    value: Callable[..., Any]
    gradient: Callable[..., Sequence[Any]]  # of gy and the arrays: a list, with one for each that is moved
    forward: str = "forward"  # what to call the two functions
    backward: str = "backward"
    order: int = 1  # 2: the gradient of a gradient
    known: Mapping[str, Callable[..., Sequence[Any]]] = field(default_factory=dict)  # wrong ones, by what to say

    def __post_init__(self) -> None:
        for name, x in zip(self.names, self.arrays, strict=True):
            if x.dtype.kind not in "fiub":
                raise TypeError(f"{name} is {x.dtype}: inputs are real numbers, integers or booleans")
        self.dtypes = [str(x.dtype) for x in self.arrays]
        self.moved = [k for k, x in enumerate(self.arrays) if x.dtype.kind == "f"]
        if not self.moved:
            raise ValueError("nothing to check: no input is floating-point (write 1.0 instead of 1)")
        self.arrays = [x.astype(np.float64) if k in self.moved else x for k, x in enumerate(self.arrays)]

    def value_at(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """f there, in memory of its own; `arrays` are safe from an f that changes its inputs."""
        return np.array(self.value(*[a.copy() for a in arrays]), dtype=np.float64)

    def gradient_at(self, gy: np.ndarray, arrays: Sequence[np.ndarray], other: Callable | None = None) -> dict:
        """The claimed gradient (or another) of each moved array there, with the same precautions."""
        gxs = (other or self.gradient)(gy.copy(), *[a.copy() for a in arrays])
        return {k: np.array(gx, dtype=np.float64) for k, gx in zip(self.moved, gxs, strict=True)}

    def line(self, k: int, direction: np.ndarray, arrays: Sequence[np.ndarray]) -> Callable[[float], np.ndarray]:
        """The function t -> f, where array `k` is moved by ``t * direction``."""
        return lambda t: self.value_at([a + t * direction if i == k else a for i, a in enumerate(arrays)])

    def examine_forward(self, y: np.ndarray) -> list[str]:
        """Sentences about a function that cannot be compared with; `y` is its value."""
        given = [a.copy() for a in self.arrays]
        again = np.array(self.value(*given), dtype=np.float64)
        unlike = f"{self.forward} gave two results for the same inputs, so it has no gradient: fix its random numbers"
        found = _flaws(f"{self.forward} returned", y, again, f"{unlike} (dropout, noise), or what it remembers")
        return self._in_place(self.forward, given) + found

    def examine_backward(self, gy: np.ndarray, gxs: dict[int, np.ndarray]) -> list[str]:
        """Sentences about a backward pass, which gave `gxs` for `gy`."""
        given = [a.copy() for a in (*self.arrays, gy)]
        again = [np.array(gx, dtype=np.float64) for gx in self.gradient(given[-1], *given[:-1])]
        found = self._in_place(self.backward, given, gy)
        for (k, gx), gx_again in zip(gxs.items(), again, strict=True):
            name, shape = self.names[k], self.arrays[k].shape
            unlike = f"{self.backward} gave two gradients of {name} for the same inputs: does it add to an array"
            flaws = _flaws(f"the gradient of {name} is", gx, gx_again, f"{unlike} that an earlier call left?")
            found += flaws if gx.shape == shape else [_wrong_shape(name, gx.shape, shape)]
        return found

    def _in_place(self, what: str, given: Sequence[np.ndarray], *more: np.ndarray) -> list[str]:
        pairs = zip([*self.names, "gy"], [*self.arrays, *more], given, strict=False)
        changed = ", ".join(name for name, old, new in pairs if not np.array_equal(old, new, equal_nan=True))
        return [f"{what} changes {changed} in place: work on a copy"] if changed else []


def _flaws(what: str, a: np.ndarray, again: np.ndarray, unlike: str) -> list[str]:
    """A sentence about numbers that are not finite, or not the same again."""
    if len(bad := np.argwhere(~np.isfinite(a))):
        return [f"{what} {a[*bad[0]]} at {bad[0].tolist()}: {len(bad)} of {a.size} numbers are not finite"]
    bits = 1e-12 * max(1.0, np.abs(a).max(initial=0.0))  # the last bits may differ: threads sum in any order
    return [] if a.shape == again.shape and np.allclose(a, again, 0, bits) else [unlike]


def _wrong_shape(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """The sentence for a gradient that has not its input's shape, with a guess at the reason."""
    padded, guess = (1,) * (len(got) - len(wanted)) + wanted, ""
    if [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        guess = ": is an axis of length 1 too many or missing (keepdims, reshape)?"
    elif got == wanted[::-1]:
        guess = ": is it transposed?"
    elif len(got) == len(padded) and all(w in (g, 1) for g, w in zip(got, padded, strict=True)):
        axes = tuple(i for i, w in enumerate(padded) if w == 1)
        guess = f": did you forget to sum over the broadcast {in_words(axes)}?"
    return f"the gradient of {name} has shape {got}, the input {wanted}{guess}"


def name_of(f: Callable, nameless: str = "f") -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return nameless if name == "<lambda>" else name


def names_of(f: Callable, count: int) -> list[str]:
    """The names of f's inputs, if it has so many, and numbers otherwise."""
    try:
        names = [p.name for p in inspect.signature(f).parameters.values() if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # written in C
        names = []
    return names[:count] if len(names) >= count else [f"input {i}" for i in range(count)]


def label(name: str) -> str:
    """What the gradient of an input is called: gx for x."""
    return f"g{name}" if len(name) <= 2 else f"the gradient of {name}"


def in_words(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"


def source_of(f: Callable) -> str:
    """File and line of a function; empty if it has none."""
    code = getattr(f, "__code__", None)
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}, in {name_of(f)}" if code else ""
