"""Whole numbers and booleans: what selects keeps them exactly, what adds and multiplies is whole in 64 bits, functions
compute in the default float."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import Tensor, nn, ops, to_numpy

WHOLE = [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.int64, np.bool_]
each_dtype = pytest.mark.parametrize("dtype", WHOLE, ids=lambda t: t.__name__)

FUNCTIONS = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)), "relu": lambda x: x, "leaky_relu": lambda x: x, "abs": lambda x: x,
    "silu": lambda x: x / (1 + np.exp(-x)), "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum()), "var": np.var, "mean": np.mean,
}  # fmt: skip


def numbers(dtype):
    return np.array([1, 0, 1], bool) if dtype is np.bool_ else np.array([1, 2, 5], dtype)


@each_dtype
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_functions_compute_in_the_default_float(name, dtype, backend):
    x = numbers(dtype)
    y = getattr(ops, name)(Tensor(x))
    assert y.dtype == np.float32
    np.testing.assert_allclose(to_numpy(y), FUNCTIONS[name](x.astype(float)), rtol=1e-5)


@each_dtype
def test_other_functions_do_too(dtype, backend):
    x = numbers(dtype)
    for y, expected in (
        (ops.clip(Tensor(x), 0, 1.5), np.clip(x.astype(float), 0, 1.5)),
        (Tensor(x) / 2, x / 2), (1 / (Tensor(x) + 1), 1 / (x + 1.0)), (Tensor(x) / Tensor(x + 1), x / (x + 1)),
        (Tensor(x) ** 0.5, x**0.5), (2 ** Tensor(x), 2.0**x), (Tensor(x) * 0.5, x * 0.5), (Tensor(x) - 0.5, x - 0.5),
        ((Tensor(x) + 1) ** -1, (x + 1.0) ** -1), (ops.where(Tensor(x) > 0, Tensor(x), 0.5), np.where(x > 0, x, 0.5)),
        (ops.bce_with_logits(Tensor(x), 1), np.log1p(np.exp(-x.astype(float))).mean()),
    ):  # fmt: skip
        assert y.dtype == np.float32
        np.testing.assert_allclose(to_numpy(y), expected, rtol=1e-6)


@each_dtype
def test_min_and_max_are_exact(dtype, backend):
    limits = [False, True] if dtype is np.bool_ else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    x = np.array([limits, limits[::-1]], dtype)
    for name in ("min", "max"):
        for axis in (None, 0, 1):
            y = getattr(ops, name)(Tensor(x), axis)
            assert y.dtype == dtype
            np.testing.assert_array_equal(to_numpy(y), getattr(x, name)(axis))
    for name in ("minimum", "maximum"):
        y = getattr(ops, name)(Tensor(x[0]), Tensor(x[1]))
        assert y.dtype == dtype
        np.testing.assert_array_equal(to_numpy(y), getattr(np, name)(x[0], x[1]))


@each_dtype
def test_sums_and_products_do_not_wrap_around(dtype, backend):
    x = np.full((3, 2), 1 if dtype is np.bool_ else min(np.iinfo(dtype).max, 1000), dtype)
    t, big = Tensor(x), x.astype(object)
    for y, expected in (
        (t.sum(), big.sum()), (t.sum(axis=0), big.sum(0)), (t + t, big + big), (t - t - t, -big), (-t, -big),
        (t * t, big * big), (t**2, big * big), (t.T @ t, big.T @ big),
        (ops.affine(t, t.T, t[0, 0]), big @ big.T + big[0, 0]),
        (ops.conv2d(t.reshape((1, 3, 2, 1)), t.reshape((3, 2, 1, 1))), [[[[(big * big).sum()]]]]),
    ):  # fmt: skip
        assert y.dtype == np.int64
        np.testing.assert_array_equal(to_numpy(y), np.asarray(expected, np.int64))
    assert t.mean().item() == x[0, 0] and (t.mean(axis=1).data.shape, t.mean().dtype) == ((3,), np.float32)


def test_numbers_that_do_not_fit_the_dtype(backend):
    x = Tensor(np.uint8([0, 255]))
    for y, expected in (
        (x < 256, [True, True]), (x > -1, [True, True]), (x <= 300, [True, True]), (x >= 2**40, [False, False]),
        (x + 300, [300, 555]), (x - 1, [-1, 254]), (x * -1, [0, -255]), (x * 300, [0, 76500]), (1 - x, [1, -254]),
        (ops.maximum(x, -1), [0, 255]), (ops.minimum(x, 300), [0, 255]), (ops.where(x > 0, x, -1), [-1, 255]),
        (ops.pad(x, 1, 300), [300, 0, 255, 300]), (ops.pad(x, 1, 0.5), [0.5, 0, 255, 0.5]),
    ):  # fmt: skip
        assert to_numpy(y).tolist() == expected
    assert ops.pad(x, 1).dtype == ops.maximum(x, 7).dtype == np.uint8


def test_comparisons_keep_the_digits_of_a_fraction(backend):
    x = Tensor(np.array([2**24, 2**24 + 1]))
    assert to_numpy(x > 2**24 + 0.5).tolist() == [False, True] and to_numpy(x <= 2**24 + 0.5).tolist() == [True, False]
    assert to_numpy(x < 2**24 + 1).tolist() == [True, False] and to_numpy(x >= np.float64(2**24 + 0.5)).tolist() == [
        0,
        1,
    ]


def test_booleans_count_as_0_and_1(backend):
    x = Tensor(np.array([True, False, True]))
    y = Tensor(np.array([True, True, False]))
    assert [to_numpy(r).tolist() for r in (x + y, x - y, -x, x * y, 1 - x)] == [
        [2, 1, 1], [0, -1, 1], [-1, 0, -1], [1, 0, 0], [0, 1, 0]
    ]  # fmt: skip
    w = np.full((1, 1, 1, 2), 0.5, np.float32)
    images = Tensor(np.array([True, False]).reshape(1, 2, 1, 1))
    for z in (
        ops.conv2d(images, w),
        images.reshape((2, 1)) @ w[0, 0],
        ops.affine(images.reshape((2, 1)), w[0, 0], w[0, 0, 0]),
    ):
        assert z.dtype == np.float32
    assert to_numpy(ops.conv2d(images, w)).ravel().tolist() == [0.5, 0.5, 0, 0]
    assert (
        ops.batch_norm(Tensor(np.eye(3, dtype=bool)), np.ones(3, np.float32), np.zeros(3, np.float32))[0].dtype
        == np.float32
    )


def test_dropout_of_whole_numbers_keeps_their_mean(rng):
    y = nn.Dropout(0.2, rng)(Tensor(np.full(10_000, 100)))
    assert y.dtype == np.float32 and abs(to_numpy(y).mean() - 100) < 2 and set(to_numpy(y).tolist()) == {0, 125}


def test_the_mean_of_many_float16_is_no_infinity(backend):
    x = Tensor(np.ones(70_000, np.float16))
    assert x.mean().item() == 1 and x.mean().dtype == np.float16
    assert to_numpy(Tensor(np.ones((5000, 2), np.float16)).mean(axis=0)).tolist() == [1, 1]
