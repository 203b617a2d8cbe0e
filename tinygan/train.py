"""Train a GAN: ``python -m tinygan.train`` (digits in a minute or two), ``--help`` for everything else."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tinygan.commandline import Parser, guarded
from tinygan.evaluation import metrics_of
from tinygan.shell import quoted
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError, flag, option_type
from tinygan.training.distributed import Ranks, program, warn_of_separate_runs
from tinygan.training.loop import TrainingStopped, train
from tinygan.training.run_folder import BEST, README, RunError, RunFolder
from tinygan.training.scores import check_best
from tinygan.training.setup import Setup, build

PROGRAM = "python -m tinygan.train"
RUNS = "runs"


def parser() -> Parser:
    """The command line: an option for every field of Config, and a few about the run as a whole."""
    p = Parser(
        prog=PROGRAM,
        description="Train a GAN; with no option, the MLP GAN on rendered digits. Everything it leaves is in one "
        "numbered folder. Options not given are the preset's.",
    )
    for f in dataclasses.fields(Config):
        kind, about = option_type(f), f.metadata["help"]
        if kind is bool:
            p.add_argument(flag(f.name), action=argparse.BooleanOptionalAction, default=None, help=about)
        else:
            choices = f"; one of {', '.join(f.metadata['choices'])}" if f.metadata["choices"] else ""
            p.add_argument(flag(f.name), type=kind, metavar=kind.__name__.upper(), help=about + choices)
    p.add_argument("--epochs", type=int, metavar="INT", help="passes over the data in all, instead of --steps")
    p.add_argument("--outdir", metavar="DIR", help=f"where run folders are made ('{RUNS}')")
    p.add_argument("--resume", metavar="RUN", help="go on with a run folder; --steps is then the new total")
    p.add_argument("--quick", action="store_true", help="a first look within seconds: few steps")
    p.add_argument("--dry-run", action="store_true", help="build everything, show it, write nothing")
    p.add_argument("--distributed", action="store_true", help="train on all ranks that mpiexec started (needs mpi4py)")
    p.add_argument("--list-presets", action="store_true", help="show the presets and their options")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if argv is None else argv)
    if "--distributed" in words:
        ranks = Ranks.join()
    else:
        ranks = Ranks()
        warn_of_separate_runs()
    with ranks.all_or_none(known=TrainingStopped):
        run_as_asked(words, ranks)


def run_as_asked(words: list[str], ranks: Ranks) -> None:
    """Everything between the words of the command line and the end of the run."""
    with ranks.together():
        args = parser().parse_args(words)
        if args.list_presets:
            print(presets.listing())
            return
        given = {f.name: v for f in dataclasses.fields(Config) if (v := getattr(args, f.name)) is not None}
        setup, run, start = begin(args, given, ranks) if args.resume is None else resume(args, given, ranks)
        if args.dry_run:
            print(describe(setup))
            return
    with ranks.together():
        if ranks.rank == 0:
            if run is None:
                run = RunFolder.create(args.outdir if args.outdir is not None else RUNS, setup.config)
            else:
                run.forget_after(start if start > 0 else -1)  # at 0 the first picture is made again too
            command = f"{program(ranks.size)} {quoted(word for word in words if word != '--distributed')}".strip()
            run.log(command)
            if args.resume is None:
                write_papers(setup, run, command)
    run = ranks.gather(run)[0]
    config = setup.config
    print(f"{run.path}: {config.preset} on {config.data}, steps {start + 1} to {config.steps}", flush=True)
    if ranks.size > 1:
        resume_line = f"{program(ranks.size)} --resume {quoted([run.path])}"
        print(f"on {ranks.size} ranks; if one is lost, all end, and this goes on: {resume_line}", flush=True)
    train(setup, run, start)
    print(f"done: look at {run.picture(config.steps)}")


def begin(args: Any, given: dict[str, Any], ranks: Ranks) -> tuple[Setup, RunFolder | None, int]:
    """A new run: everything is built before a folder is made, so that bad input leaves nothing behind."""
    if args.epochs is not None and (args.steps is not None or args.quick):
        raise ConfigError("--epochs says how long to train: give it without --steps and --quick")
    config = presets.configure(given, args.quick)
    setup = build(config, ranks)
    apply_epochs(setup, args.epochs)
    return setup, None, 0


def resume(args: Any, given: dict[str, Any], ranks: Ranks) -> tuple[Setup, RunFolder, int]:
    """An old run, at its newest checkpoint, with the options it began with; only some may be changed."""
    for name in ("outdir", "quick"):
        if getattr(args, name):
            raise ConfigError(f"{flag(name)} is for a new run: it does not go with --resume")
    if args.epochs is not None and args.steps is not None:
        raise ConfigError("give --steps or --epochs, not both")
    run = RunFolder.existing(args.resume)
    if run.states():
        arrays, meta, path = run.load_checkpoint()
    else:  # it was stopped in its first moments: begin again
        arrays, meta, path = {}, {"config": run.read_options(), "step": 0}, run.path / "config.json"
    old, step = meta.get("config"), meta.get("step")
    if not isinstance(old, dict) or not isinstance(step, int):
        raise RunError(f"{path} was written by another version of tinygan: it does not say its options and step")
    for f in dataclasses.fields(Config):
        if f.name in given and not f.metadata["resumable"] and given[f.name] != old.get(f.name):
            was = f"{flag(f.name)} of {run.path} is {old.get(f.name)}"
            raise ConfigError(f"{was}: it cannot change on --resume; start a new run")
    try:
        config = Config(**{**old, **given})
    except TypeError:
        raise RunError(f"{path} was written by another version of tinygan, with other options") from None
    config.check()
    check_best(config, run)
    setup = build(config, ranks)
    if arrays:
        setup.load_state(arrays, meta, str(path))
    apply_epochs(setup, args.epochs)
    if step >= setup.config.steps:
        done = f"{run.path} is already at step {step} of {setup.config.steps}"
        raise RunError(f"{done}: ask for more, such as --steps {2 * step or 1}")
    return setup, run, step


def apply_epochs(setup: Setup, epochs: int | None) -> None:
    """Turn --epochs into steps, which depends on the number of batches in the data."""
    if epochs is None:
        return
    if epochs < 1:
        raise ConfigError(f"--epochs must be at least 1, not {epochs}")
    if setup.batches.batches_per_epoch is None:
        raise ConfigError(f"--data {setup.config.data} never runs out of samples: give --steps instead of --epochs")
    setup.config.steps = max(1, epochs * setup.batches.batches_per_epoch // setup.config.n_critic)
    setup.config.check()


def describe(setup: Setup) -> str:
    """What --dry-run prints: the networks with their shapes, and every option."""
    game, c = setup.game, setup.config
    options = "\n".join(f"  {name} = {value}" for name, value in asdict(c).items())
    *outer, channels = setup.dataset.sample_shape
    return (
        f"generator\n{game.generator.summary(setup.z.shape[1:])}\n\n"
        f"discriminator\n{game.discriminator.summary((*outer, c.pack * channels))}\n\n"
        f"options\n{options}\n\nnothing was written (--dry-run)"
    )


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
    run.write_config(asdict(config), command)


if __name__ == "__main__":
    guarded(PROGRAM, main)
