"""tg.Run: what the command line does, from Python; and what a user gets wrong there."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from cli import ROOT, call, posix_only, train
from training import own
from training.runs import assert_same_arrays, assert_same_run, newest, rows

import tinygan as tg
from tinygan import nn
from tinygan.data import DataError
from tinygan.training import pictures
from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingInterrupted
from tinygan.training.run_folder import RunError

PIXELS, LABELS = own.images()
NAMED = PIXELS, np.array(own.CLASSES)[LABELS]
TINY = dict(batch_size=4, samples=6, latent=8, steps=6, log_interval=1, sample_interval=2, checkpoint_interval=2)


def make_g(shape, latent, rng):
    return nn.Sequential(nn.Dense(latent, 64, rng=rng), nn.Reshape(shape), nn.Tanh())


def make_d(shape, rng):
    n = int(np.prod(shape))
    return nn.Sequential(nn.Flatten(), nn.Dense(n, 8, rng=rng), nn.LeakyReLU(), nn.Dense(8, 1, rng=rng))


NETWORKS = tg.Networks(make_g, make_d)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, quick_pictures):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_what_the_command_line_does():
    path = own.write("npz", Path("data"))
    from_python = tg.Run("mlp", path, loss="lsgan", seed=3, **TINY)
    from_python.train()
    options = [word for key, value in TINY.items() for word in (f"--{key.replace('_', '-')}", value)]
    from_shell = train("--preset", "mlp", "--data", path, "--loss", "lsgan", "--seed", 3, *options)
    assert from_python.path.name == "00000-mlp-my-lsgan" and from_shell.name == "00001-mlp-my-lsgan"
    assert_same_run(from_python.path, from_shell)
    assert {each.name for each in from_python.path.iterdir()} == {each.name for each in from_shell.iterdir()}
    assert json.loads((from_python.path / "config.json").read_text())["command"] == ""


def test_nothing_is_written_before_train(here):
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    assert run.samples(3).shape == (3, 8, 8, 1) and "Dense(8, 64)" in run.describe()
    assert run.step == 0 and not list(here.iterdir())
    with pytest.raises(RunError, match="has no folder yet: train makes it"):
        run.path  # noqa: B018


def test_samples_are_images_in_0_1_and_repeat():
    run = tg.Run(NETWORKS, NAMED, conditioning="cgan", **TINY)
    run.train()
    samples = run.samples(9, seed=5)
    assert samples.dtype == np.float32 and 0 <= samples.min() < samples.max() <= 1
    assert (run.samples(9, seed=5) == samples).all() and (run.samples(9, seed=6) != samples).any()
    assert (run.samples(9, label="dog") == run.samples(9, label=1)).all()
    assert (run.samples(9, label="dog") != run.samples(9, label="hen")).any()
    assert np.abs(run.samples(500, truncation=0.1)).std(axis=0).mean() < run.samples(500).std(axis=0).mean()
    # They are the command line's.
    again = tg.Run.resume(run.path, steps=7, networks=NETWORKS, data=NAMED)
    assert (again.samples(9, seed=5) == samples).all()
    for label, text in (("dgo", "did you mean dog?"), (3, "from 0 to 2"), (-1, "from 0 to 2"), ("", "no class ''")):
        with pytest.raises(ConfigError, match=re.escape(text)):
            run.samples(3, label=label)
    with pytest.raises(ConfigError, match="trained without labels"):
        tg.Run(NETWORKS, PIXELS, **TINY).samples(3, label=0)
    for n in (0, -1, 2.5, "3", None):
        with pytest.raises(ConfigError, match="samples must be a whole number of at least 1"):
            run.samples(n)
    with pytest.raises(ConfigError, match="seed must be a whole number of at least 0"):
        run.samples(3, seed=-1)
    with pytest.raises(ConfigError, match="truncation must be a finite number above 0"):
        run.samples(3, truncation=0)


def test_points_are_points():
    run = tg.Run("ring", np.random.default_rng(0).standard_normal((40, 2)), **TINY)
    seen = []
    run.train(on_pictures=lambda step, points: seen.append((step, points.shape)))
    assert run.samples(5).shape == (5, 2) and seen == [(step, (60, 2)) for step in (0, 2, 4, 6)]


def test_a_path_is_no_name():
    """Also where a folder is called as a data set is."""
    own.write_folder(Path("digits"), classes=False)
    assert len(tg.Run(NETWORKS, Path("digits"), **TINY).setup.dataset) == 12
    assert len(tg.Run(NETWORKS, "digits", **{**TINY, "size": 8}).setup.dataset) == 10_000


def test_a_class_without_pictures_has_an_empty_column():
    images = tg.data.Images("pets", PIXELS | 1, LABELS // 2 * 2, ("cat", "dog", "hen", "fox"))
    run = tg.Run(NETWORKS, images, conditioning="cgan", **TINY)
    reals = pictures.reals(run.setup, 10)
    assert [bool((image > -1).all()) for image in reals] == [True, False, True, False] * 2 + [True, False]
    means = [PIXELS[LABELS // 2 * 2 == k] for k in (0, 2)]
    shown = np.rint((reals + 1) * 127.5).astype(np.uint8)
    for image, of_class in zip(shown, [means[0], None, means[1], None] * 3, strict=False):
        assert of_class is None or any((image == (each | 1)).all() for each in of_class)


# -- callbacks --------------------------------------------------------------------------------------------


def test_callbacks_see_every_step_and_every_picture_and_change_nothing():
    steps, seen = [], []
    watched, alone = tg.Run(NETWORKS, PIXELS, ema=0.9, **TINY), tg.Run(NETWORKS, PIXELS, ema=0.9, **TINY)
    watched.train(
        on_step=lambda step, numbers: steps.append((step, watched.step, numbers)),
        on_pictures=lambda step, images: seen.append((step, images)),
    )
    alone.train()
    assert_same_run(watched.path, alone.path)
    assert [(step, at) for step, at, _ in steps] == [(i, i) for i in range(1, 7)]
    logged = rows(watched.path)
    for (_, _, numbers), row in zip(steps, logged, strict=True):
        assert all(type(value) is float for value in numbers.values())
        assert numbers == {key: row[key] for key in numbers}
    assert [step for step, _ in seen] == [0, 2, 4, 6]
    assert all(images.shape == (6, 8, 8, 1) and 0 <= images.min() <= images.max() <= 1 for _, images in seen)


def test_callbacks_with_rare_logs_change_nothing():
    options = {**TINY, "log_interval": 6, "sample_interval": 6}
    watched, alone = tg.Run(NETWORKS, PIXELS, **options), tg.Run(NETWORKS, PIXELS, **options)
    watched.train(on_step=lambda step, numbers: None)
    alone.train()
    assert_same_run(watched.path, alone.path)


def test_stop_ends_the_run_after_the_step_and_train_goes_on():
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    run.train(on_step=lambda step, numbers: run.stop() if step == 2 else None)
    assert run.step == 2 and newest(run.path)[1]["step"] == 2
    run.train()
    whole = tg.Run(NETWORKS, PIXELS, **TINY)
    whole.train()
    assert_same_arrays(newest(run.path)[0], newest(whole.path)[0])
    assert [row["step"] for row in rows(run.path)] == [1, 2, 3, 4, 5, 6]


def test_stop_at_the_last_step_is_the_end():
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    run.train(on_step=lambda step, numbers: run.stop() if step == 6 else None)
    assert run.step == 6


def test_another_thread_may_train_and_stop():
    run = tg.Run(NETWORKS, PIXELS, **{**TINY, "steps": 10**6, "sample_interval": 10**6})
    begun = threading.Event()
    thread = threading.Thread(target=lambda: run.train(on_step=lambda step, numbers: begun.set()))
    thread.start()
    assert begun.wait(60)
    run.stop()
    thread.join(60)
    assert not thread.is_alive() and newest(run.path)[1]["step"] == run.step > 0


@posix_only
def test_ctrl_c_saves_and_the_next_train_goes_on():
    before = signal.getsignal(signal.SIGINT)
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    go_on = r"stopped after step 4 of 6; go on with: tg.Run.resume\('.*', networks=..., data=...\)"
    with pytest.raises(TrainingInterrupted, match=go_on):
        run.train(on_step=lambda step, numbers: os.kill(os.getpid(), signal.SIGINT) if step == 3 else None)
    assert signal.getsignal(signal.SIGINT) is before and (run.path / "generator.npz").exists()
    run.train()
    assert run.step == 6


def test_an_error_in_a_callback_is_the_callers_and_the_run_goes_on():
    class Mine(Exception):
        pass

    def fail(step, numbers):
        if step == 3:
            raise Mine

    run, whole = tg.Run(NETWORKS, PIXELS, **TINY), tg.Run(NETWORKS, PIXELS, **TINY)
    with pytest.raises(Mine):
        run.train(on_step=fail)
    whole.train()
    tg.Run.resume(run.path, networks=NETWORKS, data=PIXELS).train()
    assert_same_run(run.path, whole.path)


# -- more steps, and the end --------------------------------------------------------------------------------


def test_more_steps_go_on_as_if_never_stopped():
    run, whole = tg.Run(NETWORKS, PIXELS, **TINY), tg.Run(NETWORKS, PIXELS, **{**TINY, "steps": 10})
    run.train()
    with pytest.raises(RunError, match=re.escape("is already at step 6 of 6: ask for more")):
        run.train()
    run.train(steps=np.int64(10))
    whole.train()
    assert_same_run(run.path, whole.path)
    for steps in (0, -3, 2.5, "20", True):
        with pytest.raises(ConfigError, match="--steps must be"):
            run.train(steps=steps)
        assert run.config.steps == 10  # nothing is half taken over
    with pytest.raises(RunError, match="ask for more"):
        run.train(steps=8)


def test_a_finished_run_is_resumed_with_more_steps():
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    run.train()
    ended = tg.Run.resume(run.path, networks=NETWORKS, data=PIXELS)
    assert (ended.samples(3) == run.samples(3)).all()
    with pytest.raises(RunError, match="is already at step 6 of 6: ask for more, such as --steps 12"):
        ended.train()
    again = tg.Run.resume(str(run.path), networks=NETWORKS, data=PIXELS, steps=8, log_interval=2)
    assert (again.step, again.path) == (6, run.path)
    again.train()
    assert [row["step"] for row in rows(run.path)] == [1, 2, 3, 4, 5, 6, 8]


def test_epochs_are_turned_into_steps():
    run = tg.Run(NETWORKS, PIXELS, epochs=2, batch_size=4)
    assert run.config.steps == 6
    with pytest.raises(ConfigError, match="--epochs must be at least 1"):
        tg.Run(NETWORKS, PIXELS, epochs=0, batch_size=4)
    with pytest.raises(ConfigError, match="never runs out"):
        tg.Run("ring", epochs=2)


def test_own_networks_start_from_the_defaults_or_a_preset():
    defaults = tg.Run(NETWORKS, PIXELS, batch_size=4).config
    assert (defaults.loss, defaults.lr, defaults.ema, defaults.preset) == ("ns", 2e-4, 0, "own")
    assert tg.Run(NETWORKS, PIXELS, preset="mlp", batch_size=4).config.ema == 0.995
    assert tg.Run(NETWORKS, PIXELS, batch_size=4, quick=True).config.steps == 50


# -- what a user gets wrong -----------------------------------------------------------------------------------

OPTIONS = {
    "unknown": (dict(stesp=3), "there is no option 'stesp': did you mean steps?"),
    "loss": (dict(loss="nss"), "unknown loss 'nss': did you mean ns?"),
    "loss as an object": (dict(loss=tg.losses.get("ns")), "--loss must be text"),
    "steps a fraction": (dict(steps=2.5), "--steps must be a whole number, not 2.5"),
    "steps as text": (dict(steps="4"), "--steps must be a whole number, not '4'"),
    "steps true": (dict(steps=True), "--steps must be a whole number, not True"),
    "lr": (dict(lr=np.nan), "--lr must be a finite number"),
    "batch": (dict(batch_size=13), "choose a batch size of at most 12"),
    "size": (dict(size=13), "multiples of 4 from 8 to 512, not 13: the nearest is 12"),
    "size as a list": (dict(size=[16, 16, 3]), "size must be a number of pixels"),
    "channels": (dict(channels=2), "channels must be 1 (grey), 3 (colour)"),
    "crop": (dict(crop="middle"), "crop must be one of center, fit, random"),
    "background": (dict(background="nocolour"), "background must be the name of a colour"),
    "augment": (dict(augment="shfit"), "unknown augmentation 'shfit': did you mean shift?"),
    "penalty": (dict(penalty="r1+gpp"), "unknown penalty 'gpp'"),
    "conditioning": (dict(conditioning="cgan"), "needs labels"),
    "preset": (dict(preset="dcgn"), "unknown preset 'dcgn': did you mean dcgan?"),
    "no preset": (dict(preset=None), "unknown preset None"),
    "metrics": (dict(metrics="all"), "too few images to judge by"),
    "data twice": (dict(data_dir="here"), "--data-dir goes with"),
    "outdir": (dict(outdir=""), "--outdir must name the folder"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_wrong_option_is_one_sentence(case, here):
    options, text = OPTIONS[case]
    with pytest.raises((ConfigError, DataError)) as raised:
        tg.Run(NETWORKS, PIXELS, **{**TINY, **options})
    assert text in str(raised.value) and "\n" not in str(raised.value)
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["augment", "mirror", "size", "channels", "crop", "background", "strict"])
def test_what_is_for_images_is_refused_for_points(name):
    value = dict(augment="shift", mirror=True, size=16, channels=3, crop="fit", background="red", strict=True)[name]
    points = np.zeros((10, 2))
    for networks, data in (("ring", None), ("ring", points), (tg.Networks(make_g, make_d), tg.data.grid())):
        with pytest.raises((ConfigError, DataError), match=f"(--{name} is for images|have no --size)"):
            tg.Run(networks, data, **{**TINY, name: value})
    np.save("points.npy", points)
    result = call("train", "--preset", "ring", "--data", "points.npy", f"--{name}", *([] if value is True else [value]))
    assert result.status == 2 and "points in the plane" in result.err


DATA = {
    "a number": (3, "3 is no data set"),
    "a function": (lambda n, rng: np.zeros((n, 2)), "function is no data set"),
    "an object": (object(), "object is no data set"),
    "text": ("digist", "did you mean digits?"),
    "no text": ("", "there is no data set ''"),
    "a missing path": (Path("gone/pictures"), "gone/pictures does not exist"),
    "one axis": (np.zeros(3), "has shape (3,)"),
    "rows": (np.zeros((3, 5)), "has shape (3, 5)"),
    "two channels": (np.zeros((12, 8, 8, 2)), "C is 1, 3 or 4"),
    "none": (np.zeros((0, 8, 8)), "holds no images"),
    "nan": (np.full((12, 8, 8), np.nan), "not finite"),
    "text in an array": (np.array(["a", "b"]), "give numbers"),
    "few labels": ((PIXELS, LABELS[:3]), "12 images but labels of shape (3,)"),
    "three": ((PIXELS, LABELS, 3), "tuple is no data set"),
    "sample without rng": (type("S", (), {"sample": lambda self, n: np.zeros((n, 2))})(), "must take (n, rng)"),
    "sample of three": (type("S", (), {"sample": lambda self, n, rng: np.zeros((n, 3))})(), "of shape (2, 3)"),
}


@pytest.mark.parametrize("case", DATA)
def test_wrong_data_are_one_sentence(case, here):
    data, text = DATA[case]
    with pytest.raises(DataError) as raised:
        tg.Run(NETWORKS, data, **TINY)
    assert text in str(raised.value) and not list(here.iterdir())


@pytest.mark.parametrize("networks", [3, Path("my.py"), (make_g, make_d), tg.Networks, nn.Dense(3, 4), b"mlp"])
def test_what_are_no_networks_is_one_sentence(networks):
    with pytest.raises(ConfigError, match=r"networks must be tg.Networks\(make_g, make_d\), the name of a preset, or"):
        tg.Run(networks, PIXELS, **TINY)


def test_resume_says_what_is_wrong(here):
    run = tg.Run(NETWORKS, PIXELS, **TINY)
    run.train()
    again = dict(networks=NETWORKS, data=PIXELS, steps=9)
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    for options, text in (
        (dict(stesp=9), "there is no option 'stesp': did you mean steps?"),
        (dict(loss="wgan"), "--loss of .* is ns: it cannot change"),
        (dict(epochs=9), "give --steps or --epochs, not both"),
        (dict(networks=None), "networks given in Python"),
        (dict(data=None), "data given in Python, <array>"),
        (dict(data=PIXELS[:, ::-1]), "others, or they have other labels"),
        (dict(data=PIXELS[:9]), "12 images .* here are 9"),
        (dict(data=3), "3 is no data set"),
        (dict(networks=3), "networks must be tg.Networks"),
        (dict(networks="my.py"), "must be FILE.py:NAME"),
        (dict(data="gone.npz"), "gone.npz does not exist"),
    ):
        with pytest.raises((ConfigError, DataError), match=text):
            tg.Run.resume(run.path, **{**again, **options})
    with pytest.raises(RunError, match="there is no run folder gone"):
        tg.Run.resume("gone", **again)
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before
    changed = tg.Run.resume(run.path, **{**again, "data": PIXELS[:9]}, data_changed=True)
    changed.train()
    assert "the data have changed" in (run.path / "log.txt").read_text()


def test_log_and_readme_of_a_run_from_python():
    run = tg.Run(NETWORKS, PIXELS, outdir="it's a place", **TINY)
    run.train()
    log, readme = (run.path / "log.txt").read_text(), (run.path / "README.txt").read_text()
    assert "from Python" in log and "12 pictures, 8 x 8, grey" in log
    assert "the lines of Python that began it" in readme
    (line,) = re.findall(r"everything needed to go on: (.*) with more steps", readme)
    names = {"tg": tg, "NETWORKS": NETWORKS, "PIXELS": PIXELS}
    code = line.replace("networks=...", "networks=NETWORKS").replace("data=...", "data=PIXELS, steps=9")
    assert eval(code, names).step == 6


def test_the_lines_of_the_manual_run_as_they_stand(here):
    """In a process of its own, without a terminal; `import tinygan` does not yet bring the progress bar."""
    code = """
import sys
import numpy as np
import tinygan as tg
assert "tqdm" not in sys.modules and "matplotlib" not in sys.modules
from tinygan import nn

def make_g(shape, latent, rng):
    return nn.Sequential(nn.Dense(latent, 64, rng=rng), nn.Reshape(shape), nn.Tanh())

def make_d(shape, rng):
    return nn.Sequential(nn.Flatten(), nn.Dense(64, 1, rng=rng))

data = np.random.default_rng(0).integers(0, 256, (100, 8, 8), dtype=np.uint8)
run = tg.Run(tg.Networks(make_g, make_d, name="mine"), data, steps=20, loss="ns", penalty="r1", outdir="runs")
run.train()
print(run.samples(25).shape)
run = tg.Run.resume("runs/00000-mine-array-ns", networks=tg.Networks(make_g, make_d), data=data, steps=25)
run.train(on_step=lambda step, numbers: print(step), on_pictures=lambda step, images: print(images.shape))
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["(25, 8, 8, 1)", "21", "22", "23", "24", "25", "(100, 8, 8, 1)", ""]
