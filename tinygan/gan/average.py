"""An exponential moving average of a network: a smoother generator to draw samples from."""

from __future__ import annotations

import copy

from tinygan.autograd import Tensor, effect
from tinygan.backend import backend_of
from tinygan.given import finite_number
from tinygan.nn import Module


class MovingAverage:
    """average = decay * average + (1 - decay) * network, after each step.

    BatchNorm's running statistics are averaged with the weights, since they belong to them.

    Source: Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training", ICLR 2019.

    Parameters
    ----------
    network : Module
        The average starts as a copy of it.
    decay : float
        In (0, 1); 0.999 remembers about a thousand steps.
    """

    def __init__(self, network: Module, decay: float):
        what = "the decay of the moving average"
        self.decay = finite_number(what, decay, "lie in (0, 1)", lambda decay: 0 < decay < 1)
        self.network = copy.deepcopy(network)

    def update(self, network: Module) -> None:
        """Move the average a little towards `network`."""
        pairs = list(zip(self._tensors(self.network), self._tensors(network), strict=True))

        def move() -> None:
            for mine, theirs in pairs:
                backend_of(mine.data).move_towards(mine.data, theirs.data, 1 - self.decay)
                mine.changed_in_place()

        effect(move)

    @staticmethod
    def _tensors(network: Module) -> list[Tensor]:
        return [*network.parameters(), *(tensor for _, tensor in network.buffers())]
