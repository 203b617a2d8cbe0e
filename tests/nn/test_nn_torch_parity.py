"""The same numbers as PyTorch in float64, where it has the layer: values, first and second derivatives of all."""

import numpy as np
import pytest

from tinygan import Tensor, grad, nn

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def group_norm(layer):
    def theirs(x, gamma=None, beta=None):
        return channels_last(F.group_norm(channels_first(x), layer.groups, gamma, beta, layer.eps))

    return theirs


def instance_norm(x, gamma=None, beta=None):
    return channels_last(F.instance_norm(channels_first(x), weight=gamma, bias=beta))


def attention(x, gamma, *kernels):
    """PyTorch's own attention, with the 1x1 convolutions as its convolutions."""
    f, g, h, v = (w.permute(3, 2, 0, 1) for w in kernels)
    image = channels_first(x)
    key, query, value = (F.conv2d(image, w).flatten(2).transpose(1, 2) for w in (f, g, h))
    told = F.scaled_dot_product_attention(query, key, value, scale=1.0)
    return x + gamma * channels_last(F.conv2d(told.transpose(1, 2).unflatten(2, image.shape[2:]), v))


def residual(x, w1, b1, w2, b2):
    return F.linear(x, w2.T, b2) + 0.3 * F.gelu(F.linear(x, w1.T, b1))


def conditional(code):
    def theirs(x, gamma, beta):
        y = channels_last(F.batch_norm(channels_first(x), None, None, training=True))
        labels = torch.tensor(code.argmax(1))
        rows = [F.embedding(labels, w).reshape(len(x), *(1,) * (x.ndim - 2), -1) for w in (gamma, beta)]
        return y * rows[0] + rows[1]

    return theirs


def conv1d(layer):
    def theirs(x, w, b):
        pads = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * 2
        padded = F.pad(channels_first(x), pads)
        return channels_last(F.conv1d(padded, w.permute(2, 1, 0), b, layer.stride))

    return theirs


CODE = np.eye(4)[[2, 0, 2, 3, 1]]

CASES = {
    "Conv1D": (nn.Conv1D(3, 5, 4), conv1d(nn.Conv1D(3, 5, 4)), (2, 7, 3)),
    "Conv1D, padding and stride": (nn.Conv1D(3, 5, 4, 3, (2, 1)), conv1d(nn.Conv1D(3, 5, 4, 3, (2, 1))), (2, 8, 3)),
    "GELU": (nn.GELU(), F.gelu, (5, 7)),
    "SiLU": (nn.SiLU(), F.silu, (5, 7)),
    "LayerNorm": (nn.LayerNorm(7), lambda x, g, b: F.layer_norm(x, (7,), g, b), (2, 5, 7)),
    "GroupNorm": (nn.GroupNorm(3, 6), group_norm(nn.GroupNorm(3, 6)), (2, 5, 3, 6)),
    "GroupNorm of rows": (nn.GroupNorm(2, 6, 0.1), group_norm(nn.GroupNorm(2, 6, 0.1)), (5, 6)),
    "InstanceNorm": (nn.InstanceNorm(3), instance_norm, (2, 5, 7, 3)),
    "InstanceNorm, affine": (nn.InstanceNorm(3, affine=True), instance_norm, (2, 5, 7, 3)),
    "SelfAttention": (nn.SelfAttention(5, 3), attention, (2, 3, 2, 5)),
    "Residual": (
        nn.Residual(nn.Dense(3, 2), nn.GELU(), shortcut=nn.Dense(3, 2), scale=0.3),
        residual,
        (5, 3),
    ),
    "ConditionalBatchNorm": (nn.ConditionalBatchNorm(3, 4), conditional(CODE), (5, 3), CODE),
    "ConditionalBatchNorm of images": (nn.ConditionalBatchNorm(3, 4), conditional(CODE), (5, 2, 7, 3), CODE),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_two_derivatives(name, rng):
    layer, theirs, shape, *codes = CASES[name]
    layer.astype(np.float64)
    for p in layer.parameters():
        p.data = rng.normal(size=p.shape)
    x = rng.normal(size=shape)
    xs = [Tensor(x, requires_grad=True), *layer.parameters()]
    ts = [torch.tensor(each.data, requires_grad=True) for each in xs]
    y, t = layer(xs[0], *[Tensor(code) for code in codes]), theirs(*ts)
    gy = rng.normal(size=y.shape)
    # a cube makes every second derivative, the mixed ones too, differ from zero
    gxs = grad((y**3 * gy).sum(), xs, create_graph=True)
    gts = torch.autograd.grad((t**3 * torch.tensor(gy)).sum(), ts, create_graph=True)
    ggxs = grad(sum((g * g).sum() for g in gxs), xs)
    ggts = torch.autograd.grad(sum((g * g).sum() for g in gts), ts)
    for actual, expected in zip([y, *gxs, *ggxs], [t, *gts, *ggts], strict=True):
        expected = expected.detach().numpy()
        np.testing.assert_allclose(actual.data, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())
