"""Networks for strings: samples are (L, V), for each of L places the probabilities of V symbols.

Real strings are one-hot rows. `text` generates the probabilities themselves, which a critic of WGAN-GP compares with
them (Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017); `gumbel_text` draws from them with the
Gumbel-softmax (Kusner and Hernandez-Lobato, 2016), and in evaluation gives the most probable symbols, one-hot.
"""

from __future__ import annotations

import math

from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.nn import (
    Dense,
    Dropout,
    Flatten,
    GumbelSoftmax,
    LeakyReLU,
    Module,
    ReLU,
    Reshape,
    Sequential,
    Softmax,
    init,
)

WIDTH = 256


def text_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense 256 twice, each ReLU -> (L, V), softmax over the V symbols of each place."""
    return Sequential(*_logits(shape, latent, rng), Softmax())


def gumbel_text_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """The same with a straight-through Gumbel-softmax, whose `temperature` begins at 1."""
    return Sequential(*_logits(shape, latent, rng), GumbelSoftmax(1.0, hard=True, rng=rng))


def text_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """(L, V) -> Dense 256 twice, each LeakyReLU 0.2 -> outputs; no BatchNorm, so gradient penalties stay exact."""
    _strings(shape)
    layers: list[Module] = [Flatten()]
    for n_in in (math.prod(shape), WIDTH):
        layers += [Dense(n_in, WIDTH, init=init.he(0.2), rng=rng), LeakyReLU(0.2)]
        layers += [Dropout(dropout, rng)] if dropout else []
    return Sequential(*layers, Dense(WIDTH, outputs, rng=rng))


text = Networks(text_generator, text_discriminator, name="text")
gumbel_text = Networks(gumbel_text_generator, text_discriminator, name="gumbel_text")


def _logits(shape: Shape, latent: int, rng: Rng) -> list[Module]:
    _strings(shape)
    layers: list[Module] = []
    for n_in in (latent, WIDTH):
        layers += [Dense(n_in, WIDTH, init=init.he(), rng=rng), ReLU()]
    return [*layers, Dense(WIDTH, math.prod(shape), rng=rng), Reshape(shape)]


def _strings(shape: Shape) -> None:
    if len(shape) != 2:
        raise ValueError(f"the networks for text need strings (L, V), not samples of shape {shape}")
