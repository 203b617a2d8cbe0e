"""Planted mistakes: each must be caught, and the same thing done right must not be."""

import numpy as np
import pytest

from tinygan.autograd import Op, Tensor, ops
from tinygan.testing import gradcheck, gradcheck_pair

RNG = np.random.default_rng(7)
X, W, B = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)
SQUARE = RNG.normal(size=(4, 4))
ROWS = np.array([0, 2, 2, 4])


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def normalised(x):
    std = np.sqrt(x.var(0) + 1e-5)
    return (x - x.mean(0)) / std, std


def norm_back(gy, x, mean_path=1, var_path=1):
    xh, std = normalised(x)
    return (gy - mean_path * gy.mean(0) - var_path * xh * (gy * xh).mean(0)) / std


def added_at(gy, x):
    gx = np.zeros_like(x)
    np.add.at(gx, ROWS, gy)
    return gx


def assigned_at(gy, x):
    gx = np.zeros_like(x)
    gx[ROWS] = gy
    return gx


def row_dropped(gx):
    gx = gx.copy()
    gx[-1] = 0
    return gx


def last_in_place(gy, x):
    gy *= 2 * x
    return gy


def dense(x, w, b):
    return x @ w + b


def dense_right(gy, x, w, b):
    return gy @ w.T, x.T @ gy, gy.sum(0)


def mse(x):
    return np.mean(x**2)


def mse_right(gy, x):
    return gy * 2 * x / x.size


def exp_right(gy, x):
    return gy * np.exp(x)


# (what, forward, right backward, wrong backward, inputs)
PAIRS = [
    ("transposed weight", np.matmul, lambda gy, x, w: (gy @ w.T, x.T @ gy),
     lambda gy, x, w: (gy @ w, x.T @ gy), (SQUARE, SQUARE + 1)),
    ("bias averaged", dense, dense_right,
     lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy.mean(0)), (X, W, B)),
    ("bias not summed", dense, dense_right,
     lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy), (X, W, B)),
    ("weights over the batch", dense, dense_right,
     lambda gy, x, w, b: (gy @ w.T, x.T @ gy / len(x), gy.sum(0)), (X, W, B)),
    ("inputs swapped", np.multiply, lambda gy, a, b: (gy * b, gy * a),
     lambda gy, a, b: (gy * a, gy * b), (SQUARE, SQUARE[::-1] + 1)),
    ("factor missing", mse, mse_right, lambda gy, x: gy * x / x.size, (X,)),
    ("mean without 1/N", mse, mse_right, lambda gy, x: gy * 2 * x, (X,)),
    ("gy ignored by a loss", mse, mse_right, lambda gy, x: 2 * x / x.size, (X,)),
    ("sign", np.cos, lambda gy, x: -gy * np.sin(x), lambda gy, x: gy * np.sin(x), (X,)),
    ("zero", np.exp, exp_right, lambda gy, x: 0 * x, (X,)),
    ("gy ignored", np.exp, exp_right, lambda gy, x: np.exp(x), (X,)),
    ("last row dropped", np.exp, exp_right, lambda gy, x: row_dropped(gy * np.exp(x)), (X,)),
    ("1 - y", np.tanh, lambda gy, x: gy * (1 - np.tanh(x) ** 2),
     lambda gy, x: gy * (1 - np.tanh(x)), (X,)),
    ("softmax's diagonal", softmax,
     lambda gy, x: softmax(x) * (gy - (gy * softmax(x)).sum(1, keepdims=True)),
     lambda gy, x: gy * softmax(x) * (1 - softmax(x)), (X,)),
    ("variance a constant", lambda x: normalised(x)[0], norm_back,
     lambda gy, x: norm_back(gy, x, var_path=0), (X,)),
    ("mean a constant", lambda x: normalised(x)[0], norm_back,
     lambda gy, x: norm_back(gy, x, mean_path=0), (X,)),
    ("clip's mask off", lambda x: np.clip(x, -1, 1), lambda gy, x: gy * (abs(x) < 1),
     lambda gy, x: gy * (x < 1), (np.array([-2.0, -0.5, 0.5, 2.0]),)),
    ("slope on the wrong side", lambda x: np.where(x > 0, x, 0.2 * x),
     lambda gy, x: gy * np.where(x > 0, 1, 0.2), lambda gy, x: gy * np.where(x < 0, 1, 0.2), (X,)),
    ("column order", lambda x: x.reshape(2, 8), lambda gy, x: gy.reshape(4, 4),
     lambda gy, x: gy.reshape(4, 4, order="F"), (SQUARE,)),
    ("repeated index assigned", lambda x: x[ROWS], added_at, assigned_at, (X,)),
    ("gy overwritten", np.square, lambda gy, x: 2 * gy * x, last_in_place, (X,)),
]  # fmt: skip


@pytest.mark.parametrize("what, forward, right, wrong, inputs", PAIRS, ids=[p[0] for p in PAIRS])
def test_planted_mistake_in_a_pair_is_caught(what, forward, right, wrong, inputs):
    for seed in range(5):
        good = gradcheck_pair(forward, right, *inputs, seed=seed)
        assert good.ok and not good.kinks, str(good)
        bad = gradcheck_pair(forward, wrong, *inputs, seed=seed)
        assert not bad.ok, str(bad)
        assert all(len(line) <= 80 and line.isascii() for line in str(bad).splitlines())


class Planted(Op):
    """y = x^2, with a backward of one's choice."""

    def __init__(self, rule):
        self.rule = rule

    def forward(self, xp, x):
        return x * x

    def backward(self, gy, y, x):
        return self.rule(gy, y, x)


def constant(array):
    return Tensor(np.array(array))


WRONG = {
    "factor missing": lambda gy, y, x: gy * x,
    "sign": lambda gy, y, x: -2.0 * gy * x,
    "zero": lambda gy, y, x: 0.0 * x,
    "nothing": lambda gy, y, x: None,
    "gy ignored": lambda gy, y, x: 2.0 * x,
    "gy as ones": lambda gy, y, x: 2.0 * x * constant(np.ones_like(gy.data)),
    "transposed": lambda gy, y, x: 2.0 * gy.T * x,
    "row dropped": lambda gy, y, x: 2.0 * gy * x * constant(np.arange(4)[:, None] < 3),
    "last column only": lambda gy, y, x: 2.0 * gy * x * constant(np.arange(4) > 2),
    "one number off by 1 %": lambda gy, y, x: 2.0 * gy * x * constant(1 + 0.01 * np.eye(4)),
    "y for x": lambda gy, y, x: 2.0 * gy * y,
    "mask": lambda gy, y, x: 2.0 * gy * x * constant((x.data > 0) * 1.0),
    "wrong shape": lambda gy, y, x: (2.0 * gy * x).sum(0),
}


@pytest.mark.parametrize("what", WRONG)
def test_planted_mistake_in_an_op_is_caught(what):
    for seed in range(5):
        report = gradcheck(lambda x: Planted(WRONG[what])(x), SQUARE, seed=seed, order=2)
        assert not report.ok, str(report)
        assert {entry.order for entry in report.entries} <= {1} and "order 2 was left out" in report.notes[-1]


# Right to first order; the second is cut off, or goes astray.
WRONG_TWICE = {
    "array arithmetic in backward": lambda gy, y, x: constant(2.0 * gy.data * x.data),
    "x detached": lambda gy, y, x: 2.0 * gy * x.detach(),
    "gy detached": lambda gy, y, x: 2.0 * gy.detach() * x,
    "a wrong op inside": lambda gy, y, x: gy * Planted(lambda g, y, x: g * x)(x) / x * 2.0,
}


@pytest.mark.parametrize("what", WRONG_TWICE)
def test_planted_mistake_of_second_order_is_caught(what):
    def f(x):
        return Planted(WRONG_TWICE[what])(x)

    assert gradcheck(f, SQUARE, order=1)
    report = gradcheck(f, SQUARE, order=2)
    assert not report.ok
    assert all(entry.ok for entry in report.entries if entry.order == 1)
    assert not all(entry.ok for entry in report.entries if entry.order == 2)


def test_the_right_op_passes_to_second_order():
    assert gradcheck(lambda x: Planted(lambda gy, y, x: 2.0 * gy * x)(x), SQUARE, order=2)


def test_a_cut_graph_is_caught():
    report = gradcheck(lambda x: ops.exp(x.detach()) + x, SQUARE)
    assert not report.ok
    assert report.entries[0].wrong.all()


class Conv1D(Op):
    """y_i = sum_k x_{i+k} w_k; `flip` plants the classic mistake."""

    def __init__(self, flip):
        self.flip = flip

    def forward(self, xp, x, w):
        return np.correlate(x, w, "valid")

    def backward(self, gy, y, x, w):
        kernel = w.data[::-1] if self.flip else w.data
        return constant(np.convolve(gy.data, kernel)), constant(np.correlate(x.data, gy.data, "valid"))


def test_only_the_wrong_input_is_blamed():
    x, w = RNG.normal(size=11), RNG.normal(size=3)
    assert gradcheck(lambda x, w: Conv1D(False)(x, w), x, w)
    report = gradcheck(lambda x, w: Conv1D(True)(x, w), x, w)
    assert [entry.ok for entry in report.entries] == [False, True]
