"""The same networks in DeZero, with tinygan's weights (mirrored), and a training step as its users write it.

DeZero 0.0.13 is older than NumPy 2 and needs two things to run with it, which cost it no time: the name `np.int`,
and its Python numbers as float32, because NumPy 2 would let each of them turn float32 into float64.
Two layers say more than DeZero's own, with its own functions: a transposed convolution with a given size of
output, and BatchNorm with a given eps. (Importing DeZero imports matplotlib, which its peak memory shows.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.mirror import Mirrored, mirrored_layers, mirrored_padding
from tinygan import nn as tg

vars(np).setdefault("int", int)

import dezero  # noqa: E402
import dezero.functions as F  # noqa: E402
import dezero.layers as L  # noqa: E402
from dezero import Parameter, Variable  # noqa: E402

dezero.core.as_array = lambda x, xp=np: xp.array(x, dtype=np.float32) if np.isscalar(x) else x

# DeZero adds eps to sqrt(v) before v's bias is corrected, the others after it: this is their 1e-8 in the first step.
ADAM_EPS = 1e-8 * (1 - 0.999) ** 0.5

SIMPLE = {tg.ReLU: F.relu, tg.Tanh: F.tanh, tg.Sigmoid: F.sigmoid, tg.Flatten: F.flatten}


class Deconv2d(dezero.Layer):
    """DeZero's transposed convolution, told the size of its output (its own layer only gives the smallest)."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray | None, stride: int, pad: int, size: tuple[int, ...]):
        super().__init__()
        self.W, self.b = Parameter(weight), None if bias is None else Parameter(bias)
        self.stride, self.pad, self.size = stride, pad, size

    def forward(self, x: Variable) -> Variable:
        return F.deconv2d(x, self.W, self.b, self.stride, self.pad, self.size)


class BatchNorm(dezero.Layer):
    """DeZero's BatchNorm with tinygan's eps and momentum."""

    def __init__(self, gamma: np.ndarray, beta: np.ndarray, momentum: float, eps: float):
        super().__init__()
        self.gamma, self.beta = Parameter(gamma), Parameter(beta)
        self.mean, self.var = np.zeros_like(gamma), np.ones_like(gamma)
        self.momentum, self.eps = momentum, eps

    def forward(self, x: Variable) -> Variable:
        return F.batch_nrom(x, self.gamma, self.beta, self.mean, self.var, self.momentum, self.eps)


def from_tinygan(network: tg.Sequential, sample: tuple[int, ...]) -> dezero.Layer:
    """The network layer for layer, with copies of its weights, for samples (N, *sample)."""
    return dezero.models.Sequential(*[_counterpart(m) for m in mirrored_layers(network, sample)])


def _counterpart(m: Mirrored) -> Any:
    """A layer or a function of DeZero."""
    layer = m.layer
    if isinstance(layer, tg.Dense):
        return _filled(L.Linear(layer.W.shape[1], nobias=m.bias is None), m)
    if isinstance(layer, tg.BatchNorm):
        assert m.weight is not None and m.bias is not None
        return BatchNorm(m.weight.copy(), m.bias, layer.momentum, layer.eps)
    if isinstance(layer, tg.Conv2D):
        args = (layer.out_channels, layer.kernel_size, layer.stride, mirrored_padding(layer))
        return _filled(L.Conv2d(*args, nobias=m.bias is None), m)
    if isinstance(layer, tg.ConvTranspose2D):
        assert m.weight is not None
        return Deconv2d(m.weight, m.bias, layer.stride, mirrored_padding(layer), m.shape[1:])
    if isinstance(layer, tg.Reshape):
        return lambda x: F.reshape(x, (-1, *m.shape))
    if isinstance(layer, tg.LeakyReLU):
        return lambda x: F.leaky_relu(x, layer.slope)
    return SIMPLE[type(layer)]


def _filled(layer: Any, m: Mirrored) -> Any:
    assert m.weight is not None
    layer.W.data = np.ascontiguousarray(m.weight)
    if m.bias is not None:
        layer.b.data = m.bias
    return layer


class DezeroGame:
    """One D update and one G update. Like PyTorch's users, DeZero's get D's gradients in G's step too."""

    def __init__(self, g: tg.Sequential, d: tg.Sequential, sample, latent: int, loss: str, gp: float, rng):
        self.g, self.d = from_tinygan(g, (latent,)), from_tinygan(d, sample)
        self.opt_g = dezero.optimizers.Adam(2e-4, 0.5, 0.999, ADAM_EPS).setup(self.g)
        self.opt_d = dezero.optimizers.Adam(2e-4, 0.5, 0.999, ADAM_EPS).setup(self.d)
        self.latent, self.loss, self.gp, self.rng = latent, loss, gp, rng

    def step(self, reals: np.ndarray) -> tuple[float, float]:
        """One step on mirrored reals; returns both losses."""
        real, z = Variable(reals), self.rng.standard_normal((len(reals), self.latent), dtype=np.float32)
        fake = self.g(Variable(z))
        seen = Variable(fake.data)
        loss_d = self.loss_d(self.d(real), self.d(seen))
        if self.gp:
            loss_d = loss_d + self.gp * self.penalty(real.data, seen.data)
        self.d.cleargrads()
        loss_d.backward()
        self.opt_d.update()

        loss_g = self.loss_g(self.d(fake))
        self.g.cleargrads()
        loss_g.backward()
        self.opt_g.update()
        return float(loss_d.data), float(loss_g.data)

    def loss_d(self, real: Variable, fake: Variable) -> Variable:
        if self.loss == "wgan":
            return mean(fake) - mean(real)
        bce = F.sigmoid_cross_entropy
        return bce(real, np.ones_like(real.data)) + bce(fake, np.zeros_like(fake.data))

    def loss_g(self, fake: Variable) -> Variable:
        return -mean(fake) if self.loss == "wgan" else F.sigmoid_cross_entropy(fake, np.ones_like(fake.data))

    def penalty(self, real: np.ndarray, fake: np.ndarray) -> Variable:
        share = self.rng.random((len(real),) + (1,) * (real.ndim - 1), dtype=np.float32)
        x = Variable(share * real + (1 - share) * fake)
        F.sum(self.d(x)).backward(create_graph=True)
        squares = F.flatten(x.grad) ** 2
        return mean((F.sum(squares, axis=1) ** 0.5 - 1) ** 2)


def mean(x: Variable) -> Variable:
    """DeZero has no mean of its own."""
    return F.sum(x) / x.size
