"""Networks for melodies, piano rolls (steps, pitches and a rest): convolutions along time.

The generator climbs from a quarter of the steps to all of them. A convolution that returns two steps' channels for
each step, and a Reshape which lays them one after the other, doubles the steps: a sub-pixel convolution (Shi et al.,
"Real-time single image and video super-resolution", CVPR 2016). Its softmax says at each step how probable each pitch
is, while the data are ones among zeros: a GAN of such pairs can be trained (Gulrajani et al., "Improved training of
Wasserstein GANs", NeurIPS 2017, section 5.4, of letters).

The discriminator looks at windows of half a bar, and then at all of them together: no window shows in which key the
others are.
"""

from __future__ import annotations

from tinygan.gan.networks import Networks, Rng, Shape
from tinygan.nn import (
    BatchNorm,
    Conv1D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Module,
    ReLU,
    Reshape,
    Sequential,
    Softmax,
    init,
)

CHANNELS = 64
HIDDEN = 256


def melody_generator(shape: Shape, latent: int, rng: Rng) -> Sequential:
    """latent -> Dense, BatchNorm, ReLU -> (T/4, 64) -> Conv1D to T/2 steps, BatchNorm, ReLU -> Conv1D to T, softmax.

    Raises
    ------
    ValueError
        If `shape` is not (steps, pitches and a rest), or its steps do not divide by 4.
    """
    quarter, width = _quarter(shape), shape[1]
    layers: list[Module] = [
        Dense(latent, quarter * CHANNELS, init=init.he(), rng=rng),
        BatchNorm(quarter * CHANNELS),
        ReLU(),
        Reshape((quarter, CHANNELS)),
        Conv1D(CHANNELS, 2 * CHANNELS, 3, padding="same", init=init.he(), rng=rng),
        Reshape((2 * quarter, CHANNELS)),
        BatchNorm(CHANNELS),
        ReLU(),
        Conv1D(CHANNELS, 2 * width, 3, padding="same", rng=rng),
        Reshape((4 * quarter, width)),
    ]
    return Sequential(*layers, Softmax())


def melody_discriminator(shape: Shape, rng: Rng, dropout: float = 0.0, outputs: int = 1) -> Sequential:
    """Conv1D 8 of stride 4 -> Dense 256, each LeakyReLU 0.2 and Dropout -> outputs.

    Raises
    ------
    ValueError
        As `melody_generator`.
    """
    quarter, he = _quarter(shape), init.he(0.2)
    drop = [Dropout(dropout, rng)] if dropout else []
    layers: list[Module] = [Conv1D(shape[1], CHANNELS, 8, 4, "same", init=he, rng=rng), LeakyReLU(0.2), *drop]
    layers += [Flatten(), Dense(quarter * CHANNELS, HIDDEN, init=he, rng=rng), LeakyReLU(0.2), *drop]
    return Sequential(*layers, Dense(HIDDEN, outputs, rng=rng))


def _quarter(shape: Shape) -> int:
    """A quarter of the steps, where the generator begins."""
    if len(shape) != 2 or shape[0] % 4 or shape[0] < 4:
        raise ValueError(
            f"the networks melody need piano rolls (steps, pitches and a rest) whose steps divide by 4, not {shape}"
        )
    return shape[0] // 4


melody = Networks(melody_generator, melody_discriminator, output_range=(0.0, 1.0), name="melody")
