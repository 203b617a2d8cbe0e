"""Measuring on the way changes nothing but what is written; the best checkpoint is kept, whatever happens."""

import json
import math
import shutil

import numpy as np
import pytest
from cli import call, one_sentence, train
from training.runs import TINY, assert_same_arrays, newest, rows
from training.test_training_resume import dies

from tinygan import plot
from tinygan.training import checkpoint, presets, trained
from tinygan.training.build import build
from tinygan.training.config import ConfigError
from tinygan.training.record import Record
from tinygan.training.run_folder import RunFolder
from tinygan.training.scores import Scores

FEW = ("--eval-samples", 150)
ALL = {
    "ring": ["modes", "high_quality", "reverse_kl", "energy", "jensen_shannon"],
    "mlp": ["score", "fcd", "kid", "kid_error", "precision", "recall", "density", "coverage", "classes", "class_kl"],
}
NOISY = ("--dropout", 0.3, "--instance-noise", 0.1, "--ema", 0.9)
BEST = ("--metrics", "energy+modes", "--keep-best", "energy", "--eval-interval", 1, *FEW)
# Here the best step is the sixth: there are worse ones after it, and no checkpoint is due.
SIXTH = ("--preset", "ring", *TINY, "--dropout", 0.3, "--instance-noise", 0.1, "--ema", 0.5, "--lr", 0.03, "--seed", 1)
SIXTH = (*SIXTH, "--checkpoint-interval", 4, *BEST)


def same_best(a, b):
    (arrays, meta), (other, other_meta) = checkpoint.load(a / "best.npz"), checkpoint.load(b / "best.npz")
    assert_same_arrays(arrays, other)
    assert meta["best"] == other_meta["best"] and meta["step"] == other_meta["step"]
    assert [meta[name] for name in ("data", "noise_rng")] == [other_meta[name] for name in ("data", "noise_rng")]


# -- what is measured --------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_measuring_changes_no_weight_and_no_random_state(tmp_path, preset, quick_pictures):
    options = ("--preset", preset, *TINY, *NOISY, "--steps", 6, "--outdir", tmp_path)
    plain = train(*options)
    best = "energy" if preset == "ring" else "fcd"
    measured = train(*options, "--metrics", "all", "--eval-interval", 2, *FEW, "--keep-best", best)
    (arrays, meta), (other, other_meta) = newest(plain), newest(measured)
    assert_same_arrays(arrays, other)
    assert {k: v for k, v in meta.items() if k != "config"} == {k: v for k, v in other_meta.items() if k != "config"}
    assert rows(plain) == rows(measured)[-1:]
    found = rows(measured, "metrics.jsonl")
    assert [row["step"] for row in found] == [0, 2, 4, 6]
    assert all(list(row) == ["step", *ALL[preset], "n"] and row["n"] == 150 for row in found)


def test_by_default_points_keep_their_numbers_and_images_their_diversity(tmp_path, quick_pictures):
    run = train("--preset", "ring", *TINY, "--steps", 1, "--outdir", tmp_path)
    assert set(rows(run, "metrics.jsonl")[0]) == {"step", "modes", "high_quality", "reverse_kl", "n"}
    assert not (run / "best.npz").exists()


def test_without_an_interval_of_its_own_it_is_measured_with_every_picture(tmp_path, quick_pictures):
    options = ("--preset", "ring", *TINY, "--steps", 5, "--sample-interval", 2, "--metrics", "reverse_kl+modes")
    run = train(*options, "--outdir", tmp_path)
    found = rows(run, "metrics.jsonl")
    assert [row["step"] for row in found] == [0, 2, 4, 5]
    assert all(list(row) == ["step", "modes", "reverse_kl", "n"] and row["n"] == 2500 for row in found)


def test_the_three_numbers_are_the_same_with_and_without_the_option(tmp_path, quick_pictures):
    options = ("--preset", "ring", *TINY, "--steps", 2, "--outdir", tmp_path)
    plain, measured = train(*options), train(*options, "--metrics", "modes+high_quality+reverse_kl")
    assert rows(plain, "metrics.jsonl") == rows(measured, "metrics.jsonl")


def test_no_seed_of_evaluate_draws_the_noise_that_was_measured_with(run):
    """Or the best of many noisy values would be confirmed by the luck that chose it."""
    source = trained.load(run)
    setup = build(source.config)
    assert (setup.measured_noise(4) == setup.measured_noise(4)).all()
    assert not any(np.allclose(setup.measured_noise(4), source.noise(4, seed)) for seed in range(100))


def test_every_metric_has_a_panel_of_the_curves(tmp_path, monkeypatch, quick_pictures):
    seen = []
    monkeypatch.setattr(plot, "save_curves", lambda path, lines, **options: seen.append(options))
    run = train("--preset", "ring", *TINY, "--steps", 2, "--metrics", "energy+modes", *FEW, "--outdir", tmp_path)
    assert seen[-1]["panels"] == {"modes": "modes (higher is better)", "energy": "energy distance (lower is better)"}
    assert seen[-1]["measured"] == rows(run, "metrics.jsonl") and len(seen[-1]["measured"]) == 2


def test_values_that_are_not_finite_become_null_and_are_never_the_best(tmp_path):
    setup = build(presets.configure(dict(preset="ring", metrics="all", keep_best="reverse_kl", eval_samples=100)))
    scores = Scores(setup, RunFolder(tmp_path))
    setup.sampler.parameters()[-1].data[:] = 100.0
    numbers = scores.measure()
    assert numbers["reverse_kl"] == math.inf and not scores.is_best(1, numbers)
    assert not scores.is_best(1, {"reverse_kl": math.nan})
    assert not scores.is_best(0, {"reverse_kl": 2.0}) and scores.is_best(1, {"reverse_kl": 2.0})
    assert [scores.is_best(step, {"reverse_kl": v}) for step, v in ((2, 2.0), (3, 2.1), (4, 1.9))] == [
        False,
        False,
        True,
    ]
    RunFolder(tmp_path).append("metrics.jsonl", {"step": 1, **numbers})
    assert rows(tmp_path, "metrics.jsonl")[0]["reverse_kl"] is None


# -- the best -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(*SIXTH, "--steps", 8, "--outdir", tmp_path_factory.mktemp("runs"))


def best_row(run):
    return min(rows(run, "metrics.jsonl")[1:], key=lambda row: row["energy"])


def test_best_is_the_whole_checkpoint_of_the_best_row(run):
    row = best_row(run)
    assert row["step"] == 6
    arrays, meta = checkpoint.load(run / "best.npz")
    assert meta["best"] == {"metric": "energy", "value": row["energy"], "step": row["step"], "n": 150}
    assert meta["kind"] == "checkpoint" and meta["step"] == row["step"]
    assert set(arrays) == set(newest(run)[0])


def test_best_draws_the_samples_that_were_measured(run):
    best = trained.load(run / "best.npz")
    assert best.path.name == "best.npz"
    setup = build(presets.configure(dict(preset="ring", seed=1, ema=0.5, metrics="energy", eval_samples=150)))
    setup.sampler.load_state_dict(best.network.state_dict())
    assert Scores(setup, RunFolder(run)).measure()["energy"] == best_row(run)["energy"]


def test_the_readme_of_the_run_names_it(run):
    text = (run / "README.txt").read_text()
    assert f"best.npz         the checkpoint with the best energy: python -m tinygan.sample {run}/best.npz" in text
    assert f"python -m tinygan.evaluate {run}\n" in text


@pytest.mark.parametrize("first", [1, 3, 5, 7])
def test_resuming_keeps_the_best(run, tmp_path, first, quick_pictures):
    halves = train(*SIXTH, "--steps", first, "--outdir", tmp_path)
    train("--resume", halves, "--steps", 8)
    same_best(run, halves)
    assert rows(run, "metrics.jsonl") == rows(halves, "metrics.jsonl")


def test_a_run_killed_after_a_new_best_goes_on_from_it(run, tmp_path, monkeypatch, quick_pictures):
    class Killed(BaseException):
        """Before the next step."""

    def die(self, step, *rest):
        if step == 7:
            raise Killed
        return evaluate(self, step, *rest)

    evaluate = Record.evaluate
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Record, "evaluate", die)
        call("train", *SIXTH, "--steps", 8, "--outdir", tmp_path)
    (died,) = tmp_path.iterdir()
    assert [path.name for path in RunFolder(died).states()] == [
        "checkpoint-000000.npz", "checkpoint-000004.npz", "best.npz",
    ]  # fmt: skip
    result = call("train", "--resume", died)
    assert result.status == 0 and "steps 7 to 8" in result.out
    same_best(run, died)
    assert_same_arrays(newest(run)[0], newest(died)[0])
    assert rows(run, "metrics.jsonl") == rows(died, "metrics.jsonl")


def test_a_crash_at_any_moment_loses_no_best(run, tmp_path, monkeypatch, quick_pictures):
    """Also where a checkpoint is due at the best step."""
    options = (*SIXTH, "--steps", 8, "--checkpoint-interval", 3)
    fatal, told = 0, set()
    while dies(monkeypatch, fatal, *options, "--outdir", tmp_path / str(fatal)):
        (died,) = (tmp_path / str(fatal)).iterdir()
        folder = RunFolder(died)
        if folder.states():
            step = folder.load_checkpoint()[1]["step"]
            assert (folder.best() or {"step": 0})["step"] <= step
            told.add(step)
            if step < 8:
                train("--resume", died)
            same_best(run, died)
            assert_same_arrays(newest(run)[0], newest(died)[0])
        fatal += 1
    assert told == {0, 1, 2, 3, 5, 6, 8}  # it died after each file that a run goes on from


def test_without_a_best_to_beat_the_next_measurement_is_the_best(run, tmp_path, quick_pictures):
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "best.npz").unlink()
    train("--resume", copy, "--steps", 9)
    assert checkpoint.load(copy / "best.npz")[1]["best"]["step"] == 9


OTHER_BESTS = {
    "damaged": (lambda run: (run / "best.npz").write_bytes(b"nothing"), "", "best.npz is damaged", "move it away"),
    "a folder": (
        lambda run: [(run / "best.npz").unlink(), (run / "best.npz").mkdir()],
        "",
        "best.npz cannot be read",
        "move it away",
    ),
    "a checkpoint": (
        lambda run: shutil.copy(run / "checkpoint-000008.npz", run / "best.npz"),
        "",
        "is not what --keep-best keeps",
    ),
    "a generator": (lambda run: shutil.copy(run / "generator.npz", run / "best.npz"), "", "is not what --keep-best"),
    "of another metric": (
        lambda run: None,
        "--keep-best modes",
        "best.npz holds the best energy of 150 samples: move it away to keep the best modes of 150 instead",
    ),
    "of another number of samples": (lambda run: None, "--eval-samples 149", "keep the best energy of 149"),
}


@pytest.mark.parametrize("case", OTHER_BESTS)
def test_no_best_is_replaced_that_is_damaged_or_another(case, run, tmp_path):
    change, options, *names = OTHER_BESTS[case]
    copy = shutil.copytree(run, tmp_path / "run")
    change(copy)
    before = {path: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    result = call("train", "--resume", copy, "--steps", 9, *options.split())
    sentence = one_sentence(result.err)
    assert result.status == 2 and all(name in sentence for name in names), sentence
    assert {path: path.read_bytes() for path in copy.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("preset", ["mlp", "pix2pix"])
def test_a_best_of_fewer_samples_than_usual_is_gone_on_with(preset, tmp_path, quick_pictures):
    """Small sets are judged by as many images as there are, and pairs by 250: no other number was asked for."""
    images = np.random.default_rng(0).integers(0, 255, (60, 16, 32, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    key, options = {"mlp": ("energy", ()), "pix2pix": ("l1", ("--size", 16, "--source", "left"))}[preset]
    kept = ("--metrics", key, "--keep-best", key, *options)
    run = train("--preset", preset, "--data", tmp_path / "images.npy", *kept, *TINY, "--steps", 2, "--outdir", tmp_path)
    assert checkpoint.load(run / "best.npz")[1]["best"]["n"] < 2500
    assert call("train", "--resume", run, "--steps", 3).status == 0


def test_metrics_can_be_switched_on_and_off_on_the_way(tmp_path, quick_pictures):
    run = train("--preset", "ring", *TINY, "--steps", 1, "--outdir", tmp_path)
    train("--resume", run, "--steps", 2, *BEST)
    train("--resume", run, "--steps", 3, "--metrics", "none", "--keep-best", "none", "--eval-interval", 0,
          "--eval-samples", 0)  # fmt: skip
    assert [("energy" in row) for row in rows(run, "metrics.jsonl")] == [False, False, True, False]
    assert checkpoint.load(run / "best.npz")[1]["step"] == 2


# -- bad input -------------------------------------------------------------------------------------------------

BAD = {
    "unknown": ("--preset ring --metrics enregy", "--data ring", "'enregy'", "did you mean energy?"),
    "of images": ("--preset ring --metrics fcd", "no metric of --data ring is called 'fcd'", "modes"),
    "of points": ("--metrics modes+energy", "no metric of --data digits is called 'modes'", "score"),
    "a second one": ("--preset ring --metrics modes+fid", "'fid'"),
    "empty": ("--preset ring --metrics=", "''"),
    "a loose +": ("--preset ring --metrics modes+", "''"),
    "a comma": ("--preset ring --metrics modes,energy", "'modes,energy'"),
    "twice": ("--preset ring --metrics modes+modes", "names a metric twice"),
    "all and more": ("--preset ring --metrics all+modes", "all stands alone"),
    "none and more": ("--preset ring --metrics modes+none", "none stands alone"),
    "the error of KID": ("--metrics kid_error", "'kid_error'", "choose one of"),
    "a metric of a classifier": ("--data fashion --metrics fcd", "no metric of --data fashion", "'fcd'", "copied"),
    "a best that is not measured": (
        "--preset ring --metrics modes --keep-best energy",
        "--keep-best energy is not among what is measured, --metrics modes",
    ),
    "a best of nothing": ("--preset ring --keep-best energy", "--keep-best energy is not measured: add --metrics"),
    "a best that is misspelt": ("--preset ring --metrics all --keep-best energi", "did you mean energy?"),
    "two bests": ("--preset ring --metrics all --keep-best energy+modes", "--keep-best energy+modes"),
    "negative interval": ("--preset ring --metrics all --eval-interval -1", "--eval-interval must be at least 0"),
    "interval no number": ("--preset ring --metrics all --eval-interval often", "--eval-interval", "'often'"),
    "interval of nothing": ("--preset ring --eval-interval 5", "--eval-interval and --eval-samples need --metrics"),
    "samples of nothing": ("--preset ring --eval-samples 500", "--eval-interval and --eval-samples need --metrics"),
    "negative samples": ("--preset ring --metrics all --eval-samples -1", "--eval-samples must be at least 0"),
    "too many samples": ("--preset ring --metrics all --eval-samples 26001", "--eval-samples", "at most 26000"),
    "too many points": ("--preset ring --metrics all --eval-samples 20001", "from 100 to 20000 points", "20001"),
    "too few images": ("--metrics all --eval-samples 99", "from 100 to 10000 images", "99"),
}


@pytest.mark.parametrize("case", BAD)
def test_train_refuses(case, tmp_path, monkeypatch):
    line, *names = BAD[case]
    monkeypatch.chdir(tmp_path)
    result = call("train", *line.split())
    sentence = one_sentence(result.err)
    assert result.status == 2 and result.out == "" and not list(tmp_path.iterdir())
    assert all(name in sentence for name in names) and len(sentence) < 500, sentence


def test_each_metric_can_be_the_best():
    for preset, keys in ALL.items():
        for key in set(keys) - {"kid_error"}:
            assert presets.configure(dict(preset=preset, metrics="all", keep_best=key)).measured()
    with pytest.raises(ConfigError):
        presets.configure(dict(preset="ring", metrics="energy", keep_best="modes"))


def test_dry_run_measures_nothing_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("train", "--preset", "ring", "--metrics", "all", "--dry-run")
    assert result.status == 0 and "metrics = all" in result.out and not list(tmp_path.iterdir())


def test_a_row_is_json_of_plain_numbers(run):
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert isinstance(line["modes"], int) and isinstance(line["energy"], float) and np.isfinite(line["energy"])
