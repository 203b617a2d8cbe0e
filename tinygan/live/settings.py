"""What can be set in the laboratory, and how that becomes the setup of a run: same options, same checks."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan.gan.losses import LOSSES
from tinygan.gan.networks import Networks
from tinygan.gan.penalties import PENALTIES
from tinygan.live.data import DATA, Stroke, make
from tinygan.live.faults import FAULTS
from tinygan.nn import Dense, Module, ReLU, Sequential, init
from tinygan.training.build import build
from tinygan.training.config import Config, ConfigError
from tinygan.training.presets import configure
from tinygan.training.setup import Setup
from tinygan.words import did_you_mean, short

CHOICES: dict[str, tuple[Any, ...]] = {
    "data": tuple(DATA),
    "digit": tuple(range(10)),
    "loss": tuple(LOSSES),
    "penalty": ("none", *PENALTIES, "r1+r2"),
    "optimizer": ("adam", "rmsprop", "sgd"),
}
WHOLE = {"width": (1, 512), "depth": (1, 8)}  # what `Config` does not know, and its bounds
AT_ONCE = {"lr", "lr_d", "loss", "penalty", "penalty_weight", "n_critic"}  # can change while the networks stay


@dataclass(frozen=True)
class Settings:
    """The options of `tinygan.train` that the laboratory has, and the sizes of its networks.

    Attributes
    ----------
    data : str
        A key of `tinygan.live.data.DATA`.
    digit : int
        Which digit's shape, for the data "digit".
    width, depth : int
        Of both networks: so many hidden layers of so many ReLUs.
    fault : str
        A key of `tinygan.live.faults.FAULTS`: what is wrong with the code of this run, on the data "ring". Then the
        lines beside the picture are run as they stand.

    The others are those of `tinygan.training.config.Config`.
    """

    data: str = "ring"
    digit: int = 3
    seed: int = 0
    loss: str = "ns"
    penalty: str = "r1"
    penalty_weight: float = 0.01
    lr: float = 2e-3
    lr_d: float = 2e-3
    n_critic: int = 1
    pack: int = 1
    batch_size: int = 128
    optimizer: str = "adam"
    width: int = 64
    depth: int = 2
    ema: float = 0.99
    fault: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Those that are given, and the defaults; ConfigError, with a hint, if there is none of a name."""
        names = [f.name for f in dataclasses.fields(cls)]
        for name in given:
            if name not in names:
                raise ConfigError(f"the laboratory has no setting {name!r}{did_you_mean(name, names)}")
        return cls(**given)

    def check(self) -> None:
        """Raise ConfigError, in one sentence, for what `Config` does not check."""
        for name in ("data", "digit"):
            value, known = getattr(self, name), CHOICES[name]
            if value not in known or type(value) not in (str, int):
                hint = did_you_mean(value, known) if isinstance(value, str) else ": give one from 0 to 9"
                raise ConfigError(f"unknown {name} {short(value)}{hint}")
        if self.fault and self.fault not in FAULTS:
            raise ConfigError(f"unknown fault {short(self.fault)}{did_you_mean(self.fault, FAULTS)}")
        if self.fault and self.data != "ring":
            raise ConfigError("a fault of the code is shown on the ring: leave the data, or the fault, out")
        for name, (low, high) in WHOLE.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {short(value)}")

    @property
    def latent(self) -> int:
        """Length of z: as many numbers as the data have, so that G is a map that can be drawn."""
        return 1 if self.data == "line" else 2

    def build(self, strokes: Sequence[Stroke] = ()) -> Setup:
        """Data, networks and the game, as a run would make them.

        Parameters
        ----------
        strokes : sequence of sequences of (x, y)
            What was drawn, for the data "drawn".

        Raises
        ------
        ConfigError, DataError
            In one sentence, if an option cannot be, or does not fit another.
        """
        self.check()
        names = {f.name for f in dataclasses.fields(Config)}
        options = {name: value for name, value in vars(self).items() if name in names}
        # beta2 as in the presets ring and grid; fresh fakes, so that a step of D and one of G are a step of both.
        own = dict(data=f"<{self.data}>", networks="<live>", latent=self.latent, beta2=0.99, fresh_fakes=True)
        idle = {"penalty_weight": self.penalty == "none", "beta2": self.optimizer != "adam"}  # would be refused
        wanted = {name: value for name, value in {**options, **own}.items() if not idle.get(name)}
        config = configure(wanted, kind="points")
        networks = Networks(self.generator, self.discriminator, name="live")
        return build(config, dataset=make(self.data, self.digit, strokes), networks=networks)

    def generator(self, shape: tuple[int, ...], latent: int, rng: np.random.Generator) -> Module:
        """z -> points."""
        return dense(*self.sizes(latent, shape[0]), rng=rng)

    def discriminator(self, shape: tuple[int, ...], rng: np.random.Generator) -> Module:
        """Points -> logit."""
        return dense(*self.sizes(shape[0], 1), rng=rng)

    def sizes(self, n_in: int, n_out: int) -> list[int]:
        """How many numbers stand between the layers of a network, from what goes in to what comes out."""
        return [n_in, *[self.width] * self.depth, n_out]


def dense(*sizes: int, rng: np.random.Generator) -> Sequential:
    """Dense layers from one size to the next, with a ReLU between each two."""
    layers: list[Module] = []
    for n_in, n_out in itertools.pairwise(sizes[:-1]):
        layers += [Dense(n_in, n_out, init=init.he(), rng=rng), ReLU()]
    return Sequential(*layers, Dense(sizes[-2], sizes[-1], rng=rng))
