"""The page of a run, made afterwards: ``python -m tinygan.replay RUN`` writes RUN/replay.html."""

from __future__ import annotations

from collections.abc import Sequence

from tinygan.commandline import Parser, guarded
from tinygan.plot.replay import save_replay
from tinygan.training.replay import NAME, replay_of
from tinygan.training.run_folder import RunFolder

PROGRAM = "python -m tinygan.replay"


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description=f"Write {NAME} into a run's folder: its pictures and curves, to leaf through.")
    p.add_argument("run", metavar="RUN", help="a run folder")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    run = RunFolder.existing(parser().parse_args(argv).run)
    save_replay(run.path / NAME, replay_of(run))
    print(f"open {run.path / NAME} in a browser")


if __name__ == "__main__":
    guarded(PROGRAM, main)
