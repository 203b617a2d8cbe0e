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
    raise NotImplementedError
