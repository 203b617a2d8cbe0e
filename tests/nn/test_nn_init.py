"""Initialisers: their spread against the formulas, and the fans each layer gives them."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.nn import init

SHAPE, FAN_IN, FAN_OUT = (300, 500), 300, 500


def draw(initialiser, seed=0):
    return initialiser(np.random.default_rng(seed), SHAPE, FAN_IN, FAN_OUT)


@pytest.mark.parametrize(
    "initialiser, std",
    [
        (init.normal(), 0.02),
        (init.normal(0.5), 0.5),
        (init.he(), np.sqrt(2 / FAN_IN)),
        (init.he(slope=0.2), np.sqrt(2 / (1.04 * FAN_IN))),
        (init.glorot(), np.sqrt(2 / (FAN_IN + FAN_OUT))),
    ],
    ids=["normal", "normal 0.5", "he", "he 0.2", "glorot"],
)
def test_mean_and_spread(initialiser, std):
    w = draw(initialiser)
    n = w.size
    assert w.shape == SHAPE and w.dtype == np.float32
    assert abs(w.mean()) < 4 * std / np.sqrt(n)
    assert abs(w.std() / std - 1) < 4 / np.sqrt(2 * n)


def test_glorot_is_uniform_up_to_its_limit():
    w, limit = draw(init.glorot()), np.sqrt(6 / (FAN_IN + FAN_OUT))
    assert 0.999 * limit < w.max() <= limit * (1 + 1e-6) and 0.999 * limit < -w.min() <= limit * (1 + 1e-6)
    counts, _ = np.histogram(w, bins=10, range=(-limit, limit))
    assert np.abs(counts / w.size - 0.1).max() < 0.005


def test_normal_weights_are_normal():
    w = draw(init.he()).ravel() / np.sqrt(2 / FAN_IN)
    for bound, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert abs((np.abs(w) < bound).mean() - share) < 0.005


def test_zeros():
    assert not draw(init.zeros()).any()


@pytest.mark.parametrize("initialiser", [init.normal(), init.he(), init.glorot()])
def test_the_same_seed_gives_the_same_weights(initialiser):
    assert np.array_equal(draw(initialiser), draw(initialiser))
    assert not np.array_equal(draw(initialiser), draw(initialiser, seed=1))


def test_the_spread_of_relu_layers_is_kept_by_he():
    """The reason for its factor 2: twenty ReLU layers on, the numbers are still of order 1."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 200))
    for _ in range(20):
        x = np.maximum(x @ init.he()(rng, (200, 200), 200, 200), 0)
    assert 0.3 < np.sqrt((x**2).mean()) < 3


# -- the fans of each layer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build, shape, fans",
    [
        (lambda f: nn.Dense(3, 5, init=f), (3, 5), (3, 5)),
        (lambda f: nn.Maxout(3, 5, 2, init=f), (3, 10), (3, 10)),
        (lambda f: nn.Conv1D(3, 5, 7, init=f), (7, 3, 5), (21, 35)),
        (lambda f: nn.Conv2D(3, 5, 7, init=f), (7, 7, 3, 5), (147, 245)),
        (lambda f: nn.ConvTranspose2D(3, 5, 7, init=f), (7, 7, 5, 3), (147, 245)),
    ],
    ids=["Dense", "Maxout", "Conv1D", "Conv2D", "ConvTranspose2D"],
)
def test_fans_are_what_a_sum_takes_in_and_where_a_number_goes_to(build, shape, fans):
    """A transposed convolution runs from the kernel's last axis to the one before: its fans are exchanged."""
    asked = []

    def remember(rng, shape, fan_in, fan_out):
        asked.append((shape, (fan_in, fan_out)))
        return np.zeros(shape, np.float32)

    build(remember)
    assert asked == [(shape, fans)]


@pytest.mark.parametrize(
    "build, limit",
    [
        (lambda rng: nn.Dense(40, 60, rng=rng), np.sqrt(6 / 100)),
        (lambda rng: nn.Conv1D(6, 10, 25, rng=rng), np.sqrt(6 / 400)),
        (lambda rng: nn.Conv2D(6, 10, 5, rng=rng), np.sqrt(6 / 400)),
        (lambda rng: nn.ConvTranspose2D(6, 10, 5, rng=rng), np.sqrt(6 / 400)),
    ],
    ids=["Dense", "Conv1D", "Conv2D", "ConvTranspose2D"],
)
def test_layers_start_with_glorot_weights_and_zero_biases(build, limit):
    layer = build(np.random.default_rng(0))
    assert 0.98 * limit < np.abs(layer.W.data).max() <= limit * (1 + 1e-6)
    assert not layer.b.data.any()
    assert np.array_equal(layer.W.data, build(np.random.default_rng(0)).W.data)
    assert not np.array_equal(layer.W.data, build(np.random.default_rng(1)).W.data)


def test_embeddings_start_normal():
    w = nn.Embedding(200, 100, rng=np.random.default_rng(0)).W.data
    assert abs(w.std() - 1) < 0.02 and abs(w.mean()) < 0.03


@pytest.mark.parametrize("make", [init.normal, init.he, init.glorot, init.zeros])
def test_weights_are_of_single_precision(make):
    """Whoever draws them: a layer does not change them."""
    assert make()(np.random.default_rng(0), (3, 2), 3, 2).dtype == np.float32
    assert nn.Dense(3, 2, init=make()).W.dtype == np.float32
