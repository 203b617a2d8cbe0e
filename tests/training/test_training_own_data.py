"""Every kind of data of one's own, from end to end: trained, killed, resumed elsewhere to the last bit, sampled."""

import os
import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence, posix_only, start, train
from PIL import Image
from training import own
from training.own import CLASSES, FILES, OFTEN, TINY
from training.runs import assert_same_run, newest, rows

import tinygan as tg
from tinygan.training.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("narrow")
STEPS = 7
OPTIONS = dict(batch_size=4, samples=6, latent=8, steps=STEPS, log_interval=1, sample_interval=2, checkpoint_interval=2)


class Killed(BaseException):
    """Stands for SIGKILL, in this process: nothing in the library may catch it."""


def killed_at(monkeypatch, step, begin):
    """Let `begin` run until it has written the numbers of that step, and then no further."""

    def append(folder, name, row):
        written(folder, name, row)
        if name == "stats.jsonl" and row["step"] == step:
            raise Killed

    written = RunFolder.append
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RunFolder, "append", append)
        begin()


@pytest.fixture
def places(tmp_path, monkeypatch, quick_pictures):
    """Two folders; we stand in the first."""
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here", tmp_path / "elsewhere"


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_is_killed_and_resumed_from_another_folder(kind, places, monkeypatch):
    here, elsewhere = places
    path, label = own.write(kind, Path("data")), FILES[kind][2]
    assert not path.is_absolute()
    options = ("--data", path, *TINY, *OFTEN, "--steps", STEPS, "--mirror", "--size", 8)
    if label:
        options = (*options, "--conditioning", "cgan")
    whole = here / train(*options, "--outdir", "whole")
    step = random.Random(kind).randrange(1, STEPS)
    killed_at(monkeypatch, step, lambda: call("train", *options, "--outdir", "killed"))
    (run,) = (here / "killed").iterdir()

    monkeypatch.chdir(elsewhere)
    result = call("train", "--resume", run)
    assert result.status == 0, result.err
    assert result.out.splitlines()[1].startswith("12 pictures, ")  # what was read is said again
    assert_same_run(run, whole)

    assert call("sample", run, "--n", 5, "--out", "samples.png").status == 0
    with Image.open("samples.png") as picture:
        assert min(picture.size) > 16
    assert call("sample", run, "--n", 5, "--out", "samples.npz").status == 0
    assert np.load("samples.npz")["samples"].shape == (5, *newest(run)[1]["shape"])
    if label:
        result = call("sample", run, "--n", 5, "--label", label, "--out", "one.npz")
        assert f"5 samples of class {label} of " in result.out
        assert np.load("one.npz")["labels"].tolist() == [0] * 5
        near = one_sentence(call("sample", run, "--label", "catt", "--out", "one.npz").err)
        assert "there is no class 'catt'" in near and ("did you mean cat?" in near) == (label == "cat")
    else:
        assert "was trained without labels" in call("sample", run, "--label", "0", "--out", "one.npz").err


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_from_python(kind, places, monkeypatch):
    here, elsewhere = places
    path = own.write(kind, Path("data"))
    whole = tg.Run("mlp", path, outdir="whole", **OPTIONS, size=8)
    whole.train()

    def end(step, numbers):
        if step == 5:
            raise Killed

    broken = tg.Run("mlp", path, outdir="broken", **OPTIONS, size=8)
    with pytest.raises(Killed):
        broken.train(on_step=end)
    monkeypatch.chdir(elsewhere)
    again = tg.Run.resume(here / broken.path)
    assert again.step == 4
    again.train()
    assert_same_run(again.path, here / whole.path)
    assert again.samples(3).tobytes() == whole.samples(3).tobytes()


def wait_for(process, condition):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@posix_only
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "npz", "zip"])
def test_kill_9_at_random_moments(kind, places):
    here, elsewhere = places
    path = own.write(kind, Path("data"))
    options = (
        "--data",
        path,
        *TINY,
        "--steps",
        200,
        "--ema",
        0.9,
        "--conditioning",
        "cgan",
        "--augment",
        "color+cutout",
    )
    often = ("--log-interval", 1, "--sample-interval", 20, "--checkpoint-interval", 10)
    start("train", *options, *often, "--outdir", "whole", cwd=here).communicate(timeout=60)
    (whole,) = here.glob("whole/*")
    rng, run = random.Random(kind), None
    for _ in range(4):
        if run is None:
            process = start("train", *options, *often, "--outdir", "killed", cwd=here)
            wait_for(process, lambda: list(here.glob("killed/*/checkpoint-*.npz")))
            (run,) = here.glob("killed/*")
        else:
            process = start("train", "--resume", run, cwd=elsewhere)
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.6))
        finished = process.poll() is not None
        process.kill()
        process.communicate()
        if finished:
            break
    if newest(run)[1]["step"] < 200:
        start("train", "--resume", run, cwd=elsewhere).communicate(timeout=60)
    assert_same_run(run, whole)


# -- data that moved, or changed -------------------------------------------------------------------------


@pytest.fixture
def run(places):
    """A finished run on a folder of pictures."""
    return places[0] / train("--data", own.write("folder", Path("data")), *TINY, *OFTEN, "--steps", 4)


DATA = Path("data", "my pictures")


def refused(*argv, names):
    result = call("train", *argv)
    assert result.status == 2 and result.out == ""
    sentence = one_sentence(result.err)
    assert all(name in sentence for name in names), sentence


def test_data_that_moved_are_named_again(run, places, tmp_path):
    whole = places[0] / train("--data", DATA, *TINY, *OFTEN, "--steps", 8)
    shutil.move(DATA, tmp_path / "moved")
    refused("--resume", run, "--steps", 8, names=["my pictures", "does not exist", "--data PATH"])
    train("--resume", run, "--steps", 8, "--data", tmp_path / "moved")
    assert rows(run) == rows(whole)
    assert newest(run)[1]["config"]["data"] == str(tmp_path / "moved")
    train("--resume", run, "--steps", 9)  # the new place is remembered


def test_a_changed_pixel_is_seen(run):
    path = DATA / "cat" / "00.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(path)
    refused("--resume", run, "--steps", 8, names=["others", "--data-changed"])


def test_a_picture_in_another_class_is_seen(run):
    os.rename(DATA / "cat" / "00.png", DATA / "hen" / "00.png")
    refused("--resume", run, "--steps", 8, names=["others", "--data-changed"])


def test_a_grown_folder_goes_on_when_that_is_said(run):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(DATA / "cat" / "new.png")
    before = {path: path.read_bytes() for path in run.iterdir()}
    refused("--resume", run, "--steps", 8, names=["12 images", "13", "--data-changed"])
    assert {path: path.read_bytes() for path in run.iterdir()} == before
    result = call("train", "--resume", run, "--steps", 8, "--data-changed")
    assert result.status == 0, result.err
    said = "the data have changed since the run began: a new epoch begins"
    assert result.out.splitlines()[1].startswith("13 pictures, 8 x 8, grey, 3 classes (cat 5,")
    assert said in result.out and said in (run / "log.txt").read_text()
    assert [row["epoch"] for row in rows(run)] == [0, 0, 0, 1, 2, 2, 2, 3]
    assert call("train", "--resume", run, "--steps", 9).status == 0  # the new content is what counts now


def test_a_new_class_does_not_fit_a_conditional_run(places):
    run = train("--data", own.write("folder", Path("data")), *TINY, "--steps", 2, "--conditioning", "cgan")
    (DATA / "fox").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(DATA / "fox" / "0.png")
    were = "the run learnt the classes cat, dog, hen, and the data have cat, dog, fox, hen"
    refused("--resume", run, "--steps", 8, "--data-changed", names=[were, "start a new run"])
    shutil.rmtree(DATA / "dog")  # as many as before, but other ones
    refused("--resume", run, "--steps", 8, "--data-changed", names=["and the data have cat, fox, hen"])


def test_said_to_be_changed_without_a_change_is_exact(run, places):
    whole = places[0] / train("--data", DATA, *TINY, *OFTEN, "--steps", 8)
    train("--resume", run, "--steps", 8, "--data-changed")
    assert rows(run) == rows(whole) and "have changed" not in (run / "log.txt").read_text()


def test_changed_is_for_old_runs(places):
    refused("--data", own.write("folder", Path("data")), "--data-changed", names=["--data-changed", "--resume"])
    assert not Path("runs").exists()


# -- objects ---------------------------------------------------------------------------------------------


class Cross:
    """Points on two lines."""

    def sample(self, n, rng):
        x = rng.standard_normal((n, 2))
        x[np.arange(n), rng.integers(0, 2, n)] = 0
        return x


def arrays():
    pixels, labels = own.images(side=30)
    return pixels[:, :, :20], np.array(CLASSES)[labels]


OBJECTS = {
    "array": (arrays()[0], dict(size=16, crop="fit", background="black"), "array"),
    "channels first": (own.images(channels=3)[0].transpose(0, 3, 1, 2), dict(channels=1), "array"),
    "pair": (arrays(), dict(size=(16, 12), conditioning="cgan"), "array"),
    "Images": (tg.data.digits(n=40), dict(conditioning="acgan"), "digits"),
    "points": (np.random.default_rng(0).standard_normal((50, 2)), {}, "array"),
    "sample": (Cross(), {}, "Cross"),
    "Mixture": (tg.data.ring(), {}, "ring"),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects_are_resumed_when_they_are_given_again(kind, tmp_path, quick_pictures):
    data, more, name = OBJECTS[kind]
    preset = "ring" if kind in ("points", "sample", "Mixture") else "mlp"
    options = dict(OPTIONS, **more, outdir=tmp_path)
    whole, halves = tg.Run(preset, data, **options), tg.Run(preset, data, **options)
    whole.train()
    with pytest.raises(Killed):
        halves.train(on_step=kill_after(4))
    assert halves.path.name == f"00001-{preset}-{name}-ns"
    sentence = one_sentence(call("train", "--resume", halves.path).err)
    assert f"data given in Python, <{name}>" in sentence and "data=" in sentence and "--data PATH" in sentence
    again = tg.Run.resume(halves.path, data=data)
    again.train()
    assert_same_run(again.path, whole.path)


def kill_after(last):
    def on_step(step, numbers):
        if step > last:
            raise Killed

    return on_step


def test_an_array_may_come_as_a_file_later(tmp_path, quick_pictures):
    pixels, labels = own.images()
    halves = tg.Run("mlp", (pixels, labels), outdir=tmp_path, **OPTIONS)
    with pytest.raises(Killed):
        halves.train(on_step=kill_after(4))
    path = own.write("npz", tmp_path)
    train("--resume", halves.path, "--data", path)
    whole = tg.Run("mlp", (pixels, labels), outdir=tmp_path, **OPTIONS)
    whole.train()
    assert rows(halves.path) == rows(whole.path)
    np.savez(path, x_train=pixels[::-1, ..., 0], y_train=labels)
    refused("--resume", halves.path, "--steps", 9, names=["others"])
    refused("--resume", halves.path, "--steps", 9, "--data", "digits", names=["--data of", "cannot change"])


def test_a_batch_of_an_object_that_cannot_repeat_is_said(tmp_path, quick_pictures):
    class Loose:
        def sample(self, n, rng):
            return np.random.default_rng().standard_normal((n, 2))

    run = tg.Run("ring", Loose(), outdir=tmp_path, **OPTIONS)
    run.train()
    assert "cannot be repeated exactly" in (run.path / "log.txt").read_text()
