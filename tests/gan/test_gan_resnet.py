"""The residual networks: layer after layer, quiet at the start, and of use to every game."""

import numpy as np
import pytest

from tinygan import Tensor, grad, losses, models, nn, optim, penalties
from tinygan.autograd import no_grad
from tinygan.gan import resnet
from tinygan.gan.game import Game
from tinygan.gan.ladder import rungs

SHAPES = [(16, 16, 1), (28, 28, 1), (32, 32, 3), (48, 64, 3), (64, 64, 1), (64, 64, 3)]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def build(shape, latent=100, seed=0, **how):
    return models.resnet(shape, latent, np.random.default_rng(seed), **how)


def normal(*shape, seed=1):
    return Tensor(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def count(network):
    return sum(p.size for p in network.parameters())


def block(c):
    first, last = f"Conv2D({c}, {c // 2}, 1x1, stride=1, padding=0)", f"Conv2D({c // 2}, {c}, 1x1, stride=1, padding=0)"
    middle = f"Conv2D({c // 2}, {c // 2}, 3x3, stride=1, padding='same')"
    return f"Residual({first}, LeakyReLU(0.2), {middle}, LeakyReLU(0.2), {last})"


def up(c_in, c_out):
    return [f"ConvTranspose2D({c_in}, {c_out}, 4x4, stride=2, padding='same')", block(c_out)]


def down(c_in, c_out):
    return ["AvgPool2D(2)", f"Conv2D({c_in}, {c_out}, 1x1, stride=1, padding=0)", block(c_out)]


# -- layer after layer --------------------------------------------------------------------------------


def test_the_generator_climbs():
    generator, _ = build((32, 32, 3))
    assert [repr(layer) for layer in generator.layers] == [
        "Dense(100, 2048)", "Reshape((4, 4, 128))", block(128),
        *up(128, 128), *up(128, 64), *up(64, 32),
        "Conv2D(32, 3, 3x3, stride=1, padding='same')", "Tanh()",
    ]  # fmt: skip


def test_the_discriminator_climbs_down():
    _, discriminator = build((64, 64, 3), dropout=0.3, outputs=5)
    assert [repr(layer) for layer in discriminator.layers] == [
        "Conv2D(3, 32, 3x3, stride=1, padding='same')", "LeakyReLU(0.2)",
        *down(32, 64), "Dropout(0.3)", *down(64, 128), "Dropout(0.3)",
        *down(128, 128), "Dropout(0.3)", *down(128, 128), "Dropout(0.3)",
        "Flatten()", "Dense(2048, 5)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "shape, of_g, of_d",
    [
        ((28, 28, 1), 868_033, 83_969),
        ((32, 32, 3), 757_763, 150_337),
        ((64, 64, 3), 1_073_539, 220_353),
    ],
)
def test_the_weights_are_counted(shape, of_g, of_d):
    generator, discriminator = build(shape)
    assert (count(generator), count(discriminator)) == (of_g, of_d)
    size, row = f"{shape[0]} x {shape[1]}", [f"{n / 1e6:.2f} M" for n in (of_g, of_d)]
    (line,) = [line for line in resnet.__doc__.splitlines() if line.startswith(size)]
    assert line.split("  ")[-1].strip() == row[1] and row[0] in line


def test_a_block_holds_what_its_three_convolutions_hold():
    c = 64
    assert count(resnet.block(c, np.random.default_rng(0))) == 2 * c * c // 2 + 9 * (c // 2) ** 2 + 2 * c // 2 + c


# -- what they return ------------------------------------------------------------------------------------


@each_shape
@pytest.mark.parametrize("pack, outputs", [(1, 1), (2, 1), (1, 5)])
def test_shapes_fit_together(shape, pack, outputs):
    generator, discriminator = build(shape, latent=7, pack=pack, outputs=outputs)
    with no_grad():
        fakes = generator(normal(2, 7))
        judged = discriminator(Tensor(np.concatenate([fakes.data] * pack, axis=-1)))
    assert fakes.shape == (2, *shape) and judged.shape == (2, outputs)
    assert fakes.dtype == np.float32 and np.abs(fakes.data).max() < 1
    assert models.output_range(generator) == (-1, 1)


@pytest.mark.parametrize(
    "shape, said",
    [
        ((2,), r"the preset resnet needs images \(H, W, C\), not samples of shape \(2,\)"),
        ((30, 32, 3), r"the preset resnet needs images whose height and width divide by 4, not \(30, 32\)"),
    ],
)
def test_shapes_that_do_not_fit_end_in_a_sentence(shape, said):
    with pytest.raises(ValueError, match=said):
        build(shape)


# -- how they start --------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [32, 256])
def test_a_block_starts_near_the_identity(channels):
    """It adds about a hundredth of the variance: less would teach its inner weights nothing."""
    x = normal(8, 8, 8, channels)
    with no_grad():
        added = (resnet.block(channels, np.random.default_rng(0))(x) - x).data
    assert 0.003 < added.var() / x.data.var() < 0.03


@each_shape
def test_the_signal_keeps_its_size_on_the_way_up(shape):
    """After every layer of G, from z ~ N(0, 1) on; so tanh is neither dead nor saturated."""
    generator, _ = build(shape)
    x = normal(32, 100)
    with no_grad():
        for layer in generator.layers[:-1]:
            x = layer(x)
            assert 0.65 < x.data.std() < 1.4, layer  # one grey pixel is a sum of few weights, so the last one varies
        assert np.mean(np.abs(generator.layers[-1](x).data) > 0.99) < 0.05


@each_shape
def test_the_signal_keeps_its_size_on_the_way_down(shape):
    """Of pictures with nothing finer than the foot of the ladder, which the means of four leave as they are."""
    _, discriminator = build(shape)
    pixel = 1 << rungs(shape)
    coarse = normal(32, shape[0] // pixel, shape[1] // pixel, shape[2]).data
    x = Tensor(np.repeat(np.repeat(coarse, pixel, 1), pixel, 2))
    with no_grad():
        for layer in discriminator.layers:
            x = layer(x)
            assert 0.4 < x.data.std() < 1.5, layer


def test_depth_does_not_change_the_size():
    x = y = normal(8, 4, 4, 64)
    rng = np.random.default_rng(0)
    with no_grad():
        for _ in range(30):
            y = resnet.block(64, rng)(y)
    assert 1 < y.data.std() / x.data.std() < 1.5  # 1.01^15 is 1.16


@pytest.mark.parametrize("shape", [(16, 16, 1), (48, 64, 3)], ids=str)
def test_every_weight_of_both_networks_receives_a_gradient(shape):
    """And from the penalties too, but for the biases of D's last layer, of which no slope depends."""
    generator, discriminator = build(shape, latent=3)
    real, fake = normal(4, *shape), generator(normal(4, 3))
    params = generator.parameters() + discriminator.parameters()
    for p, g in zip(params, grad((discriminator(fake) ** 2).sum(), params), strict=True):
        assert g.shape == p.shape and g.dtype == np.float32 and np.isfinite(g.data).all() and g.data.any()
    weights = [p for name, p in discriminator.named_parameters() if name.endswith("W")]
    slope = penalties.r1(discriminator, real, fake, np.random.default_rng(0))
    assert all(g.data.any() for g in grad(slope, weights))


def test_one_seed_gives_one_pair():
    one, same, other = (build((16, 16, 1), latent=3, dropout=0.3, seed=seed) for seed in (0, 0, 1))
    for a, b, c in zip(one, same, other, strict=True):
        a, b, c = a.state_dict(), b.state_dict(), c.state_dict()
        assert all(np.array_equal(a[key], b[key]) for key in a)
        assert all(not np.array_equal(a[key], c[key]) for key in a if key.endswith("W"))


# -- that they learn -------------------------------------------------------------------------------------


def test_they_learn_a_colour_of_each_half():
    """Pictures of two colours that differ each by themselves: after some steps the fakes have both means."""
    rng = np.random.default_rng(0)

    def reals():
        halves = np.array([[0.5, -0.5, 0.0], [-0.5, 0.0, 0.5]]) + rng.normal(0, 0.1, (16, 2, 3))
        return np.repeat(np.repeat(halves[:, :, None], 8, 1), 16, 2).astype(np.float32)

    generator, discriminator = build((16, 16, 3), latent=8)
    adams = [optim.Adam(network.parameters(), 1e-3, (0.0, 0.99)) for network in (generator, discriminator)]
    play = [(penalties.r1, 0.1), (penalties.r2, 0.1)]
    game = Game(generator, discriminator, *adams, losses.get("rsgan"), 8, rng, play, joint_batch=True)
    for _ in range(60):
        game.step(reals)
    with no_grad():
        fakes = generator(normal(64, 8)).data
    means = [fakes[:, :8].mean((0, 1, 2)), fakes[:, 8:].mean((0, 1, 2))]
    np.testing.assert_allclose(means, [[0.5, -0.5, 0.0], [-0.5, 0.0, 0.5]], atol=0.25)


def test_blocks_are_residual():
    for network in build((28, 28, 1)):
        inner = [layer for layer in network.layers if isinstance(layer, nn.Residual)]
        assert inner and all(layer.shortcut is None and layer.scale == 1 for layer in inner)
