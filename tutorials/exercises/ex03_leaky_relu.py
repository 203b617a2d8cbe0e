"""ex03 LeakyReLU: forward and backward.

    y = x where x > 0,   y = slope * x elsewhere

The slope is a number between 0 and 1, such as 0.2. At x = 0 the derivative is taken as `slope`.
"""

import numpy as np


def forward(x, slope):
    """y, of x's shape."""
    raise NotImplementedError


def backward(gy, x, slope):
    """The gradient gx, of x's shape, for the upstream gradient gy of the same shape."""
    raise NotImplementedError
