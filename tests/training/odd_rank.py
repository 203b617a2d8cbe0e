"""Run by ``mpiexec -n 2 python odd_rank.py WHAT ...``: the program of training, in which rank 1 has another WHAT."""

from __future__ import annotations

import os
import sys

import tinygan
from tinygan import train
from tinygan.commandline import guarded
from tinygan.training import beginning
from tinygan.training.networks import Chosen


def change(what, setup):
    if what == "options":
        setup.config.lr *= 2
    elif what == "data":
        setup.dataset.__dict__["means"] = setup.dataset.means + 1
    elif what == "networks":
        object.__setattr__(setup, "networks", type("Other", (Chosen,), {"sha256": "ab"})(setup.networks.networks))
    elif what == "weights":
        weight = setup.game.generator.parameters()[0]
        weight.data = weight.data * 2


def main(what):
    rank = os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("PMI_RANK")
    if rank == "1":
        build = beginning.build

        def other(*args):
            setup = build(*args)
            change(what, setup)
            return setup

        beginning.build = other
        if what == "versions":
            tinygan.__version__ = "0.0"
        if what == "words":  # it would be done, and not come to train
            sys.argv.append("--list-presets")
    guarded(train.PROGRAM, train.main)


if __name__ == "__main__":
    main(sys.argv.pop(1))
