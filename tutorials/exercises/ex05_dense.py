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
    raise NotImplementedError
