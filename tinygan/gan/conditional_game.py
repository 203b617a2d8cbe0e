"""The game with a code behind z: the same steps, in which each sample has a class (see `conditioning`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, draw, no_grad, ops
from tinygan.gan.conditioning import Conditioning
from tinygan.gan.game import Game


@dataclass
class ConditionalGame(Game):
    """A `Game` whose generator takes (N, latent + code), and whose discriminator returns (N, 1 + code).

    (With `LabelChannels` the discriminator sees the label in further channels instead, and returns (N, 1).)

    Fakes are made with the codes of the batch of real samples (drawn, where these have none). So the i-th real
    and the i-th fake sample are of one class, and `code` belongs to both: a loss that compares pairs compares
    samples of one class, and a point between the two, where a gradient penalty looks, has *one* label. That
    label is held fixed there: the penalties ask how D's logit changes with the sample alone.

    Attributes
    ----------
    condition : Conditioning
    code : Tensor (N, length)
        Of the batch that is being played with; set by `begin`.
    """

    condition: Conditioning = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pack > 1:
            raise ValueError("samples that are judged together have no one label: conditioning does not go with packs")
        self.code = Tensor(np.zeros((0, self.condition.length), np.float32))

    def reals(self, next_reals: Callable[[], Any]) -> Tensor:
        """The next batch; next_reals returns (samples, labels): labels (N,) on the host, or None for infogan."""
        labels = None

        def samples() -> Any:
            nonlocal labels
            batch, labels = next_reals()
            return batch

        real = draw(samples)
        self._begin(len(real), lambda: labels)
        return real

    def begin(self, n: int, labels: np.ndarray | None = None) -> None:
        """Settle the codes of the next n real samples and n fakes."""
        self._begin(n, lambda: labels)

    def _begin(self, n: int, labels: Callable[[], np.ndarray | None]) -> None:
        needed = self.condition.needs_labels
        self.code = draw(lambda: self.condition.codes(self.rng, n, labels() if needed else None))

    def noise(self, n: int) -> Tensor:
        """z (n, latent) with the code of the batch behind it: (n, latent + code)."""
        return ops.concatenate([super().noise(n), self.code], axis=1)

    def discriminate(self, samples: Tensor) -> Tensor:
        """D's outputs for samples (N, ...), or for real and fake ones of the same codes in one batch (2 N, ...)."""
        if not self.condition.channels:
            return self.discriminator(samples)
        code = self.code if len(samples) == len(self.code) else ops.concatenate([self.code, self.code])
        return self.discriminator(self.condition.shown(samples, code))

    def logits(self, outputs: Tensor) -> Tensor:
        """Real or fake: (N, 1), of all that D returns."""
        return self.condition.logits(outputs, self.code)

    def contest(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """D's loss without the penalties, with what the code adds to it."""
        loss, on_real, on_fake = super().contest(real, fake)
        loss = loss + self.condition.loss_on_real(on_real, self.code) + self.condition.loss_on_fake(on_fake, self.code)
        return loss, on_real, on_fake

    def generator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """G's loss, with what the code adds to it."""
        loss, on_fake = super().generator_loss(real, fake)
        return loss + self.condition.loss_on_fake(on_fake, self.code), on_fake

    def measure(
        self,
        losses: tuple[Tensor, Tensor],
        before: tuple[Tensor, Tensor],
        after: Tensor,
        grads: tuple[list[Tensor], list[Tensor]],
    ) -> dict[str, Any]:
        """The numbers of any game, and whether the code is learned."""
        with no_grad():
            numbers = super().measure(losses, before, after, grads)
            return numbers | self.condition.measurements(before[0], after, self.code)
