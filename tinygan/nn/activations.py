"""Layers without parameters: activations and changes of shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinygan.autograd import Tensor, ops
from tinygan.given import MOST, finite_number, is_whole, whole_tuple
from tinygan.nn.linear import check_samples
from tinygan.nn.module import Module
from tinygan.words import short


class LeakyReLU(Module):
    """x where x > 0, slope * x elsewhere."""

    def __init__(self, slope: float = 0.2):
        self.slope = finite_number("LeakyReLU's slope", slope)

    def extra(self) -> str:
        return str(self.slope)

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.slope)


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu(x)


class GELU(Module):
    """x Phi(x), Phi the normal distribution function: about 0 below -3 and x above 3, and smooth between."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.gelu(x)


class SiLU(Module):
    """x sigmoid(x), also called swish: about 0 far below 0 and x far above it, and smooth between."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.silu(x)


class Tanh(Module):
    """tanh x, in (-1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)


class Sigmoid(Module):
    """1 / (1 + e^-x), in (0, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class Softmax(Module):
    """e^x / sum e^x along `axis`."""

    def __init__(self, axis: int = -1):
        if not is_whole(axis, -MOST):
            raise ValueError(f"Softmax: axis must be a whole number, not {short(axis)}")
        self.axis = int(axis)

    def extra(self) -> str:
        return f"axis={self.axis}"

    def forward(self, x: Tensor) -> Tensor:
        return ops.softmax(x, self.axis)


class Flatten(Module):
    """(N, ...) -> (N, product of the rest)."""

    def forward(self, x: Tensor) -> Tensor:
        x = check_samples(self, x)
        return x.reshape((x.shape[0], math.prod(x.shape[1:])))  # which -1 would not tell of an empty batch


class Reshape(Module):
    """(N, ...) -> (N, ``*shape``)."""

    def __init__(self, shape: Sequence[int]):
        lengths = whole_tuple(shape, least=-1)
        if lengths is None:
            raise ValueError(f"Reshape: the shape must be several whole numbers, not {short(shape)}")
        self.shape = lengths

    def extra(self) -> str:
        return str(self.shape)

    def forward(self, x: Tensor) -> Tensor:
        x = check_samples(self, x)
        return x.reshape((x.shape[0], *self.shape))
