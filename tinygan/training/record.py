"""What a run leaves behind on its way, and what its user sees of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan import plot
from tinygan.data import Images, from_range
from tinygan.gan.sampling import draw
from tinygan.training import checkpoint, pictures
from tinygan.training.advice import Health
from tinygan.training.board import Board
from tinygan.training.progress import Progress
from tinygan.training.run_folder import RunFolder
from tinygan.training.scores import Scores
from tinygan.training.setup import Setup


@dataclass
class Watch:
    """What is called as a run goes on, and where the run can be told to stop.

    Attributes
    ----------
    on_step : function(step, numbers), optional
        After every step, with what stats.jsonl shows of it (see `Game.measure`), as floats.
    on_pictures : function(step, samples), optional
        With every picture: images (n, H, W, C) in [0, 1], or points (n, 2).
    stopping : bool
        Set to true, it ends the run after the next step, as Ctrl-C does.
    step : int
        The last step that was taken.
    """

    on_step: Callable[[int, dict[str, float]], Any] | None = None
    on_pictures: Callable[[int, np.ndarray], Any] | None = None
    stopping: bool = False
    step: int = 0


class Record:
    """Writes the numbers, pictures and weights of a run into its folder, and shows its progress.

    Parameters
    ----------
    setup : Setup
    run : RunFolder
    start : int
        The step the run begins after.
    watch : Watch
    """

    def __init__(self, setup: Setup, run: RunFolder, start: int, watch: Watch):
        self.setup, self.run, self.watch = setup, run, watch
        self.progress = Progress(start, setup.config.steps)
        self.board = Board(run.path, setup.config.tensorboard)
        self.health = Health(setup, run.rows("stats.jsonl") if start else ())
        self.scores = Scores(setup, run) if setup.judge else None
        self.clock, self.clock_step = time.perf_counter(), start

    def begin(self) -> None:
        """Real samples, and the fakes of the untrained generator."""
        self.say(self.health.before(), 0)
        pictures.save_reals(self.setup, self.run.path / "reals.png")
        self.evaluate(0)
        self.show(0)
        self.clock = time.perf_counter()

    def step(self, step: int, numbers: Mapping[str, float]) -> None:
        self.progress.step()
        if self.watch.on_step:
            self.watch.on_step(step, dict(numbers))

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """A line of stats.jsonl."""
        rate = (step - self.clock_step) / max(time.perf_counter() - self.clock, 1e-9)
        self.clock, self.clock_step = time.perf_counter(), step
        row = {"step": step, "epoch": self.setup.batches.epoch, **numbers, "steps_per_second": rate}
        self.run.append("stats.jsonl", row)
        self.board.add(row)
        self.progress.show(step, row)
        self.say(self.health.after_log(row), step)

    def show(self, step: int) -> None:
        """A picture of samples, a few numbers if `evaluate` has none, and the curves so far."""
        setup, run = self.setup, self.run
        fakes = draw(setup.sampler, setup.z)
        pictures.save_fakes(setup, run.picture(step), fakes, step)
        measured: dict[str, Any] = {}
        if self.scores:
            measured = dict(measured=run.rows("metrics.jsonl"), panels=self.scores.panels())
        else:
            self.add_metrics(pictures.metrics(setup, fakes, step))
        plot.save_curves(run.path / "curves.png", run.rows("stats.jsonl"), title=run.path.name, **measured)
        if self.watch.on_pictures:
            images = isinstance(setup.dataset, Images)
            self.watch.on_pictures(step, from_range(fakes, *setup.range) if images else fakes)

    def evaluate(self, step: int) -> bool:
        """Measure the samples, if anything is to be measured; whether they are the best so far."""
        if not self.scores:
            return False
        numbers = self.scores.measure()
        self.add_metrics({"step": step, **numbers, "n": self.scores.n})
        return self.scores.is_best(step, numbers)

    def add_metrics(self, row: Mapping[str, Any]) -> None:
        """A line of metrics.jsonl."""
        self.run.append("metrics.jsonl", row)
        self.board.add(row)

    def note(self, sentence: str) -> None:
        """A line of log.txt."""
        self.run.log(sentence)

    def say(self, sentence: str | None, step: int) -> None:
        if sentence:
            self.note(f"step {step}: {sentence}")
            self.progress.say(f"step {step}: {sentence}")

    def save_generator(self, name: str, step: int) -> None:
        """The generator that samples are drawn from, with the options needed to build it again."""
        meta = self.setup.about(step).to_meta("generator")
        checkpoint.save(self.run.path / name, self.setup.sampler.state_dict(), meta)

    def end(self, step: int) -> None:
        """What the last step leaves."""
        self.save_generator("generator.npz", step)
        plot.save_gif(self.run.path / "training.gif", self.run.pictures(), max_side=300)

    def keep(self, arrays: Any, meta: Any) -> None:
        """best.npz: the same as a checkpoint."""
        if self.scores:
            self.scores.keep(arrays, meta)

    def save(self, step: int, arrays: Any, meta: Any) -> None:
        """The checkpoint."""
        self.run.save_checkpoint(step, arrays, meta)

    def close(self) -> None:
        self.progress.close()
        self.board.close()


class NoRecord:
    """For ranks that write nothing: whatever `Record` does, this does not."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: None
