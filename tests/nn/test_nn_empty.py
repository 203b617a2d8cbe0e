"""An empty batch goes through every layer, comes out empty, and leaves no trace. (A mask may have chosen nothing.)"""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, grad, nn, ops, to_numpy


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(0, 3), (0, 4, 5, 3)], ids=str)
@pytest.mark.parametrize("layer", [lambda: nn.BatchNorm(3), nn.MinibatchStd], ids=["BatchNorm", "MinibatchStd"])
def test_running_numbers_stay_as_they_were(layer, shape, rng, backend):
    layer = layer()
    layer(Tensor(rng.normal(size=(6, 3)).astype(np.float32)))
    before = layer.state_dict()
    x = Tensor(np.zeros(shape, np.float32), requires_grad=True)
    y = layer(x)
    assert y.shape[:-1] == shape[:-1] and y.size == 0
    gradients = grad(y.sum(), [x, *layer.parameters()])
    assert gradients[0].shape == shape and not any(to_numpy(g).any() for g in gradients)
    assert all(np.array_equal(before[name], value) for name, value in layer.state_dict().items())
    assert np.isfinite(to_numpy(layer(Tensor(rng.normal(size=(6, 3)).astype(np.float32))))).all()


def test_a_single_sample_cannot_differ_from_itself():
    layer = nn.MinibatchStd()
    one = Tensor(np.ones((1, 3), np.float32))
    with pytest.raises(
        ValueError, match=r"MinibatchStd\(\) cannot tell how one sample differs from itself: use a larger batch"
    ):
        layer(one)
    assert layer.std.item() == 0 and layer.eval()(one).shape == (1, 4)


def test_conditional_batch_norm_of_none(backend):
    layer = nn.ConditionalBatchNorm(3, 2)
    assert layer(Tensor(np.zeros((0, 4, 4, 3), np.float32)), Tensor(np.zeros((0, 2), np.float32))).shape == (0, 4, 4, 3)
    assert to_numpy(layer.running_mean).tolist() == [0, 0, 0]


def test_flatten_and_reshape(backend):
    x = Tensor(np.zeros((0, 4, 4, 2), np.float32), requires_grad=True)
    assert nn.Flatten()(x).shape == (0, 32) and nn.Reshape((8, 4))(x).shape == (0, 8, 4)
    assert grad(nn.Flatten()(x).sum(), [x])[0].shape == (0, 4, 4, 2)


def test_indexing_with_nothing(backend):
    x = Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    for index in ([], (slice(None), []), np.zeros(3, bool), np.zeros(0, int)):
        y = x[index]
        assert y.shape == np.ones((3, 2))[index].shape and to_numpy(grad(y.sum(), [x])[0]).tolist() == [[0, 0]] * 3
    assert ops.one_hot([], 3).shape == ops.one_hot(np.zeros(0), 3).shape == (0, 3)
    assert nn.Embedding(3, 4)([]).shape == nn.Embedding(3, 4)(np.zeros(0, np.int64)).shape == (0, 4)


@pytest.mark.parametrize("reduce", ["max", "min"])
def test_of_nothing_no_largest_number_can_be_chosen(reduce, backend):
    x, function = Tensor(np.zeros((0, 3), np.float32)), getattr(ops, reduce)
    for axis in (None, 0):
        with pytest.raises(
            ValueError, match=rf"{reduce}: there is nothing to choose from along axis {axis} of shape \(0, 3\)"
        ):
            function(x, axis)
    assert function(x, 1).shape == (0,) and ops.softmax(x).shape == (0, 3) and ops.sum(x).item() == 0
