"""Normalisation of each sample by itself: LayerNorm, GroupNorm, InstanceNorm, PixelNorm.

They do the same in training and in evaluation, and no sample's result depends on another sample: a batch of one will
do, and gradient penalties may look through them.
"""

from __future__ import annotations

import math

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.given import finite_number, is_whole
from tinygan.nn.linear import check_features, check_samples, whole_sizes
from tinygan.nn.module import Module
from tinygan.words import short


def standardised(x: Tensor, axis: int | tuple[int, ...], eps: float) -> Tensor:
    """(x - mean) / sqrt(var + eps), with mean and var (divided by n) over `axis`."""
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / ops.sqrt((centred * centred).mean(axis=axis, keepdims=True) + eps)


class LayerNorm(Module):
    """gamma * (x - mean) / sqrt(var + eps) + beta, over the last axis: x (..., num_features).

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
    """

    def __init__(self, num_features: int, eps: float = 1e-5):
        (self.num_features,) = whole_sizes(self, num_features=num_features)
        self.eps = finite_number("LayerNorm's eps", eps)
        self.gamma = Tensor(np.ones(num_features, np.float32), requires_grad=True, name=f"{self}.gamma")
        self.beta = Tensor(np.zeros(num_features, np.float32), requires_grad=True, name=f"{self}.beta")

    def extra(self) -> str:
        return str(self.num_features)

    def forward(self, x: Tensor) -> Tensor:
        x = check_features(self, x, self.num_features)
        return standardised(x, -1, self.eps) * self.gamma + self.beta


class GroupNorm(Module):
    """gamma * (x - mean) / sqrt(var + eps) + beta, over all positions and a group of channels: x (N, ..., features).

    The channels are cut into `groups` runs of equal length. Each has in every sample a mean and a variance (divided by
    n) of its own. With one group all of a sample is normalised together; with one channel a group it is `InstanceNorm`.

    Source: Wu and He, "Group Normalization", ECCV 2018.

    Parameters
    ----------
    groups, num_features : int
        `num_features` must be a multiple of `groups`.
    eps : float
    affine : bool
        Whether there are gamma and beta; else the result is the normalised x.

    Attributes
    ----------
    gamma, beta : Tensor (num_features,) or None
        Trained; they start at 1 and 0.

    Examples
    --------
    >>> norm = GroupNorm(2, 4)
    >>> norm(Tensor([[1.0, 3.0, 50.0, 70.0]])).data.round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, groups: int, num_features: int, eps: float = 1e-5, affine: bool = True):
        if not is_whole(groups) or not is_whole(num_features) or num_features % groups:
            cut = f"{short(num_features)} channels into {short(groups)} equal groups"
            raise ValueError(f"{type(self).__name__} cannot cut {cut}")
        self.groups, self.num_features = groups, num_features
        self.eps = finite_number(f"{type(self).__name__}'s eps", eps)
        self.gamma = self.beta = None
        if affine:
            self.gamma = Tensor(np.ones(num_features, np.float32), requires_grad=True, name=f"{self}.gamma")
            self.beta = Tensor(np.zeros(num_features, np.float32), requires_grad=True, name=f"{self}.beta")

    def extra(self) -> str:
        return f"{self.groups}, {self.num_features}"

    def forward(self, x: Tensor) -> Tensor:
        x = check_features(self, x, self.num_features)
        if x.ndim < 2:
            raise ValueError(f"{self} needs samples (N, ..., {self.num_features}), but got {x.shape}: 1 axis")
        positions, width = math.prod(x.shape[1:-1]), self.num_features // self.groups
        if positions * width < 2:
            raise ValueError(f"{self} got {x.shape}, fewer than two numbers in a group, of which nothing but 0 remains")
        grouped = x.reshape((x.shape[0], positions, self.groups, width))
        y = standardised(grouped, (1, 3), self.eps).reshape(x.shape)
        return y if self.gamma is None or self.beta is None else y * self.gamma + self.beta


class InstanceNorm(GroupNorm):
    """(x - mean) / sqrt(var + eps), over all positions of one channel in one sample: x (N, ..., num_features).

    A `GroupNorm` of one channel a group. As in its paper it has no gamma and beta, unless `affine`.

    Source: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization", 2016.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False):
        super().__init__(num_features, num_features, eps, affine)

    def extra(self) -> str:
        return f"{self.num_features}" + (", affine=True" if self.gamma is not None else "")


class PixelNorm(Module):
    """x / sqrt(mean of x^2 over the channels + eps): each pixel's features to length sqrt(C). x (..., C).

    It has no parameters, and keeps a generator's activations from growing as it competes with the discriminator.

    Source: Karras et al., "Progressive Growing of GANs", ICLR 2018, section 4.2.
    """

    def __init__(self, eps: float = 1e-8):
        self.eps = finite_number("PixelNorm's eps", eps)

    def forward(self, x: Tensor) -> Tensor:
        x = check_samples(self, x)
        return x / ops.sqrt((x * x).mean(axis=-1, keepdims=True) + self.eps)
