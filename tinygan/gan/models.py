"""Generators and discriminators, by preset. Each function returns the pair for samples of one shape.

A generator takes noise z (N, latent) ~ N(0, 1) and returns samples (N, ``*shape``); its last activation tells
the range of the data. A discriminator takes samples and returns logits (N, 1), or (N, outputs) of which the
first is the logit. With packing m, it takes m samples side by side along the last axis (Lin et al., "PacGAN",
NeurIPS 2018).

Every builder has the same arguments:

shape : tuple of int
    Of one sample: (H, W, C) for images, (2,) for points.
latent : int
    Length of z, with the code behind it where there is one (see `tinygan.gan.conditioning`).
pack : int
    How many samples the discriminator sees at once.
dropout : float
    Of the discriminator, where it has a place for it.
rng : numpy.random.Generator, optional
    Where the initial weights are drawn from; unseeded when None.
drop_rng : numpy.random.Generator, optional
    Where Dropout draws from during training.
outputs : int
    How many numbers the discriminator returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from tinygan.nn import (
    BatchNorm,
    Conv2D,
    ConvTranspose2D,
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

Rng: TypeAlias = "np.random.Generator | None"
Pair = tuple[Sequential, Sequential]
Builder = Callable[..., Pair]


def mlp(
    shape: tuple[int, ...],
    latent: int = 100,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """The MLP GAN of many Keras tutorials.

    G: latent -> Dense 256, 512, 1024, each LeakyReLU 0.2 and then BatchNorm(momentum 0.8) -> pixels, tanh.
    D: pixels -> Dense 512, 256, each LeakyReLU 0.2 -> 1 logit.

    Repaired: the scripts trained on the same first batch again and again, called every batch an epoch, and
    took momentum 0.8 for PyTorch's eps; here data are shuffled, steps are steps, and momentum is momentum.
    The preset adds a moving average of G, from which samples are drawn.
    """
    return mlp_generator(shape, latent, rng), mlp_discriminator(shape, pack, dropout, rng, drop_rng, outputs)


def mlp_generator(shape: tuple[int, ...], latent: int, rng: Rng) -> Sequential:
    """latent -> 256 -> 512 -> 1024 -> prod(shape): LeakyReLU, then BatchNorm; tanh at the end."""
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024)):
        layers += [Dense(n_in, n_out, rng=rng), LeakyReLU(0.2), BatchNorm(n_out, momentum=0.8)]
    return Sequential(*layers, Dense(1024, _size(shape), rng=rng), Tanh(), Reshape(shape))


def mlp_discriminator(
    shape: tuple[int, ...],
    pack: int,
    dropout: float,
    rng: Rng,
    drop_rng: Rng,
    outputs: int = 1,
    start: init.Initialiser | None = None,
) -> Sequential:
    """prod(shape) -> 512 -> 256 -> outputs with LeakyReLU, and no BatchNorm: gradient penalties stay exact."""
    layers: list[Module] = [Flatten()]
    for n_in, n_out in ((pack * _size(shape), 512), (512, 256)):
        layers += [Dense(n_in, n_out, init=start, rng=rng), LeakyReLU(0.2), *_dropout(dropout, drop_rng)]
    return Sequential(*layers, Dense(256, outputs, rng=rng))


def small(
    shape: tuple[int, ...],
    latent: int = 100,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """A small dense generator against a convolutional discriminator.

    G: latent -> Dense 128, ReLU -> pixels, sigmoid.
    D: Conv2D 64 and 128, 5x5, stride 2, "same", each LeakyReLU 0.2 -> Dense -> 1 logit.

    Repaired: the TensorFlow script minimised without a list of variables, so that each loss moved both
    networks, and its generator loss lacked the minus sign. Data lie in [0, 1], as the sigmoid does.
    """
    _images("small", shape)
    generator = Sequential(
        Dense(latent, 128, rng=rng), ReLU(), Dense(128, _size(shape), rng=rng), Sigmoid(), Reshape(shape)
    )
    return generator, conv_discriminator(shape, pack, dropout, rng, drop_rng, outputs)


def conv_discriminator(
    shape: tuple[int, ...], pack: int, dropout: float, rng: Rng, drop_rng: Rng, outputs: int = 1
) -> Sequential:
    """Two 5x5 convolutions of stride 2 (64 and 128 channels, LeakyReLU 0.2), then one Dense."""
    height, width, channels = shape
    layers: list[Module] = []
    for c_in, c_out in ((channels * pack, 64), (64, 128)):
        layers += [Conv2D(c_in, c_out, 5, 2, "same", rng=rng), LeakyReLU(0.2), *_dropout(dropout, drop_rng)]
        height, width = -(-height // 2), -(-width // 2)
    return Sequential(*layers, Flatten(), Dense(height * width * 128, outputs, rng=rng))


def deep(
    shape: tuple[int, ...],
    latent: int = 100,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """A deep dense stem with two upsamplings, against a dense discriminator with Dropout.

    G: latent -> Dense 256, 512, 1024, H/4*W/4*256, each ReLU and BatchNorm -> (H/4, W/4, 256)
    -> UpSample2D, Conv2D 3x3 256, ReLU, BatchNorm -> UpSample2D, Conv2D 3x3 128, ReLU, BatchNorm
    -> Conv2D 3x3, tanh.
    D: pixels -> Dense 512, 256, each ReLU and Dropout -> 1 logit.

    Repaired: the Keras script reshaped 147 numbers to 2352, scaled data to [0, 1] against a tanh, and made
    its layers anew at every call.
    """
    height, width = _quarter("deep", shape)
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024), (1024, height * width * 256)):
        layers += [Dense(n_in, n_out, rng=rng), ReLU(), BatchNorm(n_out)]
    layers.append(Reshape((height, width, 256)))
    for c_in, c_out in ((256, 256), (256, 128)):
        layers += [UpSample2D(2), Conv2D(c_in, c_out, 3, 1, "same", rng=rng), ReLU(), BatchNorm(c_out)]
    generator = Sequential(*layers, Conv2D(128, shape[2], 3, 1, "same", rng=rng), Tanh())

    layers = [Flatten()]
    for n_in, n_out in ((pack * _size(shape), 512), (512, 256)):
        layers += [Dense(n_in, n_out, rng=rng), ReLU(), *_dropout(dropout, drop_rng)]
    return generator, Sequential(*layers, Dense(256, outputs, rng=rng))


def dcgan(
    shape: tuple[int, ...],
    latent: int = 100,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """DCGAN for small images (Radford et al., ICLR 2016, in the sizes of TensorFlow's tutorial).

    G: latent -> Dense H/4*W/4*256, BatchNorm, LeakyReLU -> ConvTranspose2D 5x5: 128 stride 1, 64 stride 2,
    then C stride 2, tanh, with BatchNorm and LeakyReLU between; no biases before BatchNorm.
    D: as in `small`, with optional Dropout.

    Repaired: one batch of fakes serves both steps, the generator's gradient goes through the discriminator
    as it is after its step, and noise is fed to G alone.
    """
    height, width = _quarter("dcgan", shape)
    layers: list[Module] = [
        Dense(latent, height * width * 256, bias=False, rng=rng),
        BatchNorm(height * width * 256),
        LeakyReLU(0.2),
        Reshape((height, width, 256)),
    ]
    for c_in, c_out, stride in ((256, 128, 1), (128, 64, 2)):
        layers += [
            ConvTranspose2D(c_in, c_out, 5, stride, "same", bias=False, rng=rng),
            BatchNorm(c_out),
            LeakyReLU(0.2),
        ]
    generator = Sequential(*layers, ConvTranspose2D(64, shape[2], 5, 2, "same", rng=rng), Tanh())
    return generator, conv_discriminator(shape, pack, dropout, rng, drop_rng, outputs)


def points(
    shape: tuple[int, ...],
    latent: int = 2,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
    depth: int = 2,
) -> Pair:
    """For points in the plane: `depth` hidden layers of 128 ReLUs on both sides, and no last activation."""
    if len(shape) != 1:
        raise ValueError(f"the presets ring and grid need points, not samples of shape {shape}")

    def net(n_in: int, n_out: int, p: float) -> Sequential:
        layers: list[Module] = []
        for i in range(depth):
            layers += [Dense(128 if i else n_in, 128, init=init.he(), rng=rng), ReLU(), *_dropout(p, drop_rng)]
        return Sequential(*layers, Dense(128, n_out, rng=rng))

    return net(latent, shape[0], 0.0), net(pack * shape[0], outputs, dropout)


def deep_points(
    shape: tuple[int, ...],
    latent: int = 2,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """The same with three hidden layers: 25 modes want more corners than two layers cut."""
    return points(shape, latent, pack, dropout, rng, drop_rng, outputs, depth=3)


def r3gan(
    shape: tuple[int, ...],
    latent: int = 100,
    pack: int = 1,
    dropout: float = 0.0,
    rng: Rng = None,
    drop_rng: Rng = None,
    outputs: int = 1,
) -> Pair:
    """No normalisation anywhere, for the loss rsgan with r1 and r2, which is steady without it.

    For points the networks of `deep_points`; for images dense ones in mlp's sizes, LeakyReLU 0.2, He's
    initialisation, tanh. Source of the idea: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024
    (whose own networks are deep residual ones).
    """
    if len(shape) == 1:
        return deep_points(shape, latent, pack, dropout, rng, drop_rng, outputs)
    layers: list[Module] = []
    for n_in, n_out in ((latent, 256), (256, 512), (512, 1024)):
        layers += [Dense(n_in, n_out, init=init.he(0.2), rng=rng), LeakyReLU(0.2)]
    generator = Sequential(*layers, Dense(1024, _size(shape), rng=rng), Tanh(), Reshape(shape))
    return generator, mlp_discriminator(shape, pack, dropout, rng, drop_rng, outputs, init.he(0.2))


def output_range(generator: Sequential) -> tuple[float, float] | None:
    """The range of the generator's last activation: data are scaled to it. None: any number."""
    for layer in reversed(generator.layers):
        if isinstance(layer, Tanh):
            return -1.0, 1.0
        if isinstance(layer, Sigmoid):
            return 0.0, 1.0
        if not isinstance(layer, (Reshape, Flatten)):
            return None
    return None


def _dropout(p: float, rng: Rng) -> list[Module]:
    return [Dropout(p, rng)] if p else []


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


def _images(preset: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise ValueError(f"the preset {preset} needs images (H, W, C), not samples of shape {shape}")


def _quarter(preset: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """(H/4, W/4), where the generator begins."""
    _images(preset, shape)
    if shape[0] % 4 or shape[1] % 4:
        raise ValueError(f"the preset {preset} needs images whose height and width divide by 4, not {shape[:2]}")
    return shape[0] // 4, shape[1] // 4
