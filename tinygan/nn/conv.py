"""Convolution layers, pooling and upsampling. Images are (N, H, W, C), sequences (N, L, C)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.autograd.window import Padding, whole_number
from tinygan.given import is_whole
from tinygan.nn import init as initialisers
from tinygan.nn.init import Initialiser, fans
from tinygan.nn.linear import check_features, new_weight, whole_sizes
from tinygan.nn.module import Module
from tinygan.words import short


class Conv2D(Module):
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

    output_axis = -1  # of W

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: Padding = 0,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        sizes = whole_sizes(self, in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = sizes
        self.stride, self.padding = whole_sizes(self, stride=stride)[0], padding
        self.W = new_weight(init, rng, (kernel_size, kernel_size, in_channels, out_channels), f"{self}.W")
        self.b = Tensor(np.zeros(out_channels, np.float32), requires_grad=True, name=f"{self}.b") if bias else None

    def extra(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, {self.kernel_size}x{self.kernel_size}, "
            f"stride={self.stride}, padding={short(self.padding)}"
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.with_weight(x, self.W)

    def with_weight(self, x: Tensor, W: Tensor) -> Tensor:
        """The layer's output with another weight in place of its own (SpectralNorm does so)."""
        x = check_features(self, x, self.in_channels, ndim=4)
        y = ops.conv2d(x, W, self.stride, self.padding)
        return y if self.b is None else y + self.b


class Conv1D(Module):
    """y = conv(x, W) + b along one axis, such as time: x (N, L, in_channels) -> y (N, OL, out_channels).

    It is `tinygan.ops.conv2d` on images of one row with a kernel of one row. (To make a sequence longer, no layer of
    its own is needed: a Conv1D with twice the channels, and ``Reshape((2 * L, C))`` after it, which lays every pair of
    them one after the other, is a sub-pixel convolution: Shi et al., CVPR 2016.)

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

    output_axis = -1  # of W

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str | Sequence[int] = 0,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        sizes = whole_sizes(self, in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = sizes
        self.stride, self.padding = whole_sizes(self, stride=stride)[0], padding
        _of_one_row(padding)
        self.W = new_weight(init, rng, (kernel_size, in_channels, out_channels), f"{self}.W")
        self.b = Tensor(np.zeros(out_channels, np.float32), requires_grad=True, name=f"{self}.b") if bias else None

    def extra(self) -> str:
        sizes = f"{self.in_channels}, {self.out_channels}, {self.kernel_size}"
        return f"{sizes}, stride={self.stride}, padding={short(self.padding)}"

    def forward(self, x: Tensor) -> Tensor:
        return self.with_weight(x, self.W)

    def with_weight(self, x: Tensor, W: Tensor) -> Tensor:
        """The layer's output with another weight in place of its own (SpectralNorm does so)."""
        x = check_features(self, x, self.in_channels, ndim=3)
        rows, kernel = x.reshape((len(x), 1, *x.shape[1:])), W.reshape((1, *W.shape))
        y = ops.conv2d(rows, kernel, self.stride, _of_one_row(self.padding))
        y = y.reshape((len(x), *y.shape[2:]))
        return y if self.b is None else y + self.b


def _of_one_row(padding: int | str | Sequence[int]) -> Padding:
    """The padding of a sequence as that of an image of one row; ValueError if it has no such form."""
    if isinstance(padding, str) and padding == "same":
        return padding
    pair = padding if isinstance(padding, (list, tuple, np.ndarray)) else (padding, padding)
    if len(pair) != 2 or not all(is_whole(each, 0) for each in pair):
        raise ValueError(
            f"Conv1D: padding must be a whole number, 0 or more, 'same' or (before, after), not {short(padding)}"
        )
    return (0, 0), (int(pair[0]), int(pair[1]))


class ConvTranspose2D(Module):
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
        sizes = whole_sizes(self, in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = sizes
        self.stride, self.padding = whole_sizes(self, stride=stride)[0], padding
        self.output_padding = whole_number(type(self).__name__, "output_padding", output_padding, 0)
        shape = (kernel_size, kernel_size, out_channels, in_channels)
        fan_out, fan_in = fans(shape)  # exchanged: this layer runs from the last axis to the one before
        draw = init or initialisers.glorot()
        self.W = Tensor(draw(rng or np.random.default_rng(), shape, fan_in, fan_out), True, f"{self}.W")
        self.b = Tensor(np.zeros(out_channels, np.float32), requires_grad=True, name=f"{self}.b") if bias else None

    def extra(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, {self.kernel_size}x{self.kernel_size}, "
            f"stride={self.stride}, padding={short(self.padding)}"
            + (f", output_padding={self.output_padding}" if self.output_padding else "")
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.with_weight(x, self.W)

    def with_weight(self, x: Tensor, W: Tensor) -> Tensor:
        """The layer's output with another weight in place of its own (SpectralNorm does so)."""
        x = check_features(self, x, self.in_channels, ndim=4)
        y = ops.conv_transpose2d(x, W, self.stride, self.padding, self.output_padding)
        return y if self.b is None else y + self.b


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
