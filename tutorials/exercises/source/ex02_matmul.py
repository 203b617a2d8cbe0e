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
    # BEGIN SOLUTION
    return gy @ b.T, a.T @ gy
    # END SOLUTION


# BEGIN SPEC
POINTS = 2
HINTS = (
    "ga has the shape of a, (N, K). Which product of gy (N, M) and b (K, M) has this shape?",
    "A sum over a shared index is a matrix product. In ga it is m, the last axis of both: one of them is transposed.",
    "ga = gy @ b.T; and gb = a.T @ gy.",
)


def reshaped(gy, a, b):
    return gy @ b.reshape(b.shape[::-1]), a.reshape(a.shape[::-1]) @ gy


def without_gy(gy, a, b):
    return np.ones_like(gy) @ b.T, a.T @ np.ones_like(gy)


def averaged(gy, a, b):
    return gy @ b.T / len(a), a.T @ gy / len(a)


MISTAKES = {
    "backward": {
        "a matrix is reshaped, not transposed: reshape keeps the order of the numbers, .T does not": reshaped,
        "the upstream gradient gy is left out: multiply by it (the chain rule)": without_gy,
        "the gradients are divided by N: a mean belongs to the loss, and gy already has it": averaged,
    }
}


def check(exam):
    n, k, m = exam.sizes(3)
    exam.gradient("backward", forward, exam.rng.normal(size=(n, k)), exam.rng.normal(size=(k, m)))
