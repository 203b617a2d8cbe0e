"""Convolution with NumPy: two ways to compute the three ops, and the choice between them.

The ops' own `forward` (`tinygan.autograd.conv`) is the definition: a sum over the taps of the kernel. Both
ways here compute the same numbers with far fewer, larger matrix products.

Patches. Lay under every output pixel the kh x kw x C numbers that it sees, as one row of a tall matrix P
("im2col"). Then

    y = P w        w = P^T y        P = y w^T, each number of which is added back to its pixel

Spectrum. By the convolution theorem a convolution is a plain product of Fourier transforms. All transforms
are linear, so three small constant matrices A, G, B hold everything that depends on the window alone:

    y = B [(A x) * (G w)]

where A x (Q, C) and G w (Q, C, O) are transforms over pixels and over taps, and * is, at each of the Q places
of the spectrum, the product of a row of C channels with a C x O matrix. The two adjoints are read off:

    x = A^T [(B^T y) * (G w)^T]        w = G^T [(A x)^T * (B^T y)]

For 5 x 5 taps on 7 x 7 pixels, Q is 121, against 841 pairs of a pixel and a tap. (Winograd's algorithms
have the same form with other A, G, B; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
CVPR 2016. A Fourier transform is as exact as the sum itself: about 1e-6 in float32.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinygan.autograd.window import AxisWindow, Window

CHUNK = 1 << 21  # numbers in P at once: 8 MiB of float32, which stay in the cache between copy and product


def prefer_spectrum(window: Window, n: int, c: int, o: int) -> bool:
    """Whether the spectrum beats patches, for n images, c channels in and o channels out.

    Both are bound by their multiplications, so these are counted. Patches make kh kw for each output pixel
    and pair of channels, nothing else. The spectrum makes Q, and adds its transforms: of x (shared by all
    o), of w (shared by all n) and of y (shared by all c). It has to save a third, because its products are
    smaller and its copies more.

    Measured, one thread, 64 images, forward, spectrum against patches: 5x5 stride 1, 128 -> 256 at 7x7, 13
    against 41 ms; 5x5 stride 2, 64 -> 128 at 14x14, 8.9 against 12.7; 3x3 stride 1, 256 -> 256 at 14x14, 87
    against 112; 5x5 stride 2, 1 -> 64 at 28x28, 5.5 against 1.1. Both gradients go the same way.
    """
    rows, cols = window.rows, window.cols
    taps, pixels, outputs = rows.kernel * cols.kernel, rows.size * cols.size, rows.out * cols.out
    phases = rows.stride * cols.stride
    q = 1.5 * _period(rows) * _period(cols)
    by_spectrum = q * (phases + pixels / o + phases * taps / max(n, 1) + outputs / c)
    return by_spectrum < 0.67 * taps * outputs


def conv(window: Window, x: np.ndarray, w: np.ndarray, spectrum: bool) -> np.ndarray:
    """x (N, H, W, C), w (kh, kw, C, O) -> y (N, OH, OW, O)."""
    if spectrum:
        a, g, b = matrices(window, x.dtype)
        product = _products(np.matmul(a, _phases(window, x)), _kernel_spectrum(g, window, w))
        return np.matmul(b, product).reshape(len(x), window.rows.out, window.cols.out, w.shape[3])
    y = np.empty((len(x), window.rows.out, window.cols.out, w.shape[3]), dtype=x.dtype)
    for images in _chunks(window, x.shape):
        np.matmul(_patches(window, x[images]), _matrix(w), out=_matrix(y[images]))
    return y


def conv_transpose(window: Window, y: np.ndarray, w: np.ndarray, spectrum: bool) -> np.ndarray:
    """y (N, OH, OW, O), w (kh, kw, C, O) -> x (N, H, W, C)."""
    shape = (len(y), window.rows.size, window.cols.size, w.shape[2])
    if spectrum:
        a, g, b = matrices(window, y.dtype)
        kernel = _kernel_spectrum(g, window, w).transpose(0, 2, 1)
        return _unphases(window, np.matmul(a.T, _products(np.matmul(b.T, _pixels(y)), kernel)), shape)
    x = np.zeros(shape, dtype=y.dtype)
    for images in _chunks(window, shape):
        patches = np.matmul(_matrix(y[images]), _matrix(w).T)
        _add_patches(window, patches, x[images])
    return x


def conv_weight(window: Window, x: np.ndarray, y: np.ndarray, spectrum: bool) -> np.ndarray:
    """x (N, H, W, C), y (N, OH, OW, O) -> w (kh, kw, C, O)."""
    shape = (window.rows.kernel, window.cols.kernel, x.shape[3], y.shape[3])
    if spectrum:
        a, g, b = matrices(window, x.dtype)
        xs, ys = np.matmul(a, _phases(window, x)), np.matmul(b.T, _pixels(y))
        product = np.matmul(xs.transpose(1, 2, 0), ys.transpose(1, 0, 2))
        return np.matmul(g.T, product.reshape(len(g), -1)).reshape(shape)
    w = np.zeros((shape[0] * shape[1] * shape[2], shape[3]), dtype=x.dtype)
    for images in _chunks(window, x.shape):
        w += np.matmul(_patches(window, x[images]).T, _matrix(y[images]))
    return w.reshape(shape)


# -- patches -----------------------------------------------------------------------------------------


def _matrix(y: np.ndarray) -> np.ndarray:
    """(..., O) -> (all the rest, O)."""
    return y.reshape(y.size // max(1, y.shape[-1]), y.shape[-1])


def _chunks(window: Window, shape: tuple[int, ...]) -> Iterator[slice]:
    """The batch in pieces of which each has at most CHUNK numbers in its patches (or is one image)."""
    rows, cols = window.rows, window.cols
    step = max(1, CHUNK // (rows.out * cols.out * rows.kernel * cols.kernel * shape[3]))
    return (slice(i, i + step) for i in range(0, shape[0], step))


def _patches(window: Window, x: np.ndarray) -> np.ndarray:
    """P: a row for each output pixel, a column for each tap and channel."""
    rows, cols = window.rows, window.cols
    p = np.zeros((len(x), rows.out, cols.out, rows.kernel, cols.kernel, x.shape[3]), dtype=x.dtype)
    for tap, pixels, outputs in window.taps():
        p[(*outputs, *tap)] = x[pixels]
    return p.reshape(len(x) * rows.out * cols.out, rows.kernel * cols.kernel * x.shape[3])


def _add_patches(window: Window, p: np.ndarray, x: np.ndarray) -> None:
    """The adjoint: add each number of P to the pixel of x that it came from."""
    rows, cols = window.rows, window.cols
    p = p.reshape(len(x), rows.out, cols.out, rows.kernel, cols.kernel, x.shape[3])
    for tap, pixels, outputs in window.taps():
        x[pixels] += p[(*outputs, *tap)]


# -- spectrum ----------------------------------------------------------------------------------------


class Matrices(NamedTuple):
    """The three transforms of a window; s is the product of both strides.

    Attributes
    ----------
    a : array (Q, pixels of one phase)
    g : array (Q * s, kh * kw)
    b : array (OH * OW, Q)
    """

    a: np.ndarray
    g: np.ndarray
    b: np.ndarray


def _period(axis: AxisWindow) -> int:
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
    periods = _period(window.rows), _period(window.cols)
    axes = [_places(axis) for axis in (window.rows, window.cols)]
    phase = [(rows[:, None] & cols).reshape(-1) for rows in axes[0].phases for cols in axes[1].phases]
    for k, l in np.ndindex(*periods):  # noqa: E741
        mirror = (-k % periods[0], -l % periods[1])
        if mirror < (k, l):
            continue

        def angle(u, v, k=k, l=l):  # noqa: E741
            return 2 * np.pi * np.add.outer(k * u / periods[0], l * v / periods[1]).reshape(-1)

        x, w, y = (angle(u, v) for u, v in zip(axes[0].places, axes[1].places, strict=True))
        xr, xi, wr, wi = np.cos(x), -np.sin(x), np.cos(w) * phase, np.sin(w) * phase
        yr, yi = np.cos(y) / np.prod(periods), np.sin(y) / np.prod(periods)
        if mirror == (k, l):  # real: k and l are each 0 or half of the period
            a, g, b = [*a, xr], [*g, wr], [*b, yr]
        else:
            a, g = [*a, xr + xi, xr, xi], [*g, wr, wi - wr, wr + wi]
            b += [2 * (yr - yi), -2 * yi, -2 * yr]
    return Matrices(np.array(a, dtype), np.concatenate(g).astype(dtype), np.ascontiguousarray(np.array(b, dtype).T))


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


def _unphases(window: Window, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The adjoint of `_phases`: back to `shape` (N, H, W, C)."""
    s, t = window.rows.stride, window.cols.stride
    n, h, w, c = shape
    if s == t == 1:
        return x.reshape(shape)
    u, v = -(-h // s), -(-w // t)
    x = x.reshape(n, u, v, s, t, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, u * s, v * t, c)
    return np.ascontiguousarray(x[:, :h, :w])


def _kernel_spectrum(g: np.ndarray, window: Window, w: np.ndarray) -> np.ndarray:
    """G w: (kh, kw, C, O) -> (Q, s * C, O)."""
    phases = window.rows.stride * window.cols.stride
    c, o = w.shape[2:]
    return np.matmul(g, w.reshape(-1, c * o)).reshape(-1, phases * c, o)


def _products(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """At each place q of the spectrum x[:, q] @ w[q]: (N, Q, C), (Q, C, O) -> (N, Q, O)."""
    product = np.empty((*x.shape[:2], w.shape[2]), dtype=x.dtype)
    np.matmul(x.transpose(1, 0, 2), w, out=product.transpose(1, 0, 2))
    return product
