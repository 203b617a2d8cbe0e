"""Updates in pieces, on one core or on two, are the definitions' updates: the same bits."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tinygan import Tensor, optim
from tinygan.backend import Backend, current_backend
from tinygan.kernels import numpy_updates, threads
from tinygan.optim import Optimizer

N = 1000
RULES = {
    "sgd": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "rmsprop": lambda params: optim.RMSProp(params, lr=0.1),
    "adam": lambda params: optim.Adam(params, lr=0.1),
}


@pytest.fixture(params=[1, 2])
def cores(request, monkeypatch):
    """One core, or two, on which every piece is worth sharing."""
    monkeypatch.setattr(numpy_updates, "WORK", threads.LONG)
    counted = threads.OpenBLAS(ctypes.c_int(request.param), lambda: None)
    monkeypatch.setattr(threads, "openblas", lambda: counted)
    return request.param


@pytest.mark.parametrize("piece", [1, 7, 250, N, 2 * N])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps(rule, dtype, piece, cores, monkeypatch):
    kernels, results = current_backend().kernels, []
    monkeypatch.setattr(numpy_updates, "PIECE", piece)
    for kernel in (Optimizer._step_flat, numpy_updates.step_in_pieces):
        monkeypatch.setitem(kernels, Optimizer._step_flat, kernel)
        rng = np.random.default_rng(0)
        shapes = [(3,), (2, 2), (N,), (5,), (20, 50), (1,)]
        params = [Tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True) for shape in shapes]
        optimizer = RULES[rule](params)
        for _ in range(3):
            optimizer.step([Tensor(rng.standard_normal(shape).astype(dtype)) for shape in shapes])
        results.append([p.data.tobytes() for p in params] + [a.tobytes() for a in optimizer.state_dict().values()])
    assert results[0] == results[1]


@pytest.mark.parametrize("piece", [1, 7, 250, N])
def test_a_moving_average(piece, cores, monkeypatch):
    monkeypatch.setattr(numpy_updates, "PIECE", piece)
    rng, results = np.random.default_rng(1), []
    start, target = rng.standard_normal((2, 20, 50)).astype(np.float32)
    for move in (None, numpy_updates.move_towards):
        for a, b in ((start.copy(), target), (np.asfortranarray(start), target), (start.copy().T, target.T)):
            with_kernel = {Backend.move_towards: move} if move else {}
            monkeypatch.setattr(current_backend(), "kernels", with_kernel)
            current_backend().move_towards(a, b, 0.01)
            results.append(np.ascontiguousarray(a).tobytes())
    assert results[:3] == results[3:] and results[0] != start.tobytes()


def test_two_cores_are_used(monkeypatch):
    parts = []
    counted = threads.OpenBLAS(ctypes.c_int(8), lambda: None)
    monkeypatch.setattr(threads, "openblas", lambda: counted)
    monkeypatch.setattr(numpy_updates, "PIECE", 10)
    numpy_updates._in_pieces(parts.append, 40)
    assert [(p.start, p.stop) for p in parts] == [(0, 10), (10, 20), (20, 30), (30, 40)]  # too short to be shared
    found = threads.side_by_side(lambda part: part, 40, threads.LONG, most=2)
    assert found == [slice(0, 20), slice(20, 40)]
