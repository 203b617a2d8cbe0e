"""The normal distribution function behind GELU: as many digits as the number type has. (Its rules: the op table.)"""

import math

import numpy as np
import pytest

from tinygan import Tensor, grad, ops
from tinygan.autograd.gated import NormalCDF

POINTS = np.concatenate([np.linspace(-6, 6, 2001), np.linspace(-45, 45, 301), np.logspace(-300, 0, 301), [0.0, -0.0]])


def exact(x):
    """By the complementary error function of the C library, which is right to the last digit or two."""
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])


@pytest.mark.parametrize("dtype, digit", [(np.float64, 2.3e-16), (np.float32, 1.2e-7)])
def test_the_error_is_in_the_last_digit(dtype, digit):
    x = POINTS.astype(dtype)
    y = NormalCDF()(Tensor(x)).data
    assert y.dtype == dtype and np.abs(y - exact(x)).max() < digit


@pytest.mark.parametrize("dtype, relative", [(np.float64, 1e-14), (np.float32, 3e-6)])
def test_the_left_tail_keeps_its_relative_precision(dtype, relative):
    """1 + erf(x / sqrt 2) would have lost half of its digits at x = -5.6, and all at -8.3."""
    x = np.linspace(-6, 0, 1001).astype(dtype)
    assert np.abs(NormalCDF()(Tensor(x)).data / exact(x) - 1).max() < relative


def test_the_two_tails_add_to_one_and_half_lies_below_zero():
    x = np.abs(POINTS)
    assert np.array_equal(NormalCDF()(Tensor(x)).data + NormalCDF()(Tensor(-x)).data, np.ones_like(x))
    assert NormalCDF()(Tensor(0.0)).item() == 0.5


@pytest.mark.filterwarnings("error")
def test_far_away_nothing_overflows():
    x = Tensor([-1e18, -300.0, 300.0, 1e18], requires_grad=True)
    y = ops.gelu(x)
    (gx,) = grad(y.sum(), [x], create_graph=True)
    (ggx,) = grad((gx * gx).sum(), [x])
    assert np.array_equal(y.data, np.array([0.0, 0.0, 300.0, 1e18], np.float32))
    assert np.array_equal(gx.data, [0, 0, 1, 1]) and np.array_equal(ggx.data, [0, 0, 0, 0])
    assert np.array_equal(NormalCDF()(Tensor([-np.inf, np.inf])).data, [0, 1])
    assert np.isnan(ops.gelu(Tensor([np.nan])).data).all()


def test_known_values():
    assert np.isclose(ops.gelu(1.0).item(), 0.8413447460685429, rtol=1e-6)  # Phi(1)
    assert np.isclose(ops.silu(1.0).item(), 0.7310585786300049, rtol=1e-6)  # 1 / (1 + 1/e)
    assert abs(ops.gelu(Tensor(np.array(1.0))).item() - 0.8413447460685429) < 2e-16


def test_gelu_of_two_dtypes_and_of_numbers():
    assert ops.gelu([1.0, 2.0]).dtype == ops.silu(1.0).dtype == np.float32
    assert ops.gelu(np.ones((), np.float64)).dtype == np.float64
