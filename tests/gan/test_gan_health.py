"""What a run says of itself: ill ones are told so once, in plain words; healthy ones hear nothing."""

import numpy as np
import pytest

from tinygan.autograd import Tensor
from tinygan.gan.health import Health, diversity, find_nan
from tinygan.nn import BatchNorm, Dense, LeakyReLU, Sequential

WON = {"accuracy_real": 1.0, "accuracy_fake": 1.0}
FINE = {"accuracy_real": 0.7, "accuracy_fake": 0.6}
LOSSES = {"loss_d": 1.0, "loss_g": 1.0}


def test_a_discriminator_that_has_won_is_named_once():
    health = Health(patience=10)
    said = [health.after_log(WON) for _ in range(30)]
    assert said[:9] == [None] * 9 and said[10:] == [None] * 20
    assert "the discriminator has won" in said[9] and "10 log lines" in said[9] and "--lr-d" in said[9]


def test_one_good_line_starts_the_patience_anew():
    health = Health(patience=10)
    said = [health.after_log(stats) for stats in [WON] * 9 + [FINE] + [WON] * 9]
    assert said == [None] * 19
    assert health.after_log(WON) is not None


def test_it_is_said_again_after_a_recovery():
    health = Health(patience=2)
    said = [health.after_log(stats) is not None for stats in [WON, WON, WON, FINE, WON, WON]]
    assert said == [False, True, False, False, False, True]


@pytest.mark.parametrize("real, fake", [(0.6, 0.5), (0.99, 0.99), (1.0, 0.9), (0.9, 1.0), (0.0, 0.0)])
def test_a_healthy_discriminator_hears_nothing(real, fake):
    health = Health(patience=3)
    assert [health.after_log({"accuracy_real": real, "accuracy_fake": fake}) for _ in range(20)] == [None] * 20


def test_a_collapse_is_named_once_with_its_share(rng):
    health, reals = Health(), rng.standard_normal((200, 8, 8, 1))
    one_point = np.ones((200, 8, 8, 1))
    assert "the generator collapses" in health.after_samples(one_point + 0.1 * reals, reals)
    assert health.after_samples(one_point, reals) is None
    assert "10%" in Health().after_samples(one_point + 0.1 * reals, reals)


def test_diverse_samples_hear_nothing_whatever_their_place(rng):
    reals = rng.standard_normal((200, 2))
    for fakes in (reals, 3 * reals, 0.5 * reals + 10, -reals):
        assert Health().after_samples(fakes, reals) is None


def test_diversity_is_the_root_mean_squared_distance_from_the_mean():
    assert diversity(np.array([[0.0, 0.0], [6.0, 8.0]])) == pytest.approx(5.0)
    assert diversity(np.full((7, 3, 3, 1), 2.5)) == 0.0


@pytest.fixture
def networks(rng):
    g = Sequential(Dense(2, 3, rng=rng), BatchNorm(3), LeakyReLU(), Dense(3, 2, rng=rng))
    d = Sequential(Dense(2, 3, rng=rng), LeakyReLU(), Dense(3, 1, rng=rng))
    return {"discriminator": d, "generator": g}


def test_finite_networks_hear_nothing(networks):
    assert find_nan(LOSSES, networks) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which, layer", [("discriminator", 2), ("generator", 3)])
def test_the_layer_that_is_not_finite_is_named(networks, which, layer, bad):
    """Though the losses, which are computed before the step, are still finite."""
    parameter = networks[which][layer].W
    parameter.data = np.where(np.arange(parameter.size).reshape(parameter.shape) == 1, bad, parameter.data)
    said = find_nan(LOSSES, networks)
    assert f"W of layer {layer} (Dense(" in said and f"in the {which}" in said and "--lr" in said


@pytest.mark.parametrize("name, which", [("loss_d", "discriminator"), ("loss_g", "generator")])
def test_a_loss_is_named_where_all_weights_are_finite(networks, name, which):
    assert f"the {which}'s loss is not a finite number" in find_nan({**LOSSES, name: float("nan")}, networks)


def test_asking_changes_no_parameter(networks):
    before = [p.data.copy() for p in networks["generator"].parameters()]
    find_nan({**LOSSES, "loss_g": float("inf")}, networks)
    for old, new in zip(before, networks["generator"].parameters(), strict=True):
        assert isinstance(new, Tensor)
        np.testing.assert_array_equal(old, new.data)
