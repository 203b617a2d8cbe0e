"""GumbelSoftmax: the last layer of a generator that chooses, such as one letter for each place of a string."""

from __future__ import annotations

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.given import finite_number
from tinygan.nn.linear import check_samples
from tinygan.nn.module import Module


class GumbelSoftmax(Module):
    """In training softmax((x + Gumbel noise) / temperature) along the last axis; in evaluation the argmax, one-hot.

    See `tinygan.ops.gumbel_softmax`. In evaluation nothing is drawn, so that the same noise z gives the same string.

    Source: Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.

    Parameters
    ----------
    temperature : float
        Above 0. It may be changed at any time, also for a step that `tinygan.compiled` plays back: mostly it falls.
    hard : bool
        Whether the result is one-hot in training too, with the gradient of the soft one (`straight_through`).
    rng : numpy.random.Generator, optional
        Drawn from on the host, in training mode only.

    Attributes
    ----------
    tau : Tensor ()
        Buffer: the temperature. As a buffer it is saved with the network.

    Examples
    --------
    >>> layer = GumbelSoftmax(1.0, rng=np.random.default_rng(0))
    >>> layer.temperature = 0.5
    >>> layer.eval()(Tensor([[0.1, 2.0, 0.3]])).data.tolist()
    [[0.0, 1.0, 0.0]]
    """

    def __init__(self, temperature: float = 1.0, hard: bool = False, rng: np.random.Generator | None = None):
        self.tau = Tensor(np.ones((), np.float32), name="GumbelSoftmax.tau")
        self.temperature = temperature
        self.hard, self.rng = hard, rng or np.random.default_rng()

    @property
    def temperature(self) -> float:
        """The number in `tau`."""
        return float(self.tau.item())

    @temperature.setter
    def temperature(self, value: float) -> None:
        value = finite_number("GumbelSoftmax's temperature", value, "be above 0", lambda t: t > 0)
        self.tau.data = self.tau.xp.asarray(value, dtype=self.tau.dtype)

    def extra(self) -> str:
        return f"{self.temperature:g}" + (", hard=True" if self.hard else "")

    def forward(self, x: Tensor) -> Tensor:
        x = check_samples(self, x)
        if not self.training:
            return ops.straight_through(ops.softmax(x))
        return ops.gumbel_softmax(x, self.tau, self.hard, rng=self.rng)
