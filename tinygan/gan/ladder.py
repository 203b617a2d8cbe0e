"""DCGAN: networks that grow with the picture, each rung of the ladder doubling or halving its sides.

G climbs from 4 x 4 pixels (7 x 7 for 28) by convolutions of stride 2 up to the picture's size, and its channels
halve on the way; D climbs down the same ladder. So however large the picture is, D's last features see all of it,
and most weights stand in the convolutions:

=======  ======================  =========================================  ==========  =========
size     sides                   G's channels                                weights G   weights D
=======  ======================  =========================================  ==========  =========
28 x 28  7, 14, 28               256, 128, 64, C (as in TensorFlow's)        2.3 M       0.2 M
32 x 32  4, 8, 16, 32            256, 128, 64, C                             1.1 M       0.7 M
64 x 64  4, 8, 16, 32, 64        512, 256, 128, 64, C                        3.6 M       2.8 M
=======  ======================  =========================================  ==========  =========

Source: Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional generative
adversarial networks", ICLR 2016. They put BatchNorm into D too; here D has none, so that it judges each sample
alone and gradient penalties stay exact.
"""

from __future__ import annotations

from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.nn import (
    BatchNorm,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Module,
    Reshape,
    Sequential,
    Tanh,
)

FIRST = 64  # channels beside the picture
MOST = 512
SMALLEST = 4  # pixels at the ladder's foot, at least


def rungs(shape: Shape, preset: str = "dcgan") -> int:
    """How many times both sides of a picture (H, W, C) can be halved without falling below 4 pixels; at least 2.

    Raises
    ------
    ValueError
        If `shape` is not that of a picture, or its sides do not divide by 4; the sentence names the `preset`.
    """
    if len(shape) != 3:
        raise ValueError(f"the preset {preset} needs images (H, W, C), not samples of shape {shape}")
    height, width = shape[:2]
    if height % 4 or width % 4:
        raise ValueError(f"the preset {preset} needs images whose height and width divide by 4, not {shape[:2]}")
    count = 0
    while height % 2 == width % 2 == 0 and min(height, width) >= 2 * SMALLEST:
        height, width, count = height // 2, width // 2, count + 1
    return max(count, 2)


def dcgan_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense, BatchNorm -> ConvTranspose2D 4x4 of stride 2, BatchNorm, ... -> pixels, tanh.

    Every BatchNorm is followed by LeakyReLU 0.2 and preceded by no bias. On a ladder of two rungs, such as 28 x 28,
    the kernels are 5x5, and one convolution of stride 1 comes before the first rung (the sizes of TensorFlow's
    tutorial).
    """
    count, (height, width, channels) = rungs(shape), shape
    height, width = height >> count, width >> count
    widths = [min(MOST, FIRST << i) for i in reversed(range(count))]
    kernel, steps = 4, [(c_in, c_out, 2) for c_in, c_out in zip(widths, widths[1:], strict=False)]
    if count == 2:
        widths, kernel, steps = [256], 5, [(256, 128, 1), (128, 64, 2)]
    layers: list[Module] = [
        Dense(latent, height * width * widths[0], bias=False, rng=rng),
        BatchNorm(height * width * widths[0]),
        LeakyReLU(0.2),
        Reshape((height, width, widths[0])),
    ]
    for c_in, c_out, stride in steps:
        layers += [
            ConvTranspose2D(c_in, c_out, kernel, stride, "same", bias=False, rng=rng),
            BatchNorm(c_out),
            LeakyReLU(0.2),
        ]
    return Sequential(*layers, ConvTranspose2D(FIRST, channels, kernel, 2, "same", rng=rng), Tanh())


def dcgan_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """Conv2D of stride 2, LeakyReLU 0.2, down to the foot of the ladder -> Dense -> outputs.

    The kernels are 4x4, or 5x5 on a ladder of two rungs.
    """
    count, (height, width, channels) = rungs(shape), shape
    kernel = 5 if count == 2 else 4
    layers: list[Module] = []
    for i in range(count):
        c_out = min(MOST, FIRST << i)
        layers += [Conv2D(channels, c_out, kernel, 2, "same", rng=rng), LeakyReLU(0.2)]
        layers += [Dropout(dropout, rng)] if dropout else []
        channels = c_out
    features = (height >> count) * (width >> count) * channels
    return Sequential(*layers, Flatten(), Dense(features, outputs, rng=rng))


dcgan = Networks(dcgan_generator, dcgan_discriminator, name="dcgan")
