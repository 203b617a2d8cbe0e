"""The tables of kernels: loaded when a backend first computes, and found by the class of what they replace."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tinygan.autograd import Op, Tensor, kinks, ops
from tinygan.backend import Backend, NumpyBackend, using_backend
from tinygan.kernels import TABLES


@pytest.mark.parametrize("parent", [Op, kinks.LeakyReLU], ids=["an op", "an heir"])
def test_an_op_of_the_same_name_computes_its_own_forward(parent):
    """Kernels are found by class: neither a namesake nor an heir of a tuned op runs its kernel."""

    class LeakyReLU(parent):
        def __init__(self):
            self.slope = 0.2

        def forward(self, xp, x):
            return x * 0 + 7

    tuned = {kind for table in TABLES.values() for kind in table}
    assert kinks.LeakyReLU in tuned and LeakyReLU not in tuned
    assert LeakyReLU()(Tensor([-1.0, 2.0])).data.tolist() == [7.0, 7.0]
    np.testing.assert_allclose(ops.leaky_relu(Tensor([-1.0, 2.0]), 0.2).data, [-0.2, 2.0], rtol=1e-6)


def test_kernels_are_loaded_when_something_is_computed():
    code = (
        "import sys, tinygan as tg; x = tg.Tensor([1.0]); print('tinygan.kernels' in sys.modules);"
        "x + x; print('tinygan.kernels' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_each_backend_object_has_a_table_of_its_own():
    backend = NumpyBackend()
    assert backend.kernels == TABLES["numpy"] and backend.kernels is backend.kernels
    backend.kernels.clear()
    assert TABLES["numpy"] and NumpyBackend().kernels
    with using_backend(backend):
        assert ops.leaky_relu(Tensor([-1.0]), 0.5).data.tolist() == [-0.5]  # by the definition


def test_a_backend_without_a_table_computes_by_the_definitions():
    class Plain(NumpyBackend):
        name = "plain"

    backend, x = Plain(), np.zeros(3)
    assert backend.kernels == {}
    backend.move_towards(x, np.ones(3), 0.25)
    assert x.tolist() == [0.25] * 3


def test_a_moving_average_asks_the_table():
    backend, asked = NumpyBackend(), []
    backend.kernels[Backend.move_towards] = lambda *arguments: asked.append(arguments)
    x, target = np.zeros(3), np.ones(3)
    backend.move_towards(x, target, 0.25)
    assert asked == [(backend, np, x, target, 0.25)] and not x.any()
