"""Networks of one's own, from a file or from Python: they get all that a preset gets, and bad ones cost nothing."""

import os
import random
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence, posix_only, start, train
from training import own
from training.own import MY_PY, OFTEN, TINY
from training.runs import assert_same_arrays, assert_same_run, newest

import tinygan as tg
from tinygan import nn
from tinygan.training import trained
from tinygan.training.config import ConfigError

PIXELS, LABELS = own.images()
OPTIONS = dict(batch_size=4, samples=6, latent=8, steps=7, log_interval=1, sample_interval=3, checkpoint_interval=2)


@pytest.fixture
def here(tmp_path, monkeypatch, quick_pictures):
    """A folder with my.py and pictures, in which we stand."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    own.write_networks(Path("my.py"))
    own.write("folder", Path("data"))
    return tmp_path / "here"


MINE = ("--networks", "my.py:mine", "--data", "data/my pictures", *TINY, *OFTEN)


def refused(tool, *argv, names):
    result = call(tool, *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2 and not result.out, result
    for name in names:
        assert name in sentence, sentence
    assert len(sentence) < 500
    return sentence


class Killed(BaseException):
    pass


def kill_after(last):
    def on_step(step, numbers):
        if step > last:
            raise Killed

    return on_step


# -- a file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["deleted", "changed", "kept"])
def test_a_run_goes_on_with_its_copy_of_the_file(here, tmp_path, monkeypatch, fate):
    more = ("--ema", 0.9, "--penalty", "r1")
    whole = here / train(*MINE, *more, "--steps", 8)
    result = call("train", *MINE, *more, "--steps", 4)
    assert "\nthe networks are mine of my.py\n" in result.out
    run = here / "runs" / "00001-mine-my-pictures-ns"
    assert (run / "networks.py").read_text() == MY_PY
    assert "the networks are mine of my.py" in (run / "log.txt").read_text()
    if fate == "deleted":
        os.remove("my.py")
    elif fate == "changed":
        Path("my.py").write_text(MY_PY.replace("12", "13"))

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    copy = f"the networks are mine of {run / 'networks.py'}\n"
    result = call("train", "--resume", run, "--steps", 8)
    assert result.status == 0 and copy in result.out, result
    assert copy.strip() in (run / "log.txt").read_text()
    assert_same_run(run, whole)
    for tool, out in (("sample", "a.png"), ("sample", "a.npz"), ("interpolate", "b.png"), ("interpolate", "b.gif")):
        result = call(tool, run, "--out", out)
        assert result.status == 0 and copy in result.out and Path(out).exists(), result
    # The generator alone, and the checkpoint, which holds the average, say the same.
    for name in ("generator.npz", "checkpoint-000008.npz"):
        assert call("sample", run / name, "--out", "c.npz").status == 0
        assert (np.load("c.npz")["samples"] == np.load("a.npz")["samples"]).all()
    assert "too few images to judge by" in call("evaluate", run).err


@posix_only
@pytest.mark.slow
def test_kill_9_and_another_process_in_another_folder(here, tmp_path):
    options = (*MINE, "--steps", 300, "--checkpoint-interval", 10, "--sample-interval", 50, "--ema", 0.9)
    start("train", *options, "--outdir", "whole", cwd=here).communicate(timeout=60)
    (whole,) = here.glob("whole/*")
    process = start("train", *options, "--outdir", "killed", cwd=here)
    while not list(here.glob("killed/*/checkpoint-*.npz")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    (run,) = here.glob("killed/*")
    time.sleep(random.Random(0).uniform(0, 0.5))
    process.kill()
    process.communicate()
    os.remove("my.py")
    if newest(run)[1]["step"] < 300:
        process = start("train", "--resume", run, cwd=tmp_path)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and f"mine of {run / 'networks.py'}" in out, err
    assert_same_run(run, whole)
    process = start("sample", run, "--out", "a.npz", cwd=tmp_path)
    assert process.communicate(timeout=60) and process.returncode == 0
    assert call("sample", whole, "--out", "b.npz").status == 0
    assert (np.load(tmp_path / "a.npz")["samples"] == np.load("b.npz")["samples"]).all()


def test_a_changed_or_missing_copy_is_refused(here):
    run = train(*MINE, "--steps", 2)
    copy = run / "networks.py"
    copy.write_text(MY_PY.replace("12", "13"))
    for argv in (("train", "--resume", run, "--steps", 4), ("sample", run, "--out", "a.png"), ("evaluate", run)):
        refused(*argv, names=[str(copy), "was changed since the run began"])
    copy.unlink()
    refused("sample", run, "--out", "a.png", names=[str(copy), "is missing", "--networks FILE.py:NAME"])
    train("--resume", run, "--steps", 4, "--networks", "my.py:mine")
    Path("my.py").write_text(MY_PY.replace("12", "13"))
    refused("sample", run, "--out", "a.png", "--networks", "my.py:mine", names=["my.py", "is not the file", "SHA-256"])


def test_a_generator_that_was_taken_along_needs_the_file(here, tmp_path):
    run = train(*MINE, "--steps", 2)
    alone = shutil.copy(run / "generator.npz", tmp_path / "alone.npz")
    refused("sample", alone, "--out", "a.png", names=["is missing", "--networks FILE.py:NAME"])
    assert call("sample", alone, "--out", "a.npz", "--networks", "my.py:mine").status == 0
    assert call("sample", run, "--out", "b.npz").status == 0
    assert (np.load("a.npz")["samples"] == np.load("b.npz")["samples"]).all()


def test_what_lies_beside_the_file_can_be_imported_at_its_place(here, tmp_path, monkeypatch):
    Path("sizes_of_mine.py").write_text("WIDTH = 12\n")
    own.write_networks(Path("my.py"), "from sizes_of_mine import WIDTH\n" + MY_PY.replace("12", "WIDTH"))
    run = here / train(*MINE, "--steps", 2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "sizes_of_mine")
    names = ["networks.py, line 1", "No module named 'sizes_of_mine'", "beside the file was not copied"]
    refused("train", "--resume", run, "--steps", 4, names=[*names, "--networks FILE.py:NAME"])
    train("--resume", run, "--steps", 4, "--networks", here / "my.py:mine")


def test_a_function_without_arguments_may_return_them(here):
    own.write_networks(Path("my.py"), MY_PY + "\ndef both():\n    return mine\n")
    assert train(*MINE[2:], "--networks", "my.py:both", "--steps", 1).name == "00000-mine-my-pictures-ns"


def test_what_the_file_prints_is_printed(here):
    own.write_networks(Path("my.py"), MY_PY + "print('read')\n")
    assert call("train", *MINE, "--steps", 1).out.startswith("read\nruns")


def test_dry_run_shows_own_networks_and_data(here):
    result = call("train", *MINE, "--steps", 4, "--dry-run")
    assert result.status == 0 and not Path("runs").exists()
    for text in ("12 pictures, 8 x 8, grey", "BatchNorm(12, ", "(N, 64)", "networks = my.py:mine", "Dropout(0.3)"):
        assert text in result.out
    run = train(*MINE, "--steps", 2)
    assert "BatchNorm(12, " in call("train", "--resume", run, "--steps", 4, "--dry-run").out


# -- bad files -------------------------------------------------------------------------------------------

HEAD = """import math
import numpy as np
import tinygan as tg
from tinygan import nn

class Own(nn.Module):
    def __init__(self, n_in, shape, rng):
        self.dense, self.shape = nn.Dense(n_in, math.prod(shape), rng=rng), shape
    def flat(self, x):
        return self.dense(x.reshape((len(x), -1)))
    def forward(self, x):
        return self.flat(x).reshape((len(x), *self.shape))

def make_g(shape, latent, rng):
    return Own(latent, shape, rng)
def make_d(shape, rng):
    return Own(math.prod(shape), (1,), rng)
"""
MAKE = "\nmine = tg.Networks(make_g, make_d, (-1, 1))\n"
FORWARD = "\nclass Bad(Own):\n    def forward(self, x):\n        return {}\n"
BAD_G = FORWARD + "def make_g(shape, latent, rng):\n    return Bad(latent, shape, rng)\n" + MAKE
BAD_D = FORWARD + "def make_d(shape, rng):\n    return Bad(math.prod(shape), (1,), rng)\n" + MAKE
HIDDEN = "\nHIDDEN = {'a': nn.Dense(1, 1)}\n" + BAD_D.format("HIDDEN['a'](self.flat(x))")
BARE = "\nclass Bare(nn.Module):\n    def forward(self, x):\n        return x.sum(axis=(1, 2))\n"
NO_PARAMETERS = BARE + "def make_d(shape, rng):\n    return Bare()\n" + MAKE

FILES = {
    "empty": ("", "my.py has no mine", "write NAME = tg.Networks(make_g, make_d)"),
    "syntax": (HEAD + "def f(:\n", "my.py, line 18: SyntaxError: invalid syntax"),
    "indentation": ("if 1:\n\tx = 1\n        y = 2\n", "my.py, line 3: TabError"),
    "zero byte": ("a = '\0'\n", "my.py", "null bytes"),
    "no code in UTF-8": (b"a = '\xff\xfe'\n", "my.py", "SyntaxError"),
    "misspelt": (HEAD + MAKE.replace("mine", "mien"), "has no mine: did you mean mien?"),
    "guarded": (HEAD + "if __name__ == '__main__':\n    mine = tg.Networks(make_g, make_d)\n", "my.py has no mine"),
    "a number": ("mine = 3\n", "something of type int, not Networks"),
    "a pair": (HEAD + "mine = make_g, make_d\n", "something of type tuple"),
    "a module": (HEAD + "mine = nn.Dense(3, 4)\n", "something of type Dense"),
    "a class": (HEAD + "mine = tg.Networks\n", "something of type type"),
    "a function with arguments": (HEAD + "def mine(x): ...\n", "mine() missing 1 required positional argument: 'x'"),
    "a function that returns none": (HEAD + "def mine(): ...\n", "is, or returns, something of type NoneType"),
    "missing package": ("import nosuch\n", "my.py, line 1: ModuleNotFoundError: No module named 'nosuch'"),
    "relative import": ("from . import other\n", "line 1: ImportError: attempted relative import"),
    "exit": ("raise SystemExit(0)\n", "line 1: SystemExit: 0"),
    "exit in a function": (HEAD + "def make_g(*a):\n    exit()\n" + MAKE, "make_generator failed: SystemExit"),
    "endless": ("def f():\n    f()\nf()\n", "RecursionError"),
    "one network": (HEAD + "mine = tg.Networks(make_g)\n", "missing 1 required", "line 18"),
    "no function": (HEAD + "mine = tg.Networks(make_g, 3)\n", "not function and int", "line 18"),
    "range": (HEAD + "mine = tg.Networks(make_g, make_d, (1, -1))\n", "output_range must be two numbers that run up"),
    "name": (HEAD + "mine = tg.Networks(make_g, make_d, name=3)\n", "the name of Networks must be text, not 3"),
    "no name": (HEAD + "mine = tg.Networks(make_g, make_d, name=' ')\n", "must not be empty"),
    "no range": (HEAD + "mine = tg.Networks(make_g, make_d)\n", "range of the generator's images is not known"),
    "few arguments": (HEAD + "def make_g(shape): ...\n" + MAKE, "make_generator failed: TypeError: make_g() takes 1"),
    "raises": (HEAD + "def make_d(*a):\n    {}['x']\n" + MAKE, "make_discriminator failed: KeyError: 'x' (my.py, line"),
    "returns a tuple": (HEAD + "def make_g(*a):\n    return 1, 2\n" + MAKE, "make_generator must return a Module"),
    "no parameters": (HEAD + NO_PARAMETERS, "the discriminator has no parameters to train"),
    "layers in a dict": (HEAD + HIDDEN, "uses parameters that are not among its own", "attributes, or in lists"),
    "shape of G": (HEAD + BAD_G.format("self.flat(x)"), "the generator returns (N, 64)", "not (N, 8, 8, 1)"),
    "shape of D": (HEAD + BAD_D.format("self.flat(x).mean()"), "the discriminator returns ()", "not (N, 1)"),
    "always two": (HEAD + BAD_G.format("self.flat(x).reshape((2, 8, 8, 1))"), "cannot take", "in training"),
    "latent": (HEAD + "def make_g(s, l, rng):\n    return Own(5, s, rng)\n" + MAKE, "axis 1 has 8 instead of 5"),
    "array": (HEAD + BAD_D.format("np.zeros((len(x), 1))"), "must return a Tensor", "ndarray"),
    "detached": (HEAD + BAD_D.format("self.flat(x).detach()"), "does not use its parameter dense.W"),
    "not of the input": (HEAD + BAD_D.format("self.flat(x.detach())"), "does not depend on its input"),
    "nan": (HEAD + BAD_G.format("self.flat(x * float('nan')).reshape((len(x), 8, 8, 1))"), "generator", "not finite"),
    "float64": (
        HEAD + BAD_G.format("self.flat(x).reshape((len(x), 8, 8, 1)) * tg.Tensor(np.ones(1))"),
        "the generator returns float64",
        "astype(np.float32)",
    ),
    "fails in training": (
        HEAD + BAD_G.format("self.flat(x).reshape((len(x), 8, 8, 1)) if not self.training else {}[0]"),
        "in training: KeyError: 0 (my.py, line",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_one_sentence_and_costs_nothing(here, case):
    text, *names = FILES[case]
    Path("my.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    before = set(sys.path)
    refused("train", *MINE, "--steps", 1, names=names)
    assert set(os.listdir()) == {"my.py", "data"} and set(sys.path) == before


SPECS = {
    "": "must be FILE.py:NAME",
    ":": "must be FILE.py:NAME",
    "my.py": "must be FILE.py:NAME, such as my.py:networks, not 'my.py'",
    "my.py:": "must be FILE.py:NAME",
    ":mine": "must be FILE.py:NAME",
    "my.py:a.b": "must be FILE.py:NAME",
    "my.py:mine()": "must be FILE.py:NAME",
    "my.py: mine": "must be FILE.py:NAME",
    "data:mine": "data cannot be read (Is a directory)",
    "gone.py:mine": "gone.py cannot be read (No such file",
    "~nosuchuser/my.py:mine": "~nosuchuser/my.py cannot be read (No such file",
    "a\0b.py:mine": r"a\x00b.py cannot be read (embedded null byte)",
    "x" * 3000 + ":mine": "cannot be read (File name too long)",
    "data/my pictures/cat/00.png:mine": "00.png: ",  # which error the compiler raises is for the version of Python
}


@posix_only
@pytest.mark.parametrize("spec", SPECS)
def test_what_is_no_file_and_name_is_one_sentence(here, spec):
    refused("train", "--networks", spec, *MINE[2:], names=["--networks", SPECS[spec]])
    assert set(os.listdir()) == {"my.py", "data"}


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(here):
    os.chmod("my.py", 0)
    refused("train", *MINE, names=["my.py cannot be read (Permission denied)"])


def test_a_misspelt_preset_is_guessed_here_too(here):
    refused("train", "--networks", "dcgn", names=["unknown preset 'dcgn'", "did you mean dcgan?"])
    refused("train", "--networks", "mlp", "--preset", "dcgan", names=["'mlp'", "'dcgan'", "name two presets"])


# -- from Python -------------------------------------------------------------------------------------------


def namespace() -> dict:
    names: dict = {"__name__": "mine"}
    exec(MY_PY, names)
    return names


NAMES = namespace()


def fresh(kind: str) -> tg.Networks:
    """The networks of my.py as functions, or made for 8 noises and PIXELS."""
    if kind == "functions":
        return NAMES["mine"]
    generator, discriminator = NAMES["mine"]((8, 8, 1), 8, np.random.default_rng(3))
    return tg.Networks(generator, discriminator, output_range=(-1, 1), name="ready")


SWITCHES = {
    "plain": {},
    "many at once": dict(ema=0.9, penalty="gp", instance_noise=0.1, n_critic=2, fresh_fakes=True),
    "spectral norm": dict(spectral_norm=True),
    "augment and mirror": dict(augment="color+shift+cutout", mirror=True),
    "unrolled": dict(unroll=2),
}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("kind", ["functions", "ready"])
def test_resuming_is_exact_with_each_switch(kind, switch, tmp_path, quick_pictures):
    """Also what Dropout and BatchNorm inside keep."""
    options = dict(OPTIONS, **SWITCHES[switch], outdir=tmp_path)
    whole, halves = (tg.Run(fresh(kind), PIXELS, **options) for _ in range(2))
    whole.train()
    with pytest.raises(Killed):
        halves.train(on_step=kill_after(4))
    again = tg.Run.resume(halves.path, networks=fresh(kind), data=PIXELS)
    assert again.step == 4
    again.train()
    assert_same_run(halves.path, whole.path)
    arrays = newest(whole.path)[0]
    assert {name for name in arrays if "running_mean" in name} >= {"G/block.parts.0.running_mean"}


def test_spectral_norm_reaches_nested_layers(tmp_path):
    run = tg.Run(NAMES["mine"], PIXELS, spectral_norm=True, **OPTIONS)
    assert [type(layer).__name__ for _, layer in run.setup.game.discriminator.modules()].count("SpectralNorm") == 2


class Shaky(nn.Module):
    """Adds noise from a generator of its own, in training mode; counts in a buffer."""

    def __init__(self, rng):
        self.noise, self.seen = np.random.default_rng(rng.integers(99)), tg.Tensor(np.zeros(1, np.float32))

    def forward(self, x):
        if not self.training:
            return x
        self.seen.data = self.seen.data + 1
        return x + self.noise.standard_normal(x.shape, dtype=np.float32)


def test_random_numbers_and_buffers_of_own_layers_are_resumed(tmp_path, quick_pictures):
    def make_g(shape, latent, rng):
        return nn.Sequential(Shaky(rng), NAMES["Maker"](shape, latent, rng))

    def make_d(shape, rng):
        return nn.Sequential(Shaky(rng), NAMES["Judge"](shape, rng, 1))

    networks = tg.Networks(make_g, make_d, (-1, 1))
    options = dict(OPTIONS, ema=0.9, outdir=tmp_path)
    whole, halves = tg.Run(networks, PIXELS, **options), tg.Run(networks, PIXELS, **options)
    whole.train()
    with pytest.raises(Killed):
        halves.train(on_step=kill_after(5))
    tg.Run.resume(halves.path, networks=networks, data=PIXELS).train()
    assert_same_run(halves.path, whole.path)
    assert newest(whole.path)[0]["G/0.seen"] == [7]


def test_what_was_given_in_python_must_be_given_again(here):
    run = tg.Run(NAMES["mine"], "data/my pictures", **OPTIONS)
    run.train()
    again = ["trained with networks given in Python", "networks=tg.Networks(...), or --networks FILE.py:NAME"]
    with pytest.raises(ConfigError, match="given in Python"):
        tg.Run.resume(run.path, steps=9)
    refused("train", "--resume", run.path, "--steps", 9, names=again)
    for tool in ("sample", "interpolate"):
        refused(tool, run.path, "--out", "a.png", names=again)
    refused("evaluate", run.path, names=again)
    samples = trained.load(run.path, NAMES["mine"])
    assert samples.draw(samples.noise(3, seed=0)).shape == (3, 8, 8, 1)
    # A file with the same networks does, once and again.
    for steps in (9, 11):
        train("--resume", run.path, "--steps", steps, "--networks", "my.py:mine")
    assert call("sample", run.path, "--out", "a.npz", "--networks", "my.py:mine").status == 0
    drawn = tg.Run.resume(run.path, steps=12, networks=NAMES["mine"]).samples(100)
    assert (tg.data.from_range(np.load("a.npz")["samples"], -1, 1) == drawn).all()


def test_other_networks_are_refused(here):
    run = tg.Run("mlp", PIXELS, **OPTIONS)
    run.train()
    with pytest.raises(ConfigError, match="was trained with the networks of --preset mlp"):
        tg.Run.resume(run.path, steps=9, data=PIXELS, networks=NAMES["mine"])
    refused("sample", run.path, "--out", "a.png", "--networks", "my.py:mine", names=["--preset mlp"])
    of_file = train(*MINE, "--steps", 2)
    with pytest.raises(ConfigError, match="has a copy of the file of its networks"):
        tg.Run.resume(of_file, steps=9, networks=NAMES["mine"])
    own_run = tg.Run(NAMES["mine"], PIXELS, **OPTIONS)
    own_run.train()
    wider = own.write_networks(Path("wider.py"), MY_PY.replace("12", "13"))
    refused(
        "sample", own_run.path, "--out", "a.png", "--networks", f"{wider}:mine", names=["of another model", "(8, 12)"]
    )


def test_ready_modules_are_trained_as_they_are(tmp_path, quick_pictures):
    networks = fresh("ready")
    first = networks.make_generator.state_dict()
    run = tg.Run(networks, PIXELS, outdir=tmp_path, **OPTIONS)
    assert run.setup.game.generator is networks.make_generator
    assert_same_arrays(run.setup.game.generator.state_dict(), first)
    run.train()
    assert any((first[name] != array).any() for name, array in networks.make_generator.state_dict().items())
    assert run.path.name == "00000-ready-array-ns"


READY = {
    "latent": (dict(latent=9), "needs an input of shape (..., 8)"),
    "size": (dict(size=16), "the generator returns (N, 8, 8, 1) for an input of (N, 8), not (N, 16, 16, 1)"),
    "channels": (dict(channels=3), "not (N, 8, 8, 3)"),
    "pack": (dict(pack=2), "(..., 64)"),
    "dropout": (dict(dropout=0.5), "ready networks have the dropout they were made with"),
    "cgan": (dict(conditioning="cgan"), "needs an input of shape (..., 8)"),
    "acgan": (dict(conditioning="acgan"), "wants a discriminator that returns more than its logit"),
}


@pytest.mark.parametrize("case", READY)
def test_what_ready_modules_cannot_do_is_said(case, here):
    more, text = READY[case]
    with pytest.raises(ConfigError) as raised:
        tg.Run(fresh("ready"), (PIXELS, LABELS), **{**OPTIONS, **more})
    assert text in str(raised.value) and not Path("runs").exists()


def test_networks_are_two_of_a_kind():
    generator, discriminator = fresh("ready").make_generator, fresh("ready").make_discriminator
    for both in ((generator, NAMES["make_d"]), (NAMES["make_g"], discriminator)):
        with pytest.raises(TypeError, match="two functions or two ready Modules, not one of each"):
            tg.Networks(*both)
    with pytest.raises(TypeError, match="not str and int"):
        tg.Networks("mlp", 3)
    for ends in ((1,), (0, 0), (1, -1), "ab", 3, (0, np.inf), (np.nan, 1), (-1, 0, 1)):
        with pytest.raises(ValueError, match="output_range must be two numbers that run upwards"):
            tg.Networks(generator, discriminator, ends)
    with pytest.raises(ConfigError, match="the range of the generator's images is not known"):
        tg.Run(tg.Networks(generator, discriminator), PIXELS, **OPTIONS)


def test_points_have_no_range():
    networks = tg.Networks(NAMES["make_g"], NAMES["make_d"])
    assert tg.Run(networks, "ring", **OPTIONS).samples(3).shape == (3, 2)


# -- conditioning, packing, what is added to D --------------------------------------------------------------

CONDITIONED = {
    "labels as channels": ("mine", "cgan"),
    "labels as outputs": ("wide", "cgan"),
    "acgan": ("wide", "acgan"),
    "infogan": ("wide", "infogan"),
}


@pytest.mark.parametrize("case", CONDITIONED)
def test_codes_are_resumed_exactly_and_asked_for(case, here):
    name, conditioning = CONDITIONED[case]
    options = ("--networks", f"my.py:{name}", *MINE[2:], "--conditioning", conditioning, "--penalty", "r1")
    whole = train(*options, "--steps", 6)
    halves = train(*options, "--steps", 4)
    train("--resume", halves, "--steps", 6)
    assert_same_run(halves, whole)
    seen = {key.split("/")[1]: array.shape for key, array in newest(whole)[0].items() if key.startswith("D/")}
    width = {"labels as channels": 64 * 4, "labels as outputs": 64, "acgan": 64, "infogan": 64}[case]
    outputs = {"labels as channels": 1, "labels as outputs": 4, "acgan": 4, "infogan": 13}[case]
    assert seen["block.dense.W"] == (width, 12) and seen["last.W"] == (12, outputs)
    label = 7 if conditioning == "infogan" else "hen"
    assert call("sample", whole, "--n", 4, "--label", label, "--out", "a.npz").status == 0
    assert np.load("a.npz")["labels"].tolist() == [7 if conditioning == "infogan" else 2] * 4
    assert call("interpolate", whole, "--label", label, "--pairs", 2, "--out", "a.png").status == 0


@pytest.mark.parametrize("conditioning", ["acgan", "infogan"])
def test_more_outputs_need_an_argument(conditioning, here):
    names = [f"--conditioning {conditioning}", "give make_discriminator an argument outputs", "--conditioning cgan"]
    refused("train", *MINE, "--conditioning", conditioning, names=names)


def test_labels_are_needed(here):
    data = own.write_folder(Path("plain"), classes=False)
    refused("train", *MINE, "--data", data, "--conditioning", "cgan", names=["needs labels", str(data), "has none"])


def test_packs_are_more_channels(here):
    whole = train(*MINE, "--pack", 2, "--steps", 6)
    halves = train(*MINE, "--pack", 2, "--steps", 4)
    train("--resume", halves, "--steps", 6)
    assert_same_run(halves, whole)
    assert newest(whole)[0]["D/block.dense.W"].shape == (128, 12)
    refused("train", *MINE, "--pack", 2, "--conditioning", "cgan", names=["--conditioning", "--pack"])


def test_minibatch_std_goes_into_a_sequential(here):
    refused("train", *MINE, "--minibatch-std", names=["MinibatchStd goes into a Sequential", "a Judge"])
    text = MY_PY.replace("return Judge(shape, rng, 1)", "return nn.Sequential(nn.Flatten(), nn.Dense(64, 1, rng=rng))")
    own.write_networks(Path("my.py"), text)
    whole = train(*MINE, "--minibatch-std", "--steps", 6)
    halves = train(*MINE, "--minibatch-std", "--steps", 4)
    train("--resume", halves, "--steps", 6)
    assert_same_run(halves, whole)


def test_batch_norm_needs_more_than_one_sample(here):
    names = ["the generator has BatchNorm", "--batch-size above 1"]
    refused("train", *MINE, "--batch-size", 1, names=names)
    refused("train", "--preset", "deep", "--batch-size", 1, names=names)
    own.write_networks(Path("my.py"), own.MY_PY.replace(", nn.LayerNorm)", ", nn.BatchNorm)"))
    refused("train", *MINE, "--batch-size", 1, "--pack", 2, names=["the discriminator has BatchNorm"])


def test_dropout_needs_an_argument(here):
    refused("train", *MINE, "--dropout", 0.5, names=["dropout 0.5 needs a make_discriminator with an argument dropout"])
