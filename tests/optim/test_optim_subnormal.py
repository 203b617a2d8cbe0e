"""Moments that decay where gradients stay 0: numbers below the smallest normal one, which are slow, become 0."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, compiled, to_numpy
from tinygan.optim import FLUSH_INTERVAL, SGD, Adam, Optimizer, RMSProp

MAKE = {
    "SGD": lambda p: SGD(p, 0.1, 0.9),
    "RMSProp": lambda p: RMSProp(p, rho=0.9),
    "Adam, betas 0 and 0.9": lambda p: Adam(p, betas=(0, 0.9)),
    "Adam, betas 0.9 and 0.9": lambda p: Adam(p, betas=(0.9, 0.9)),
}
EVERY = pytest.mark.parametrize("make", MAKE.values(), ids=list(MAKE))


def subnormal(optimizer):
    """How many numbers of the state are."""
    state = [np.abs(optimizer.state_dict()[slot]) for slot in optimizer.slots]
    return sum(int(((a > 0) & (a < np.finfo(a.dtype).tiny)).sum()) for a in state)


def parameter(backend_array=(1.0, -2.0, 0.5)):
    return Tensor(np.array(backend_array, np.float32), requires_grad=True)


def steps(optimizer, gradients):
    for g in gradients:
        optimizer.step([Tensor(np.asarray(g, np.float32))])


@EVERY
def test_what_has_decayed_becomes_0(make, backend):
    optimizer = make([parameter()])
    steps(optimizer, [[1, -2, 3]] * 5 + [[0, 0, 3]] * 1200)
    assert optimizer.t > FLUSH_INTERVAL and subnormal(optimizer) == 0
    for slot in optimizer.slots:
        state = to_numpy(getattr(optimizer, slot))
        assert state[:2].tolist() == [0, 0] and state[2] > 1


@EVERY
def test_without_it_they_stay_for_ever(make, monkeypatch):
    """The reason: the smallest numbers times 0.9 are rounded to themselves."""
    monkeypatch.setattr(Optimizer, "_flush", lambda self: None)
    optimizer = make([parameter()])
    steps(optimizer, [[1, -2, 3]] * 5 + [[0, 0, 3]] * 1200)
    assert subnormal(optimizer) >= 2


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_normal_moments_are_the_same_to_the_last_bit(make, dtype, rng, monkeypatch):
    """Of gradients of all sizes, of which some end and come back."""
    sizes = 10.0 ** rng.uniform(-25, 1, size=(40, 1)) * (rng.random((40, 50)) < 0.5)
    gradients = [(rng.normal(size=50) * sizes[t // 10]).astype(dtype) for t in range(400)]
    start, found = rng.normal(size=50).astype(dtype), []
    for flush in (Optimizer._flush, lambda self: None):
        monkeypatch.setattr(Optimizer, "_flush", flush)
        p = Tensor(start.copy(), requires_grad=True)
        optimizer = make([p])
        for g in gradients:
            optimizer.step([Tensor(g)])
        found.append((p.data.copy(), optimizer.state_dict()))
    (p, state), (plain_p, plain_state) = found
    assert np.array_equal(p, plain_p)
    for slot in optimizer.slots:
        normal = np.abs(plain_state[slot]) > 1e-25
        assert normal.any() and np.array_equal(state[slot][normal], plain_state[slot][normal])


@pytest.mark.parametrize("eps", [0.0, 1e-20])
def test_moments_that_count_beside_eps_are_kept(eps):
    for make in (lambda p: Adam(p, betas=(0, 0.9), eps=eps), lambda p: RMSProp(p, rho=0.9, eps=eps)):
        p = parameter()
        optimizer = make([p])
        steps(optimizer, [[1e-20, -1e-21, 1]] * FLUSH_INTERVAL)
        assert subnormal(optimizer) == 2 and np.isfinite(p.data).all()


@pytest.mark.parametrize(("make", "g"), [(MAKE["Adam, betas 0 and 0.9"], 1e-3), (lambda p: SGD(p, 0.1), 5e-5)])
def test_float16_is_left_alone(make, g):
    p = Tensor(np.array([1.0], np.float16), requires_grad=True)
    optimizer = make([p])
    for _ in range(FLUSH_INTERVAL):
        optimizer.step([Tensor(np.array([g], np.float16))])
    assert subnormal(optimizer) == 1


def test_a_step_that_is_played_back_does_it_too():
    p, g = parameter(), Tensor(np.array([0, 0, 3], np.float32))
    adam = Adam([p], betas=(0, 0.9))
    steps(adam, [[1, -2, 3]] * 5)
    step = compiled(lambda: adam.step([g]))
    for _ in range(1200):
        step()
    assert to_numpy(adam.v)[:2].tolist() == [0, 0]


def test_resumed_between_two_flushes_it_goes_on_bit_for_bit(rng):
    gradients = [rng.normal(size=3) * (0 if 5 < t < 990 else 1) for t in range(1000)]
    whole, first, second = ([parameter()] for _ in range(3))
    adam = Adam(whole, betas=(0, 0.9))
    steps(adam, gradients)
    before, after = Adam(first, betas=(0, 0.9)), Adam(second, betas=(0, 0.9))
    steps(before, gradients[:930])
    second[0].data[...] = first[0].data
    after.load_state_dict(before.state_dict())
    steps(after, gradients[930:])
    assert np.array_equal(second[0].data, whole[0].data) and np.array_equal(after.v, adam.v)
