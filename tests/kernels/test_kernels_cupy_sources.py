"""The CUDA sources of the kernels, as CuPy itself writes them, compile for NVIDIA's GPUs: no GPU is needed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from op_table import ROWS
from standin import COMPILER, FakeCupy, nvrtc

from tinygan import optim
from tinygan.autograd import Tensor, grad
from tinygan.autograd.normalise import BatchNorm
from tinygan.backend import CupyBackend, using_backend
from tinygan.kernels import cupy_conv, cupy_kernels, cupy_updates
from tinygan.kernels.cupy_launch import Source

MODULES = (cupy_conv, cupy_kernels, cupy_updates)
SOURCES = {s.name: s for module in MODULES for s in vars(module).values() if isinstance(s, Source)}


@pytest.fixture(scope="module")
def tools():
    try:
        return nvrtc.load()
    except Exception as error:  # the packages raise classes of their own where a part is missing
        pytest.skip(f"{error}: {nvrtc.NEEDS}")


@pytest.fixture(scope="module")
def launched():
    """Every kernel that the library launches, with the kinds of its arguments, from runs on the stand-in."""
    if not COMPILER:
        pytest.skip("the stand-in compiles the kernels with g++")
    rng = np.random.default_rng(0)
    with using_backend(CupyBackend(FakeCupy())) as backend:
        for row in ROWS:
            xs = [Tensor(a, requires_grad=True) for a in row.inputs(rng)]
            grad(row.call(*xs).sum(), xs)
        p = Tensor(np.ones((2, 3)), requires_grad=True)
        for optimizer in (optim.SGD([p], 0.1), optim.RMSProp([p]), optim.Adam([p])):
            optimizer.t = 1
            backend.kernels[type(optimizer)](optimizer, backend.xp, p.data, p.data.copy(), slice(0, 6))
        op, x, gamma = BatchNorm(1e-5), backend.asarray(rng.normal(size=(7, 3))), backend.xp.ones(3)
        backend.kernels[BatchNorm](op, backend.xp, x, gamma, gamma)
        cupy_kernels.batch_norm_gradient(op, backend.xp, x, x, gamma)
        cupy_kernels.column_sums(backend.xp, x)
        backend.move_towards(x, x.copy(), 0.1)
        for op in (cupy_kernels.Sigmoid(), cupy_kernels.Softplus()):
            backend.kernels[type(op)](op, backend.xp, x)
        return {texts[3]: (texts, arrays) for *texts, arrays in sorted(backend.xp.kernels)}


def test_every_source_is_launched(launched):
    assert set(launched) == set(SOURCES) and len(SOURCES) >= 15


@pytest.mark.parametrize("name", SOURCES)
def test_names_show_whose_kernel_it_is(name):
    assert re.fullmatch("tinygan_[a-z_]+", name)


@pytest.mark.parametrize("name", SOURCES)
def test_sources_compile_for_nvidia_gpus(name, launched, tools):
    """Float32 kernels must not compute in float64, which most GPUs do 32 to 64 times more slowly."""
    cupy, library = tools
    for dtype, ndim, capability in (("float32", 1, 80), ("float32", 3, 90), ("float64", 1, 90), ("float64", 3, 80)):
        source = nvrtc.cuda_source(cupy, *launched[name], dtype, ndim)
        text = nvrtc.ptx(cupy, library, source, capability)
        assert f".entry {name}(" in text
        assert bool(re.search(r"\.f64\b", text)) == (dtype == "float64"), dtype


def test_a_mistake_is_found(tools):
    cupy, library = tools
    source = nvrtc.cuda_source(cupy, ("T x", "T y", "y = z", "wrong"), (True, True), "float32", 1)
    with pytest.raises(RuntimeError, match='identifier "z" is undefined'):
        nvrtc.ptx(cupy, library, source, 80)


def test_no_loop_variable_hides_the_element(tools):
    """CuPy's own refusals of a text: a parameter named i, an unknown type."""
    cupy, _ = tools
    for source in SOURCES.values():
        kernel = cupy.ElementwiseKernel(source.inputs, source.outputs, source.body, name=source.name)
        assert [p.name for p in kernel.params][-1] == "_ind" and kernel.name == source.name
        assert not re.search(r"\bint i\b", source.body)
