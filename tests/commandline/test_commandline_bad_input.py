"""Whatever a user gets wrong ends in one sentence that names it, with status 2, and costs no file."""

import errno
import gzip
import importlib.util
import json
import os
import shutil

import numpy as np
import pytest
from cli import call, one_sentence, posix_only, start, train

from tinygan.training import checkpoint

TINY = ("--batch-size", 4, "--samples", 4)


def snapshot(folder):
    """Every file below a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the ring."""
    return train("--preset", "ring", *TINY, "--steps", 3, "--outdir", tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(finished, here):
    """A copy of it, to be damaged, as ``run``."""
    shutil.copytree(finished, here / "run")
    return here / "run"


def refused(tool, *argv, names):
    """The command must end with status 2 and one sentence in which all of `names` occur."""
    result = call(tool, *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2 and result.out == "", result
    for name in names:
        assert name in sentence, sentence
    assert len(sentence) < 500
    return sentence


# -- options ---------------------------------------------------------------------------------------------

TRAIN = {
    # unknown names, with a guess
    "preset": ("--preset dcgn", "preset 'dcgn'", "did you mean dcgan?"),
    "loss": ("--loss wgna", "loss 'wgna'", "did you mean wgan?"),
    "data": ("--data mnits", "data set 'mnits'", "did you mean mnist?"),
    "backend": ("--backend numppy", "backend 'numppy'", "did you mean numpy?"),
    "optimizer": ("--optimizer adamw", "optimizer 'adamw'", "did you mean adam?"),
    "penalty": ("--penalty r1+gpp", "penalty 'gpp'", "did you mean gp?"),
    "empty penalty": ("--penalty r1+", "penalty ''", "choose one of"),
    "none and a penalty": ("--penalty none+gp", "penalty 'none'"),
    "option": ("--stpes 5", "option --stpes", "did you mean --steps?"),
    "option with =": ("--batchsize=5", "option --batchsize=5", "did you mean --batch-size?"),
    "shortened option": ("--step 5", "option --step", "did you mean --steps?"),
    "strange option": ("--xyzzy", "option --xyzzy", "--help"),
    "stray argument": ("mlp", "argument mlp"),
    "missing value": ("--steps", "--steps", "expected one argument"),
    # numbers out of range
    "negative steps": ("--steps -5", "--steps must be at least 1", "-5"),
    "no steps": ("--steps 0", "--steps must be at least 1"),
    "steps no number": ("--steps ten", "--steps", "'ten'"),
    "steps a fraction": ("--steps 2.5", "--steps", "'2.5'"),
    "steps in scientific notation": ("--steps 1e5", "--steps", "'1e5'"),
    "no lr": ("--lr 0", "--lr must be above 0"),
    "negative lr": ("--lr -0.1", "--lr must be above 0", "-0.1"),
    "lr nan": ("--lr nan", "--lr must be a finite number", "nan"),
    "lr inf": ("--lr inf", "--lr must be a finite number", "inf"),
    "lr too large for a float": ("--lr 1e999", "--lr must be a finite number"),
    "lr too small for a float": ("--lr 1e-999", "--lr must be above 0"),
    "lr minus inf": ("--lr=-inf", "--lr must be a finite number", "-inf"),
    "lr no number": ("--lr fast", "--lr", "'fast'"),
    "lr of D": ("--lr-d -1", "--lr-d must be above 0"),
    "no batch": ("--batch-size 0", "--batch-size must be at least 1"),
    "huge batch": ("--batch-size 99999999999", "--batch-size", "at most 1000000"),
    "batch larger than the data": ("--batch-size 20000", "20000", "10000 images"),
    "packs larger than the data": ("--batch-size 600 --pack 64", "38400", "10000 images"),
    "negative seed": ("--seed -1", "--seed must be at least 0"),
    "huge seed": ("--seed 99999999999999999999", "--seed", "at most 9223372036854775807"),
    "latent": ("--latent 0", "--latent must be at least 1"),
    "n_critic": ("--n-critic 0", "--n-critic must be at least 1"),
    "beta1": ("--beta1 1", "--beta1 must be", "below 1"),
    "beta2": ("--beta2 -0.1", "--beta2 must be at least 0"),
    "ema": ("--ema 1", "--ema must be", "below 1"),
    "dropout": ("--dropout 1.5", "--dropout must be", "below 1"),
    "pack": ("--pack 65", "--pack must be", "at most 64"),
    "penalty weight": ("--penalty gp --penalty-weight 0", "--penalty-weight must be above 0"),
    "instance noise": ("--instance-noise nan", "--instance-noise"),
    "samples": ("--samples 10001", "--samples must be", "at most 10000"),
    "log interval": ("--log-interval 0", "--log-interval must be at least 1"),
    "half life": ("--lr-half-life -1", "--lr-half-life must be at least 0"),
    # options that do not go together
    "steps and epochs": ("--steps 5 --epochs 1", "--epochs", "--steps"),
    "quick and epochs": ("--quick --epochs 1", "--epochs", "--quick"),
    "epochs of the ring": ("--preset ring --epochs 1", "--data ring never runs out", "--steps"),
    "no epochs": ("--epochs 0", "--epochs must be at least 1"),
    "points for an image preset": ("--preset mlp --data ring", "--preset mlp does not fit --data ring", "grid"),
    "images for a point preset": ("--preset ring --data digits", "--preset ring does not fit --data digits", "mlp"),
    "half without lsgan": ("--half", "--half belongs to --loss lsgan"),
    "smoothing without labels": ("--loss wgan --label-smoothing 0.1", "--loss wgan has no labels", "--label-smoothing"),
    "simultaneous and n_critic": ("--simultaneous --n-critic 2", "--simultaneous", "--n-critic"),
    "unknown conditioning": ("--conditioning agan", "conditioning 'agan'", "did you mean acgan?"),
    "classes of points": ("--preset ring --conditioning cgan", "--conditioning cgan needs labels", "--data ring"),
    "classes of packs": ("--preset cgan --pack 2", "--conditioning", "--pack"),
    "folder without a place": ("--data folder", "'folder' needs a folder"),
    # places
    "missing folder": ("--data folder --data-dir gone", "gone", "does not exist"),
    "missing mnist": ("--data mnist --data-dir gone", "gone"),
    "no run": ("--resume gone", "no run folder gone"),
    "resume and outdir": ("--resume gone --outdir there", "--outdir", "--resume"),
    "resume and quick": ("--resume gone --quick", "--quick", "--resume"),
    "resume with steps and epochs": ("--resume gone --steps 5 --epochs 1", "--steps or --epochs"),
}


@pytest.mark.parametrize("case", TRAIN)
def test_train_refuses(case, here):
    line, *names = TRAIN[case]
    refused("train", *line.split(), names=names)
    assert not snapshot(here)


def test_a_missing_package_is_named_before_a_folder_is_made(here, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused("train", "--preset", "ring", "--tensorboard", names=["--tensorboard", "pip install"])
    assert not snapshot(here)


def test_the_real_command_says_the_same(here):
    process = start("train", "--preset", "dcgn")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert one_sentence(err).startswith("unknown preset 'dcgn': did you mean dcgan?")
    assert err.startswith("python -m tinygan.train: error: ")


# -- data --------------------------------------------------------------------------------------------------

IDX = "train-images-idx3-ubyte"
DATA = {
    "an empty folder": (lambda d: None, "mnist", []),
    "an empty file": (lambda d: (d / IDX).write_bytes(b""), "mnist", [IDX]),
    "a short file": (lambda d: (d / IDX).write_bytes(b"\0\0\x08\x03\0\0\xea\x60\0\0\0\x1c"), "mnist", [IDX]),
    "a foreign file": (lambda d: (d / IDX).write_bytes(b"PK\x03\x04" * 100), "mnist", [IDX]),
    "a cut .gz": (lambda d: (d / f"{IDX}.gz").write_bytes(gzip.compress(bytes(9999))[:-9]), "mnist", [IDX]),
    "no .gz at all": (lambda d: (d / f"{IDX}.gz").write_text("hello"), "mnist", [IDX]),
    "no picture": (lambda d: (d / "notes.txt").write_text("hello"), "folder", ["no PNG or JPEG"]),
    "an empty picture": (lambda d: (d / "a.png").write_bytes(b""), "folder", ["a.png"]),
    "text as a picture": (lambda d: (d / "a.jpg").write_text("hello"), "folder", ["a.jpg"]),
}


@pytest.mark.parametrize("case", DATA)
def test_train_refuses_data(case, here):
    make, name, names = DATA[case]
    (here / "data").mkdir()
    make(here / "data")
    if name == "mnist" and "empty folder" not in case:  # the labels look right, so that the images are reached
        (here / "data" / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\0")
    before = snapshot(here)
    refused("train", "--data", name, "--data-dir", here / "data", names=[str(here / "data"), *names])
    assert snapshot(here) == before


def test_data_dir_may_not_be_a_file(here):
    (here / "file").write_text("hello")
    refused("train", "--data", "folder", "--data-dir", "file", names=["file is not a folder"])


# -- where to write ------------------------------------------------------------------------------------------


POSIX_PLACES = ["/proc/here", "/dev/null"] if os.name == "posix" else []


@pytest.mark.parametrize("outdir", ["file", "file/below", *POSIX_PLACES, ""])
def test_train_refuses_a_place_it_cannot_make(outdir, here):
    (here / "file").write_text("precious")
    refused("train", "--preset", "ring", "--outdir", outdir, names=["run folder", outdir])
    assert snapshot(here) == {"file": b"precious"}


def limit_files():
    """No file of this process may grow above 100 kB, which is how a small full disk looks from inside."""
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@posix_only
def test_a_full_disk_is_named_and_leaves_no_half_file(here):
    process = start("train", "--preset", "ring", *TINY, "--steps", 3, preexec_fn=limit_files)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "checkpoint-000000.npz" in one_sentence(err) and ".tmp" not in err
    (run,) = (here / "runs").iterdir()
    assert {p.name for p in run.iterdir()} == {"config.json", "README.txt", "log.txt", "lock"}


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("what", ["arrays", "names", "lines"])
def test_a_disk_that_fills_up_costs_no_earlier_checkpoint(run, monkeypatch, what):
    before = snapshot(run)
    with monkeypatch.context() as patch:
        if what == "lines":
            patch.setattr(json, "dumps", full)  # the first line of stats.jsonl
        else:
            patch.setattr(*((np, "savez") if what == "arrays" else (os, "replace")), full)
        result = call("train", "--resume", run, "--steps", 5)
    assert result.status == 2 and "No space left on device" in result.err and "Traceback" not in result.err
    after = snapshot(run)
    for name in ("checkpoint-000000.npz", "checkpoint-000003.npz", "generator.npz", "config.json"):
        assert after[name] == before[name]
    assert not [name for name in after if name.endswith(".tmp")]
    assert call("train", "--resume", run, "--steps", 5).status == 0


# -- resume --------------------------------------------------------------------------------------------------


def newest(run):
    return run / "checkpoint-000003.npz"


def change_meta(run, **changes):
    """The checkpoint with other words about itself, and a checksum that fits."""
    arrays, meta = checkpoint.load(newest(run))
    meta = {key: value for key, value in {**meta, **changes}.items() if value is not ...}
    checkpoint.save(newest(run), arrays, meta)


def config_of(run, **changes):
    return {**checkpoint.load(newest(run))[1]["config"], **changes}


def flip(path, i):
    raw = bytearray(path.read_bytes())
    raw[i] ^= 0x55
    path.write_bytes(raw)


def other_weights(run):
    arrays, meta = checkpoint.load(newest(run))
    arrays["G/0.W"] = arrays["G/0.W"][:-1]
    checkpoint.save(newest(run), arrays, meta)


RESUME = {
    "a cut checkpoint": (lambda r: newest(r).write_bytes(newest(r).read_bytes()[:-100]), "remove it to go on from"),
    "an empty checkpoint": (lambda r: newest(r).write_bytes(b""), "remove it to go on from checkpoint-000000.npz"),
    "a changed byte": (lambda r: flip(newest(r), 5000), "damaged"),
    "a foreign npz": (lambda r: np.savez(newest(r), a=np.ones(3)), "no checkpoint of tinygan"),
    "a pickle": (lambda r: np.savez(newest(r), meta=np.array([{}], dtype=object)), "no checkpoint of tinygan"),
    "a generator": (lambda r: shutil.copy(r / "generator.npz", newest(r)), "no checkpoint of a run"),
    "a folder": (lambda r: (newest(r).unlink(), newest(r).mkdir()), "cannot be read"),
    "no options": (lambda r: change_meta(r, config=...), "another version"),
    "no step": (lambda r: change_meta(r, step=...), "another version"),
    "options no mapping": (lambda r: change_meta(r, config=[1]), "another version"),
    "unknown options": (lambda r: change_meta(r, config=config_of(r, warp=9)), "another version", "other options"),
    "options of a wrong type": (lambda r: change_meta(r, config=config_of(r, lr="fast")), "--lr", "'fast'"),
    "an unknown preset": (lambda r: change_meta(r, config=config_of(r, preset="rnig")), "'rnig'", "did you mean ring"),
    "another preset": (lambda r: change_meta(r, config=config_of(r, preset="mlp")), "another model", "running_mean"),
    "other networks": (lambda r: change_meta(r, config=config_of(r, latent=7)), "another model", "0.W"),
    "another optimiser": (lambda r: change_meta(r, config=config_of(r, optimizer="rmsprop")), "model", "RMSProp"),
    "other weights": (other_weights, "another model", "0.W"),
    "no random state": (lambda r: change_meta(r, noise_rng=...), "another model", "noise_rng"),
    "a damaged random state": (lambda r: change_meta(r, drop_rng={"state": 5}), "damaged"),
    "a damaged place": (lambda r: change_meta(r, data=7), "damaged"),
}


@pytest.mark.parametrize("case", RESUME)
def test_resume_refuses(case, run):
    damage, *names = RESUME[case]
    damage(run)
    before = snapshot(run)
    refused("train", "--resume", run, "--steps", 5, names=names)
    assert snapshot(run) == before


OPTIONS = {
    "lr": ("--lr 0.5", "--lr of", "cannot change on --resume"),
    "preset": ("--preset mlp", "--preset of", "is ring"),
    "seed": ("--seed 4", "--seed of", "is 0"),
    "batch": ("--batch-size 8", "--batch-size of", "is 4"),
    "fewer steps": ("--steps 2", "already at step 3 of 2"),
    "epochs": ("--epochs 2", "never runs out"),
    "bad interval": ("--log-interval 0", "--log-interval"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_resume_refuses_options(case, run):
    line, *names = OPTIONS[case]
    before = snapshot(run)
    refused("train", "--resume", run, *line.split(), names=names)
    assert snapshot(run) == before


def test_a_finished_run_is_told_how_to_ask_for_more(run):
    before = snapshot(run)
    refused("train", "--resume", run, names=[str(run), "already at step 3 of 3", "--steps 6"])
    assert snapshot(run) == before


def test_folders_that_are_no_runs(here):
    (here / "empty").mkdir()
    refused("train", "--resume", "empty", names=["empty is not a run folder"])
    (here / "empty" / "config.json").write_text("not JSON")
    refused("train", "--resume", "empty", names=["empty holds no checkpoint"])
    refused("train", "--resume", "empty/config.json", names=["no run folder empty/config.json"])
    refused("train", "--resume", "", names=["not a run folder"])


def test_a_damaged_config_json_costs_nothing(run):
    """The checkpoint holds the options; config.json is for people."""
    (run / "config.json").write_text("{not JSON")
    assert call("train", "--resume", run, "--steps", 4).status == 0


def test_the_advice_to_go_on_from_an_older_checkpoint_works(run):
    newest(run).write_bytes(b"")
    refused("train", "--resume", run, names=["remove it to go on from checkpoint-000000.npz"])
    newest(run).unlink()
    assert call("train", "--resume", run).status == 0


def test_any_changed_byte_of_a_real_checkpoint_is_refused_or_harmless(run):
    """Through the command line, at places all over the file and at all the zip's own tables near its end."""
    raw = newest(run).read_bytes()
    rng = np.random.default_rng(0)
    places = [*range(0, 200, 40), *rng.integers(0, len(raw), 20), *rng.integers(len(raw) - 3000, len(raw), 20)]
    for i in places:
        newest(run).write_bytes(raw)
        flip(newest(run), i)
        result = call("train", "--resume", run, "--steps", 5, "--dry-run")
        assert result.status in (0, 2)
        if result.status:
            assert "checkpoint-000003.npz" in one_sentence(result.err)


# -- sample and doctor -----------------------------------------------------------------------------------------

SAMPLE = {
    "no run named": ("--out a.png", "RUN"),
    "no out": ("run", "--out"),
    "missing run": ("gone --out a.png", "no run folder gone"),
    "missing weights": ("gone.npz --out a.png", "no file gone.npz"),
    "another ending": ("run --out a.jpg", "--out must end in .png", "a.jpg"),
    "no ending": ("run --out a", "--out must end in .png"),
    "missing folder": ("run --out gone/a.png", "--out gone/a.png", "no folder"),
    "a folder": ("run --out dir.png", "dir.png is a folder"),
    "no samples": ("run --n 0 --out a.png", "--n must be from 1", "not 0"),
    "negative samples": ("run --n -3 --out a.png", "--n must be from 1", "not -3"),
    "too many samples": ("run --n 1000001 --out a.png", "--n must be from 1"),
    "n no number": ("run --n many --out a.png", "--n", "'many'"),
    "negative seed": ("run --seed -1 --out a.png", "--seed must be at least 0"),
    "label without labels": ("run --label 3 --out a.png", "--label", "without labels"),
    "unknown backend": ("run --backend tpu --out a.png", "--backend", "'tpu'"),
    "unknown option": ("run --sede 1 --out a.png", "option --sede", "did you mean --seed?"),
    "two runs": ("run run --out a.png", "argument run"),
}


@pytest.mark.parametrize("case", SAMPLE)
def test_sample_refuses(case, run):
    line, *names = SAMPLE[case]
    (run.parent / "dir.png").mkdir()
    before = snapshot(run.parent)
    refused("sample", *line.split(), names=names)
    assert snapshot(run.parent) == before


def generator_meta(run, **changes):
    arrays, meta = checkpoint.load(run / "generator.npz")
    meta = {key: value for key, value in {**meta, **changes}.items() if value is not ...}
    checkpoint.save(run / "generator.npz", arrays, meta)


GENERATORS = {
    "damaged": (lambda r: flip(r / "generator.npz", 3000), "damaged"),
    "without options": (lambda r: generator_meta(r, config=...), "another version", "config"),
    "with unknown options": (lambda r: generator_meta(r, config={"warp": 9}), "another model", "warp"),
    "of another shape": (lambda r: generator_meta(r, shape=[3]), "another model"),
    "without a step": (lambda r: generator_meta(r, step=...), "another version", "step"),
    "without a shape": (lambda r: generator_meta(r, shape=...), "another version", "shape"),
    "without a range": (lambda r: generator_meta(r, range=...), "another version", "range"),
    "of an unknown preset": (lambda r: generator_meta(r, config={"preset": "rnig"}), "'rnig'"),
    "of other data": (lambda r: generator_meta(r, config={"data": "rnig"}), "another model"),
    "with options that are none": (lambda r: generator_meta(r, config=[1]), "its config cannot be [1]"),
    "with a shape that is none": (lambda r: generator_meta(r, shape="28"), "its shape cannot be '28'"),
    "with a range of three": (lambda r: generator_meta(r, range=[0, 1, 2]), "its range cannot be [0, 1, 2]"),
    "with a range of words": (lambda r: generator_meta(r, range=["a", "b"]), "its range cannot be"),
    "at a step that is none": (lambda r: generator_meta(r, step="x"), "its step cannot be 'x'"),
    "of no classes": (lambda r: generator_meta(r, classes=0), "its classes cannot be 0"),
    "of classes that are no number": (lambda r: generator_meta(r, classes="ten"), "its classes cannot be 'ten'"),
    "of labels without their number": (
        lambda r: generator_meta(r, config={"conditioning": "cgan"}),
        "it does not say how many classes",
    ),
}


@pytest.mark.parametrize("case", GENERATORS)
def test_sample_refuses_a_generator(case, run):
    damage, *names = GENERATORS[case]
    damage(run)
    refused("sample", run, "--out", "a.png", names=names)
    assert not (run.parent / "a.png").exists()


@pytest.mark.parametrize("out", ["a.png", "a.npz"])
def test_a_full_disk_keeps_the_old_samples(run, monkeypatch, out):
    (run.parent / out).write_bytes(b"precious")
    monkeypatch.setattr(os, "replace", full)
    result = call("sample", run, "--out", out)
    assert result.status == 2 and f"cannot read or write {out}: No space left" in one_sentence(result.err)
    assert (run.parent / out).read_bytes() == b"precious"
    assert not list(run.parent.glob(".*.tmp"))


def test_doctor_refuses_options():
    refused("doctor", "--gpu", names=["option --gpu", "--help"])
    refused("doctor", "cupy", names=["argument cupy"])
