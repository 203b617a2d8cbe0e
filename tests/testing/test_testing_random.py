"""No false alarms: random functions, differentiated by the engine, are always found right."""

import numpy as np
import pytest

from tinygan.autograd import ops
from tinygan.testing import gradcheck

UNARY = [
    ops.tanh,
    ops.sigmoid,
    ops.softplus,
    ops.relu,
    ops.abs,
    ops.softmax,
    ops.log_softmax,
    lambda x: ops.leaky_relu(x, 0.2),
    lambda x: ops.exp(0.5 * x),
    lambda x: ops.log(x * x + 0.5),
    lambda x: ops.sqrt(x * x + 0.1),
    lambda x: 1.0 / (x * x + 0.3),
    lambda x: x * x * x,
    lambda x: x - x.mean(0),
    lambda x: x / ops.sqrt(x.var(0) + 1e-3),
    lambda x: x * x.max(1, keepdims=True),
    lambda x: ops.clip(x, -0.7, 0.7),
    lambda x: x[::-1] * x[1:2],
    lambda x: x.sum(0, keepdims=True) + x,
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - 2.0 * b,
    lambda a, b: a / (1.0 + b * b),
    ops.maximum,
    ops.minimum,
]
LAST = [lambda y: y, lambda y: y.sum(), lambda y: y.mean(1), lambda y: y.T, lambda y: y.reshape(-1)]


def random_function(rng):
    """A function of x (n, d), w (d, e) and b (e,), composed of random ops; and its inputs."""
    n, d, e = rng.choice([2, 3, 4], size=3)
    first, second = (UNARY[i] for i in rng.integers(len(UNARY), size=2))
    join, last = BINARY[rng.integers(len(BINARY))], LAST[rng.integers(len(LAST))]

    def f(x, w, b):
        return last(join(second(first(x) @ w), b))

    scale = 10.0 ** rng.uniform(-2, 1)
    return f, (scale * rng.normal(size=(n, d)), rng.normal(size=(d, e)), rng.normal(size=e))


@pytest.mark.parametrize("batch", [0, 1, *(pytest.param(batch, marks=pytest.mark.slow) for batch in range(2, 10))])
def test_random_right_functions_never_fail(batch):
    for seed in range(50 * batch, 50 * batch + 50):
        f, inputs = random_function(np.random.default_rng(seed))
        report = gradcheck(f, *inputs, seed=seed, order=2 if seed % 10 == 0 else 1)
        assert report.ok, f"seed {seed}\n{report}"
        assert all(entry.checked.all() for entry in report.entries)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6])
def test_rounding_is_no_mistake(size):
    """Far from 1, the digits that a difference loses must not count as an error."""
    x = size * np.random.default_rng(0).normal(size=(3, 5))
    assert gradcheck(lambda x: x * x + 3.0 * x, x, order=2)
    assert gradcheck(lambda x: ops.sqrt(x * x + 1.0), x)
    assert gradcheck(lambda x: x + size, x)


@pytest.mark.parametrize("x", [1e-3, 1e-2, 1.0, 30.0])
def test_strong_curvature_is_neither_a_mistake_nor_a_kink(x):
    for f in (lambda x: 1.0 / x, ops.log, ops.sqrt, lambda x: ops.exp(3.0 * x)):
        report = gradcheck(f, np.array([x]))
        assert report.ok and not report.kinks, str(report)
