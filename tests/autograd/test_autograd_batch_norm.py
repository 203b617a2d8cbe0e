"""The definition of BatchNorm in simple ops, on images too, and what a transposed convolution takes for padding."""

import numpy as np
import pytest

from tinygan import Tensor, ops, to_numpy
from tinygan.autograd.normalise import batch_norm_composed


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 2, 3)])
def test_the_composed_batch_norm_is_over_all_axes_but_the_last(rng, shape):
    x, gamma, beta = rng.normal(size=shape), rng.normal(size=3), rng.normal(size=3)
    axes = tuple(range(len(shape) - 1))
    expected = gamma * (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5) + beta
    found = batch_norm_composed(Tensor(x), Tensor(gamma), Tensor(beta))
    assert np.allclose(to_numpy(found), expected, rtol=1e-12)


def test_a_padding_that_is_no_padding_is_refused(rng):
    x, w = Tensor(rng.normal(size=(1, 4, 4, 2))), Tensor(rng.normal(size=(3, 3, 3, 2)))
    with pytest.raises(ValueError, match="padding"):
        ops.conv_transpose2d(x, w, padding="sane")
