"""ex08 Convolution: the forward pass.

Images are (N, H, W, C), a kernel is (kh, kw, C, O). `padding` rows and columns of zeros are put on all four
sides of the image; then the kernel stands at every `stride`-th place where it fits:

    y[n, p, q, o] = sum over i, j, c of  padded[n, p * stride + i, q * stride + j, c] * w[i, j, c, o]

y is (N, OH, OW, O) with OH = (H + 2 padding - kh) // stride + 1, and OW likewise. The kernel is not flipped.
"""

import numpy as np


def conv2d(x, w, stride, padding):
    """y (N, OH, OW, O)."""
    raise NotImplementedError
