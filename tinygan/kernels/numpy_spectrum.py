"""Convolution by the convolution theorem: a plain product of Fourier transforms.

All transforms are linear, so three small constant matrices A, G, B hold everything that depends on the window:

    y = B [(A x) * (G w)]

where A x (Q, C) and G w (Q, C, O) are transforms over pixels and over taps, and * is, at each of the Q places
of the spectrum, the product of a row of C channels with a C x O matrix. The two adjoints are read off:

    x = A^T [(B^T y) * (G w)^T]        w = G^T [(A x)^T * (B^T y)]

For 5 x 5 taps on 7 x 7 pixels, Q is 121, against 841 pairs of a pixel and a tap. (Winograd's algorithms
have the same form with other A, G, B; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
CVPR 2016. A Fourier transform is as exact as the sum itself: about 1e-6 in float32. But a pixel that is no
finite number spoils its whole image.)
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinygan.autograd.window import AxisWindow, Window
from tinygan.kernels.numpy_patches import added
from tinygan.kernels.threads import side_by_side

_last: deque[tuple[Window, np.ndarray, np.ndarray]] = deque(maxlen=4)  # kernels and their spectra


def conv(window: Window, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """x (N, H, W, C), w (kh, kw, C, O) -> y (N, OH, OW, O)."""
    a, _, b = matrices(window, x.dtype)
    y = np.empty((len(x), window.rows.out, window.cols.out, w.shape[3]), dtype=x.dtype)
    kernel = _kernel_spectrum(window, w)

    def some(images: slice) -> None:
        product = _products(np.matmul(a, _phases(window, x[images])), kernel)
        np.matmul(b, product, out=_pixels(y)[images])

    side_by_side(some, len(x), len(x) * kernel.size)
    return y


def conv_transpose(window: Window, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """y (N, OH, OW, O), w (kh, kw, C, O) -> x (N, H, W, C)."""
    a, _, b = matrices(window, y.dtype)
    x = np.empty((len(y), window.rows.size, window.cols.size, w.shape[2]), dtype=y.dtype)
    kernel = _kernel_spectrum(window, w).transpose(0, 2, 1)

    def some(images: slice) -> None:
        product = _products(np.matmul(b.T, _pixels(y[images])), kernel)
        _unphases(window, np.matmul(a.T, product), x[images])

    side_by_side(some, len(y), len(y) * kernel.size)
    return x


def conv_weight(window: Window, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x (N, H, W, C), y (N, OH, OW, O) -> w (kh, kw, C, O)."""
    a, g, b = matrices(window, x.dtype)
    taps, channels = window.rows.kernel * window.cols.kernel, x.shape[3] * y.shape[3]
    xs = np.empty((len(x), len(a), len(g) * x.shape[3]), dtype=x.dtype)
    ys = np.empty((len(y), len(a), y.shape[3]), dtype=y.dtype)

    def transforms(images: slice) -> None:
        np.matmul(a, _phases(window, x[images]), out=xs[images])
        np.matmul(b.T, _pixels(y[images]), out=ys[images])

    def some(places: slice) -> np.ndarray:
        product = np.matmul(xs[:, places].transpose(1, 2, 0), ys[:, places].transpose(1, 0, 2))
        product = product.reshape(len(product), len(g), channels)
        w = np.zeros((taps, channels), dtype=x.dtype)
        for phase, (of_phase, matrix) in enumerate(g):
            w[of_phase] = np.matmul(matrix[places].T, product[:, phase])
        return w

    side_by_side(transforms, len(x), xs.size * len(b))
    shape = (window.rows.kernel, window.cols.kernel, x.shape[3], y.shape[3])
    return added(side_by_side(some, len(a), xs.size * y.shape[3])).reshape(shape)


class Matrices(NamedTuple):
    """The three transforms of a window; s is the product of both strides.

    Attributes
    ----------
    a : array (Q, pixels of one phase)
    g : for each of the s phases, the taps that meet it, and an array (Q, number of these taps)
    b : array (OH * OW, Q)
    """

    a: np.ndarray
    g: list[tuple[np.ndarray, np.ndarray]]
    b: np.ndarray


def period(axis: AxisWindow) -> int:
    """Length of the transform: just long enough that what wraps around meets no pixel of the image."""
    reach = (axis.out - 1) * axis.stride + axis.kernel - axis.before
    return -(-max(axis.size + axis.before, reach) // axis.stride)


@lru_cache(maxsize=64)
def matrices(window: Window, dtype: np.dtype) -> Matrices:
    """A, G and B of a window.

    A stride s is taken apart first: the pixels p = s u + f of each phase f form an image of their own, and
    the taps that meet this phase a kernel of its own. Phases count as additional channels.

    With the frequencies (k, l) of a transform of period (K, L), and angle(u, v) = 2 pi (k u / K + l v / L),

        X = sum over pixels of  x e^(-i angle)
        W = sum over taps of    w e^(+i angle)          (+: the kernel is not flipped)
        y = sum over frequencies of  X W e^(+i angle) / (K L)

    Everything is real, so (-k, -l) is the conjugate of (k, l), and one of the two is enough. The complex
    product (a + bi)(c + di) takes three real ones (Gauss): c (a + b), a (d - c) and b (c + d), whose sums
    give the real part, first - third, and the imaginary part, first + second.
    """
    a: list[np.ndarray] = []  # rows, one for each of the Q products
    g: list[np.ndarray] = []
    b: list[np.ndarray] = []
    periods = period(window.rows), period(window.cols)
    axes = [_places(axis) for axis in (window.rows, window.cols)]
    phase = [(rows[:, None] & cols).reshape(-1) for rows in axes[0].phases for cols in axes[1].phases]
    for k, l in np.ndindex(*periods):  # noqa: E741
        mirror = (-k % periods[0], -l % periods[1])
        if mirror < (k, l):
            continue

        def angle(u: np.ndarray, v: np.ndarray, k: int = k, l: int = l) -> np.ndarray:  # noqa: E741
            return 2 * np.pi * np.add.outer(k * u / periods[0], l * v / periods[1]).reshape(-1)

        x, w, y = (angle(u, v) for u, v in zip(axes[0].places, axes[1].places, strict=True))
        xr, xi, wr, wi = np.cos(x), -np.sin(x), np.cos(w), np.sin(w)
        yr, yi = np.cos(y) / np.prod(periods), np.sin(y) / np.prod(periods)
        if mirror == (k, l):  # real: k and l are each 0 or half of the period
            a, g, b = [*a, xr], [*g, wr], [*b, yr]
        else:
            a, g = [*a, xr + xi, xr, xi], [*g, wr, wi - wr, wr + wi]
            b += [2 * (yr - yi), -2 * yi, -2 * yr]
    of_phases = [(taps, np.array(g, dtype)[:, taps]) for taps in map(np.flatnonzero, phase)]
    return Matrices(np.array(a, dtype), of_phases, np.ascontiguousarray(np.array(b, dtype).T))


class _Places(NamedTuple):
    places: tuple[np.ndarray, np.ndarray, np.ndarray]  # of pixels in their phase, of taps, of outputs
    phases: list[np.ndarray]  # for each phase: which taps meet it


def _places(axis: AxisWindow) -> _Places:
    taps = np.arange(axis.kernel) - axis.before
    pixels = np.arange(-(-axis.size // axis.stride))
    phases = [taps % axis.stride == phase for phase in range(axis.stride)]
    return _Places((pixels, taps // axis.stride, np.arange(axis.out)), phases)


def _pixels(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, H * W, C)."""
    n, h, w, c = x.shape
    return x.reshape(n, h * w, c)


def _phases(window: Window, x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, pixels of one phase, s * C): s phases side by side, as channels."""
    s, t = window.rows.stride, window.cols.stride
    if s == t == 1:
        return _pixels(x)
    n, h, w, c = x.shape
    if h % s or w % t:
        x = np.pad(x, ((0, 0), (0, -h % s), (0, -w % t), (0, 0)))
    u, v = x.shape[1] // s, x.shape[2] // t
    return x.reshape(n, u, s, v, t, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, u * v, s * t * c)


def _unphases(window: Window, x: np.ndarray, out: np.ndarray) -> None:
    """The adjoint of `_phases`: back to `out` (N, H, W, C)."""
    s, t = window.rows.stride, window.cols.stride
    n, h, w, c = out.shape
    u, v = -(-h // s), -(-w // t)
    x = x.reshape(n, u, v, s, t, c).transpose(0, 1, 3, 2, 4, 5)
    out[...] = x.reshape(n, u * s, v * t, c)[:, :h, :w]


def _kernel_spectrum(window: Window, w: np.ndarray) -> np.ndarray:
    """G w: (kh, kw, C, O) -> (Q, s * C, O).

    A step meets the same kernel several times (real samples, fakes, gradients), so the last few are kept. To
    see whether it is the same takes 0.05 ms, its transform 1 to 3.
    """
    for known_window, known, spectrum in tuple(_last):
        if known_window == window and known.shape == w.shape and known.dtype == w.dtype and np.array_equal(known, w):
            return spectrum
    g, (c, o) = matrices(window, w.dtype).g, w.shape[2:]
    flat = w.reshape(-1, c * o)
    spectrum = np.empty((len(g[0][1]), len(g), c * o), dtype=w.dtype)

    def some(columns: slice) -> None:
        for phase, (taps, matrix) in enumerate(g):
            np.matmul(matrix, flat[taps, columns], out=spectrum[:, phase, columns])

    side_by_side(some, c * o, spectrum.size * len(flat) // len(g))
    spectrum = spectrum.reshape(len(spectrum), -1, o)
    _last.appendleft((window, w.copy(), spectrum))
    return spectrum


def _products(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """At each place q of the spectrum x[:, q] @ w[q]: (N, Q, C), (Q, C, O) -> (N, Q, O)."""
    product = np.empty((*x.shape[:2], w.shape[2]), dtype=x.dtype)
    np.matmul(x.transpose(1, 0, 2), w, out=product.transpose(1, 0, 2))
    return product
