"""ex10 Transposed convolution, the adjoint.

A generator must make images larger. The transposed convolution does so: it is the adjoint of ex08's conv2d
in x, with the same kernel w (kh, kw, C, O), which means that for all arrays a and b of fitting shapes

    <conv2d(a, w), b> = <a, conv_transpose2d(b, w)>        <u, v> = sum of u * v

So it is also the gradient of conv2d by its images. Each pixel of b (N, OH, OW, O) puts a copy of the kernel,
times itself, into the result, `stride` pixels from the next one's. Where copies overlap they add up. In the end
`padding` rows and columns are cut off on all four sides: (N, H, W, C) with H = (OH - 1) stride + kh - 2 padding.
"""

import numpy as np


def conv_transpose2d(b, w, stride, padding):
    """a (N, H, W, C) from b (N, OH, OW, O)."""
    # BEGIN SOLUTION
    (n, rows, cols, _), (kh, kw, channels, _) = b.shape, w.shape
    a = np.zeros((n, (rows - 1) * stride + kh, (cols - 1) * stride + kw, channels))
    for p in range(rows):
        for q in range(cols):
            a[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += np.tensordot(b[:, p, q], w, axes=(1, 3))
    return a[:, padding : a.shape[1] - padding, padding : a.shape[2] - padding]
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = 4
HINTS = (
    "Begin with zeros as large as the result before the cut, (OH - 1) * stride + kh rows, and loop over b's pixels.",
    "A pixel b[:, p, q] is (N, O), and w is (kh, kw, C, O): the sum over o gives (N, kh, kw, C), one copy.",
    "Add np.tensordot(b[:, p, q], w, axes=(1, 3)) to the rows p * stride to p * stride + kh, and likewise the "
    "columns; return the result[:, padding : rows - padding, padding : cols - padding].",
)


def right(b, w, stride, padding):
    return ops.conv_transpose2d(Tensor(b), Tensor(w), stride, padding).data


def overwritten(b, w, stride, padding):
    (kh, kw), a = w.shape[:2], np.zeros_like(right(b, w, stride, 0))
    for p, q in np.ndindex(b.shape[1:3]):
        a[:, p * stride : p * stride + kh, q * stride : q * stride + kw] = right(b[:, p : p + 1, q : q + 1], w, 1, 0)
    return a[:, padding : a.shape[1] - padding, padding : a.shape[2] - padding]


MISTAKES = {
    "conv_transpose2d": {
        "the kernel is flipped: put it down as it is": lambda b, w, *more: right(b, w[::-1, ::-1], *more),
        "copies of the kernel overwrite each other: add with +=, not =": overwritten,
        "the stride is left out: copies stand `stride` pixels apart": lambda b, w, s, padding: right(b, w, 1, padding),
        "the padding is left out: it is cut off in the end": lambda b, w, stride, padding: right(b, w, stride, 0),
        "the padding is added: in the adjoint it is cut off": lambda b, w, stride, padding: np.pad(
            right(b, w, stride, 0), ((0, 0), (padding, padding), (padding, padding), (0, 0))
        ),
    }
}


def check(exam):
    (rows, cols), (kh, kw), (c, o) = (exam.rng.permutation(each) for each in ([2, 3], [2, 3], [1, 2]))
    w, b = exam.rng.normal(size=(kh, kw, c, o)), exam.rng.normal(size=(2, rows, cols, o))
    for more in ((1, 0), (2, 0), (2, 1)):
        exam.values("conv_transpose2d", right, b, w, *more)
        a = exam.rng.normal(size=right(b, w, *more).shape)  # conv2d's backward is a test of the adjoint
        conv2d = lambda a, more=more: ops.conv2d(Tensor(a), Tensor(w), *more).data
        through = lambda f, more=more: lambda gy, a: f(gy, w, *more)
        exam.gradient("conv_transpose2d", conv2d, a, through=through)
