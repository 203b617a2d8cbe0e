"""Generators and discriminators, by preset: each is a `Networks` of the two functions above it.

A generator takes noise z (N, latent) ~ N(0, 1) and returns samples (N, ``*shape``); its last activation tells
the range of the data. A discriminator takes samples and returns logits (N, 1), or (N, outputs) of which the
first is the logit. The functions have these arguments and no others:

shape : tuple of int
    Of one sample, as the network sees it: (H, W, C) for images, (2,) for points. Whoever shows a discriminator
    more than one sample at once, or a label beside it, passes a shape with more channels.
latent : int
    Length of the generator's input.
rng : numpy.random.Generator
    Where the initial weights are drawn from.
dropout : float
    Of the discriminator.
outputs : int
    How many numbers the discriminator returns.

>>> import numpy as np
>>> G, D = mlp((28, 28, 1), latent=100, rng=np.random.default_rng(0))
"""

from __future__ import annotations

import math

from tinygan.gan.ladder import dcgan as dcgan
from tinygan.gan.melody import melody as melody
from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.gan.networks import Pair as Pair
from tinygan.gan.networks import output_range as output_range
from tinygan.gan.resnet import resnet as resnet
from tinygan.gan.text import gumbel_text as gumbel_text
from tinygan.gan.text import text as text
from tinygan.gan.unet import pix2pix as pix2pix
from tinygan.nn import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Module,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Tanh,
    UpSample2D,
    init,
)

# -- mlp: the MLP GAN of many Keras tutorials --------------------------------------------------------------
#
# Repaired: the scripts trained on the same first batch again and again, called every batch an epoch, and took
# momentum 0.8 for PyTorch's eps; here data are shuffled, steps are steps, and momentum is momentum. The preset
# adds a moving average of G, from which samples are drawn.


def mlp_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense 256, 512, 1024, each LeakyReLU 0.2 and then BatchNorm(momentum 0.8) -> pixels, tanh."""
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024)):
        layers += [Dense(n_in, n_out, rng=rng), LeakyReLU(0.2), BatchNorm(n_out, momentum=0.8)]
    return Sequential(*layers, Dense(1024, math.prod(shape), rng=rng), Tanh(), Reshape(shape))


def mlp_discriminator(
    shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1, start: init.Initialiser | None = None
) -> Sequential:
    """pixels -> Dense 512, 256, each LeakyReLU 0.2 -> outputs; no BatchNorm, so gradient penalties stay exact."""
    layers: list[Module] = [Flatten()]
    for n_in, n_out in ((math.prod(shape), 512), (512, 256)):
        layers += [Dense(n_in, n_out, init=start, rng=rng), LeakyReLU(0.2), *_dropout(dropout, rng)]
    return Sequential(*layers, Dense(256, outputs, rng=rng))


mlp = Networks(mlp_generator, mlp_discriminator, name="mlp")


# -- small: a small dense generator against a convolutional discriminator ----------------------------------
#
# Repaired: the TensorFlow script minimised without a list of variables, so that each loss moved both networks, and
# its generator loss lacked the minus sign. Data lie in [0, 1], as the sigmoid does.


def small_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense 128, ReLU -> pixels, sigmoid."""
    _images("small", shape)
    return Sequential(
        Dense(latent, 128, rng=rng), ReLU(), Dense(128, math.prod(shape), rng=rng), Sigmoid(), Reshape(shape)
    )


def conv_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """Conv2D 64 and 128, 5x5, stride 2, "same", each LeakyReLU 0.2 -> Dense -> outputs."""
    height, width, channels = shape
    layers: list[Module] = []
    for c_in, c_out in ((channels, 64), (64, 128)):
        layers += [Conv2D(c_in, c_out, 5, 2, "same", rng=rng), LeakyReLU(0.2), *_dropout(dropout, rng)]
        height, width = -(-height // 2), -(-width // 2)
    return Sequential(*layers, Flatten(), Dense(height * width * 128, outputs, rng=rng))


small = Networks(small_generator, conv_discriminator, name="small")


# -- deep: a deep dense stem with two upsamplings, against a dense discriminator ---------------------------
#
# Repaired: the Keras script reshaped 147 numbers to 2352, scaled data to [0, 1] against a tanh, and made its layers
# anew at every call.


def deep_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense 256, 512, 1024, H/4*W/4*256, each ReLU and BatchNorm -> (H/4, W/4, 256)
    -> UpSample2D, Conv2D 3x3 256, ReLU, BatchNorm -> UpSample2D, Conv2D 3x3 128, ReLU, BatchNorm
    -> Conv2D 3x3, tanh.
    """
    height, width = _quarter("deep", shape)
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024), (1024, height * width * 256)):
        layers += [Dense(n_in, n_out, rng=rng), ReLU(), BatchNorm(n_out)]
    layers.append(Reshape((height, width, 256)))
    for c_in, c_out in ((256, 256), (256, 128)):
        layers += [UpSample2D(2), Conv2D(c_in, c_out, 3, 1, "same", rng=rng), ReLU(), BatchNorm(c_out)]
    return Sequential(*layers, Conv2D(128, shape[2], 3, 1, "same", rng=rng), Tanh())


def deep_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """pixels -> Dense 512, 256, each ReLU and Dropout -> outputs."""
    layers: list[Module] = [Flatten()]
    for n_in, n_out in ((math.prod(shape), 512), (512, 256)):
        layers += [Dense(n_in, n_out, rng=rng), ReLU(), *_dropout(dropout, rng)]
    return Sequential(*layers, Dense(256, outputs, rng=rng))


deep = Networks(deep_generator, deep_discriminator, name="deep")


# -- points: for points in the plane -----------------------------------------------------------------------


def points_generator(shape: Shape, latent: int, rng: Rng, depth: int = 2) -> Sequential:
    """`depth` hidden layers of 128 ReLUs, and no last activation."""
    _plane(shape)
    return _dense(latent, shape[0], rng, depth)


def points_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1, depth: int = 2) -> Sequential:
    """The same hidden layers, with Dropout -> outputs."""
    _plane(shape)
    return _dense(shape[0], outputs, rng, depth, dropout)


def deep_points_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """The same with three hidden layers: 25 modes want more corners than two layers cut."""
    return points_generator(shape, latent, rng, depth=3)


def deep_points_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """The same with three hidden layers."""
    return points_discriminator(shape, rng, dropout, outputs, depth=3)


points = Networks(points_generator, points_discriminator, name="points")
deep_points = Networks(deep_points_generator, deep_points_discriminator, name="deep_points")


# -- r3gan: no normalisation anywhere, for the loss rsgan with r1 and r2, which is steady without it ---------
#
# For points the networks of `deep_points`; for images dense ones in mlp's sizes, LeakyReLU 0.2, He's
# initialisation, tanh. Source of the idea: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024
# (whose own networks are deep residual ones, as in `tinygan.gan.resnet`).


def r3gan_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense 256, 512, 1024, each LeakyReLU 0.2 -> pixels, tanh; of points as `deep_points`."""
    if len(shape) == 1:
        return deep_points_generator(shape, latent, rng)
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024)):
        layers += [Dense(n_in, n_out, init=init.he(0.2), rng=rng), LeakyReLU(0.2)]
    return Sequential(*layers, Dense(1024, math.prod(shape), rng=rng), Tanh(), Reshape(shape))


def r3gan_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """As `mlp_discriminator` with He's initialisation; of points as `deep_points`."""
    if len(shape) == 1:
        return deep_points_discriminator(shape, rng, dropout, outputs)
    return mlp_discriminator(shape, rng, dropout, outputs, init.he(0.2))


r3gan = Networks(r3gan_generator, r3gan_discriminator, name="r3gan")


# -- what they share ---------------------------------------------------------------------------------------


def _dense(n_in: int, n_out: int, rng: Rng, depth: int, dropout: float = 0.0) -> Sequential:
    layers: list[Module] = []
    for i in range(depth):
        layers += [Dense(128 if i else n_in, 128, init=init.he(), rng=rng), ReLU(), *_dropout(dropout, rng)]
    return Sequential(*layers, Dense(128, n_out, rng=rng))


def _dropout(p: float, rng: Rng) -> list[Module]:
    return [Dropout(p, rng)] if p else []


def _plane(shape: Shape) -> None:
    if len(shape) != 1:
        raise ValueError(f"the presets ring and grid need points, not samples of shape {shape}")


def _images(preset: str, shape: Shape) -> None:
    if len(shape) != 3:
        raise ValueError(f"the preset {preset} needs images (H, W, C), not samples of shape {shape}")


def _quarter(preset: str, shape: Shape) -> tuple[int, int]:
    """(H/4, W/4), where the generator begins."""
    _images(preset, shape)
    if shape[0] % 4 or shape[1] % 4:
        raise ValueError(f"the preset {preset} needs images whose height and width divide by 4, not {shape[:2]}")
    return shape[0] // 4, shape[1] // 4
