"""Convolution layers, pooling and upsampling. Images are (N, H, W, C), sequences (N, L, C)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.autograd.window import Padding, Padding1D, output_paddings, paddings
from tinygan.nn.init import Initialiser
from tinygan.nn.linear import check_features, new_weight, whole_sizes
from tinygan.nn.module import Module
from tinygan.words import short


class _Convolution(Module):
    """What the three layers share: checked sizes, a weight W and a bias b. They differ in `convolve`."""

    axes = 2  # that the kernel slides along
    output_axis = -1  # of W

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: Padding | Padding1D = 0,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        sizes = dict(in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size, stride=stride)
        self.in_channels, self.out_channels, self.kernel_size, self.stride = whole_sizes(self, **sizes)
        paddings(type(self).__name__, padding, self.axes)
        self.padding: Any = padding
        channels = (self.in_channels, self.out_channels)[:: 1 if self.output_axis == -1 else -1]
        self.W = new_weight(init, rng, (self.kernel_size,) * self.axes + channels, f"{self}.W", self.output_axis)
        self.b = Tensor(np.zeros(out_channels, np.float32), requires_grad=True, name=f"{self}.b") if bias else None

    def extra(self) -> str:
        kernel = "x".join([str(self.kernel_size)] * self.axes)
        return f"{self.in_channels}, {self.out_channels}, {kernel}, stride={self.stride}, padding={short(self.padding)}"

    def forward(self, x: Tensor) -> Tensor:
        return self.with_weight(x, self.W)

    def with_weight(self, x: Tensor, W: Tensor) -> Tensor:
        """The layer's output with another weight in place of its own (SpectralNorm does so)."""
        y = self.convolve(check_features(self, x, self.in_channels, ndim=self.axes + 2), W)
        return y if self.b is None else y + self.b

    def convolve(self, x: Tensor, W: Tensor) -> Tensor:
        """The convolution itself, without b."""
        raise NotImplementedError(f"{type(self).__name__} must define convolve")


class Conv2D(_Convolution):
    """y = conv2d(x, W) + b: x (N, H, W, in_channels) -> y (N, OH, OW, out_channels).

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride : int
    padding : int, "same" or ((top, bottom), (left, right))
        As in `tinygan.ops.conv2d`, which also says how OH and OW follow.
    bias : bool
    init, rng
        As in `Dense`.

    Attributes
    ----------
    W : Tensor (kernel_size, kernel_size, in_channels, out_channels)
    b : Tensor (out_channels,) or None

    Examples
    --------
    >>> images = Tensor(np.zeros((8, 28, 28, 1), np.float32))
    >>> Conv2D(1, 64, 5, stride=2, padding="same")(images).shape
    (8, 14, 14, 64)
    """

    def convolve(self, x: Tensor, W: Tensor) -> Tensor:
        return ops.conv2d(x, W, self.stride, self.padding)


class Conv1D(_Convolution):
    """y = conv(x, W) + b along one axis, such as time: x (N, L, in_channels) -> y (N, OL, out_channels).

    See `tinygan.ops.conv1d`. (To make a sequence longer, no layer of its own is needed: a Conv1D with twice the
    channels, and ``Reshape((2 * L, C))`` after it, which lays every pair of them one after the other, is a sub-pixel
    convolution: Shi et al., CVPR 2016.)

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride : int
    padding : int, "same" or (before, after)
        Zeros around the sequence. "same" gives OL = ceil(L / stride), with the odd zero at the end; else
        OL = floor((L + before + after - kernel_size) / stride) + 1.
    bias : bool
    init, rng
        As in `Dense`.

    Attributes
    ----------
    W : Tensor (kernel_size, in_channels, out_channels)
    b : Tensor (out_channels,) or None

    Raises
    ------
    ValueError
        If a size, the stride or the padding is of no such form.

    Examples
    --------
    >>> melodies = Tensor(np.zeros((8, 32, 25), np.float32))
    >>> Conv1D(25, 64, 5, stride=2, padding="same")(melodies).shape
    (8, 16, 64)
    """

    axes = 1

    def convolve(self, x: Tensor, W: Tensor) -> Tensor:
        return ops.conv1d(x, W, self.stride, self.padding)


class ConvTranspose2D(_Convolution):
    """y = conv_transpose2d(x, W) + b: x (N, H, W, in_channels) -> y (N, H * stride, ..., out_channels).

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride : int
    padding : int, "same" or ((top, bottom), (left, right))
    output_padding : int
        As in `tinygan.ops.conv_transpose2d`, which also says how the size of y follows.
    bias : bool
    init, rng
        As in `Dense`.

    Attributes
    ----------
    W : Tensor (kernel_size, kernel_size, out_channels, in_channels)
        The kernel of the convolution that this layer is the adjoint of; it maps y's channels to x's.
    b : Tensor (out_channels,) or None
    """

    output_axis = -2  # of W

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: Padding = 0,
        output_padding: int = 0,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        (stride,) = whole_sizes(self, stride=stride)
        self.output_padding = output_paddings(type(self).__name__, output_padding, stride, padding)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, bias, init=init, rng=rng)

    def extra(self) -> str:
        return super().extra() + (f", output_padding={self.output_padding}" if self.output_padding else "")

    def convolve(self, x: Tensor, W: Tensor) -> Tensor:
        return ops.conv_transpose2d(x, W, self.stride, self.padding, self.output_padding)


class UpSample2D(Module):
    """Each pixel repeated factor x factor times: (N, H, W, C) -> (N, H * factor, W * factor, C)."""

    def __init__(self, factor: int = 2):
        (self.factor,) = whole_sizes(self, factor=factor)

    def extra(self) -> str:
        return str(self.factor)

    def forward(self, x: Tensor) -> Tensor:
        return ops.upsample2d(x, self.factor)


class MaxPool2D(Module):
    """The maximum of each size x size window: (N, H, W, C) -> (N, OH, OW, C). `stride` is `size` if None."""

    def __init__(self, size: int = 2, stride: int | None = None):
        (self.size,) = whole_sizes(self, size=size)
        self.stride = stride if stride is None else whole_sizes(self, stride=stride)[0]

    def extra(self) -> str:
        return str(self.size) if self.stride is None else f"{self.size}, stride={self.stride}"

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, self.size, self.stride)


class AvgPool2D(MaxPool2D):
    """The mean of each size x size window: (N, H, W, C) -> (N, OH, OW, C). `stride` is `size` if None."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.avg_pool2d(x, self.size, self.stride)
