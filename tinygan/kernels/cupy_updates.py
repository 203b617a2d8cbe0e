"""What changes arrays in place with CuPy, in one launch: a parameter with its state, and a moving average.

An optimiser's `update` and the backend's `move_towards` are the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygan.backend import Backend
from tinygan.kernels.cupy_launch import Source, floats, launch
from tinygan.optim import SGD, Adam, Optimizer, RMSProp

ADAM = Source(
    "tinygan_adam",
    "T g, T beta1, T beta2, T eps, T rate",
    "T m, T v, T p",
    "m = beta1 * m + g; v = beta2 * v + g * g; p -= rate * m / (sqrt(v) + eps)",
)
RMSPROP = Source(
    "tinygan_rmsprop",
    "T g, T rho, T eps, T lr",
    "T s, T p",
    "s = rho * s + (1 - rho) * g * g; p -= lr * g / (sqrt(s) + eps)",
)
MOMENTUM = Source("tinygan_sgd", "T g, T momentum, T lr", "T v, T p", "v = momentum * v + g; p -= lr * v")
MOVE_TOWARDS = Source("tinygan_move_towards", "T target, T share", "T x", "x += share * (target - x)")


def adam(op: Adam, xp: Any, g: Any, p: Any, part: slice) -> None:
    """`Adam.update` of the parameter `p` with the gradient `g`; `part` is its place in the flat buffers."""
    if not floats(op.m, g, p):
        return _update(op, xp, g, p, part)
    (beta1, beta2), m, v = op.betas, op.m[part].reshape(p.shape), op.v[part].reshape(p.shape)
    root = math.sqrt((1 - beta2) / (1 - beta2**op.t))
    rate = op.lr * (1 - beta1) / ((1 - beta1**op.t) * root)
    launch(xp, ADAM, g, beta1, beta2, op.eps / root, rate, m, v, p)


def rmsprop(op: RMSProp, xp: Any, g: Any, p: Any, part: slice) -> None:
    """`RMSProp.update`, likewise."""
    if not floats(op.s, g, p):
        return _update(op, xp, g, p, part)
    launch(xp, RMSPROP, g, op.rho, op.eps, op.lr, op.s[part].reshape(p.shape), p)


def sgd(op: SGD, xp: Any, g: Any, p: Any, part: slice) -> None:
    """`SGD.update`, likewise."""
    if not floats(op.v, g, p):
        return _update(op, xp, g, p, part)
    launch(xp, MOMENTUM, g, op.momentum, op.lr, op.v[part].reshape(p.shape), p)


def _update(op: Optimizer, xp: Any, g: Any, p: Any, part: slice) -> None:
    """The definition, for parameters of different precision."""
    flat = g.reshape(-1).astype(p.dtype)
    p -= op.update(flat, part, xp.empty_like(flat)).reshape(p.shape)


def move_towards(backend: Backend, xp: Any, x: Any, target: Any, share: float) -> None:
    """`Backend.move_towards`."""
    if floats(x, target):
        launch(xp, MOVE_TOWARDS, target, share, x)
    else:
        x += share * (target - x)


KERNELS: dict[Any, Callable[..., Any]] = {
    Adam: adam,
    RMSProp: rmsprop,
    SGD: sgd,
    Backend.move_towards: move_towards,
}
