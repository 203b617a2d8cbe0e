"""+ - * / **, of Tensors and numbers.

Sums, products and powers of whole numbers are whole, in 64 bits (uint8 would wrap around at 256). What may leave a
fraction is computed in the default float: / and a power that is negative, no whole number or a Tensor.

An elementwise op never sees two shapes: `together` puts a BroadcastTo in front of it. So the gradient of
broadcasting (a sum over the axes that were repeated) is written once, in `shape.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.elementwise import log
from tinygan.autograd.kinks import masked, where
from tinygan.autograd.op import Elementwise, Gradients, as_floats, without_wrapping
from tinygan.autograd.shape import together
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array
from tinygan.given import as_float


class Add(Elementwise):
    """y = a + b"""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return gy, gy


class Sub(Elementwise):
    """y = a - b"""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return a - b

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return gy, -gy if self.wanted[1] else None


class Mul(Elementwise):
    """y = a b"""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return a * b

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return gy * b if self.wanted[0] else None, gy * a if self.wanted[1] else None


class Div(Elementwise):
    """y = a / b;  dy/db = -a / b^2 = -y / b"""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return a / b

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = gy / b
        return ga, -ga * y if self.wanted[1] else None


class Neg(Elementwise):
    """y = -x"""

    def forward(self, xp: Any, x: Array) -> Array:
        return -x

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return -gy


class PowConstant(Elementwise):
    """y = x^p for a number p;  dy/dx = p x^(p-1)"""

    def __init__(self, p: float):
        self.p = p

    def forward(self, xp: Any, x: Array) -> Array:
        return x**self.p

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor | None:
        if self.p == 0:  # p x^(p-1) would be 0 / 0 at x = 0
            return None
        return gy * (self.p * x ** (self.p - 1))


class Pow(Elementwise):
    """y = a^b for Tensors, a >= 0 where b's gradient is wanted;  dy/da = b a^(b-1),  dy/db = y log a

    At a = 0 the power is flat along a where b = 0, and along b where b >= 0; there the formulas would be 0 times inf.
    """

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return a**b

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = masked(gy, b * where(Flat(along=0)(a, b), 1.0, a) ** (b - 1)) if self.wanted[0] else None
        return ga, masked(gy, y * log(where(Flat(along=1)(a, b), 1.0, a))) if self.wanted[1] else None


class Flat(Elementwise):
    """True where a = 0 and a^b does not change with its base (`along` 0) or its exponent (1)."""

    def __init__(self, along: int):
        self.along = along

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return (a == 0) & (b >= 0 if self.along else b == 0)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return None, None


def add(a: Any, b: Any) -> Tensor:
    """a + b, elementwise with broadcasting."""
    return Add()(*without_wrapping(together("add", a, b)))


def sub(a: Any, b: Any) -> Tensor:
    """a - b, elementwise with broadcasting."""
    return Sub()(*without_wrapping(together("sub", a, b)))


def mul(a: Any, b: Any) -> Tensor:
    """a * b, elementwise with broadcasting."""
    return Mul()(*without_wrapping(together("mul", a, b)))


def div(a: Any, b: Any) -> Tensor:
    """a / b, elementwise with broadcasting."""
    return Div()(*as_floats(*together("div", a, b)))


def neg(x: Any) -> Tensor:
    """-x."""
    return Neg()(*without_wrapping(as_tensors(x)))


def pow(x: Any, exponent: Any) -> Tensor:
    """x to a power: a number, or a Tensor (then x must not be negative where the exponent's gradient is wanted)."""
    if isinstance(exponent, (int, float, np.number)):
        number = as_float("pow: the exponent", exponent)
        # as a Python number, because an np.float64 would turn float32 into float64
        p = int(exponent) if isinstance(exponent, (int, np.integer)) else number
        whole = isinstance(p, int) and p >= 0
        return PowConstant(p)(*(without_wrapping(as_tensors(x)) if whole else as_floats(x)))
    return Pow()(*as_floats(*together("pow", x, exponent)))
