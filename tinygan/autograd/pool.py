"""Pooling and nearest-neighbour upsampling, composed of slices and reductions: images are (N, H, W, C)."""

from __future__ import annotations

from typing import Any

from tinygan.autograd.reduce import max as max_over
from tinygan.autograd.reduce import mean
from tinygan.autograd.shape import broadcast_to, reshape, stack
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.autograd.window import conv_window
from tinygan.given import is_whole
from tinygan.words import short


def _windows(name: str, x: Any, size: int, stride: int | None) -> tuple[Tensor, tuple[int, ...]]:
    """All size x size windows of the images, and the axes that run inside a window."""
    (x,) = as_tensors(x)
    if x.ndim != 4 or not is_whole(size):
        raise ValueError(f"{name} needs images (N, H, W, C) and a size of 1 or more, not {x.shape} and {short(size)}")
    stride = size if stride is None else stride
    window = conv_window(name, x.shape[1:3], (size, size), stride, 0)
    if stride == size:  # the windows tile the image: a reshape shows them
        n, oh, ow, c = x.shape[0], window.rows.out, window.cols.out, x.shape[3]
        if (oh * size, ow * size) != x.shape[1:3]:
            x = x[:, : oh * size, : ow * size]
        return reshape(x, (n, oh, size, ow, size, c)), (2, 4)
    return stack([x[pixels] for _, pixels, _ in window.taps()]), (0,)


def max_pool2d(x: Any, size: int, stride: int | None = None) -> Tensor:
    """The maximum of each size x size window: (N, H, W, C) -> (N, OH, OW, C).

    OH = floor((H - size) / stride) + 1; `stride` is `size` when None. Equal maxima share the gradient.
    """
    windows, inside = _windows("max_pool2d", x, size, stride)
    return max_over(windows, inside)


def avg_pool2d(x: Any, size: int, stride: int | None = None) -> Tensor:
    """The mean of each size x size window: (N, H, W, C) -> (N, OH, OW, C), sizes as in `max_pool2d`."""
    windows, inside = _windows("avg_pool2d", x, size, stride)
    return mean(windows, inside)


def upsample2d(x: Any, factor: int = 2) -> Tensor:
    """Each pixel repeated factor x factor times: (N, H, W, C) -> (N, H * factor, W * factor, C)."""
    (x,) = as_tensors(x)
    if x.ndim != 4 or not is_whole(factor):
        raise ValueError(
            f"upsample2d needs images (N, H, W, C) and a factor of 1 or more, not {x.shape} and {short(factor)}"
        )
    n, h, w, c = x.shape
    repeated = broadcast_to(reshape(x, (n, h, 1, w, 1, c)), (n, h, factor, w, factor, c))
    return reshape(repeated, (n, h * factor, w * factor, c))
