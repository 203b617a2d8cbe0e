"""Gradient penalties: they keep the discriminator from being too steep, by differentiating a gradient.

Each takes the discriminator, a batch of real and one of fake samples (Tensors of one shape (N, ...)), and
returns a 0-d Tensor to be multiplied by its weight and added to the discriminator's loss. ``grad`` is asked
with ``create_graph=True``, so the penalty itself can be differentiated with respect to the weights: this is
exact, by double backward.

The gradient of the sum of all logits with respect to the samples holds each sample's own gradient in its
row, as long as no sample's logit depends on another sample. BatchNorm and MinibatchStd in the
discriminator break this in training mode (with BatchNorm r1 was 9e-15, where in evaluation mode it was 0.28), so they
are refused: any layer that says of itself `mixes_samples`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tinygan.autograd import Tensor, draw, grad, ops
from tinygan.nn import Module

Discriminator = Callable[[Tensor], Tensor]


def check_independent(discriminator: Module) -> None:
    """Raise ValueError if a layer makes a sample's logit depend on the other samples of its batch."""
    for name, layer in discriminator.modules():
        if layer.mixes_samples and layer.training:
            raise ValueError(
                f"a gradient penalty needs each sample's logit to depend on that sample alone, but the discriminator's "
                f"layer {name}, {layer}, mixes the samples of a batch: put LayerNorm or nothing in its place"
            )


def squared_gradient_norms(discriminator: Discriminator, samples: Tensor) -> Tensor:
    """``|grad D(x)|^2`` for each sample: (N, ...) -> (N,).

    Raises
    ------
    ValueError
        If the discriminator is a Module with a layer that mixes samples, in training mode.
    """
    if isinstance(discriminator, Module):
        check_independent(discriminator)
    x = samples.detach()
    x.requires_grad = True
    (gx,) = grad(discriminator(x).sum(), [x], create_graph=True)
    return (gx * gx).reshape((x.shape[0], math.prod(x.shape[1:]))).sum(axis=1)


def gp(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: np.random.Generator) -> Tensor:
    """WGAN-GP: ``E (|grad D(x)| - 1)^2`` at random points between a real and a fake sample.

    Source: Gulrajani et al., NeurIPS 2017, eq. 3; their weight is 10.
    """
    share = _uniform(rng, real)
    return _distance_from_one(discriminator, share * real.detach() + (1 - share) * fake.detach())


def dragan(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: np.random.Generator) -> Tensor:
    """DRAGAN: the same beside the real samples, at x + share * std(x) / 2 * noise, both uniform on [0, 1).

    So the points lie on the side of larger values, as in the code that is published for it.

    Source: Kodali et al., "On Convergence and Stability of GANs", 2017; their weight is 10.
    """
    noise = 0.5 * ops.sqrt(real.detach().var()) * draw(lambda: rng.random(real.shape, dtype=np.float32))
    return _distance_from_one(discriminator, real.detach() + _uniform(rng, real) * noise)


def r1(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: np.random.Generator) -> Tensor:
    """R1: ``1/2 E |grad D(x)|^2`` on real samples. Its weight is called gamma.

    Source: Mescheder et al., ICML 2018, eq. 9.
    """
    return 0.5 * squared_gradient_norms(discriminator, real).mean()


def r2(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: np.random.Generator) -> Tensor:
    """R2: ``1/2 E |grad D(G(z))|^2`` on fake samples. Its weight is called gamma.

    Source: Mescheder et al., ICML 2018, eq. 10. R3GAN uses R1 and R2 together.
    """
    return 0.5 * squared_gradient_norms(discriminator, fake).mean()


PENALTIES: dict[str, Callable[..., Tensor]] = {"gp": gp, "dragan": dragan, "r1": r1, "r2": r2}


def _distance_from_one(discriminator: Discriminator, samples: Tensor) -> Tensor:
    # The small number keeps the root's derivative finite where the gradient is exactly zero.
    norms = ops.sqrt(squared_gradient_norms(discriminator, samples) + 1e-12)
    return ((norms - 1) ** 2).mean()


def _uniform(rng: np.random.Generator, like: Tensor) -> Tensor:
    """One uniform number for each sample, shaped (N, 1, ...) so that it broadcasts."""
    shape = (like.shape[0],) + (1,) * (like.ndim - 1)
    return draw(lambda: rng.random(shape, dtype=np.float32))
