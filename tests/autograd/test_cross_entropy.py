"""The cross-entropy of classes; that of real or fake has its row in the table of ops."""

import math

import numpy as np
import pytest

from tinygan.autograd import Tensor, grad, ops
from tinygan.autograd.cross_entropy import bce_with_logits, cross_entropy


def test_by_hand():
    p = np.array([[0.2] + [0.1] * 8 + [0.0001], [0.1] * 10], np.float32)
    loss = cross_entropy(Tensor(np.log(p)), ops.one_hot(np.array([0, 3]), 10))
    assert loss.item() == pytest.approx((-math.log(0.2 / 1.0001) + math.log(10)) / 2, rel=1e-5)


def test_a_class_of_no_probability_costs_a_finite_loss():
    loss = cross_entropy(Tensor(np.array([[0.0, 1000.0]], np.float32)), ops.one_hot(np.array([0]), 2))
    assert loss.item() == 1000.0


def test_the_gradient_is_softmax_minus_one_hot():
    logits = Tensor(np.random.default_rng(0).normal(size=(5, 3)), requires_grad=True)
    one_hot = np.eye(3)[[0, 2, 1, 1, 0]]
    (g,) = grad(cross_entropy(logits, Tensor(one_hot)), [logits])
    np.testing.assert_allclose(g.data, (ops.softmax(logits).data - one_hot) / 5, atol=1e-12)


@pytest.mark.parametrize("targets", [0, 1, [0.0, 1.0], [0.25, 0.5]])
def test_targets_up_to_both_bounds_are_taken(targets):
    x, t = np.array([0.5, -2.0]), np.broadcast_to(targets, 2)
    wanted = np.mean(np.log1p(np.exp(x)) - t * x)
    targets = np.array(targets) if isinstance(targets, list) else targets
    assert bce_with_logits(Tensor(x), targets).item() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("targets", [-0.01, 1.01, [0.5, -0.01], [0.5, 1.01], [-3.0, -0.01], [1.01, 3.0]])
def test_targets_past_one_bound_alone_are_refused(targets):
    said = "targets must lie" if isinstance(targets, list) else "target must lie"
    with pytest.raises(ValueError, match=said + r" in \[0, 1\]"):
        bce_with_logits(Tensor([0.5, -2.0]), np.array(targets) if isinstance(targets, list) else targets)
