"""The game of PacGAN's 2-D experiments: networks, data and rules of one trial, and its state, whole.

Source: Lin, Khetan, Fanti and Oh, "PacGAN: The power of two samples in generative adversarial networks", NeurIPS
2018, section 4.1. What the paper leaves open follows its published experiments: the non-saturating loss, no bias
before BatchNorm, and BatchNorm's momentum 0.95 and eps 1e-4. Two things differ: BatchNorm sees the 100 m fakes of a
step together, not m times 100; and the 100,000 points are shuffled and packed anew in each epoch, where the published
code draws the packs once, with replacement, and keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygan.backend import current_backend
from tinygan.data import Mixture, grid, ring
from tinygan.data.rng import rng_state, set_rng_state
from tinygan.gan import losses
from tinygan.gan.game import Game
from tinygan.gan.sampling import draw
from tinygan.metrics import ModeReport, count_modes
from tinygan.nn import BatchNorm, Dense, Maxout, Module, ReLU, Sequential, init
from tinygan.optim import Adam
from tinygan.training.checkpoint import part

DATA = {"ring": ring, "grid": grid}
LATENT = POINT = 2  # numbers in z, and in a point
STREAMS = ("weights", "points", "order", "noise", "samples", "oracle")  # of random numbers, for each seed


@dataclass(frozen=True)
class Rules:
    """All that the trials of a budget have in common; the defaults are the paper's.

    Attributes
    ----------
    steps : int
        Updates of both networks.
    lr, beta1 : float
        Adam's, of both networks.
    batch : int
        Packs that D judges at once: m times as many points.
    g_layers, g_width : int
        Hidden layers of G, and units in each.
    d_layers, d_width, pieces : int
        The same of D, whose units are the largest of so many pieces.
    std : float
        Standard deviation of the initial weights.
    points : int
        Of the training set, which is drawn once.
    samples : int
        That are drawn from G in the end.
    """

    steps: int = 400_000
    lr: float = 1e-4
    beta1: float = 0.8
    batch: int = 100
    g_layers: int = 4
    g_width: int = 400
    d_layers: int = 3
    d_width: int = 200
    pieces: int = 5
    std: float = 0.02
    points: int = 100_000
    samples: int = 2_500


class Job(NamedTuple):
    """One cell's share: which mixture, how many points D judges at once, and which random numbers."""

    data: str
    pack: int
    seed: int


def stream(seed: int, name: str, epoch: int = 0) -> np.random.Generator:
    """A seed's random numbers for one purpose, independent of those for all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name), epoch)))


def generator(rules: Rules, rng: np.random.Generator) -> Sequential:
    """2 -> 4 x [400, BatchNorm, ReLU] -> 2; BatchNorm's shift takes the place of the biases before it."""
    layers: list[Module] = []
    for i in range(rules.g_layers):
        dense = Dense(rules.g_width if i else LATENT, rules.g_width, bias=False, init=init.normal(rules.std), rng=rng)
        layers += [dense, BatchNorm(rules.g_width, momentum=0.95, eps=1e-4), ReLU()]
    return Sequential(*layers, Dense(rules.g_width, POINT, init=init.normal(rules.std), rng=rng))


def discriminator(rules: Rules, pack: int, rng: np.random.Generator) -> Sequential:
    """2 m -> 3 x Maxout(200 units, 5 pieces) -> 1 logit."""
    layers: list[Module] = []
    for i in range(rules.d_layers):
        n_in = rules.d_width if i else POINT * pack
        layers.append(Maxout(n_in, rules.d_width, rules.pieces, init=init.normal(rules.std), rng=rng))
    return Sequential(*layers, Dense(rules.d_width, 1, init=init.normal(rules.std), rng=rng))


class Trial:
    """A job on its way: the game, its data, and how many steps were taken.

    Parameters
    ----------
    job : Job
    rules : Rules
    """

    def __init__(self, job: Job, rules: Rules):
        self.job, self.rules, self.steps = job, rules, 0
        self.mixture: Mixture = DATA[job.data]()
        self.points = self.mixture.sample(rules.points, stream(job.seed, "points"))
        self.epoch, self.order = -1, np.empty(0, np.int64)
        weights = stream(job.seed, "weights")
        g = generator(rules, weights).name_parameters("G")
        d = discriminator(rules, job.pack, weights).name_parameters("D")
        self.game = Game(
            g,
            d,
            opt_g=Adam(g.parameters(), rules.lr, (rules.beta1, 0.999)),
            opt_d=Adam(d.parameters(), rules.lr, (rules.beta1, 0.999)),
            loss=losses.get("ns"),
            latent=LATENT,
            rng=stream(job.seed, "noise"),
            simultaneous=True,
            joint_batch=True,  # D has no BatchNorm: the same numbers in fewer passes
            pack=job.pack,
        )

    def step(self) -> None:
        """Move both networks once."""
        self.game.step(self.next_reals)
        self.steps += 1

    def next_reals(self) -> np.ndarray:
        """The batch of this step. It follows from seed and step alone, so that a checkpoint need not keep it."""
        n = self.rules.batch * self.job.pack
        epoch, place = divmod(self.steps, self.rules.points // n)
        if epoch != self.epoch:
            self.epoch, self.order = epoch, stream(self.job.seed, "order", epoch).permutation(self.rules.points)
        return self.points[self.order[place * n : (place + 1) * n]]

    def report(self) -> ModeReport:
        """The modes of G's samples, BatchNorm in inference mode. The noise is the same whenever it is asked."""
        z = stream(self.job.seed, "samples").standard_normal((self.rules.samples, LATENT), dtype=np.float32)
        return count_modes(draw(self.game.generator, z), self.mixture.means, self.mixture.sigma)

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """(arrays, meta): all that the next step depends on."""
        parts = self._parts()
        arrays = {f"{name}/{key}": value for name, it in parts.items() for key, value in it.state_dict().items()}
        return arrays, {"steps": self.steps, "noise": rng_state(self.game.rng)}

    def load_state(self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
        """Take over what `state` returned; raises KeyError, TypeError or ValueError if it does not fit."""
        for name, it in self._parts().items():
            it.load_state_dict(part(arrays, name))
        set_rng_state(self.game.rng, meta["noise"])
        self.steps = int(meta["steps"])

    def _parts(self) -> dict[str, Any]:
        game = self.game
        return {"G": game.generator, "D": game.discriminator, "opt_g": game.opt_g, "opt_d": game.opt_d}


def settings(job: Job, rules: Rules) -> dict[str, Any]:
    """What a checkpoint must agree in; rounding differs from backend to backend, so that is one of them."""
    return {**job._asdict(), **asdict(rules), "backend": current_backend().name}


def oracle(job: Job, rules: Rules) -> ModeReport:
    """The same report of as many samples of the mixture itself: what a perfect generator reaches."""
    mixture = DATA[job.data]()
    return count_modes(mixture.sample(rules.samples, stream(job.seed, "oracle")), mixture.means, mixture.sigma)
