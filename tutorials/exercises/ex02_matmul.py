"""ex02 Matmul: the backward pass.

    y = a @ b        a (N, K), b (K, M), y (N, M),   y_nm = sum over k of a_nk b_km

From gy, the gradient of the loss by y, to the gradients by a and by b.
"""

import numpy as np


def forward(a, b):
    return a @ b


def backward(gy, a, b):
    """The gradients ga (N, K) and gb (K, M) for the upstream gradient gy (N, M).

    ga_nk = sum over m of gy_nm b_km,   gb_km = sum over n of a_nk gy_nm
    """
    raise NotImplementedError
