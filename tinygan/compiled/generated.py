"""Elementwise ops as one CUDA kernel, whose text their own formulas write.

An op's ``forward(xp, x)`` is a formula on whatever `xp` and `x` are. Given arrays it computes, with one launch for
each of its operations. Here it is given symbols, and each operation writes a line of C instead: so of

    Tanh:  xp.tanh(x)          Sub:  a - b          Mul:  a * b

in a row becomes the text of one kernel, which CuPy compiles and the GPU runs once for each number:

    const T v0 = tanh(x0);
    const T v1 = x1 - v0;
    const T v2 = x2 * v1;
    y0 = v2;

What lies in between is never an array. A formula that symbols cannot follow (an ``if`` on a number, a function that is
not in the table here) is left as it is, a line of its own.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygan.autograd.op import Elementwise
from tinygan.compiled.recorder import Line, Value

# Products and sums are rounded singly, as they are in kernels of their own: so a step has the same bits called and
# played back, and a run that is resumed goes on as if it had not stopped. (The memory is what takes the time.)
OPTIONS = ("--fmad=false",)
MOST = 16  # ops in a kernel: with an input and an output for each, its arguments still fit into CUDA's 4 KB

# What a function of arrays is for one number, as NumPy defines it. nan passes, and of two equal zeros it is the second.
FUNCTIONS = {
    **{name: f"{name}({{0}})" for name in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "sin", "cos")},
    "abs": "fabs({0})",
    "negative": "-{0}",
    "square": "{0} * {0}",
    "sign": "{0} > 0 ? T(1) : {0} < 0 ? T(-1) : {0} == 0 ? T(0) : {0}",
    "maximum": "{0} > {1} || {0} != {0} ? {0} : {1}",
    "minimum": "{0} < {1} || {0} != {0} ? {0} : {1}",
    "clip": "({0} < {1} ? {1} : {0}) > {2} ? {2} : {0} < {1} ? {1} : {0}",
    "zeros_like": "T(0)",
    "ones_like": "T(1)",
}
POWERS = {-1: "T(1) / {0}", 0: "T(1)", 0.5: "sqrt({0})", 1: "{0}", 2: "{0} * {0}"}  # as NumPy takes them
ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LOGIC = {"and": "&", "or": "|", "xor": "^"}


class Unwritten(TypeError):
    """A formula does something that no line of C is known for."""


class Writer:
    """The `xp` of a formula that is to be written down: its functions write lines, and return symbols."""

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan

    def __init__(self, dtype: Any):
        self.dtype = np.dtype(dtype)
        self.lines: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Symbol]:
        def function(*values: Any) -> Symbol:
            if len(values) != max([1, *(i + 1 for i in range(3) if f"{{{i}}}" in text)]):
                raise Unwritten(f"xp.{name} of {len(values)} values")
            return self.line("T", text, *values)

        text = FUNCTIONS.get(name, "")
        if not text:
            raise Unwritten(f"no text is known for xp.{name}")
        return function

    def where(self, condition: Symbol, a: Any, b: Any) -> Symbol:
        both = isinstance(a, Symbol) and a.kind == "bool" and isinstance(b, Symbol) and b.kind == "bool"
        return self.line("bool" if both else "T", f"{condition.as_bool} ? {{0}} : {{1}}", a, b)

    def line(self, kind: str, text: str, *values: Any) -> Symbol:
        """Write ``const kind v = text``, where {0}, {1}, ... stand for the values; a "bool" of booleans alone."""
        symbols = [value for value in values if isinstance(value, Symbol)]
        if kind == "T" and all(symbol.kind == "bool" for symbol in symbols):
            raise Unwritten("numbers alone, or booleans, would have a dtype of their own")
        name = f"v{len(self.lines)}"
        self.lines.append(f"const {kind} {name} = {text.format(*map(self._text, values))};")
        return Symbol(self, name, kind)

    def _text(self, value: Any) -> str:
        if isinstance(value, Symbol):
            return value.name
        if isinstance(value, np.generic) and value.dtype != self.dtype:
            raise Unwritten(f"a {value.dtype} would change the dtype")
        if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
            raise Unwritten(f"no text is known for a {type(value).__name__}")
        with np.errstate(over="ignore"):
            number = float(self.dtype.type(value))
        if math.isfinite(number):
            return f"T({float(value)!r})"
        return (
            f"(T({0 if math.isnan(number) else 1 if number > 0 else -1}) / T(0))"  # NVIDIA's compiler has no INFINITY
        )


class Symbol:
    """One number of an array, by its name in a kernel. `kind` is T, the arrays' float, or bool."""

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # NumPy's numbers leave what they are added to, to the symbol

    def __init__(self, writer: Writer, name: str, kind: str):
        self.writer, self.name, self.kind = writer, name, kind

    @property
    def dtype(self) -> Any:
        return self.writer.dtype if self.kind == "T" else np.dtype(bool)

    @property
    def as_bool(self) -> str:
        return self.name if self.kind == "bool" else f"{self.name} != 0"

    def astype(self, dtype: Any) -> Symbol:
        if np.dtype(dtype) == self.dtype:
            return self
        if np.dtype(dtype) == bool:
            return self.writer.line("bool", self.as_bool)
        if np.dtype(dtype) != self.writer.dtype:
            raise Unwritten(f"another dtype, {np.dtype(dtype)}")
        return Symbol(self.writer, f"T({self.name})", "T")

    def __bool__(self) -> bool:
        raise Unwritten("which way an `if` goes is different from number to number")

    def __neg__(self) -> Symbol:
        return self.writer.line("T", "-{0}", self)

    def __abs__(self) -> Symbol:
        return self.writer.line("T", FUNCTIONS["abs"], self)

    def __invert__(self) -> Symbol:
        return self._logic("!{0}")

    def __pow__(self, exponent: Any) -> Symbol:
        known = POWERS.get(exponent) if isinstance(exponent, (int, float)) else None
        return self.writer.line("T", known or "pow({0}, {1})", self, exponent)

    def __rpow__(self, base: Any) -> Symbol:
        return self.writer.line("T", "pow({1}, {0})", self, base)

    def _logic(self, text: str, *others: Any) -> Symbol:
        if any(not isinstance(each, Symbol) or each.kind != "bool" for each in (self, *others)):
            raise Unwritten("and, or and not are of booleans")
        return self.writer.line("bool", text, self, *others)


def _between(text: str, kind: str) -> Callable[[Symbol, Any], Symbol]:
    return lambda self, other: self.writer.line(kind, text, self, other)


for _name, _sign in ARITHMETIC.items():
    setattr(Symbol, f"__{_name}__", _between(f"{{0}} {_sign} {{1}}", "T"))
    setattr(Symbol, f"__r{_name}__", _between(f"{{1}} {_sign} {{0}}", "T"))
for _name, _sign in COMPARISONS.items():
    setattr(Symbol, f"__{_name}__", _between(f"{{0}} {_sign} {{1}}", "bool"))
for _name, _sign in LOGIC.items():
    setattr(Symbol, f"__{_name}__", lambda self, other, _sign=_sign: self._logic(f"{{0}} {_sign} {{1}}", other))


def written(lines: Sequence[Line], inputs: Sequence[Value], outputs: Sequence[Value]) -> tuple[str, str, str]:
    """The text of a kernel: its inputs x0, x1, ..., its outputs y0, y1, ..., and what it does.

    Raises
    ------
    Exception
        Whatever a formula raises that symbols cannot follow.
    """
    writer = Writer(next(value.dtype for line in lines for value in line.outputs + line.inputs if value.dtype != bool))
    kinds = {value: "bool" if value.dtype == bool else "T" for value in (*inputs, *outputs)}
    known = {value: Symbol(writer, f"x{i}", kinds[value]) for i, value in enumerate(inputs)}
    for line in lines:
        (y,) = line.outputs
        known[y] = copy.copy(line.op).forward(writer, *[known[x] for x in line.inputs])  # type: ignore[union-attr]
        if not isinstance(known[y], Symbol) or known[y].dtype != y.dtype:
            raise Unwritten(f"{line.name} would be of another dtype")
    given = ", ".join(f"{kinds[value]} x{i}" for i, value in enumerate(inputs))
    taken = ", ".join(f"{kinds[value]} y{i}" for i, value in enumerate(outputs))
    ends = [f"y{i} = {known[value].name};" for i, value in enumerate(outputs)]
    return given, taken, "\n".join(writer.lines + ends)


def kernel(xp: Any, lines: Sequence[Line], inputs: Sequence[Value], outputs: Sequence[Value]) -> Any:
    """The kernel of a chain: a function of arrays, which takes one launch."""
    names = dict.fromkeys(re.sub("[^a-z]", "", line.name.lower()) for line in lines)
    name = "_".join(["tinygan", *names])[:80]
    return xp.ElementwiseKernel(*written(lines, inputs, outputs), name=name, options=OPTIONS)


def operations(line: Line) -> int:
    """How many operations on arrays an op's formula is made of."""
    return written([line], list(dict.fromkeys(line.inputs)), line.outputs)[2].count("\n")


def fits(line: Line) -> bool:
    """Whether a line can be a part of a kernel: an elementwise op on floats of one precision, which can be written."""
    if line.kind != "op" or not isinstance(line.op, Elementwise):
        return False
    (y,) = line.outputs  # (in memory of its own; inputs may have other strides, or be broadcast)
    floats = {x.dtype for x in (*line.inputs, y) if x.dtype != bool}
    if len(floats) != 1 or floats.pop().char not in "fd" or y.owner is not y:
        return False
    try:
        if any(np.broadcast_shapes(x.shape, y.shape) != y.shape for x in line.inputs):
            return False
        written([line], list(dict.fromkeys(line.inputs)), line.outputs)
    except Exception:  # it may raise anything, as it was written for arrays
        return False
    return True
