"""Tests of the tester: the stand-in refuses what CuPy refuses, and offers nothing CuPy lacks."""

from __future__ import annotations

import numpy as np
import pytest
import standin
from op_table import ROWS
from standin import COMPILER, FakeCupy, names
from standin.notes import ALLOWED

from tinygan.autograd import Tensor, grad
from tinygan.backend import CupyBackend, using_backend


@pytest.fixture
def cupy():
    return FakeCupy()


@pytest.fixture
def a(cupy):
    return cupy.asarray(np.arange(6.0, dtype=np.float32).reshape(2, 3))


# -- refusals ----------------------------------------------------------------------------------------


def test_it_is_no_numpy_array(a):
    assert not isinstance(a, np.ndarray)


HOST = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda a, cupy: np.asarray(a),
        lambda a, cupy: np.array([a, a]),
        lambda a, cupy: np.exp(a),
        lambda a, cupy: np.sum(a),
        lambda a, cupy: np.add.reduce(a),
        lambda a, cupy: np.concatenate([a, a]),
        lambda a, cupy: a + HOST,
        lambda a, cupy: HOST + a,
        lambda a, cupy: HOST @ a.T,
        lambda a, cupy: a > HOST,
        lambda a, cupy: a.__iadd__(HOST),
        lambda a, cupy: cupy.maximum(a, HOST),
        lambda a, cupy: cupy.exp(HOST),
        lambda a, cupy: cupy.concatenate([a, HOST]),
        lambda a, cupy: a.dot(HOST),
        lambda a, cupy: cupy.exp(a, out=HOST),
        lambda a, cupy: a[np.array([0, 1])],
        lambda a, cupy: a[[0, 1]],
        lambda a, cupy: a.__setitem__(0, HOST[0]),
        lambda a, cupy: cupy.where(True, a, a),
        lambda a, cupy: cupy.add.at(a, np.array([0]), a[:1]),
        lambda a, cupy: a.sum(where=a > 0),
        lambda a, cupy: a.sum(initial=1),
        lambda a, cupy: cupy.exp(a, where=a > 0),
        lambda a, cupy: a + "text",
    ],
)
def test_refused_with_a_type_error(misuse, a, cupy):
    with pytest.raises(TypeError):
        misuse(a, cupy)


@pytest.mark.parametrize("name", ["block", "nditer", "lib", "getbufsize", "no_such_function", "RawKernel"])
def test_a_function_that_cupy_lacks_does_not_exist(name, cupy):
    """RawKernel CuPy has, but the stand-in does not."""
    with pytest.raises(AttributeError, match="CuPy has no"):
        getattr(cupy, name)


def test_random_numbers_are_drawn_on_the_host(cupy):
    with pytest.raises(AttributeError, match="numpy.random.Generator"):
        cupy.random.normal(size=3)


def test_an_array_has_only_cupys_methods(a):
    for name in ("requires_grad", "newbyteorder", "resize", "setfield"):
        assert not hasattr(a, name)


# -- what it gives -------------------------------------------------------------------------------------


def test_every_number_is_a_0d_array(a, cupy):
    for result in (a.sum(), a.max(), a[0, 0], a.sum() + 1, cupy.mean(a), cupy.exp(a[0, 0]), a[0, 0] > 0, -a[1, 1]):
        assert type(result) is cupy.ndarray and result.shape == ()
    assert a.sum().dtype == np.float32


def test_values_are_numpys(a, cupy):
    host = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    pairs = [
        (2 * a - a / 3, 2 * host - host / 3),
        (np.float32(2) * a, np.float32(2) * host),
        (a @ a.T, host @ host.T),
        (abs(-a) ** 2, host**2),
        (a % 2 == 1, host % 2 == 1),
        (a.reshape(3, -1), host.reshape(3, 2)),
        (cupy.where(a > 2, a, 0), np.where(host > 2, host, 0)),
        (cupy.concatenate([a, a], axis=1), np.hstack([host, host])),
        (cupy.linalg.norm(a), np.linalg.norm(host)),
        (cupy.split(a, 3, axis=1)[1], host[:, 1:2]),
        (cupy.zeros((2, 3), dtype=cupy.float32), np.zeros((2, 3))),
    ]
    for ours, numpys in pairs:
        assert type(ours) is cupy.ndarray
        np.testing.assert_array_equal(cupy.asnumpy(ours), numpys)


def test_in_place_and_out(a, cupy):
    b = a
    b += 1
    assert b is a and cupy.exp(a, out=a) is a and cupy.add(a, 1, out=a) is a
    s = a.sum()
    t = s
    t *= 2
    assert t is s
    a[0] = 5
    a[1, :2] = cupy.zeros(2, dtype=np.float32)
    assert cupy.asnumpy(a)[0].tolist() == [5, 5, 5] and cupy.asnumpy(a)[1, :2].tolist() == [0, 0]


def test_views_know_their_base(a, cupy):
    for view in (a.T, a[0], a.reshape(-1), a.T[1:], cupy.broadcast_to(a, (5, 2, 3)), cupy.transpose(a)):
        assert view.base is a
    assert a.base is None and (a + 1).base is None and a.copy().base is None


def test_add_at_adds_repeated_indices(a, cupy):
    y = cupy.zeros(3, dtype=np.float32)
    cupy.add.at(y, cupy.asarray(np.array([1, 1, 2])), 1.0)
    assert cupy.asnumpy(y).tolist() == [0, 2, 1]


def test_it_does_not_share_memory_with_the_host(cupy):
    host = np.ones(3)
    a = cupy.asarray(host)
    host[0] = 7
    assert cupy.asnumpy(a).tolist() == [1, 1, 1]
    cupy.asnumpy(a)[0] = 9
    assert cupy.asnumpy(a).tolist() == [1, 1, 1]


# -- waiting -------------------------------------------------------------------------------------------

WAITS = {
    "float": lambda a, cupy: float(a[0, 0]),
    "int": lambda a, cupy: int(a[0, 0]),
    "bool": lambda a, cupy: bool(a[0, 0]),
    "if": lambda a, cupy: 1 if a[0, 0] > 0 else 2,
    "index": lambda a, cupy: [1, 2][a[0, 0].astype(np.int64)],
    "item": lambda a, cupy: a[0, 0].item(),
    "get": lambda a, cupy: a.get(),
    "tolist": lambda a, cupy: a.tolist(),
    "asnumpy": lambda a, cupy: cupy.asnumpy(a),
    "repr": lambda a, cupy: repr(a),
    "mask": lambda a, cupy: a[a > 1],
    "mask, assigned": lambda a, cupy: a.__setitem__(a > 1, cupy.ones(4, dtype=np.float32)),
    "mask, added": lambda a, cupy: cupy.add.at(a, a > 1, cupy.ones(4, dtype=np.float32)),
    "nonzero": lambda a, cupy: a.nonzero(),
    "where alone": lambda a, cupy: cupy.where(a > 1),
    "stream": lambda a, cupy: cupy.cuda.get_current_stream().synchronize(),
}


@pytest.mark.parametrize("way", WAITS)
def test_waiting_is_counted_once(way, a, cupy):
    assert cupy.syncs == 0
    WAITS[way](a, cupy)
    assert cupy.syncs == 1


def test_computing_does_not_wait(a, cupy):
    y = cupy.where(a > 1, a.sum(0), a[cupy.asarray(np.array([1, 0]))])
    y += cupy.maximum(a.T @ a, 0)[:2]
    [row.sum() for row in y]
    assert cupy.syncs == 0 and y.shape == (2, 3)


# -- what it costs -------------------------------------------------------------------------------------


def test_launches_and_bytes_are_counted(a, cupy):
    assert (cupy.launches, cupy.sent) == (0, 24)
    a[0], a.T, a.reshape(-1), cupy.empty(3)  # views and memory cost nothing
    assert cupy.launches == 0
    y = a + 1
    y *= 2
    y[0] = 3
    cupy.exp(y, out=y), y.sum(), cupy.where(y > 1, y, 0)
    assert (cupy.launches, cupy.sent, cupy.syncs) == (7, 24, 0)


def test_new_memory_is_full_of_nan(cupy):
    assert np.isnan(cupy.asnumpy(cupy.empty((2, 3)))).all()


# -- kernels -------------------------------------------------------------------------------------------

needs_compiler = pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")


@needs_compiler
def test_a_kernel_runs_its_text_once_for_each_element(a, cupy):
    kernel = cupy.ElementwiseKernel(
        "T x, T scale, raw S table", "T y, int32 place", "y = scale * x + table[1]; place = i"
    )
    y, place = kernel(a, 2, cupy.asarray(np.array([1, 10])))
    assert cupy.asnumpy(y).tolist() == [[10, 12, 14], [16, 18, 20]] and y.dtype == np.float32
    assert cupy.asnumpy(place).tolist() == [[0, 1, 2], [3, 4, 5]] and place.dtype == np.int32


@needs_compiler
def test_a_kernel_broadcasts_and_follows_strides(a, cupy):
    add = cupy.ElementwiseKernel("T x, T y", "T z", "z = x + y")
    np.testing.assert_array_equal(cupy.asnumpy(add(a.T, a[0, :2])), np.array([[0, 4], [1, 5], [2, 6]]))
    z = cupy.zeros((3, 4), dtype=np.float32)
    assert add(a.T, a.T, z[:, ::2]).base is z
    assert cupy.asnumpy(z).tolist() == [[0, 0, 6, 0], [2, 0, 8, 0], [4, 0, 10, 0]]
    assert add(a[0, 0], a[0, 1]).shape == () and add(a[:0], a[:0]).shape == (0, 3)


@needs_compiler
def test_outputs_can_be_read_and_raw_ones_need_a_size(a, cupy):
    cupy.ElementwiseKernel("T step", "T x", "x += step")(1, a)
    assert cupy.asnumpy(a).tolist() == [[1, 2, 3], [4, 5, 6]]
    first = cupy.zeros(2, dtype=np.float32)
    cupy.ElementwiseKernel("raw T x", "raw T y", "y[i] = x[3 * i]")(a, first, size=2)
    assert cupy.asnumpy(first).tolist() == [1, 4]


@needs_compiler
@pytest.mark.parametrize(
    ("error", "words", "misuse"),
    [
        (TypeError, "Wrong number", lambda add, a, cupy: add(a)),
        (TypeError, "Unsupported type", lambda add, a, cupy: add(a, HOST)),
        (TypeError, "mismatched", lambda add, a, cupy: add(a, a.astype(np.float64))),
        (TypeError, "no keyword", lambda add, a, cupy: add(a, a, shape=3)),
        (ValueError, "undecided", lambda add, a, cupy: add(1.0, 2.0)),
        (ValueError, "raw", lambda add, a, cupy: add(a, a, size=6)),
        (ValueError, "broadcast", lambda add, a, cupy: add(a, a.T)),
        (ValueError, "Out shape", lambda add, a, cupy: add(a, a, cupy.zeros(3, dtype=np.float32))),
        (ValueError, "'i'", lambda add, a, cupy: cupy.ElementwiseKernel("T i", "T y", "y = i")),
        (RuntimeError, "not take", lambda add, a, cupy: cupy.ElementwiseKernel("T x", "T y", "y = z")(a)),
        (RuntimeError, "not take", lambda add, a, cupy: cupy.ElementwiseKernel("T x", "T y", "x = y")(a)),
        (IndexError, "outside", lambda add, a, cupy: cupy.ElementwiseKernel("raw T x, T b", "T y", "y = x[i+1]")(a, a)),
        (IndexError, "outside", lambda add, a, cupy: cupy.ElementwiseKernel("raw T x, T b", "T y", "y = x[-1]")(a, a)),
    ],
)
def test_what_a_kernel_refuses(error, words, misuse, a, cupy):
    add = cupy.ElementwiseKernel("T x, T y", "T z", "z = x + y")
    with pytest.raises(error, match=words):
        misuse(add, a, cupy)


@needs_compiler
def test_an_element_that_a_kernel_forgets_is_nan(a, cupy):
    y = cupy.ElementwiseKernel("T x", "T y", "if (x > 1) y = x")(a)
    assert np.isnan(cupy.asnumpy(y)).sum() == 2


def test_without_a_compiler_the_backend_has_no_kernels(monkeypatch):
    monkeypatch.setattr(standin, "COMPILER", None)
    assert CupyBackend(FakeCupy()).kernels == {}


# -- the real package ----------------------------------------------------------------------------------


def test_what_was_asked_for_is_recorded(a, cupy):
    a.sum(axis=0), cupy.zeros(3, dtype=np.float32), cupy.linalg.norm(a, axis=1)
    assert cupy.seen == {
        ("ndarray.sum", None),
        ("ndarray.sum", "axis"),
        ("zeros", None),
        ("zeros", "dtype"),
        ("linalg.norm", None),
        ("linalg.norm", "axis"),
    }


def test_all_that_the_ops_use_is_in_the_real_cupy(rng):
    """Every name and keyword that the whole table uses, looked up in the installed package."""
    real = pytest.importorskip("cupy", reason="CuPy is not installed: pip install cupy-cuda12x (no GPU is needed)")
    fake = FakeCupy()
    with using_backend(CupyBackend(fake)):
        for row in ROWS:
            xs = [Tensor(a, requires_grad=True) for a in row.inputs(rng)]
            grad(row.call(*xs).sum(), xs)
    offered = names.of_wheel(real)
    for name, keyword in sorted(fake.seen, key=str):
        assert name in offered, name
        assert keyword is None or {keyword, names.ANY} & set(offered[name]), (name, keyword)


def test_the_list_of_names_is_that_of_the_real_cupy():
    """Nothing is allowed here that the installed CuPy lacks (a newer one may offer more)."""
    real = pytest.importorskip("cupy", reason="CuPy is not installed: pip install cupy-cuda12x (no GPU is needed)")
    offered = names.of_wheel(real)
    assert {name: keywords - set(offered.get(name, ())) for name, keywords in ALLOWED.items()} == {
        n: set() for n in ALLOWED
    }
    assert set(ALLOWED) <= set(offered)
