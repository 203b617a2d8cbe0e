"""Networks that turn one picture into another: the U-Net generator, and the discriminator of patches.

The U-Net halves a picture's sides again and again, so that it comes to see the whole, and doubles them again on the way
up. On every rung of the way up it is handed what was seen there on the way down: a line that stays where it is need
not be squeezed through the bottom.

    picture ------------------------------------------> together, Conv 3x3, tanh -> picture
       \\ down, 32 channels -----------------> up, together /
           \\ down, 64 ----------> up, together /
               \\ down, 128 --------/

The discriminator is a short stack of convolutions. Each of its logits belongs to a patch of the picture, and says
whether that patch is real; what does not fit over longer distances is left to another part of the loss.

Sources: Ronneberger, Fischer and Brox, "U-Net", MICCAI 2015; Isola et al., "Image-to-image translation with conditional
adversarial networks", CVPR 2017, whose networks are larger, and their patches 70 x 70 pixels.
"""

from __future__ import annotations

from tinygan.autograd import Tensor, ops
from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.given import whole_number
from tinygan.nn import Conv2D, ConvTranspose2D, InstanceNorm, LeakyReLU, Module, Sequential, Tanh

SLOPE = 0.2
MOST = 256  # channels


class UNet(Module):
    """A picture (N, H, W, in_channels) -> a picture (N, H, W, out_channels), its numbers in (-1, 1).

    Down: Conv2D 4x4 of stride 2, LeakyReLU 0.2, `depth` times; up: ConvTranspose2D 4x4 of stride 2, LeakyReLU 0.2, and
    what the way down saw at this size beside it; last a Conv2D 3x3 and tanh.

    Parameters
    ----------
    in_channels, out_channels : int
    rng : numpy.random.Generator
        Where the initial weights are drawn from.
    width : int
        Channels after the first step down; each further step doubles them, up to 256.
    depth : int
        Steps down; H and W must be multiples of 2^depth.
    norm : bool
        Whether an InstanceNorm with gamma and beta stands behind every convolution but the first and the last. The
        networks of tutorial 17 learn without. With it, in both networks, Pix2Pix came a little nearer to the truth
        (0.089 in place of 0.097, one run each).

    Examples
    --------
    >>> import numpy as np
    >>> G = UNet(1, 3, np.random.default_rng(0), width=8, depth=2)
    >>> G(Tensor(np.zeros((5, 28, 28, 1), np.float32))).shape
    (5, 28, 28, 3)
    """

    def __init__(
        self, in_channels: int, out_channels: int, rng: Rng, width: int = 32, depth: int = 3, norm: bool = False
    ):
        whole_number("UNet's depth", depth)
        self.in_channels = in_channels
        widths = [in_channels, *(min(MOST, width << i) for i in range(depth))]
        self.down = [
            Sequential(Conv2D(a, b, 4, 2, "same", rng=rng), *_normalised(b, norm and i > 0), LeakyReLU(SLOPE))
            for i, (a, b) in enumerate(zip(widths, widths[1:], strict=False))
        ]
        self.up, below = [], widths[-1]
        for beside in reversed([width, *widths[1:-1]]):
            layers = ConvTranspose2D(below, beside, 4, 2, "same", rng=rng), *_normalised(beside, norm)
            self.up.append(Sequential(*layers, LeakyReLU(SLOPE)))
            below = 2 * beside
        self.last = Sequential(Conv2D(width + in_channels, out_channels, 3, 1, "same", rng=rng), Tanh())

    def forward(self, x: Tensor) -> Tensor:
        factor = 2 ** len(self.down)
        if x.ndim != 4 or x.shape[3] != self.in_channels or x.shape[1] % factor or x.shape[2] % factor:
            wanted = f"pictures (N, H, W, {self.in_channels}) whose sides divide by {factor}"
            raise ValueError(f"this UNet needs {wanted}, but got shape {x.shape}")
        seen = []
        for down in self.down:
            seen.append(x)
            x = down(x)
        for up in self.up:
            x = ops.concatenate([up(x), seen.pop()], axis=-1)
        return self.last(x)


def patch_discriminator(channels: int, rng: Rng, width: int = 32, norm: bool = False) -> Sequential:
    """Pictures (N, H, W, channels) -> logits (N, H/4, W/4, 1), each of a patch of 18 x 18 pixels.

    Conv2D 4x4 of stride 2 to `width` and to twice as many channels, each LeakyReLU 0.2 (the second one with
    InstanceNorm before it, if `norm`) -> Conv2D 3x3 -> logits.
    """
    return Sequential(
        Conv2D(channels, width, 4, 2, "same", rng=rng),
        LeakyReLU(SLOPE),
        Conv2D(width, 2 * width, 4, 2, "same", rng=rng),
        *_normalised(2 * width, norm),
        LeakyReLU(SLOPE),
        Conv2D(2 * width, 1, 3, 1, "same", rng=rng),
    )


def pix2pix_generator(shape: Shape, latent: int, rng: Rng) -> UNet:
    """The UNet of pairs of `shape` (H, W, S + T) whose source has S = `latent` channels."""
    _pairs(shape, latent)
    return UNet(latent, shape[2] - latent, rng)


def pix2pix_discriminator(shape: Shape, rng: Rng) -> Sequential:
    """`patch_discriminator` of pairs of `shape` (H, W, S + T)."""
    _pairs(shape, 0)
    return patch_discriminator(shape[2], rng)


pix2pix = Networks(pix2pix_generator, pix2pix_discriminator, output_range=(-1.0, 1.0), name="pix2pix")


def _pairs(shape: Shape, source: int) -> None:
    if len(shape) != 3 or shape[2] <= source or shape[0] % 8 or shape[1] % 8:
        raise ValueError(f"the networks pix2pix need pairs (H, W, S + T), H and W divisible by 8, not {shape}")


def _normalised(channels: int, norm: bool) -> list[Module]:
    return [InstanceNorm(channels, affine=True)] if norm else []
