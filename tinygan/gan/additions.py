"""What can be added to any discriminator after it is built; the builders in `gan.models` know nothing of it."""

from __future__ import annotations

import copy

import numpy as np

from tinygan.autograd import Tensor
from tinygan.nn import Conv1D, Conv2D, Dense, MinibatchStd, Module, Sequential, SpectralNorm
from tinygan.nn.module import with_members


def with_minibatch_std(discriminator: Module, rng: np.random.Generator | None = None) -> Sequential:
    """The discriminator with a `MinibatchStd` before its last Dense, which is made anew for one more input.

    Parameters
    ----------
    discriminator : Sequential
        Its layers are shared with the result, except the last.
    rng : numpy.random.Generator, optional
        Where the last layer's weights are drawn from; unseeded when None.

    Raises
    ------
    ValueError
        If the discriminator is no Sequential, or has a forward of its own, or the last layer is no Dense.
    """
    if not isinstance(discriminator, Sequential) or type(discriminator).forward is not Sequential.forward:
        raise ValueError(
            f"MinibatchStd goes into a Sequential, and this discriminator is a {type(discriminator).__name__}"
        )
    *layers, last = discriminator.layers
    if not isinstance(last, Dense):
        raise ValueError(f"MinibatchStd goes before a last Dense, but this discriminator ends in {last}")
    return Sequential(*layers, MinibatchStd(), Dense(last.in_features + 1, last.out_features, rng=rng))


def with_spectral_norm(discriminator: Module, rng: np.random.Generator | None = None) -> Module:
    """The discriminator with each Dense, Conv1D and Conv2D in a `SpectralNorm`, at any depth.

    Then each layer stretches by at most 1 (a convolution: about that much), and D cannot become steep. The layers
    are shared with the result; `rng` is where the power iterations start from.

    Source: Miyato et al., "Spectral Normalization for GANs", ICLR 2018.
    """
    if isinstance(discriminator, (Dense, Conv1D, Conv2D)):
        return SpectralNorm(discriminator, rng)
    if isinstance(discriminator, SpectralNorm):
        return discriminator

    def wrapped(member: Module | Tensor) -> Module | Tensor:
        return with_spectral_norm(member, rng) if isinstance(member, Module) else member

    changed = copy.copy(discriminator)
    for name, value in vars(discriminator).items():
        setattr(changed, name, with_members(value, wrapped))
    return changed
