"""What can be added to any discriminator after it is built; the builders in `gan.models` know nothing of it."""

from __future__ import annotations

import numpy as np

from tinygan.nn import Conv2D, Dense, MinibatchStd, Module, Sequential, SpectralNorm


def with_minibatch_std(discriminator: Sequential, rng: np.random.Generator | None = None) -> Sequential:
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
        If the last layer is no Dense.
    """
    *layers, last = discriminator.layers
    if not isinstance(last, Dense):
        raise ValueError(f"MinibatchStd goes before a last Dense, but this discriminator ends in {last}")
    return Sequential(*layers, MinibatchStd(), Dense(last.in_features + 1, last.out_features, rng=rng))


def with_spectral_norm(discriminator: Sequential, rng: np.random.Generator | None = None) -> Sequential:
    """The discriminator with each Dense and Conv2D in a `SpectralNorm` (Miyato et al., ICLR 2018).

    Then each layer stretches by at most 1 (a convolution: about that much), and D cannot become steep. The layers
    are shared with the result; `rng` is where the power iterations start from.
    """

    def wrapped(layer: Module) -> Module:
        return SpectralNorm(layer, rng) if isinstance(layer, (Dense, Conv2D)) else layer

    return Sequential(*map(wrapped, discriminator.layers))
