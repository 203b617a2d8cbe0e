"""Gradient penalties: their values, and their gradients with respect to the discriminator's weights.

The second kind is a derivative of a derivative. It is held against finite differences and against PyTorch,
for a dense and for a convolutional discriminator.
"""

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, grad, gradcheck, nn, ops, penalties
from tinygan.gan.game import Game

NAMES = list(penalties.PENALTIES)
each_penalty = pytest.mark.parametrize("name", NAMES)


def dense():
    """A discriminator of points; Tanh, so that second derivatives do not vanish anywhere."""
    rng = np.random.default_rng(1)
    hidden = [nn.Dense(2, 7, rng=rng), nn.Tanh(), nn.Dense(7, 5, rng=rng), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Dense(5, 1, rng=rng))


def conv():
    """A discriminator of 5x4 images with two channels."""
    rng = np.random.default_rng(2)
    return nn.Sequential(
        nn.Conv2D(2, 3, 5, 2, "same", rng=rng), nn.Tanh(),
        nn.Conv2D(3, 2, 3, 2, "same", rng=rng), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Dense(4, 1, rng=rng),
    )  # fmt: skip


NETS = {"dense": (dense, (2,)), "conv": (conv, (5, 4, 2))}
each_net = pytest.mark.parametrize("kind", list(NETS))


@pytest.fixture
def case(kind, rng):
    """(discriminator in float64, real samples, fake samples)"""
    build, shape = NETS[kind]
    network = build().astype(np.float64)
    for p in network.parameters():
        p.data = p.data + 0.3 * rng.normal(size=p.shape)  # biases, too
    return network, rng.normal(size=(6, *shape)), rng.normal(1.0, 2.0, (6, *shape))


def penalty(name, network, real, fake):
    return penalties.PENALTIES[name](network, Tensor(real), Tensor(fake), np.random.default_rng(11))


def where(name, real, fake):
    """The points at which each penalty looks at the slope, by the papers, from the same random numbers."""
    rng, each = np.random.default_rng(11), (len(real),) + (1,) * (real.ndim - 1)
    if name == "gp":
        share = rng.random(each, dtype=np.float32).astype(np.float64)
        return share * real + (1 - share) * fake
    if name == "dragan":
        noise = rng.random(real.shape, dtype=np.float32).astype(np.float64)
        share = rng.random(each, dtype=np.float32).astype(np.float64)
        return real + share * 0.5 * real.std() * noise
    return real if name == "r1" else fake


# -- values -----------------------------------------------------------------------------------------


def linear(w):
    """D(x) = w . x, whose slope is w everywhere."""
    return lambda x: x.reshape((x.shape[0], -1)) @ Tensor(np.asarray(w, np.float64)[:, None])


@pytest.mark.parametrize(
    "name, w, value",
    [
        ("gp", [3, 4], 16), ("gp", [0.6, 0.8], 0), ("gp", [0, 0], 1), ("dragan", [3, 4], 16),
        ("r1", [3, 4], 12.5), ("r2", [3, 4], 12.5), ("r1", [0, 0], 0),
    ],
)  # fmt: skip
def test_of_a_linear_discriminator(name, w, value, rng):
    real, fake = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    assert np.isclose(float(penalty(name, linear(w), real, fake)), value, atol=1e-5)


def test_r1_and_r2_see_their_own_samples_only(rng):
    """D(x) = |x|^2 / 2 has the slope x."""
    real, fake = rng.normal(size=(5, 2)), rng.normal(3, 1, size=(5, 2))

    def network(x):
        return (x * x).sum(1, keepdims=True) / 2

    assert np.isclose(float(penalty("r1", network, real, fake)), 0.5 * (real**2).sum(1).mean())
    assert np.isclose(float(penalty("r2", network, real, fake)), 0.5 * (fake**2).sum(1).mean())


@pytest.mark.parametrize("shape", [(2,), (3, 2, 2)])
def test_gp_looks_between_pairs_with_one_share_for_each(shape, rng):
    seen = []

    def network(x):
        seen.append(x.data.copy())
        return (x * x).reshape((x.shape[0], -1)).sum(1, keepdims=True)

    real, fake = rng.normal(size=(200, *shape)), rng.normal(5, 1, (200, *shape))
    penalty("gp", network, real, fake)
    share = ((seen[0] - fake) / (real - fake)).reshape(200, -1)
    assert np.ptp(share, axis=1).max() < 1e-6  # the same for all numbers of a sample
    assert share.min() >= 0 and share.max() <= 1 and abs(share[:, 0].mean() - 0.5) < 0.1 and share[:, 0].std() > 0.25


@each_penalty
@each_net
def test_the_slope_is_taken_at_the_right_points(name, kind, case, rng):
    network, real, fake = case
    x = Tensor(where(name, real, fake), requires_grad=True)
    (gx,) = grad(network(x).sum(), [x])
    squares = (gx.data**2).reshape(len(real), -1).sum(1)
    expected = ((np.sqrt(squares) - 1) ** 2).mean() if name in ("gp", "dragan") else 0.5 * squares.mean()
    assert np.isclose(float(penalty(name, network, real, fake)), expected, rtol=1e-9)


# -- gradients with respect to the weights -----------------------------------------------------------


@each_penalty
@each_net
def test_weight_gradients_against_differences(name, kind, case):
    network, real, fake = case

    def scaled(scale):
        return scale * penalty(name, network, real, fake)

    # The last bias moves no slope, so the penalty does not depend on it.
    report = gradcheck(scaled, np.array(1.5), params=network.parameters()[:-1])
    report.raise_if_failed()
    (last,) = grad(penalty(name, network, real, fake), [network.parameters()[-1]], allow_unused=True)
    assert last is None or not last.data.any()


@pytest.mark.parametrize("name", ["gp", "r1"])
def test_and_once_more_differentiated(name, rng):
    """Third derivatives of D: nothing of the double backward is special-cased."""
    network = nn.Sequential(nn.Dense(2, 3, rng=rng), nn.Tanh(), nn.Dense(3, 1, rng=rng)).astype(np.float64)
    real, fake = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))

    def scaled(scale):
        return scale * penalty(name, network, real, fake)

    gradcheck(scaled, np.array(0.7), params=network.parameters()[:-1], order=2).raise_if_failed()


@each_penalty
def test_the_samples_are_constants(name, rng):
    """No gradient reaches the generator through a penalty, and the samples are left as they were."""
    network, fake = dense(), Tensor(rng.normal(size=(5, 2)).astype(np.float32), requires_grad=True)
    real = Tensor(rng.normal(size=(5, 2)).astype(np.float32), requires_grad=True)
    value = penalties.PENALTIES[name](network, real, fake * 2, rng)
    assert value.dtype == np.float32 and value.shape == ()
    assert grad(value, [real, fake], allow_unused=True) == [None, None]


def test_a_flat_discriminator_gives_no_nan(rng):
    """At a slope of exactly 0 the root has no derivative; sqrt(. + 1e-12) keeps it finite."""
    network = dense()
    for p in network.parameters():
        p.data = np.zeros_like(p.data)
    real = Tensor(rng.normal(size=(5, 2)).astype(np.float32))
    for name in ("gp", "dragan"):
        value = penalties.PENALTIES[name](network, real, real + 1, rng)
        assert float(value) == pytest.approx(1, abs=1e-5)
        grads = grad(value, network.parameters()[:-1], allow_unused=True)
        assert all(g is None or np.isfinite(g.data).all() for g in grads)


# -- PyTorch ----------------------------------------------------------------------------------------


def twin(torch, network):
    """(the same network as a function of an NHWC batch, its weights in the same order), in PyTorch."""
    F = torch.nn.functional
    weights = [torch.tensor(p.data.copy(), requires_grad=True) for p in network.parameters()]

    def same(x, k, stride):
        pads = []
        for size in (x.shape[3], x.shape[2]):  # F.pad begins with the last axis
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads)

    def forward(x):
        rest = iter(weights)
        for layer in network.layers:
            if isinstance(layer, nn.Dense):
                x = x @ next(rest) + next(rest)
            elif isinstance(layer, nn.Conv2D):
                w, b = next(rest), next(rest)
                x = same(x.permute(0, 3, 1, 2), layer.kernel_size, layer.stride)
                x = F.conv2d(x, w.permute(3, 2, 0, 1), b, layer.stride).permute(0, 2, 3, 1)
            elif isinstance(layer, nn.Tanh):
                x = torch.tanh(x)
            elif isinstance(layer, nn.LeakyReLU):
                x = F.leaky_relu(x, layer.slope)
            else:
                x = x.reshape(len(x), -1)
        return x

    return forward, weights


@each_penalty
@each_net
def test_pytorch_has_the_same_values_and_weight_gradients(name, kind, case):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    network, real, fake = case
    forward, weights = twin(torch, network)
    x = torch.tensor(where(name, real, fake), requires_grad=True)
    assert np.allclose(forward(x).detach().numpy(), network(Tensor(x.detach().numpy())).data, rtol=1e-12)
    (gx,) = torch.autograd.grad(forward(x).sum(), x, create_graph=True)
    squares = gx.square().flatten(1).sum(1)
    one = name in ("gp", "dragan")
    value = ((squares + 1e-12).sqrt() - 1).square().mean() if one else 0.5 * squares.mean()
    theirs = torch.autograd.grad(value, weights[:-1])

    mine = penalty(name, network, real, fake)
    assert np.isclose(float(mine), value.item(), rtol=1e-10)
    for p, a, b in zip(network.parameters(), grad(mine, network.parameters()[:-1]), theirs, strict=False):
        assert np.allclose(a.data, b.numpy(), rtol=1e-10, atol=1e-12), p.name


@each_net
def test_pytorch_has_the_same_first_derivatives_of_the_networks(kind, case):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    network, real, _ = case
    forward, weights = twin(torch, network)
    theirs = torch.autograd.grad(torch.nn.functional.softplus(-forward(torch.tensor(real))).mean(), weights)
    mine = grad(ops.softplus(-network(Tensor(real))).mean(), network.parameters())
    for a, b in zip(mine, theirs, strict=True):
        assert np.allclose(a.data, b.numpy(), rtol=1e-10, atol=1e-14)


# -- layers that mix samples ---------------------------------------------------------------------------


class Centred(nn.Module):
    """A layer of one's own that subtracts the batch's mean, and says so."""

    mixes_samples = True

    def forward(self, x):
        return x - x.mean(axis=0)


MIXING = {
    "BatchNorm": lambda: nn.BatchNorm(5),
    "inside a Residual": lambda: nn.Residual(nn.BatchNorm(5)),
    "Centred": Centred,
    "MinibatchStd": nn.MinibatchStd,
}


def mixing(layer):
    after = 6 if isinstance(layer, nn.MinibatchStd) else 5
    return nn.Sequential(nn.Dense(2, 5), layer, nn.Tanh(), nn.Dense(after, 1))


def game(network, **options):
    G = nn.Sequential(nn.Dense(3, 2))
    opts = [tg.optim.SGD(net.parameters(), 0.01) for net in (G, network)]
    return Game(G, network, *opts, tg.losses.get("ns"), 3, np.random.default_rng(0), **options)


@each_penalty
@pytest.mark.parametrize("kind", MIXING)
def test_a_discriminator_that_mixes_samples_is_refused_by_name(name, kind, rng):
    """r1 is 9e-15 behind a BatchNorm: each logit's gradient is cancelled by what the others lose."""
    network, real = mixing(MIXING[kind]()), Tensor(rng.normal(size=(6, 2)).astype(np.float32))
    layer = {"inside a Residual": r"1\.f\.0, BatchNorm"}.get(kind, f"1, {kind}")
    sentence = rf"needs each sample's logit to depend on that sample alone, but the discriminator's layer {layer}"
    with pytest.raises(ValueError, match=sentence):
        penalties.PENALTIES[name](network, real, real + 1, rng)
    with pytest.raises(ValueError, match=sentence):
        game(network, penalties=[(penalties.PENALTIES[name], 1.0)])
    game(network)  # without a penalty it may


def test_in_evaluation_mode_batch_norm_mixes_nothing(rng):
    network, real = mixing(nn.BatchNorm(5)).eval(), Tensor(rng.normal(size=(6, 2)).astype(np.float32))
    assert float(penalties.r1(network, real, real, rng)) > 1e-3
    game(network, penalties=[(penalties.r1, 1.0)])


@pytest.mark.parametrize("layer", [nn.LayerNorm(5), nn.SpectralNorm(nn.Dense(5, 5)), nn.Dropout(0.5)], ids=str)
def test_layers_that_judge_each_sample_alone_are_welcome(layer):
    game(mixing(layer), penalties=[(penalties.gp, 10.0)]).step(lambda: np.zeros((4, 2), np.float32))


def test_the_penalty_of_an_empty_batch_has_no_shape_trouble():
    assert penalties.squared_gradient_norms(dense(), Tensor(np.zeros((0, 2), np.float32))).shape == (0,)
