"""Weights by name: read back with NumPy, with safetensors, and with PyTorch, where they make the same images."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from tinygan import nn
from tinygan.autograd import Tensor
from tinygan.formats import FormatError, onnx_model, save_npz, save_safetensors
from tinygan.gan import models, sampling


@pytest.fixture
def generator(rng):
    """Mlp's, with buffers that have moved."""
    network, _ = models.mlp((4, 6, 1), 5, rng=rng)
    network(Tensor(rng.normal(1, 2, (20, 5)).astype(np.float32)))
    return network


def assert_state(arrays, network):
    state = network.state_dict()
    assert list(sorted(arrays)) == list(sorted(state))
    for name, array in state.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_npz_is_plain_numpy(generator, tmp_path):
    save_npz(tmp_path / "a.npz", generator, {"range": [-1, 1]})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("meta")))
    assert_state(arrays, generator)
    assert meta["range"] == [-1, 1]
    layers = meta["layers"]
    assert list(layers) == [str(i) for i in range(12)]
    assert layers["0"] == {"layer": "Dense", "in_features": 5, "out_features": 256}
    assert layers["1"] == {"layer": "LeakyReLU", "slope": 0.2}
    assert layers["2"] == {"layer": "BatchNorm", "num_features": 256, "momentum": 0.8, "eps": 1e-5}
    assert layers["11"] == {"layer": "Reshape", "shape": [4, 6, 1]}


def test_what_was_written_can_be_taken_back(generator, tmp_path):
    save_npz(tmp_path / "a.npz", generator)
    other, _ = models.mlp((4, 6, 1), 5)
    with np.load(tmp_path / "a.npz") as file:
        other.load_state_dict({name: file[name] for name in file.files if name != "meta"})
    z = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    np.testing.assert_array_equal(sampling.draw(other, z), sampling.draw(generator, z))


def test_safetensors_reads_it_back(generator, tmp_path):
    safetensors = pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    from safetensors.numpy import load_file

    save_safetensors(tmp_path / "a.safetensors", generator, {"range": [-1, 1], "preset": "mlp"})
    assert_state(load_file(tmp_path / "a.safetensors"), generator)
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        meta = file.metadata()
    assert meta["preset"] == "mlp" and json.loads(meta["range"]) == [-1, 1]
    assert json.loads(meta["layers"])["9"] == {"layer": "Dense", "in_features": 1024, "out_features": 24}


@pytest.mark.parametrize("layout", ["0-d", "transposed", "inside another"])
def test_safetensors_of_arrays_in_any_memory(layout, tmp_path):
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    from safetensors.numpy import load_file

    network = nn.MinibatchStd() if layout == "0-d" else nn.Dense(3, 4)
    if layout == "transposed":
        network.W.data = np.arange(12, dtype=np.float32).reshape(4, 3).T
    if layout == "inside another":
        network = nn.SpectralNorm(network)
    save_safetensors(tmp_path / "a.safetensors", network)
    assert_state(load_file(tmp_path / "a.safetensors"), network)


def test_pytorch_makes_the_same_images(generator, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    from safetensors.torch import load_file
    from torch.nn import functional

    save_safetensors(tmp_path / "a.safetensors", generator)
    w = load_file(tmp_path / "a.safetensors")
    z = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    x = torch.from_numpy(z)
    for i in (0, 3, 6):
        x = functional.leaky_relu(functional.linear(x, w[f"{i}.W"].T, w[f"{i}.b"]), 0.2)
        norm = (w[f"{i + 2}.{name}"] for name in ("running_mean", "running_var", "gamma", "beta"))
        x = functional.batch_norm(x, *norm, eps=1e-5)
    images = torch.tanh(functional.linear(x, w["9.W"].T, w["9.b"])).reshape(-1, 4, 6, 1)
    np.testing.assert_allclose(images.numpy(), sampling.draw(generator, z), atol=1e-5)


class Oddly(nn.Module):
    def __init__(self):
        self.meta = Tensor([1.0], requires_grad=True)


def test_a_name_that_the_npz_needs_is_refused(tmp_path):
    with pytest.raises(FormatError, match="'meta' cannot be written"):
        save_npz(tmp_path / "a.npz", Oddly())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "safetensors"])
def test_a_missing_package_is_named(package, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FormatError, match=rf"the package {package}: pip install 'tinygan\[{package}\]'"):
        if package == "onnx":
            onnx_model(nn.Dense(2, 3), (2,))
        else:
            save_safetensors(tmp_path / "a", nn.Dense(2, 3))
    assert not list(tmp_path.iterdir())
