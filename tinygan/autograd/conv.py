"""Convolution, its adjoint, and the gradient of its weights: three ops, closed under differentiation.

All three run over the taps of the kernel. At tap (i, j) every output pixel meets one input pixel, and the
two are joined by the C x O matrix ``w[i, j]``:

    y[o]  = sum over taps of  x[p] @ w[i, j]          Conv2D
    x[p]  = sum over taps of  y[o] @ w[i, j].T        ConvTranspose2D
    w[i, j] = sum over images and pixels of  x[p].T @ y[o]      ConvWeight

with p = o * stride + tap - padding. Each is linear in both of its arguments, and the gradient of one is
made of the other two. (This is cross-correlation: as everywhere in deep learning, the kernel is not
flipped.) Images are (N, H, W, C), kernels (kh, kw, C, O).
"""

from __future__ import annotations

from typing import Any

from tinygan.autograd.op import Gradients, Op, without_wrapping
from tinygan.autograd.shape import reshape
from tinygan.autograd.tensor import Tensor, as_tensors
from tinygan.autograd.window import Padding, Padding1D, Window, conv_window, sequence_window, transposed_window
from tinygan.backend.base import Array


class Conv2D(Op):
    """x (N, H, W, C), w (kh, kw, C, O) -> y (N, OH, OW, O)"""

    def __init__(self, window: Window):
        self.window = window

    def forward(self, xp: Any, x: Array, w: Array) -> Array:
        y = xp.zeros((len(x), self.window.rows.out, self.window.cols.out, w.shape[3]), dtype=x.dtype)
        for tap, pixels, outputs in self.window.taps():
            y[outputs] += xp.matmul(x[pixels], w[tap])
        return y

    def backward(self, gy: Tensor, y: Tensor, x: Tensor, w: Tensor) -> Gradients:
        gx = ConvTranspose2D(self.window)(gy, w) if self.wanted[0] else None
        return gx, ConvWeight(self.window)(x, gy) if self.wanted[1] else None


class ConvTranspose2D(Op):
    """y (N, OH, OW, O), w (kh, kw, C, O) -> x (N, H, W, C): Conv2D's adjoint in x"""

    def __init__(self, window: Window):
        self.window = window

    def forward(self, xp: Any, y: Array, w: Array) -> Array:
        x = xp.zeros((len(y), self.window.rows.size, self.window.cols.size, w.shape[2]), dtype=y.dtype)
        for tap, pixels, outputs in self.window.taps():
            x[pixels] += xp.matmul(y[outputs], w[tap].T)
        return x

    def backward(self, gx: Tensor, x: Tensor, y: Tensor, w: Tensor) -> Gradients:
        gy = Conv2D(self.window)(gx, w) if self.wanted[0] else None
        return gy, ConvWeight(self.window)(gx, y) if self.wanted[1] else None


class ConvWeight(Op):
    """x (N, H, W, C), y (N, OH, OW, O) -> w (kh, kw, C, O): Conv2D's adjoint in w"""

    def __init__(self, window: Window):
        self.window = window

    def forward(self, xp: Any, x: Array, y: Array) -> Array:
        rows, cols = self.window.rows, self.window.cols
        w = xp.zeros((rows.kernel, cols.kernel, x.shape[3], y.shape[3]), dtype=x.dtype)
        for tap, pixels, outputs in self.window.taps():
            w[tap] = xp.tensordot(x[pixels], y[outputs], axes=((0, 1, 2), (0, 1, 2)))
        return w

    def backward(self, gw: Tensor, w: Tensor, x: Tensor, y: Tensor) -> Gradients:
        gx = ConvTranspose2D(self.window)(y, gw) if self.wanted[0] else None
        return gx, Conv2D(self.window)(x, gw) if self.wanted[1] else None


def conv2d(x: Any, w: Any, stride: int = 1, padding: Padding = 0) -> Tensor:
    """Convolution of images with a kernel.

    Parameters
    ----------
    x : Tensor (N, H, W, C)
    w : Tensor (kh, kw, C, O)
    stride : int
    padding : int, "same" or ((top, bottom), (left, right))
        Pixels of zeros around the image. "same" gives ceil(H / stride) outputs, with the odd pixel of
        padding at the bottom and at the right (TensorFlow's rule).

    Returns
    -------
    Tensor (N, OH, OW, O)
        OH = floor((H + top + bottom - kh) / stride) + 1, and OW likewise.

    Raises
    ------
    ValueError
        If a shape, the stride or the padding does not fit.
    """
    x, w = without_wrapping(as_tensors(x, w))
    _check("conv2d", x, w, 2, "images (N, H, W, C)")
    return Conv2D(conv_window("conv2d", x.shape[1:3], w.shape[:2], stride, padding))(x, w)


def conv1d(x: Any, w: Any, stride: int = 1, padding: Padding1D = 0) -> Tensor:
    """Convolution of sequences with a kernel: `conv2d` of images of one row with a kernel of one row.

    Parameters
    ----------
    x : Tensor (N, L, C)
    w : Tensor (k, C, O)
    stride : int
    padding : int, "same" or (before, after)
        Zeros around the sequence. "same" gives ceil(L / stride) outputs, with the odd zero at the end.

    Returns
    -------
    Tensor (N, OL, O)
        OL = floor((L + before + after - k) / stride) + 1.

    Raises
    ------
    ValueError
        If a shape, the stride or the padding does not fit.
    """
    x, w = without_wrapping(as_tensors(x, w))
    _check("conv1d", x, w, 1, "sequences (N, L, C)", "(k, C, O)")
    window = sequence_window("conv1d", x.shape[1], w.shape[0], stride, padding)
    y = Conv2D(window)(reshape(x, (len(x), 1, *x.shape[1:])), reshape(w, (1, *w.shape)))
    return reshape(y, (len(x), *y.shape[2:]))


def conv_transpose2d(x: Any, w: Any, stride: int = 1, padding: Padding = 0, output_padding: int = 0) -> Tensor:
    """The exact adjoint of ``conv2d(., w, stride, padding)``: it enlarges images by `stride`.

    Parameters
    ----------
    x : Tensor (N, OH, OW, O)
    w : Tensor (kh, kw, C, O)
        The same kernel as `conv2d`'s: its last axis meets x's channels.
    stride : int
    padding : int, "same" or ((top, bottom), (left, right))
        Cut off the result; "same" gives H = OH * stride.
    output_padding : int
        Rows and columns added at the end, below `stride`: several H give the same OH under `conv2d`, and
        this chooses among them.

    Returns
    -------
    Tensor (N, H, W, C)
        H = (OH - 1) * stride - top - bottom + kh + output_padding, and W likewise.

    Raises
    ------
    ValueError
        If a shape, the stride or a padding does not fit.
    """
    x, w = without_wrapping(as_tensors(x, w))
    _check("conv_transpose2d", x, w, 3, "images (N, OH, OW, O)")
    window = transposed_window("conv_transpose2d", x.shape[1:3], w.shape[:2], stride, padding, output_padding)
    return ConvTranspose2D(window)(x, w)


def _check(name: str, x: Tensor, w: Tensor, channel_axis: int, inputs: str, kernel: str = "(kh, kw, C, O)") -> None:
    """ValueError if x or w have not the axes of `inputs` and `kernel`, or not the same channels."""
    ndim = kernel.count(",") + 1
    if x.ndim != ndim or w.ndim != ndim:
        raise ValueError(f"{name} needs {inputs} and a kernel {kernel}, not shapes {x.shape} and {w.shape}")
    if x.shape[-1] != w.shape[channel_axis]:
        raise ValueError(
            f"{name}: the {inputs.split()[0]} {x.shape} have {x.shape[-1]} channels (axis {ndim - 1}), "
            f"but the kernel {w.shape} expects {w.shape[channel_axis]} (its axis {channel_axis})"
        )
