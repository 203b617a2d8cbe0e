"""What is written into a run folder, what is forgotten on resume, and that looking at a run does not touch it."""

import numpy as np
import pytest

from tinygan.data.batches import rng_state
from tinygan.nn import Dropout
from tinygan.training import pictures, presets
from tinygan.training.build import build
from tinygan.training.run_folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_forgetting_drops_only_what_came_later(run):
    for step in (0, 5, 10, 15):
        run.append("stats.jsonl", {"step": step})
        run.append("metrics.jsonl", {"step": step})
        run.picture(step).touch()
        run.save_checkpoint(step, {}, {})
    (run.path / ".fakes_000015.png.123.tmp").touch()
    run.forget_after(10)
    assert [row["step"] for row in run.rows("stats.jsonl")] == [0, 5, 10]
    assert [row["step"] for row in run.rows("metrics.jsonl")] == [0, 5, 10]
    assert [p.name for p in run.pictures()] == ["fakes_init.png", "fakes_000005.png", "fakes_000010.png"]
    assert [p.name for p in run.checkpoints()] == ["checkpoint-000010.npz", "checkpoint-000015.npz"]
    assert not list(run.path.glob(".*"))


def test_forgetting_all_leaves_not_even_the_first_picture(run):
    run.append("metrics.jsonl", {"step": 0})
    run.picture(0).touch()
    run.forget_after(-1)
    assert run.rows("metrics.jsonl") == [] and run.pictures() == []


def test_steps_are_ordered_as_numbers_beyond_a_million(run):
    for step in (999_999, 1_000_000, 20, 0):
        run.picture(step).touch()
        (run.path / f"checkpoint-{step:06d}.npz").touch()
    assert run.pictures() == [run.picture(step) for step in (0, 20, 999_999, 1_000_000)]
    assert run.checkpoints()[-1].name == "checkpoint-1000000.npz"


def test_numbers_that_are_not_finite_become_null(run):
    run.append("stats.jsonl", {"step": 1, "loss_d": float("nan"), "loss_g": float("inf"), "d_real": 0.5})
    assert "NaN" not in (run.path / "stats.jsonl").read_text()
    assert run.rows("stats.jsonl") == [{"step": 1, "loss_d": None, "loss_g": None, "d_real": 0.5}]


def test_looking_at_a_run_leaves_modes_weights_and_random_states(tmp_path):
    """D draws random numbers in its Dropout layers: it must neither draw them for a picture nor stop afterwards."""
    setup = build(presets.configure(dict(preset="ring", batch_size=4, samples=4, dropout=0.5, ema=0.9)))
    setup.game.step(setup.next_reals)
    before = setup.state(1)
    fakes = np.zeros((40, 2), np.float32)
    pictures.save_reals(setup, tmp_path / "reals.png")
    pictures.save_fakes(setup, tmp_path / "fakes.png", fakes, 1)
    pictures.metrics(setup, fakes, 1)
    arrays, meta = setup.state(1)
    assert meta == before[1] and rng_state(setup.drop_rng) == before[1]["drop_rng"]
    assert all((arrays[name] == before[0][name]).all() for name in arrays)
    layers = [m for net in (setup.game.discriminator, setup.game.generator, setup.sampler) for _, m in net.modules()]
    assert any(isinstance(layer, Dropout) for layer in layers) and all(layer.training for layer in layers)
