"""MinibatchStd: shows a discriminator how much the samples of a batch differ, which one sample cannot tell."""

from __future__ import annotations

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.given import finite_number
from tinygan.nn.linear import check_samples
from tinygan.nn.module import Module


class MinibatchStd(Module):
    """One more feature: how much the batch varies. x (N, ..., C) -> (N, ..., C + 1).

        s = mean over all features j of sqrt(var over the batch of x_j + eps)

    One number for the whole batch, repeated as the last feature (channel) of every sample. A generator that
    makes the same sample again and again gives itself away by a small s, and as s depends on every sample of the
    batch, its gradient pushes the samples apart. Real and fake samples must come in batches of their own.

    In evaluation mode samples are judged one by one: s is that of the last batch in training mode. An empty batch gets
    this s, too; a single sample in training mode is a ValueError.

    Source: Karras et al., "Progressive Growing of GANs", ICLR 2018, section 3 (with one group: the batch).

    Attributes
    ----------
    std : Tensor ()
        Buffer: the last s; it starts at 0.
    """

    mixes_samples = True

    def __init__(self, eps: float = 1e-8):
        self.eps = finite_number(
            "MinibatchStd's eps", eps
        )  # keeps the root's derivative finite where a feature is constant
        self.std = Tensor(np.zeros((), np.float32), name=f"{self}.std")

    def forward(self, x: Tensor) -> Tensor:
        x, std = check_samples(self, x), self.std
        if x.ndim < 2:
            raise ValueError(f"{self} needs samples (N, ..., features), but got {x.shape}")
        if self.training and len(x) == 1:
            raise ValueError(f"{self} cannot tell how one sample differs from itself: use a larger batch, or eval()")
        if self.training and x.size:
            std = ops.sqrt(x.var(axis=0) + self.eps).mean()
            self.std.assign(std)
        return ops.concatenate([x, ops.broadcast_to(std, (*x.shape[:-1], 1))], axis=-1)
