"""Layers that are one matrix product: Dense, Maxout, Embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.autograd.index import whole_labels
from tinygan.autograd.tensor import as_tensors
from tinygan.given import whole_number
from tinygan.nn import init as initialisers
from tinygan.nn.init import Initialiser, fans
from tinygan.nn.module import Module

AXES = {None: "...", 3: "N, L", 4: "N, H, W"}  # before the features: of anything, of sequences, of images


def new_weight(
    init: Initialiser | None,
    rng: np.random.Generator | None,
    shape: tuple[int, ...],
    name: str,
    output_axis: int = -1,
) -> Tensor:
    """A fresh weight of `shape`, by Glorot's initialiser and an unseeded Generator unless others are given.

    Its last two axes are (in, out), or (out, in) if `output_axis` is -2.
    """
    init, (fan_in, fan_out) = init or initialisers.glorot(), fans(shape)
    if output_axis == -2:
        fan_in, fan_out = fan_out, fan_in
    return Tensor(init(rng or np.random.default_rng(), shape, fan_in, fan_out), requires_grad=True, name=name)


def whole_sizes(layer: Any, **sizes: Any) -> list[int]:
    """The sizes as ints; ValueError, naming the layer and the size, if one is no whole number or below 1."""
    return [whole_number(f"{type(layer).__name__}: the {name}", size) for name, size in sizes.items()]


def check_features(layer: Any, x: Any, features: int, ndim: int | None = None) -> Tensor:
    """x as a Tensor; or a sentence that names the layer, both shapes and the axis, if its last axis does not fit."""
    (x,) = as_tensors(x)
    expected = f"({AXES[ndim]}, {features})"
    if (ndim is not None and x.ndim != ndim) or x.ndim < 1:
        raise ValueError(f"{layer} needs an input of shape {expected}, but got {x.shape}: {x.ndim} axes")
    if x.shape[-1] != features:
        raise ValueError(
            f"{layer} needs an input of shape {expected}, but got {x.shape}: "
            f"axis {x.ndim - 1} has {x.shape[-1]} instead of {features}"
        )
    return x


def check_samples(layer: Any, x: Any) -> Tensor:
    """x as a Tensor; or a sentence that names the layer, if it has no axis."""
    (x,) = as_tensors(x)
    if not x.ndim:
        raise ValueError(f"{layer} needs samples (N, ...), but got one number, without an axis")
    return x


class Dense(Module):
    """y = x W + b: x (N, in_features) -> y (N, out_features).

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    init : initialiser, optional
        For W; Glorot's by default. b starts at zero.
    rng : numpy.random.Generator, optional
        Where W is drawn from; unseeded by default.

    Attributes
    ----------
    W : Tensor (in_features, out_features)
    b : Tensor (out_features,) or None

    Examples
    --------
    >>> Dense(784, 256, rng=np.random.default_rng(0))(Tensor(np.zeros((64, 784), np.float32))).shape
    (64, 256)
    """

    output_axis = -1  # of W

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        self.in_features, self.out_features = whole_sizes(self, in_features=in_features, out_features=out_features)
        self.W = new_weight(init, rng, (in_features, out_features), f"{self}.W")
        self.b = Tensor(np.zeros(out_features, np.float32), requires_grad=True, name=f"{self}.b") if bias else None

    def extra(self) -> str:
        return f"{self.in_features}, {self.out_features}"

    def forward(self, x: Tensor) -> Tensor:
        return self.with_weight(x, self.W)

    def with_weight(self, x: Tensor, W: Tensor) -> Tensor:
        """The layer's output with another weight in place of its own (SpectralNorm does so)."""
        x = check_features(self, x, self.in_features)
        return x @ W if self.b is None else ops.affine(x, W, self.b)


class Maxout(Module):
    """y_j = max over k of (x W + b)_kj, k of the pieces: x (N, in_features) -> y (N, out_features).

    W's columns are the pieces one after the other, each of out_features: then the maximum runs over whole rows,
    which takes NumPy a third of the time that a maximum of five neighbours does.

    Source: Goodfellow et al., "Maxout Networks", ICML 2013.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        sizes = whole_sizes(self, in_features=in_features, out_features=out_features, pieces=pieces)
        self.in_features, self.out_features, self.pieces = sizes
        self.dense = Dense(in_features, out_features * pieces, init=init, rng=rng)

    def extra(self) -> str:
        return f"{self.in_features}, {self.out_features}, pieces={self.pieces}"

    def forward(self, x: Tensor) -> Tensor:
        x = check_features(self, x, self.in_features)
        return self.dense(x).reshape((*x.shape[:-1], self.pieces, self.out_features)).max(axis=-2)


class Embedding(Module):
    """y = W[label]: integers (N,), or of any shape, from 0 on -> vectors (N, features). N(0, 1) weights by default."""

    def __init__(
        self,
        num_embeddings: int,
        features: int,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        self.num_embeddings, self.features = whole_sizes(self, num_embeddings=num_embeddings, features=features)
        self.W = new_weight(init or initialisers.normal(1.0), rng, (num_embeddings, features), f"{self}.W")

    def extra(self) -> str:
        return f"{self.num_embeddings}, {self.features}"

    def forward(self, labels: Any) -> Tensor:
        refusal = f"{self} needs whole numbers from 0 to {self.num_embeddings - 1} as labels"
        return self.W[whole_labels(labels, self.num_embeddings, refusal)]
