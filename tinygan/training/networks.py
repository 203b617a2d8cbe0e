"""From a Config to its networks, whether they are to be trained or were trained before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.gan import additions, conditioning
from tinygan.gan.networks import Networks, Pair
from tinygan.gan.noise import Noise
from tinygan.gan.pair_check import check_pair
from tinygan.nn import Module
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError, given_in_python
from tinygan.training.networks_file import NetworksFile, kept_in
from tinygan.training.options import named_networks
from tinygan.training.sources import Sources


@dataclass(frozen=True)
class Chosen:
    """Networks, and the file they come from where it is the user's own."""

    networks: Networks
    file: NetworksFile | None = None

    @property
    def sha256(self) -> str | None:
        """Of the file."""
        return self.file.sha256 if self.file else None

    def called(self, config: Config) -> str:
        """What messages and folders call them: the preset, or the name of own networks."""
        if config.networks is None:
            return config.preset
        return self.file.name if self.file and self.networks.name == presets.OWN else self.networks.name


def chosen_networks(config: Config, given: Networks | None = None) -> Chosen:
    """The networks of a new run: those `given`, or of the file that the options name, or the preset's."""
    if given is not None:
        return Chosen(given)
    if config.networks is not None:
        file = NetworksFile.named(config.networks)
        return Chosen(file.networks(), file)
    networks = presets.get(config.preset).networks
    assert networks is not None  # checked with the options
    return Chosen(networks)


def kept_networks(config: Config, sha256: str | None, folder: Path, given: Networks | str | None = None) -> Chosen:
    """The networks of an old run: those `given` again, or the copy in its folder, or the preset's.

    Parameters
    ----------
    config : Config
        Its options.
    sha256 : str or None
        Of the file that the run began with.
    folder : Path
        Where the copy is.
    given : Networks, or FILE.py:NAME, optional

    Raises
    ------
    ConfigError
        In one sentence, if they cannot be had, or the file is another.
    """
    named_networks(given)  # or it is none of the three
    if given is not None and config.networks is None:
        raise ConfigError(f"{folder} was trained with the networks of --preset {config.preset}: give it no others")
    if isinstance(given, Networks):
        if sha256 is not None:
            raise ConfigError(f"{folder} has a copy of the file of its networks: give it no others")
        return Chosen(given)
    if given is not None:
        file = NetworksFile.named(given)
        if sha256 is None:  # the run has no copy, and will have none
            return Chosen(file.networks())
        if file.sha256 != sha256:
            raise ConfigError(f"--networks: {file.path} is not the file that the run began with (another SHA-256)")
        return Chosen(file.networks(), file)
    if sha256 is not None:
        if config.networks is None:
            raise ConfigError(f"{folder} was changed: it has the SHA-256 of a networks.py, and no option --networks")
        file = kept_in(folder, config.networks.rpartition(":")[2], sha256)
        try:
            return Chosen(file.networks(), file)
        except ConfigError as error:
            if not isinstance(error.__cause__, ImportError):
                raise
            mend = "name the file at its own place, with --networks FILE.py:NAME"
            raise ConfigError(f"{error}; what lies beside the file was not copied: {mend}") from None
    if given_in_python(config.networks):
        again = "networks=tg.Networks(...), or --networks FILE.py:NAME"
        raise ConfigError(f"{folder} was trained with networks given in Python: give them again, with {again}")
    return chosen_networks(config)


def noise_of(config: Config, classes: int | None, networks: Networks) -> Noise:
    """What the generator is fed, for data with so many classes, or with no labels.

    Raises
    ------
    ConfigError
        In one sentence, if the conditioning asks for labels, or for outputs of the discriminator, that there are not.
    """
    more = networks.takes("outputs")
    if config.conditioning in ("acgan", "infogan") and not more:
        have = "ready networks have not" if networks.ready else "give make_discriminator an argument outputs"
        does = f"--conditioning {config.conditioning} wants a discriminator that returns more than its logit"
        raise ConfigError(f"{does}: {have}, or take --conditioning cgan")
    try:
        return Noise(config.latent, conditioning.get(config.conditioning, classes, more))
    except ValueError:
        has = f"--conditioning {config.conditioning} needs labels, and --data {config.data} has none"
        raise ConfigError(f"{has}: infogan does without, and so does --conditioning none") from None


def build_networks(
    config: Config,
    shape: tuple[int, ...],
    weights: np.random.Generator,
    dropout: np.random.Generator,
    noise: Noise | Sources,
    networks: Networks,
) -> Pair:
    """The generator and the discriminator, with full names on all parameters.

    Raises
    ------
    ConfigError
        In one sentence, if they do not fit samples of `shape` or another option.
    """
    condition = noise.condition
    own = config.networks is not None
    seen = dict(
        pack=config.pack,
        channels=condition.channels if condition else 0,
        outputs=condition.outputs if condition else 1,
    )
    try:
        generator, discriminator = networks(
            shape, noise.length, weights, dropout=config.dropout, drop_rng=dropout, **seen
        )
        if own:
            check_pair(generator, discriminator, shape, noise.input_shape, **seen)
        if config.minibatch_std:
            discriminator = additions.with_minibatch_std(discriminator, weights)
        if config.spectral_norm:
            discriminator = additions.with_spectral_norm(discriminator, weights)
    except ValueError as error:
        whose = f"the networks {networks.name}" if own else f"--preset {config.preset}"
        raise ConfigError(f"{whose} do{'' if own else 'es'} not fit --data {config.data}: {error}") from None
    generator.name_parameters("G")
    discriminator.name_parameters("D")
    return generator, discriminator


def image_range(networks: Networks, generator: Module) -> tuple[float, float]:
    """The range of the generator's images.

    Raises
    ------
    ConfigError
        If it is not known.
    """
    found = networks.range_of(generator)
    if found is None:
        why = "the range of the generator's images is not known, as it is no Sequential that ends in Tanh or Sigmoid"
        raise ConfigError(f"{why}: say it, as in Networks(make_g, make_d, output_range=(-1, 1))")
    return found
