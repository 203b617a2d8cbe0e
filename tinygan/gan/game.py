"""The game: two networks, two optimisers, and the step that trains both.

Without any switch, one step is what a student should be able to write down after reading it once:

    fake = generator(noise(batch))
    loss_d = loss.discriminator(D(real), D(fake.detach()))
    opt_d.step(grad(loss_d, D.parameters()))
    loss_g = loss.generator(D(fake))
    opt_g.step(grad(loss_g, G.parameters()))

`detach` keeps D's loss out of G; asking `grad` for G's parameters alone keeps G's loss out of D. (A BatchNorm
in D moves its running averages whenever D is called in training mode, in G's step too; its weights do not move.)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from tinygan.autograd import Tensor, draw, effect, grad, is_recording, no_grad, ops
from tinygan.autograd.mode import recording
from tinygan.gan.average import MovingAverage
from tinygan.gan.losses import Loss
from tinygan.gan.penalties import check_independent
from tinygan.gan.resemblance import resemblance
from tinygan.gan.unrolled import unrolled
from tinygan.given import finite_number, whole_number
from tinygan.nn import MinibatchStd, Module
from tinygan.optim import Optimizer

Penalty: TypeAlias = "Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, np.random.Generator], Tensor]"


@dataclass
class Game:
    """Two networks and the rules they play by.

    Attributes
    ----------
    generator, discriminator : Module
        z (N, latent) -> samples (N, ...); samples -> logits (N, 1).
    opt_g, opt_d : Optimizer
    loss : Loss
    latent : int
        Length of z ~ N(0, 1).
    rng : numpy.random.Generator
        Host generator of all noise: z, instance noise, the penalties' random points.
    penalties : list of (penalty, weight)
        Added to the discriminator's loss. ValueError if D has a layer that mixes samples, such as BatchNorm.
    n_critic : int
        Discriminator steps for each generator step.
    simultaneous : bool
        Both gradients are taken at the old parameters, then both networks move. Else D moves first.
    fresh_fakes : bool
        The generator's step draws new z; else it reuses the fakes that D has just seen.
    joint_batch : bool
        D sees real and fake samples in one batch, else in two: the same in fewer passes, unless D has BatchNorm,
        which then normalises both together. ValueError if D has MinibatchStd, which needs batches of their own.
    pack : int
        D judges m samples at once; batches hold m times as many (PacGAN).
    instance_noise : float
        Standard deviation of Gaussian noise on the samples that D judges (Sonderby et al., ICLR 2017); the
        penalties see them clean.
    weight_clip : float
        After each of its steps D's weights are cut to [-c, c]; 0 is off (WGAN's first form).
    unroll : int
        G's step sees D this many steps of gradient descent (of `unroll_lr`) ahead (see `gan.unrolled`); 0 is off.
    unroll_lr : float
    average : MovingAverage, optional
        An exponential moving average of the generator, updated after each of its steps.
    augment : function, optional
        (samples, rng) -> what D is shown in their place, random and differentiable (see `gan.augment`).
    mean_over_ranks : function, optional
        The gradients of one network -> their mean over all processes that train it (see `training.distributed`).
    """

    generator: Module
    discriminator: Module
    opt_g: Optimizer
    opt_d: Optimizer
    loss: Loss
    latent: int
    rng: np.random.Generator
    penalties: list[tuple[Penalty, float]] = field(default_factory=list)
    n_critic: int = 1
    simultaneous: bool = False
    fresh_fakes: bool = False
    joint_batch: bool = False
    pack: int = 1
    instance_noise: float = 0.0
    weight_clip: float = 0.0
    unroll: int = 0
    unroll_lr: float = 0.001
    average: MovingAverage | None = None
    augment: Callable[[Tensor, np.random.Generator], Tensor] | None = None
    mean_over_ranks: Callable[[list[Tensor]], list[Tensor]] = list

    def __post_init__(self) -> None:
        if self.simultaneous and self.n_critic > 1:
            raise ValueError("simultaneous updates take one step of each network: n_critic must be 1")
        for name, least in (("pack", 1), ("n_critic", 1), ("unroll", 0)):
            whole_number(name, getattr(self, name), least)
        finite_number("unroll_lr", self.unroll_lr, "be above 0", lambda lr: lr > 0)
        for name in ("instance_noise", "weight_clip"):
            finite_number(name, getattr(self, name), "be 0 or more", lambda value: value >= 0)
        layers = dict(self.discriminator.modules()).values()
        if self.joint_batch and any(isinstance(layer, MinibatchStd) for layer in layers):
            raise ValueError("MinibatchStd needs real and fake samples in batches of their own: give joint_batch=False")
        if self.penalties:
            check_independent(self.discriminator)

    def step(self, next_reals: Callable[[], np.ndarray], measure: bool = False) -> dict[str, Any]:
        """One step: `n_critic` updates of D and one of G.

        Parameters
        ----------
        next_reals : function
            Returns the next batch of real samples: (N * pack, ...), on the host or on the backend in use.
        measure : bool
            Also compute what is worth looking at (see the method `measure`, and `gan.resemblance`).

        Returns
        -------
        dict of 0-d arrays, still on the device; empty unless `measure`.
        """
        for turn in range(self.n_critic):
            real = self.reals(next_reals)
            reused = turn == self.n_critic - 1 and not self.fresh_fakes
            fake = self.fakes(len(real), no_graph=not reused)
            loss_d, on_real, on_fake = self.discriminator_loss(real, fake)
            grads_d = self.mean_over_ranks(grad(loss_d, self.opt_d.params))
            if not self.simultaneous:
                self.move_discriminator(grads_d)

        if self.fresh_fakes:
            fake = self.fakes(len(real))
        with self.looking_ahead(real, fake):
            loss_g, on_fake_after = self.generator_loss(real, fake)
        grads_g = self.mean_over_ranks(grad(loss_g, self.opt_g.params))
        if self.simultaneous:
            self.move_discriminator(grads_d)
        self.opt_g.step(grads_g)
        if self.average:
            self.average.update(self.generator)

        if not measure:
            return {}
        return effect(self._look, loss_d, loss_g, on_real, on_fake, on_fake_after, fake, real, *grads_d, *grads_g)

    def _look(self, *arrays: Any) -> dict[str, Any]:
        """All that is measured of a step, from its arrays."""
        loss_d, loss_g, on_real, on_fake, after, fake, real, *grads = map(Tensor, arrays)
        n = len(self.opt_d.params)
        numbers = self.measure((loss_d, loss_g), (on_real, on_fake), after, (grads[:n], grads[n:]))
        return numbers | resemblance(fake.data, real.data)

    def reals(self, next_reals: Callable[[], Any]) -> Tensor:
        """The next batch of real samples."""
        return draw(next_reals)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(loss, D's outputs for the real samples, for the fakes); nothing of it reaches G."""
        fake = fake.detach()
        loss, on_real, on_fake = self.contest(real, fake)
        for penalty, weight in self.penalties:
            loss = loss + weight * penalty(self.verdict, self.packed(real), self.packed(fake), self.rng)
        return loss, on_real, on_fake

    def contest(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same without the penalties; where the fakes have a history, the loss keeps it."""
        on_real, on_fake = self.judge_both(real, fake)
        return self.loss.discriminator(self.logits(on_real), self.logits(on_fake)), on_real, on_fake

    def generator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """(loss, D's outputs for the fakes), where the fakes keep their history back to G's parameters."""
        if self.loss.needs_real:
            on_real, on_fake = self.judge_both(real, fake)
            return self.loss.generator(self.logits(on_fake), self.logits(on_real)), on_fake
        on_fake = self.judge(fake)
        return self.loss.generator(self.logits(on_fake)), on_fake

    def looking_ahead(self, real: Tensor, fake: Tensor) -> AbstractContextManager[None]:
        """In a ``with`` block: D as it is `unroll` steps from here, a function of G through the fakes."""

        def inner_loss() -> Tensor:
            return self.contest(real, fake)[0]

        return unrolled(self.discriminator, inner_loss, self.unroll, self.unroll_lr)

    def noise(self, n: int) -> Tensor:
        """z (n, latent) ~ N(0, 1), drawn on the host."""
        return draw(lambda: self.rng.standard_normal((n, self.latent), dtype=np.float32))

    def fakes(self, n: int, no_graph: bool = False) -> Tensor:
        """n samples of G in training mode; `no_graph` when their history is not needed."""
        with recording(is_recording() and not no_graph):
            return self.generator(self.noise(n))

    def logits(self, outputs: Tensor) -> Tensor:
        """Real or fake, (N, 1), of what D returns: here that is all it returns."""
        return outputs

    def discriminate(self, samples: Tensor) -> Tensor:
        """D's outputs for samples that are packed."""
        return self.discriminator(samples)

    def verdict(self, samples: Tensor) -> Tensor:
        """D's logits for samples packed and without noise: what the penalties differentiate.

        With `augment` they are augmented inside. So a penalty bounds the slope, at a clean sample, of D *after*
        the augmentation: of the function that is trained, and that G's gradient comes through, as with R1 in
        StyleGAN2-ADA (Karras et al., NeurIPS 2020). D itself hardly ever sees a clean sample.
        """
        return self.logits(self.discriminate(self.augmented(samples, self.pack)))

    def judge(self, samples: Tensor) -> Tensor:
        """D's outputs for samples (N * pack, ...): (N, 1), or more columns (see `logits`)."""
        return self.discriminate(self.shown(samples))

    def judge_both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """D's outputs for real and for fake samples, from one batch of D or from two."""
        if not self.joint_batch:
            return self.judge(real), self.judge(fake)
        both = ops.concatenate([self.shown(real), self.shown(fake)])
        outputs, n = self.discriminate(both), len(real) // self.pack
        return outputs[:n], outputs[n:]

    def shown(self, samples: Tensor) -> Tensor:
        """What D gets to see of samples (N * pack, ...)."""
        return self.packed(self.noisy(self.augmented(samples)))

    def augmented(self, samples: Tensor, packed: int = 1) -> Tensor:
        """The samples after `augment`, each by itself, where `packed` of them lie side by side along the last axis."""
        if self.augment is None:
            return samples
        if packed == 1:
            return self.augment(samples, self.rng)
        width = samples.shape[-1] // packed
        singly = [samples[..., i * width : (i + 1) * width] for i in range(packed)]
        return ops.concatenate([self.augment(each, self.rng) for each in singly], axis=-1)

    def noisy(self, samples: Tensor) -> Tensor:
        if not self.instance_noise:
            return samples
        return samples + self.instance_noise * draw(lambda: self.rng.standard_normal(samples.shape, dtype=np.float32))

    def packed(self, samples: Tensor) -> Tensor:
        """(N * m, ..., C) -> (N, ..., m C): m samples side by side along the last axis."""
        if self.pack == 1:
            return samples
        n, rest = divmod(len(samples), self.pack)
        if rest:
            raise ValueError(f"{len(samples)} samples cannot be packed by {self.pack}: the batch must be a multiple")
        return ops.concatenate([samples[i * n : (i + 1) * n] for i in range(self.pack)], axis=-1)

    def move_discriminator(self, grads: list[Tensor]) -> None:
        self.opt_d.step(grads)
        if self.weight_clip:
            for p in self.discriminator.parameters():
                with no_grad():
                    p.assign(ops.clip(p, -self.weight_clip, self.weight_clip))

    def measure(
        self,
        losses: tuple[Tensor, Tensor],
        before: tuple[Tensor, Tensor],
        after: Tensor,
        grads: tuple[list[Tensor], list[Tensor]],
    ) -> dict[str, Any]:
        """What stats.jsonl shows of a step, as 0-d arrays: nothing waits for the device here.

        D(x) and D(G(z)) are means of `loss.score`; "before" and "after" are D's step. Accuracies are the shares
        of samples on their side of `loss.boundary`, or of the middle between both means where the loss knows
        only differences. Gradient norms are over all parameters of a network. With unrolling, loss_g and "after"
        are of the D that G's step saw, K steps ahead.
        """
        with no_grad():
            logits = [self.logits(outputs) for outputs in (*before, after)]
            scores = [self.loss.score(each).mean().data for each in logits]
        real, fake = logits[0].data, logits[1].data
        boundary = (real.mean() + fake.mean()) / 2 if self.loss.boundary is None else self.loss.boundary
        return {
            "loss_d": losses[0].data,
            "loss_g": losses[1].data,
            "d_real": scores[0],
            "d_fake_before": scores[1],
            "d_fake_after": scores[2],
            "accuracy_real": (real > boundary).mean(dtype=real.dtype),
            "accuracy_fake": (fake < boundary).mean(dtype=fake.dtype),
            "grad_norm_d": _norm(grads[0]),
            "grad_norm_g": _norm(grads[1]),
        }


def _norm(grads: list[Tensor]) -> Any:
    return grads[0].xp.sqrt(sum(g.xp.vdot(g.data, g.data) for g in grads))
