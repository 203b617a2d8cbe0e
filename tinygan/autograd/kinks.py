"""Functions with kinks (relu, abs, maximum, where, clip), and the masks that carry gradients back through them.

Their derivative is constant almost everywhere: `Sign`, `Larger` and their like compute it as a mask, through which no
further gradient flows. A mask selects: where it is 0 the result is 0, also if the gradient from above is inf or nan.
(At x = -1 sqrt(relu(x)) is flat, but the root's derivative at 0 is inf, and inf * 0 would make nan of it.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.op import Copy, Elementwise, Gradients, as_floats
from tinygan.autograd.shape import together
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array
from tinygan.given import as_float


class Masked(Elementwise):
    """y = g m, and 0 where m = 0, whatever g is: the product with a mask."""

    def forward(self, xp: Any, g: Array, m: Array) -> Array:
        return xp.where(m == 0, xp.zeros_like(g), g) * m

    def backward(self, gy: Tensor, y: Tensor, g: Tensor, m: Tensor) -> Gradients:
        return masked(gy, m) if self.wanted[0] else None, gy * g if self.wanted[1] else None


def masked(g: Any, m: Any) -> Tensor:
    """g times a mask m, where 0 in the mask gives 0 even if g is inf or nan there."""
    return Masked()(*together("masked", g, m))


class Gate(Elementwise):
    """y = above * g where x > 0, below * g elsewhere: a gradient g on its way back through a kink at 0.

    A share of 0 selects, as in `Masked`.
    """

    def __init__(self, below: float, above: float):
        self.below, self.above = below, above

    def forward(self, xp: Any, g: Array, x: Array) -> Array:
        above, below = (g * share if share else xp.zeros_like(g) for share in (self.above, self.below))
        return xp.where(x > 0, above, below)

    def backward(self, gy: Tensor, y: Tensor, g: Tensor, x: Tensor) -> Gradients:
        return Gate(self.below, self.above)(gy, x) if self.wanted[0] else None, None


class ReLU(Elementwise):
    """y = max(x, 0); at 0 the derivative is taken as 0."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.maximum(x, 0)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return Gate(0.0, 1.0)(gy, x)


class LeakyReLU(Elementwise):
    """y = x where x > 0, slope * x elsewhere; at 0 the derivative is taken as `slope`."""

    def __init__(self, slope: float):
        self.slope = slope

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.where(x > 0, x, self.slope * x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return Gate(self.slope, 1.0)(gy, x)


class Sign(Elementwise):
    """y = -1, 0 or 1: the slope of |x|."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.sign(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> None:
        return None


class Abs(Elementwise):
    """y = |x|; at 0 the derivative is taken as 0."""

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.abs(x)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return masked(gy, Sign()(x))


class Larger(Elementwise):
    """y = 1 where a > b, 1/2 where a = b, 0 elsewhere: the slope of max(a, b) along a."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return ((a > b).astype(a.dtype) + (a >= b).astype(a.dtype)) / 2

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        return None, None


class Maximum(Elementwise):
    """y = max(a, b); where they are equal each receives half of the gradient."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return xp.maximum(a, b)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = masked(gy, Larger()(a, b)) if self.wanted[0] else None
        return ga, masked(gy, Larger()(b, a)) if self.wanted[1] else None


class Minimum(Elementwise):
    """y = min(a, b); where they are equal each receives half of the gradient."""

    def forward(self, xp: Any, a: Array, b: Array) -> Array:
        return xp.minimum(a, b)

    def backward(self, gy: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Gradients:
        ga = masked(gy, Larger()(b, a)) if self.wanted[0] else None
        return ga, masked(gy, Larger()(a, b)) if self.wanted[1] else None


class Where(Elementwise):
    """y = a where condition, b elsewhere."""

    def forward(self, xp: Any, condition: Array, a: Array, b: Array) -> Array:
        return xp.where(condition, a, b)

    def backward(self, gy: Tensor, y: Tensor, condition: Tensor, a: Tensor, b: Tensor) -> Gradients:
        zero = gy.like(0.0)
        ga = where(condition, gy, zero) if self.wanted[1] else None
        return None, ga, where(condition, zero, gy) if self.wanted[2] else None


class Inside(Elementwise):
    """y = 1 where low <= x <= high, 0 elsewhere: the slope of clip."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def forward(self, xp: Any, x: Array) -> Array:
        return ((x >= self.low) & (x <= self.high)).astype(x.dtype)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> None:
        return None


class Clip(Elementwise):
    """y = min(max(x, low), high); the gradient passes where x was not cut."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def forward(self, xp: Any, x: Array) -> Array:
        return xp.clip(x, self.low, self.high)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return masked(gy, Inside(self.low, self.high)(x))


def relu(x: Any) -> Tensor:
    """max(x, 0)."""
    return ReLU()(*as_floats(x))


def leaky_relu(x: Any, slope: float = 0.2) -> Tensor:
    """x where x > 0, slope * x elsewhere."""
    return (
        LeakyReLU(as_float("leaky_relu: the slope", slope))(*as_floats(x)) if slope else relu(x)
    )  # 0 times -inf would be nan


def abs(x: Any) -> Tensor:
    """``|x|``."""
    return Abs()(*as_floats(x))


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of a and b, elementwise with broadcasting; at a tie each gets half the gradient.

    Whole numbers and booleans stay what they are.
    """
    return Maximum()(*together("maximum", a, b))


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of a and b, likewise."""
    return Minimum()(*together("minimum", a, b))


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """a where `condition` (Tensor or array of booleans) holds, b elsewhere, with broadcasting.

    Whole numbers stay whole. Both a and b are computed everywhere, so choose before a slope that is infinite, as in
    ``log(where(x > 0, x, 1))``: of ``where(x > 0, log(x), 0)`` the gradient at 0 would be 0 times inf.
    """
    a, b = as_tensors(a, b)
    # a copy: the caller may fill the mask anew before the gradient needs it
    condition = Tensor(np.array(condition)) if isinstance(condition, (list, tuple, bool)) else Tensor(condition)
    condition = Copy()(condition)
    if condition.dtype.kind != "b":
        raise TypeError(f"where: the condition must be of booleans (such as x > 0), not {condition.dtype}")
    return Where()(*together("where", condition, a, b))


def clip(x: Any, low: float, high: float) -> Tensor:
    """x cut to [low, high]; no gradient where it was cut."""
    return Clip(as_float("clip: low", low), as_float("clip: high", high))(*as_floats(x))
