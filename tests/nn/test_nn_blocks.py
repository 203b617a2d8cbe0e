"""Residual, SelfAttention, ConditionalBatchNorm and the norms of single samples, as parts of a network.

(Their formulas, gradients and complaints about shapes are rows of test_nn_layers.)
"""

import copy

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, nn, ops


def block(seed=0, kernel=3):
    """A generator's block with all that is new: norms, smooth activations, a shortcut, attention."""
    rng, same = np.random.default_rng(seed), kernel // 2
    return nn.Sequential(
        nn.Residual(
            *(nn.GroupNorm(2, 4), nn.SiLU(), nn.UpSample2D(), nn.Conv2D(4, 6, kernel, padding=same, rng=rng)),
            *(nn.InstanceNorm(6, affine=True), nn.GELU(), nn.Conv2D(6, 6, kernel, padding=same, rng=rng)),
            shortcut=nn.Sequential(nn.UpSample2D(), nn.Conv2D(4, 6, 1, rng=rng)),
            scale=0.5,
        ),
        nn.SelfAttention(6, 2, rng=rng),
        nn.PixelNorm(),
    )


def images(n=2, dtype=np.float32):
    return np.random.default_rng(1).normal(size=(n, 3, 2, 4)).astype(dtype)


# -- as all layers --------------------------------------------------------------------------------------


def test_state_dict_round_trip(rng):
    one, two, x = block(0), block(1), Tensor(images())
    for p in one.parameters():
        p.data = rng.normal(size=p.shape).astype(np.float32)
    state = one.state_dict()
    assert list(state) == [
        *("0.f.0.gamma", "0.f.0.beta", "0.f.3.W", "0.f.3.b", "0.f.4.gamma", "0.f.4.beta", "0.f.6.W", "0.f.6.b"),
        *("0.shortcut.1.W", "0.shortcut.1.b", "1.gamma", "1.f.W", "1.g.W", "1.h.W", "1.v.W"),
    ]
    assert not np.allclose(one(x).data, two(x).data)
    two.load_state_dict(state)
    assert np.array_equal(one(x).data, two(x).data)


def test_one_seed_gives_the_same_weights_whatever_they_are_for():
    one, two = block(3).state_dict(), block(3).state_dict()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert len({value.tobytes() for name, value in one.items() if name.endswith("W")}) == 7


def test_summary_shows_what_is_inside():
    lines = block().summary((3, 2, 4)).splitlines()
    shapes = {line.split()[0]: line[line.index("(N,") :] for line in lines if "(N," in line}
    assert shapes["0.f.0"].startswith("(N, 3, 2, 4)") and shapes["0.shortcut.1"].startswith("(N, 6, 4, 6)")
    assert shapes["1"].startswith("(N, 6, 4, 6)") and shapes["1"].endswith(" 1")  # gamma
    assert shapes["1.h"].endswith(" 12")
    total = sum(p.size for p in block().parameters())
    assert lines[-1] == f"{total:,} parameters in all"


def test_gradients_through_the_block_to_second_order(rng):
    network = block(kernel=1).astype(np.float64)
    for p in network.parameters():
        p.data = rng.normal(size=p.shape)
    gradcheck(network, images(1, np.float64), params=network.parameters(), order=2).raise_if_failed()


def test_no_sample_depends_on_another_and_the_mode_changes_nothing():
    network, x = block().astype(np.float64), images(3, np.float64)
    network[1].gamma.data = np.array(0.7)
    together = network(Tensor(x)).data
    for i in range(3):
        assert np.allclose(network.eval()(Tensor(x[i : i + 1])).data, together[i : i + 1], rtol=1e-10, atol=1e-12)


def test_it_runs_on_every_backend_without_waiting(backend):
    """And so does ConditionalBatchNorm, whose gamma for the fused op is one number repeated."""
    network, norm, code = block(), nn.ConditionalBatchNorm(6, 3), Tensor(np.eye(3, dtype=np.float32)[:2])
    parameters = [*network.parameters(), *norm.parameters()]
    for p in parameters:
        p.data = backend.asarray(np.full(p.shape, 0.3, np.float32))
    x = Tensor(images(), requires_grad=True)
    y = norm(network(x), code)
    (gx,) = grad((y * y).sum(), [x], create_graph=True)
    second = grad((gx * gx).sum(), parameters, allow_unused=True)[:-1]  # beta's is constant in the first
    assert all(type(t.data) is backend.array_type for t in (y, gx, *second))
    assert getattr(backend.xp, "syncs", 0) == 0
    assert all(np.isfinite(backend.to_numpy(g.data)).all() for g in second)


def test_spectral_norm_goes_inside():
    layer = nn.SelfAttention(8)
    layer.f = nn.SpectralNorm(layer.f)
    network = nn.Residual(nn.SpectralNorm(nn.Dense(3, 3)), nn.GELU())
    assert "f.layer.W" in dict(layer.named_parameters()) and "f.0.layer.W" in dict(network.named_parameters())
    assert layer(Tensor(np.ones((1, 2, 2, 8), np.float32))).shape == (1, 2, 2, 8)
    assert network(Tensor(np.ones((1, 3), np.float32))).shape == (1, 3)


def test_a_batch_of_none_gives_none():
    assert block()(Tensor(np.zeros((0, 3, 2, 4), np.float32))).shape == (0, 6, 4, 6)


# -- Residual and SelfAttention -----------------------------------------------------------------------------


def test_a_residual_whose_layers_give_nothing_is_the_identity(rng):
    layer = nn.Residual(nn.Dense(3, 3, init=nn.init.zeros()))
    x = Tensor(rng.normal(size=(5, 3)).astype(np.float32), requires_grad=True)
    (gx,) = grad(layer(x).sum(), [x])
    assert np.array_equal(layer(x).data, x.data) and np.array_equal(gx.data, np.ones((5, 3)))


def test_an_empty_sequential_is_a_shortcut_too():
    assert nn.Residual(nn.ReLU(), shortcut=nn.Sequential())(Tensor([[2.0]])).item() == 4.0


def test_a_residual_says_all_that_it_is():
    layer = nn.Residual(nn.ReLU(), nn.Dense(3, 2), shortcut=nn.Dense(3, 2), scale=0.1)
    assert repr(layer) == "Residual(ReLU(), Dense(3, 2), shortcut=Dense(3, 2), scale=0.1)"
    assert repr(nn.Residual(nn.ReLU())) == "Residual(ReLU())"


def test_attention_starts_as_the_identity_and_its_gamma_learns_first(rng):
    layer, x = nn.SelfAttention(8, rng=np.random.default_rng(0)), Tensor(rng.normal(size=(2, 3, 5, 8)))
    layer.astype(np.float64)
    y = layer(x)
    grads = dict(zip(dict(layer.named_parameters()), grad((y * y).sum(), layer.parameters()), strict=True))
    assert np.array_equal(y.data, x.data)
    assert grads.pop("gamma").data != 0 and all(not g.data.any() for g in grads.values())


def test_attention_does_not_know_where_a_pixel_is(rng):
    """Pixels in another order give results in that order: no pixel is near or far."""
    layer = nn.SelfAttention(4, 2, rng=np.random.default_rng(0)).astype(np.float64)
    layer.gamma.data = np.array(1.5)
    x, order = rng.normal(size=(2, 3, 5, 4)), rng.permutation(15)

    def shuffled(a):
        return a.reshape(2, 15, 4)[:, order].reshape(2, 3, 5, 4)

    assert np.allclose(layer(Tensor(shuffled(x))).data, shuffled(layer(Tensor(x)).data), rtol=1e-12)


def test_attention_has_an_eighth_of_the_channels_inside_and_at_least_one():
    assert [nn.SelfAttention(channels).inner for channels in (3, 8, 64)] == [1, 1, 8]


# -- ConditionalBatchNorm ------------------------------------------------------------------------------------


def conditional(rng, shape=(7, 2, 3, 5), classes=3):
    """(layer in float64 with random parameters, x, labels, one-hot code); class 1 has no sample."""
    layer = nn.ConditionalBatchNorm(shape[-1], classes).astype(np.float64)
    for p in layer.parameters():
        p.data = rng.normal(size=p.shape)
    labels = rng.choice([0, 2], shape[0])
    return layer, rng.normal(size=shape), labels, np.eye(classes)[labels]


@pytest.mark.parametrize("shape", [(7, 5), (7, 2, 3, 5)], ids=["rows", "images"])
def test_each_sample_has_the_gamma_and_beta_of_its_class(shape, rng):
    layer, x, labels, code = conditional(rng, shape)
    axes = tuple(range(len(shape) - 1))
    xhat = (x - x.mean(axes)) / np.sqrt(x.var(axes) + layer.eps)
    expected = [layer.gamma.data[k] * each + layer.beta.data[k] for k, each in zip(labels, xhat, strict=True)]
    assert np.allclose(layer(Tensor(x), Tensor(code)).data, expected, rtol=1e-11, atol=1e-12)
    layer.eval()
    std = np.sqrt(layer.running_var.data + layer.eps)
    by_running = (x - layer.running_mean.data) / std
    expected = [layer.gamma.data[k] * each + layer.beta.data[k] for k, each in zip(labels, by_running, strict=True)]
    assert np.allclose(layer(Tensor(x), Tensor(code)).data, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("mode", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 3, 2)], ids=["rows", "images"])
def test_conditional_gradients_to_second_order(shape, mode, rng):
    layer, x, _, code = conditional(rng, shape)
    layer.train(mode)
    gradcheck(layer, x, code, params=layer.parameters(), order=2).raise_if_failed()


def test_a_class_without_samples_gets_no_gradient(rng):
    layer, x, labels, code = conditional(rng)
    for g in grad((layer(Tensor(x), Tensor(code)) ** 2).sum(), layer.parameters()):
        assert not g.data[1].any() and g.data[0].all() and g.data[2].all()


def test_a_new_one_is_batch_norm_and_keeps_the_same_averages():
    plain, layer, x = nn.BatchNorm(5, 0.8), nn.ConditionalBatchNorm(5, 3, 0.8), images(7)
    x = Tensor(np.concatenate([x, x[..., :1]], axis=-1))
    code = ops.one_hot([0, 1, 2, 0, 1, 2, 0], 3)
    assert np.allclose(layer(x, code).data, plain(x).data, rtol=1e-6, atol=1e-6)
    assert all(np.array_equal(a.data, b.data) for (_, a), (_, b) in zip(layer.buffers(), plain.buffers(), strict=True))
    assert repr(layer) == "ConditionalBatchNorm(5, classes=3, momentum=0.8)"
    assert {name: value.shape for name, value in layer.state_dict().items()} == {
        **{"gamma": (3, 5), "beta": (3, 5)},
        **{"running_mean": (5,), "running_var": (5,)},
    }


@pytest.mark.parametrize(
    "given, code, said",
    [
        ((2, 5), (2, 4), r"needs a code of shape \(2, 3\) for an input of \(2, 5\), but got \(2, 4\)"),
        ((2, 5), (3, 3), r"needs a code of shape \(2, 3\) for an input of \(2, 5\), but got \(3, 3\)"),
        ((2, 5), (2,), r"needs a code of shape \(2, 3\)"),
        ((2, 4), (2, 3), r"needs an input of shape \(\.\.\., 5\), but got \(2, 4\)"),
        ((1, 5), (1, 3), "cannot normalise a single sample in training mode"),
    ],
)
def test_conditional_batch_norm_names_what_does_not_fit(given, code, said):
    layer = nn.ConditionalBatchNorm(5, 3)
    with pytest.raises(ValueError, match=r"ConditionalBatchNorm\(5, classes=3, momentum=0.9\) " + said):
        layer(Tensor(np.zeros(given, np.float32)), Tensor(np.zeros(code, np.float32)))
    assert not layer.running_mean.data.any()


class Generator(nn.Module):
    """z with the code behind it: all of it enters the first layer, and the code every norm."""

    def __init__(self, latent, classes):
        self.first, self.norm = nn.Dense(latent + classes, 7), nn.ConditionalBatchNorm(7, classes)
        self.last, self.classes = nn.Dense(7, 2), classes

    def forward(self, z):
        return self.last(ops.relu(self.norm(self.first(z), z[:, -self.classes :])))


def test_a_conditional_generator_of_ones_own_can_be_copied_saved_and_looked_into(rng):
    one, two = Generator(4, 3), Generator(4, 3)
    z = Tensor(np.concatenate([rng.normal(size=(5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]], axis=1).astype(np.float32))
    one(z)
    two.load_state_dict(one.state_dict())
    assert np.array_equal(two.eval()(z).data, copy.deepcopy(one).eval()(z).data)
    rows = one.summary((7,)).splitlines()
    assert any(row.startswith("norm") and "(N, 7)" in row and row.endswith(" 42") for row in rows)
