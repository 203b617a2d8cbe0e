"""Numbers as nobody means them, for every argument that is one: it is taken, or refused in a sentence.

Whole numbers of Python have no end, floats have nan and inf, and True is 1 to both.
"""

from __future__ import annotations

import dataclasses
import math
import os
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cli import call, one_sentence

import tinygan as tg
from tinygan import data, losses, metrics, models, nn, ops, optim, plot, train
from tinygan.data import DataError
from tinygan.gan import directions, latent, sampling
from tinygan.given import LARGEST_SEED, MOST, as_float, finite_number, is_whole, whole_number
from tinygan.live.settings import Settings
from tinygan.training.config import Config, ConfigError, flag, option_type

VALUES: dict[str, Any] = {
    "10**5000": 10**5000,
    "-10**5000": -(10**5000),
    "10**400": 10**400,
    "10**30": 10**30,
    **{repr(odd): odd for odd in (math.nan, math.inf, -math.inf, -0.0, True, 1e308)},
}

points = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
images = np.zeros((2, 8, 8, 4), np.float32)
pixels = np.zeros((4, 8, 8, 1), np.uint8)
means = np.eye(2)
x, picture = tg.Tensor(points), tg.Tensor(images)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def stepped(make: Callable[..., Any], **options: Any) -> None:
    """One step of an optimiser with these options."""
    p = tg.Tensor([1.0, 2.0], requires_grad=True)
    make([p], **{"lr": 0.1, **options}).step([p])


WHOLE: dict[str, Callable[[Any], Any]] = {  # True is refused as well
    "Dense in": lambda v: nn.Dense(v, 2),
    "Dense out": lambda v: nn.Dense(2, v),
    "Maxout in": lambda v: nn.Maxout(v, 2, 2),
    "Maxout pieces": lambda v: nn.Maxout(2, 2, v),
    "Embedding": lambda v: nn.Embedding(v, 2),
    "Embedding features": lambda v: nn.Embedding(2, v),
    "Conv1D channels": lambda v: nn.Conv1D(v, 2, 3),
    "Conv1D kernel": lambda v: nn.Conv1D(2, 2, v),
    "Conv1D stride": lambda v: nn.Conv1D(4, 2, 3, v),
    "Conv1D padding": lambda v: nn.Conv1D(4, 2, 3, 1, v),
    "Conv2D channels": lambda v: nn.Conv2D(v, 2, 3),
    "Conv2D kernel": lambda v: nn.Conv2D(2, 2, v),
    "Conv2D stride": lambda v: nn.Conv2D(4, 2, 3, v),
    "Conv2D padding": lambda v: nn.Conv2D(4, 2, 3, 1, v)(picture),
    "ConvTranspose2D channels": lambda v: nn.ConvTranspose2D(v, 2, 3),
    "ConvTranspose2D stride": lambda v: nn.ConvTranspose2D(4, 2, 3, v),
    "ConvTranspose2D padding": lambda v: nn.ConvTranspose2D(4, 2, 3, 1, v)(picture),
    "ConvTranspose2D output_padding": lambda v: nn.ConvTranspose2D(4, 2, 3, 2, 0, v)(picture),
    "BatchNorm": lambda v: nn.BatchNorm(v),
    "ConditionalBatchNorm": lambda v: nn.ConditionalBatchNorm(v, 2),
    "ConditionalBatchNorm classes": lambda v: nn.ConditionalBatchNorm(2, v),
    "LayerNorm": lambda v: nn.LayerNorm(v),
    "GroupNorm groups": lambda v: nn.GroupNorm(v, 4),
    "GroupNorm": lambda v: nn.GroupNorm(1, v),
    "InstanceNorm": lambda v: nn.InstanceNorm(v, affine=True),
    "UpSample2D": lambda v: nn.UpSample2D(v),
    "MaxPool2D": lambda v: nn.MaxPool2D(v)(picture),
    "MaxPool2D stride": lambda v: nn.MaxPool2D(2, v),
    "AvgPool2D": lambda v: nn.AvgPool2D(v)(picture),
    "SelfAttention": lambda v: nn.SelfAttention(v),
    "SelfAttention inner": lambda v: nn.SelfAttention(4, v),
    "ring": lambda v: data.ring(v),
    "grid": lambda v: data.grid(v),
    "sample": lambda v: data.ring().sample(v, rng()),
    "digits n": lambda v: data.digits(v),
    "digits size": lambda v: data.digits(2, size=v),
    "faces n": lambda v: data.faces(v),
    "faces size": lambda v: data.faces(2, size=v),
    "stacked n": lambda v: data.stacked(n=v),
    "load size": lambda v: data.load(pixels, size=v),
    "load channels": lambda v: data.load(pixels, channels=v),
    "batches": lambda v: data.batches(data.load(pixels), v, rng()),
    "molecules": lambda v: data.molecules(v),
    "classifier_score": lambda v: metrics.classifier_score(np.full((10, 2), 0.5), v),
    "class_coverage": lambda v: metrics.class_coverage(np.zeros(5, int), v),
    "jensen_shannon bins": lambda v: metrics.jensen_shannon(points, means, 0.1, bins=v),
    "fit_mixture": lambda v: metrics.fit_mixture(points, v, rng()),
    "fit_mixture starts": lambda v: metrics.fit_mixture(points, 2, rng(), starts=v),
    "kernel_distance subsets": lambda v: metrics.kernel_distance(points, points, v, rng=rng()),
    "kernel_distance size": lambda v: metrics.kernel_distance(points, points, 2, v, rng=rng()),
    "precision_recall": lambda v: metrics.precision_recall(points, points, v),
    "density_coverage": lambda v: metrics.density_coverage(points, points, v),
    "oracle": lambda v: metrics.oracle(means, 0.1, v, rng()),
    "nearest_neighbours": lambda v: metrics.nearest_neighbours(points, points, v),
    "noise": lambda v: latent.noise(rng(), (v, 2)),
    "points": lambda v: models.points((2,), latent=v, rng=rng()),
    "draw": lambda v: sampling.draw(nn.Dense(2, 2), points, v) if v != MOST else None,
    "image_grid columns": lambda v: plot.image_grid(images[..., :3], v),
    "image_grid padding": lambda v: plot.image_grid(images[..., :3], 1, v) if v is not True else whole_number("n", v),
    "save_grid scale": lambda v: plot.save_grid(os.devnull, images[..., :3], scale=v),
    "save_paths shown": lambda v: plot.save_paths(os.devnull, np.zeros((1, 2, 2)), shown=v),
    "save_gif": lambda v: plot.save_gif(os.devnull, ["gone.png"], v),
    "principal_directions": lambda v: directions.principal_directions(lambda z: z, 2, rng(), v, 4),
    "principal_directions n": lambda v: directions.principal_directions(lambda z: z, 2, rng(), 1, v),
    "Game n_critic": lambda v: dataclasses.replace(RUN.setup.game, n_critic=v),
    "Game pack": lambda v: dataclasses.replace(RUN.setup.game, pack=v),
    "Game unroll": lambda v: dataclasses.replace(RUN.setup.game, unroll=v),
    "gradcheck seed": lambda v: tg.gradcheck(ops.exp, [1.0], seed=v),
    "gradcheck order": lambda v: tg.gradcheck(ops.exp, [1.0], order=v) if v is not True else whole_number("n", v),
    "laboratory width": lambda v: Settings(width=v).check(),
    "laboratory digit": lambda v: Settings(digit=v).check(),
    "one_hot": lambda v: ops.one_hot([0], v),
    "reshape": lambda v: ops.reshape(x, (v, 48)),
    "broadcast_to": lambda v: ops.broadcast_to(x, (v, 24, 2)),
    "Run steps": lambda v: tg.Run("ring", steps=v),
    "Run batch_size": lambda v: tg.Run("ring", batch_size=v),
    "Run latent": lambda v: tg.Run("ring", latent=v),
    "Run seed": lambda v: tg.Run("ring", seed=v),
    "Run log_interval": lambda v: tg.Run("ring", log_interval=v),
    "Run lr_half_life": lambda v: tg.Run("ring", lr_half_life=v),
    "Run epochs": lambda v: tg.Run("ring", epochs=v),
    "Run size": lambda v: tg.Run("mlp", size=v),
    "Run samples": lambda v: RUN.samples(v),
    "Run samples seed": lambda v: RUN.samples(2, v),
    "Run evaluate": lambda v: RUN.evaluate(v, references=False),
    "Run evaluate seed": lambda v: RUN.evaluate(100, v, references=False),
}
SEEDS: dict[str, Callable[[Any], Any]] = {  # NumPy takes them of any length
    "digits seed": lambda v: data.digits(2, v),
    "faces seed": lambda v: data.faces(2, v, 8),
    "load seed": lambda v: data.load(pixels, seed=v),
}
FINITE: dict[str, Callable[[Any], Any]] = {  # nan, inf and True are refused
    "BatchNorm momentum": lambda v: nn.BatchNorm(2, v),
    "BatchNorm eps": lambda v: nn.BatchNorm(2, eps=v),
    "ConditionalBatchNorm eps": lambda v: nn.ConditionalBatchNorm(2, 2, eps=v),
    "LayerNorm eps": lambda v: nn.LayerNorm(2, v),
    "GroupNorm eps": lambda v: nn.GroupNorm(2, 4, v),
    "InstanceNorm eps": lambda v: nn.InstanceNorm(4, v),
    "PixelNorm": lambda v: nn.PixelNorm(v),
    "MinibatchStd": lambda v: nn.MinibatchStd(v),
    "Dropout": lambda v: nn.Dropout(v),
    "GumbelSoftmax": lambda v: nn.GumbelSoftmax(v),
    "gumbel_softmax": lambda v: ops.gumbel_softmax(x, v),
    "LeakyReLU": lambda v: nn.LeakyReLU(v),
    "Residual": lambda v: nn.Residual(nn.ReLU(), scale=v),
    "init.normal": lambda v: nn.Dense(2, 2, init=nn.init.normal(v)),
    "init.he": lambda v: nn.Dense(2, 2, init=nn.init.he(v)),
    "Adam lr": lambda v: stepped(optim.Adam, lr=v),
    "Adam beta1": lambda v: stepped(optim.Adam, betas=(v, 0.9)),
    "Adam beta2": lambda v: stepped(optim.Adam, betas=(0.9, v)),
    "Adam eps": lambda v: stepped(optim.Adam, eps=v),
    "SGD lr": lambda v: stepped(optim.SGD, lr=v),
    "SGD momentum": lambda v: stepped(optim.SGD, momentum=v),
    "RMSProp lr": lambda v: stepped(optim.RMSProp, lr=v),
    "RMSProp rho": lambda v: stepped(optim.RMSProp, rho=v),
    "RMSProp eps": lambda v: stepped(optim.RMSProp, eps=v),
    "ring radius": lambda v: data.ring(8, v),
    "ring sigma": lambda v: data.ring(8, 1.0, v),
    "grid spacing": lambda v: data.grid(2, v),
    "Mixture": lambda v: data.Mixture("own", means, v),
    "data_copying": lambda v: metrics.data_copying(points[:, 0] ** 2, points[:, 1] ** 2, v),
    "jensen_shannon": lambda v: metrics.jensen_shannon(points, means, v),
    "count_modes": lambda v: metrics.count_modes(points, means, v),
    "oracle sigma": lambda v: metrics.oracle(means, v, 2, rng()),
    "noise truncation": lambda v: latent.noise(rng(), (2, 2), v),
    "label_smoothing": lambda v: losses.get("ns", label_smoothing=v),
    "MovingAverage": lambda v: tg.MovingAverage(nn.Dense(2, 2), v),
    "Game unroll_lr": lambda v: dataclasses.replace(RUN.setup.game, unroll_lr=v),
    "Game instance_noise": lambda v: dataclasses.replace(RUN.setup.game, instance_noise=v),
    "Game weight_clip": lambda v: dataclasses.replace(RUN.setup.game, weight_clip=v),
    "gradcheck h": lambda v: tg.gradcheck(ops.exp, [1.0], h=v),
    "gradcheck rtol": lambda v: tg.gradcheck(ops.exp, [1.0], rtol=v),
    "Run lr": lambda v: tg.Run("ring", lr=v),
    "Run ema": lambda v: tg.Run("ring", ema=v),
    "Run truncation": lambda v: RUN.samples(2, truncation=v),
}
ANY: dict[str, Callable[[Any], Any]] = {  # what is infinite may be meant
    "Tensor": lambda v: tg.Tensor(v),
    "Tensor of a list": lambda v: tg.Tensor([v]),
    "add": lambda v: x + v,
    "rsub": lambda v: v - x,
    "mul": lambda v: x * v,
    "rpow": lambda v: v**x,
    "compare": lambda v: x > v,
    "maximum": lambda v: ops.maximum(x, v),
    "where": lambda v: ops.where(points > 0, x, v),
    "pow": lambda v: ops.pow(x, v),
    "clip": lambda v: ops.clip(x, v, v),
    "leaky_relu": lambda v: ops.leaky_relu(x, v),
    "batch_norm": lambda v: ops.batch_norm(x, tg.Tensor([1.0, 1.0]), tg.Tensor([0.0, 0.0]), v),
    "bce_with_logits": lambda v: ops.bce_with_logits(x, v),
    "pad": lambda v: ops.pad(x, v) if v is not True else None,
    "sum": lambda v: ops.sum(x, v),
    "softmax": lambda v: nn.Softmax(v)(x),
    "concatenate": lambda v: ops.concatenate([x], v),
    "stack": lambda v: ops.stack([x], v),
    "transpose": lambda v: ops.transpose(x, (v, 0)),
    "slerp": lambda v: latent.slerp(points[:1], points[1:2], v),
    "to_range": lambda v: data.to_range(pixels, v, 1.0),
    "from_range": lambda v: data.from_range(images, 0.0, v),
    "Run label": lambda v: RUN.samples(2, label=v),
}
RUN = tg.Run("ring", steps=1, samples=1)


def refusal(make: Callable[[Any], Any], value: Any) -> str | None:
    """What the library says to this number, or None if it takes it; AssertionError for an error of another's making."""
    try:
        with np.errstate(all="ignore"):
            make(value)
    except (ValueError, TypeError) as error:
        raised = traceback.extract_tb(error.__traceback__)[-1]
        assert "tinygan" in raised.filename and (raised.line or "").startswith(("raise ", "finite_number(")), error
        said = str(error)
        assert len(said) < 400 and "\n" not in said
        return said
    return None


@pytest.mark.parametrize("name", WHOLE)
def test_a_count_is_a_whole_number_that_can_be_borne(name):
    assert not [value for value in VALUES if not refusal(WHOLE[name], VALUES[value])]


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_may_be_long(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    assert [value for value in VALUES if not refusal(SEEDS[name], VALUES[value])] == ["10**400", "10**30"]


@pytest.mark.parametrize("name", FINITE)
def test_a_setting_is_a_finite_number(name):
    taken = {value for value in VALUES if not refusal(FINITE[name], VALUES[value])}
    assert taken <= {"10**30", "1e+308", "-0.0"}


@pytest.mark.parametrize("name", ANY)
def test_a_number_is_taken_or_refused_in_a_sentence(name):
    taken = {value for value in VALUES if not refusal(ANY[name], VALUES[value])}
    assert taken <= VALUES.keys() - {"10**5000", "-10**5000", "10**400"}


# -- the checks themselves -------------------------------------------------------------------------------------


def test_whole_numbers_within_bounds():
    assert [whole_number("n", v) for v in (1, np.int64(7), np.uint8(2), MOST)] == [1, 7, 2, MOST]
    assert whole_number("n", 0, 0) == 0 and whole_number("n", 9, 2, 9) == 9
    assert type(whole_number("n", np.int64(7))) is int
    with pytest.raises(ValueError, match=r"^n must be a whole number of at least 1, not 0$"):
        whole_number("n", 0)
    with pytest.raises(DataError, match=r"^n must be a whole number from 2 to 9, not 10$"):
        whole_number("n", 10, 2, 9, DataError)
    with pytest.raises(ValueError, match=r"from 1 to 2147483647, not <a number of 5001 digits>$"):
        whole_number("n", 10**5000)
    assert is_whole(1) and is_whole(MOST) and is_whole(0, 0) and is_whole(LARGEST_SEED, 0, LARGEST_SEED)
    assert not any(is_whole(v) for v in (0, MOST + 1, True, 1.0, "1", None))


def test_finite_numbers_that_fit():
    assert [finite_number("p", v) for v in (0, 0.5, np.float32(2), np.int8(-1), np.array(3.0))] == [0, 0.5, 2, -1, 3]
    assert type(finite_number("p", np.float64(1))) is float
    for wrong in (math.nan, math.inf, -math.inf, 10**400, True, np.bool_(True), "1", None, [1], np.ones(2), 1j):
        with pytest.raises(ValueError, match=r"^p must be a finite number, but it is "):
            finite_number("p", wrong)
    with pytest.raises(ConfigError, match=r"^p must lie in \[0, 1\), but it is 1$"):
        finite_number("p", 1, "lie in [0, 1)", lambda p: 0 <= p < 1, ConfigError)


def test_a_float_may_be_infinite():
    assert as_float("low", -math.inf) == -math.inf and math.isnan(as_float("low", math.nan))
    with pytest.raises(ValueError, match=r"^low is too large for a floating-point number: <a number of 5001 digits>$"):
        as_float("low", 10**5000)


# -- on the command lines --------------------------------------------------------------------------------------

TEXTS = {"5001 digits": "1" + 5000 * "0", "401 digits": "1" + 400 * "0", "30 digits": "1" + 30 * "0"}
TEXTS |= {"-5001 digits": "-1" + 5000 * "0", "nan": "nan", "inf": "inf", "True": "True"}
OPTIONS = [f for f in dataclasses.fields(Config) if option_type(f) in (int, float)]


@pytest.mark.parametrize("option", [*(flag(f.name) for f in OPTIONS), "--epochs", "--size"])
def test_every_number_of_train(option):
    floats = [flag(f.name) for f in OPTIONS if option_type(f) is float]
    for text, number in TEXTS.items():
        result = call("train", "--preset", "ring", "--dry-run", f"{option}={number}")
        if result.status == 0:
            assert text == "30 digits" and option in floats
        else:
            assert result.status == 2 and len(one_sentence(result.err)) < 400


def test_every_number_of_train_is_in_the_table():
    takes = {each.option_strings[0] for each in train.parser()._actions if each.type in (int, float)}
    assert takes == {*(flag(f.name) for f in OPTIONS), "--epochs"}


OTHERS = {
    "sample": ("gone --out a.png", "--n", "--seed", "--truncation", "--label"),
    "interpolate": ("gone --out a.png", "--pairs", "--steps", "--seed", "--truncation", "--label"),
    "evaluate": ("gone", "--n", "--seed", "--truncation", "--label"),
    "explore": ("gone", "--seed", "--port"),
    "train_classifier": ("--data gone", "--size", "--channels", "--epochs", "--seed"),
    "check.__main__": ("ex01 --folder gone", "--hint", "--seed", "--time-limit"),
}


@pytest.mark.parametrize(("tool", "option"), [(tool, each) for tool, (_, *names) in OTHERS.items() for each in names])
def test_every_number_of_the_other_commands(tool, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in TEXTS.values():
        result = call(tool, *OTHERS[tool][0].split(), f"{option}={number}")
        assert result.status == 2 and len(one_sentence(result.err)) < 400


def test_what_is_no_number_is_shown_in_part():
    said = one_sentence(call("train", f"--steps={TEXTS['5001 digits']}").err)
    assert said.startswith("argument --steps: invalid int value: '1000") and "000...000" in said
