"""Every row of the table, in every respect that all ops share."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from op_table import ROWS
from standin import FakeCupy
from standin import log as cupy_log

from tinygan.autograd import Op, Tensor, grad, ops
from tinygan.backend import CupyBackend, current_backend, to_numpy, using_backend
from tinygan.testing import gradcheck

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def close(actual, expected, dtype=np.float64, loose=1.0):
    """Equal up to the rounding of a handful of operations, and of the same shape."""
    assert np.shape(actual) == np.shape(expected)
    tolerance = loose * (1e-11 if dtype == np.float64 else 2e-5)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def derivatives(row, arrays, gy_seed=3):
    """Forward, gradient, and the gradient of a number made of the gradient; all as Tensors.

    The upstream gradients are random: with ones, many a wrong rule gives the right sum.
    """
    rng = np.random.default_rng(gy_seed)

    def random_sum(tensors):
        total = 0.0
        for t in tensors:
            total = total + (t * rng.normal(size=t.shape)).sum()
        return total

    xs = [Tensor(a, requires_grad=True) for a in arrays]
    y = row.call(*xs)
    first = grad(random_sum([y]), xs, create_graph=True)
    second = grad(random_sum([g * g for g in first]), xs, allow_unused=True)  # linear ops have none
    return [y, *first, *(g for g in second if g is not None)]


def test_every_function_has_a_row():
    assert {row.function for row in ROWS} == set(ops.__all__)


def test_names_are_listed_once_and_in_order():
    assert ops.__all__ == sorted(set(ops.__all__))


@every_row
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_forward_is_the_formula(row, dtype, rng):
    arrays = row.inputs(rng, dtype)
    close(to_numpy(row.call(*[Tensor(a) for a in arrays])), row.formula(*arrays), dtype)


@every_row
def test_gradients_to_second_order(row, rng):
    """Of what stands for something else, too: then its own derivative is another, and is found to be."""
    report = gradcheck(row.stands_for or row.call, *row.inputs(rng), order=2)
    report.raise_if_failed()
    assert report.ok


@pytest.mark.parametrize("row", [row for row in ROWS if row.stands_for], ids=lambda row: row.name)
def test_straight_through_has_the_gradients_of_what_it_stands_for(row, rng):
    arrays = row.inputs(rng)
    _, *found = derivatives(row, arrays)
    _, *wanted = derivatives(replace(row, call=row.stands_for), arrays)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    assert not gradcheck(row.call, *arrays).ok, "it is smooth: gradcheck can be asked"


@every_row
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dtype_is_kept_by_values_and_gradients(row, dtype, rng):
    assert {t.dtype for t in derivatives(row, row.inputs(rng, dtype))} == {np.dtype(dtype)}


@every_row
def test_results_are_arrays_and_inputs_stay_as_they_were(row, rng):
    arrays = row.inputs(rng)
    former = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False  # so that writing raises, even what a later step would undo
    results = derivatives(row, arrays)
    assert all(type(t.data) is np.ndarray for t in results)
    for now, then in zip(arrays, former, strict=True):
        np.testing.assert_array_equal(now, then)


def spread(a):
    """The same numbers, with a gap after each along every axis."""
    roomy = np.full([2 * n for n in a.shape], np.nan)
    view = roomy[(..., *(slice(None, None, 2),) * a.ndim)]  # with ... a 0-d result stays a view
    view[...] = a
    return view


def backwards(a):
    """The same numbers, with negative strides."""
    turned = (slice(None, None, -1),) * a.ndim
    return a[turned].copy()[turned]


def repeated(a):
    """The first entry of each axis, repeated by strides of 0."""
    return np.broadcast_to(a[(slice(0, 1),) * a.ndim], a.shape)


@every_row
@pytest.mark.parametrize("layout", [np.asfortranarray, spread, backwards, repeated], ids=lambda f: f.__name__)
def test_memory_layout_does_not_matter(row, layout, rng):
    arrays = [layout(a) for a in row.inputs(rng)]
    plain = [np.array(a, order="C") for a in arrays]
    for strided, contiguous in zip(derivatives(row, arrays), derivatives(row, plain), strict=True):
        # repeated numbers make variances of 0, whose derivatives are large and lose digits
        close(to_numpy(strided), to_numpy(contiguous), loose=1e4 if layout is repeated else 1.0)


@every_row
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cupy_gives_the_same_without_waiting(row, dtype, rng):
    arrays = row.inputs(rng, dtype)
    expected = [to_numpy(t) for t in derivatives(row, arrays)]
    cupy = FakeCupy()
    with using_backend(CupyBackend(cupy)):
        results = derivatives(row, arrays)
        assert all(type(t.data) is cupy.ndarray for t in results)
        assert row.syncs is None or cupy.syncs == row.syncs
        for result, wanted in zip(results, expected, strict=True):
            close(to_numpy(result), wanted, dtype, loose=10)


@pytest.mark.gpu
@every_row
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gpu_gives_the_same(row, dtype, rng, gpu):
    arrays = row.inputs(rng, dtype)
    with using_backend("numpy"):
        expected = [to_numpy(t) for t in derivatives(row, arrays)]
    for result, wanted in zip(derivatives(row, arrays), expected, strict=True):
        assert type(result.data) is gpu.array_type and result.dtype == dtype
        close(to_numpy(result), wanted, dtype, loose=10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_each_kernel_agrees_with_the_definition_of_its_op(dtype, rng, monkeypatch):
    """Over the whole table, to second order: the kernel's result, and what it leaves on the op."""
    kernels = current_backend().kernels
    used = set()

    def compared(kind, kernel):
        def run(op, xp, *arrays):
            plain = copy.copy(op)
            expected, actual = plain.forward(xp, *arrays), kernel(op, xp, *arrays)
            used.add(kind)
            assert actual.dtype == expected.dtype, kind
            close(actual, expected, dtype, loose=10)
            for name, value in vars(plain).items():
                if isinstance(value, np.ndarray):
                    close(getattr(op, name), value, dtype, loose=10)
            return actual

        return run

    of_ops = {kind: kernel for kind, kernel in kernels.items() if isinstance(kind, type) and issubclass(kind, Op)}
    for kind, kernel in of_ops.items():
        monkeypatch.setitem(kernels, kind, compared(kind, kernel))
    for row in ROWS:
        derivatives(row, row.inputs(rng, dtype))
    assert used == set(of_ops)


def test_every_name_that_the_ops_ask_of_cupy_is_recorded(rng):
    """The log is what `test_standin.py` compares with the real package: it must not be empty."""
    cupy = FakeCupy()
    with using_backend(CupyBackend(cupy)):
        for row in ROWS:
            derivatives(row, row.inputs(rng))
    assert {("exp", None), ("zeros", "dtype"), ("ndarray.sum", "axis"), ("pad", "constant_values")} <= cupy_log.seen
