"""Too little memory: a run that had only begun leaves nothing, one that has learned something can go on."""

from __future__ import annotations

import os
import shlex

import pytest
from cli import call, one_sentence, train

import tinygan as tg
from tinygan.gan.game import Game
from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingStopped

pytestmark = pytest.mark.usefixtures("quick_pictures")
TINY = ("--preset", "ring", "--batch-size", 4, "--samples", 4, "--checkpoint-interval", 2, "--log-interval", 1)


@pytest.fixture
def fails(monkeypatch):
    """Let the step of this number, counted from now, find no memory; 0 lets all find it."""
    take = Game.step

    def at(number):
        left = [number]

        def step(*args, **options):
            left[0] -= 1
            if left[0] == 0:
                raise MemoryError
            return take(*args, **options)

        monkeypatch.setattr(Game, "step", step)

    return at


def test_a_run_that_never_took_a_step_leaves_nothing(tmp_path, fails):
    fails(1)
    result = call("train", *TINY, "--steps", 5, "--outdir", tmp_path)
    assert result.status == 2
    said = one_sentence(result.err.splitlines(True)[-1])
    assert said == (
        "there is not enough memory for a first step with 4 samples and pictures of 4: try a smaller --batch-size or "
        "--samples (nothing is left of this run)"
    )
    assert not list(tmp_path.iterdir())


def test_pictures_that_are_too_large_are_said_too(tmp_path, monkeypatch):
    def too_large(*args):
        raise MemoryError

    monkeypatch.setattr("tinygan.training.pictures.save_fakes", too_large)
    result = call("train", *TINY, "--steps", 5, "--outdir", tmp_path)
    assert result.status == 2 and "--samples" in result.err and not list(tmp_path.iterdir())


def test_other_runs_stay(tmp_path, fails):
    kept = train(*TINY, "--steps", 2, "--outdir", tmp_path)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    fails(1)
    assert call("train", *TINY, "--steps", 5, "--outdir", tmp_path).status == 2
    assert list(tmp_path.iterdir()) == [kept]
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_a_run_that_has_learned_something_can_go_on(tmp_path, fails):
    fails(4)
    result = call("train", *TINY, "--steps", 6, "--outdir", tmp_path)
    (run,) = tmp_path.iterdir()
    said = result.err.splitlines()[-1]
    assert result.status == 1 and "Traceback" not in result.err
    assert f"not enough memory after step 3; the last checkpoint is {run / 'checkpoint-000002.npz'}" in said
    fails(0)
    again = shlex.split(said.split("go on with: ")[1])
    assert call("train", *again[again.index("--resume") :]).status == 0
    assert (run / "checkpoint-000006.npz").exists()


@pytest.mark.parametrize("step", [0, 2])
def test_a_run_that_is_resumed_is_never_removed(step, tmp_path, fails):
    fails(3)
    call("train", *TINY, "--steps", 6, "--outdir", tmp_path)
    (run,) = tmp_path.iterdir()
    if step == 0:
        os.remove(run / "checkpoint-000002.npz")
    fails(1)
    result = call("train", "--resume", run)
    assert result.status == 1 and f"not enough memory after step {step}; the last" in result.err
    assert (run / f"checkpoint-{step:06d}.npz").exists()


def test_from_python_the_same_run_can_be_tried_again(tmp_path, fails):
    run = tg.Run("ring", steps=2, samples=4, batch_size=4, outdir=tmp_path)
    fails(1)
    with pytest.raises(ConfigError, match="not enough memory for a first step"):
        run.train()
    assert run.folder is None and not list(tmp_path.iterdir())
    fails(0)
    run.train()
    assert run.step == 2 and run.path.name.startswith("00000")
    fails(1)
    with pytest.raises(TrainingStopped, match="not enough memory after step 2"):
        run.train(steps=4)
    assert run.path.is_dir()
