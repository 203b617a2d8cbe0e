"""Gradients: those that nobody asked for are not computed, and those that are returned have memory of their own."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, grad, ops
from tinygan.autograd import Op, conv, kinks, linear

COSTLY = {
    "affine": (linear.Affine, ops.affine, ((2, 3), (3, 5), (5,))),
    "matmul": (linear.MatMul, ops.matmul, ((2, 3), (3, 5))),
    "conv2d": (conv.Conv2D, ops.conv2d, ((2, 5, 4, 2), (3, 2, 2, 3))),
    "conv_transpose2d": (conv.ConvTranspose2D, ops.conv_transpose2d, ((2, 3, 4, 3), (3, 2, 2, 3))),
    "maximum": (kinks.Maximum, ops.maximum, ((2, 3), (2, 3))),
    "minimum": (kinks.Minimum, ops.minimum, ((2, 3), (2, 3))),
    "where": (kinks.Where, lambda a, b: ops.where(a > b, a, b), ((2, 3), (2, 3))),
}


@pytest.mark.parametrize("name", COSTLY)
def test_costly_ops_compute_only_what_is_wanted(name, rng, monkeypatch):
    """For each input alone: the op's backward returns nothing for the others, and asks no more ops than it must."""
    kind, call, shapes = COSTLY[name]
    returned, made = [], []
    backward, run = kind.backward, Op.__call__

    def watched(op, *tensors):
        gradients = backward(op, *tensors)
        returned.append([g is not None for g in gradients])
        return gradients

    def counted(op, *inputs):
        made.append(type(op).__name__)
        return run(op, *inputs)

    arrays = [rng.normal(size=shape) for shape in shapes]
    monkeypatch.setattr(kind, "backward", watched)
    monkeypatch.setattr(Op, "__call__", counted)
    alone = 0
    for i in range(len(shapes)):
        xs = [Tensor(a, requires_grad=k == i) for k, a in enumerate(arrays)]
        y = call(*xs)
        made.clear()
        grad(y, [xs[i]], Tensor(np.ones(y.shape)))
        alone += len(made)
        assert returned.pop()[-len(shapes) :] == [k == i for k in range(len(shapes))]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    y = call(*xs)
    made.clear()
    grad(y, xs, Tensor(np.ones(y.shape)))
    assert len(made) == alone  # nothing of the one was computed for the other


@pytest.mark.parametrize(
    "call",
    [lambda x: x.sum(), lambda x: x.mean(axis=0).sum(), lambda x: (x + 1).sum(axis=1).sum(), lambda x: x.T.sum()],
    ids=["sum", "mean", "sum of sums", "transposed"],
)
def test_results_may_be_changed_in_place_number_by_number(call):
    """A gradient that is one number repeated by a stride of 0 would change everywhere at once, or refuse."""
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    (gx,) = grad(call(x), [x])
    assert 0 not in gx.data.strides and gx.data.flags.writeable
    first = gx.data[0, 0]
    gx.data[0, 0] += 1
    assert gx.data[0, 0] == first + 1 and (gx.data.ravel()[1:] == first).all()


def test_two_results_share_no_memory_with_each_other_or_with_the_upstream_gradient():
    a, b, gy = Tensor(np.ones(3), requires_grad=True), Tensor(np.ones(3), requires_grad=True), Tensor(np.ones(3))
    found = [g.data for g in grad(a + b, [a, b], gy)]
    assert not any(np.shares_memory(g, other) for g in found for other in (*found, gy.data) if g is not other)
    found = [g.data for g in grad(ops.reshape(a, (3, 1)) + b.reshape((3, 1)), [a, b], gy.reshape((3, 1)))]
    assert not any(np.shares_memory(g, other) for g in found for other in (*found, gy.data) if g is not other)
