"""Smooth functions of each number by itself: a formula and its derivative, two lines each.

Derivatives are written with the output y where that is shorter (tanh' = 1 - y^2). The functions of one number, here
and in `kinks`, compute whole numbers and booleans in the default float.
"""

from __future__ import annotations

from typing import Any

from tinygan.autograd.op import Elementwise, as_floats
from tinygan.autograd.tensor import Tensor
from tinygan.backend.base import Array


class Exp(Elementwise):
    """y = e^x"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.exp(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * y


class Log(Elementwise):
    """y = ln x"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.log(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy / x


class Sqrt(Elementwise):
    """y = x^(1/2);  dy/dx = 1 / (2 y)"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.sqrt(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy / (2 * y)


class Tanh(Elementwise):
    """y = tanh x;  dy/dx = 1 - y^2"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.tanh(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * (1 - y * y)


class Sigmoid(Elementwise):
    """y = 1 / (1 + e^-x), as e^min(x, 0) / (1 + e^-|x|), which neither overflows nor loses digits."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * (y * (1 - y))


class Softplus(Elementwise):
    """y = ln(1 + e^x), as max(x, 0) + ln(1 + e^-|x|), which does not overflow;  dy/dx = sigmoid(x)"""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * sigmoid(x)


def exp(x: Any) -> Tensor:
    """e^x."""
    return Exp()(*as_floats(x))


def log(x: Any) -> Tensor:
    """Natural logarithm."""
    return Log()(*as_floats(x))


def sqrt(x: Any) -> Tensor:
    """Square root. Its derivative is infinite at 0: add a small number first where x may be 0."""
    return Sqrt()(*as_floats(x))


def tanh(x: Any) -> Tensor:
    """Hyperbolic tangent."""
    return Tanh()(*as_floats(x))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e^-x), without overflow."""
    return Sigmoid()(*as_floats(x))


def softplus(x: Any) -> Tensor:
    """ln(1 + e^x), without overflow. -ln sigmoid(x) is softplus(-x)."""
    return Softplus()(*as_floats(x))
