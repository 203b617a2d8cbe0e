"""GumbelSoftmax: what it draws, its two modes, its temperature, and that a step with it is played back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, grad, nn, ops, to_numpy


def drawn(logits, n, temperature=1.0, seed=0, hard=True):
    """n choices by the same logits (V,): (n, V)."""
    rows = Tensor(np.tile(np.asarray(logits, np.float32), (n, 1)))
    return to_numpy(ops.gumbel_softmax(rows, temperature, hard, rng=np.random.default_rng(seed)))


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_each_letter_is_chosen_with_its_probability(temperature):
    """Theorem of Gumbel and max: at every temperature argmax has the distribution softmax(logits)."""
    p, n = np.array([0.5, 0.3, 0.15, 0.05]), 20_000
    share = drawn(np.log(p), n, temperature).mean(axis=0)
    assert np.all(np.abs(share - p) < 4 * np.sqrt(p * (1 - p) / n))


def test_a_low_temperature_is_nearly_one_hot_and_a_high_one_nearly_uniform():
    cold, warm = (drawn([0.0, 1.0, -1.0], 1000, t, hard=False) for t in (0.01, 1000.0))
    assert np.mean(cold.max(axis=1) > 0.99) > 0.95
    np.testing.assert_allclose(warm, 1 / 3, atol=0.01)
    for y in (cold, warm):
        np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-5)


def test_hard_is_the_one_hot_vector_of_the_soft_one_with_its_gradient(rng):
    x = rng.normal(size=(7, 5)).astype(np.float32)
    gy = Tensor(rng.normal(size=(7, 5)).astype(np.float32))
    found = []
    for hard in (True, False):
        layer, logits = nn.GumbelSoftmax(0.6, hard, np.random.default_rng(4)), Tensor(x, requires_grad=True)
        y = layer(logits)
        found.append((to_numpy(y), to_numpy(grad(y, [logits], gy)[0])))
    (hard, slope), (soft, expected) = found
    assert np.array_equal(hard, np.eye(5)[soft.argmax(axis=1)])
    assert np.array_equal(slope, expected) and np.abs(slope).max() > 0


def test_in_evaluation_it_is_the_argmax_and_draws_nothing(rng):
    source = np.random.default_rng(1)
    layer, x = nn.GumbelSoftmax(rng=source).eval(), rng.normal(size=(3, 5, 7)).astype(np.float32)
    before = source.bit_generator.state
    assert np.array_equal(to_numpy(layer(Tensor(x))), np.eye(7)[x.argmax(axis=2)])
    assert source.bit_generator.state == before


def test_the_temperature_can_be_changed_and_is_saved_with_the_network():
    layer = nn.GumbelSoftmax(2.0)
    layer.temperature = 0.25
    assert layer.temperature == 0.25 and repr(layer) == "GumbelSoftmax(0.25)"
    other = nn.GumbelSoftmax(hard=True)
    other.load_state_dict(layer.state_dict())
    assert other.temperature == 0.25 and repr(other) == "GumbelSoftmax(0.25, hard=True)"
    assert layer.parameters() == []


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), True, "warm"], ids=str)
def test_a_temperature_is_above_0(value):
    with pytest.raises(ValueError, match="GumbelSoftmax's temperature must be above 0, but it is"):
        nn.GumbelSoftmax(value)
    with pytest.raises(ValueError, match="GumbelSoftmax's temperature must be above 0, but it is"):
        nn.GumbelSoftmax().temperature = value
    with pytest.raises(ValueError, match="gumbel_softmax: the temperature must be above 0, but it is"):
        ops.gumbel_softmax(Tensor([[0.0, 1.0]]), value)


def trained(play_back, hard, steps=8):
    """Weights, temperature and the state of the random numbers after some steps of a small game of strings."""
    rng = np.random.default_rng(5)
    G = nn.Sequential(nn.Dense(4, 15, rng=rng), nn.Reshape((5, 3)), nn.GumbelSoftmax(1.0, hard, rng))
    D = nn.Sequential(nn.Flatten(), nn.Dense(15, 8, rng=rng), nn.LeakyReLU(), nn.Dense(8, 1, rng=rng))
    loss, opt_g, opt_d = tg.losses.get("wgan"), tg.optim.Adam(G.parameters(), 0.01), tg.optim.Adam(D.parameters(), 0.01)

    def step(real):
        def fakes():
            return G(tg.autograd.draw(lambda: rng.standard_normal((6, 4), dtype=np.float32)))

        fake = fakes().detach()
        penalty = tg.penalties.gp(D, real, fake, rng)
        opt_d.step(grad(loss.discriminator(D(real), D(fake)) + penalty, D.parameters()))
        opt_g.step(grad(loss.generator(D(fakes())), G.parameters()))
        return penalty

    run = tg.compiled(step) if play_back else step
    real = np.eye(3, dtype=np.float32)[np.arange(30).reshape(6, 5) % 3]
    said = []
    for i in range(steps):
        G.layers[-1].temperature = 1.0 * 0.8**i
        said.append(to_numpy(run(Tensor(real))).copy())
    if play_back:
        assert not run.why_not and len(run.programs) == 1
    return [*said, *(to_numpy(p) for p in (*G.parameters(), *D.parameters())), rng.random()]


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "straight-through"])
def test_a_step_that_is_played_back_is_the_same_step_while_the_temperature_falls(hard):
    for a, b in zip(trained(True, hard), trained(False, hard), strict=True):
        assert np.array_equal(a, b)
