"""What a run is decided by, and what it leaves behind."""

import functools
import json
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from cli import call, train
from PIL import Image
from training.runs import TINY, assert_same_arrays, newest, pictures, rows, same_weights

import tinygan
from tinygan import data, plot
from tinygan import evaluate as evaluate_tool
from tinygan import sample as sample_tool
from tinygan import train as train_tool
from tinygan.training import checkpoint, presets, record
from tinygan.training.build import build
from tinygan.training.config import Config, ConfigError

ALL = [pytest.param(name, marks=pytest.mark.slow) if name == "deep" else name for name in presets.PRESETS]
IMAGES = [name for name, preset in presets.PRESETS.items() if "images" in preset.fits]
POINTS = [name for name, preset in presets.PRESETS.items() if "points" in preset.fits]


# -- what decides the result ---------------------------------------------------------------------------


def after_one_step(preset, seed):
    setup = build(presets.configure(dict(preset=preset, batch_size=4, samples=4, seed=seed)))
    setup.set_learning_rates(1)
    setup.game.step(setup.next_reals)
    return setup.state(1)


@pytest.mark.parametrize("preset", ALL)
def test_a_step_is_decided_by_the_seed(preset):
    (arrays, meta), (again, meta_again) = after_one_step(preset, 1), after_one_step(preset, 1)
    assert_same_arrays(arrays, again)
    assert meta == meta_again
    other, other_meta = after_one_step(preset, 2)
    weights = [name for name in arrays if name.startswith(("G/", "D/")) and name.endswith("W")]
    assert weights
    assert all((arrays[name] != other[name]).any() for name in weights)
    assert meta["noise_rng"] != other_meta["noise_rng"] and meta["data"] != other_meta["data"]


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_measuring_drawing_and_saving_change_nothing(tmp_path, preset):
    """Also with a discriminator that draws random numbers itself, and the noise on what it sees."""
    options = ("--preset", preset, *TINY, "--steps", 6, "--dropout", 0.3, "--instance-noise", 0.1, "--ema", 0.9)
    seldom = train(*options, "--outdir", tmp_path)
    intervals = ("--log-interval", 1, "--sample-interval", 2, "--checkpoint-interval", 3, "--weights-interval", 2)
    often = train(*options, *intervals, "--outdir", tmp_path)
    (arrays, meta), (other, other_meta) = newest(seldom), newest(often)
    assert_same_arrays(arrays, other)
    assert {k: v for k, v in meta.items() if k != "config"} == {k: v for k, v in other_meta.items() if k != "config"}
    assert rows(seldom)[-1] == rows(often)[-1] and len(rows(often)) == 6


def test_another_seed_is_another_run(tmp_path):
    one = train("--preset", "ring", *TINY, "--steps", 2, "--outdir", tmp_path)
    other = train("--preset", "ring", *TINY, "--steps", 2, "--seed", 1, "--outdir", tmp_path)
    assert not same_weights(one, other)
    assert pictures(one)["fakes_init.png"] != pictures(other)["fakes_init.png"]


# -- the folder ----------------------------------------------------------------------------------------

STEPS = ("--steps", 6, "--log-interval", 2, "--sample-interval", 2, "--checkpoint-interval", 2, "--weights-interval", 3)
ROW = {
    "step", "epoch", "loss_d", "loss_g", "d_real", "d_fake_before", "d_fake_after",
    "accuracy_real", "accuracy_fake", "grad_norm_d", "grad_norm_g", "steps_per_second",
}  # fmt: skip


@pytest.fixture(scope="module", params=["mlp", "ring"])
def run(request, tmp_path_factory):
    """All that a run leaves, its curves too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "plot", plot)
        return train("--preset", request.param, *TINY, *STEPS, "--outdir", tmp_path_factory.mktemp("runs"))


def test_every_file_is_there_and_no_other(run):
    assert {p.name for p in run.iterdir()} == {
        "config.json", "log.txt", "lock", "README.txt", "stats.jsonl", "metrics.jsonl", "reals.png", "fakes_init.png",
        "fakes_000002.png", "fakes_000004.png", "fakes_000006.png", "curves.png", "training.gif", "replay.html",
        "checkpoint-000004.npz", "checkpoint-000006.npz",
        "generator.npz", "generator-000003.npz", "generator-000006.npz",
    }  # fmt: skip


def test_config_json_holds_all_options_the_versions_and_the_seed(run):
    content = json.loads((run / "config.json").read_text())
    config = Config(**content["options"])
    assert set(content["options"]) == set(vars(Config()))
    assert (config.steps, config.batch_size, config.seed) == (6, 4, 0)
    assert content["versions"]["tinygan"] == tinygan.__version__ and content["versions"]["numpy"] == np.__version__
    assert content["command"] in (run / "log.txt").read_text()


def test_the_command_in_config_json_repeats_the_run(run, tmp_path):
    command = shlex.split(json.loads((run / "config.json").read_text())["command"])
    assert command[:3] == ["python", "-m", "tinygan.train"]
    again = train(*command[3:], "--outdir", tmp_path)
    assert_same_arrays(newest(run)[0], newest(again)[0])


def test_stats_and_metrics_have_a_line_for_each_interval(run):
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    for line in lines:
        assert set(line) == ROW
        assert all(isinstance(value, (int, float)) for value in line.values())
        assert 0 <= line["accuracy_real"] <= 1 and 0 <= line["d_real"] <= 1 and line["grad_norm_d"] > 0
    assert [row["step"] for row in rows(run, "metrics.jsonl")] == [0, 2, 4, 6]
    keys = {"modes", "high_quality", "reverse_kl", "n"} if "ring" in run.name else {"diversity", "diversity_of_reals"}
    assert all(set(row) == {"step", *keys} for row in rows(run, "metrics.jsonl"))


def test_pictures_open_and_the_animation_shows_them_all(run):
    names = ["reals.png", "curves.png", *pictures(run)]
    for name in names:
        with Image.open(run / name) as image:
            image.load()
            assert image.format == "PNG" and min(image.size) > 28
            assert image.convert("L").getextrema()[0] < image.convert("L").getextrema()[1]
    with Image.open(run / "training.gif") as animation:
        assert animation.n_frames == len(pictures(run)) == 4


def test_weights_are_named_and_shaped_and_the_last_copy_is_the_generator(run):
    arrays, meta = checkpoint.load(run / "generator.npz")
    assert (meta["kind"], meta["step"]) == ("generator", 6)
    assert tuple(meta["shape"]) == ((2,) if "ring" in run.name else (28, 28, 1))
    assert_same_arrays(arrays, checkpoint.load(run / "generator-000006.npz")[0])
    assert any((arrays[name] != old).any() for name, old in checkpoint.load(run / "generator-000003.npz")[0].items())


def test_readme_names_files_and_options_that_exist(run):
    text = (run / "README.txt").read_text()
    for name in re.findall(r"[\w-]+\.(?:png|gif|jsonl|json|txt|npz)", text.replace("--out samples.png", "")):
        assert (run / name).exists() or list(run.glob(f"*{name}")), name
    commands = re.findall(r"python -m tinygan\.(\w+) (.*)", text)
    tools = {"train": train_tool, "sample": sample_tool, "evaluate": evaluate_tool}
    assert {tool for tool, _ in commands} == set(tools)
    for tool, rest in commands:
        known = {text for action in tools[tool].parser()._actions
                 for text in action.option_strings}  # fmt: skip
        assert {word for word in rest.split() if word.startswith("--")} <= known


def test_readmes_commands_work(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (run / "README.txt").read_text()
    (line,) = re.findall(r"python -m tinygan\.sample (.*)", text)
    assert call("sample", *shlex.split(line)).status == 0
    assert (tmp_path / "samples.png").exists()


def test_runs_are_numbered_on(tmp_path, quick_pictures):
    (tmp_path / "00041-old-run").mkdir()
    (tmp_path / "notes.txt").touch()
    names = [train("--preset", "ring", *TINY, "--steps", 1, "--outdir", tmp_path).name for _ in range(2)]
    assert names == ["00042-ring-ring-ns", "00043-ring-ring-ns"]


def test_runs_is_the_default_place(tmp_path, monkeypatch, quick_pictures):
    monkeypatch.chdir(tmp_path)
    assert train("--preset", "ring", *TINY, "--steps", 1) == Path("runs/00000-ring-ring-ns")


def test_quick_is_quick(tmp_path, quick_pictures):
    run = train("--preset", "small", "--quick", *TINY, "--outdir", tmp_path)
    config = Config(**json.loads((run / "config.json").read_text())["options"])
    assert config.steps == presets.PRESETS["small"].quick["steps"] == newest(run)[1]["step"]
    assert len(pictures(run)) == 3


def test_dry_run_shows_everything_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("train", "--preset", "mlp", "--dry-run", "--outdir", tmp_path / "runs", "--seed", 5)
    assert result.status == 0 and result.err == ""
    assert not os.listdir(tmp_path)
    assert "Dense(100, 256)" in result.out and "(N, 28, 28, 1)" in result.out
    for name in vars(Config()):
        assert f"  {name} = " in result.out
    assert "  seed = 5\n" in result.out


def test_dry_run_of_a_resume_changes_nothing(run):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()}
    assert call("train", "--resume", run, "--steps", 9, "--dry-run").status == 0
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.iterdir()} == before


def test_a_damaged_line_in_stats_costs_that_line_alone(tmp_path, quick_pictures):
    run = train("--preset", "ring", *TINY, "--steps", 4, "--log-interval", 1, "--outdir", tmp_path)
    lines = (run / "stats.jsonl").read_bytes().splitlines(keepends=True)
    (run / "stats.jsonl").write_bytes(lines[0] + b"\xff\x00\xfe\n" + lines[2] + lines[3] + b'{"step": 5, "lo')
    train("--resume", run, "--steps", 6)
    assert [row["step"] for row in rows(run)] == [1, 3, 4, 5, 6]


# -- presets and data ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten small pictures in grey."""
    path = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(10):
        Image.fromarray(rng.integers(0, 256, (30, 40), dtype=np.uint8)).save(path / f"{i}.png")
    return path


load_once = functools.cache(data.load)


@pytest.mark.parametrize("name", ["digits", "folder", "mnist", "fashion", "stacked"])
@pytest.mark.parametrize("preset", [pytest.param(p, marks=pytest.mark.slow) if p == "deep" else p for p in IMAGES])
def test_each_image_preset_learns_from_each_image_set(preset, name, folder, monkeypatch):
    if name in presets.REAL_IMAGES:
        place = Path(os.environ.get("TINYGAN_DATA", "")) / ("mnist" if name == "stacked" else name)
        if "TINYGAN_DATA" not in os.environ or not place.is_dir():
            pytest.skip(f"no {name} in $TINYGAN_DATA")
    monkeypatch.setattr(data, "load", load_once)
    if preset in ("cgan", "acgan") and name == "folder":
        pytest.skip("these pictures have no labels")
    given = dict(preset=preset, data=name, batch_size=2, data_dir=str(folder) if name == "folder" else None)
    steps_of(presets.configure(given), (28, 28, 3 if name == "stacked" else 1))


@pytest.mark.parametrize("name", ["ring", "grid"])
@pytest.mark.parametrize("preset", POINTS)
def test_each_point_preset_learns_from_each_mixture(preset, name):
    steps_of(presets.configure(dict(preset=preset, data=name, batch_size=2)), (2,))


def steps_of(config, shape):
    """Two steps: every weight moves, all stay finite, and the samples look like the data."""
    setup = build(config)
    before = setup.state(0)[0]
    for step in (1, 2):
        setup.set_learning_rates(step)
        stats = setup.game.step(setup.next_reals, measure=True)
    after = setup.state(2)[0]
    assert all(np.isfinite(float(value)) for value in stats.values())
    for name, array in after.items():
        assert np.isfinite(array).all(), name
        if name.startswith(("G/", "D/")) and name.endswith("W"):
            assert (array != before[name]).any(), name
    fake, real = setup.game.fakes(2).data, setup.batches.next()[0]
    assert real.shape[1:] == fake.shape[1:] == shape
    if len(shape) == 3:
        low, high = setup.range
        assert low <= min(real.min(), fake.min()) and max(real.max(), fake.max()) <= high


def test_colour_pictures_are_learned_too(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    config = presets.configure(dict(preset="small", data="folder", data_dir=str(tmp_path), batch_size=2))
    steps_of(config, (28, 28, 3))


@pytest.mark.parametrize("preset", presets.PRESETS)
@pytest.mark.parametrize("name", ["ring", "digits", "mnist"])
def test_an_unfitting_pair_is_refused_with_those_that_fit(preset, name):
    if data.kind(name) in presets.PRESETS[preset].fits:
        assert presets.configure(dict(preset=preset, data=name)).data == name
        return
    with pytest.raises(ConfigError, match=f"--preset {preset} does not fit --data {name}") as error:
        presets.configure(dict(preset=preset, data=name))
    fitting = str(error.value).split("use one of ")[1].split(", ")
    assert fitting == [one for one, row in presets.PRESETS.items() if data.kind(name) in row.fits]
