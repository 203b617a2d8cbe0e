"""Convolution with CuPy: patches gathered by one kernel, then one matrix product.

The ops' own `forward` (`tinygan.autograd.conv`) is the definition: a sum over the taps of the kernel. Lay
under every output pixel the kh x kw x C numbers that it sees, as one row of a tall matrix P ("im2col"):

    y = P w        w = P^T y        P = y w^T, each number of which is added back to its pixel

Adding back is done from the side of the pixel: each pixel sums over the taps that reached it. So no two
threads write to one place, no atomic addition is needed, and the same input gives the same bits each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygan.autograd.window import Window
from tinygan.kernels.cupy_launch import Source, launch

CHUNK = 1 << 28  # numbers in P at once: 1 GiB of float32, next to which the launches do not count

SIZES = ", ".join(
    f"int32 {name}" for name in "height width channels out_h out_w kernel_h kernel_w stride_h stride_w top left".split()
)

# A thread for each output pixel (a, b) and channel c: it copies what the taps (u, v) see there. Threads side by
# side have channels side by side, so that they read and write neighbouring memory. The divisions are made
# once, not for each tap. (A chunk has fewer than 2^31 of anything but, for one huge image, places in P.)
PATCHES = Source(
    "tinygan_patches",
    f"raw T x, {SIZES}",
    "raw T p",
    """
    const int at = i, c = at % channels, place = at / channels;
    const int b = place % out_w, a = place / out_w % out_h, image = place / out_w / out_h;
    ptrdiff_t to = (ptrdiff_t)place * kernel_h * kernel_w * channels + c;
    for (int u = 0; u < kernel_h; u++)
        for (int v = 0; v < kernel_w; v++) {
            const int row = a * stride_h + u - top, col = b * stride_w + v - left;
            const bool inside = row >= 0 && row < height && col >= 0 && col < width;
            p[to] = inside ? x[(((ptrdiff_t)image * height + row) * width + col) * channels + c] : T(0);
            to += channels;
        }
    """,
)

# A thread for each number of x. Pixel `row` met output a at tap u = row + top - a * stride_h, so u runs in steps
# of the stride.
FOLD = Source(
    "tinygan_fold",
    f"raw T p, {SIZES}",
    "T x",
    """
    const int at = i, c = at % channels, place = at / channels;
    const int col = place % width, row = place / width % height, image = place / width / height;
    T sum = 0;
    for (int u = (row + top) % stride_h; u < kernel_h; u += stride_h) {
        const int a = (row + top - u) / stride_h;
        if (a < 0 || a >= out_h) continue;
        for (int v = (col + left) % stride_w; v < kernel_w; v += stride_w) {
            const int b = (col + left - v) / stride_w;
            if (b < 0 || b >= out_w) continue;
            const ptrdiff_t patch = ((ptrdiff_t)image * out_h + a) * out_w + b;
            sum += p[((patch * kernel_h + u) * kernel_w + v) * channels + c];
        }
    }
    x = sum;
    """,
)


def conv(xp: Any, window: Window, x: Any, w: Any) -> Any:
    """x (N, H, W, C), w (kh, kw, C, O) -> y (N, OH, OW, O)."""
    y = xp.empty((len(x), window.rows.out, window.cols.out, w.shape[3]), dtype=x.dtype)
    for images in _chunks(window, x.shape):
        xp.matmul(_patches(xp, window, x[images]), _matrix(w), out=_matrix(y[images]))
    return y


def conv_transpose(xp: Any, window: Window, y: Any, w: Any) -> Any:
    """y (N, OH, OW, O), w (kh, kw, C, O) -> x (N, H, W, C)."""
    x = xp.empty((len(y), window.rows.size, window.cols.size, w.shape[2]), dtype=y.dtype)
    for images in _chunks(window, x.shape):
        patches = xp.matmul(_matrix(y[images]), _matrix(w).T)
        launch(xp, FOLD, patches, *_sizes(window, w.shape[2]), x[images])
    return x


def conv_weight(xp: Any, window: Window, x: Any, y: Any) -> Any:
    """x (N, H, W, C), y (N, OH, OW, O) -> w (kh, kw, C, O)."""
    w = None
    for images in _chunks(window, x.shape):
        part = xp.matmul(_patches(xp, window, x[images]).T, _matrix(y[images]))
        w = part if w is None else xp.add(w, part, out=w)
    shape = (window.rows.kernel, window.cols.kernel, x.shape[3], y.shape[3])
    return xp.zeros(shape, dtype=x.dtype) if w is None else w.reshape(shape)


def _patches(xp: Any, window: Window, x: Any) -> Any:
    """P: a row for each output pixel, a column for each tap and channel."""
    rows, cols, channels = window.rows, window.cols, x.shape[3]
    pixels = len(x) * rows.out * cols.out
    p = xp.empty((pixels, rows.kernel * cols.kernel * channels), dtype=x.dtype)
    launch(xp, PATCHES, x, *_sizes(window, channels), p, size=pixels * channels)
    return p


def _sizes(window: Window, channels: int) -> tuple[int, ...]:
    """The numbers named in `SIZES`."""
    rows, cols = window.rows, window.cols
    image, out, kernel = (rows.size, cols.size), (rows.out, cols.out), (rows.kernel, cols.kernel)
    return (*image, channels, *out, *kernel, rows.stride, cols.stride, rows.before, cols.before)


def _chunks(window: Window, shape: tuple[int, ...]) -> Iterator[slice]:
    """The batch of images (N, H, W, C) in pieces, each at most CHUNK numbers in P and in x (or one image)."""
    rows, cols = window.rows, window.cols
    largest = max(rows.out * cols.out * rows.kernel * cols.kernel, rows.size * cols.size)
    step = max(1, CHUNK // max(1, largest * shape[3]))
    return (slice(i, i + step) for i in range(0, shape[0], step))


def _matrix(y: Any) -> Any:
    """(..., O) -> (all the rest, O)."""
    return y.reshape(y.size // max(1, y.shape[-1]), y.shape[-1])
