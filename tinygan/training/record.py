"""What a run leaves behind on its way, and what its user sees of it."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tinygan import plot
from tinygan.training import checkpoint, pictures
from tinygan.training.advice import Health
from tinygan.training.board import Board
from tinygan.training.progress import Progress
from tinygan.training.replay import ReplayPage
from tinygan.training.run_folder import ANIMATION, RunFolder
from tinygan.training.scores import Scores
from tinygan.training.setup import Setup

# Of a drawing that failed: the error is of matplotlib or Pillow, a font is missing, a folder has the file's name.
NOT_OF_THE_DISK = (None, errno.ENOENT, errno.EISDIR)


class Viewer(Protocol):
    """What is told of a run as it goes on."""

    def numbers(self, step: int, row: Mapping[str, Any]) -> None:
        """A line of stats.jsonl."""

    def pictures(self, step: int, samples: np.ndarray) -> None:
        """The samples of a picture: images (n, H, W, C) in [0, 1], or points (n, 2)."""


@dataclass
class Watch:
    """What is called as a run goes on, and where the run can be told to stop.

    Attributes
    ----------
    on_step : function(step, numbers), optional
        After every step, with what stats.jsonl shows of it (see `Game.measure`), as floats.
    on_pictures : function(step, samples), optional
        With every picture: images (n, H, W, C) in [0, 1], or points (n, 2).
    viewers : list of Viewer
        As the callbacks, but for the numbers, which they get with every line of stats.jsonl.
    stopping : bool
        Set to true, it ends the run after the next step, as Ctrl-C does.
    step : int
        The last step that was taken.
    """

    on_step: Callable[[int, dict[str, float]], Any] | None = None
    on_pictures: Callable[[int, np.ndarray], Any] | None = None
    stopping: bool = False
    step: int = 0
    viewers: Sequence[Viewer] = ()


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
        self.replay = ReplayPage(run, setup.config.steps)
        self.clock, self.clock_step = time.perf_counter(), start

    def begin(self) -> None:
        """Real samples, and the fakes of the untrained generator."""
        self.say(self.health.before(), 0)
        with self.drawing("reals.png", 0):
            pictures.save_reals(self.setup, self.run.path / "reals.png")
        self.evaluate(0)
        self.compare(0)
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
        for viewer in self.watch.viewers:
            viewer.numbers(step, row)
        self.say(self.health.after_log(row), step)

    def continue_after(self, step: int) -> None:
        """Draw what is missing since a run ended between its checkpoint and its pictures."""
        self.warn(self.replay.write(step))  # the page of an old run becomes that of one that is on
        last = step == self.setup.config.steps
        due = last or step % self.setup.config.sample_interval == 0
        if due and not self.run.picture(step).exists():
            self.show(step)
        if last:
            self.animate(step)
        elif (self.run.path / ANIMATION).is_file():  # a run that has one has ended
            (self.run.path / ANIMATION).unlink()

    def show(self, step: int) -> None:
        """A picture of samples, the curves so far, and the page of it all: what a step leaves behind its checkpoint."""
        setup, run = self.setup, self.run
        fakes = setup.draw(setup.z)
        with self.drawing(run.picture(step).name, step):
            pictures.save_fakes(setup, run.picture(step), fakes, step)
        measured: dict[str, Any] = {}
        if self.scores:
            measured = dict(measured=run.rows("metrics.jsonl"), panels=self.scores.panels())
        rows = run.rows("stats.jsonl")
        with self.drawing("curves.png", step):
            plot.save_curves(run.path / "curves.png", rows, title=run.path.name, **measured)
        on_pictures = [self.watch.on_pictures] if self.watch.on_pictures else []
        for tell in (*on_pictures, *(viewer.pictures for viewer in self.watch.viewers)):
            tell(step, setup.about(step).pictures(fakes))
        self.warn(self.replay.write(step))

    def evaluate(self, step: int) -> bool:
        """Measure the samples, if anything is to be measured; whether they are the best so far."""
        if not self.scores:
            return False
        numbers = self.scores.measure()
        self.add_metrics({"step": step, **numbers, "n": self.scores.n})
        return self.scores.is_best(step, numbers)

    def compare(self, step: int) -> None:
        """A few numbers of the samples, if `evaluate` has none."""
        if not self.scores:
            self.add_metrics(pictures.metrics(self.setup, self.setup.draw(self.setup.z), step))

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

    def warn(self, sentence: str | None) -> None:
        """On the screen alone: if a file could not be written, the log may be another."""
        if sentence:
            self.progress.say(sentence)

    def save_generator(self, name: str, step: int) -> None:
        """The generator that samples are drawn from, with the options needed to build it again."""
        meta = self.setup.about(step).to_meta("generator")
        checkpoint.save(self.run.path / name, self.setup.sampler.state_dict(), meta)

    def animate(self, step: int) -> None:
        """The pictures so far as an animation, which tells an ended run: it is the last file to be written."""
        self.warn(self.replay.close())
        path, frames = self.run.path / ANIMATION, self.run.pictures(step)

        def left_out(picture: Any, why: str) -> None:
            self.say(f"warning: {Path(picture).name} was left out of {path.name}: {why}", step)

        for stray in sorted(set(self.run.path.glob("fakes_*.png")) - set(frames)):
            left_out(stray, "it is not a picture of one of this run's steps")
        with self.drawing(path.name, step):
            plot.save_gif(path, frames, max_side=300, left_out=left_out)

    @contextlib.contextmanager
    def drawing(self, name: str, step: int) -> Iterator[None]:
        """Around what a run can do without: if it cannot be drawn the run goes on, unless the disk is the reason."""
        try:
            yield
        except (ValueError, RuntimeError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in NOT_OF_THE_DISK:
                raise
            self.say(f"warning: {name} was not drawn: {' '.join(str(error).split())}", step)

    def keep(self, arrays: Any, meta: Any) -> None:
        """best.npz: the same as a checkpoint."""
        if self.scores:
            self.scores.keep(arrays, meta)

    def save(self, step: int, arrays: Any, meta: Any) -> None:
        """The checkpoint."""
        self.run.save_checkpoint(step, arrays, meta)

    def close(self) -> None:
        self.warn(self.replay.close())
        self.progress.close()
        self.board.close()


class NoRecord:
    """For ranks that write nothing: whatever `Record` does, this does not."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: None
