"""Tensor: what it holds, which dtype comes out, and how it meets Python's numbers and NumPy's arrays."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.autograd import Tensor, grad, ops
from tinygan.backend import to_numpy


@pytest.fixture
def x():
    return Tensor(np.array([[1.0, -2.0, 3.0], [0.5, 5.0, -6.0]], np.float32), requires_grad=True, name="x")


# -- making one --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [2, 2.0, True, [1, 2], [[1.0, 2.0], [3.0, 4.0]], (1, 2)], ids=repr)
def test_what_is_no_array_becomes_float32(data, backend):
    t = Tensor(data)
    assert t.dtype == np.float32 and type(t.data) is backend.array_type
    np.testing.assert_array_equal(to_numpy(t), np.asarray(data, np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.bool_])
def test_an_array_keeps_its_dtype(dtype, backend):
    assert Tensor(np.ones((2, 3), dtype)).dtype == dtype


def test_an_array_keeps_its_memory():
    a = np.ones((2, 3))
    assert Tensor(a).data is a


def test_none_is_refused():
    """NumPy makes nan of it: a missing bias would turn up as a loss of nan, much later."""
    with pytest.raises(TypeError, match="None is neither a number nor an array"):
        Tensor([1.0]) + None


def test_only_floats_can_require_a_gradient():
    with pytest.raises(TypeError, match="only floating-point Tensors can require a gradient, not int64"):
        Tensor(np.arange(3), requires_grad=True)


def test_attributes(backend):
    x = Tensor(np.ones((2, 3, 5)), requires_grad=True, name="G.w")
    assert (x.shape, x.ndim, x.size, x.dtype, len(x), x.name) == ((2, 3, 5), 3, 30, np.float64, 2, "G.w")
    assert x.T.shape == (5, 3, 2) and x.xp is backend.xp and x.op is None and x.grad is None


def test_repr_shows_values_dtype_and_name(x):
    assert repr(x[0]) == "Tensor([ 1. -2.  3.], dtype=float32, requires_grad=True)"
    assert repr(Tensor(2.0, name="b")) == "Tensor(2., dtype=float32, name='b')"


# -- dtypes ------------------------------------------------------------------------------------------

OTHERS = {
    "int": 2,
    "float": 0.1,
    "bool": True,
    "np.float64": np.float64(0.1),
    "np.int64": np.int64(2),
    "float64 array": np.full((2, 3), 0.1),
    "int array": np.array([1, 2, 3]),
    "0-d float64 array": np.array(0.1),
    "list": [1.0, 2.0, 3.0],
    "Tensor of integers": Tensor(np.array([1, 2, 3])),
}
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "maximum": ops.maximum,
    "where": lambda a, b: ops.where(np.array([True, False, True]), a, b),
    "concatenate": lambda a, b: ops.concatenate([ops.broadcast_to(a, (2, 3)), ops.broadcast_to(b, (2, 3))]),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_float32_stays_float32_beside_anything_less_than_a_float64_tensor(operator, other, x):
    other = OTHERS[other]
    if operator == "concatenate" and not isinstance(other, Tensor):
        other = x.like(other)
    f = OPERATORS[operator]
    for y in (f(x, other), f(other, x)):
        assert y.dtype == np.float32
        if y.requires_grad:
            assert grad(y.sum(), [x])[0].dtype == np.float32


def test_a_mask_counts_as_zeros_and_ones(x):
    for y in ((x > 0) * x, x * (x > 0), x + (x > 0), (x > 0) - x, (x > 0) * 0.5 * x):
        assert y.dtype == grad(y.sum(), [x])[0].dtype == np.float32
    np.testing.assert_array_equal(grad(((x > 0) * x).sum(), [x])[0].data, x.data > 0)


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.int64(2)], ids=lambda n: type(n).__name__)
def test_numpy_numbers_as_settings_do_not_promote(number, x):
    gamma = Tensor(np.ones(3, np.float32))
    results = [
        abs(x) ** number,
        number**x,
        ops.leaky_relu(x, number),
        ops.clip(x, -number, number),
        ops.pad(x, 1, number),
        ops.batch_norm(x, gamma, gamma, number)[0],
        x / number,
        number / x,
    ]
    assert [y.dtype for y in results] == [np.float32] * len(results)
    assert {grad(y.sum(), [x])[0].dtype for y in results} == {np.dtype(np.float32)}


def test_arrays_joined_with_a_tensor_take_its_dtype(x):
    assert ops.concatenate([x, np.ones((2, 3))]).dtype == np.float32
    assert ops.stack([np.ones((2, 3)), x]).dtype == np.float32


def test_mixed_precision_widens_and_the_gradient_comes_back_narrow(x):
    wide = Tensor(np.full((2, 3), 2.0), requires_grad=True)
    y = x * wide
    assert y.dtype == np.float64
    gx, gw = grad((y * y).sum(), [x, wide], create_graph=True)
    assert (gx.dtype, gw.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(gx.data, 8 * x.data)
    assert grad(gx.sum(), [x])[0].dtype == np.float32


def test_integers_make_float32_never_float64():
    i = Tensor(np.arange(5))
    assert [t.dtype for t in (i * 0.5, i / 2, i.mean(), 1.0 - i)] == [np.float32] * 4
    assert [t.dtype for t in (i.sum(), i + 1, 2 * i)] == [i.dtype] * 3  # a whole number changes nothing


# -- NumPy on either side ----------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["+", "-", "*"])
@pytest.mark.parametrize("other", [np.full((2, 3), 2.0), np.float64(2), np.array(2.0), 2], ids=repr)
def test_on_the_left_as_on_the_right(operator, other, x):
    f = OPERATORS[operator]
    left, right = f(other, x), f(x, other)
    assert type(left) is Tensor and left.requires_grad
    np.testing.assert_array_equal(left.data, right.data * (-1 if operator == "-" else 1))


def test_division_power_and_product_with_numpy_on_the_left(x):
    a = np.array([[1.0, 2.0, 4.0]])
    np.testing.assert_allclose((a / x).data, a / x.data)
    np.testing.assert_allclose((a**x).data, a**x.data)
    np.testing.assert_allclose((a @ x.T).data, a @ x.data.T)
    np.testing.assert_allclose((x @ a.T).data, x.data @ a.T)
    assert type(np.float32(2) ** x) is Tensor


def test_a_tensor_does_not_slip_into_numpy(x):
    with pytest.raises(TypeError, match="use tg.to_numpy"):
        np.asarray(x)
    with pytest.raises(TypeError):
        np.exp(x)


def test_operators_are_the_ops_of_the_same_name(x):
    pairs = [
        (-x, ops.neg(x)),
        (abs(x), ops.abs(x)),
        (x.sum(0, keepdims=True), ops.sum(x, axis=0, keepdims=True)),
        (x.mean(axis=1), ops.mean(x, 1)),
        (x.var(), ops.var(x)),
        (x.max(-1), ops.max(x, -1)),
        (x.reshape(3, 2), ops.reshape(x, (3, 2))),
        (x.reshape((3, -1)), ops.reshape(x, (3, 2))),
        (x.reshape(6), ops.reshape(x, 6)),
        (x.transpose(), ops.transpose(x)),
        (x.transpose(1, 0), ops.transpose(x, (1, 0))),
        (x.transpose((1, 0)), x.T),
    ]
    for method, function in pairs:
        np.testing.assert_array_equal(method.data, function.data)


# -- 0-d ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        ops.sum,
        ops.mean,
        ops.var,
        ops.max,
        lambda x: x[1, 2],
        lambda x: ops.matmul(x[0], x[1]),
        lambda x: x.sum() * 2 + x.mean() ** 2,
        lambda x: ops.sigmoid(x.sum()),
        lambda x: ops.leaky_relu(x.sum()) + ops.clip(x.mean(), 0, 1) + abs(x.max()),
        lambda x: ops.where(x.sum() > 0, x.sum(), x.mean()),
    ],
)
def test_single_numbers_are_0d_arrays(f, backend):
    x = Tensor(np.array([[1.0, -2.0, 3.0], [0.5, 5.0, -6.0]], np.float32), requires_grad=True)
    y = f(x)
    assert type(y.data) is backend.array_type and y.shape == () and y.dtype == np.float32
    (gx,) = grad(y, [x])
    assert type(gx.data) is backend.array_type and gx.shape == (2, 3) and gx.dtype == np.float32


# -- Python's questions ------------------------------------------------------------------------------


def test_a_number_comes_out_of_one_element(backend):
    t = Tensor([[2.5]])
    assert t.item() == 2.5 and type(t.item()) is float and float(t) == 2.5
    assert bool(Tensor(1.0)) and not bool(Tensor([0.0]))


def test_many_elements_are_no_number(x):
    for question in (float, bool, Tensor.item):
        with pytest.raises(ValueError):
            question(x)


def test_rows_can_be_iterated_and_differentiated(x):
    rows = list(x)
    assert [r.shape for r in rows] == [(3,), (3,)]
    np.testing.assert_array_equal(grad(rows[1].sum(), [x])[0].data, [[0, 0, 0], [1, 1, 1]])


def test_a_0d_tensor_has_no_length_and_no_rows():
    for question in (len, list):
        with pytest.raises(TypeError, match="a 0-d Tensor has no length"):
            question(Tensor(1.0))


def test_comparisons_are_constants_of_booleans(x, backend):
    x = Tensor(to_numpy(x), requires_grad=True)
    for result, expected in (
        (x > 0.5, [[True, False, True], [False, True, False]]),
        (x >= 0.5, [[True, False, True], [True, True, False]]),
        (x < 0.5, [[False, True, False], [False, False, True]]),
        (x <= 0.5, [[False, True, False], [True, False, True]]),
        (0.5 < x, [[True, False, True], [False, True, False]]),
        (x > Tensor([0.0, 0.0, 4.0]), [[True, False, False], [True, True, False]]),
    ):
        assert result.dtype == np.bool_ and not result.requires_grad and type(result.data) is backend.array_type
        np.testing.assert_array_equal(to_numpy(result), expected)


def test_equality_is_identity_so_that_tensors_can_be_keys(x):
    twin = Tensor(x.data)
    assert x == x and x != twin and twin not in [x] and {x: 1}[x] == 1


def test_parts_cannot_be_assigned(x):
    with pytest.raises(TypeError, match="cannot be assigned to in part.*where, concatenate or pad"):
        x[0] = 0.0


def test_index_with_tensors_of_integers_and_booleans(x):
    np.testing.assert_array_equal(x[Tensor(np.array([1, 1]))].data, x.data[[1, 1]])
    np.testing.assert_array_equal(x[x > 0].data, x.data[x.data > 0])
    np.testing.assert_array_equal(grad((x[x > 0] ** 2).sum(), [x])[0].data, np.where(x.data > 0, 2 * x.data, 0))


def test_an_index_on_the_device_stays_there(fake_cupy):
    x, labels = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.array([1, 0, 1]))
    grad(x[labels, labels].sum(), [x])
    assert fake_cupy.syncs == 0


def test_an_index_that_occurs_three_times_receives_three_gradients(x):
    (gx,) = grad(x[np.array([1, 1, 1])].sum(), [x])
    np.testing.assert_array_equal(gx.data, [[0, 0, 0], [3, 3, 3]])


def test_equal_maxima_share_the_gradient():
    x = Tensor([[2.0, 1.0, 2.0], [3.0, 3.0, 3.0]], requires_grad=True)
    third = np.float32(1) / 3
    np.testing.assert_allclose(grad(x.max(axis=1).sum(), [x])[0].data, [[0.5, 0, 0.5], [third] * 3])
    a, b = grad(ops.maximum(x, x * 1.0).sum(), [x, x])
    np.testing.assert_allclose(a.data, np.ones((2, 3)))


@pytest.mark.parametrize("value", [-1e4, -100.0, 0.0, 100.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows(value, dtype):
    x = Tensor(np.array([value, 0.0, 1.0], dtype), requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for f in (ops.sigmoid, ops.softplus, ops.tanh, ops.log_softmax, ops.softmax):
            (gx,) = grad(f(x).sum(), [x], create_graph=True)
            (ggx,) = grad((gx * gx).sum(), [x], allow_unused=True)
            assert all(np.isfinite(t.data).all() for t in (f(x), gx, ggx))


def test_small_probabilities_keep_their_digits():
    x = Tensor(np.array([-80.0, -30.0]), requires_grad=True)
    np.testing.assert_allclose(ops.sigmoid(x).data, np.exp([-80.0, -30.0]), rtol=1e-12)
    np.testing.assert_allclose(ops.softplus(x).data, np.exp([-80.0, -30.0]), rtol=1e-12)
