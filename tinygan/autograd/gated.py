"""Smooth activations: x times a gate that opens from 0 to 1 as x grows. GELU's is the normal CDF, SiLU's the sigmoid.

Both are compositions, so they are right to any order. What is new is one op, the normal distribution function

    Phi(x) = probability that N(0, 1) < x = (1 + erf(x / sqrt 2)) / 2

for which NumPy has no function. Below zero, at x = -a, it is an integral (Abramowitz and Stegun, 7.4.11) of something
that is smooth and dies out quickly:

    Phi(-a) = a / pi e^(-a^2 / 2) * integral from 0 to infinity of e^(-t^2 / 2) / (a^2 + t^2) dt

The midpoint rule, at t = s/2, 3s/2, 5s/2, ..., goes wrong by what the pole at t = ia adds, which is known:
1 / (1 + e^(2 pi a / s)). The rest of its error falls with the step s as e^(-2 pi^2 / s^2). So a dozen points give all
sixteen digits of float64, and no table of coefficients is needed.

Source: Hunter and Regan, "A note on the evaluation of the complementary error function", Math. Comp. 26, 1972.
"""

from __future__ import annotations

import math
from typing import Any

from tinygan.autograd.elementwise import exp, sigmoid
from tinygan.autograd.op import Elementwise, as_floats
from tinygan.autograd.tensor import Tensor
from tinygan.backend.base import Array

STEP, POINTS = 0.7, 12  # float64: the error is 2e-16
SHORT_STEP, SHORT_POINTS = 1.05, 5  # float32 and less: 1e-7
FAR = 40.0  # from here on Phi(-a) is 0, and a^2 must not overflow


class NormalCDF(Elementwise):
    """y = Phi(x);  dy/dx = e^(-x^2 / 2) / sqrt(2 pi)"""

    def forward(self, xp: Any, x: Array) -> Array:
        step, points = (STEP, POINTS) if x.dtype.itemsize > 4 else (SHORT_STEP, SHORT_POINTS)
        a = xp.minimum(xp.abs(x), FAR)
        square = a * a
        total = xp.zeros_like(a)
        for k in ((i + 0.5) * step for i in range(points)):
            total += math.exp(-k * k / 2) / (square + k * k)
        pole = xp.exp(a * (-2 * math.pi / step))
        below = a * xp.exp(-square / 2) * total * (step / math.pi) + pole / (1 + pole)  # Phi(-a)
        return xp.where(x > 0, 1 - below, below)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy * (exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))


def gelu(x: Any) -> Tensor:
    """x Phi(x) = x (1 + erf(x / sqrt 2)) / 2 with the normal distribution function Phi: exactly, not by a tanh.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """
    (x,) = as_floats(x)
    return x * NormalCDF()(x)


def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called swish.

    Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", Neural Networks 107, 2018.
    """
    (x,) = as_floats(x)
    return x * sigmoid(x)
