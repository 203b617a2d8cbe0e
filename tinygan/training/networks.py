"""From a Config to its networks, whether they are to be trained or were trained before."""

from __future__ import annotations

import numpy as np

from tinygan.gan import additions, conditioning
from tinygan.gan.conditioning import Conditioning
from tinygan.nn import Sequential
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError


def condition_of(config: Config, classes: int | None) -> Conditioning | None:
    """What stands behind z, for data with so many classes, or with no labels; None without conditioning."""
    try:
        return conditioning.get(config.conditioning, classes)
    except ValueError:
        has = f"--conditioning {config.conditioning} needs labels, and --data {config.data} has none"
        raise ConfigError(f"{has}: infogan does without, and so does --conditioning none") from None


def build_networks(
    config: Config,
    shape: tuple[int, ...],
    weights: np.random.Generator,
    dropout: np.random.Generator,
    condition: Conditioning | None,
) -> tuple[Sequential, Sequential]:
    """The preset's generator and discriminator for samples of `shape`, with full names on all parameters."""
    builder = presets.get(config.preset).networks
    code = condition.length if condition else 0
    try:
        generator, discriminator = builder(
            shape, config.latent + code, config.pack, config.dropout, weights, dropout, outputs=1 + code
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
