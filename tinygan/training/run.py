"""A run, whole: what `python -m tinygan.train` does, from Python, with networks and data of one's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinygan.evaluation import metrics_of
from tinygan.training import loop, presets
from tinygan.training.config import Config, ConfigError, flag
from tinygan.training.distributed import Ranks, program
from tinygan.training.run_folder import BEST, README, RunError, RunFolder
from tinygan.training.scores import check_best
from tinygan.training.setup import Setup, build
from tinygan.training.trained import Trained

RUNS = "runs"


class Run:
    """A training run with its folder.

    Nothing is written before `train`; everything is built here, so that bad input leaves nothing behind.

    Parameters
    ----------
    outdir : path
        Where the run folder is made.
    quick : bool
        A first look within seconds: few steps.
    epochs : int, optional
        Passes over the data in all, instead of ``steps``.
    ranks : Ranks, optional
        The processes that train together; this one alone by default.
    **options
        Those of `tinygan.training.config.Config`; what is not given is the preset's.

    Attributes
    ----------
    setup : Setup
        Data, networks, the game.
    step : int
        Steps taken so far.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if an option cannot be, or does not fit another, the networks or the data.
    """

    def __init__(
        self,
        *,
        outdir: str | Path = RUNS,
        quick: bool = False,
        epochs: int | None = None,
        ranks: Ranks | None = None,
        **options: Any,
    ):
        if epochs is not None and ("steps" in options or quick):
            raise ConfigError("--epochs says how long to train: give it without --steps and --quick")
        self.setup = build(presets.configure(options, quick), ranks)
        self.setup.take_epochs(epochs)
        self.outdir, self.folder, self.step, self.new = outdir, None, 0, True

    folder: RunFolder | None

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        epochs: int | None = None,
        ranks: Ranks | None = None,
        **options: Any,
    ) -> Run:
        """An old run, at its newest checkpoint, with the options it began with; only some may be changed.

        Parameters
        ----------
        path : path
            Its folder.
        epochs, ranks
            As for a new run.
        **options
            ``steps`` is the new total.

        Raises
        ------
        RunError, CheckpointError, ConfigError, DataError
            In one sentence, if it cannot go on.
        """
        if epochs is not None and "steps" in options:
            raise ConfigError("give --steps or --epochs, not both")
        folder = RunFolder.existing(path)
        if folder.states():
            arrays, meta, source = folder.load_checkpoint()
        else:  # it was stopped in its first moments: begin again
            arrays, meta, source = {}, {"config": folder.read_options(), "step": 0}, folder.path / "config.json"
        config, step = _options_of(meta, options, folder, source)
        check_best(config, folder)
        run = cls.__new__(cls)
        run.setup = build(config, ranks)
        if arrays:
            run.setup.load_state(arrays, meta, str(source))
        run.setup.take_epochs(epochs)
        if step >= run.config.steps:
            done = f"{folder.path} is already at step {step} of {run.config.steps}"
            raise RunError(f"{done}: ask for more, such as --steps {2 * step or 1}")
        run.outdir, run.folder, run.step, run.new = folder.path.parent, folder, step, False
        return run

    @property
    def config(self) -> Config:
        """Its options."""
        return self.setup.config

    @property
    def path(self) -> Path:
        """Its folder; RunError before there is one."""
        if self.folder is None:
            raise RunError("this run has no folder yet: train makes it")
        return self.folder.path

    @property
    def trained(self) -> Trained:
        """Its generator as it is now."""
        where = self.folder.path if self.folder else Path(self.outdir)
        return Trained(self.setup.sampler, self.setup.about(self.step), self.setup.behind, where)

    def open(self, command: str = "") -> None:
        """Make the folder, or of an old run forget what was written after its checkpoint; log `command`."""
        if self.folder is None:
            self.folder = RunFolder.create(self.outdir, self.config)
        elif not self.new:
            self.folder.forget_after(self.step if self.step > 0 else -1)  # at 0 the first picture is made again too
        self.folder.log(command or "from Python")
        if self.new:
            write_papers(self.setup, self.folder, command)
            self.new = False

    def train(self) -> None:
        """Train to the last step, leaving everything in the run folder.

        Raises
        ------
        TrainingStopped
            On Ctrl-C (after saving), or when a loss or a weight is no finite number any more.
        """
        if self.folder is None:
            self.open()
        assert self.folder is not None
        loop.train(self.setup, self.folder, self.step)

    def describe(self) -> str:
        """The networks with their shapes, and every option."""
        game, (*outer, channels) = self.setup.game, self.setup.dataset.sample_shape
        options = "\n".join(f"  {name} = {value}" for name, value in dataclasses.asdict(self.config).items())
        return (
            f"generator\n{game.generator.summary(self.setup.z.shape[1:])}\n\n"
            f"discriminator\n{game.discriminator.summary((*outer, self.config.pack * channels))}\n\n"
            f"options\n{options}"
        )


def _options_of(
    meta: Mapping[str, Any], given: Mapping[str, Any], folder: RunFolder, source: Path
) -> tuple[Config, int]:
    """The options and the step of an old run, with those `given` that may be changed."""
    old, step = meta.get("config"), meta.get("step")
    if not isinstance(old, dict) or not isinstance(step, int):
        raise RunError(f"{source} was written by another version of tinygan: it does not say its options and step")
    for f in dataclasses.fields(Config):
        if f.name in given and not f.metadata["resumable"] and given[f.name] != old.get(f.name):
            was = f"{flag(f.name)} of {folder.path} is {old.get(f.name)}"
            raise ConfigError(f"{was}: it cannot change on --resume; start a new run")
    try:
        config = Config(**{**old, **given})
    except TypeError:
        raise RunError(f"{source} was written by another version of tinygan, with other options") from None
    config.check()
    return config, step


def write_papers(setup: Setup, run: RunFolder, command: str) -> None:
    """README.txt and config.json, in this order: from a folder with options a run can begin again."""
    config = setup.config
    more = ""
    condition = setup.condition
    if condition and len(setup.dataset.sample_shape) == 3 and condition.classes <= config.samples:
        what = "class" if condition.needs_labels else "way of the code"
        more += f"fakes_*.png      a column for each {what}; the images of a row differ in nothing else\n"
    if config.keep_best != "none":
        command_of_best = f"python -m tinygan.sample {run.path / BEST} --out samples.png"
        more += f"best.npz         the checkpoint with the best {config.keep_best}: {command_of_best}\n"
    if metrics_of(config.data):
        more += f"how good it is:  python -m tinygan.evaluate {run.path}\n"
    text = README.format(
        first=f"fakes_init.png, then {run.picture(config.steps).name}",
        pictures="training.gif",
        command=command,
        log_interval=config.log_interval,
        folder=run.path,
        program=program(setup.ranks.size),
        more=more,
    )
    run.write_text("README.txt", text)
    run.write_config(dataclasses.asdict(config), command)
