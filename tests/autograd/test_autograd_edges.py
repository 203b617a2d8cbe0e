"""Every function of the edge table, in every respect that nobody thinks of, with tuned kernels and without."""

from __future__ import annotations

import numpy as np
import pytest
from edge_table import FUNCTIONS, PLACES, WHOLE, Edge, drawn

from tinygan.autograd import Tensor, grad, ops
from tinygan.backend import to_numpy, using_backend
from tinygan.testing import gradcheck

every_function = pytest.mark.parametrize("edge", FUNCTIONS, ids=[f"{e.name}-{i}" for i, e in enumerate(FUNCTIONS)])
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(params=PLACES)
def place(request):
    with using_backend(PLACES[request.param]()) as backend:
        yield backend


def values(edge: Edge, arrays, gy=None):
    """(y, gradients of all inputs) as arrays, for an upstream gradient gy, drawn when None."""
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    y = edge.call(*xs)
    gy = np.random.default_rng(1).normal(size=y.shape) if gy is None else gy
    return to_numpy(y), [to_numpy(g) for g in grad(y, xs, Tensor(gy.astype(y.dtype)))]


def test_every_function_has_a_row():
    assert {edge.name for edge in FUNCTIONS} == set(ops.__all__)


@every_function
@pytest.mark.parametrize("dtype", WHOLE)
def test_whole_numbers_and_booleans(edge, dtype, rng, place):
    """NumPy's value, which is computed in float64 where nothing wraps around, and the dtype of the rule."""
    arrays = [drawn(rng, shape, WHOLE[dtype], *edge.span) for shape in edge.shapes(4)]
    y = edge.call(*[Tensor(a) for a in arrays])
    expected = edge.formula(*[a.astype(np.float64) for a in arrays])
    assert y.dtype == {"float": np.float32, "int64": np.int64, "same": WHOLE[dtype]}[edge.whole]
    assert type(y.data) is place.array_type
    np.testing.assert_allclose(
        to_numpy(y).astype(float), expected, rtol=2e-5 if edge.whole == "float" else 0, atol=1e-5
    )


@every_function
def test_float16(edge, rng, place):
    arrays = edge.inputs(rng, 4, np.float16)
    y, gradients = values(edge, arrays)
    expected, slopes = values(edge, [a.astype(np.float64) for a in arrays])
    assert {y.dtype, *(g.dtype for g in gradients)} == {np.dtype(np.float16)}
    for found, wanted in zip((y, *gradients), (expected, *slopes), strict=True):
        np.testing.assert_allclose(found.astype(float), wanted, rtol=3e-2, atol=3e-2)


@every_function
def test_a_single_number_without_an_axis(edge, rng, place):
    """NumPy's value and a right gradient; or a refusal that names the function (an index is refused by NumPy)."""
    arrays = edge.inputs(rng, 2)
    arrays[0] = np.float64(0.7).reshape(())
    try:
        y, gradients = values(edge, arrays)
    except (ValueError, IndexError) as error:
        assert edge.name in str(error) or isinstance(error, IndexError) and edge.name == "getitem"
        return
    np.testing.assert_allclose(y, edge.formula(*arrays), rtol=1e-12)
    assert gradients[0].shape == ()
    if place.name == "numpy":
        gradcheck(edge.stands_for or edge.call, *arrays, order=2).raise_if_failed()


@every_function
def test_no_sample_at_all(edge, rng, place):
    """The shape that NumPy gives, and gradients of the right shapes in which nothing flows."""
    arrays = edge.inputs(rng, 0)
    y, gradients = values(edge, arrays)
    np.testing.assert_array_equal(y, edge.formula(*arrays))
    for g, a in zip(gradients, arrays, strict=True):
        assert g.shape == a.shape and (not g.any() or y.size)


@every_function
def test_one_sample(edge, rng, place):
    arrays = edge.inputs(rng, 1)
    np.testing.assert_allclose(values(edge, arrays)[0], edge.formula(*arrays), rtol=1e-10, atol=1e-12)
    if place.name == "numpy":
        gradcheck(edge.stands_for or edge.call, *arrays, order=2).raise_if_failed()


@every_function
@pytest.mark.parametrize(("bad", "at"), [(np.inf, 0), (np.nan, 0), (-np.inf, -1)], ids=["inf", "nan", "last"])
def test_a_gradient_from_above_that_is_no_number_stays_where_it_belongs(edge, bad, at, rng, place):
    """The chain rule, output by output: where an output does not depend on an input, 0 times inf is 0."""
    if edge.name in ("conv1d", "conv2d") and place.name == "cupy" and place.kernels:
        pytest.skip("on a GPU the zeros of padding meet the gradient in one product: to look would be to wait")
    arrays = edge.inputs(rng, 3, kinks=True)
    shape = edge.call(*[Tensor(a) for a in arrays]).shape
    gy = rng.normal(size=shape)
    gy.flat[at] = bad
    _, found = values(edge, arrays, gy)
    expected = [np.zeros(a.shape) for a in arrays]
    for k in range(gy.size):
        alone = np.zeros(shape)
        alone.flat[k] = 1
        for total, slope in zip(expected, values(edge, arrays, alone)[1], strict=True):
            total += np.where(slope == 0, 0, gy.flat[k] * slope)
    for g, wanted in zip(found, expected, strict=True):
        good = np.isfinite(wanted)
        np.testing.assert_allclose(g[good], wanted[good], rtol=1e-9, atol=1e-12)
        assert not np.isfinite(g[~good]).any()


def backwards(a):
    turned = (slice(None, None, -1),) * a.ndim
    return a[turned].copy()[turned]


def repeated(a):
    return np.broadcast_to(a[(slice(0, 1),) * a.ndim], a.shape)


@every_function
@pytest.mark.parametrize("layout", [backwards, repeated], ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8], ids=lambda t: t.__name__)
def test_strides_of_0_and_below(edge, layout, dtype, rng, place):
    arrays = [layout(drawn(rng, shape, dtype, *edge.span)) for shape in edge.shapes(4)]
    found = to_numpy(edge.call(*[Tensor(a) for a in arrays]))
    np.testing.assert_allclose(found, to_numpy(edge.call(*[Tensor(a.copy()) for a in arrays])), rtol=1e-5, atol=1e-5)
    if dtype is np.float32 and edge.name != "batch_norm":  # of equal numbers its slopes are rounding errors
        strided, plain = (values(edge, xs)[1] for xs in (arrays, [a.copy() for a in arrays]))
        for a, b in zip(strided, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
