"""``python -m tinygan.export``: a run's generator in other formats, and what is refused."""

import json
import shutil
import sys

import numpy as np
import pytest
from cli import call, one_sentence, train

import tinygan
from tinygan import export as export_module
from tinygan.training import checkpoint, trained
from tinygan.training.config import ConfigError

TINY = ("--batch-size", 4, "--samples", 4, "--steps", 2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of images, of points, and of images with a code behind z."""
    folder = tmp_path_factory.mktemp("runs")
    return {name: train("--preset", name, *TINY, "--outdir", folder) for name in ("mlp", "ring", "cgan", "infogan")}


def export(*argv):
    result = call("export", *argv)
    assert result.status == 0 and result.err == "", result.err
    return result.out


def refused(*argv, names):
    result = call("export", *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2 and result.out == ""
    for name in names:
        assert name in sentence, sentence
    return sentence


@pytest.fixture
def copy(runs, tmp_path):
    """A copy of the run of images, to write into."""
    return shutil.copytree(runs["mlp"], tmp_path / "run")


# -- what is written -----------------------------------------------------------------------------------------


def test_npz_holds_the_weights_by_name_and_says_what_they_are(runs, tmp_path):
    said = export(runs["mlp"], "--to", "npz", "--out", tmp_path / "a.npz")
    source = trained.load(runs["mlp"])
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("meta")))
    state = source.network.state_dict()
    assert set(arrays) == set(state)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, state[name])
    told = {"tinygan": tinygan.__version__, "preset": "mlp", "data": "digits", "step": 2, "latent": 100}
    assert told.items() <= meta.items()
    assert (meta["shape"], meta["range"]) == ([28, 28, 1], [-1, 1])
    assert "conditioning" not in meta and meta["layers"]["10"] == {"layer": "Tanh"}
    assert said == (
        f"the generator of {runs['mlp'] / 'generator.npz'} (step 2) in {tmp_path / 'a.npz'}: {meta['input_output']}\n"
    )


@pytest.mark.parametrize("name", ["mlp", "ring", "cgan", "infogan"])
def test_onnx_draws_the_same_samples(name, runs, tmp_path):
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    export(runs[name], "--to", "onnx", "--out", tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    source = trained.load(runs[name])
    for n in (1, 5):
        z = source.noise(n, seed=3)
        (samples,) = session.run(["points" if name == "ring" else "images"], {"z": z})
        np.testing.assert_allclose(samples, source.draw(z), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ring", "input z (N, 2): 2 numbers drawn from N(0, 1); output points (N, 2)"),
        ("cgan", "input z (N, 110): 100 numbers drawn from N(0, 1), then the class, one-hot (10); output images"),
        ("infogan", "62 numbers drawn from N(0, 1), then the code, one-hot (10), then 2 numbers in [-1, 1]; output"),
    ],
)
def test_the_file_says_where_the_code_stands(name, says, runs, tmp_path):
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    export(runs[name], "--to", "onnx", "--out", tmp_path / "a.onnx")
    model = onnx.load(tmp_path / "a.onnx")
    meta = {p.key: p.value for p in model.metadata_props}
    assert says in model.doc_string and says in meta["input_output"]
    if name == "ring":
        assert "range" not in meta and "classes" not in meta
    else:
        assert json.loads(meta["classes"]) == list("0123456789") and json.loads(meta["range"]) == [-1, 1]
        assert (meta["conditioning"], meta["numbers"]) == (name, "2" if name == "infogan" else "0")


def test_safetensors_holds_the_weights(runs, tmp_path):
    safetensors = pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    export(runs["cgan"], "--to", "safetensors", "--out", tmp_path / "a.safetensors")
    state = trained.load(runs["cgan"]).network.state_dict()
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        assert set(file.keys()) == set(state)
        np.testing.assert_array_equal(file.get_tensor("0.W"), state["0.W"])
        assert file.metadata()["conditioning"] == "cgan" and file.metadata()["latent"] == "100"


def test_without_out_it_lies_beside_what_it_was_read_from(copy):
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    said = export(copy, "--to", "npz")
    assert str(copy / "plain-generator.npz") in said and "in place of" not in said
    assert {p.name: p.read_bytes() for p in copy.iterdir() if p.name != "plain-generator.npz"} == before
    assert f"{copy / 'plain-generator.npz'}, in place of the old file: " in export(copy, "--to", "npz")
    export(copy / "checkpoint-000002.npz", "--to", "npz")
    assert (copy / "plain-checkpoint-000002.npz").exists()


@pytest.mark.parametrize("to", ["onnx", "safetensors"])
def test_the_other_formats_lie_there_too(to, copy):
    pytest.importorskip(to, reason=f"the package {to} is not installed")
    assert str(copy / f"generator.{to}") in export(copy, "--to", to)
    assert (copy / f"generator.{to}").stat().st_size > 1_000_000


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["onnx", "safetensors"])
def test_a_missing_package_is_named_first(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    refused(tmp_path / "no run", "--to", package, names=[f"pip install 'tinygan[{package}]'"])


BAD = {
    "no format": ([], "--to"),
    "an unknown format": (["--to", "pt"], "'pt'", "onnx", "safetensors", "npz"),
    "another ending": (["--to", "npz", "--out", "a.onnx"], "--out must end in .npz", "a.onnx"),
    "no ending": (["--to", "npz", "--out", "a"], "--out must end in .npz"),
    "an empty name": (["--to", "npz", "--out", ""], "--out must end in .npz"),
    "a missing folder": (["--to", "npz", "--out", "gone/a.npz"], "gone", "no folder"),
    "a folder": (["--to", "npz", "--out", "folder.npz"], "folder.npz", "is a folder"),
    "a file that a run needs": (["--to", "npz", "--out", "generator.npz"], "would replace a file that a run needs"),
    "an unknown option": (["--to", "npz", "--label", "3"], "--label"),
    "a misspelled option": (["--to", "npz", "--otu", "a.npz"], "did you mean --out?"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options(case, copy, monkeypatch):
    monkeypatch.chdir(copy)
    (copy / "folder.npz").mkdir()
    before = sorted(copy.iterdir())
    options, *names = BAD[case]
    refused(copy, *options, names=names)
    assert sorted(copy.iterdir()) == before


def test_the_file_it_is_read_from_is_not_replaced(copy):
    (copy / "generator.npz").rename(copy / "mine.npz")
    before = (copy / "mine.npz").read_bytes()
    refused(copy / "mine.npz", "--to", "npz", "--out", copy / "mine.npz", names=["mine.npz", "is read from"])
    assert (copy / "mine.npz").read_bytes() == before


def test_from_python_an_unknown_format_is_refused(copy):
    with pytest.raises(ConfigError, match="unknown format 'onxn': did you mean onnx?"):
        export_module.export(trained.load(copy), copy / "a.onxn", "onxn")


def test_a_run_without_a_generator(tmp_path):
    refused(tmp_path / "gone", "--to", "npz", names=[str(tmp_path / "gone")])
    refused(tmp_path, "--to", "npz", names=[str(tmp_path)])
    (tmp_path / "a.npz").write_bytes(b"hello")
    refused(tmp_path / "a.npz", "--to", "npz", names=["a.npz"])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_a_broken_generator_is_not_exported(value, copy):
    arrays, meta = checkpoint.load(copy / "generator.npz")
    if value == 1e30:  # each number is finite, the samples are not
        arrays = {name: array * np.float32(value) for name, array in arrays.items()}
    else:
        arrays["9.W"][3, 4] = value
    checkpoint.save(copy / "generator.npz", arrays, meta)
    refused(copy, "--to", "npz", names=["nothing is written", "generator.npz is broken", "not finite"])
    assert not (copy / "plain-generator.npz").exists()
