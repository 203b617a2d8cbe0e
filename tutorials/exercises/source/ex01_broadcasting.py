"""ex01 Broadcasting: sum_to.

NumPy broadcasts: in (5, 3) + (3,) the second array is used five times, once for each row. An array that is
used several times gets a gradient from every use, and these are summed:

    y = np.broadcast_to(x, gy.shape)        gx = sum_to(gy, x.shape)

Axes in front that x does not have, and axes where x has length 1, are the broadcast ones.
"""

import numpy as np


def sum_to(gy, shape):
    """The gradient, of shape `shape`, of an array of that shape that was broadcast to gy.shape.

    Examples: gy (5, 3) and shape (3,), (1, 3), (5, 1) or (); gy (2, 5, 3) and shape (5, 1).
    """
    # BEGIN SOLUTION
    extra = gy.ndim - len(shape)
    axes = [*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1)]
    return gy.sum(axis=tuple(axes)).reshape(shape)
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = 2
HINTS = (
    "A number that was used five times gets five upstream gradients. What does the chain rule do with them?",
    "Two kinds of axes are to be summed: the gy.ndim - len(shape) in front, and those where shape has a 1.",
    "First gy = gy.sum(axis=tuple(range(gy.ndim - len(shape)))); then, for each axis i with shape[i] == 1, "
    "gy = gy.sum(axis=i, keepdims=True).",
)


def right(gy, shape):
    return ops.sum_to(Tensor(gy), shape).data


def averaged(gy, shape):
    return right(gy, shape) * np.prod(shape) / gy.size


def one_copy(gy, shape):
    gy = gy[(0,) * (gy.ndim - len(shape))]
    return gy[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


def everything(gy, shape):
    return np.full(shape, gy.sum())


MISTAKES = {
    "sum_to": {
        "gy is averaged over the broadcast axes: every use counts in full, so sum": averaged,
        "one copy of gy is taken: every use of x has its gradient, so sum over all copies": one_copy,
        "everything is summed into one number: sum over the broadcast axes alone": everything,
    }
}


def check(exam):
    a, b, c = exam.sizes(3)
    for full, shape in [
        *(((a, b), shape) for shape in ((b,), (1, b), (a, 1), (1, 1), ())),
        ((a, b, c), (b, 1)),
        ((a, b), (a, b)),
    ]:
        repeat = lambda x, full=full: np.broadcast_to(x, full)
        exam.gradient("sum_to", repeat, exam.rng.normal(size=shape), through=lambda f: lambda gy, x: f(gy, x.shape))
