"""``python -m tinygan.sample`` draws what was asked for, from a run or from a copy of its weights; and the doctor."""

import re
import shutil

import numpy as np
import pytest
from cli import call, one_sentence, train
from PIL import Image

import tinygan
from tinygan import doctor
from tinygan.backend.cupy_backend import diagnose
from tinygan.training import checkpoint, trained

TINY = ("--batch-size", 4, "--samples", 4)


@pytest.fixture(scope="module", params=["mlp", "ring"])
def run(request, tmp_path_factory):
    options = ("--preset", request.param, *TINY, "--steps", 2, "--weights-interval", 1)
    return train(*options, "--outdir", tmp_path_factory.mktemp("runs"))


def samples(run, out, *argv):
    result = call("sample", run, *argv, "--out", out)
    assert result.status == 0, result.err
    with np.load(out, allow_pickle=False) as file:
        assert file.files == ["samples"]
        return file["samples"]


@pytest.mark.parametrize("out", ["a.png", "a.npz"])
@pytest.mark.filterwarnings("error")
def test_a_generator_whose_weights_overflowed_is_told_in_words(run, tmp_path, out):
    arrays, meta = checkpoint.load(run / "generator.npz")
    checkpoint.save(tmp_path / "broken.npz", {name: value * np.float32(1e30) for name, value in arrays.items()}, meta)
    result = call("sample", tmp_path / "broken.npz", "--n", 5, "--out", tmp_path / out)
    assert result.status == 2 and not result.out and not (tmp_path / out).exists()
    sentence = one_sentence(result.err)
    assert "broken.npz is broken: " in sentence and "of 5 samples hold numbers that are not finite" in sentence
    assert call("sample", run, "--n", 5, "--out", tmp_path / out).status == 0


def test_npz_holds_the_raw_samples_in_range(run, tmp_path):
    drawn = samples(run, tmp_path / "a.npz", "--n", 7)
    shape = (2,) if "ring" in run.name else (28, 28, 1)
    assert drawn.shape == (7, *shape) and drawn.dtype == np.float32
    assert np.isfinite(drawn).all() and drawn.std() > 0
    if len(shape) == 3:
        assert -1 <= drawn.min() and drawn.max() <= 1


def test_the_seed_decides_and_the_first_samples_stay_the_first(run, tmp_path):
    one = samples(run, tmp_path / "a.npz", "--n", 20, "--seed", 3)
    np.testing.assert_array_equal(one, samples(run, tmp_path / "b.npz", "--n", 20, "--seed", 3))
    assert (one != samples(run, tmp_path / "c.npz", "--n", 20, "--seed", 4)).any()
    np.testing.assert_allclose(one[:5], samples(run, tmp_path / "d.npz", "--n", 5, "--seed", 3), rtol=1e-4, atol=1e-5)


def test_a_copy_of_the_weights_does_as_well(run, tmp_path):
    """Also far from its run folder, and it is of its own step."""
    whole = samples(run, tmp_path / "a.npz", "--n", 5)
    copy = tmp_path / "elsewhere.npz"
    copy.write_bytes((run / "generator-000002.npz").read_bytes())
    np.testing.assert_array_equal(whole, samples(copy, tmp_path / "b.npz", "--n", 5))
    assert (whole != samples(run / "generator-000001.npz", tmp_path / "c.npz", "--n", 5)).any()


def test_the_generator_is_the_one_that_was_trained(run):
    source = trained.load(run)
    arrays, _ = checkpoint.load(run / "checkpoint-000002.npz")
    prefix = "average/" if any(name.startswith("average/") for name in arrays) else "G/"
    assert source.step == 2 and source.path == run / "generator.npz"
    for name, value in source.network.state_dict().items():
        np.testing.assert_array_equal(value, arrays[prefix + name])


def test_png_is_a_grid_of_all_samples(run, tmp_path):
    result = call("sample", run, "--n", 9, "--out", tmp_path / "a.png")
    assert result.status == 0 and result.err == ""
    assert result.out == f"9 samples of {run / 'generator.npz'} in {tmp_path / 'a.png'}\n"
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        assert image.format == "PNG" and min(image.size) >= 3 * 28
    assert call("sample", run, "--n", 9, "--out", tmp_path / "b.png").status == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_old_file_is_replaced_and_no_other_is_left(run, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"old")
    assert len(samples(run, tmp_path / "a.npz", "--n", 1)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_sampling_leaves_the_run_as_it_is(run, tmp_path):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()}
    samples(run, tmp_path / "a.npz")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()} == before


# -- doctor ------------------------------------------------------------------------------------------------


def test_doctor_tells_versions_and_what_is_wrong_with_cupy():
    result = call("doctor")
    assert result.status == 0 and result.err == ""
    assert f"tinygan      {tinygan.__version__}\n" in result.out
    assert f"numpy        {np.__version__}\n" in result.out
    for name in ("python", "matplotlib", "tqdm", "tensorboardX", "torch", "cupy", "threads", "allocator", "data"):
        assert re.search(rf"^{name} +\S", result.out, re.MULTILINE), name
    assert "numpy backend: ready" in result.out
    problem = diagnose()
    assert f"cupy backend:  {'ready, ' if problem is None else f'not available: {problem}'}" in result.out
    assert problem is None or "cupy-cuda" in problem or "driver" in problem


def test_doctor_tells_a_working_gpu(monkeypatch):
    monkeypatch.setattr(doctor, "diagnose", lambda: None)
    monkeypatch.setattr(doctor, "_gpu", lambda: "a GPU of 80 GiB")
    assert call("doctor").out.endswith("cupy backend:  ready, a GPU of 80 GiB\n")


def test_doctor_tells_thread_limits_and_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    out = call("doctor").out
    assert "OMP_NUM_THREADS=3" in out and f"TINYGAN_DATA={tmp_path}" in out


def test_a_run_without_generator_npz_is_sampled_from_its_newest_checkpoint(run, tmp_path):
    cut_short = shutil.copytree(run, tmp_path / run.name)
    (cut_short / "generator.npz").unlink()
    outputs = tmp_path / "a.npz", tmp_path / "b.npz"
    results = [call("sample", where, "--out", out) for where, out in zip((run, cut_short), outputs, strict=True)]
    assert [r.status for r in results] == [0, 0] and "checkpoint-" in results[1].out
    np.testing.assert_array_equal(*(np.load(out)["samples"] for out in outputs))
