"""ex09 Convolution: the backward pass.

The forward pass is ex08's, y = conv2d(x, w, stride, padding). Go through the same windows again. Where

    y[n, p, q, o] = sum over i, j, c of  padded[n, p * stride + i, q * stride + j, c] * w[i, j, c, o]

a pixel of x lies in several windows and a weight meets all of them: their gradients are sums.
"""

import numpy as np


def backward(gy, x, w, stride, padding):
    """The gradients gx (N, H, W, C) and gw (kh, kw, C, O) for the upstream gradient gy (N, OH, OW, O)."""
    raise NotImplementedError
