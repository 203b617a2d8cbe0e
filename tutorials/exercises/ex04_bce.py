"""ex04 BCE from logits, without overflow.

A discriminator gives a logit x, any real number; sigmoid(x) = 1 / (1 + exp(-x)) is the probability of "real".
Binary cross-entropy with targets t in [0, 1], the mean over all numbers, is

    bce = mean of  -t ln(sigmoid(x)) - (1 - t) ln(1 - sigmoid(x))  =  mean of  softplus(x) - t x

with softplus(x) = ln(1 + exp(x)). exp(1000) is too large for a float: find forms that only ever take exp of
numbers that are not positive. Every function must be right for x = -1000 and x = 1000 as well.
"""

import numpy as np


def softplus(x):
    """ln(1 + exp(x)), of x's shape."""
    raise NotImplementedError


def softplus_backward(gy, x):
    """The gradient gx for the upstream gradient gy, all of one shape."""
    raise NotImplementedError


def bce(x, t):
    """The mean binary cross-entropy, one number, of logits x and targets t of the same shape."""
    raise NotImplementedError


def bce_backward(gy, x, t):
    """The gradient gx, of x's shape; gy, the gradient by the mean, is one number."""
    raise NotImplementedError
