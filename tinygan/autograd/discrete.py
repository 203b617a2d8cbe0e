"""Gradients for choices: the Gumbel-softmax, and the straight-through estimator.

"The most probable of V letters" is a step function of the V logits: its derivative is 0 wherever it exists, and nothing
could be learnt through it. Two ways around: choose a little of every letter, or choose one and take the gradient of
another function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.op import Cast, Op, as_floats
from tinygan.autograd.outside import draw
from tinygan.autograd.reduce import _axes_of_something, softmax
from tinygan.autograd.shape import one_axis
from tinygan.autograd.tensor import Tensor
from tinygan.backend.base import Array
from tinygan.given import finite_number


class StraightThrough(Op):
    """y = 1 where x is largest along `axis`, 0 elsewhere; the gradient is handed on as if y were x."""

    def __init__(self, axis: int):
        self.axis = axis

    def forward(self, xp: Any, x: Array) -> Array:
        places = xp.arange(x.shape[self.axis]).reshape([-1 if i == self.axis else 1 for i in range(x.ndim)])
        return (places == xp.expand_dims(x.argmax(axis=self.axis), self.axis)).astype(x.dtype)

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        return gy


def straight_through(x: Any, axis: int = -1) -> Tensor:
    """The one-hot vector of the largest x along `axis` (of equal ones the first), with the gradient of y = x.

    Its gradient is by definition not its derivative, which is 0: `gradcheck` of it fails, and should. What can be
    checked is the function it stands for: ``straight_through(softmax(x))`` has the gradients of ``softmax(x)``.

    Source: the straight-through estimator of Bengio, Leonard and Courville, "Estimating or Propagating Gradients
    Through Stochastic Neurons for Conditional Computation", 2013, section 4.

    Raises
    ------
    ValueError
        If x has no such axis, or nothing to choose from along it.

    Examples
    --------
    >>> straight_through(Tensor([[0.2, 0.5, 0.3]])).data.tolist()
    [[0.0, 1.0, 0.0]]
    """
    (x,) = as_floats(x)
    axis = one_axis("straight_through", axis, x.ndim, f"shape {x.shape}")
    _axes_of_something("straight_through", axis, x)
    return StraightThrough(axis)(x)


def gumbel_softmax(
    logits: Any,
    temperature: Any = 1.0,
    hard: bool = False,
    axis: int = -1,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """A random choice through which gradients flow: y = softmax((logits + g) / temperature), g = -ln(-ln u).

    With u uniform on (0, 1), g is drawn from the standard Gumbel distribution, and argmax(logits + g) is k with the
    probability softmax(logits)_k, at every temperature. y is a smooth stand-in for the one-hot vector of that choice:
    nearly one-hot at a low temperature, where gradients are large and noisy, and nearly uniform at a high one.

    Source: Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017; in a GAN of strings,
    Kusner and Hernandez-Lobato, "GANs for Sequences of Discrete Elements with the Gumbel-softmax Distribution", 2016.

    Parameters
    ----------
    logits : Tensor (..., V, ...)
        Unnormalised logarithms of the probabilities, along `axis`.
    temperature : float, or Tensor ()
        Above 0. (A Tensor is not looked at.)
    hard : bool
        Whether y is the one-hot vector itself. Its gradient stays that of the soft y: see `straight_through`.
    axis : int
    rng : numpy.random.Generator, optional
        Drawn from on the host; unseeded by default.

    Returns
    -------
    Tensor, of the shape of `logits`

    Raises
    ------
    ValueError
        If the temperature is not above 0, or logits has no such axis, or nothing to choose from along it.
    """
    (logits,) = as_floats(logits)
    axis = one_axis("gumbel_softmax", axis, logits.ndim, f"shape {logits.shape}")
    _axes_of_something("gumbel_softmax", axis, logits)
    if not isinstance(temperature, Tensor):
        temperature = finite_number("gumbel_softmax: the temperature", temperature, "be above 0", lambda t: t > 0)
    elif temperature.dtype != logits.dtype:
        temperature = Cast(logits.dtype)(temperature)
    source, shape, dtype = rng or np.random.default_rng(), logits.shape, logits.dtype
    noise = draw(lambda: source.gumbel(size=shape).astype(dtype))
    y = softmax((logits + noise) / temperature, axis)
    return straight_through(y, axis) if hard else y
