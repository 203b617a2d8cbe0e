"""Advice fits the run that it is given to: never what is on already, never what would be refused."""

import contextlib
import dataclasses
import itertools

import numpy as np
import pytest

import tinygan as tg
from tinygan.gan.health import SYMPTOMS
from tinygan.gan.losses import LOSSES
from tinygan.train import parser
from tinygan.training.advice import MOST, REMEDIES, Health, advice, remedies, written
from tinygan.training.build import build
from tinygan.training.config import Config, ConfigError
from tinygan.training.presets import configure

PENALTIES = ["none", "r1", "gp", "dragan", "r1+r2"]
OPTIONS = [
    {},
    *({"lr": lr} for lr in (1e-7, 1e-3, 0.05, 50.0)),
    *({"lr_d": lr} for lr in (1e-9, 2e-3, 50.0)),
    *({"optimizer": name} for name in ("sgd", "rmsprop")),
    *({"conditioning": name} for name in ("cgan", "acgan", "infogan")),
    *({"penalty_weight": weight} for weight in (0.01, 1.0, 1e3)),
    dict(label_smoothing=0.1),
    dict(label_smoothing=0.5, instance_noise=0.1),
    dict(half=True),
    dict(weight_clip=0.01),
    dict(weight_clip=0.05, optimizer="rmsprop", lr=5e-5, lr_d=5e-5),
    dict(spectral_norm=True),
    dict(minibatch_std=True),
    dict(pack=2, unroll=5),
    dict(unroll=1, pack=3),
    dict(n_critic=5),
    dict(simultaneous=True),
    dict(ema=0.99, lr_half_life=100),
    dict(batch_size=1),
]


def runs(preset, loss):
    """All runs that the command line would take, with their options."""
    for penalty, option in itertools.product(PENALTIES, OPTIONS):
        given = {"preset": preset, "loss": loss, "penalty": penalty, **option}
        with contextlib.suppress(ConfigError):
            yield given, configure(given)


DEAR = [(loss, preset) for loss in LOSSES for preset in ("ring", "mlp", "small")]
DEAR = [pair if pair == ("wgan", "ring") else pytest.param(*pair, marks=pytest.mark.slow) for pair in DEAR]


@pytest.mark.parametrize("loss, preset", DEAR)
def test_what_is_proposed_is_accepted_and_not_on(loss, preset):
    for given, config in runs(preset, loss):
        for name in REMEDIES:
            found = remedies(name, config)
            assert found or name in ("unbounded", "nan"), (given, name)
            for changes in found:
                assert configure({**given, **changes}) == dataclasses.replace(config, **changes)
                for key, value in changes.items():
                    assert getattr(config, key) != value, (given, name, changes)
                    switch = key not in ("lr", "lr_d", "seed", "penalty_weight", "optimizer", "loss")
                    assert not switch or getattr(config, key) == getattr(Config, key), f"{key} is on already"


def test_the_parser_reads_what_is_written():
    for option in ({"lr_d": 1.25e-05}, {"penalty": "r1", "penalty_weight": 1.0}, {"pack": 2}, {"loss": "ns"}):
        args = parser().parse_args(" ".join(map(written, option.items())).split())
        assert {name: getattr(args, name) for name in option} == option


def test_every_symptom_has_remedies():
    assert {*SYMPTOMS, "unbounded", "nan"} == set(REMEDIES)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["mlp", "ring"])
@pytest.mark.parametrize("loss", ["ns", "wgan", "hinge"])
def test_all_that_is_proposed_can_be_built(preset, loss):
    config = configure({"preset": preset, "loss": loss, "penalty": "none", "samples": 1})
    for changes in (changes for name in REMEDIES for changes in remedies(name, config)):
        build(dataclasses.replace(config, **changes))


SAID = {
    ("won", "--loss mm --lr 2e-5 --lr-d 2e-3"): "--lr-d 2e-05, or --loss ns, or --penalty r1 --penalty-weight 1",
    ("won", "--loss hinge --penalty r1"): "--lr-d 5e-05, or --instance-noise 0.1",
    ("collapse", "--preset ring --lr-d 1e-7"): "--lr-d 0.003, or --lr 0.001, or --penalty-weight 0.1",
    ("worse", "--lr 0.05"): "--lr 0.001, or --penalty r1 --penalty-weight 1, or --lr-half-life 1166",
    ("lagging", "--lr-d 1e-9 --simultaneous"): "--lr-d 0.0002",
    ("nan", "--optimizer sgd --lr 50"): "--lr 0.1, or --penalty r1 --penalty-weight 1, or --instance-noise 0.1",
    (
        "unbounded",
        "--loss wgan",
    ): "--penalty gp --penalty-weight 1, or --weight-clip 0.01 --optimizer rmsprop --lr 5e-05",
    ("unbounded", "--loss wgan --minibatch-std"): "--weight-clip 0.01 --optimizer rmsprop --lr 5e-05",
}


@pytest.mark.parametrize("name, words", SAID)
def test_what_is_said(name, words):
    args = parser().parse_args(words.split())
    given = {f.name: v for f in dataclasses.fields(Config) if (v := getattr(args, f.name)) is not None}
    said = advice(name, configure(given))
    assert said == f"start a new run with {SAID[name, words]}" and said.count(" or ") < MOST


def test_what_the_networks_or_the_data_would_refuse_is_not_proposed():
    def make_d(shape, rng):
        return tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Dense(64, 8, rng=rng), tg.nn.BatchNorm(8), tg.nn.Dense(8, 1))

    def make_g(shape, latent, rng):
        return tg.nn.Sequential(tg.nn.Dense(latent, 64, rng=rng), tg.nn.Tanh(), tg.nn.Reshape(shape), tg.nn.Tanh())

    pixels = np.random.default_rng(0).random((40, 8, 8, 1))
    own = tg.Run(tg.Networks(make_g, make_d), pixels, batch_size=32)
    preset = tg.Run("mlp", pixels, batch_size=32)
    for run, refused in ((own, {"penalty", "pack"}), (preset, {"pack"})):
        everything = [remedies("collapse", run.config, fits) for fits in (Health(run.setup).fits, Config.check)]
        fitting, all_of_them = ({key for changes in found for key in changes} for found in everything)
        assert refused <= all_of_them and not refused & fitting
