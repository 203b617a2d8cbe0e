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
    # BEGIN SOLUTION
    xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * xhat + beta
    # END SOLUTION


def backward(gy, x, gamma, beta, eps):
    """The gradients gx (N, C), ggamma (C,) and gbeta (C,) for the upstream gradient gy (N, C)."""
    # BEGIN SOLUTION
    root = np.sqrt(x.var(axis=0) + eps)
    xhat = (x - x.mean(axis=0)) / root
    gxhat = gy * gamma
    gx = (gxhat - gxhat.mean(axis=0) - xhat * (gxhat * xhat).mean(axis=0)) / root
    return gx, (gy * xhat).sum(axis=0), gy.sum(axis=0)
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = {"forward": 1, "backward": 3}
HINTS = (
    "Begin with gbeta and ggamma: beta is a bias (see ex05), and gamma multiplies xhat.",
    "With gxhat = gy * gamma, the path through mu subtracts gxhat's mean over the batch. The path through var "
    "subtracts a multiple of xhat.",
    "gx = (gxhat - gxhat.mean(0) - xhat * (gxhat * xhat).mean(0)) / np.sqrt(var + eps).",
)


def right(x, gamma, beta, eps):
    return ops.batch_norm(Tensor(x), Tensor(gamma), Tensor(beta), eps)[0].data


def variant(gy, x, gamma, beta, eps, mean=1, var=1, scale=1, inputs=0):
    root = np.sqrt(x.var(axis=0) + eps)
    xhat, gxhat = (x - x.mean(axis=0)) / root, gy * (gamma if scale else 1)
    gx = (gxhat - mean * gxhat.mean(axis=0) - var * xhat * (gxhat * xhat).mean(axis=0)) / root
    return gx, (gy * (x if inputs else xhat)).sum(axis=0), gy.sum(axis=0)


def unbiased(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + eps) + beta


def eps_outside(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / (x.std(axis=0) + eps) + beta


def by_rows(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + eps) + beta


MISTAKES = {
    "forward": {
        "the variance divides by N - 1: in training mode it divides by N": unbiased,
        "eps is added to the root: it stands under it": eps_outside,
        "the rows are normalised (that is LayerNorm): take mean and variance over axis 0": by_rows,
        "the root is missing: divide by sqrt(var + eps)": lambda x, gamma, beta, eps: (
            gamma * (x - x.mean(axis=0)) / (x.var(axis=0) + eps) + beta
        ),
    },
    "backward": {
        "the path through the mean is missing in gx": lambda *a: variant(*a, mean=0),
        "the path through the variance is missing in gx": lambda *a: variant(*a, var=0),
        "mean and variance are taken for constants: x enters through both as well": lambda *a: variant(
            *a, mean=0, var=0
        ),
        "gx lacks the factor gamma": lambda *a: variant(*a, scale=0),
        "ggamma uses x: gamma multiplies xhat, the normalised x": lambda *a: variant(*a, inputs=1),
    },
}


def check(exam):
    c, n = sorted(exam.sizes(2))
    x, gamma, beta = exam.rng.normal(1, 2, size=(n, c)), exam.rng.normal(size=c), exam.rng.normal(size=c)
    exam.values("forward", right, x, gamma, beta, 0.1)
    forward = lambda x, gamma, beta: right(x, gamma, beta, 0.1)
    through = lambda f: lambda gy, x, gamma, beta: f(gy, x, gamma, beta, 0.1)
    exam.gradient("backward", forward, x, gamma, beta, through=through)
