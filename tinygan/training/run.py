"""A run, whole: what `python -m tinygan.train` does, from Python, with networks and data of one's own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.classifier import Classifier
from tinygan.data import from_range
from tinygan.evaluation import Measured
from tinygan.gan.networks import Networks
from tinygan.training import loop
from tinygan.training.beginning import new_setup
from tinygan.training.config import Config, ConfigError
from tinygan.training.distributed import Ranks
from tinygan.training.lock import Lock
from tinygan.training.measured import measure
from tinygan.training.memory import too_little_memory
from tinygan.training.options import plain_options
from tinygan.training.papers import describe, title, write_papers
from tinygan.training.record import Viewer, Watch
from tinygan.training.resuming import resumed_setup
from tinygan.training.run_folder import RunError, RunFolder
from tinygan.training.setup import Setup
from tinygan.training.shown import run_html
from tinygan.training.trained import Trained, check_drawing

RUNS = "runs"


class Run:
    """A training run with its folder: what the command line does, from Python.

    Nothing is written before `train`, so that bad input leaves nothing behind.

    Parameters
    ----------
    networks : Networks, str or None
        Your own, a preset's name or FILE.py:NAME. With your own, options start from `Config`'s defaults, DCGAN's.
    data : str, path, array, pair (images, labels), Images, Sequences, or object with ``sample(n, rng)``; optional
        All that `tinygan.data.load` takes; the preset's by default.
    outdir : path
        Where the run folder is made, at the first `train`.
    quick : bool
        A first look within seconds: few steps.
    epochs : int, optional
        Passes over the data in all, instead of ``steps``.
    ranks : Ranks, optional
        The processes that train together; this one alone by default.
    **options
        Those of the command line, with ``_`` for ``-``: see `tinygan.training.config.Config`.

    Attributes
    ----------
    setup : Setup
        Data, networks, the game.
    viewers : list of Viewer
        What is told of the run as it goes on, such as the figure of `tinygan.live.watch`.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if an option cannot be, or does not fit another, the networks or the data.

    Examples
    --------
    >>> run = Run("ring", steps=10, samples=4)
    >>> run.step, run.samples(3).shape
    (0, (3, 2))
    """

    def __init__(
        self,
        networks: Networks | str | None = None,
        data: Any = None,
        *,
        outdir: str | Path = RUNS,
        quick: bool = False,
        epochs: int | None = None,
        ranks: Ranks | None = None,
        **options: Any,
    ):
        if not str(outdir):
            raise ConfigError("--outdir must name the folder in which run folders are made, not be empty")
        setup = new_setup(networks, data, quick, epochs, ranks, options)
        self._take(setup, Path(os.path.expanduser(outdir)))

    def _take(self, setup: Setup, outdir: Path, folder: RunFolder | None = None, step: int = 0) -> None:
        self.setup, self.outdir, self.folder, self.watch = setup, outdir, folder, Watch(step=step)
        self.lock: Lock | None = None
        self.begun, self.made, self.notes = False, False, list(setup.dataset.notes)
        self.viewers: list[Viewer] = []

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        networks: Networks | str | None = None,
        data: Any = None,
        data_changed: bool = False,
        epochs: int | None = None,
        ranks: Ranks | None = None,
        **options: Any,
    ) -> Run:
        """An old run, at its newest checkpoint, with the options it began with; only some may be changed.

        Parameters
        ----------
        path : path
            Its folder.
        networks, data
            What was given as an object when the run began, again; or the path where the data are now. The networks
            of a file need not be given: the run has a copy of it.
        data_changed : bool
            The data may have another content than when the run began, such as more pictures: a new epoch begins.
        epochs, ranks, **options
            As for a new run; ``steps`` is the new total.

        Raises
        ------
        RunError, CheckpointError, ConfigError, DataError
            In one sentence, if it cannot go on.
        """
        if epochs is not None and "steps" in options:
            raise ConfigError("give --steps or --epochs, not both")
        folder = RunFolder.existing(path)
        lock = Lock(folder.path)  # before the state is read
        setup, step, notes = resumed_setup(folder, options, networks, data, data_changed, ranks)
        run = cls.__new__(cls)
        run._take(setup, folder.path.parent, folder, step)
        run.lock, run.notes = lock, [*run.notes, *notes]
        run.setup.take_epochs(epochs)
        return run

    @property
    def config(self) -> Config:
        """Its options."""
        return self.setup.config

    @property
    def step(self) -> int:
        """Steps taken so far."""
        return self.watch.step

    @property
    def path(self) -> Path:
        """Its folder; RunError before there is one."""
        if self.folder:
            return self.folder.path
        raise RunError("this run has no folder yet: train makes it")

    @property
    def trained(self) -> Trained:
        """Its generator as it is now, the moving average where there is one."""
        where = self.folder.path if self.folder else self.outdir
        return Trained(self.setup.sampler, self.setup.about(self.step), self.setup.behind, where)

    def begin(self, command: str = "") -> None:
        """Make the folder, or let an old one forget what was written after its checkpoint; log `command`."""
        new = self.folder is None
        self.folder = self.folder or RunFolder.create(self.outdir, title(self.setup))
        self.hold()
        if not new:
            self.notes += self.folder.forget_after(self.step or -1)  # at 0 the first picture is made again too
        self.folder.log(command or "from Python")
        for line in self.said():
            self.folder.log(line)
        if new:
            write_papers(self.setup, self.folder, command)
        self.begun, self.made = True, new

    def hold(self) -> None:
        """Let no other process train in this folder before `train` has ended; RunError if one does."""
        self.lock = self.lock or Lock(self.path)
        self.notes += [problem for problem in self.lock.take() if problem not in self.notes]

    def said(self) -> list[str]:
        """What was read, a line each: the data, what should be known of them, and the file of own networks."""
        file = self.setup.networks.file
        return [self.setup.dataset.describe(), *self.notes, *([file.said()] if file else [])]

    def train(
        self,
        steps: int | None = None,
        *,
        on_step: Callable[[int, dict[str, float]], Any] | None = None,
        on_pictures: Callable[[int, np.ndarray], Any] | None = None,
    ) -> None:
        """Train to the last step, leaving everything in the run folder.

        Parameters
        ----------
        steps : int, optional
            Another total of steps than the options say: with more of them a run that has ended goes on.
        on_step : function(step, numbers), optional
            Called after every step with what stats.jsonl shows of it.
        on_pictures : function(step, samples), optional
            Called with every picture: images (n, H, W, C) in [0, 1], also of strings and melodies, or points (n, 2).

        Raises
        ------
        TrainingStopped
            On Ctrl-C (after saving), when a number is not finite, or the memory does not suffice any more.
        ConfigError
            If it does not suffice for a first step: nothing is left of a new run.
        RunError
            If it has ended, or another process trains in its folder.
        """
        if steps is not None:
            dataclasses.replace(self.config, **plain_options({"steps": steps})).check()
            self.config.steps = int(steps)
        self.check_unfinished()
        with self.setup.ranks.together():
            if self.setup.ranks.rank == 0:  # of several, it alone writes
                self.hold() if self.begun else self.begin()
        assert self.folder is not None
        self.watch = Watch(on_step, on_pictures, step=self.step, viewers=self.viewers)
        try:
            loop.train(self.setup, self.folder, self.step, self.watch)
        except MemoryError as error:
            raise too_little_memory(self) from error
        finally:
            if self.lock:
                self.lock.release()

    def check_unfinished(self) -> None:
        """Raise RunError if there is nothing left to train, or to draw of the last step."""
        to_draw = self.folder is not None and self.step == self.config.steps and not self.folder.has_ended()
        if self.step >= self.config.steps and not to_draw:
            done = f"{self.folder.path if self.folder else 'this run'} is already at step {self.step}"
            raise RunError(f"{done} of {self.config.steps}: ask for more, such as --steps {2 * self.step or 1}")

    def stop(self) -> None:
        """Let `train` save and return after the step in progress: for callbacks, and other threads."""
        self.watch.stopping = True

    def samples(
        self, n: int = 25, seed: int = 0, truncation: float | None = None, label: int | str | None = None
    ) -> np.ndarray:
        """New samples: images (n, H, W, C) in [0, 1], points (n, 2), or the probabilities of symbols (n, L, V).

        Parameters
        ----------
        n : int
        seed : int
            Of the noise: the same seed gives the same samples.
        truncation : float, optional
            Redraw noise beyond it: samples are more alike.
        label : int or str, optional
            Only this class.

        Raises
        ------
        ConfigError
            If there is no class `label`, or another argument cannot be.
        """
        check_drawing(n, seed, truncation)
        source = self.trained
        found = source.draw(source.noise(n, seed, truncation, label))
        return from_range(found, *source.range) if len(source.shape) == 3 else found

    def evaluate(
        self,
        n: int | None = None,
        seed: int = 0,
        *,
        classifier: Classifier | str | Path | None = None,
        references: bool = True,
    ) -> Measured:
        """How good the samples are, beside known rows: print it for the table, or take its ``rows``.

        Parameters
        ----------
        n, seed : int
            How many samples, by default what the judge takes, and the seed of their noise.
        classifier : Classifier or path, optional
            One of these images, such as `python -m tinygan.train_classifier` writes, to judge by.
        references : bool
            Whether to work out the rows beside the generator's.

        Raises
        ------
        DataError
            If nothing can judge such data, or `n` is out of range.
        """
        return measure(self.trained, self.setup.dataset, n=n, seed=seed, extractor=classifier, references=references)

    def describe(self) -> str:
        """The data, the networks with their shapes, and every option."""
        return describe(self.setup)

    def _repr_html_(self) -> str:
        """What a notebook shows of it: its state, options, newest samples, curves and words of health."""
        return run_html(self)
