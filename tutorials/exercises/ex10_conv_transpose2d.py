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
    raise NotImplementedError
