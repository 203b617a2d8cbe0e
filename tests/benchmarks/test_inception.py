"""Features of a network of PyTorch, in the file that evaluate --features takes; the network here is a tiny one."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence
from PIL import Image

from benchmarks import inception
from tinygan.commandline import guarded

torch = pytest.importorskip("torch")


class Tiny(torch.nn.Module):
    """The mean of each colour is what the last layer sees."""

    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 4)

    def forward(self, x):
        assert x.shape[1:] == (3, 299, 299) and -1 <= x.min() and x.max() <= 1
        return self.fc(x.mean(dim=(2, 3)))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with samples, and a torchvision whose Inception is the tiny network."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    models = types.ModuleType("torchvision.models")
    models.inception_v3 = lambda weights, aux_logits, transform_input, init_weights: Tiny()
    vision = types.ModuleType("torchvision")
    vision.models = models
    monkeypatch.setitem(sys.modules, "torchvision", vision)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    torch.save(Tiny().state_dict(), "weights.pth")
    rng = np.random.default_rng(0)
    np.savez("samples.npz", samples=rng.uniform(-1, 1, (50, 8, 8, 3)).astype(np.float32))
    np.savez("bytes.npz", samples=rng.integers(256, size=(50, 8, 8, 1), dtype=np.uint8))
    return tmp_path


def run(*argv):
    """(status, sentence or output) of the program in this process."""
    import contextlib
    import io

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            guarded(inception.PROGRAM, lambda: inception.main([str(each) for each in argv]))
        except SystemExit as end:
            return end.code, one_sentence(err.getvalue())
    return 0, out.getvalue()


GIVEN = ("--weights", "weights.pth", "--out", "a.npz")


def test_features_are_what_the_last_layer_sees():
    images = np.random.default_rng(0).random((7, 40, 30, 3), dtype=np.float32)
    network = Tiny()
    features, p = inception.features_of(network, images, batch=3)
    np.testing.assert_allclose(features, 2 * images.mean(axis=(1, 2)) - 1, atol=2e-3)  # interpolation keeps the means
    W, b = network.fc.weight.detach().numpy(), network.fc.bias.detach().numpy()
    logits = features @ W.T + b
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-4)
    again, _ = inception.features_of(network, images, batch=7)
    np.testing.assert_allclose(again, features, atol=1e-6)
    assert not network.fc._forward_pre_hooks


def test_grey_images_are_shown_as_colour():
    images = np.random.default_rng(0).random((3, 9, 9, 1), dtype=np.float32)
    features, _ = inception.features_of(Tiny(), images)
    assert features.shape == (3, 3)
    np.testing.assert_array_equal(features[:, :1].repeat(3, axis=1), features)


def test_the_file_is_what_evaluate_takes(here):
    status, said = run("samples.npz", *GIVEN)
    assert status == 0 and "features (50, 3) and probabilities (50, 4) of samples.npz" in said and "2015" in said
    assert run("bytes.npz", "--weights", "weights.pth", "--out", "b.npz")[0] == 0
    result = call("evaluate", "--features", "a.npz", "--reference", "b.npz")
    assert result.status == 0 and "Inception Score" in result.out
    with np.load("samples.npz") as file:
        expected = file["samples"].mean(axis=(1, 2))
    with np.load("a.npz") as file:
        np.testing.assert_allclose(file["features"], expected, atol=2e-3)  # the range was found to be [-1, 1]


def test_a_folder_of_pictures(here):
    (here / "pictures").mkdir()
    for i in range(25):
        Image.fromarray(np.full((10 + i, 12, 3), (0, 100, 10 * i), np.uint8)).save(here / "pictures" / f"{i}.png")
    assert run("pictures", *GIVEN, "--size", 8)[0] == 0
    with np.load("a.npz") as file:
        np.testing.assert_allclose(file["features"][:, :2], np.tile([-1, 2 * 100 / 255 - 1], (25, 1)), atol=1e-5)


BAD = {
    "no samples": ("gone.npz", "no file gone.npz"),
    "no folder": ("gone", "gone does not exist"),
    "no weights": ("samples.npz --weights gone.pth", "no file gone.pth", "nothing is downloaded"),
    "weights of something else": ("samples.npz --weights samples.npz", "samples.npz is not the state_dict"),
    "weights of another network": ("samples.npz --weights other.pth", "other.pth is not the state_dict"),
    "weights that are code": ("samples.npz --weights code.pth", "code.pth is not the state_dict"),
    "another array": ("other.npz", "other.npz is no .npz with an array 'samples'"),
    "points": ("points.npz", "(n, H, W, 1 or 3), not (50, 2)"),
    "NaN": ("nan.npz", "finite floats"),
    "integers": ("integers.npz", "bytes or finite floats, not int64"),
    "few": ("few.npz", "few.npz has 5 images, and at least 20"),
    "another range": ("wide.npz", "outside [0, 1]: give --range"),
    "a range of bytes": ("samples.npz --range 0 1", "from -", "outside [0, 1]"),
    "a range downwards": ("samples.npz --range 1 -1", "outside [1, -1]"),
    "a size of samples": ("samples.npz --size 8", "--size is for a folder"),
    "no size": ("samples.npz --size 0", "--size must be at least 1"),
    "no such device": ("samples.npz --device tpu9", "--device tpu9"),
    "no batch": ("samples.npz --batch 0", "--batch must be at least 1"),
    "out elsewhere": ("samples.npz --out gone/a.npz", "--out must be a .npz in a folder that exists"),
    "out a picture": ("samples.npz --out a.png", "--out must be a .npz"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(here, case):
    line, *names = BAD[case]
    rng = np.random.default_rng(0)
    arrays = {
        "points": np.ones((50, 2)), "nan": np.full((50, 8, 8, 1), np.nan), "integers": np.ones((50, 8, 8, 1), int),
        "few": np.ones((5, 8, 8, 1)), "wide": rng.uniform(0, 255, (50, 8, 8, 1)),
    }  # fmt: skip
    for name, array in arrays.items():
        np.savez(f"{name}.npz", samples=array)
    np.savez("other.npz", images=np.ones(3))
    torch.save({"fc.weight": torch.zeros(9)}, "other.pth")
    torch.save(Tiny(), "code.pth")
    argv = line.split()
    for option, value in (("--weights", "weights.pth"), ("--out", "a.npz")):
        argv += [] if option in argv else [option, value]
    status, said = run(*argv)
    assert status == 2 and all(name in said for name in names), said
    assert not Path("a.npz").exists()


def test_without_torchvision_it_says_what_is_missing(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    status, said = run("samples.npz", *GIVEN)
    assert status == 2 and "torchvision" in said and "pip install torch torchvision" in said


def test_a_torchvision_of_another_pytorch_is_told(here, monkeypatch):
    (here / "torchvision").mkdir()
    (here / "torchvision" / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    for name in ("torchvision", "torchvision.models"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(here))
    status, said = run("samples.npz", *GIVEN)
    assert status == 2 and "torchvision does not fit this PyTorch (operator" in said
