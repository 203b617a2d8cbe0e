"""Turning pictures of one kind into another kind: the games Pix2Pix, of pairs, and CycleGAN, of two heaps.

Both play with the networks of `tinygan.gan.unet`. What a generator is fed is a picture, and no noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, draw, effect, grad, is_recording, ops
from tinygan.autograd.mode import recording
from tinygan.gan.game import Game
from tinygan.gan.losses import LeastSquares, Loss
from tinygan.gan.unet import UNet as UNet
from tinygan.gan.unet import patch_discriminator as patch_discriminator
from tinygan.given import finite_number, whole_number
from tinygan.nn import Module
from tinygan.optim import Optimizer


def apart(one: Tensor, other: Tensor) -> Tensor:
    """The L1 distance of two batches of pictures: the mean of ``|one - other|`` over all their numbers."""
    if one.shape != other.shape:
        raise ValueError(f"pictures of shape {one.shape} and {other.shape} cannot be compared number by number")
    return ops.abs(one - other).mean()


@dataclass
class Pix2Pix(Game):
    """A `Game` of pairs: from each source picture G makes the target that belongs to it.

    A real sample is a pair, source and target side by side along the channels; a fake is the same source with G's
    picture beside it. D judges pairs, so a fine picture that does not belong to its source is a bad sample. All
    else is the game as it was: its steps, losses, penalties, averages. G minimises its adversarial loss plus

        l1 * mean abs(target - G(source)),

    which pulls to the right colours and places; the adversarial loss wants details, of which L1 alone makes the median
    of all that are possible: blur.

    Source: Isola et al., "Image-to-image translation with conditional adversarial networks", CVPR 2017, eq. 3 and 4.
    Their noise is dropout inside G, which it hardly heeds; here there is none.

    Attributes
    ----------
    source : int
        The first so many channels of a sample are the source's.
    l1 : float
        The weight of the L1 distance, 0 or more; 100 in the paper.
    latent : int
        0: there is no z. (It is no argument.)

    Examples
    --------
    >>> import tinygan as tg
    >>> rng = np.random.default_rng(0)
    >>> G, D = UNet(1, 3, rng, width=4), patch_discriminator(1 + 3, rng, width=4)
    >>> opts = (tg.optim.Adam(network.parameters()) for network in (G, D))
    >>> game = Pix2Pix(G, D, *opts, tg.losses.get("ns"), rng, source=1)
    >>> pairs = rng.uniform(-1, 1, (8, 32, 32, 1 + 3)).astype(np.float32)
    >>> sorted(game.step(lambda: pairs, measure=True))[:3]
    ['accuracy_fake', 'accuracy_real', 'd_fake_after']
    """

    latent: int = field(default=0, init=False)
    source: int = field(kw_only=True)
    l1: float = field(default=100.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("source", self.source)
        finite_number("l1", self.l1, "be 0 or more", lambda weight: weight >= 0)
        self.sources = Tensor(np.zeros((0, 0, 0, self.source), np.float32))  # of the batch that is being played with

    def reals(self, next_reals: Callable[[], Any]) -> Tensor:
        """The next batch of pairs (N, H, W, source + target)."""
        pairs = super().reals(next_reals)
        if pairs.ndim != 4 or pairs.shape[3] <= self.source:
            wanted = f"(N, H, W, {self.source} + the target's channels)"
            raise ValueError(f"Pix2Pix needs pairs of pictures side by side, {wanted}, but got shape {pairs.shape}")
        self.sources = pairs[..., : self.source]
        return pairs

    def fakes(self, n: int, no_graph: bool = False) -> Tensor:
        """The sources of the batch with G's pictures of them; `no_graph` when their history is not needed."""
        with recording(is_recording() and not no_graph):
            return ops.concatenate([self.sources, self.generator(self.sources)], axis=-1)

    def generator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """G's loss with the L1 distance, and D's outputs for the fakes."""
        loss, on_fake = super().generator_loss(real, fake)
        return loss + self.l1 * apart(fake[..., self.source :], real[..., self.source :]), on_fake


@dataclass
class CycleGAN:
    """Two kinds of pictures, A and B, without pairs: a generator for either way, each against a discriminator.

    Nobody knows which b belongs to an a. But whoever goes to B and back again should be where he was:

        loss of D_a + D_b:  as in any game, real a against to_a(b), real b against to_b(a)
        loss of to_b + to_a:  their adversarial losses
        + cycle * (mean abs(to_a(to_b(a)) - a) + mean abs(to_b(to_a(b)) - b))
        + identity * (mean abs(to_a(a) - a) + mean abs(to_b(b) - b))

    The last part, where A and B have the same number of channels, asks that a picture which is of that kind already
    is left as it is; it keeps colours.

    Source: Zhu et al., "Unpaired image-to-image translation using cycle-consistent adversarial networks", ICCV 2017.
    They show D fakes of former steps too, which is left out here.

    Attributes
    ----------
    to_a, to_b : Module
        Generators, from pictures of B to A and from A to B.
    d_a, d_b : Module
        Discriminators of A and of B: pictures -> logits (N, ...).
    opt_g, opt_d : Optimizer
        Of the parameters of both generators, and of both discriminators.
    loss : Loss
        One that judges a fake by itself; the paper's is least squares.
    cycle, identity : float
        Weights, 0 or more; 10 and, where it is used, 5 in the paper.
    """

    to_a: Module
    to_b: Module
    d_a: Module
    d_b: Module
    opt_g: Optimizer
    opt_d: Optimizer
    loss: Loss = field(default_factory=LeastSquares)
    cycle: float = 10.0
    identity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cycle", "identity"):
            finite_number(name, getattr(self, name), "be 0 or more", lambda weight: weight >= 0)
        if self.loss.needs_real:
            raise ValueError(f"CycleGAN has no pairs of real and fake, which the loss {self.loss.name} compares")

    def step(self, next_reals: Callable[[], tuple[Any, Any]], measure: bool = False) -> dict[str, Any]:
        """One step of both discriminators, then one of both generators.

        Parameters
        ----------
        next_reals : function
            Returns the next batches of both kinds: a (N, H, W, C) and b, on the host or on the backend in use.
        measure : bool
            Also return both losses, and the parts of the generators' (see `generator_loss`).

        Returns
        -------
        dict of 0-d arrays, still on the device; empty unless `measure`.
        """
        a, b = self.reals(next_reals)
        fake_a, fake_b = self.to_a(b), self.to_b(a)
        loss_d = self.discriminator_loss(a, b, fake_a, fake_b)
        self.opt_d.step(grad(loss_d, self.opt_d.params))
        loss_g, parts = self.generator_loss(a, b, fake_a, fake_b)
        self.opt_g.step(grad(loss_g, self.opt_g.params))
        if not measure:
            return {}
        seen = {"loss_d": loss_d, "loss_g": loss_g, **parts}
        return effect(lambda *numbers: dict(zip(seen, numbers, strict=True)), *seen.values())

    def reals(self, next_reals: Callable[[], tuple[Any, Any]]) -> tuple[Tensor, Tensor]:
        """The next batches of a and of b."""
        other = None

        def first() -> Any:
            nonlocal other
            batch, other = next_reals()
            return batch

        return draw(first), draw(lambda: other)

    def discriminator_loss(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> Tensor:
        """The sum of both discriminators' losses; nothing of it reaches a generator."""
        loss_a = self.loss.discriminator(self.d_a(a), self.d_a(fake_a.detach()))
        return loss_a + self.loss.discriminator(self.d_b(b), self.d_b(fake_b.detach()))

    def generator_loss(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(loss of both generators, its parts without weights: adversarial, cycle and, if asked for, identity)."""
        adversarial = self.loss.generator(self.d_a(fake_a)) + self.loss.generator(self.d_b(fake_b))
        cycle = apart(self.to_a(fake_b), a) + apart(self.to_b(fake_a), b)
        loss, parts = adversarial + self.cycle * cycle, {"adversarial": adversarial, "cycle": cycle}
        if self.identity:
            parts["identity"] = apart(self.to_a(a), a) + apart(self.to_b(b), b)
            loss = loss + self.identity * parts["identity"]
        return loss, parts
