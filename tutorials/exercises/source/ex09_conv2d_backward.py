"""ex09 Convolution: the backward pass.

The forward pass is ex08's, y = conv2d(x, w, stride, padding). Go through the same windows again. Where

    y[n, p, q, o] = sum over i, j, c of  padded[n, p * stride + i, q * stride + j, c] * w[i, j, c, o]

a pixel of x lies in several windows and a weight meets all of them: their gradients are sums.
"""

import numpy as np


def backward(gy, x, w, stride, padding):
    """The gradients gx (N, H, W, C) and gw (kh, kw, C, O) for the upstream gradient gy (N, OH, OW, O)."""
    # BEGIN SOLUTION
    kh, kw = w.shape[:2]
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x, around)
    gpadded, gw = np.zeros_like(padded), np.zeros_like(w)
    for p in range(gy.shape[1]):
        for q in range(gy.shape[2]):
            at = (slice(None), slice(p * stride, p * stride + kh), slice(q * stride, q * stride + kw))
            gpadded[at] += np.tensordot(gy[:, p, q], w, axes=(1, 3))
            gw += np.tensordot(padded[at], gy[:, p, q], axes=(0, 0))
    return gpadded[:, padding : padding + x.shape[1], padding : padding + x.shape[2]], gw
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, grad, ops

POINTS = 5
HINTS = (
    "The same two loops as forward. In each step one window of x, w and gy[:, p, q] (N, O) meet: a little ex05.",
    "Keep arrays of zeros for the padded gx and for gw, and add (+=) in every step. In the end cut the padding off.",
    "gpadded[window] += np.tensordot(gy[:, p, q], w, axes=(1, 3)) and "
    "gw += np.tensordot(padded[window], gy[:, p, q], axes=(0, 0)).",
)


def right(gy, x, w, stride, padding):
    x, w = Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)
    return tuple(g.data for g in grad(ops.conv2d(x, w, stride, padding), [x, w], Tensor(gy)))


def flipped(gy, x, w, *more):
    return right(gy, x, w[::-1, ::-1], *more)[0], right(gy, x, w, *more)[1]


def overwritten(gy, x, w, stride, padding):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for p, q in np.ndindex(gy.shape[1:3]):
        one = np.zeros_like(gy)
        one[:, p, q] = gy[:, p, q]
        gx_one, gw = right(one, x, w, stride, padding)
        rows, cols = (
            slice(max(0, n * stride - padding), n * stride - padding + k) for n, k in zip((p, q), w.shape, strict=False)
        )
        gx[:, rows, cols] = gx_one[:, rows, cols]
    return gx, gw


def last_image(gy, x, w, *more):
    return right(gy, x, w, *more)[0], right(gy[-1:], x[-1:], w, *more)[1]


def averaged(gy, x, w, *more):
    return right(gy, x, w, *more)[0], right(gy, x, w, *more)[1] / len(x)


MISTAKES = {
    "backward": {
        "gx uses the flipped kernel: each weight goes back to the pixel that it met": flipped,
        "the windows overwrite each other: add with +=, not =": overwritten,
        "gw knows the last image alone: sum over the batch": last_image,
        "gw is divided by N: a mean belongs to the loss, and gy already has it": averaged,
    }
}


def check(exam):
    (h, width), (kh, kw), (c, o) = (exam.rng.permutation(each) for each in ([3, 5], [2, 3], [1, 2]))
    x, w = exam.rng.normal(size=(2, h, width, c)), exam.rng.normal(size=(kh, kw, c, o))
    for more in ((1, 0), (2, 1)):
        forward = lambda x, w, more=more: ops.conv2d(Tensor(x), Tensor(w), *more).data
        through = lambda f, more=more: lambda gy, x, w: f(gy, x, w, *more)
        exam.gradient("backward", forward, x, w, through=through)
