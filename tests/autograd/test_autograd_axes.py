"""Every axis of every function that takes one: from -ndim to ndim - 1 NumPy's result, and one further a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, ops


def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# name: (tinygan's, NumPy's, how many axes the result has more than x)
FUNCTIONS = {
    "sum": (ops.sum, np.sum, 0),
    "mean": (ops.mean, np.mean, 0),
    "var": (ops.var, np.var, 0),
    "max": (ops.max, np.max, 0),
    "min": (ops.min, np.min, 0),
    "softmax": (ops.softmax, _softmax, 0),
    "log_softmax": (ops.log_softmax, lambda x, axis: np.log(_softmax(x, axis)), 0),
    "concatenate": (
        lambda x, axis: ops.concatenate([x, x], axis),
        lambda x, axis: np.concatenate([x, x], axis),
        0,
    ),
    "stack": (lambda x, axis: ops.stack([x, -x], axis), lambda x, axis: np.stack([x, -x], axis), 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_axis_is_taken_and_one_further_is_refused(name, rng):
    ours, numpys, more = FUNCTIONS[name]
    x = rng.normal(size=(2, 3, 4))
    ndim = x.ndim + more
    for axis in range(-ndim, ndim):
        y, wanted = ours(Tensor(x), axis).data, numpys(x, axis)
        assert y.shape == wanted.shape, axis
        np.testing.assert_allclose(y, wanted, rtol=1e-12, err_msg=str(axis))
    for axis in (-ndim - 1, ndim):
        with pytest.raises(ValueError, match=f"axis {axis} does not"):
            ours(Tensor(x), axis)
