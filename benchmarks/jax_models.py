"""The same networks in JAX, with tinygan's weights, and the whole training step in one `jit`, as its users write it.

JAX takes images (N, H, W, C) and "SAME" padding as tinygan does, so nothing needs a mirror here. State goes in and
comes out; its old arrays are given back (`donate_argnums`). G's gradient is asked for G's weights alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tinygan import nn as tg

IMAGES = ("NHWC", "HWIO", "NHWC")
RATE, BETA1, BETA2, EPS = 2e-4, 0.5, 0.999, 1e-8
SIMPLE = {tg.ReLU: jax.nn.relu, tg.Tanh: jnp.tanh, tg.Sigmoid: jax.nn.sigmoid}

Weights = list[dict[str, Any]]  # of each layer, by their names


def weights_of(network: tg.Sequential) -> Weights:
    """Copies of each layer's parameters."""
    names = ("W", "b", "gamma", "beta")
    found = [{name: getattr(layer, name, None) for name in names} for layer in network.layers]
    return [{name: jnp.array(p.data) for name, p in layer.items() if p is not None} for layer in found]


def averages_of(network: tg.Sequential) -> Weights:
    """Copies of each BatchNorm's running averages."""
    norms = [layer if isinstance(layer, tg.BatchNorm) else None for layer in network.layers]
    return [
        {"mean": jnp.array(n.running_mean.data), "var": jnp.array(n.running_var.data)} if n is not None else {}
        for n in norms
    ]


def applied(network: tg.Sequential, weights: Weights, averages: Weights, x: Any) -> tuple[Any, Weights]:
    """What the network makes of x with these weights, and its running averages after that."""
    after = []
    for layer, p, average in zip(network.layers, weights, averages, strict=True):
        if isinstance(layer, tg.BatchNorm):
            axes, share = tuple(range(x.ndim - 1)), layer.momentum
            mean, var = x.mean(axes), x.var(axes)
            average = {
                "mean": share * average["mean"] + (1 - share) * mean,
                "var": share * average["var"] + (1 - share) * var,
            }
            x = (x - mean) * (lax.rsqrt(var + layer.eps) * p["gamma"]) + p["beta"]
        else:
            x = _through(layer, p, x)
        after.append(average)
    return x, after


def _through(layer: Any, p: dict[str, Any], x: Any) -> Any:
    """What one layer without averages makes of x."""
    if isinstance(layer, tg.Dense):
        return x @ p["W"] + p.get("b", 0)
    if isinstance(layer, (tg.Conv2D, tg.ConvTranspose2D)):
        if layer.padding != "same":
            raise ValueError(f"convolutions are written for padding 'same' here: {layer}")
        strides = (layer.stride, layer.stride)
        if isinstance(layer, tg.Conv2D):
            y = lax.conv_general_dilated(x, p["W"], strides, "SAME", dimension_numbers=IMAGES)
        else:  # tinygan's kernel is the adjoint's
            y = lax.conv_transpose(x, p["W"], strides, "SAME", dimension_numbers=IMAGES, transpose_kernel=True)
        return y + p.get("b", 0)
    if isinstance(layer, tg.Flatten):
        return x.reshape(len(x), -1)
    if isinstance(layer, tg.Reshape):
        return x.reshape(len(x), *layer.shape)
    if isinstance(layer, tg.LeakyReLU):
        return jax.nn.leaky_relu(x, layer.slope)
    return SIMPLE[type(layer)](x)


def adam(weights: Weights, grads: Weights, state: Any) -> tuple[Weights, Any]:
    """One step of Adam: the weights and its own state after it."""
    m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
    rate, bias = RATE / (1 - BETA1**t), 1 - BETA2**t
    weights = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v / bias) + EPS), weights, m, v)
    return weights, (m, v, t)


def fresh_adam(weights: Weights) -> Any:
    return jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights), jnp.zeros(())


class JaxGame:
    """One D update and one G update in one `jit`. Both draw from the same noise, as tinygan's step does."""

    def __init__(self, g: tg.Sequential, d: tg.Sequential, latent: int, loss: str, gp: float, rng: np.random.Generator):
        self.latent, self.gp, self.rng = latent, gp, rng
        w_g, w_d = weights_of(g), weights_of(d)
        self.state = w_g, averages_of(g), fresh_adam(w_g), w_d, fresh_adam(w_d)
        self._step = jax.jit(partial(_step, g, d, loss, gp), donate_argnums=0)

    def step(self, reals: np.ndarray) -> tuple[Any, Any]:
        """One step, done when it returns; both losses."""
        z = self.rng.standard_normal((len(reals), self.latent), dtype=np.float32)
        share = self.rng.random((len(reals),) + (1,) * (reals.ndim - 1), dtype=np.float32) if self.gp else None
        self.state, losses = self._step(self.state, reals, z, share)
        return jax.block_until_ready((self.state, losses))[1]


def _step(g: Any, d: Any, loss: str, gp: float, state: Any, real: Any, z: Any, share: Any) -> tuple[Any, Any]:
    w_g, averages, adam_g, w_d, adam_d = state
    without = averages_of(d)  # it has no BatchNorm

    def judged(w_d: Weights, x: Any) -> Any:
        return applied(d, w_d, without, x)[0]

    def loss_d(w_d: Weights, fake: Any) -> Any:
        on_real, on_fake = judged(w_d, real), judged(w_d, fake)
        value = on_fake.mean() - on_real.mean() if loss == "wgan" else _bce(on_real, on_fake)
        return value + gp * penalty(w_d, share * real + (1 - share) * fake) if gp else value

    def penalty(w_d: Weights, x: Any) -> Any:
        gx = jax.grad(lambda x: judged(w_d, x).sum())(x)
        return ((jnp.sqrt((gx.reshape(len(gx), -1) ** 2).sum(1)) - 1) ** 2).mean()

    def loss_g(w_g: Weights, w_d: Weights) -> Any:
        fake, after = applied(g, w_g, averages, z)
        on_fake = judged(w_d, fake)
        return (-on_fake.mean() if loss == "wgan" else jax.nn.softplus(-on_fake).mean()), after

    fake = applied(g, w_g, averages, z)[0]  # XLA computes it once, for both updates
    value_d, grads_d = jax.value_and_grad(loss_d)(w_d, fake)
    w_d, adam_d = adam(w_d, grads_d, adam_d)
    (value_g, averages), grads_g = jax.value_and_grad(loss_g, has_aux=True)(w_g, w_d)
    w_g, adam_g = adam(w_g, grads_g, adam_g)
    return (w_g, averages, adam_g, w_d, adam_d), (value_d, value_g)


def _bce(on_real: Any, on_fake: Any) -> Any:
    return jax.nn.softplus(-on_real).mean() + jax.nn.softplus(on_fake).mean()
