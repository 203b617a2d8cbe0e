"""Cross-entropy from logits: of classes, and of real or fake, which a GAN trains with.

No probability is ever formed, which could be rounded to 0 or 1: that of K classes is a log_softmax, and for real or
fake, with D = sigmoid(logit), -ln D = softplus(-logit) and -ln(1 - D) = softplus(logit), so

    -t ln D - (1 - t) ln(1 - D) = softplus(logit) - t logit

The binary one is here twice: the composition that defines it, and the fused op.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd.elementwise import sigmoid, softplus
from tinygan.autograd.kinks import masked
from tinygan.autograd.op import Op, as_floats
from tinygan.autograd.outside import effect
from tinygan.autograd.reduce import log_softmax, mean
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.backend.base import Array
from tinygan.given import as_float


def cross_entropy(logits: Tensor, one_hot: Tensor) -> Tensor:
    """-E ln softmax(logits) of the right class: logits (n, K), one-hot rows (n, K) -> 0-d.

    It is ln K when all K logits are equal.

    Raises
    ------
    ValueError
        If the shapes differ; the message gives both.
    """
    logits, one_hot = as_tensors(logits, one_hot)
    if logits.shape != one_hot.shape:
        raise ValueError(f"cross_entropy needs a row for each row of logits {logits.shape}, not {one_hot.shape}")
    return -masked(log_softmax(logits), one_hot).sum(axis=-1).mean()


def bce_with_logits_composed(logits: Tensor, targets: Any) -> Tensor:
    """mean(softplus(x) - t x): the definition, also for targets that are Tensors."""
    return mean(softplus(logits) - logits * targets)


class BCEWithLogits(Op):
    """y = mean(softplus(x) - t x) for one target t;  dy/dx = (sigmoid(x) - t) / n

    Near t = 1 the slope is taken as 1 - t - sigmoid(-x): where D is right it is tiny, but it is not rounded to 0.
    """

    def __init__(self, target: float):
        self.target = target

    def forward(self, xp: Any, x: Array) -> Array:
        # (1 - t) max(x, 0) + t max(-x, 0) comes first: where D is right and sure it is exactly 0, and the logarithm
        # keeps its digits. A term with the factor 0 is left out, or it would be nan at inf.
        y = xp.log1p(xp.exp(-xp.abs(x)))
        if self.target < 1:
            y += (1 - self.target) * xp.maximum(x, 0)
        if self.target > 0:
            y += self.target * xp.maximum(-x, 0)
        return y.mean()

    def backward(self, gy: Tensor, y: Tensor, x: Tensor) -> Tensor:
        slope = sigmoid(x) - self.target if self.target <= 0.5 else (1 - self.target) - sigmoid(-x)
        return slope * (gy * (1 / max(1, x.size)))


def bce_with_logits(logits: Any, targets: Any) -> Tensor:
    """Binary cross-entropy from logits, the mean over all elements: -t ln D - (1 - t) ln(1 - D), D = sigmoid(logit).

    Source: what D minimises in Goodfellow et al., NeurIPS 2014, eq. 1, with t = 1 for real and 0 for fake samples.

    Parameters
    ----------
    logits : Tensor
        Any real numbers.
    targets : float, or Tensor or array of the shape of `logits`
        In [0, 1]: the probability of "real". (What is on a GPU is not looked at, as the host would have to wait.)

    Returns
    -------
    Tensor ()

    Raises
    ------
    ValueError
        If the shapes of `logits` and `targets` differ, or a target lies outside [0, 1].

    Examples
    --------
    >>> round(bce_with_logits(Tensor([0.0, 0.0]), 1).item(), 4)  # ln 2
    0.6931
    """
    (logits,) = as_floats(logits)
    targets = checked_targets("bce_with_logits", "logits", logits, targets)
    if isinstance(targets, Tensor):
        return bce_with_logits_composed(logits, targets)
    return BCEWithLogits(targets)(logits)


def checked_targets(name: str, what: str, x: Tensor, targets: Any) -> float | Tensor:
    """The targets as one number, or as a Tensor of x's shape: (64,) beside (64, 1) would broadcast to (64, 64).

    Raises
    ------
    ValueError
        If the shape is another one, or a target lies outside [0, 1].
    """
    if isinstance(targets, (bool, int, float, np.number)):
        targets = as_float(f"{name}: the target", targets)
        if not 0 <= targets <= 1:
            raise ValueError(f"{name}: the target must lie in [0, 1], but it is {targets:g}")
        return targets
    _, targets = as_tensors(x, targets)
    if targets.shape not in (x.shape, ()):
        raise ValueError(f"{name}: the {what} {x.shape} and the targets {targets.shape} must have one shape")
    check_probabilities(f"{name}: the targets", targets)
    return targets


def check_probabilities(what: str, x: Tensor) -> None:
    """Raise a sentence if a number on the host lies outside [0, 1]. (nan stays nan, and shows by itself.)"""

    def check(numbers: Array) -> None:
        if isinstance(numbers, np.ndarray) and numbers.size and (numbers.min() < 0 or numbers.max() > 1):
            raise ValueError(f"{what} must lie in [0, 1], but run from {numbers.min():g} to {numbers.max():g}")

    effect(check, x)
