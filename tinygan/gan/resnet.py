"""Residual networks without normalisation, for `rsgan` with the penalties r1 and r2: R3GAN in a student's size.

Both climb the ladder of `tinygan.gan.ladder`. On its rungs stand blocks that add something to what passes by, and from
rung to rung the picture doubles or halves its sides (repeated pixels, means of four) while a 1x1 convolution changes
its channels. There are 32 beside the picture, twice as many on each rung below, and 256 at most. G has a block on
every rung; D has none on the first, where it would take a third of the step.

Nothing is normalised, so the initial weights must keep the signal's size. Each map outside of the blocks keeps the
variance, and the last convolution of a block starts at a tenth of what would: a block then adds about 1 % of it. So
at first logits and pixels are nearly linear maps, however many blocks there are, and training makes them curved.

=======  ==================  =========  =========
size     sides               weights G  weights D
=======  ==================  =========  =========
28 x 28  7, 14, 28           0.71 M     0.08 M
32 x 32  4, 8, 16, 32        0.74 M     0.33 M
64 x 64  4, 8, 16, 32, 64    1.02 M     0.61 M
=======  ==================  =========  =========

Source: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024. Their blocks have grouped convolutions, are
wider inside than outside, start at exactly zero and come in twos; these have plain ones and are narrower inside.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from tinygan.gan.ladder import rungs
from tinygan.gan.networks import Networks
from tinygan.nn import (
    AvgPool2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Module,
    Reshape,
    Residual,
    Sequential,
    Tanh,
    UpSample2D,
    init,
)

Shape: TypeAlias = tuple[int, ...]
Rng: TypeAlias = "np.random.Generator"

FIRST = 32  # channels beside the picture
MOST = 256
SLOPE = 0.2
START = 0.1  # of the last convolution of a block, as a share of He's

LINEAR = init.he(1.0)  # N(0, 1 / fan_in): a linear map keeps the variance


def block(channels: int, rng: Rng) -> Residual:
    """x + f(x): Conv 1x1 to half of the channels, LeakyReLU 0.2, Conv 3x3, LeakyReLU 0.2, Conv 1x1 back.

    Half as wide inside it takes a fifth of the multiplications of two 3x3 convolutions.
    """
    inner = channels // 2

    def last(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
        return np.float32(START) * init.he(SLOPE)(rng, shape, fan_in, fan_out)

    return Residual(
        Conv2D(channels, inner, 1, init=LINEAR, rng=rng),
        LeakyReLU(SLOPE),
        Conv2D(inner, inner, 3, 1, "same", init=init.he(SLOPE), rng=rng),
        LeakyReLU(SLOPE),
        Conv2D(inner, channels, 1, init=last, rng=rng),
    )


def widths(count: int) -> list[int]:
    """The channels on each rung, from the picture's size down to the foot: count + 1 numbers."""
    return [min(MOST, FIRST << i) for i in range(count + 1)]


def resnet_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense, block -> Conv 1x1, UpSample2D, block, ... -> Conv 3x3 -> pixels, tanh."""
    count, (height, width, channels) = rungs(shape, "resnet"), shape
    height, width = height >> count, width >> count
    foot, *above = reversed(widths(count))
    layers: list[Module] = [
        Dense(latent, height * width * foot, init=LINEAR, rng=rng),
        Reshape((height, width, foot)),
        block(foot, rng),
    ]
    for c_in, c_out in zip([foot, *above], above, strict=False):
        # The 1x1 convolution comes first: the result is the same, at a quarter of the pixels.
        layers += [Conv2D(c_in, c_out, 1, init=LINEAR, rng=rng), UpSample2D(2), block(c_out, rng)]
    return Sequential(*layers, Conv2D(FIRST, channels, 3, 1, "same", init=LINEAR, rng=rng), Tanh())


def resnet_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """pixels -> Conv 3x3, LeakyReLU 0.2 -> AvgPool2D, Conv 1x1, block, ... -> Dense -> outputs.

    Labels enter by projection (see `tinygan.gan.conditioning.CGAN`): they are more outputs of the last layer.
    """
    count, (height, width, channels) = rungs(shape, "resnet"), shape
    first, *below = widths(count)
    layers: list[Module] = [Conv2D(channels, first, 3, 1, "same", init=LINEAR, rng=rng), LeakyReLU(SLOPE)]
    for c_in, c_out in zip([first, *below], below, strict=False):
        layers += [AvgPool2D(2), Conv2D(c_in, c_out, 1, init=LINEAR, rng=rng), block(c_out, rng)]
        layers += [Dropout(dropout, rng)] if dropout else []
    features = (height >> count) * (width >> count) * below[-1]
    return Sequential(*layers, Flatten(), Dense(features, outputs, init=LINEAR, rng=rng))


resnet = Networks(resnet_generator, resnet_discriminator, name="resnet")
