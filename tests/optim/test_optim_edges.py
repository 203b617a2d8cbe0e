"""Optimisers: changed betas, states of other betas and of older files, and parameters that cannot be moved."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, nn, to_numpy
from tinygan.optim import SGD, Adam, RMSProp

EVERY = pytest.mark.parametrize("make", [SGD, RMSProp, Adam], ids=lambda c: c.__name__)
SWITCHES = [
    ((0.5, 0.999), (0.9, 0.999)),
    ((0.5, 0.999), (0.5, 0.99)),
    ((0.0, 0.9), (0.9, 0.0)),
    ((0.9, 0.99), (0.5, 0.9)),
]


def textbook(grads, switch_at, first, then, lr=0.01, eps=1e-8):
    """Adam's parameter, from 1, by algorithm 1 of the paper; the betas change before step `switch_at` (from 0)."""
    p, m, v = 1.0, 0.0, 0.0
    for t, g in enumerate(grads, 1):
        b1, b2 = first if t <= switch_at else then
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        p -= lr * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return p


def one(dtype=np.float64):
    return Tensor(np.ones(1, dtype), requires_grad=True)


@pytest.mark.parametrize(("first", "then"), SWITCHES)
@pytest.mark.parametrize("how", ["set", "loaded"])
def test_moments_keep_their_meaning_when_the_betas_change(first, then, how, rng, backend):
    grads, w = rng.normal(size=20), one()
    adam = Adam([w], 0.01, first)
    for t, g in enumerate(grads):
        if t == 10 and how == "set":
            adam.betas = then
        elif t == 10:
            state, adam = adam.state_dict(), Adam([w], 0.01, then)
            adam.load_state_dict(state)
            assert adam.betas == then
        adam.step([Tensor(np.array([g]))])
    np.testing.assert_allclose(to_numpy(w), textbook(grads, 10, first, then), rtol=1e-12)


def test_a_reload_into_the_same_betas_is_bit_exact(rng):
    w = Tensor(rng.normal(size=7).astype(np.float32), requires_grad=True)
    adam = Adam([w], betas=(0.37, 0.9991))
    for _ in range(3):
        adam.step([Tensor(rng.normal(size=7).astype(np.float32))])
    again = Adam([w], betas=(0.37, 0.9991))
    again.load_state_dict(adam.state_dict())
    again.betas = (0.37, 0.9991)
    assert again.t == 3 and np.array_equal(again.m, adam.m) and np.array_equal(again.v, adam.v)
    assert {v.dtype for k, v in adam.state_dict().items() if k != "t"} == {np.dtype(np.float32)}


def test_a_state_from_before_the_factors_were_kept_is_taken_as_it_is(rng):
    w = one()
    adam = Adam([w])
    adam.step([Tensor(np.array([0.3]))])
    old = {name: value for name, value in adam.state_dict().items() if name != "factors"}
    again = Adam([w])
    again.load_state_dict(old)
    assert np.array_equal(again.m, adam.m) and np.array_equal(again.v, adam.v) and again.t == 1


@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.5, -0.1), (0.5,)])
def test_wrong_betas_are_refused_when_they_are_set_too(betas):
    adam = Adam([one()])
    with pytest.raises(ValueError, match=r"Adam's betas must lie in \[0, 1\)"):
        adam.betas = betas
    assert adam.betas == (0.5, 0.999)


@EVERY
def test_a_parameter_twice_would_move_twice_as_far(make):
    trunk = nn.Dense(2, 2)
    a, b = nn.Sequential(trunk, nn.Dense(2, 1)), nn.Sequential(trunk, nn.Dense(2, 1))
    with pytest.raises(ValueError, match=rf"{make.__name__} got Dense\(2, 2\).W twice \(places 0 and 4\)"):
        make(a.parameters() + b.parameters(), 0.1)
    assert len(make(nn.Sequential(a, b).parameters(), 0.1).params) == 6


@EVERY
@pytest.mark.parametrize("params", [nn.Dense(1, 1), nn.Sequential(nn.Dense(1, 1)), [np.ones(2)], None])
def test_what_is_no_list_of_tensors_is_refused(make, params):
    with pytest.raises(
        TypeError, match=rf"{make.__name__} takes a list of Tensors, such as net.parameters\(\), but got a"
    ):
        make(params, 0.1)


@EVERY
def test_a_tensor_is_not_taken_for_a_list_of_its_rows(make):
    with pytest.raises(ValueError, match=f"{make.__name__} cannot move parameter 0, the result of GetItem"):
        make(Tensor(np.ones((2, 3)), requires_grad=True), 0.1)


def test_the_defaults_are_those_of_the_papers():
    """WGAN's RMSProp (Arjovsky et al. 2017, algorithm 1), DCGAN's Adam (Radford et al. 2016, section 4)."""
    w = Tensor(np.zeros(2), requires_grad=True)
    assert (RMSProp([w]).lr, RMSProp([w]).rho, RMSProp([w]).eps) == (5e-5, 0.99, 1e-8)
    assert (Adam([w]).lr, Adam([w]).betas, Adam([w]).eps) == (2e-4, (0.5, 0.999), 1e-8)
    assert SGD([w], lr=0.1).momentum == 0


def test_the_gradients_that_are_missing_are_named():
    a, b = Tensor(np.zeros(2), requires_grad=True, name="a"), Tensor(np.zeros(2), requires_grad=True)
    with pytest.raises(ValueError, match="there is no gradient of a, parameter 1: leave"):
        SGD([a, b], lr=0.1).step([None, None])
