"""The same numbers as PyTorch in float64: values, first and second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.autograd import Tensor, grad, ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def torch_conv(x, w, stride, padding):
    return nhwc(F.conv2d(nchw(x), w.permute(3, 2, 0, 1), stride=stride, padding=padding))


def torch_conv_transpose(x, w, stride, padding, output_padding):
    return nhwc(F.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), None, stride, padding, output_padding))


def torch_batch_norm(x, gamma, beta):
    channels_first = x if x.ndim == 2 else nchw(x)
    y = F.batch_norm(channels_first, None, None, gamma, beta, training=True, eps=1e-5)
    return y if x.ndim == 2 else nhwc(y)


def batch_norm(x, gamma, beta):
    return ops.batch_norm(x, gamma, beta)[0]


CASES = {
    "matmul": (ops.matmul, torch.matmul, (2, 3), (3, 5)),
    "matmul, batches broadcast": (ops.matmul, torch.matmul, (5, 1, 2, 3), (7, 3, 2)),
    "matmul, vector": (ops.matmul, torch.matmul, (5, 2, 3), (3,)),
    "conv2d": (lambda x, w: ops.conv2d(x, w), lambda x, w: torch_conv(x, w, 1, 0), (2, 7, 5, 3), (3, 2, 3, 2)),
    "conv2d 28 to 14": (
        lambda x, w: ops.conv2d(x, w, 2, 1),
        lambda x, w: torch_conv(x, w, 2, 1),
        (1, 28, 28, 1),
        (3, 3, 1, 2),
    ),
    "conv2d, stride 3 over kernel 2": (
        lambda x, w: ops.conv2d(x, w, 3, 1),
        lambda x, w: torch_conv(x, w, 3, 1),
        (2, 7, 5, 2),
        (2, 2, 2, 3),
    ),
    "conv_transpose2d": (
        lambda x, w: ops.conv_transpose2d(x, w),
        lambda x, w: torch_conv_transpose(x, w, 1, 0, 0),
        (2, 3, 5, 2),
        (3, 2, 3, 2),
    ),
    "conv_transpose2d 14 to 28": (
        lambda x, w: ops.conv_transpose2d(x, w, 2, 1, 1),
        lambda x, w: torch_conv_transpose(x, w, 2, 1, 1),
        (1, 14, 14, 2),
        (3, 3, 1, 2),
    ),
    "conv_transpose2d, kernel 4": (
        lambda x, w: ops.conv_transpose2d(x, w, 2, 1),
        lambda x, w: torch_conv_transpose(x, w, 2, 1, 0),
        (2, 3, 5, 3),
        (4, 4, 2, 3),
    ),
    "batch_norm": (batch_norm, torch_batch_norm, (7, 3), (3,), (3,)),
    "batch_norm of images": (batch_norm, torch_batch_norm, (2, 3, 5, 2), (2,), (2,)),
    "max_pool2d": (lambda x: ops.max_pool2d(x, 2), lambda x: nhwc(F.max_pool2d(nchw(x), 2)), (2, 7, 6, 3)),
    "max_pool2d, overlapping": (
        lambda x: ops.max_pool2d(x, 3, 2),
        lambda x: nhwc(F.max_pool2d(nchw(x), 3, 2)),
        (2, 7, 5, 3),
    ),
    "avg_pool2d": (lambda x: ops.avg_pool2d(x, 2), lambda x: nhwc(F.avg_pool2d(nchw(x), 2)), (2, 7, 6, 3)),
    "upsample2d": (
        lambda x: ops.upsample2d(x, 2),
        lambda x: nhwc(F.interpolate(nchw(x), scale_factor=2, mode="nearest")),
        (2, 3, 5, 2),
    ),
    "softplus": (ops.softplus, lambda x: F.softplus(x, threshold=1e9), (5, 7)),
    "sigmoid": (ops.sigmoid, torch.sigmoid, (5, 7)),
    "tanh": (ops.tanh, torch.tanh, (5, 7)),
    "gelu": (ops.gelu, F.gelu, (5, 7)),
    "silu": (ops.silu, F.silu, (5, 7)),
    "log_softmax": (ops.log_softmax, lambda x: F.log_softmax(x, -1), (5, 7)),
    "softmax, axis 1": (lambda x: ops.softmax(x, axis=1), lambda x: F.softmax(x, 1), (2, 5, 3)),
    "leaky_relu": (lambda x: ops.leaky_relu(x, 0.2), lambda x: F.leaky_relu(x, 0.2), (5, 7)),
    "variance": (lambda x: ops.var(x, (0, 2)), lambda x: x.var((0, 2), correction=0), (2, 5, 3)),
    "index, repeated": (lambda x: x[np.array([1, 0, 1])], lambda x: x[[1, 0, 1]], (2, 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_two_derivatives(name, rng):
    ours, theirs, *shapes = CASES[name]
    arrays = [3 * rng.normal(size=shape) for shape in shapes]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, t = ours(*xs), theirs(*ts)
    gy = rng.normal(size=y.shape)
    # a cube makes every second derivative, the mixed ones too, differ from zero
    gxs = grad((y**3 * gy).sum(), xs, create_graph=True)
    gts = torch.autograd.grad((t**3 * torch.tensor(gy)).sum(), ts, create_graph=True)
    ggxs = grad(sum((g * g).sum() for g in gxs), xs)
    ggts = torch.autograd.grad(sum((g * g).sum() for g in gts), ts)
    for actual, expected in zip([y, *gxs, *ggxs], [t, *gts, *ggts], strict=True):
        expected = expected.detach().numpy()
        np.testing.assert_allclose(actual.data, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())
