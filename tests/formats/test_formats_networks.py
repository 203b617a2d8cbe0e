"""The networks of every preset as ONNX, computed by onnxruntime; and what the file says of itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tinygan import nn
from tinygan.autograd import Tensor, is_recording, no_grad
from tinygan.formats import FormatError, onnx_model, save_onnx
from tinygan.training import presets
from tinygan.training.networks import build_networks, noise_of

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

IMAGES = [name for name, preset in presets.PRESETS.items() if "images" in preset.fits]
POINTS = [name for name, preset in presets.PRESETS.items() if "points" in preset.fits]
SIZES = 1, 3, 11


def networks(preset, shape, **options):
    """The pair of a preset with random weights; a few steps in training mode have moved the buffers."""
    data = "ring" if len(shape) == 1 else "digits"
    config = presets.configure({"preset": preset, "data": data, **options})
    rng = np.random.default_rng(0)
    own = presets.get(preset).networks
    noise = noise_of(config, None if data == "ring" else 10, own)
    pair = build_networks(config, shape, rng, rng, noise, own)
    latent = noise.length
    for network, size in zip(pair, ((latent,), shape), strict=True):
        with no_grad():
            for _ in range(3):
                network(Tensor(rng.normal(0.5, 2, (8, *size)).astype(np.float32)))
    return pair, latent


def difference(network, model, shape, n, rng):
    """Between onnxruntime and tinygan, relative to the largest number."""
    x = rng.standard_normal((n, *shape), dtype=np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    with network.evaluating(), no_grad():
        wanted = network(Tensor(x)).data
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    return np.abs(got - wanted).max() / max(1, np.abs(wanted).max())


@pytest.mark.parametrize(
    ("preset", "shape"), [*((name, (28, 28, 1)) for name in IMAGES), *((name, (2,)) for name in POINTS)]
)
def test_both_networks_of_every_preset(preset, shape, rng):
    (generator, discriminator), latent = networks(preset, shape)
    for network, size in ((generator, (latent,)), (discriminator, shape)):
        model = onnx_model(network, size)
        for n in SIZES:
            assert difference(network, model, size, n, rng) < 1e-5


@pytest.mark.parametrize("preset", ["small", "dcgan"])
def test_colours_and_other_sizes(preset, rng):
    (generator, discriminator), latent = networks(preset, (16, 12, 3))
    for network, size in ((generator, (latent,)), (discriminator, (16, 12, 3))):
        assert difference(network, onnx_model(network, size), size, 5, rng) < 1e-5


@pytest.mark.parametrize(
    "options", [{"minibatch_std": True, "penalty": "none"}, {"spectral_norm": True}, {"dropout": 0.3}]
)
@pytest.mark.parametrize("preset", ["mlp", "small"])
def test_what_is_added_to_a_discriminator(preset, options, rng):
    (_, discriminator), _ = networks(preset, (28, 28, 1), **options)
    model = onnx_model(discriminator, (28, 28, 1))
    for n in SIZES:
        assert difference(discriminator, model, (28, 28, 1), n, rng) < 1e-5


class Relu(nn.Module):
    """Written with a comparison, of which there is no record."""

    def forward(self, x):
        return x * Tensor((x > 0).data.astype(np.float32))


# -- the file ----------------------------------------------------------------------------------------------


def small():
    return nn.Sequential(nn.Dense(3, 4), nn.BatchNorm(4), nn.Tanh()).name_parameters("G")


def test_the_file_says_what_it_is(tmp_path):
    save_onnx(tmp_path / "a.onnx", small(), (3,), names=("z", "points"), about="Points.", metadata={"range": [0, 1]})
    model = onnx.load(tmp_path / "a.onnx")
    (given,), (made,) = model.graph.input, model.graph.output
    sizes = [[d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim] for end in (given, made)]
    assert (given.name, made.name, sizes) == ("z", "points", [["N", 3], ["N", 4]])
    assert model.doc_string == "Points." and model.producer_name == "tinygan"
    assert {p.key: json.loads(p.value) for p in model.metadata_props} == {"range": [0, 1]}
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)] and model.ir_version <= 8


def test_parameters_and_buffers_keep_their_names_and_constants_are_folded():
    network = small()
    network(Tensor(np.random.default_rng(0).normal(2, 3, (50, 3)).astype(np.float32)))
    graph = onnx_model(network, (3,)).graph
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    assert set(arrays) == {"G.0.W", "G.0.b", "G.1.running_mean", "G.1.gamma_folded", "G.1.beta"}
    state = network.state_dict()
    for name in ("0.W", "0.b", "1.running_mean", "1.beta"):
        np.testing.assert_array_equal(arrays[f"G.{name}"], state[name])
    np.testing.assert_allclose(arrays["G.1.gamma_folded"], 1 / np.sqrt(state["1.running_var"] + 1e-5), rtol=1e-6)


def test_between_two_convolutions_there_is_no_transpose():
    network = nn.Sequential(
        *(nn.Conv2D(1, 2, 3), nn.BatchNorm(2), nn.LeakyReLU(), nn.ConvTranspose2D(2, 3, 3, 2, "same"), nn.ReLU()),
        *(nn.Conv2D(3, 1, 3, bias=False), nn.Tanh()),
    )
    kinds = [node.op_type for node in onnx_model(network, (7, 6, 1)).graph.node]
    assert kinds.count("Transpose") == 2 and kinds[0] == "Transpose" and kinds[-2:] == ["Transpose", "Identity"]


def test_the_network_is_left_as_it_was():
    network = small()
    before = network.state_dict()
    with no_grad():  # the record that is needed is kept all the same
        onnx_model(network, (3,))
        assert not is_recording()
    assert all(module.training for _, module in network.modules())
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_deep_network_needs_no_recursion(rng):
    network = nn.Sequential(*(nn.LeakyReLU(0.999) for _ in range(3000)))
    assert difference(network, onnx_model(network, (2,)), (2,), 3, rng) < 1e-5


def test_a_file_that_cannot_be_made_leaves_the_old_one(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"old")
    with pytest.raises(FormatError):
        save_onnx(tmp_path / "a.onnx", nn.Sequential(Relu(), nn.Tanh()), (2,))
    assert (tmp_path / "a.onnx").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_names_that_nodes_would_take(rng):
    network = nn.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Tanh())
    for names in (("Relu", "Tanh"), ("batch", "shape"), ("x", "Gemm")):
        model = onnx_model(network, (2,), names=names)
        assert (model.graph.input[0].name, model.graph.output[0].name) == names
        assert difference(network, model, (2,), 3, rng) < 1e-5
    with pytest.raises(FormatError, match="cannot both be called x"):
        onnx_model(network, (2,), names=("x", "x"))


def test_a_network_on_another_backend(fake_cupy, rng):
    network = nn.Sequential(nn.Dense(2, 3), nn.BatchNorm(3), nn.ReLU()).name_parameters("G")
    names = {each.name for each in onnx_model(network, (2,)).graph.initializer}
    assert names == {"G.0.W", "G.0.b", "G.1.running_mean", "G.1.gamma_folded", "G.1.beta"}
