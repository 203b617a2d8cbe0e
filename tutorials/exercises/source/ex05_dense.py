"""ex05 Dense: the backward pass of a layer.

A dense layer turns N rows of I numbers into N rows of O numbers:

    y = x @ w + b        x (N, I), w (I, O), b (O,), y (N, O)

Write its backward pass: from gy, the gradient of the loss by y, to the gradients by x, w and b.
"""

import numpy as np


def forward(x, w, b):
    return x @ w + b


def backward(gy, x, w, b):
    """The gradients gx (N, I), gw (I, O) and gb (O,) for the upstream gradient gy (N, O).

    gx_ni = sum over o of gy_no w_io,   gw_io = sum over n of x_ni gy_no,   gb_o = sum over n of gy_no
    """
    # BEGIN SOLUTION
    return gy @ w.T, x.T @ gy, gy.sum(axis=0)
    # END SOLUTION


# BEGIN SPEC
POINTS = 3
HINTS = (
    "Write the shapes down first: each gradient has the shape of its input, and only one product fits.",
    "b is added to every row, so its gradient is a sum over the rows. x and w are a matrix product: see ex02.",
    "gx = gy @ w.T and gw = x.T @ gy; gb sums gy over axis 0.",
)
MISTAKES = {
    "backward": {
        "the gradients are divided by N: the mean belongs to the loss, and gy already has it": lambda gy, x, w, b: (
            gy @ w.T,
            x.T @ gy / len(x),
            gy.mean(axis=0),
        ),
        "gb is one number for all outputs: sum gy over the rows (axis 0) alone": lambda gy, x, w, b: (
            gy @ w.T,
            x.T @ gy,
            np.full_like(b, gy.sum()),
        ),
        "gw uses x without the upstream gradient: each row of x counts with its gy": lambda gy, x, w, b: (
            gy @ w.T,
            np.repeat(x.sum(axis=0)[:, None], w.shape[1], axis=1),
            gy.sum(axis=0),
        ),
    }
}


def check(exam):
    n, i, o = exam.sizes(3)
    x, w, b = exam.rng.normal(size=(n, i)), exam.rng.normal(size=(i, o)), exam.rng.normal(size=o)
    exam.gradient("backward", forward, x, w, b)
