"""20 steps = 10 + resume + 10, to the last bit: for every preset, for every switch, after Ctrl-C and after a crash."""

import json
import os
import random
import re
import shlex
import signal
import time
from pathlib import Path

import pytest
from cli import call, posix_only, start, train
from training.runs import TINY, assert_same_arrays, assert_same_run, newest, rows

from tinygan.training import checkpoint, presets
from tinygan.training.build import build
from tinygan.training.run_folder import RunFolder

QUICK = ("mlp", "cgan", "acgan", "infogan", "small", "ring", "grid", "r3gan", "text", "gumbel", "music", "pix2pix")
SLOW = ("deep", "dcgan", "wgan-gp", "resnet")


def test_each_preset_is_tested_below():
    assert set(QUICK) | set(SLOW) == set(presets.PRESETS)


@pytest.mark.parametrize("preset", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_twenty_steps_are_ten_and_ten(tmp_path, preset):
    options = ("--preset", preset, *TINY, "--log-interval", 5, "--sample-interval", 10, "--outdir", tmp_path)
    whole = train(*options, "--steps", 20)
    halves = train(*options, "--steps", 10)
    assert train("--resume", halves, "--steps", 20) == halves
    assert_same_run(whole, halves)
    assert [row["step"] for row in rows(halves)] == [5, 10, 15, 20]


# -- every switch, through the same state that a checkpoint holds ----------------------------------

SWITCHES = {
    "dropout": dict(dropout=0.5),
    "gp": dict(penalty="gp"),
    "dragan": dict(penalty="dragan"),
    "r1+r2": dict(penalty="r1+r2", loss="rsgan"),
    "instance noise": dict(instance_noise=0.3),
    "pack": dict(pack=3),
    "ema": dict(ema=0.9),
    "n_critic": dict(n_critic=3, loss="wgan", weight_clip=0.1),
    "fresh fakes": dict(fresh_fakes=True),
    "simultaneous": dict(simultaneous=True),
    "joint batch": dict(joint_batch=True, loss="ragan"),
    "label smoothing": dict(label_smoothing=0.1, loss="mm"),
    "half": dict(loss="lsgan", half=True),
    "hinge": dict(loss="hinge"),
    "sgd": dict(optimizer="sgd", lr=0.01),
    "rmsprop": dict(optimizer="rmsprop"),
    "learning rate falls": dict(lr_half_life=3, lr_d=0.002),
    "unrolled": dict(unroll=2, dropout=0.2),
    "minibatch std": dict(minibatch_std=True, penalty="none"),
    "spectral norm": dict(spectral_norm=True),
    "a code": dict(conditioning="infogan"),
    "a code, unrolled": dict(conditioning="infogan", unroll=1, minibatch_std=True, penalty="none"),
    "a code, many at once": dict(
        conditioning="infogan", dropout=0.3, penalty="gp", instance_noise=0.1, n_critic=2, fresh_fakes=True, ema=0.9
    ),
    "many at once": dict(
        dropout=0.3, penalty="gp", instance_noise=0.1, pack=2, ema=0.9, n_critic=2, fresh_fakes=True, lr_half_life=5
    ),
}


def play(setup, first, last):
    for step in range(first + 1, last + 1):
        setup.set_learning_rates(step)
        setup.game.step(setup.next_reals, measure=step % 3 == 0)


@pytest.mark.parametrize("switch", SWITCHES)
def test_resuming_is_exact_with_each_switch(tmp_path, switch):
    config = presets.configure(dict(preset="ring", batch_size=8, **SWITCHES[switch]))
    setup = build(config)
    play(setup, 0, 10)
    checkpoint.save(tmp_path / "checkpoint-000010.npz", *setup.state(10))
    play(setup, 10, 20)

    other = build(config)
    other.load_state(*checkpoint.load(tmp_path / "checkpoint-000010.npz"), "the checkpoint")
    play(other, 10, 20)
    (arrays, meta), (other_arrays, other_meta) = setup.state(20), other.state(20)
    assert_same_arrays(arrays, other_arrays)
    assert meta == other_meta


def test_epochs_end_where_they_would_have_ended(tmp_path):
    """A place late in one pass over the data, and the shuffle after it, are found again."""
    config = presets.configure(dict(preset="mlp", batch_size=2))
    setup = build(config)
    setup.batches.batches_per_epoch = 4  # a short pass; what is left of it is dropped, as ever
    play(setup, 0, 3)
    checkpoint.save(tmp_path / "c.npz", *setup.state(3))
    ahead = [setup.next_reals() for _ in range(6)]
    other = build(config)
    other.batches.batches_per_epoch = 4
    other.load_state(*checkpoint.load(tmp_path / "c.npz"), "c.npz")
    for batch in ahead:
        assert batch.tobytes() == other.next_reals().tobytes()
    assert setup.batches.epoch == other.batches.epoch == 2


# -- a crash at each moment at which a file changes ----------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing may run after it, so no file operation works any more."""


class Moments:
    """Counts the changes to files; the process "dies" just before change number `fatal`.

    A dying append leaves half of its line, as a real one may.
    """

    def __init__(self, patch, fatal=None):
        self.fatal, self.seen, self.dead = fatal, 0, False
        self.append_line, self.replace, self.unlink = RunFolder._append_line, os.replace, Path.unlink
        patch.setattr(RunFolder, "_append_line", lambda run, name, line: self.append(run, name, line))
        patch.setattr(os, "replace", lambda *paths: self.moment() or self.replace(*paths))
        patch.setattr(Path, "unlink", lambda path, **options: self.remove(path, **options))

    def moment(self):
        if self.seen == self.fatal:
            self.dead = True
        if self.dead:
            raise Killed
        self.seen += 1

    def append(self, run, name, line):
        try:
            self.moment()
        except Killed:
            with open(run.path / name, "a", encoding="utf-8") as file:
                file.write(line[: len(line) // 2])
            raise
        self.append_line(run, name, line)

    def remove(self, path, **options):
        if self.dead or path.exists():  # `whole_file` also removes what is no longer there
            self.moment()
        self.unlink(path, **options)


STEPS = 4
SHORT = ("--preset", "ring", *TINY, "--steps", STEPS, "--dropout", 0.2, "--instance-noise", 0.1, "--ema", 0.5)
INTERVALS = ("--log-interval", 1, "--sample-interval", 2, "--checkpoint-interval", 2, "--weights-interval", 2)


def dies(monkeypatch, fatal, *argv):
    """Whether the command met its end at that change; else it ended by itself."""
    with monkeypatch.context() as patch:
        moments = Moments(patch, fatal)
        try:
            result = call("train", *argv)
        except Killed:
            return True
        assert not moments.dead and result.status == 0, result.err
        return False


def finish(monkeypatch, run, fatal):
    """Resume a run that died, kill that too, and resume it again; the step of its first checkpoint.

    Before there is one it begins again ("anew"), unless it died before its options were written (None).
    """
    if not RunFolder(run).checkpoints():
        result = call("train", "--resume", run)
        if (run / "config.json").exists():
            assert result.status == 0, result.err
            return "anew"
        assert result.status == 2 and str(run) in result.err
        return None
    step = newest(run)[1]["step"]
    if step == STEPS:  # it died after the last checkpoint: while the last pictures were drawn, or later
        assert call("train", "--resume", run).status in (0, 2)
    elif dies(monkeypatch, fatal % 11, "--resume", run):
        assert call("train", "--resume", run).status in (0, 2)
    return step


def test_a_crash_at_any_moment_costs_nothing_that_a_checkpoint_holds(tmp_path, monkeypatch, quick_pictures):
    reference = train(*SHORT, *INTERVALS, "--outdir", tmp_path / "reference")
    command = json.loads((reference / "config.json").read_text())["command"]
    names = {p.name for p in reference.iterdir()}
    steps, fatal = [], 0
    while dies(monkeypatch, fatal, *SHORT, *INTERVALS, "--outdir", tmp_path / str(fatal)):
        (run,) = (tmp_path / str(fatal)).iterdir()
        steps.append(finish(monkeypatch, run, fatal))
        if steps[-1] is not None:
            assert_same_run(run, reference)
            # An older checkpoint may be left if it died just before removing it.
            assert {p.name for p in run.iterdir()} - {"checkpoint-000000.npz"} == names
            assert '"reload": 0' in (run / "replay.html").read_text(encoding="utf-8")  # as of a run that has ended
            assert json.loads((run / "config.json").read_text())["command"] == command.replace("reference", str(fatal))
        fatal += 1
    assert {"anew", 0, 2, 4} <= set(steps)


# -- real signals --------------------------------------------------------------------------------------


def wait_for(process, condition):
    """Until `condition` holds; AssertionError if the process ends before."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@posix_only
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    options = ("--preset", "ring", *TINY, "--dropout", 0.2, "--log-interval", 1, "--sample-interval", 10**6)
    process = start("train", *options, "--steps", 10**5, "--outdir", tmp_path / "a b")
    wait_for(process, lambda: list(tmp_path.glob("a b/*/stats.jsonl")))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    said = re.search(r"stopped after step (\d+) of 100000; go on with: python -m tinygan.train (.*)\n$", err)
    assert said, err
    step, go_on = int(said[1]), shlex.split(said[2])
    (run,) = tmp_path.glob("a b/*")
    assert newest(run)[1]["step"] == step and (run / "generator.npz").exists()

    train(*go_on, "--steps", step + 10)
    whole = train(*options, "--steps", step + 10, "--outdir", tmp_path)
    assert_same_arrays(newest(run)[0], newest(whole)[0])
    assert rows(run) == rows(whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kill_9_at_random_moments_changes_nothing(tmp_path, seed):
    options = ("--preset", "ring", *TINY, "--steps", 60, "--dropout", 0.2, "--ema", 0.9, "--log-interval", 1)
    intervals = ("--sample-interval", 5, "--checkpoint-interval", 5)
    whole = train(*options, *intervals, "--outdir", tmp_path / "whole")
    rng, run = random.Random(seed), None
    for kill in range(6):
        argv = ("--resume", run) if run else (*options, *intervals, "--outdir", tmp_path / "killed")
        process = start("train", *argv)
        if run is None:
            wait_for(process, lambda: list(tmp_path.glob("killed/*/checkpoint-*.npz")))
            (run,) = tmp_path.glob("killed/*")
        else:
            process.stdout.readline()  # it has begun
        time.sleep(rng.uniform(0, 1.0))
        finished = process.poll() is not None
        process.kill()
        process.communicate()
        if finished:
            assert kill > 0
            break
    else:
        train("--resume", run)
    assert_same_run(run, whole)
    assert not list(run.glob(".*.tmp"))
