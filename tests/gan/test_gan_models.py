"""The networks of the presets: layer after layer, parameter after parameter, as published."""

import numpy as np
import pytest

from tinygan import Tensor, grad, models, nn
from tinygan.autograd import no_grad

IMAGE = (28, 28, 1)
BUILDERS = {
    name: getattr(models, name) for name in ("mlp", "small", "deep", "dcgan", "r3gan", "resnet", "points", "melody")
}
SHAPES = {"points": (2,), "melody": (8, 5)}  # else images
each_image_model = pytest.mark.parametrize("name", ["mlp", "small", "deep", "dcgan", "r3gan", "resnet"])


def build(name, shape=IMAGE, latent=100, pack=1, dropout=0.0, seed=0):
    rngs = dict(rng=np.random.default_rng(seed), drop_rng=np.random.default_rng(seed + 1))
    return BUILDERS[name](shape, latent, pack=pack, dropout=dropout, **rngs)


def layers(network):
    return [repr(layer) for layer in network.layers]


def count(network):
    return sum(p.size for p in network.parameters())


def normed(n_in, n_out):
    """Parameters of Dense n_in -> n_out and a BatchNorm after it."""
    return n_in * n_out + n_out + 2 * n_out


# -- layer after layer --------------------------------------------------------------------------------


def test_mlp():
    generator, discriminator = build("mlp")
    assert layers(generator) == [
        "Dense(100, 256)", "LeakyReLU(0.2)", "BatchNorm(256, momentum=0.8)",
        "Dense(256, 512)", "LeakyReLU(0.2)", "BatchNorm(512, momentum=0.8)",
        "Dense(512, 1024)", "LeakyReLU(0.2)", "BatchNorm(1024, momentum=0.8)",
        "Dense(1024, 784)", "Tanh()", "Reshape((28, 28, 1))",
    ]  # fmt: skip
    assert all(layer.eps == 1e-5 for layer in generator.layers if isinstance(layer, nn.BatchNorm))
    assert layers(discriminator) == [
        "Flatten()", "Dense(784, 512)", "LeakyReLU(0.2)", "Dense(512, 256)", "LeakyReLU(0.2)", "Dense(256, 1)",
    ]  # fmt: skip
    assert count(generator) == 1_489_936  # what Keras calls trainable: without the running statistics
    assert count(generator) == normed(100, 256) + normed(256, 512) + normed(512, 1024) + 1024 * 784 + 784
    assert count(discriminator) == 784 * 512 + 512 + 512 * 256 + 256 + 256 + 1 == 533_505


def test_small():
    generator, discriminator = build("small")
    assert layers(generator) == ["Dense(100, 128)", "ReLU()", "Dense(128, 784)", "Sigmoid()", "Reshape((28, 28, 1))"]
    assert layers(discriminator) == [
        "Conv2D(1, 64, 5x5, stride=2, padding='same')", "LeakyReLU(0.2)",
        "Conv2D(64, 128, 5x5, stride=2, padding='same')", "LeakyReLU(0.2)",
        "Flatten()", "Dense(6272, 1)",
    ]  # fmt: skip
    assert count(generator) == 100 * 128 + 128 + 128 * 784 + 784 == 114_064
    assert count(discriminator) == 25 * 64 + 64 + 25 * 64 * 128 + 128 + 6272 + 1 == 212_865


def test_deep():
    generator, discriminator = build("deep", dropout=0.3)
    assert layers(generator) == [
        "Dense(100, 256)", "ReLU()", "BatchNorm(256, momentum=0.9)",
        "Dense(256, 512)", "ReLU()", "BatchNorm(512, momentum=0.9)",
        "Dense(512, 1024)", "ReLU()", "BatchNorm(1024, momentum=0.9)",
        "Dense(1024, 12544)", "ReLU()", "BatchNorm(12544, momentum=0.9)",
        "Reshape((7, 7, 256))",
        "UpSample2D(2)", "Conv2D(256, 256, 3x3, stride=1, padding='same')", "ReLU()", "BatchNorm(256, momentum=0.9)",
        "UpSample2D(2)", "Conv2D(256, 128, 3x3, stride=1, padding='same')", "ReLU()", "BatchNorm(128, momentum=0.9)",
        "Conv2D(128, 1, 3x3, stride=1, padding='same')", "Tanh()",
    ]  # fmt: skip
    assert layers(discriminator) == [
        "Flatten()",
        "Dense(784, 512)", "ReLU()", "Dropout(0.3)", "Dense(512, 256)", "ReLU()", "Dropout(0.3)", "Dense(256, 1)",
    ]  # fmt: skip
    stem = normed(100, 256) + normed(256, 512) + normed(512, 1024) + normed(1024, 12544)
    assert count(generator) == stem + normed(9 * 256, 256) + normed(9 * 256, 128) + 9 * 128 + 1
    assert count(discriminator) == 533_505


def test_dcgan():
    generator, discriminator = build("dcgan")
    assert layers(generator) == [
        "Dense(100, 12544)", "BatchNorm(12544, momentum=0.9)", "LeakyReLU(0.2)", "Reshape((7, 7, 256))",
        "ConvTranspose2D(256, 128, 5x5, stride=1, padding='same')", "BatchNorm(128, momentum=0.9)", "LeakyReLU(0.2)",
        "ConvTranspose2D(128, 64, 5x5, stride=2, padding='same')", "BatchNorm(64, momentum=0.9)", "LeakyReLU(0.2)",
        "ConvTranspose2D(64, 1, 5x5, stride=2, padding='same')", "Tanh()",
    ]  # fmt: skip
    kernels = 25 * (256 * 128 + 128 * 64 + 64)
    norms = 2 * (12544 + 128 + 64)
    assert count(generator) == 100 * 12544 + kernels + norms + 1  # no bias before a BatchNorm, one at the end
    assert layers(discriminator) == layers(build("small")[1]) and count(discriminator) == 212_865
    assert [repr(x) for x in build("dcgan", dropout=0.3)[1].layers].count("Dropout(0.3)") == 2


def test_r3gan():
    """mlp's sizes without BatchNorm, He's weights; for points the networks of the preset grid."""
    generator, discriminator = build("r3gan")
    assert layers(generator) == [layer for layer in layers(build("mlp")[0]) if "BatchNorm" not in layer]
    assert layers(discriminator) == layers(build("mlp")[1])
    for network, hidden in ((generator, 3), (discriminator, 2)):
        dense = [layer for layer in network.layers if isinstance(layer, nn.Dense)]
        for layer in dense[:hidden]:
            assert np.isclose(layer.W.data.std(), np.sqrt(2 / 1.04 / layer.in_features), rtol=0.02)
    for mine, theirs in zip(build("r3gan", (2,), latent=2), models.deep_points((2,), latent=2), strict=True):
        assert layers(mine) == layers(theirs)


def test_melody():
    generator, discriminator = build("melody", (32, 25), latent=64, dropout=0.3)
    assert layers(generator) == [
        "Dense(64, 512)", "BatchNorm(512, momentum=0.9)", "ReLU()", "Reshape((8, 64))",
        "Conv1D(64, 128, 3, stride=1, padding='same')", "Reshape((16, 64))", "BatchNorm(64, momentum=0.9)", "ReLU()",
        "Conv1D(64, 50, 3, stride=1, padding='same')", "Reshape((32, 25))", "Softmax(axis=-1)",
    ]  # fmt: skip
    assert layers(discriminator) == [
        "Conv1D(25, 64, 8, stride=4, padding='same')", "LeakyReLU(0.2)", "Dropout(0.3)",
        "Flatten()", "Dense(512, 256)", "LeakyReLU(0.2)", "Dropout(0.3)", "Dense(256, 1)",
    ]  # fmt: skip
    assert models.melody.output_range == (0, 1)
    made = generator(Tensor(np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)))
    assert made.shape == (3, 32, 25) and np.allclose(made.data.sum(axis=-1), 1, atol=1e-6)
    assert discriminator(made).shape == (3, 1)


@pytest.mark.parametrize("shape", [(30, 25), (0, 25), (28, 28, 1), (2,)], ids=str)
def test_melody_needs_piano_rolls(shape):
    with pytest.raises(ValueError, match="^the networks melody need piano rolls .* whose steps divide by 4, not"):
        build("melody", shape)


def test_points():
    generator, discriminator = build("points", (2,), latent=2)
    for network, out in ((generator, 2), (discriminator, 1)):
        dense = [layer for layer in network.layers if isinstance(layer, nn.Dense)]
        assert [(d.in_features, d.out_features) for d in dense] == [(2, 128), (128, 128), (128, out)]
        assert sum(isinstance(layer, nn.ReLU) for layer in network.layers) == 2
        assert not any(isinstance(layer, nn.BatchNorm) for layer in network.layers)


def test_generators_have_no_dropout_and_discriminators_no_sigmoid():
    for name in BUILDERS:
        generator, discriminator = build(name, SHAPES.get(name, (8, 8, 1)), latent=3, dropout=0.5)
        assert not any(isinstance(layer, nn.Dropout) for layer in generator.layers)
        assert sum(isinstance(layer, nn.Dropout) for layer in discriminator.layers) == 2
        assert isinstance(discriminator[-1], nn.Dense)  # logits


# -- what they return ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, span",
    [(name, (0, 1) if name == "small" else (-1, 1)) for name in ("mlp", "small", "deep", "dcgan", "r3gan", "resnet")],
)
@pytest.mark.parametrize("training", [True, False])
def test_images_lie_in_the_range_of_the_last_activation(name, span, training):
    generator, _ = build(name, (8, 8, 1), latent=5)
    assert models.output_range(generator) == span
    generator.train(training)
    for p in generator.parameters():
        p.data = p.data * np.float32(20)  # far into the ends of the activation
    with no_grad():
        images = generator(Tensor(np.random.default_rng(0).standard_normal((16, 5), dtype=np.float32))).data
    low, high = span
    assert images.dtype == np.float32 and low <= images.min() <= images.max() <= high
    assert images.min() < low + 0.05 and images.max() > high - 0.05


def test_points_have_no_range():
    assert models.output_range(build("points", (2,), latent=2)[0]) is None
    assert models.output_range(nn.Sequential(nn.Tanh(), nn.Dense(2, 2))) is None
    assert models.output_range(nn.Sequential(nn.Reshape((2,)))) is None


@each_image_model
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (8, 12, 2)])
@pytest.mark.parametrize("pack", [1, 3])
def test_shapes_fit_together(name, shape, pack):
    if shape[0] > 8 and name == "deep" and pack > 1:
        shape = (8, 4, 3)  # large and slow otherwise
    generator, discriminator = build(name, shape, latent=7, pack=pack)
    n = 2
    with no_grad():
        fakes = generator(Tensor(np.random.default_rng(0).standard_normal((n, 7), dtype=np.float32)))
        packs = Tensor(np.concatenate([fakes.data] * pack, axis=-1))
        logits = discriminator(packs)
    assert fakes.shape == (n, *shape) and logits.shape == (n, 1)


@pytest.mark.parametrize("pack", [1, 2, 4])
def test_points_may_be_packed(pack):
    generator, discriminator = build("points", (2,), latent=5, pack=pack)
    assert generator(Tensor(np.zeros((3, 5), np.float32))).shape == (3, 2)
    assert discriminator(Tensor(np.zeros((3, 2 * pack), np.float32))).shape == (3, 1)


@pytest.mark.parametrize(
    "name, shape, said",
    [
        ("small", (2,), r"the preset small needs images \(H, W, C\), not samples of shape \(2,\)"),
        ("dcgan", (2,), r"the preset dcgan needs images \(H, W, C\), not samples of shape \(2,\)"),
        ("dcgan", (30, 28, 1), r"the preset dcgan needs images whose height and width divide by 4, not \(30, 28\)"),
        ("deep", (28, 27, 1), r"the preset deep needs images whose height and width divide by 4, not \(28, 27\)"),
        ("points", IMAGE, r"the presets ring and grid need points, not samples of shape \(28, 28, 1\)"),
    ],
)
def test_shapes_that_do_not_fit_end_in_a_sentence(name, shape, said):
    with pytest.raises(ValueError, match=said):
        build(name, shape)


# -- weights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(BUILDERS))
def test_one_seed_gives_one_pair_of_networks(name):
    shape = SHAPES.get(name, (8, 8, 1))
    one, same, other = (build(name, shape, latent=3, dropout=0.3, seed=seed) for seed in (0, 0, 1))
    for a, b, c in zip(one, same, other, strict=True):
        a, b, c = a.state_dict(), b.state_dict(), c.state_dict()
        assert all(np.array_equal(a[key], b[key]) for key in a)
        assert any(not np.array_equal(a[key], c[key]) for key in a)
        assert {value.dtype for value in a.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", list(BUILDERS))
def test_every_weight_of_both_networks_receives_a_gradient(name):
    shape = SHAPES.get(name, (8, 8, 1))
    generator, discriminator = build(name, shape, latent=3)
    fake = generator(Tensor(np.random.default_rng(0).standard_normal((4, 3), dtype=np.float32)))
    params = generator.parameters() + discriminator.parameters()
    for p, g in zip(params, grad((discriminator(fake) ** 2).sum(), params), strict=True):
        assert g.shape == p.shape and g.dtype == np.float32 and np.isfinite(g.data).all() and g.data.any()


@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 2), ()], ids=str)
def test_networks_for_points_take_no_images(shape):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="need points, not samples of shape"):
        models.points_generator(shape, 2, rng)
    with pytest.raises(ValueError, match="need points, not samples of shape"):
        models.points_discriminator(shape, rng)


@pytest.mark.parametrize("preset", ["mlp", "points", "small", "dcgan", "resnet", "deep"])
def test_a_sample_of_no_axis_is_refused(preset):
    with pytest.raises(ValueError, match="its shape cannot be"):
        getattr(models, preset)((), 8, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(2,), (28, 28)], ids=str)
@pytest.mark.parametrize("preset", ["small", "dcgan", "resnet", "deep"])
def test_networks_for_images_take_no_points(preset, shape):
    with pytest.raises(ValueError, match="needs images"):
        getattr(models, preset)(shape, 8, np.random.default_rng(0))
