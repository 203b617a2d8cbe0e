"""Every CuPy kernel, its own text compiled for the CPU, against the op's `forward`, which is its definition."""

from __future__ import annotations

import numpy as np
import pytest
from cases import KINKS
from op_table import ROWS
from standin import COMPILER, FakeCupy, kernels

from tinygan import optim
from tinygan.autograd import Tensor, grad
from tinygan.autograd.arithmetic import PowConstant
from tinygan.autograd.cross_entropy import BCEWithLogits
from tinygan.autograd.elementwise import Sigmoid, Softplus
from tinygan.autograd.kinks import Gate, LeakyReLU
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Mean, Sum
from tinygan.autograd.shape import SumTo
from tinygan.backend import Backend, CupyBackend, NumpyBackend, using_backend
from tinygan.kernels import cupy_kernels

pytestmark = pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
DTYPES = pytest.mark.parametrize("dtype", list(TOLERANCE), ids=lambda t: t.__name__)
SHAPES = [(), (5,), (0,), (3, 7), (2, 3, 5, 7)]

ELEMENTWISE = [op for op in (*KINKS, Sigmoid(), Softplus()) if type(op) in cupy_kernels.KERNELS]


@pytest.fixture
def cupy():
    with using_backend(CupyBackend(FakeCupy())) as backend:
        yield backend


def draw(rng, shape, dtype, contiguous=True):
    """Normal numbers; on request in an array whose every axis runs backwards or in steps."""
    if contiguous or not shape:
        return np.asarray(rng.standard_normal(shape), dtype=dtype)
    wide = rng.standard_normal([2 * n for n in reversed(shape)]).astype(dtype)
    return wide[(slice(None, None, -2),) * len(shape)].transpose()


def inside(backend, array):
    """On the stand-in, with the strides it has here."""
    return backend.array_type(array)


def check(found, expected, dtype):
    """Equal to `dtype`'s tolerance, relative to the largest number, and of the same shape and dtype."""
    assert type(found) is type(expected)
    found, expected = found._host, expected._host
    assert found.dtype == expected.dtype == dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * max(1, abs(expected).max(initial=0)))


def both_ways(monkeypatch, kernel):
    """What `kernel` gives; with its threads in the opposite order it must give the same bits."""
    found = kernel()
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "backwards", True)
        again = kernel()
    pairs = zip(found, again, strict=True) if isinstance(found, tuple) else [(found, again)]
    for one, other in pairs:
        np.testing.assert_array_equal(one._host, other._host)
    return found


# -- one number at a time ------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: f"{op.name}{tuple(op.__dict__.values())}")
def test_elementwise(rng, cupy, op, shape, dtype, monkeypatch):
    for contiguous in (True, False):
        x = draw(rng, shape, dtype, contiguous)
        x[...] = np.where(abs(x) < 0.3, 0, 20 * x)  # some exact zeros, some numbers that would overflow e^x
        inputs = [inside(cupy, a) for a in ([x, draw(rng, shape, dtype)][:: -1 if isinstance(op, Gate) else 2])]
        former = [a._host.copy() for a in inputs]
        before = cupy.xp.launches
        found = both_ways(monkeypatch, lambda a=inputs: cupy.kernels[type(op)](op, cupy.xp, *a))
        assert cupy.xp.launches - before == 2 * (x.size > 0)
        check(found, op.forward(cupy.xp, *inputs), dtype)
        np.testing.assert_equal([a._host for a in inputs], former)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("op", [LeakyReLU(0.2), Gate(0.2, 1.0), Sigmoid(), Softplus()], ids=lambda op: op.name)
def test_the_ends_of_the_line(cupy, op):
    x = cupy.asarray(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e4, -1e4], dtype=np.float32))
    inputs = (cupy.xp.ones_like(x), x) if isinstance(op, Gate) else (x,)
    found, expected = cupy.kernels[type(op)](op, cupy.xp, *inputs), op.forward(cupy.xp, *inputs)
    np.testing.assert_allclose(found._host, expected._host, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@DTYPES
@pytest.mark.parametrize("p", [2, 2.0, 0.5, -1, 3, 0])
def test_powers(cupy, p, dtype):
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 3.0, -1.5, 1e30], dtype=dtype)
    with np.errstate(over="ignore"):
        found = cupy.kernels[PowConstant](PowConstant(p), cupy.xp, cupy.asarray(x))
        expected = PowConstant(p).forward(np, x)
    assert found.dtype == dtype and found._host.tobytes() == expected.tobytes()


def test_whole_numbers_stay_whole_in_powers(cupy):
    found = cupy.kernels[PowConstant](PowConstant(2), cupy.xp, cupy.asarray(np.arange(3)))
    assert found._host.tolist() == [0, 1, 4] and found.dtype.kind == "i"


@DTYPES
@pytest.mark.parametrize("target", [0.0, 1.0, 0.9])
def test_cross_entropy(rng, cupy, target, dtype):
    op = BCEWithLogits(target)
    for x in (draw(rng, (64, 1), dtype), 30 * draw(rng, (7, 3), dtype, contiguous=False)):
        x, before = inside(cupy, x.astype(dtype)), cupy.xp.launches
        found = cupy.kernels[BCEWithLogits](op, cupy.xp, x)
        assert cupy.xp.launches - before == 2
        check(found, op.forward(cupy.xp, x), dtype)


@pytest.mark.parametrize("op", [LeakyReLU(0.2), Sigmoid(), Softplus()], ids=lambda op: op.name)
def test_other_types_take_the_definition(cupy, op):
    for x in (np.arange(-2, 3), np.linspace(-2, 2, 5).astype(np.float16)):
        found, expected = (f(op, cupy.xp, cupy.asarray(x)) for f in (cupy.kernels[type(op)], type(op).forward))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found._host, expected._host)


# -- sums over rows --------------------------------------------------------------------------------------

TALL = cupy_kernels.TALL


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1), (17, 3), (TALL, 7), (5001, 2)], ids=str)
def test_column_sums(rng, cupy, shape, dtype, monkeypatch):
    x = inside(cupy, draw(rng, shape, dtype))
    check(both_ways(monkeypatch, lambda: cupy_kernels.column_sums(cupy.xp, x)), x.sum(axis=0), dtype)


@DTYPES
@pytest.mark.parametrize("keepdims", [False, True], ids=["", "keepdims"])
@pytest.mark.parametrize(
    ("shape", "axes", "tall"),
    [
        ((TALL, 7), (0,), True),
        ((2, 700, 3), (1, 0), True),
        ((TALL - 1, 7), (0,), False),
        ((2, 700, 3), (0, 2), False),
        ((TALL, 3), (0, 1), False),
        ((TALL, 3), (1,), False),
        ((3, 5), (), False),
        ((0, 3), (0,), False),
    ],
    ids=str,
)
def test_sums(rng, cupy, shape, axes, tall, keepdims, dtype):
    op = Sum(axes, keepdims)
    for contiguous in (True, False):
        x = inside(cupy, draw(rng, shape, dtype, contiguous))
        before = cupy.xp.launches
        found = cupy.kernels[Sum](op, cupy.xp, x)
        assert cupy.xp.launches - before == (2 if tall and contiguous else 1)
        check(found, op.forward(cupy.xp, x), dtype)


@DTYPES
@pytest.mark.parametrize(
    ("shape", "to"), [((TALL, 7), (7,)), ((64, 20, 7), (7,)), ((TALL, 3, 7), (3, 7)), ((TALL, 7), (1, 7)), ((5, 3), ())]
)
def test_sum_to(rng, cupy, shape, to, dtype):
    for contiguous in (True, False):
        x = inside(cupy, draw(rng, shape, dtype, contiguous))
        check(cupy.kernels[SumTo](SumTo(to), cupy.xp, x), SumTo(to).forward(cupy.xp, x), dtype)


@DTYPES
@pytest.mark.parametrize(
    ("shape", "axes"), [((TALL, 7), (0,)), ((2, 700, 3), (1, 0)), ((TALL, 3), (1,)), ((5, 3), (0,))]
)
def test_means(rng, cupy, shape, axes, dtype):
    for contiguous in (True, False):
        op, x = Mean(axes, False), inside(cupy, draw(rng, shape, dtype, contiguous))
        check(cupy.kernels[Mean](op, cupy.xp, x), op.forward(cupy.xp, x), dtype)


def test_sums_of_integers_stay_integers(cupy):
    x = cupy.asarray(np.arange(3 * TALL).reshape(TALL, 3))
    found = cupy.kernels[Sum](Sum((0,), False), cupy.xp, x)
    np.testing.assert_array_equal(found._host, x._host.sum(axis=0))
    assert found.dtype == x.dtype


# -- batch normalisation ---------------------------------------------------------------------------------


def normalised(rng, cupy, shape, dtype, contiguous=True, mean=3.0):
    x = mean + 2 * draw(rng, shape, dtype, contiguous)
    gamma, beta = (draw(rng, shape[-1:], dtype, contiguous) for _ in range(2))
    return [inside(cupy, a.astype(dtype)) for a in (x, gamma, beta)]


@DTYPES
@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 5, 7), (2, 1), (64, 9), (900, 3), (9000, 2)], ids=str)
def test_batch_norm(rng, cupy, shape, dtype, monkeypatch):
    for contiguous in (True, False):
        x, gamma, beta = normalised(rng, cupy, shape, dtype, contiguous)
        op, plain = BatchNorm(1e-5), BatchNorm(1e-5)
        before = cupy.xp.launches
        found = both_ways(monkeypatch, lambda: cupy.kernels[BatchNorm](op, cupy.xp, x, gamma, beta))  # noqa: B023
        assert cupy.xp.launches - before <= 2 * (3 if contiguous else 4)
        check(found, plain.forward(cupy.xp, x, gamma, beta), dtype)
        check(op.mean, plain.mean, dtype)
        check(op.var, plain.var, dtype)


def test_the_variance_of_far_numbers_keeps_its_digits(rng, cupy):
    """Squares minus the squared mean would leave nothing of a variance of 1 around 10,000 in float32."""
    x, gamma, beta = normalised(rng, cupy, (3000, 4), np.float32, mean=1e4)
    op = BatchNorm(1e-5)
    cupy.kernels[BatchNorm](op, cupy.xp, x, gamma, beta)
    np.testing.assert_allclose(op.var._host, x._host.astype(np.float64).var(axis=0), rtol=1e-4)


@DTYPES
@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 5, 7), (64, 9), (900, 3), (9000, 2)], ids=str)
def test_batch_norm_gradient(rng, cupy, shape, dtype, monkeypatch):
    """Against the op's backward that is made of differentiable ops."""
    x, gamma, beta = normalised(rng, cupy, shape, dtype)
    gy = inside(cupy, draw(rng, shape, dtype))
    op = BatchNorm(1e-5)
    leaves = [Tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    expected = grad(op(*leaves), leaves, Tensor(gy), create_graph=True)
    before = cupy.xp.launches
    found = both_ways(monkeypatch, lambda: cupy_kernels.batch_norm_gradient(op, cupy.xp, gy, x, gamma))
    assert cupy.xp.launches - before == 2 * 4
    for ours, theirs in zip(found, expected, strict=True):
        check(ours, theirs.data, dtype)


# -- optimisers ------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "RMSProp": lambda params: optim.RMSProp(params, lr=0.01),
    "Adam": lambda params: optim.Adam(params, lr=0.01, betas=(0.5, 0.999)),
}


@DTYPES
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimiser_kernels(rng, cupy, name, dtype):
    """Each moves the parameter, in place whatever its strides, and its part of the state as `update` does."""
    p = inside(cupy, draw(rng, (3, 7), dtype, contiguous=False))
    q = cupy.asarray(p._host.copy())
    ours, plain = (OPTIMIZERS[name]([Tensor(np.zeros(30, dtype), requires_grad=True)]) for _ in range(2))
    part = slice(5, 26)
    for t in (1, 2, 3):
        ours.t = plain.t = t
        g = inside(cupy, draw(rng, (3, 7), dtype, contiguous=t != 2))
        before = cupy.xp.launches
        cupy.kernels[type(ours)](ours, cupy.xp, g, p, part)
        assert cupy.xp.launches - before == 1
        flat = cupy.asarray(np.ascontiguousarray(g._host)).reshape(-1)
        q -= plain.update(flat, part, cupy.xp.empty_like(flat)).reshape(q.shape)
        check(p, q, dtype)
    for slot in ours.slots:
        check(getattr(ours, slot), getattr(plain, slot), dtype)
        assert not getattr(ours, slot)._host[:5].any() and getattr(ours, slot)._host[5:26].all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimiser_kernels_take_mixed_precision(rng, cupy, name):
    p, g = cupy.asarray(rng.normal(size=(2, 3))), cupy.asarray(rng.normal(size=(2, 3)).astype(np.float32))
    start = p._host.copy()
    optimizer = OPTIMIZERS[name]([Tensor(np.zeros(6, np.float32), requires_grad=True)])
    optimizer.t = 1
    cupy.kernels[type(optimizer)](optimizer, cupy.xp, g, p, slice(0, 6))
    assert p.dtype == np.float64 and (np.sign(start - p._host) == np.sign(g._host)).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimisers_use_one_launch_for_a_parameter(rng, name):
    """The whole step, against NumPy's: `Optimizer.step` finds the kernel."""
    shapes = [(3, 5), (70,), (1,), ()]
    values, grads = ([rng.standard_normal(s).astype(np.float32) for s in shapes] for _ in range(2))
    moved = []
    for backend in (NumpyBackend(), CupyBackend(FakeCupy())):
        with using_backend(backend):
            params = [Tensor(v, requires_grad=True) for v in values]
            optimizer = OPTIMIZERS[name](params)
            given = [Tensor(g) for g in grads]
            for _ in range(3):
                used = [p * 1 for p in params]
                before = getattr(backend.xp, "launches", 0)
                optimizer.step(given)
                if backend.name == "cupy":
                    assert backend.xp.launches - before == len(params) and backend.xp.syncs == 0
                for p, y in zip(params, used, strict=True):
                    with pytest.raises(RuntimeError, match="was changed"):
                        grad(y.sum(), [p])
            moved.append([backend.to_numpy(p.data) for p in params])
    for here, there in zip(*moved, strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)


# -- moving averages -------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("shape", [(), (5,), (3, 7)], ids=str)
def test_moving_averages_take_one_launch(rng, cupy, shape, dtype):
    for contiguous in (True, False):
        x, target = (inside(cupy, draw(rng, shape, dtype, contiguous)) for _ in range(2))
        expected, before = x + 0.1 * (target - x), cupy.xp.launches
        cupy.move_towards(x, target, 0.1)
        assert cupy.xp.launches - before == 1
        check(x, expected, dtype)


def test_moving_averages_of_mixed_precision(cupy):
    x = cupy.asarray(np.zeros(3, np.float32))
    cupy.move_towards(x, cupy.asarray(np.ones(3)), 0.25)
    assert x.dtype == np.float32 and x._host.tolist() == [0.25] * 3


# -- the whole table -------------------------------------------------------------------------------------


def test_each_kernel_is_reached_by_the_table(rng, cupy):
    """So that the table's own tests, which run on the stand-in too, test the kernels as parts of the engine."""
    used = set()
    for kind, kernel in list(cupy.kernels.items()):
        cupy.kernels[kind] = lambda *arguments, kind=kind, kernel=kernel: used.add(kind) or kernel(*arguments)
    for row in ROWS:
        xs = [Tensor(a, requires_grad=True) for a in row.inputs(rng)]
        grad(row.call(*xs).sum(), xs)
    elsewhere = {BatchNorm._backward_of_arrays, optim.Adam, optim.SGD, optim.RMSProp, Backend.move_towards}
    assert used - elsewhere == set(cupy.kernels) - elsewhere
