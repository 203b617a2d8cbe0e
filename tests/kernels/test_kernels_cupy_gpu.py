"""On a GPU (``-m gpu``): every kernel against its definition, at the sizes that training has, and twice the same."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import optim
from tinygan.autograd import Tensor, grad
from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.cross_entropy import BCEWithLogits
from tinygan.autograd.elementwise import Sigmoid, Softplus
from tinygan.autograd.kinks import Gate, LeakyReLU
from tinygan.autograd.normalise import BatchNorm
from tinygan.autograd.reduce import Sum
from tinygan.autograd.shape import SumTo
from tinygan.autograd.window import conv_window
from tinygan.backend import using_backend
from tinygan.data import Batches, Images
from tinygan.kernels import cupy_conv, cupy_kernels

pytestmark = pytest.mark.gpu

TOLERANCE = {np.float32: 1e-4, np.float64: 1e-10}
DTYPES = pytest.mark.parametrize("dtype", list(TOLERANCE), ids=lambda t: t.__name__)

# Images, kernel, C, O, stride, padding: DCGAN's layers, a stride that does not divide, uneven padding
WINDOWS = [
    ((64, 28, 28), 5, 1, 64, 2, "same"),
    ((64, 14, 14), 5, 64, 128, 2, "same"),
    ((64, 7, 7), 5, 128, 256, 1, "same"),
    ((3, 28, 28), 3, 2, 5, 2, 1),
    ((2, 9, 12), 4, 3, 2, 3, ((0, 3), (2, 1))),
]
CALLS = [
    (LeakyReLU(0.2), [(64, 1000)]),
    (Gate(0.2, 1.0), [(64, 1000), (64, 1000)]),
    (Sigmoid(), [(64, 1000)]),
    (Softplus(), [()]),
    (BCEWithLogits(0.9), [(1024, 1)]),
    (Sum((0, 1, 2), False), [(64, 14, 14, 33)]),
    (SumTo((33,)), [(64, 14, 14, 33)]),
    (BatchNorm(1e-5), [(64, 14, 14, 65), (65,), (65,)]),
    (BatchNorm(1e-5), [(64, 130), (130,), (130,)]),
]


def check(found, expected, dtype):
    assert found.dtype == expected.dtype == dtype and found.shape == expected.shape
    found, expected = found.get(), expected.get()
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * max(1, abs(expected).max()))


def twice(kernel):
    """What `kernel` gives; a second time it must give the same bits."""
    found, again = kernel(), kernel()
    np.testing.assert_array_equal(found.get(), again.get())
    return found


@DTYPES
@pytest.mark.parametrize(("op", "shapes"), CALLS, ids=lambda v: getattr(v, "name", str(v)))
@pytest.mark.parametrize("layout", ["C", "F"])
def test_kernels(rng, gpu, op, shapes, layout, dtype):
    inputs = [gpu.xp.asarray(np.asarray(rng.normal(size=s), dtype, order=layout), order=layout) for s in shapes]
    found = twice(lambda: gpu.kernels[type(op)](op, gpu.xp, *inputs))
    of_kernel = dict(vars(op))
    check(found, op.forward(gpu.xp, *inputs), dtype)
    for name, value in vars(op).items():
        if isinstance(value, gpu.array_type):
            check(of_kernel[name], value, dtype)


@DTYPES
@pytest.mark.parametrize("case", WINDOWS, ids=str)
def test_convolutions(rng, gpu, case, dtype, monkeypatch):
    (n, *image), k, c, o, stride, padding = case
    window = conv_window("test", image, (k, k), stride, padding)
    shapes = (n, *image, c), (k, k, c, o), (n, window.rows.out, window.cols.out, o)
    x, w, y = (gpu.asarray(rng.normal(size=s).astype(dtype)) for s in shapes)
    for kind, inputs in ((Conv2D, (x, w)), (ConvTranspose2D, (y, w)), (ConvWeight, (x, y))):
        found = twice(lambda: gpu.kernels[kind](kind(window), gpu.xp, *inputs))  # noqa: B023
        check(found, kind(window).forward(gpu.xp, *inputs), dtype)
        with monkeypatch.context() as patch:
            patch.setattr(cupy_conv, "CHUNK", 1 << 16)
            check(gpu.kernels[kind](kind(window), gpu.xp, *inputs), found, dtype)


@DTYPES
def test_batch_norm_gradient(rng, gpu, dtype):
    x, gy = (gpu.asarray(rng.normal(2, 3, (64, 7, 7, 65)).astype(dtype)) for _ in range(2))
    gamma, beta = (gpu.asarray(rng.normal(size=65).astype(dtype)) for _ in range(2))
    op, leaves = BatchNorm(1e-5), [Tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    expected = grad(op(*leaves), leaves, Tensor(gy), create_graph=True)
    for ours, theirs in zip(cupy_kernels.batch_norm_gradient(op, gpu.xp, gy, x, gamma), expected, strict=True):
        check(ours, theirs.data, dtype)


@DTYPES
@pytest.mark.parametrize("kind", [optim.SGD, optim.RMSProp, optim.Adam])
def test_optimisers(rng, gpu, kind, dtype):
    ours, plain = (kind([Tensor(np.zeros(300, dtype), requires_grad=True)], lr=0.01) for _ in range(2))
    p, part = gpu.asarray(rng.normal(size=(7, 13)).astype(dtype)).T, slice(100, 191)
    q = p.copy()
    for t in (1, 2, 3):
        ours.t = plain.t = t
        g = gpu.asarray(rng.normal(size=(13, 7)).astype(dtype))
        gpu.kernels[kind](ours, gpu.xp, g, p, part)
        q -= plain.update(g.reshape(-1), part, gpu.xp.empty(91, dtype=dtype)).reshape(13, 7)
        check(p, q, dtype)
    for slot in ours.slots:
        check(getattr(ours, slot), getattr(plain, slot), dtype)


def test_batches_are_the_same_to_the_last_bit(gpu):
    pixels = np.random.default_rng(3).integers(0, 256, (50, 28, 28, 1), dtype=np.uint8)
    images = Images("noise", pixels, np.arange(50))
    there = Batches(images, 7, np.random.default_rng(0))
    with using_backend("numpy"):
        here = Batches(images, 7, np.random.default_rng(0))
    for _ in range(20):
        (batch, labels), (other, other_labels) = here.next(), there.next()
        assert type(other) is gpu.array_type and other.get().tobytes() == batch.tobytes()
        assert np.array_equal(labels, other_labels)
