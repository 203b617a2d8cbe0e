"""ex08 Convolution: the forward pass.

Images are (N, H, W, C), a kernel is (kh, kw, C, O). `padding` rows and columns of zeros are put on all four
sides of the image; then the kernel stands at every `stride`-th place where it fits:

    y[n, p, q, o] = sum over i, j, c of  padded[n, p * stride + i, q * stride + j, c] * w[i, j, c, o]

y is (N, OH, OW, O) with OH = (H + 2 padding - kh) // stride + 1, and OW likewise. The kernel is not flipped.
"""

import numpy as np


def conv2d(x, w, stride, padding):
    """y (N, OH, OW, O)."""
    # BEGIN SOLUTION
    kh, kw = w.shape[:2]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    rows, cols = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((len(x), rows, cols, w.shape[3]))
    for p in range(rows):
        for q in range(cols):
            window = x[:, p * stride : p * stride + kh, q * stride : q * stride + kw]
            y[:, p, q] = np.tensordot(window, w, axes=3)
    return y
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = 4
HINTS = (
    "np.pad first, then two loops, over p and q. What stands under the kernel there is a slice of the image.",
    "window = x[:, p * stride : p * stride + kh, q * stride : q * stride + kw] is (N, kh, kw, C), and w is "
    "(kh, kw, C, O): three axes are summed away.",
    "y[:, p, q] = np.tensordot(window, w, axes=3), or np.einsum('nijc,ijco->no', window, w).",
)


def right(x, w, stride, padding):
    return ops.conv2d(Tensor(x), Tensor(w), stride, padding).data


def top_left(x, w, stride, padding):
    return right(np.pad(x, ((0, 0), (2 * padding, 0), (2 * padding, 0), (0, 0))), w, stride, 0)


def edges(x, w, stride, padding):
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return right(np.pad(x, around, mode="edge"), w, stride, 0)


MISTAKES = {
    "conv2d": {
        "the kernel is flipped: here convolution does not flip it": lambda x, w, *more: right(x, w[::-1, ::-1], *more),
        "the padding is left out": lambda x, w, stride, padding: right(x, w, stride, 0),
        "the stride is left out": lambda x, w, stride, padding: right(x, w, 1, padding),
        "all the padding is at the top and left: half of it belongs at the bottom and right": top_left,
        "the border is repeated: pad with zeros": edges,
    }
}


def check(exam):
    (h, width), (kh, kw), (n, c, o) = (exam.rng.permutation(each) for each in ([5, 7], [2, 3], [2, 3, 5]))
    x, w = exam.rng.normal(size=(n, h, width, c)), exam.rng.normal(size=(kh, kw, c, o))
    for stride, padding in ((1, 0), (2, 0), (1, 1), (2, 1), (3, 2)):
        exam.values("conv2d", right, x, w, stride, padding)
