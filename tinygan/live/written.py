"""The lines beside the picture, run as they stand: so is a run whose code is at fault, and nothing of it is hidden."""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, no_grad, ops
from tinygan.data import grid, ring
from tinygan.gan import losses
from tinygan.gan.average import MovingAverage
from tinygan.gan.penalties import PENALTIES
from tinygan.live import code
from tinygan.live.data import Stroke, make
from tinygan.live.settings import Settings, dense
from tinygan.nn import Sequential, Tanh
from tinygan.optim import SGD, Adam, RMSProp
from tinygan.training.setup import Setup

# What the lines may name, beside what they make themselves.
VOCABULARY: dict[str, Any] = {
    **{each.__name__: each for each in (Adam, RMSProp, SGD, MovingAverage, Sequential, Tanh, Tensor)},
    **{each.__name__: each for each in (dense, grid, make, ring, ops.bce_with_logits, np.random.default_rng)},
    **{name: losses.get(name) for name in losses.LOSSES},
    **PENALTIES,
}


@dataclass(frozen=True, eq=False)
class Told:
    """What came of an update of D or of G."""

    real: Tensor
    fake: Tensor
    loss: Tensor
    on_real: Tensor
    on_fake: Tensor
    grads: list[Tensor]


@functools.cache
def compiled(line: str) -> CodeType:
    """A line of code, from wherever it stands."""
    return compile(line.strip(), "<the lines beside the picture>", "exec")


class Written:
    """The lines of `tinygan.live.code`, and the names in them.

    Parameters
    ----------
    settings : Settings
    setup : Setup
        Takes over the data, networks and optimisers that the lines make; it gives the noise.
    strokes : sequence of sequences of (x, y)
        What was drawn, for the data "drawn".
    """

    def __init__(self, settings: Settings, setup: Setup, strokes: Sequence[Stroke] = ()):
        game = setup.game
        self.names: dict[str, Any] = {
            **VOCABULARY,
            **dict(noise=game.noise, packed=game.packed, grad=self._grad, strokes=strokes),
            "rng": np.random.default_rng(settings.seed),
        }
        for line in code.before(settings):
            self.run(line)
        made = self.names
        setup.dataset, game.average = made["data"], made.get("average")
        game.generator, game.discriminator = made["G"], made["D"]
        game.opt_g, game.opt_d = made["opt_g"], made["opt_d"]
        self._grads: list[Tensor] = []

    def run(self, line: str) -> None:
        """Run a line as it stands."""
        exec(compiled(line), self.names)

    def update(self, settings: Settings, places: Sequence[int]) -> Generator[int, None, Told]:
        """Run the lines of those places, each named before it is run."""
        lines, names = code.lines(settings), self.names
        if "real" not in names:  # G alone was asked to move, before any batch was drawn
            self.run(lines[code.REAL])
        for place in filter(lines.__getitem__, places):
            yield place
            if place in (code.LOSS_D, code.LOSS_G):
                with no_grad():
                    on_real, on_fake = (names["D"](names["packed"](names[each])) for each in ("real", "fake"))
            self.run(lines[place])
        loss = names["loss_d" if places == code.OF_D else "loss_g"]
        return Told(names["real"], names["fake"], loss, on_real, on_fake, self._grads)

    def _grad(self, loss: Tensor, params: list[Tensor]) -> list[Tensor]:
        self._grads = grad(loss, params)
        return self._grads
