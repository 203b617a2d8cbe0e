"""A forward and a backward as coursework writes them, made one function of arrays and its gradient."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.testing.errors import in_words, line_of
from tinygan.testing.problem import Function, name_of
from tinygan.testing.report import GradcheckError


class Stopped(GradcheckError):
    """A function of the student stopped with an error, which is the ``__cause__``; the message tells where."""


class Pair:
    """`value` and `gradient` of a forward that returns y, (y, cache), (h, c) or (h, c, cache).

    Several outputs are one array in here, end to end; `backward` gets the upstream gradient of each.
    """

    def __init__(self, forward: Function, backward: Function, names: list[str], arrays: list[np.ndarray]):
        self.forward, self.backward, self.names, self.arrays = forward, backward, names, arrays
        self.moved = [k for k, a in enumerate(arrays) if a.dtype.kind == "f"]
        self.takes_cache = "cache" in (parameters(backward) or ())

    def results(self, arrays: Sequence[np.ndarray]) -> tuple[list[Any], Any]:
        """The outputs, and what forward keeps for backward."""
        y = called("forward", self.forward, self.names, *arrays)
        if not isinstance(y, tuple) or not y:
            return [y], None
        kept = self.takes_cache or len(y) > 1 and not is_output(y[-1])
        outputs = list(y[: len(y) - kept])
        for each in outputs:
            if not is_output(each):
                got = getattr(each, "dtype", type(each).__name__)
                raise TypeError(f"forward must return arrays of real numbers, in float64 like its inputs, not {got}")
        return outputs, y[-1] if kept else None

    def value(self, *arrays: np.ndarray) -> Any:
        outputs, _ = self.results(arrays)
        return outputs[0] if len(outputs) == 1 else np.concatenate([np.ravel(y) for y in outputs])

    def gradient(self, gy: np.ndarray, *arrays: np.ndarray, rule: Function | None = None) -> list[Any]:
        """One gradient for each moved array, by backward (or another rule)."""
        outputs, cache = self.results([a.copy() for a in arrays])  # a forward that keeps something keeps this
        ends = np.cumsum([np.size(y) for y in outputs])
        parts = np.split(gy.reshape(-1), ends[:-1])
        gys = [part.reshape(np.shape(y)) for part, y in zip(parts, outputs, strict=True)] if len(parts) > 1 else [gy]
        rest = [cache] if self.takes_cache and rule is None else list(arrays)
        known = parameters(self.backward)
        each = known is not None and len(known) == len(gys) + len(rest)  # has a parameter for each output
        upstream = gys if len(gys) == 1 or each else [tuple(gys)]
        if rule is None:
            self.expect(len(gys), known, [*upstream, *rest])
        gxs = called("backward", rule or self.backward, ["gy", *self.names], *upstream, *rest)
        if gxs is None:
            raise GradcheckError("backward returned None: is its return statement missing?")
        kind, gxs = type(gxs).__name__, list(gxs) if isinstance(gxs, (tuple, list)) else [gxs]
        if len(gxs) not in (len(self.moved), len(self.names)) or kind in ("dict", "generator"):
            wanted = f"a gradient for each of {', '.join(self.names)}"
            raise GradcheckError(f"backward must return {wanted}, but returned {len(gxs)} (a {kind})")
        return [gxs[i] for i in self.moved] if len(gxs) == len(self.names) else gxs

    def expect(self, outputs: int, known: list[str] | None, given: list[Any]) -> None:
        """Raise GradcheckError, with the signature that is expected, if backward cannot take what it is given."""
        try:
            inspect.signature(self.backward).bind(*given)
        except TypeError:
            names = ", ".join(self.names)
            wanted = f"backward(gy, {names})" if outputs == 1 else f"backward(({', '.join(['gy'] * outputs)}), {names})"
            own = f"{name_of(self.backward, 'backward')}({', '.join(known or [])})"
            raise GradcheckError(f"backward is called as {wanted}, but it is {own}") from None
        except ValueError:  # written in C: it has no signature
            return


def is_output(y: Any) -> bool:
    """Whether this is an array (or a number) of real numbers that differences can be taken of."""
    return not isinstance(y, (tuple, list, dict)) and (
        (kind := np.asarray(y).dtype) == np.float64
        or isinstance(y, (int, float))
        or kind.kind in "iub"
        and np.ndim(y) == 0
    )


def parameters(f: Function) -> list[str] | None:
    """The names of what a function takes by position; None if it takes any number, or none can tell."""
    try:
        found = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind == p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.kind < p.VAR_POSITIONAL]


def called(what: str, f: Function, names: list[str], *given: Any) -> Any:
    """f's result; what goes wrong in it is told as its own, with its line."""
    try:
        return f(*given)
    except (GradcheckError, NotImplementedError):
        raise
    except Exception as error:
        file = getattr(getattr(f, "__code__", None), "co_filename", None)
        line = line_of(error, file)
        where = f" ({Path(file).name}, line {line})" if file and line else ""
        raise Stopped(f"{what} stopped with {type(error).__name__}: {in_words(error, names, given)}{where}") from error
