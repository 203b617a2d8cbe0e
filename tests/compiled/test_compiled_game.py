"""A step of the game that is played back is the step that is called: the same bits, whatever is switched on."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn
from tinygan.backend import to_numpy
from tinygan.gan.losses import LOSSES
from tinygan.training import presets
from tinygan.training.build import build

SWITCHES = (
    *({"loss": name} for name in LOSSES),
    *({"penalty": name} for name in ("none", "gp", "dragan", "r1", "r2", "r1+r2", "gp+dragan")),
    *({"optimizer": name} for name in ("rmsprop", "sgd")),
    {"n_critic": 3},
    {"simultaneous": True},
    {"fresh_fakes": True},
    {"joint_batch": False},
    {"label_smoothing": 0.1},
    {"instance_noise": 0.1},
    {"weight_clip": 0.01},
    {"pack": 3},
    {"unroll": 2},
    {"dropout": 0.3},
    {"minibatch_std": True, "penalty": "none"},
    {"spectral_norm": True},
    {"ema": 0.9},
    {"lr_half_life": 3},
)
OF_IMAGES = (
    *({"augment": name} for name in ("brightness", "color", "shift", "cutout", "color+shift+cutout")),
    {"augment": "shift", "penalty": "gp", "pack": 2},
    {"spectral_norm": True, "dropout": 0.2, "unroll": 1, "ema": 0.99, "minibatch_std": True},
    {"preset": "cgan", "loss": "ragan"},
    {"preset": "infogan", "n_critic": 2},
    {"preset": "acgan", "fresh_fakes": True},
)


def make_g(shape, latent, rng):
    sizes = nn.Dense(latent, 8, rng=rng), nn.BatchNorm(8), nn.LeakyReLU(), nn.Dense(8, math.prod(shape), rng=rng)
    return nn.Sequential(*sizes, nn.Tanh(), nn.Reshape(shape))


def make_d(shape, rng, dropout=0.0, outputs=1):
    first = nn.Flatten(), nn.Dense(math.prod(shape), 8, rng=rng), nn.LeakyReLU()
    return nn.Sequential(*first, nn.Dropout(dropout, rng), nn.Dense(8, outputs, rng=rng))


SMALL = tg.Networks(make_g, make_d)


def same_bits(options, steps, batch=8, networks=None):
    """Train two equal games, one played back; all that a checkpoint and a line of stats.jsonl hold must be equal."""
    config = presets.configure({"batch_size": batch, **options})
    plain, fast = (build(config, networks=networks) for _ in range(2))
    play = tg.compiled(fast.game.step)
    for step in range(1, steps + 1):
        for setup in (plain, fast):
            setup.set_learning_rates(step)
        measure = step % 3 == 0 or step == steps
        wanted = plain.game.step(plain.next_reals, measure=measure)
        found = play(fast.next_reals, measure=measure)
        assert wanted.keys() == found.keys()
        for name, number in wanted.items():
            assert np.array_equal(to_numpy(number), to_numpy(found[name]), equal_nan=True), (step, name)
    (arrays, meta), (own, own_meta) = plain.state(steps), fast.state(steps)
    assert arrays.keys() == own.keys()
    for name, array in arrays.items():
        assert np.array_equal(array, own[name]), name
    assert repr(meta) == repr(own_meta)
    assert not play.why_not and play.programs, play.why_not
    return plain, fast, play


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("options", SWITCHES, ids=str)
def test_every_switch_on_points(options):
    same_bits({"preset": "ring", **options}, 8)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("options", OF_IMAGES, ids=str)
def test_every_switch_of_images(options):
    same_bits({"preset": "mlp", **options}, 8, batch=4, networks=SMALL)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("preset", presets.PRESETS)
def test_every_preset_over_fifty_steps_and_a_resume(preset):
    batch = 4 if preset in ("deep", "dcgan", "resnet") else 16
    plain, fast, _ = same_bits({"preset": preset}, 25, batch)
    config = presets.configure({"preset": preset, "batch_size": batch})
    resumed = build(config)
    resumed.load_state(*fast.state(25), "here")
    play = tg.compiled(resumed.game.step)
    for step in range(26, 51):
        for setup in (plain, resumed):
            setup.set_learning_rates(step)
        plain.game.step(plain.next_reals)
        play(resumed.next_reals)
    for name, array in plain.state(50)[0].items():
        assert np.array_equal(array, resumed.state(50)[0][name]), name


def test_a_state_that_is_loaded_is_seen():
    config = presets.configure({"preset": "ring", "batch_size": 8})
    setups = build(config), build(config)
    play = tg.compiled(setups[1].game.step)
    steps = setups[0].game.step, play
    state = setups[0].state(0)
    for round in range(2):
        for setup, step in zip(setups, steps, strict=True):
            for _ in range(5):
                step(setup.next_reals)
            setup.game.generator.load_state_dict(setup.game.generator.state_dict())
            if round == 0:
                setup.load_state(*state, "here")
    assert len(play.programs) == 1
    for name, array in setups[0].state(0)[0].items():
        assert np.array_equal(array, setups[1].state(0)[0][name]), name


def test_a_parameter_of_another_dtype_or_that_is_frozen_is_seen():
    net = tg.nn.Sequential(tg.nn.Dense(2, 3), tg.nn.Tanh(), tg.nn.Dense(3, 1))
    opt = tg.optim.SGD(net.parameters(), lr=0.1)

    def step(x):
        loss = net(x).mean()
        tg.effect(lambda: None)
        opt.step(tg.grad(loss, opt.params, allow_unused=True))
        return loss

    fast, x = tg.compiled(step), np.ones((4, 2), np.float32)
    for _ in range(3):
        fast(x)
    net.astype(np.float64)
    assert fast(x).dtype == np.float64
    net.layers[0].W.requires_grad = False
    with pytest.raises(ValueError, match="does not require a gradient"):
        fast(x)


@pytest.mark.parametrize(
    "change",
    [
        lambda game: setattr(game, "n_critic", 2),
        lambda game: setattr(game, "instance_noise", 0.2),
        lambda game: game.penalties.clear(),
        lambda game: game.penalties.append((tg.penalties.gp, 1.0)),
        lambda game: game.discriminator.eval(),
        lambda game: setattr(game, "loss", tg.losses.get("lsgan")),
        lambda game: setattr(game, "opt_d", tg.optim.SGD(game.discriminator.parameters(), lr=0.1)),
        lambda game: setattr(game.opt_g, "betas", (0.9, 0.9)),
        lambda game: setattr(game.generator.layers[0], "b", tg.Tensor(np.ones(128, np.float32), requires_grad=True)),
        lambda game: game.generator.layers.insert(1, tg.nn.Tanh()),
        lambda game: setattr(game, "rng", np.random.default_rng(99)),
        lambda game: setattr(game, "judge", game.discriminator),  # a method replaced on the object
        lambda game: (setattr(game.generator.layers[2].W, "requires_grad", False), setattr(game, "average", None)),
        lambda game: (game.generator.astype(np.float64), game.discriminator.astype(np.float64)),
    ],
)
def test_whatever_is_changed_is_seen(change):
    config = presets.configure({"preset": "ring", "batch_size": 8})
    setups = build(config), build(config)
    play = tg.compiled(setups[1].game.step)
    for setup, step in zip(setups, (setups[0].game.step, play), strict=True):
        for _ in range(4):
            step(setup.next_reals)
        change(setup.game)
        game = setup.game
        game.opt_g = tg.optim.Adam(game.generator.parameters(), lr=0.01, betas=game.opt_g.betas)
        game.opt_d = type(game.opt_d)(game.discriminator.parameters(), lr=0.01)
        numbers = [step(setup.next_reals, measure=True)["loss_d"] for _ in range(5)]
        setup.numbers = np.array([to_numpy(x) for x in numbers])
    assert np.array_equal(setups[0].numbers, setups[1].numbers) and not play.why_not
    assert len(play.programs) == 2  # without and with measure; the first programs are of no use any more
