"""Train a GAN: ``python -m tinygan.train`` (digits in a minute or two), ``--help`` for everything else."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygan.commandline import Parser, guarded
from tinygan.shell import quoted
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError, flag, option_type
from tinygan.training.distributed import Ranks, program, warn_of_separate_runs
from tinygan.training.lock import Lock
from tinygan.training.loop import TrainingStopped
from tinygan.training.run import RUNS, Run
from tinygan.training.run_folder import picture_name

PROGRAM = "python -m tinygan.train"


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
    changed = "with --resume: the data may have changed since, such as a folder with more pictures"
    p.add_argument("--data-changed", action="store_true", help=changed)
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
    ranks.check_same(options=words)  # first of all: with other words a rank might not come to the next meeting
    with ranks.together():
        args = parser().parse_args(words)
        if args.list_presets:
            print(presets.listing())
            return
        run = asked_run(args, ranks)
        if args.dry_run:
            print(f"{run.describe()}\n\nnothing was written (--dry-run)")
            return
    run.setup.check_ranks(run.step)
    with ranks.together():
        if ranks.rank == 0:
            run.begin(f"{program(ranks.size)} {quoted(word for word in words if word != '--distributed')}".strip())
    run.folder = ranks.gather(run.folder)[0]
    config, networks = run.config, run.setup.networks.called(run.config)
    what = f"steps {run.step + 1} to {config.steps}" if run.step < config.steps else f"pictures of step {run.step}"
    print(f"{run.path}: {networks} on {config.data}, {what}", flush=True)
    for line in run.said():
        print(line, flush=True)
    if ranks.size > 1:
        resume_line = f"{program(ranks.size)} --resume {quoted([run.path])}"
        print(f"on {ranks.size} ranks; if one is lost, all end, and this goes on: {resume_line}", flush=True)
    run.train()
    print(f"done: look at {run.path / picture_name(config.steps)}")


def asked_run(args: Any, ranks: Ranks) -> Run:
    """A new run or, with --resume, an old one."""
    options = {f.name: v for f in dataclasses.fields(Config) if (v := getattr(args, f.name)) is not None}
    if args.resume is None:
        if args.data_changed:
            raise ConfigError("--data-changed goes with --resume: a new run takes the data as they are")
        where = RUNS if args.outdir is None else args.outdir
        return Run(outdir=where, quick=args.quick, epochs=args.epochs, ranks=ranks, **options)
    for name in ("outdir", "quick"):
        if getattr(args, name):
            raise ConfigError(f"{flag(name)} is for a new run: it does not go with --resume")
    if ranks.rank == 0 and not args.dry_run:  # at once, and not after the data have been read
        Lock(Path(args.resume).expanduser()).check()
    run = Run.resume(args.resume, epochs=args.epochs, data_changed=args.data_changed, ranks=ranks, **options)
    run.check_unfinished()
    return run


if __name__ == "__main__":
    guarded(PROGRAM, main)
