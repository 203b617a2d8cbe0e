"""A mask selects: where a function is flat its gradient is 0, whatever comes from above, everywhere and to order 2."""

from __future__ import annotations

import numpy as np
import pytest
from standin import FakeCupy

from tinygan import Tensor, grad, gradcheck, nn, ops, to_numpy
from tinygan.autograd.cross_entropy import cross_entropy
from tinygan.autograd.kinks import Gate, Masked
from tinygan.backend import CupyBackend, NumpyBackend, using_backend
from tinygan.gan.augment import cutout


def bare(backend):
    """The backend without its tuned kernels."""
    backend.kernels.clear()
    return backend


PLACES = {
    "numpy": lambda: NumpyBackend(),
    "numpy, no kernels": lambda: bare(NumpyBackend()),
    "stand-in": lambda: CupyBackend(FakeCupy()),
    "stand-in, no kernels": lambda: bare(CupyBackend(FakeCupy())),
}


@pytest.fixture(params=PLACES)
def place(request):
    with using_backend(PLACES[request.param]()) as backend:
        yield backend


# f(x) cuts off what is not positive: it is 0, and flat, at every x <= 0.
CUTS = {
    "relu": ops.relu,
    "leaky_relu of slope 0": lambda x: ops.leaky_relu(x, 0.0),
    "clip": lambda x: ops.clip(x, 0.0, 99.0),
    "maximum": lambda x: ops.maximum(x, 0.0),
    "maximum, from the right": lambda x: ops.maximum(0.0, x),
    "minimum": lambda x: -ops.minimum(-x, 0.0),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "max": lambda x: ops.max(ops.stack([x, np.zeros(3)]), axis=0),
    "min": lambda x: -ops.min(ops.stack([-x, np.zeros(3)]), axis=0),
}
ROOTS = {"sqrt": ops.sqrt, "log": ops.log, "** .5": lambda x: x**0.5, "1 / x": lambda x: 1 / x}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda t: t.__name__)
@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("cut", CUTS)
def test_no_gradient_passes_where_a_function_is_flat(cut, root, dtype, place):
    """At x = 4 both orders are the closed forms of root(x); at x = -1 and -3 they are 0."""
    x = Tensor(np.array([-1, 4, -3], dtype), requires_grad=True)
    (gx,) = grad(ROOTS[root](CUTS[cut](x)).sum(), [x], create_graph=True)
    (ggx,) = grad(gx.sum(), [x])
    first, second = {
        "sqrt": (1 / 4, -1 / 32), "** .5": (1 / 4, -1 / 32), "log": (1 / 4, -1 / 16), "1 / x": (-1 / 16, 1 / 32)
    }[root]  # fmt: skip
    assert gx.dtype == ggx.dtype == dtype
    np.testing.assert_allclose(to_numpy(gx), [0, first, 0], rtol=1e-6)
    np.testing.assert_allclose(to_numpy(ggx), [0, second, 0], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_neither_in_pooling_nor_at_a_kink_nor_where_a_number_was_dropped(place, rng):
    x = Tensor(np.array([[-1, -2], [0, -3]], np.float32).reshape(1, 2, 2, 1), requires_grad=True)
    (gx,) = grad(ops.sqrt(ops.max_pool2d(x, 2)).sum(), [x])
    assert to_numpy(gx).ravel().tolist() == [0, 0, np.inf, 0]
    x = Tensor([0.0, 4.0], requires_grad=True)
    assert to_numpy(grad(ops.sqrt(abs(x)).sum(), [x])[0]).tolist() == [0, 0.25]

    x = Tensor(np.full(100, 4, np.float32), requires_grad=True)
    y = nn.Dropout(0.5, rng)(x)
    kept = to_numpy(y) > 0
    (gx,) = grad(ops.sqrt(y).sum(), [x])
    np.testing.assert_allclose(to_numpy(gx), np.where(kept, 0.5 / np.sqrt(2), 0), rtol=1e-6)
    assert 20 < kept.sum() < 80
    assert set(to_numpy(nn.Dropout(0.5, rng)(Tensor(np.full(100, np.inf, np.float32)))).tolist()) == {0, np.inf}


@pytest.mark.parametrize(
    "op", [Gate(0.0, 1.0), Gate(1.0, 0.0), Gate(0.0, -2.0), Masked()], ids=["01", "10", "0-2", "m"]
)
@pytest.mark.parametrize("layout", ["contiguous", "strided"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda t: t.__name__)
def test_a_share_of_0_beats_inf_and_nan_and_keeps_all_else(op, layout, dtype, place):
    g = np.array([np.inf, -np.inf, np.nan, 1.5, -0.0, np.inf, np.nan, 3], dtype)
    x = np.array([-1, 0, -0.0, -2, 5, 1, 2, 0.25], dtype)
    mask = np.array([0, 0, -0.0, 0, 1, 1, 1, 0.25], dtype)
    if layout == "strided":
        g, x, mask = (np.repeat(a, 2)[::2] for a in (g, x, mask))
    op = Masked() if isinstance(op, Masked) else Gate(op.below, op.above)
    on, off = (1.0, 0.0) if isinstance(op, Masked) else (op.above, op.below)
    y = to_numpy(op(Tensor(g), Tensor(mask if isinstance(op, Masked) else x)))
    expected = np.array(
        [(v * (on if k > 0 else off) if (on if k > 0 else off) else 0) for v, k in zip(g, x, strict=True)]
    )
    expected[-1] *= 0.25 if isinstance(op, Masked) else 1
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, expected.astype(dtype))


def test_leaky_relu_of_slope_0_is_relu_at_minus_infinity_too(place):
    x = Tensor([-np.inf, -1.0, 2.0, np.inf])
    assert to_numpy(ops.leaky_relu(x, 0.0)).tolist() == to_numpy(ops.relu(x)).tolist() == [0, 0, 2, np.inf]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("a", "b", "along_a", "along_b"),
    [(0, 0, 0, 0), (0, 1, 1, 0), (0, 2, 0, 0), (0, 3, 0, 0), (2, 0, 0, np.log(2)), (3, 2, 6, 9 * np.log(3))],
)
def test_powers_of_tensors_at_a_base_of_0(a, b, along_a, along_b, place):
    a, b = (Tensor(np.array([float(v)]), requires_grad=True) for v in (a, b))
    found = [to_numpy(g)[0] for g in grad((a**b).sum(), [a, b])]
    np.testing.assert_allclose(found, [along_a, along_b], rtol=1e-12)


@pytest.mark.parametrize("above", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(
    ("a", "b", "along_a", "along_b"), [(5, 0, 0, np.log(5)), (1, 3, 3, 0), (0, 2, 0, 0), (0, 0, 0, 0), (1, 0, 0, 0)]
)
def test_no_gradient_passes_where_a_power_is_flat(a, b, along_a, along_b, above, place):
    """Along one of its two it is flat: there 0, whatever comes from above, and along the other all of it."""
    a, b = (Tensor(np.array([float(v)]), requires_grad=True) for v in (a, b))
    found = [to_numpy(g)[0] for g in grad(a**b, [a, b], Tensor(np.array([above])))]
    np.testing.assert_array_equal(found, [above * slope if slope else 0 for slope in (along_a, along_b)])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_high_derivatives_of_powers_at_a_base_of_0(place):
    """exp(-x^2) has at 0 the derivatives 0, -2, 0, 12, also with the 2 as a Tensor; x^0 has none."""
    x, two = Tensor(np.zeros(1), requires_grad=True), Tensor(np.full(1, 2.0))
    y, found = ops.exp(-(x**two)), []
    for _ in range(4):
        (y,) = grad(y.sum(), [x], create_graph=True)
        found.append(to_numpy(y).item())
    assert found == [0, -2, 0, 12]
    assert to_numpy(grad(ops.sqrt(x ** Tensor(np.zeros(1)) - 1).sum(), [x])[0]).item() == 0


def test_powers_of_tensors_away_from_0_are_right_in_both(rng):
    gradcheck(
        lambda a, b: a**b, rng.uniform(0.5, 2, (2, 3)), np.array([[0.0, 1, 2], [-1, 0.5, 0]]), order=2
    ).raise_if_failed()


def test_cross_entropy_of_a_class_that_was_masked_out(place):
    """ln softmax is -inf there, and the one-hot row has a 0 for it."""
    logits = Tensor([[-np.inf, 0.0, 0.0]], requires_grad=True)
    loss = cross_entropy(logits, Tensor([[0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(to_numpy(loss), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(to_numpy(grad(loss, [logits])[0]), [[0, -0.5, 0.5]], atol=1e-6)


INF = np.inf


@pytest.mark.parametrize(
    ("logit", "target", "value"),
    [(INF, 1, 0), (INF, 0, INF), (-INF, 0, 0), (-INF, 1, INF), (INF, 0.9, INF), (-INF, 0.9, INF), (np.nan, 1, np.nan)],
)
def test_bce_of_infinite_logits(logit, target, value, place):
    np.testing.assert_equal(float(to_numpy(ops.bce_with_logits(Tensor([logit]), target))), float(value))


def test_what_is_cut_out_of_an_image_is_gone(rng):
    images = np.full((50, 8, 8, 1), np.inf, np.float32)
    cut = cutout(Tensor(images), rng).data
    assert not np.isnan(cut).any() and (cut == 0).any() and (cut == np.inf).any()


def test_min_is_exact_where_minus_wraps_around(place):
    for values in (np.uint8([0, 5, 200]), np.int8([-128, 5]), np.array([True, False]), np.array([-(2**63), 5])):
        smallest = ops.min(Tensor(values))
        assert smallest.dtype == values.dtype and to_numpy(smallest) == values.min()


def test_the_bounds_of_clip_are_not_cut(place):
    """At exactly low and high the number was not changed, so the gradient passes."""
    x = Tensor(np.array([-1.01, -1, 0, 2, 2.01]), requires_grad=True)
    assert to_numpy(grad(ops.clip(x, -1, 2).sum(), [x])[0]).tolist() == [0, 1, 1, 1, 0]
