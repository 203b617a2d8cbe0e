"""ex07 BatchNorm: forward and backward.

Every column of x (N, C) is brought to mean 0 and variance 1 over the N rows of the batch, then scaled and
shifted (Ioffe and Szegedy, ICML 2015):

    mu_c = mean over n of x_nc,   var_c = mean over n of (x_nc - mu_c)^2
    xhat = (x - mu) / sqrt(var + eps),   y = gamma * xhat + beta        gamma (C,), beta (C,)

x enters y on three paths: by itself, through mu and through var.
"""

import numpy as np


def forward(x, gamma, beta, eps):
    """y (N, C)."""
    raise NotImplementedError


def backward(gy, x, gamma, beta, eps):
    """The gradients gx (N, C), ggamma (C,) and gbeta (C,) for the upstream gradient gy (N, C)."""
    raise NotImplementedError
