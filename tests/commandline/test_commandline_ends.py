"""How a command ends when it is interrupted, not read to the end, out of memory, or ill."""

import os
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from cli import call, posix_only, start

from tinygan.training import beginning, checkpoint, loop
from tinygan.training.progress import Progress
from tinygan.training.run_folder import RunFolder

TINY = ("--batch-size", 4, "--samples", 4)


def test_ctrl_c_before_training_is_one_line(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(beginning, "build", interrupted)
    assert call("train") == (130, "", "python -m tinygan.train: error: interrupted\n")


def test_too_little_memory_is_said(monkeypatch):
    def too_large(*args):
        raise MemoryError

    monkeypatch.setattr(beginning, "build", too_large)
    result = call("train")
    assert result.status == 2 and "not enough memory" in result.err and "--batch-size" in result.err


def send_at_first_step(monkeypatch, number):
    """Send this process a signal when it has taken one step and looks at it."""
    look, sent = loop.find_nan, []

    def send_and_look(*args):
        if not sent:
            sent.append(number)
            signal.raise_signal(number)  # os.kill would end the process on Windows
        return look(*args)

    monkeypatch.setattr(loop, "find_nan", send_and_look)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_step_ends_the_run_after_it(tmp_path, monkeypatch, number):
    """The step is finished, saved and drawn; the sentence says how to go on; the handlers are put back."""
    former = signal.getsignal(number)
    send_at_first_step(monkeypatch, number)
    result = call("train", "--preset", "ring", *TINY, "--log-interval", 1, "--outdir", tmp_path)
    (run,) = tmp_path.iterdir()
    assert result.status == 130
    assert "stopped after step 2 of " in result.err  # asked during step 1, after it had been decided to go on
    assert f"go on with: python -m tinygan.train --resume {run}\n" in result.err
    assert checkpoint.load(RunFolder(run).checkpoints()[-1])[1]["step"] == 2
    for name in ("fakes_000002.png", "generator.npz", "training.gif", "curves.png"):
        assert (run / name).exists()
    assert signal.getsignal(number) is former


def test_a_signal_in_the_last_step_changes_nothing(tmp_path, monkeypatch):
    send_at_first_step(monkeypatch, signal.SIGINT)
    result = call("train", "--preset", "ring", *TINY, "--steps", 1, "--outdir", tmp_path)
    assert result.status == 0 and "done: look at" in result.out


@posix_only
def test_ctrl_c_twice_ends_at_once_and_the_last_checkpoint_stays(tmp_path):
    process = start("train", "--preset", "ring", *TINY, "--log-interval", 1, "--outdir", tmp_path)
    while not list(tmp_path.glob("*/stats.jsonl")):
        assert process.poll() is None
        time.sleep(0.005)
    for _ in range(20):  # one of them falls into the work after the first
        process.send_signal(signal.SIGINT)
        time.sleep(0.002)
        if process.poll() is not None:
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)  # the latter if it came as Python itself ended
    assert "error: interrupted" in err or "stopped after step" in err
    (run,) = tmp_path.iterdir()
    assert checkpoint.load(RunFolder(run).checkpoints()[-1])[1]["kind"] == "checkpoint"
    assert not list(run.glob(".*.tmp"))


@pytest.mark.parametrize("tool, argv", [("train", ["--list-presets"]), ("train", ["--help"]), ("doctor", [])])
def test_a_reader_that_goes_away_is_no_error(tool, argv):
    """As in `python -m tinygan.train --list-presets | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start(tool, *argv, stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@posix_only
def test_head_reads_the_first_line():
    lister = start("train", "--list-presets", stderr=subprocess.STDOUT)
    head = subprocess.run(["head", "-1"], stdin=lister.stdout, capture_output=True, text=True, check=True)
    assert head.stdout.startswith("mlp ") and head.stdout.count("\n") == 1
    lister.stdout.close()
    assert lister.wait(timeout=60) == 0


# -- NaN -------------------------------------------------------------------------------------------------

ILL = ("--lr", 1e30, "--steps", 50)


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_a_run_that_is_no_number_any_more_names_the_layer(tmp_path, preset):
    result = call("train", "--preset", preset, *TINY, *ILL, "--log-interval", 1, "--outdir", tmp_path)
    assert result.status == 1
    said = re.fullmatch(
        r"python -m tinygan\.train: step \d+: (\w+) of layer (\d+) \((\w+\(.*\))\) in the (discriminator|generator) "
        r"is not a finite number any more: start a new run with --lr 0\.001, or .*; the last checkpoint is (\S+)\n",
        result.err,
    )
    assert said, result.err
    arrays, meta = checkpoint.load(said[5])
    assert meta["step"] == 0 and all(np.isfinite(array).all() for array in arrays.values())
    (run,) = tmp_path.iterdir()
    assert said[1] in (run / "log.txt").read_text()


def test_no_checkpoint_picture_or_copy_is_made_of_a_nan(tmp_path):
    """Though no line of stats.jsonl is due: each saved step looks first."""
    intervals = ("--log-interval", 100, "--checkpoint-interval", 5, "--sample-interval", 5, "--weights-interval", 5)
    result = call("train", "--preset", "ring", *TINY, *ILL, *intervals, "--outdir", tmp_path)
    (run,) = tmp_path.iterdir()
    assert result.status == 1 and "step 5: " in result.err
    assert [p.name for p in RunFolder(run).checkpoints()] == ["checkpoint-000000.npz"]
    assert [p.name for p in RunFolder(run).pictures()] == ["fakes_init.png"]
    assert not list(run.glob("generator*.npz"))


# -- progress ----------------------------------------------------------------------------------------------


def row(step, rate=10.0):
    return {"step": step, "loss_d": 1.0, "loss_g": 2.0, "d_real": 0.5, "d_fake_after": 0.25, "steps_per_second": rate}


def test_without_a_terminal_there_is_a_plain_line_now_and_then(capsys):
    progress = Progress(0, 100)
    for step in (1, 2, 3):
        progress.step()
        progress.show(step, row(step))
    assert capsys.readouterr().err == ""  # not yet ten seconds
    progress.next_line = 0.0
    progress.show(50, row(50))
    progress.show(51, row(51))
    progress.show(100, row(100))
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "step 50/100  loss D 1.000 G 2.000  D(x) 0.50  D(G(z)) 0.25  10.0 steps/s, 5 s left",
        "step 100/100  loss D 1.000 G 2.000  D(x) 0.50  D(G(z)) 0.25  10.0 steps/s, 0 s left",
    ]
