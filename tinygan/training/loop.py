"""The training loop, to be read from top to bottom. Everything it calls has a plain name.

A step is one update of each network (with n_critic, several of the discriminator); an epoch is one pass
over the data.
"""

from __future__ import annotations

import contextlib

import numpy as np

from tinygan.backend import to_numpy
from tinygan.compiled import compiled
from tinygan.gan.health import find_nan
from tinygan.shell import quoted
from tinygan.training.advice import Health, advice
from tinygan.training.config import given_in_python
from tinygan.training.distributed import program
from tinygan.training.progress import stop_on_signals
from tinygan.training.record import NoRecord, Record, Watch
from tinygan.training.run_folder import RunFolder
from tinygan.training.setup import Setup


class TrainingStopped(Exception):
    """The run ended before its last step; the message says why and how to go on."""

    status = 1


class TrainingInterrupted(TrainingStopped):
    """It ended because it was asked to."""

    status = 130


def how_to_go_on(setup: Setup, run: RunFolder) -> str:
    """The command line that resumes this run, or the line of Python where a command line could not name all."""
    config = setup.config
    given = [name for name in ("networks", "data") if given_in_python(getattr(config, name))]
    if given:
        return f"tg.Run.resume({str(run.path)!r}, {', '.join(f'{name}=...' for name in given)})"
    return f"{program(setup.ranks.size)} --resume {quoted([run.path])}"


def train(setup: Setup, run: RunFolder, start: int = 0, watch: Watch | None = None) -> None:
    """Train from step `start` to the configured last step, leaving everything in the run folder.

    Of the ranks of a distributed run, rank 0 alone writes, and calls what is in `watch`.

    Raises
    ------
    TrainingStopped
        On Ctrl-C (after saving), or when a loss or a weight is no finite number any more.
    """
    config, game, ranks = setup.config, setup.game, setup.ranks
    networks = {"discriminator": game.discriminator, "generator": game.generator}
    watch = watch or Watch()
    record: Record | NoRecord = Record(setup, run, start, watch) if ranks.rank == 0 else NoRecord()
    eval_interval = config.eval_interval or config.sample_interval

    # Overflow and NaN are found and said in plain words below, with the layer's name.
    numbers_may_overflow = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with stop_on_signals() as stop, contextlib.closing(record), numbers_may_overflow:
        play = compiled(game.step, record.note) if config.compile else game.step  # the same numbers, to the last bit
        if start == 0:
            record.save(0, *setup.state(0))
            record.begin()
        else:
            record.continue_after(start)
        step = start
        for step in range(start + 1, config.steps + 1):
            last = step == config.steps or ranks.stopping(bool(stop) or watch.stopping)
            log_now = last or step % config.log_interval == 0
            show_now = last or step % config.sample_interval == 0
            save_now = last or step % config.checkpoint_interval == 0
            eval_now = config.metrics != "none" and (last or step % eval_interval == 0)
            copy_now = config.weights_interval > 0 and step % config.weights_interval == 0

            setup.set_learning_rates(step)
            measure = log_now or show_now or eval_now or save_now or copy_now or watch.on_step is not None
            stats = play(setup.next_reals, measure=measure)
            numbers = {name: float(to_numpy(value)) for name, value in stats.items()}
            watch.step = step

            if numbers:  # before anything is written, so that no checkpoint holds a NaN
                problem = ranks.first(find_nan(numbers, networks))
                if problem:
                    problem = f"{problem}: {advice('nan', config, Health(setup).fits)}"
                    record.note(f"step {step}: {problem}")
                    raise TrainingStopped(f"step {step}: {problem}; the last checkpoint is {run.checkpoints()[-1]}")
            record.step(step, numbers)
            if numbers and watch.stopping and ranks.size == 1:  # what was called just now asked for it
                last = log_now = show_now = save_now = True
            if log_now:
                record.log(step, numbers)
            # Rank 0 alone measures, and all come to save what it found to be the best.
            best = eval_now and bool(ranks.first(record.evaluate(step)))
            if show_now:
                record.compare(step)
            if copy_now:
                record.save_generator(f"generator-{step:06d}.npz", step)
            if last:
                record.save_generator("generator.npz", step)
            if save_now or best:  # a run that is resumed here lacks nothing from before but what can be drawn again
                state = setup.state(step)
                if best:
                    record.keep(*state)
                if save_now:
                    record.save(step, *state)
            if show_now:
                record.show(step)
            if last:
                record.animate(step)
                break

    if step < config.steps and not watch.stopping:
        raise TrainingInterrupted(
            f"stopped after step {step} of {config.steps}; go on with: {how_to_go_on(setup, run)}"
        )
