"""ex06 Adam: one step of the optimiser.

Adam (Kingma and Ba, ICLR 2015, algorithm 1) keeps two moving averages for each weight: m of the gradient and
v of its square. Both begin at 0, and so are too small at first; a division mends that:

    m = beta1 m + (1 - beta1) g            mhat = m / (1 - beta1^t)
    v = beta2 v + (1 - beta2) g^2          vhat = v / (1 - beta2^t)
    w = w - lr mhat / (sqrt(vhat) + eps)

t counts the steps and is 1 in the first.
"""

import numpy as np


def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """The new w, m and v. Arrays w, g, m, v of one shape; t, lr, beta1, beta2 and eps are numbers."""
    raise NotImplementedError
