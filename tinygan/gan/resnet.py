"""Residual networks without normalisation, for `rsgan` with the penalties r1 and r2: R3GAN in a student's size.

Both climb the ladder of `tinygan.gan.ladder`. Between two rungs the picture doubles its sides (a transposed
convolution of stride 2) or halves them (means of four, then a 1x1 convolution), and on the rungs stand residual blocks
that add something to what passes by. There are 32 channels beside the picture, twice as many on the next rung, and
128 on all others. D has no block on the picture's own rung, where it would take a third of the step.

Nothing is normalised, so the initial weights must keep the signal's size: those outside of the blocks do, and the last
convolution of a block starts at a tenth of He's. A block then adds about 1 % of the variance. So logits and pixels
start as nearly linear maps, however many blocks there are, and training makes them curved.

=======  ==================  =========  =========
size     sides               weights G  weights D
=======  ==================  =========  =========
28 x 28  7, 14, 28           0.87 M     0.08 M
32 x 32  4, 8, 16, 32        0.76 M     0.15 M
64 x 64  4, 8, 16, 32, 64    1.07 M     0.22 M
=======  ==================  =========  =========

Source: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024. Their blocks have grouped convolutions, are
wider inside than outside, start at exactly zero and come in twos; these have plain convolutions and are narrower
inside. They enlarge by interpolation, where here the transposed convolution learns how.
"""

from __future__ import annotations

import numpy as np

from tinygan.gan.ladder import rungs
from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.nn import (
    AvgPool2D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Module,
    Reshape,
    Residual,
    Sequential,
    Tanh,
    init,
)

FIRST = 32  # channels beside the picture
MOST = 128
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
    """latent -> Dense, block -> ConvTranspose2D 4x4 of stride 2, block, ... -> Conv 3x3 -> pixels, tanh."""
    count, (height, width, channels) = rungs(shape, "resnet"), shape
    height, width = height >> count, width >> count
    foot, *above = reversed(widths(count))
    layers: list[Module] = [
        Dense(latent, height * width * foot, init=LINEAR, rng=rng),
        Reshape((height, width, foot)),
        block(foot, rng),
    ]
    for c_in, c_out in zip([foot, *above], above, strict=False):
        start = init.normal((4 * c_in) ** -0.5)  # of the 4x4 taps a pixel sees 2x2
        layers += [ConvTranspose2D(c_in, c_out, 4, 2, "same", init=start, rng=rng), block(c_out, rng)]
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
