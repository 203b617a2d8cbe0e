"""The training loop, to be read from top to bottom. Everything it calls has a plain name.

A step is one update of each network (with n_critic, several of the discriminator); an epoch is one pass
over the data.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import asdict

import numpy as np

from tinygan import plot
from tinygan.backend import to_numpy
from tinygan.gan.health import Health, find_nan
from tinygan.gan.sampling import draw
from tinygan.training import checkpoint, pictures
from tinygan.training.board import Board
from tinygan.training.progress import Progress, stop_on_signals
from tinygan.training.run_folder import RunFolder
from tinygan.training.setup import Setup


class TrainingStopped(Exception):
    """The run ended before its last step; the message says why and how to go on."""

    status = 1


class TrainingInterrupted(TrainingStopped):
    """It ended because it was asked to."""

    status = 130


def train(setup: Setup, run: RunFolder, start: int = 0) -> None:
    """Train from step `start` to the configured last step, leaving everything in the run folder.

    Raises
    ------
    TrainingStopped
        On Ctrl-C (after saving), or when a loss or a weight is no finite number any more.
    """
    config, game = setup.config, setup.game
    progress, board = Progress(start, config.steps), Board(run.path, config.tensorboard)
    health = Health(watch_accuracy=game.loss.boundary is not None)

    def say(sentence: str | None, step: int) -> None:
        if sentence:
            run.log(f"step {step}: {sentence}")
            progress.say(f"step {step}: {sentence}")

    def save(step: int) -> None:
        run.save_checkpoint(step, *setup.state(step))

    def show(step: int) -> None:
        fakes = draw(setup.sampler, setup.z)
        pictures.save_fakes(setup, run.picture(step), fakes, step)
        numbers = pictures.metrics(setup, fakes, step)
        run.append("metrics.jsonl", numbers)
        board.add(numbers)
        plot.save_curves(run.path / "curves.png", run.rows("stats.jsonl"), title=run.path.name)
        if step > 0:
            say(health.after_samples(fakes, pictures.reals(setup, len(fakes))), step)

    # Overflow and NaN are found and said in plain words below, with the layer's name.
    with stop_on_signals() as stop, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if start == 0:
            save(0)
            pictures.save_reals(setup, run.path / "reals.png")
            show(0)
        clock, clock_step, step = time.monotonic(), start, start
        for step in range(start + 1, config.steps + 1):
            last = step == config.steps or bool(stop)
            log_now = last or step % config.log_interval == 0
            show_now = last or step % config.sample_interval == 0
            save_now = last or step % config.checkpoint_interval == 0
            copy_now = config.weights_interval > 0 and step % config.weights_interval == 0

            setup.set_learning_rates(step)
            stats = game.step(setup.next_reals, measure=log_now or show_now or save_now or copy_now)
            numbers = {name: float(to_numpy(value)) for name, value in stats.items()}
            progress.step()

            if numbers:  # before anything is written, so that no checkpoint holds a NaN
                problem = find_nan(numbers, {"discriminator": game.discriminator, "generator": game.generator})
                if problem:
                    run.log(f"step {step}: {problem}")
                    raise TrainingStopped(f"step {step}: {problem}; the last checkpoint is {run.checkpoints()[-1]}")
            if log_now:
                rate = (step - clock_step) / max(time.monotonic() - clock, 1e-9)
                clock, clock_step = time.monotonic(), step
                row = {"step": step, "epoch": setup.batches.epoch, **numbers, "steps_per_second": rate}
                run.append("stats.jsonl", row)
                board.add(row)
                progress.show(step, row)
                say(health.after_log(numbers), step)
            if show_now:
                show(step)
            if copy_now:
                save_generator(setup, run, f"generator-{step:06d}.npz", step)
            if last:
                save_generator(setup, run, "generator.npz", step)
                plot.save_gif(run.path / "training.gif", run.pictures(), max_side=300)
            if save_now:  # last of all: a run that is resumed here lacks nothing from before
                save(step)
            if last:
                break

    progress.close()
    board.close()
    if step < config.steps:
        go_on = f"python -m tinygan.train --resume {shlex.quote(str(run.path))}"
        raise TrainingInterrupted(f"stopped after step {step} of {config.steps}; go on with: {go_on}")


def save_generator(setup: Setup, run: RunFolder, name: str, step: int) -> None:
    """The generator that samples are drawn from, with the options needed to build it again."""
    meta = {
        "kind": "generator",
        "step": step,
        "config": asdict(setup.config),
        "shape": list(setup.dataset.sample_shape),
        "range": list(setup.range),
    }
    checkpoint.save(run.path / name, setup.sampler.state_dict(), meta)
