"""From a Config to its networks, whether they are to be trained or were trained before."""

from __future__ import annotations

import numpy as np

from tinygan.gan import additions, conditioning
from tinygan.gan.networks import Networks, Pair
from tinygan.gan.noise import Noise
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError


def noise_of(config: Config, classes: int | None, networks: Networks | None = None) -> Noise:
    """What the generator is fed, for data with so many classes, or with no labels."""
    networks = networks or presets.get(config.preset).networks
    try:
        return Noise(config.latent, conditioning.get(config.conditioning, classes, networks.takes("outputs")))
    except ValueError:
        has = f"--conditioning {config.conditioning} needs labels, and --data {config.data} has none"
        raise ConfigError(f"{has}: infogan does without, and so does --conditioning none") from None


def build_networks(
    config: Config,
    shape: tuple[int, ...],
    weights: np.random.Generator,
    dropout: np.random.Generator,
    noise: Noise,
    networks: Networks | None = None,
) -> Pair:
    """The generator and discriminator of `networks`, or of the preset, with full names on all parameters.

    Raises
    ------
    ConfigError
        In one sentence, if they do not fit samples of `shape` or another option.
    """
    networks, condition = networks or presets.get(config.preset).networks, noise.condition
    try:
        generator, discriminator = networks(
            shape,
            noise.length,
            weights,
            pack=config.pack,
            channels=condition.channels if condition else 0,
            outputs=condition.outputs if condition else 1,
            dropout=config.dropout,
            drop_rng=dropout,
        )
    except ValueError as error:
        raise ConfigError(f"--preset {config.preset} does not fit --data {config.data}: {error}") from None
    if config.minibatch_std:
        discriminator = additions.with_minibatch_std(discriminator, weights)
    if config.spectral_norm:
        discriminator = additions.with_spectral_norm(discriminator, weights)
    generator.name_parameters("G")
    discriminator.name_parameters("D")
    return generator, discriminator
