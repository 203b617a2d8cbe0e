"""``python -m tinygan.interpolate`` walks between noise vectors; ``tinygan.sample --truncation`` cuts the noise."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence, start, train
from PIL import Image, ImageSequence

from tinygan import interpolate, plot
from tinygan.files import whole_file
from tinygan.gan import sampling
from tinygan.gan.latent import lerp, slerp, truncated_normal
from tinygan.training import trained

TINY = ("--batch-size", 4, "--samples", 4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of images and one of points."""
    folder = tmp_path_factory.mktemp("runs")
    return {preset: train("--preset", preset, *TINY, "--steps", 2, "--outdir", folder) for preset in ("mlp", "ring")}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(runs, here):
    """A copy of the run of points, as ``run``."""
    shutil.copytree(runs["ring"], here / "run")
    return here / "run"


def walked(run, out, *argv):
    result = call("interpolate", run, *argv, "--out", out)
    assert result.status == 0 and result.err == "", result.err
    return result.out


def frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


# -- what is drawn ---------------------------------------------------------------------------------------------


def test_png_has_a_row_for_each_path(runs, here):
    said = walked(runs["mlp"], "a.png", "--pairs", 3, "--steps", 5)
    assert said == f"3 spherical paths of 5 samples of {runs['mlp'] / 'generator.npz'} in a.png\n"
    picture = pixels("a.png")
    assert picture.shape == (2 * (3 * 30 - 2), 2 * (5 * 30 - 2))
    assert os.listdir() == ["a.png"]


def test_gif_has_a_frame_for_each_step(runs, here):
    walked(runs["mlp"], "a.gif", "--pairs", 4, "--steps", 6)
    moving = frames("a.gif")
    assert len(moving) == 6 and {frame.shape for frame in moving} == {(4 * 58, 4 * 58, 3)}
    assert (moving[0] != moving[-1]).any()
    assert os.listdir() == ["a.gif"]


@pytest.mark.parametrize("option, between", [("--spherical", slerp), ("--linear", lerp)])
def test_the_rows_are_samples_of_the_path(runs, here, monkeypatch, option, between):
    seen = []
    monkeypatch.setattr(plot, "save_grid", lambda out, images, columns: seen.append((images, columns)))
    walked(runs["mlp"], "a.png", "--pairs", 3, "--steps", 4, "--seed", 5, option)
    source = trained.load(runs["mlp"])
    ends = np.random.default_rng(5).standard_normal((3, 2, source.config.latent), dtype=np.float32)
    z = between(ends[:, 0], ends[:, 1], np.linspace(0, 1, 4))
    low, high = source.range
    expected = (source.draw(z.reshape(12, -1)) - low) / (high - low)
    ((images, columns),) = seen
    assert columns == 4
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_the_ends_are_what_sample_draws(runs, here, monkeypatch):
    """Pair i goes from sample 2 i to sample 2 i + 1 of the same seed."""
    seen = []
    monkeypatch.setattr(plot, "save_paths", lambda out, paths, **known: seen.append(paths))
    walked(runs["ring"], "a.png", "--pairs", 3, "--seed", 2, "--truncation", 0.8)
    assert call("sample", runs["ring"], "--n", 6, "--seed", 2, "--truncation", 0.8, "--out", "a.npz").status == 0
    (paths,) = seen
    assert paths.shape == (3, interpolate.FINE_STEPS, 2)
    np.testing.assert_allclose(paths[:, [0, -1]].reshape(6, 2), np.load("a.npz")["samples"], atol=1e-5)


def test_paths_of_points_are_drawn_in_the_plane(run, here):
    walked("run", "a.png", "--pairs", 3, "--steps", 7)
    walked("run", "b.png", "--pairs", 3, "--steps", 7, "--linear")
    assert pixels("a.png").shape[:2] == pixels("b.png").shape[:2] == (600, 600)
    assert (pixels("a.png") != pixels("b.png")).any()
    walked("run", "a.gif", "--pairs", 2, "--steps", 3)
    moving = frames("a.gif")
    assert len(moving) == 3 and {frame.shape for frame in moving} == {(600, 600, 3)}


def test_modes_are_drawn_where_they_are(run, here, monkeypatch):
    seen = {}
    monkeypatch.setattr(plot, "save_paths", lambda out, paths, **known: seen.update(known))
    walked("run", "a.png")
    assert seen["means"].shape == (8, 2) and seen["title"] == "9 spherical paths at step 2"
    left, right, bottom, top = seen["extent"]
    assert left < -1 and right > 1 and bottom < -1 and top > 1


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_the_seed_decides(runs, here, ending):
    """And it is the only source of randomness; --spherical is the default."""
    options = ("--pairs", 2, "--steps", 3)
    for name, *more in (("a", "--seed", 3), ("b", "--seed", 3, "--spherical"), ("c", "--seed", 4)):
        walked(runs["mlp"], f"{name}.{ending}", *options, *more)
    a, b, c = ((here / f"{name}.{ending}").read_bytes() for name in "abc")
    assert a == b != c


def test_more_pairs_begin_with_the_same(runs, here):
    for pairs in (2, 4):
        walked(runs["mlp"], f"{pairs}.png", "--pairs", pairs, "--steps", 3, "--truncation", 1.5)
    few, many = (pixels(f"{pairs}.png").astype(int) for pairs in (2, 4))
    np.testing.assert_allclose(many[: len(few)], few, atol=1)


def test_the_run_stays_as_it_is_and_an_old_file_is_replaced(run, here):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()}
    (here / "a.png").write_bytes(b"old")
    walked("run", "a.png", "--steps", 2, "--pairs", 1)
    assert pixels("a.png").shape[:2] == (600, 600)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()} == before
    assert sorted(os.listdir()) == ["a.png", "run"]


def test_fakes_outside_the_picture_and_nan_are_counted(here):
    paths = np.zeros((2, 3, 2))
    paths[0, 1], paths[1, 2] = (99, 99), np.nan
    plot.save_paths("a.png", paths, means=np.eye(2), extent=(-2, 2, -2, 2), title="$1")
    assert pixels("a.png").shape[:2] == (600, 600)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 3), (0, 3, 2), (2, 0, 2)])
def test_paths_must_be_paths_in_the_plane(here, shape):
    with pytest.raises(ValueError, match="paths must have shape"):
        plot.save_paths("a.png", np.zeros(shape))
    assert not os.listdir()


@pytest.mark.parametrize("shown", [0, 4, -1])
def test_only_steps_that_exist_are_shown(here, shown):
    with pytest.raises(ValueError, match="shown must be from 1 to 3"):
        plot.save_paths("a.png", np.zeros((2, 3, 2)), shown=shown)


# -- truncation ------------------------------------------------------------------------------------------------


def test_sample_cuts_the_noise(run, here, monkeypatch):
    seen = []

    def spy(generator, z, *more):
        seen.append(z)
        return draw(generator, z, *more)

    draw = sampling.draw
    monkeypatch.setattr(sampling, "draw", spy)
    for threshold in (0.5, 1e-12):
        assert call("sample", "run", "--n", 50, "--truncation", threshold, "--out", "a.npz").status == 0
        expected = truncated_normal(np.random.default_rng(0), (50, 2), threshold)
        np.testing.assert_array_equal(seen[-1], expected)
        assert 0 < np.abs(seen[-1]).max() <= threshold


def test_a_tiny_threshold_gives_one_sample_again_and_again(run, here):
    assert call("sample", "run", "--n", 20, "--truncation", "1e-30", "--out", "a.npz").status == 0
    assert np.ptp(np.load("a.npz")["samples"], axis=0).max() < 1e-6


def test_a_large_threshold_changes_nothing(run, here):
    for name, *more in (("a.npz",), ("b.npz", "--truncation", 50)):
        assert call("sample", "run", "--n", 20, *more, "--out", name).status == 0
    np.testing.assert_array_equal(np.load("a.npz")["samples"], np.load("b.npz")["samples"])


# -- bad input -------------------------------------------------------------------------------------------------

INTERPOLATE = {
    "no run named": ("--out a.png", "RUN"),
    "no out": ("run", "--out"),
    "missing run": ("gone --out a.png", "no run folder gone"),
    "missing weights": ("gone.npz --out a.png", "no file gone.npz"),
    "another ending": ("run --out a.npz", "--out must end in .png (a picture) or .gif (an animation)", "a.npz"),
    "no ending": ("run --out a", "--out must end in .png"),
    "missing folder": ("run --out gone/a.gif", "--out gone/a.gif", "no folder"),
    "a folder": ("run --out dir.png", "dir.png is a folder"),
    "no pairs": ("run --pairs 0 --out a.png", "--pairs must be from 1 to 100", "not 0"),
    "negative pairs": ("run --pairs -2 --out a.png", "--pairs must be from 1 to 100", "not -2"),
    "too many pairs": ("run --pairs 101 --out a.png", "--pairs must be from 1 to 100", "not 101"),
    "pairs no number": ("run --pairs two --out a.png", "--pairs", "'two'"),
    "no steps": ("run --steps 0 --out a.png", "--steps must be from 2 to 100", "not 0"),
    "one step": ("run --steps 1 --out a.png", "--steps must be from 2 to 100", "not 1"),
    "too many steps": ("run --steps 101 --out a.gif", "--steps must be from 2 to 100", "not 101"),
    "steps a fraction": ("run --steps 2.5 --out a.gif", "--steps", "'2.5'"),
    "both ways": ("run --linear --spherical --out a.png", "--spherical", "not allowed with", "--linear"),
    "negative seed": ("run --seed -1 --out a.png", "--seed must be at least 0", "not -1"),
    "no truncation": ("run --truncation 0 --out a.png", "--truncation must be a finite number above 0", "not 0"),
    "unknown backend": ("run --backend tpu --out a.png", "--backend", "'tpu'"),
    "unknown option": ("run --sphericle --out a.png", "option --sphericle", "did you mean --spherical?"),
    "two runs": ("run run --out a.png", "argument run"),
}
SAMPLE = {
    "no truncation": ("0", "--truncation must be a finite number above 0", "not 0"),
    "negative truncation": ("-0.5", "--truncation must be a finite number above 0", "not -0.5"),
    "truncation nan": ("nan", "--truncation must be a finite number", "nan"),
    "truncation inf": ("inf", "--truncation must be a finite number", "inf"),
    "truncation too small for a float": ("1e-999", "--truncation must be a finite number above 0", "not 0"),
    "truncation too large for a float": ("1e999", "--truncation must be a finite number", "inf"),
    "truncation no number": ("some", "--truncation", "'some'"),
}


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def refused(tool, *argv, names):
    """Status 2, one sentence with all of `names`, and no file left or changed."""
    before = snapshot(Path.cwd())
    result = call(tool, *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2 and result.out == "", result
    assert all(name in sentence for name in names), sentence
    assert len(sentence) < 500
    assert snapshot(Path.cwd()) == before


@pytest.mark.parametrize("case", INTERPOLATE)
def test_interpolate_refuses(case, run, here):
    line, *names = INTERPOLATE[case]
    (here / "dir.png").mkdir()
    (here / "a.png").write_bytes(b"precious")
    refused("interpolate", *line.split(), names=names)


@pytest.mark.parametrize("case", SAMPLE)
def test_sample_refuses_a_truncation(case, run, here):
    value, *names = SAMPLE[case]
    (here / "a.png").write_bytes(b"precious")
    refused("sample", "run", "--truncation", value, "--out", "a.png", names=names)


def test_a_damaged_generator_is_refused(run, here):
    raw = bytearray((run / "generator.npz").read_bytes())
    raw[3000] ^= 1
    (run / "generator.npz").write_bytes(raw)
    refused("interpolate", "run", "--out", "a.gif", names=["generator.npz", "damaged"])


@pytest.mark.parametrize("out", ["a.png", "a.gif"])
def test_a_full_disk_keeps_the_old_file(run, here, monkeypatch, out):
    (here / out).write_bytes(b"precious")

    def full(path, *args, **options):
        with whole_file(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(plot, "save_paths", full)
    result = call("interpolate", "run", "--steps", 2, "--out", out)
    assert result.status == 2 and "No space left on device" in one_sentence(result.err)
    assert (here / out).read_bytes() == b"precious"
    assert sorted(os.listdir()) == sorted([out, "run"])


def test_the_real_command_says_the_same(here):
    process = start("interpolate", "gone", "--out", "a.png")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert err == "python -m tinygan.interpolate: error: " + one_sentence(err) + "\n"
