"""MinibatchStd: one number that tells how much a batch varies. (Its formula is also a row of test_nn_layers.)"""

import numpy as np
import pytest

from tinygan import Tensor, grad, nn


@pytest.fixture
def layer():
    return nn.MinibatchStd().astype(np.float64)


def test_a_constant_batch_has_none(layer):
    y = layer(Tensor(np.full((5, 3), 7.0))).data
    assert np.array_equal(y[:, :3], np.full((5, 3), 7.0)) and np.allclose(y[:, 3], 0, atol=1.01e-4)  # sqrt(eps)


def test_two_known_rows(layer):
    """Of two numbers the standard deviation is half their distance: 1, 2 and 3 here, so s = 2."""
    y = layer(Tensor(np.array([[0.0, 1.0, -3.0], [2.0, 5.0, 3.0]]))).data
    assert np.allclose(y[:, 3], 2, rtol=1e-8)


def test_it_pushes_samples_apart(layer, rng):
    """The last feature's gradient is (x - mean) / (N std) / features: away from the mean of the batch."""
    x = Tensor(rng.normal(size=(6, 2)), requires_grad=True)
    (gx,) = grad(layer(x)[:, 2].mean(), [x])
    assert np.allclose(gx.data, (x.data - x.data.mean(0)) / (6 * x.data.std(0)) / 2, rtol=1e-6)


def test_a_dead_feature_gives_no_nan():
    """Far from rare behind ReLUs; and the second derivative is finite there, too."""
    x = np.zeros((4, 3), np.float32)
    x[:, 0] = [1, 2, 3, 4]
    x = Tensor(x, requires_grad=True)
    (gx,) = grad(nn.MinibatchStd()(x).sum(), [x], create_graph=True)
    (ggx,) = grad((gx * gx).sum(), [x])
    assert gx.dtype == np.float32 and np.isfinite(gx.data).all() and np.isfinite(ggx.data).all()


def test_in_evaluation_each_sample_is_judged_alone_with_the_last_number(layer, rng):
    x = rng.normal(size=(6, 2))
    trained = layer(Tensor(x)).data
    assert [name for name, _ in layer.buffers()] == ["std"] and not layer.parameters()
    layer.eval()
    for part in (x, x[:1], 9 * x):
        assert np.array_equal(layer(Tensor(part)).data[:, 2], trained[: len(part), 2])
