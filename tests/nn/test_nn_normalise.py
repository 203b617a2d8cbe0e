"""BatchNorm's two modes and running averages, SpectralNorm's singular value, Dropout's mask."""

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, nn, ops
from tinygan.autograd import no_grad

# -- BatchNorm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.0, 0.8, 0.9, 1.0])
def test_running_statistics_follow_their_formula_exactly(momentum, rng):
    layer = nn.BatchNorm(3, momentum).astype(np.float64)
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(4):
        x = rng.normal(2.0, 3.0, (7, 5, 2, 3))
        layer(Tensor(x))
        flat = x.reshape(-1, 3)
        mean = momentum * mean + (1 - momentum) * flat.mean(0)
        var = momentum * var + (1 - momentum) * flat.var(0)  # divided by n
    assert np.allclose(layer.running_mean.data, mean, rtol=1e-13)
    assert np.allclose(layer.running_var.data, var, rtol=1e-13)


def test_the_second_argument_is_momentum_and_not_eps(rng):
    """BatchNorm2d(128, 0.8), copied from PyTorch scripts, sets eps there."""
    layer = nn.BatchNorm(3, 0.8)
    assert (layer.momentum, layer.eps) == (0.8, 1e-5)
    y = layer(Tensor(rng.normal(0.0, 0.5, (100, 3)))).data
    assert np.allclose(y.std(0), 1.0, atol=1e-3)  # with eps = 0.8 it would be 0.49


def test_training_output_has_mean_0_and_std_1_and_evaluation_moves_nothing(rng):
    layer = nn.BatchNorm(3).astype(np.float64)
    x = Tensor(rng.normal(5.0, 2.0, (50, 3)))
    y = layer(x).data
    assert np.allclose(y.mean(0), 0, atol=1e-12) and np.allclose(y.std(0), 1, atol=1e-5)
    before = layer.state_dict()
    layer.eval()(x)
    assert all(np.array_equal(layer.state_dict()[name], value) for name, value in before.items())
    with no_grad():
        layer.train()(x)
    assert not np.array_equal(layer.running_mean.data, before["running_mean"])  # the mode decides, not no_grad


def test_evaluation_has_its_own_gradient(rng):
    """The running statistics are constants: gx = gy * gamma / std, and rows do not mix.

    A frozen BatchNorm with the batch's formula in its backward pass points elsewhere (cosine 0.33 in one
    well-known script), and no loss shows it.
    """
    layer = nn.BatchNorm(3).astype(np.float64)
    layer.gamma.data, layer.running_var.data = rng.normal(size=3), rng.uniform(0.5, 2.0, 3)
    x, gy = Tensor(rng.normal(size=(7, 3)), requires_grad=True), rng.normal(size=(7, 3))
    expected = gy * layer.gamma.data / np.sqrt(layer.running_var.data + layer.eps)
    (in_eval,) = grad(layer.eval()(x), [x], Tensor(gy))
    (in_training,) = grad(layer.train()(x), [x], Tensor(gy))
    assert np.allclose(in_eval.data, expected, rtol=1e-12)
    assert not np.allclose(in_training.data, expected, rtol=0.1)
    assert np.allclose(in_training.data.sum(0), 0, atol=1e-12)  # adding a constant to x changes nothing


def test_second_derivative_equals_that_of_the_definition(rng):
    """The gradient of |gradient|^2, through the fused layer and through plain operators."""
    layer, w = nn.BatchNorm(3).astype(np.float64), Tensor(rng.normal(size=(5, 3)))
    layer.gamma.data = rng.normal(size=3)
    x = Tensor(rng.normal(size=(5, 3)), requires_grad=True)

    def plain(x):
        return layer.gamma * (x - x.mean(0)) / ops.sqrt(x.var(0) + layer.eps) + layer.beta

    def second(f):
        (gx,) = grad((ops.tanh(f(x)) * w).sum(), [x], create_graph=True)
        return [g.data for g in grad((gx * gx).sum(), [x, layer.gamma, layer.beta])]

    for fused, composed in zip(second(layer), second(plain), strict=True):
        assert np.allclose(fused, composed, rtol=1e-9, atol=1e-12)


def test_layer_norm_ignores_the_batch_and_the_mode(rng):
    layer, x = nn.LayerNorm(5).astype(np.float64), rng.normal(size=(3, 5))
    together = layer(Tensor(x)).data
    assert np.allclose(together[1:2], layer.eval()(Tensor(x[1:2])).data, rtol=1e-12)
    assert np.allclose(together.mean(1), 0, atol=1e-12)


# -- SpectralNorm -------------------------------------------------------------------------------------

WEIGHTED = {
    "Dense": (lambda rng: nn.Dense(7, 5, rng=rng), (2, 7)),
    "Conv1D": (lambda rng: nn.Conv1D(2, 5, 3, rng=rng), (2, 4, 2)),
    "Conv2D": (lambda rng: nn.Conv2D(2, 5, 3, rng=rng), (2, 3, 5, 2)),
    "ConvTranspose2D": (lambda rng: nn.ConvTranspose2D(5, 2, 3, rng=rng), (2, 2, 3, 5)),
}


@pytest.fixture(params=list(WEIGHTED))
def normed(request, rng):
    """(layer in float64 with its power iteration converged, a random input for it)."""
    build, shape = WEIGHTED[request.param]
    layer = nn.SpectralNorm(build(rng), rng=rng).astype(np.float64)
    layer.layer.b.data = rng.normal(size=layer.layer.b.shape)
    x = rng.normal(size=shape)
    for _ in range(400):
        layer(Tensor(x))
    return layer.eval(), x


def test_the_spectral_norm_of_a_kernel_is_that_of_its_matrix_of_outputs(rng):
    layer = nn.SpectralNorm(nn.Conv2D(2, 5, 3, bias=False, rng=rng), rng=rng).astype(np.float64)
    assert layer.v.shape == (5,)
    for _ in range(300):
        layer(Tensor(np.zeros((1, 3, 3, 2))))
    x = rng.normal(size=(1, 3, 3, 2))
    sigma = np.linalg.svd(layer.layer.W.data.reshape(-1, 5), compute_uv=False)[0]
    assert np.allclose(layer(Tensor(x)).data, layer.layer(Tensor(x)).data / sigma, rtol=1e-9)


def largest(layer):
    W = np.moveaxis(layer.layer.W.data, layer.layer.output_axis, -1)  # output features against all the rest
    return np.linalg.svd(W.reshape(-1, W.shape[-1]), compute_uv=False)[0]


def test_the_weight_is_divided_by_its_largest_singular_value(normed):
    layer, x = normed
    inner = layer.layer
    bare = inner.with_weight(Tensor(x), inner.W).data - inner.b.data
    assert np.allclose(layer(Tensor(x)).data, bare / largest(layer) + inner.b.data, rtol=1e-9)


def test_spectral_norm_gradients(normed):
    """At the converged u and v sigma is stationary in them, so that differences see the right slope."""
    layer, x = normed
    gradcheck(layer, x, params=layer.parameters()).raise_if_failed()
    gradcheck(layer, x, order=2).raise_if_failed()


def test_u_and_v_are_constants_in_the_gradient(rng):
    """Far from convergence, too: sigma = u^T W v, whose gradient with respect to W is u v^T."""
    layer = nn.SpectralNorm(nn.Dense(3, 2, bias=False, rng=rng), rng=rng).astype(np.float64).eval()
    W, x, gy = layer.layer.W.data, rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    u = W @ layer.v.data
    u /= np.linalg.norm(u)
    v = u @ W
    v /= np.linalg.norm(v)
    sigma, g = u @ W @ v, x.T @ gy
    (gw,) = grad(layer(Tensor(x)), [layer.layer.W], Tensor(gy))
    assert np.allclose(gw.data, g / sigma - (g * W).sum() / sigma**2 * np.outer(u, v), rtol=1e-9)


def test_only_training_moves_the_power_iteration(rng):
    layer, x = nn.SpectralNorm(nn.Dense(7, 5, rng=rng), rng=rng), Tensor(np.ones((2, 7), np.float32))
    start = layer.v.data.copy()
    assert np.isclose(np.linalg.norm(start), 1, atol=1e-6)
    layer.eval()(x)
    assert np.array_equal(layer.v.data, start)
    layer.train()(x)
    assert not np.array_equal(layer.v.data, start)
    assert [name for name, _ in layer.buffers()] == ["v"]
    assert [name for name, _ in layer.named_parameters()] == ["layer.W", "layer.b"]


# -- Dropout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.3, 0.8])
def test_dropout_sets_a_share_to_0_and_scales_the_rest(p):
    y = nn.Dropout(p, np.random.default_rng(0))(Tensor(np.full((200, 300), 2.0, np.float32))).data
    kept = y != 0
    assert np.allclose(y[kept], 2 / (1 - p), rtol=1e-6) and y.dtype == np.float32
    assert abs(1 - kept.mean() - p) < 4 * np.sqrt(p * (1 - p) / y.size)
    assert abs(kept.mean(0).std() - np.sqrt(p * (1 - p) / 200)) < 0.01  # each number for itself


def test_dropout_is_seeded_and_differs_from_call_to_call():
    x = Tensor(np.ones((20, 30), np.float32))
    one, two = (nn.Dropout(0.5, np.random.default_rng(3)) for _ in range(2))
    first, second = one(x).data, one(x).data
    assert np.array_equal(first, two(x).data) and np.array_equal(second, two(x).data)
    assert not np.array_equal(first, second)


def test_dropout_in_evaluation_draws_nothing():
    layer = nn.Dropout(0.5, np.random.default_rng(3)).eval()
    x, before = Tensor(np.ones((2, 3), np.float32)), layer.rng.bit_generator.state
    assert np.array_equal(layer(x).data, x.data) and layer.rng.bit_generator.state == before


def test_dropout_passes_the_gradient_where_it_passed_the_number(rng):
    layer, x = nn.Dropout(0.4, np.random.default_rng(0)), Tensor(np.ones((5, 7)), requires_grad=True)
    y, gy = layer(x), rng.normal(size=(5, 7))
    assert np.allclose(grad(y, [x], Tensor(gy))[0].data, gy * y.data)

    def seeded(x):
        layer.rng = np.random.default_rng(1)
        return ops.tanh(layer(x))

    gradcheck(seeded, rng.normal(size=(5, 7)), order=2).raise_if_failed()
