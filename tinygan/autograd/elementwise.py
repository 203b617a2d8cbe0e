"""Functions applied to each number by itself: a formula and its derivative, two lines each.

Derivatives are written with the output y where that is shorter (tanh' = 1 - y^2). The piecewise linear
functions (relu, abs, clip, ...) have a derivative that is constant almost everywhere: `Gate`, `Sign` and their like
compute it as a mask, through which no further gradient flows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.op import Gradients, Op
from tinygan.autograd.shape import together
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array


class Exp(Op):
    """y = e^x"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.exp(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * y


class Log(Op):
    """y = ln x"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.log(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy / x


class Sqrt(Op):
    """y = x^(1/2);  dy/dx = 1 / (2 y)"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.sqrt(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy / (2 * y)


class Tanh(Op):
    """y = tanh x;  dy/dx = 1 - y^2"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.tanh(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * (1 - y * y)


class Sigmoid(Op):
    """y = 1 / (1 + e^-x), as e^min(x, 0) / (1 + e^-|x|), which neither overflows nor loses digits."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * (y * (1 - y))


class Softplus(Op):
    """y = ln(1 + e^x), as max(x, 0) + ln(1 + e^-|x|), which does not overflow;  dy/dx = sigmoid(x)"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * sigmoid(x)


class Gate(Op):
    """y = above * g where x > 0, below * g elsewhere: a gradient g on its way back through a kink at 0."""

    def __init__(self, below: float, above: float):
        self.below, self.above = below, above

    def forward(self, xp: Any, g: Array, x: Array) -> Array:
        return g * xp.where(x > 0, self.above, self.below).astype(x.dtype)

    def backward(self, gy: Tensor, y: Tensor, g: Tensor, x: Tensor) -> Gradients:
        return Gate(self.below, self.above)(gy, x) if self.wanted[0] else None, None


class ReLU(Op):
    """y = max(x, 0); at 0 the derivative is taken as 0."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.maximum(x, 0)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return Gate(0.0, 1.0)(gy, x)


class LeakyReLU(Op):
    """y = x where x > 0, slope * x elsewhere; at 0 the derivative is taken as `slope`."""

    def __init__(self, slope: float):
        self.slope = slope

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.where(x > 0, x, self.slope * x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return Gate(self.slope, 1.0)(gy, x)


class Sign(Op):
    """y = -1, 0 or 1: the slope of |x|."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.sign(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> None:
        return None


class Abs(Op):
    """y = |x|; at 0 the derivative is taken as 0."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.abs(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * Sign()(x)


class Larger(Op):
    """y = 1 where a > b, 1/2 where a = b, 0 elsewhere: the slope of max(a, b) along a."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return ((a > b).astype(a.dtype) + (a >= b).astype(a.dtype)) / 2

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return None, None


class Maximum(Op):
    """y = max(a, b); where they are equal each receives half of the gradient."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return xp.maximum(a, b)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = gy * Larger()(a, b)
        return ga, gy - ga


class Minimum(Op):
    """y = min(a, b); where they are equal each receives half of the gradient."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return xp.minimum(a, b)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = gy * Larger()(b, a)
        return ga, gy - ga


class Where(Op):
    """y = a where condition, b elsewhere."""

    def forward(self, xp: Any, condition: Array, a: Array, b: Array) -> Array:
        return xp.where(condition, a, b)

    def backward(self, gy: Tensor, y: Tensor, condition: Tensor, a: Tensor, b: Tensor) -> Gradients:
        zero = gy.like(0.0)
        ga = where(condition, gy, zero) if self.wanted[1] else None
        return None, ga, where(condition, zero, gy) if self.wanted[2] else None


class Inside(Op):
    """y = 1 where low <= x <= high, 0 elsewhere: the slope of clip."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def forward(self, xp: Any, x: Array) -> Array:
        return ((x >= self.low) & (x <= self.high)).astype(x.dtype)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> None:
        return None


class Clip(Op):
    """y = min(max(x, low), high); the gradient passes where x was not cut."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.clip(x, self.low, self.high)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * Inside(self.low, self.high)(x)


def exp(x: Any) -> Tensor:
    """e^x."""
    return Exp()(*as_tensors(x))


def log(x: Any) -> Tensor:
    """Natural logarithm."""
    return Log()(*as_tensors(x))


def sqrt(x: Any) -> Tensor:
    """Square root. Its derivative is infinite at 0: add a small number first where x may be 0."""
    return Sqrt()(*as_tensors(x))


def tanh(x: Any) -> Tensor:
    """Hyperbolic tangent."""
    return Tanh()(*as_tensors(x))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e^-x), without overflow."""
    return Sigmoid()(*as_tensors(x))


def softplus(x: Any) -> Tensor:
    """ln(1 + e^x), without overflow. -ln sigmoid(x) is softplus(-x)."""
    return Softplus()(*as_tensors(x))


def relu(x: Any) -> Tensor:
    """max(x, 0)."""
    return ReLU()(*as_tensors(x))


def leaky_relu(x: Any, slope: float = 0.2) -> Tensor:
    """x where x > 0, slope * x elsewhere."""
    return LeakyReLU(float(slope))(*as_tensors(x))


def abs(x: Any) -> Tensor:
    """``|x|``."""
    return Abs()(*as_tensors(x))


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of a and b, elementwise with broadcasting; at a tie each gets half the gradient."""
    return Maximum()(*together("maximum", a, b))


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of a and b, elementwise with broadcasting; at a tie each gets half the gradient."""
    return Minimum()(*together("minimum", a, b))


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """a where `condition` (Tensor or array of booleans) holds, b elsewhere, with broadcasting."""
    a, b = as_tensors(a, b)
    if not isinstance(condition, Tensor):
        condition = Tensor(np.asarray(condition) if isinstance(condition, (list, tuple, bool)) else condition)
    if condition.dtype.kind != "b":
        raise TypeError(f"where: the condition must be of booleans (such as x > 0), not {condition.dtype}")
    return Where()(*together("where", condition, a, b))


def clip(x: Any, low: float, high: float) -> Tensor:
    """x cut to [low, high]; no gradient where it was cut."""
    return Clip(float(low), float(high))(*as_tensors(x))
