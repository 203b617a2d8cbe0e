"""From a Config to everything a run needs: data, networks, the game."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan import data, evaluation
from tinygan.backend import use_backend
from tinygan.gan import losses
from tinygan.gan.augment import Augment
from tinygan.gan.average import MovingAverage
from tinygan.gan.conditional_game import ConditionalGame
from tinygan.gan.game import Game
from tinygan.gan.networks import Networks
from tinygan.gan.noise import Noise
from tinygan.gan.penalties import PENALTIES
from tinygan.gan.translation import Pix2Pix
from tinygan.nn import BatchNorm, Module
from tinygan.optim import SGD, Adam, Optimizer, RMSProp
from tinygan.training.config import Config, ConfigError, given_in_python
from tinygan.training.distributed import Ranks
from tinygan.training.effects import is_own
from tinygan.training.networks import Chosen, build_networks, chosen_networks, image_range, noise_of
from tinygan.training.setup import Setup, classes_of, samples_judged
from tinygan.training.sources import Sources


def build(
    config: Config,
    ranks: Ranks | None = None,
    dataset: Any = None,
    networks: Networks | Chosen | None = None,
    shape: tuple[int, ...] = (),
) -> Setup:
    """Load the data and make the networks of a checked Config, each from its own stream of random numbers.

    With `ranks`, all begin with the same weights, but each has its share of the data, its noise and its dropout.

    Parameters
    ----------
    config : Config
    ranks : Ranks, optional
    dataset : Images, Sequences, Mixture or Points, optional
        In the place of what the options name.
    networks : Networks or Chosen, optional
        In the place of what the options name.
    shape : tuple of int, optional
        That an old run's samples have: own images are brought to it.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if the data do not fit the networks, or cannot be read.
    BackendUnavailable
        If the backend cannot be used.
    """
    ranks = ranks or Ranks()
    use_backend(config.backend)
    ranks.use_own_gpu()
    seeds = np.random.SeedSequence(config.seed).spawn(5)
    weights, pictures = np.random.default_rng(seeds[0]), np.random.default_rng(seeds[4])
    dropout, order, noise = (ranks.rng(seed) for seed in seeds[1:4])
    chosen = networks if isinstance(networks, Chosen) else chosen_networks(config, networks)
    if dataset is None:
        dataset = load_data(config, shape)
    behind: Noise | Sources
    if isinstance(dataset, data.Pairs):
        behind = sources_of(config, dataset.sample_shape, dataset.source, (-1.0, 1.0), dataset)
    else:
        behind = noise_of(config, classes_of(dataset), chosen.networks)
    generator, discriminator = build_networks(config, dataset.sample_shape, weights, dropout, behind, chosen.networks)
    check_batch(config, generator, discriminator)
    low, high = 0.0, 1.0
    if isinstance(dataset, (data.Images, data.Pairs)):
        low, high = image_range(chosen.networks, generator)
    if isinstance(behind, Sources):
        behind = dataclasses.replace(behind, range=(low, high))
    game = _game(config, generator, discriminator, behind, noise, ranks, (low, high))
    ranks.carried = [tensor for network in (generator, discriminator) for _, tensor in network.buffers()]
    size = config.batch_size * config.pack
    batches = data.batches(ranks.share(dataset), size, order, low, high, mirror=config.mirror)
    z = behind.columns(pictures, config.samples * (10 if data.kind(dataset) == "points" else 1))
    judge = None
    if config.measured() and ranks.rank == 0:
        n = samples_judged(config, dataset)
        judge = evaluation.judge(config.judged_as, dataset, n, low, high, config.data_dir, config.labelled)
    return Setup(config, dataset, chosen, batches, game, (low, high), dropout, z, ranks, behind, judge)


def load_data(config: Config, shape: tuple[int, ...] = (), split: str = "train", given: Any = None) -> Any:
    """The data that a Config names, or those `given` as an object in their place.

    Own images come to the `shape` of an old run, whatever else is in their folder.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if they cannot be had.
    """
    if given is None and given_in_python(config.data):
        again = "give them again, with data=, or as a file by --data PATH"
        raise ConfigError(f"this run learnt from data given in Python, {config.data}: {again}")
    looks = looks_of(vars(config))
    if len(shape) == 3 and (config.data not in data.NAMES or config.data == "folder"):
        looks.update(size=shape[:2], channels=shape[2] // 2 if config.source != "none" else shape[2])
    if given is not None:
        return data.load(given, **looks)
    return data.load(config.data, config.data_dir, split=split, strict=config.strict, **looks)


def sources_of(
    config: Config,
    shape: tuple[int, ...],
    source: int,
    span: tuple[float, float],
    known: data.Pairs | None = None,
) -> Sources:
    """What a generator of pairs is shown: those of the data's test part, or if it has none, those it learns from.

    `known` are these, where they are loaded already.
    """

    def load() -> data.Pairs:
        if known is not None and given_in_python(config.data):
            return known
        try:
            found = load_data(config, shape, "test")
        except data.DataError:  # it has no test part
            found = known or load_data(config, shape)
        assert isinstance(found, data.Pairs)
        return found

    return Sources(shape, source, span, load)


def looks_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that say what form images are to come in."""
    looks = {name: options[name] for name in ("size", "channels", "crop", "background") if name in options}
    if options.get("source", "none") != "none" and is_own(options.get("data", "folder")):
        looks["source"] = options["source"]
    return looks


def check_batch(config: Config, generator: Module, discriminator: Module) -> None:
    """Raise ConfigError if a BatchNorm would see one sample at a time."""
    for network, n in ((generator, config.batch_size * config.pack), (discriminator, config.batch_size)):
        if n == 1 and any(isinstance(layer, BatchNorm) for _, layer in network.modules()):
            what = "the generator" if network is generator else "the discriminator"
            raise ConfigError(f"{what} has BatchNorm, which compares the samples of a batch: give --batch-size above 1")


def _game(
    config: Config,
    generator: Module,
    discriminator: Module,
    behind: Noise | Sources,
    rng: np.random.Generator,
    ranks: Ranks,
    span: tuple[float, float],
) -> Game:
    """The two networks with the rules of a Config."""
    new_game: Any = functools.partial(Game, latent=config.latent)
    if isinstance(behind, Sources):
        new_game = functools.partial(Pix2Pix, source=behind.source, l1=config.l1)
    elif behind.condition:
        new_game = functools.partial(ConditionalGame, latent=config.latent, condition=behind.condition)
    try:
        game: Game = new_game(
            generator,
            discriminator,
            opt_g=_optimizer(config, generator, config.lr),
            opt_d=_optimizer(config, discriminator, config.lr_d or config.lr),
            loss=_loss(config),
            rng=rng,
            penalties=[(PENALTIES[name], config.penalty_weight) for name in config.penalties()],
            n_critic=config.n_critic,
            simultaneous=config.simultaneous,
            fresh_fakes=config.fresh_fakes,
            joint_batch=config.joint_batch and not config.minibatch_std,
            pack=config.pack,
            instance_noise=config.instance_noise,
            weight_clip=config.weight_clip,
            unroll=config.unroll,
            unroll_lr=config.unroll_lr,
            augment=Augment(config.augment, *span) if config.augmentations() else None,
            average=MovingAverage(generator, config.ema) if config.ema else None,
            mean_over_ranks=ranks.mean,
        )
        return game
    except ValueError as error:
        raise ConfigError(f"these networks and options do not go together: {error}") from None


def _optimizer(config: Config, network: Module, lr: float) -> Optimizer:
    params = network.parameters()
    if config.optimizer == "sgd":
        return SGD(params, lr)
    if config.optimizer == "rmsprop":
        return RMSProp(params, lr)
    return Adam(params, lr, (config.beta1, config.beta2))


def _loss(config: Config) -> losses.Loss:
    options: dict[str, Any] = {"label_smoothing": config.label_smoothing}
    if config.half:
        options["half"] = True
    return losses.get(config.loss, **options)
