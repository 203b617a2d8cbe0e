"""How many launches a step takes, called and played back: counted on the stand-in, for the table in the docs.

    PYTHONPATH=tests python tests/standin/launches.py

prints the table of docs/explanation/backends.md anew. A launch is whatever the device is asked to do: a kernel, a
matrix product, a copy on the device. Copies of noise from the host are not counted: they are the same on both sides.
"""

from __future__ import annotations

from unittest import mock

import tinygan as tg
from standin import FakeCupy
from tinygan import data
from tinygan.backend import CupyBackend, using_backend
from tinygan.training import build, presets


def few(config):
    """The data of a preset; of the digits a handful, as rendering all of them would take longer than the step."""
    return data.digits(n=40) if config.data == "digits" else data.load(config.data)


def setups(config, backend, n):
    """Equal games on a backend, which is the one in use."""
    with mock.patch.object(build, "use_backend", lambda name: backend):
        return [build.build(config, dataset=few(config)) for _ in range(n)]


def count(preset):
    """(called, played back): the launches of one step of a preset."""
    config = presets.configure({"preset": preset, "batch_size": 4, "samples": 1})
    with using_backend(CupyBackend(FakeCupy())) as backend:
        (setup,) = setups(config, backend, 1)
        play, found = tg.compiled(setup.game.step), [backend.xp.launches]
        for _ in range(3):  # the first two are called and written down, the third is played back
            play(setup.next_reals)
            found.append(backend.xp.launches)
        assert play.programs, play.why_not
    return found[1] - found[0], found[3] - found[2]


def rows():
    """The table, in Markdown."""
    yield "| preset | called | played back |"
    yield "| --- | ---: | ---: |"
    for preset in presets.PRESETS:
        called, played = count(preset)
        yield f"| `{preset}` | {called} | {played} |"


if __name__ == "__main__":
    print(*rows(), sep="\n")
