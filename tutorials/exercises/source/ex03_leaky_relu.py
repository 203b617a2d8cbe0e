"""ex03 LeakyReLU: forward and backward.

    y = x where x > 0,   y = slope * x elsewhere

The slope is a number between 0 and 1, such as 0.2. At x = 0 the derivative is taken as `slope`.
"""

import numpy as np


def forward(x, slope):
    """y, of x's shape."""
    # BEGIN SOLUTION
    return np.where(x > 0, x, slope * x)
    # END SOLUTION


def backward(gy, x, slope):
    """The gradient gx, of x's shape, for the upstream gradient gy of the same shape."""
    # BEGIN SOLUTION
    return np.where(x > 0, gy, slope * gy)
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = {"forward": 1, "backward": 1}
HINTS = (
    "Every number of y depends on one number of x alone. What is its derivative on either side of 0?",
    "np.where(condition, a, b) chooses number by number. The condition asks about x, in both functions.",
    "forward: np.where(x > 0, x, slope * x). backward: the same condition, gy or slope * gy.",
)


def right(x, slope):
    return ops.leaky_relu(Tensor(x), slope).data


def right_backward(gy, x, slope):
    return gy * np.where(x > 0, 1.0, slope)


MISTAKES = {
    "forward": {
        "the sides are exchanged: slope belongs to the negative numbers": lambda x, slope: np.where(
            x > 0, slope * x, x
        ),
        "negative numbers become 0: that is ReLU; here they are multiplied by slope": lambda x, slope: x * (x > 0),
        "negative numbers become slope itself: multiply x by it": lambda x, slope: np.where(x > 0, x, slope),
    },
    "backward": {
        "the sides are exchanged: slope belongs to the negative x": lambda gy, x, slope: gy * np.where(x > 0, slope, 1),
        "the gradient is 0 where x < 0: that is ReLU; here it is slope * gy": lambda gy, x, slope: gy * (x > 0),
        "the condition asks for the sign of gy: ask for that of x": lambda gy, x, slope: (
            gy * np.where(gy > 0, 1, slope)
        ),
        "gx is forward's result times gy: the derivative is 1 or slope": lambda gy, x, slope: gy * right(x, slope),
        "at x = 0 the derivative is taken as 1: x > 0, not x >= 0": lambda gy, x, slope: (
            gy * np.where(x >= 0, 1, slope)
        ),
    },
}


def check(exam):
    n, m = exam.sizes(2)
    x, slope = exam.rng.normal(size=(n, m)), round(exam.rng.uniform(0.1, 0.5), 2)
    exam.values("forward", right, x, slope)
    exam.gradient("backward", lambda x: right(x, slope), x, through=lambda f: lambda gy, x: f(gy, x, slope))
    exam.values("backward", right_backward, exam.rng.normal(size=3), np.array([-1.0, 0.0, 1.0]), slope)
