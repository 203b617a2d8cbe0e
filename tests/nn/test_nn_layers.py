"""Every layer: its values against a NumPy formula, its gradients to second order, its dtype.

The formulas are plain loops written for this file. Weights and biases are drawn at random first: a layer
that forgets its bias, or exchanges two axes, must not look right.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, nn


def sides(padding, size, kernel, stride, axis):
    """Pixels of padding before and after; "same" as in TensorFlow."""
    if padding == "same":
        total = max((int(np.ceil(size / stride)) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2
    return (padding, padding) if isinstance(padding, int) else padding[axis]


def conv(layer, x):
    k, s = layer.kernel_size, layer.stride
    rows, cols = (sides(layer.padding, x.shape[1 + a], k, s, a) for a in (0, 1))
    x = np.pad(x, ((0, 0), rows, cols, (0, 0)))
    oh, ow = (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
    y = np.zeros((len(x), oh, ow, layer.out_channels))
    for i in range(oh):
        for j in range(ow):
            y[:, i, j] = np.tensordot(x[:, i * s : i * s + k, j * s : j * s + k], layer.W.data, 3)
    return y if layer.b is None else y + layer.b.data


def conv1d(layer, x):
    """Step by step: a weighted sum of the k steps from there on."""
    k, s, pads = layer.kernel_size, layer.stride, layer.padding
    pads = sides(pads, x.shape[1], k, s, 0) if isinstance(pads, (int, str)) else pads
    x = np.pad(x, ((0, 0), pads, (0, 0)))
    starts = range(0, x.shape[1] - k + 1, s)
    y = np.stack([np.einsum("nkc,kco->no", x[:, t : t + k], layer.W.data) for t in starts], axis=1)
    return y if layer.b is None else y + layer.b.data


def conv_transpose(layer, x):
    """Each input pixel paints a scaled kernel; then the padding is cut off."""
    k, s, p = layer.kernel_size, layer.stride, layer.padding
    n, oh, ow, _ = x.shape
    if p == "same":
        h, w = oh * s, ow * s
    else:
        h, w = ((o - 1) * s + k - sum(sides(p, 0, k, s, a)) + layer.output_padding for a, o in enumerate((oh, ow)))
    (top, bottom), (left, right) = sides(p, h, k, s, 0), sides(p, w, k, s, 1)
    canvas = np.zeros((n, h + top + bottom + k, w + left + right + k, layer.out_channels))
    for i in range(oh):
        for j in range(ow):
            stamp = np.tensordot(x[:, i, j], layer.W.data, axes=([1], [3]))
            canvas[:, i * s : i * s + k, j * s : j * s + k] += stamp
    y = canvas[:, top : top + h, left : left + w]
    return y if layer.b is None else y + layer.b.data


def pool(layer, x, pick):
    size, stride = layer.size, layer.stride or layer.size
    oh, ow = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    y = np.zeros((len(x), oh, ow, x.shape[3]))
    for i in range(oh):
        for j in range(ow):
            y[:, i, j] = pick(x[:, i * stride : i * stride + size, j * stride : j * stride + size], axis=(1, 2))
    return y


def softmax(layer, x):
    e = np.exp(x)
    return e / e.sum(axis=layer.axis, keepdims=True)


def normalised(x, axes, layer):
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return layer.gamma.data * (x - mean) / np.sqrt(var + layer.eps) + layer.beta.data


def by_groups(layer, x):
    """Each group of channels of each sample by itself."""
    y, width = np.empty_like(x), layer.num_features // layer.groups
    for i in range(len(x)):
        for k in range(0, layer.num_features, width):
            group = x[i, ..., k : k + width]
            y[i, ..., k : k + width] = (group - group.mean()) / np.sqrt(group.var() + layer.eps)
    return y if layer.gamma is None else layer.gamma.data * y + layer.beta.data


def attention(layer, x):
    """Pixel by pixel: what each asks for, and what it is told."""
    f, g, h, v = (part.W.data[0, 0] for part in (layer.f, layer.g, layer.h, layer.v))
    y = x.copy()
    for i, image in enumerate(x.reshape(len(x), -1, x.shape[-1])):
        for j, pixel in enumerate(image):
            scores = [(other @ f) @ (pixel @ g) for other in image]
            shares = np.exp(scores) / np.sum(np.exp(scores))
            told = sum(share * (other @ h) for share, other in zip(shares, image, strict=True))
            y[i, j // x.shape[2], j % x.shape[2]] += layer.gamma.data * (told @ v)
    return y


def by_length(layer, x):
    return x / np.sqrt(np.linalg.norm(x, axis=-1, keepdims=True) ** 2 / x.shape[-1] + layer.eps)


def dense(layer, x):
    return x @ layer.W.data + layer.b.data


def by_running(layer, x):
    std = np.sqrt(layer.running_var.data + layer.eps)
    return layer.gamma.data * (x - layer.running_mean.data) / std + layer.beta.data


def maxout(layer, x):
    h = x @ layer.dense.W.data + layer.dense.b.data
    return np.stack([h[:, j :: layer.out_features].max(1) for j in range(layer.out_features)], 1)


@dataclass
class Row:
    """A layer, the shape it is given, and what it should return."""

    name: str
    build: Any
    shape: tuple[int, ...]
    formula: Any

    def layer(self):
        """The layer in float64, with random parameters and statistics."""
        rng, layer = np.random.default_rng(5), self.build().astype(np.float64)
        for p in layer.parameters():
            p.data = rng.normal(size=p.shape)
        for name, buffer in layer.buffers():
            buffer.data = rng.uniform(0.5, 2.0, buffer.shape) if "var" in name else rng.normal(size=buffer.shape)
        return layer


def with_std(m, x):
    std = np.sqrt(x.var(axis=0) + m.eps).mean()
    return np.concatenate([x, np.full((*x.shape[:-1], 1), std)], axis=-1)


class SameNoise:
    """A generator that draws the same each time, so that a random layer is a function."""

    def gumbel(self, size):
        return np.random.default_rng(3).gumbel(size=size)


def gumbel(layer, x):
    return softmax(nn.Softmax(), (x + SameNoise().gumbel(x.shape)) / layer.tau.data)


ROWS = [
    Row("Dense", lambda: nn.Dense(3, 5), (2, 3), lambda m, x: x @ m.W.data + m.b.data),
    Row("Dense without bias", lambda: nn.Dense(3, 5, bias=False), (2, 3), lambda m, x: x @ m.W.data),
    Row("Dense on three axes", lambda: nn.Dense(3, 2), (2, 5, 3), lambda m, x: x @ m.W.data + m.b.data),
    Row("Maxout", lambda: nn.Maxout(3, 2, 5), (7, 3), maxout),
    Row("LeakyReLU", lambda: nn.LeakyReLU(0.2), (3, 5), lambda m, x: np.where(x > 0, x, 0.2 * x)),
    Row("LeakyReLU 0.01", lambda: nn.LeakyReLU(0.01), (3, 5), lambda m, x: np.where(x > 0, x, 0.01 * x)),
    Row("ReLU", lambda: nn.ReLU(), (3, 5), lambda m, x: x * (x > 0)),
    Row("Tanh", lambda: nn.Tanh(), (3, 5), lambda m, x: np.tanh(x)),
    Row("Sigmoid", lambda: nn.Sigmoid(), (3, 5), lambda m, x: 1 / (1 + np.exp(-x))),
    Row("Softmax", lambda: nn.Softmax(), (3, 5), softmax),
    Row("Softmax over axis 1", lambda: nn.Softmax(axis=1), (2, 3, 5), softmax),
    Row("GumbelSoftmax", lambda: nn.GumbelSoftmax(0.7, rng=SameNoise()), (2, 3, 5), gumbel),
    Row("GELU", lambda: nn.GELU(), (3, 5), lambda m, x: x * np.vectorize(NormalDist().cdf)(x)),
    Row("SiLU", lambda: nn.SiLU(), (3, 5), lambda m, x: x / (1 + np.exp(-x))),
    Row("Flatten", lambda: nn.Flatten(), (2, 3, 5), lambda m, x: x.reshape(2, 15)),
    Row("Reshape", lambda: nn.Reshape((5, 3)), (2, 15), lambda m, x: x.reshape(2, 5, 3)),
    Row("Conv1D", lambda: nn.Conv1D(2, 3, 3), (2, 7, 2), conv1d),
    Row("Conv1D without bias", lambda: nn.Conv1D(2, 3, 2, bias=False), (2, 5, 2), conv1d),
    Row("Conv1D stride 2 same", lambda: nn.Conv1D(2, 3, 5, 2, "same"), (2, 7, 2), conv1d),
    Row("Conv1D same, an even kernel", lambda: nn.Conv1D(2, 3, 4, 1, "same"), (2, 6, 2), conv1d),
    Row("Conv1D, a stride that does not divide", lambda: nn.Conv1D(1, 2, 3, 2, 1), (2, 6, 1), conv1d),
    Row("Conv1D, two paddings", lambda: nn.Conv1D(2, 3, 3, 3, (2, 1)), (2, 5, 2), conv1d),
    Row("Conv1D, a stride above the length", lambda: nn.Conv1D(2, 3, 2, 9), (2, 5, 2), conv1d),
    Row("Conv2D", lambda: nn.Conv2D(2, 3, 3), (2, 5, 7, 2), conv),
    Row("Conv2D without bias", lambda: nn.Conv2D(2, 3, 2, bias=False), (2, 3, 5, 2), conv),
    Row("Conv2D stride 2 same", lambda: nn.Conv2D(2, 3, 5, 2, "same"), (2, 7, 6, 2), conv),
    Row("Conv2D, a stride that does not divide", lambda: nn.Conv2D(1, 2, 3, 2, 1), (2, 4, 6, 1), conv),
    Row("Conv2D, four paddings", lambda: nn.Conv2D(2, 3, 3, 2, ((1, 0), (2, 3))), (2, 5, 3, 2), conv),
    Row("ConvTranspose2D", lambda: nn.ConvTranspose2D(2, 3, 3), (2, 3, 2, 2), conv_transpose),
    Row("ConvTranspose2D same", lambda: nn.ConvTranspose2D(2, 3, 5, 2, "same"), (2, 3, 2, 2), conv_transpose),
    Row("ConvTranspose2D bare", lambda: nn.ConvTranspose2D(2, 3, 5, 1, "same", 0, False), (2, 3, 2, 2), conv_transpose),
    Row("ConvTranspose2D output padding", lambda: nn.ConvTranspose2D(2, 3, 3, 2, 1, 1), (2, 2, 3, 2), conv_transpose),
    Row("ConvTranspose2D pads", lambda: nn.ConvTranspose2D(2, 3, 5, 3, ((1, 0), (2, 1))), (2, 2, 3, 2), conv_transpose),
    Row("UpSample2D", lambda: nn.UpSample2D(), (2, 3, 2, 3), lambda m, x: x.repeat(2, 1).repeat(2, 2)),
    Row("UpSample2D 3", lambda: nn.UpSample2D(3), (2, 1, 2, 3), lambda m, x: x.repeat(3, 1).repeat(3, 2)),
    Row("MaxPool2D", lambda: nn.MaxPool2D(2), (2, 5, 4, 3), lambda m, x: pool(m, x, np.max)),
    Row("MaxPool2D 3 stride 2", lambda: nn.MaxPool2D(3, 2), (2, 7, 5, 2), lambda m, x: pool(m, x, np.max)),
    Row("AvgPool2D", lambda: nn.AvgPool2D(2), (2, 5, 4, 3), lambda m, x: pool(m, x, np.mean)),
    Row("AvgPool2D 3 stride 2", lambda: nn.AvgPool2D(3, 2), (2, 7, 5, 2), lambda m, x: pool(m, x, np.mean)),
    Row("BatchNorm", lambda: nn.BatchNorm(3), (5, 3), lambda m, x: normalised(x, (0,), m)),
    Row("BatchNorm momentum", lambda: nn.BatchNorm(3, 0.8), (5, 3), lambda m, x: normalised(x, (0,), m)),
    Row("BatchNorm eps", lambda: nn.BatchNorm(3, eps=0.3), (5, 3), lambda m, x: normalised(x, (0,), m)),
    Row("BatchNorm of images", lambda: nn.BatchNorm(3), (2, 3, 2, 3), lambda m, x: normalised(x, (0, 1, 2), m)),
    Row("BatchNorm in evaluation", lambda: nn.BatchNorm(3).eval(), (5, 3), by_running),
    Row("BatchNorm of images in evaluation", lambda: nn.BatchNorm(3, eps=0.3).eval(), (2, 3, 2, 3), by_running),
    Row("LayerNorm", lambda: nn.LayerNorm(5), (3, 5), lambda m, x: normalised(x, (-1,), m)),
    Row("LayerNorm on three axes", lambda: nn.LayerNorm(5, eps=0.1), (2, 3, 5), lambda m, x: normalised(x, (-1,), m)),
    Row("GroupNorm", lambda: nn.GroupNorm(2, 6), (2, 3, 5, 6), by_groups),
    Row("GroupNorm of one group", lambda: nn.GroupNorm(1, 3, eps=0.1), (2, 5, 3), by_groups),
    Row("GroupNorm of rows, not affine", lambda: nn.GroupNorm(2, 6, 1e-5, affine=False), (5, 6), by_groups),
    Row("InstanceNorm", lambda: nn.InstanceNorm(3), (2, 3, 5, 3), by_groups),
    Row("InstanceNorm, affine", lambda: nn.InstanceNorm(3, 0.1, affine=True), (2, 5, 3, 3), by_groups),
    Row("PixelNorm", lambda: nn.PixelNorm(), (2, 3, 5), by_length),
    Row("PixelNorm eps", lambda: nn.PixelNorm(0.5), (3, 5), by_length),
    Row("SelfAttention", lambda: nn.SelfAttention(16), (2, 3, 2, 16), attention),
    Row("SelfAttention, inner", lambda: nn.SelfAttention(2, 3), (2, 2, 3, 2), attention),
    Row("Residual", lambda: nn.Residual(nn.Dense(3, 3)), (5, 3), lambda m, x: x + dense(m.f[0], x)),
    Row(
        "Residual with a shortcut and a scale",
        lambda: nn.Residual(nn.Tanh(), nn.Dense(3, 2), shortcut=nn.Dense(3, 2), scale=0.3),
        (5, 3),
        lambda m, x: dense(m.shortcut, x) + 0.3 * dense(m.f[1], np.tanh(x)),
    ),
    Row("MinibatchStd", lambda: nn.MinibatchStd(), (5, 3), with_std),
    Row("MinibatchStd of images", lambda: nn.MinibatchStd(), (3, 2, 5, 2), with_std),
    Row("Dropout in evaluation", lambda: nn.Dropout(0.5).eval(), (3, 5), lambda m, x: x),
    Row("Dropout 0", lambda: nn.Dropout(0.0), (3, 5), lambda m, x: x),
]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def test_every_layer_has_a_row():
    elsewhere = {"Module", "Sequential", "init", "SpectralNorm", "Embedding", "ConditionalBatchNorm"}  # tested beside
    assert {row.name.split()[0].strip(",") for row in ROWS} == set(nn.__all__) - elsewhere


@each_row
def test_forward_is_the_formula(row, rng):
    layer, x = row.layer(), rng.normal(size=row.shape)
    y, expected = layer(Tensor(x)).data, row.formula(layer, x)
    assert y.shape == expected.shape
    assert np.allclose(y, expected, rtol=1e-12, atol=1e-12)


@each_row
def test_gradients_to_second_order(row, rng):
    layer = row.layer()
    gradcheck(layer, rng.normal(size=row.shape), params=layer.parameters(), order=2).raise_if_failed()


@each_row
def test_float32_stays_and_inputs_are_left_alone(row, rng):
    layer, x = row.build(), Tensor(rng.normal(size=row.shape).astype(np.float32), requires_grad=True)
    before = x.data.copy()
    y = layer(x)
    grads = grad((y * y).sum(), [x, *layer.parameters()])
    assert np.array_equal(x.data, before)
    arrays = [y.data, *(g.data for g in grads), *(t.data for t in layer.parameters()), *layer.state_dict().values()]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@each_row
def test_it_says_what_it_is(row):
    assert repr(row.build()).startswith(row.name.split()[0].strip(",") + "(")


@pytest.mark.parametrize(
    "layer, given, made",
    [
        (nn.ConvTranspose2D(256, 128, 5, 1, "same"), (1, 7, 7, 256), (1, 7, 7, 128)),
        (nn.ConvTranspose2D(4, 2, 5, 2, "same"), (1, 7, 5, 4), (1, 14, 10, 2)),
        (nn.ConvTranspose2D(4, 2, 4, 2, 1), (1, 7, 5, 4), (1, 14, 10, 2)),
        (nn.ConvTranspose2D(4, 2, 3, 2, 1), (1, 7, 5, 4), (1, 13, 9, 2)),
        (nn.ConvTranspose2D(4, 2, 3, 2, 1, output_padding=1), (1, 7, 5, 4), (1, 14, 10, 2)),
        (nn.Conv1D(1, 2, 5, 2, "same"), (1, 32, 1), (1, 16, 2)),
        (nn.Conv1D(1, 2, 5, 2, "same"), (1, 7, 1), (1, 4, 2)),
        (nn.Conv1D(1, 2, 3, 2, 1), (1, 28, 1), (1, 14, 2)),
        (nn.Conv1D(1, 2, 3, 1, (2, 0)), (1, 28, 1), (1, 28, 2)),
        (nn.Conv2D(1, 2, 5, 2, "same"), (1, 28, 28, 1), (1, 14, 14, 2)),
        (nn.Conv2D(1, 2, 5, 2, "same"), (1, 7, 7, 1), (1, 4, 4, 2)),
        (nn.Conv2D(1, 2, 3, 2, 1), (1, 28, 28, 1), (1, 14, 14, 2)),
    ],
)
def test_shapes_of_convolutions(layer, given, made):
    assert layer(Tensor(np.zeros(given, np.float32))).shape == made


@pytest.mark.parametrize("padding", ["full", -1, 1.5, True, None, (1,), (1, 2, 3), (0, -1), ((0, 0), (1, 1)), (1, "2")])
def test_conv1d_refuses_what_is_no_padding(padding):
    with pytest.raises(
        ValueError, match=r"^Conv1D: padding must be a whole number, .*, 'same' or \(before, after\), not"
    ):
        nn.Conv1D(1, 2, 3, padding=padding)


def test_a_convolution_with_twice_the_channels_and_a_reshape_is_a_transposed_one(rng):
    """Sub-pixel convolution: the even outputs meet the even taps of the transposed kernel, the odd ones the odd."""
    up = nn.ConvTranspose2D(3, 2, 4, 2, ((0, 3), (0, 0)), bias=False).astype(np.float64)
    up.W.data = rng.normal(size=up.W.shape)
    x = rng.normal(size=(5, 7, 3))
    wanted = up(Tensor(x[:, None])).data[:, 0]
    layer = nn.Sequential(nn.Conv1D(3, 4, 2, padding=1, bias=False), nn.Reshape((16, 2))).astype(np.float64)
    taps = up.W.data[0].reshape(2, 2, 2, 3)[::-1]  # (of which input, even or odd, out, in), the earlier input first
    layer[0].W.data = taps.transpose(0, 3, 1, 2).reshape(2, 3, 4)
    np.testing.assert_allclose(layer(Tensor(x)).data, wanted, rtol=1e-12)


def test_conv_transpose_is_the_adjoint_of_conv(rng):
    """<conv(a), b> = <a, conv_transpose(b)> with one kernel: its axes are (kh, kw, out, in)."""
    down = nn.Conv2D(2, 3, 3, 2, "same", bias=False).astype(np.float64)
    up = nn.ConvTranspose2D(3, 2, 3, 2, "same", bias=False)
    assert up.W.shape == down.W.shape
    up.W.data = down.W.data
    a, b = rng.normal(size=(2, 6, 4, 2)), rng.normal(size=(2, 3, 2, 3))
    assert np.isclose((down(Tensor(a)).data * b).sum(), (a * up(Tensor(b)).data).sum(), rtol=1e-12)


# -- Embedding --------------------------------------------------------------------------------------


def test_embedding_looks_rows_up():
    layer = nn.Embedding(5, 3)
    for labels in (np.array([4, 0, 4]), [4, 0, 4], Tensor(np.array([4, 0, 4]))):
        assert np.array_equal(layer(labels).data, layer.W.data[[4, 0, 4]])
    assert layer(np.array([[1, 2], [3, 4]])).shape == (2, 2, 3)


def test_embedding_adds_the_gradients_of_repeated_labels():
    layer, labels = nn.Embedding(5, 2).astype(np.float64), np.array([1, 3, 1, 1])
    gy = np.arange(8.0).reshape(4, 2)
    (gw,) = grad(layer(labels), [layer.W], Tensor(gy))
    assert np.array_equal(gw.data, [[0, 0], gy[0] + gy[2] + gy[3], [0, 0], gy[1], [0, 0]])
    gradcheck(lambda i: layer(i) ** 2, labels, params=layer.parameters(), order=2).raise_if_failed()


@pytest.mark.parametrize("labels", [[5], [-1], [0.5], [True], Tensor(np.zeros(2, np.float32))])
def test_embedding_refuses_what_is_no_label(labels):
    with pytest.raises(ValueError, match=r"Embedding\(5, 3\) needs whole numbers from 0 to 4"):
        nn.Embedding(5, 3)(labels)


# -- what is said of an input that does not fit --------------------------------------------------------


@pytest.mark.parametrize(
    "layer, given, needed, axis",
    [
        (nn.Dense(3, 5), (2, 4), "(..., 3)", "axis 1 has 4 instead of 3"),
        (nn.Dense(3, 5), (2, 2, 7), "(..., 3)", "axis 2 has 7 instead of 3"),
        (nn.Dense(3, 5), (), "(..., 3)", "0 axes"),
        (nn.Maxout(3, 5, 2), (2, 4), "(..., 3)", "axis 1 has 4 instead of 3"),
        (nn.Conv1D(3, 2, 3), (2, 5, 2), "(N, L, 3)", "axis 2 has 2 instead of 3"),
        (nn.Conv1D(3, 2, 3), (2, 3), "(N, L, 3)", "2 axes"),
        (nn.Conv1D(3, 2, 3), (2, 5, 5, 3), "(N, L, 3)", "4 axes"),
        (nn.Conv2D(3, 2, 3), (2, 5, 5, 2), "(N, H, W, 3)", "axis 3 has 2 instead of 3"),
        (nn.Conv2D(3, 2, 3), (2, 5, 3), "(N, H, W, 3)", "3 axes"),
        (nn.ConvTranspose2D(3, 2, 3), (2, 5, 5, 2), "(N, H, W, 3)", "axis 3 has 2 instead of 3"),
        (nn.BatchNorm(3), (2, 5), "(..., 3)", "axis 1 has 5 instead of 3"),
        (nn.LayerNorm(3), (2, 5), "(..., 3)", "axis 1 has 5 instead of 3"),
        (nn.GroupNorm(2, 4), (2, 5), "(..., 4)", "axis 1 has 5 instead of 4"),
        (nn.InstanceNorm(3), (2, 7, 5, 2), "(..., 3)", "axis 3 has 2 instead of 3"),
        (nn.SelfAttention(8), (2, 5, 3, 4), "(N, H, W, 8)", "axis 3 has 4 instead of 8"),
        (nn.SelfAttention(8), (2, 8), "(N, H, W, 8)", "2 axes"),
    ],
    ids=str,
)
def test_a_wrong_shape_names_the_layer_both_shapes_and_the_axis(layer, given, needed, axis):
    with pytest.raises(ValueError) as caught:
        layer(Tensor(np.zeros(given, np.float32)))
    text = str(caught.value)
    assert text.startswith(f"{layer} needs an input of shape {needed}, but got {given}")
    assert text.endswith(axis)


@pytest.mark.parametrize(
    "layer, given, said",
    [
        (
            nn.Conv1D(1, 2, 7),
            (2, 5, 1),
            "conv1d: a kernel of length 7 does not fit into a sequence of length 5 with",
        ),
        (nn.Conv2D(1, 2, 7), (2, 5, 5, 1), r"conv2d: a kernel of \(7, 7\) does not fit into an image of \(5, 5\)"),
        (nn.MaxPool2D(2), (2, 4), r"max_pool2d needs images \(N, H, W, C\).*\(2, 4\)"),
        (nn.AvgPool2D(5), (2, 4, 4, 1), r"avg_pool2d: .*\(5, 5\) does not fit into an image of \(4, 4\)"),
        (nn.UpSample2D(), (2, 4), r"upsample2d needs images \(N, H, W, C\).*\(2, 4\)"),
        (nn.Reshape((3, 2)), (2, 7), r"reshape: 14 numbers of shape \(2, 7\) do not fit into \(2, 3, 2\)"),
        (nn.GroupNorm(2, 4), (4,), r"GroupNorm\(2, 4\) needs samples \(N, \.\.\., 4\), but got \(4,\): 1 axis"),
        (nn.InstanceNorm(4), (2, 4), r"InstanceNorm\(4\) got \(2, 4\), fewer than two numbers in a group, of which"),
        (
            nn.Residual(nn.Conv2D(3, 2, 1)),
            (5, 7, 7, 3),
            r"Residual\(Conv2D.*\) has f\(x\) of shape \(5, 7, 7, 2\) beside \(5, 7, 7, 3\) .*: give a shortcut to",
        ),
        (
            nn.Residual(nn.Dense(3, 3), shortcut=nn.Dense(3, 1)),  # the two would broadcast
            (5, 3),
            r"Residual\(.*\(3, 1\)\) has f\(x\) of shape \(5, 3\) beside \(5, 1\) on its shortcut: they must be one",
        ),
        (nn.BatchNorm(3), (1, 3), r"BatchNorm\(3, momentum=0.9\) cannot normalise a single sample in training mode"),
    ],
    ids=str,
)
def test_other_misfits_end_in_a_sentence(layer, given, said):
    with pytest.raises(ValueError, match=said):
        layer(Tensor(np.zeros(given, np.float32)))


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_dropout_refuses_a_share_outside_0_1(p):
    with pytest.raises(ValueError, match=r"Dropout's p must lie in \[0, 1\)"):
        nn.Dropout(p)


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_batch_norm_refuses_a_momentum_outside_0_1(momentum):
    with pytest.raises(ValueError, match=r"BatchNorm's momentum must lie in \[0, 1\]"):
        nn.BatchNorm(3, momentum)


@pytest.mark.parametrize("groups, features", [(2, 3), (0, 4), (-1, 4), (4, 2), (1, 0)])
def test_group_norm_refuses_groups_that_do_not_divide(groups, features):
    with pytest.raises(ValueError, match=f"GroupNorm cannot cut {features} channels into {groups} equal groups"):
        nn.GroupNorm(groups, features)


@pytest.mark.parametrize("channels, inner", [(0, None), (-8, None), (8, 0), (8, -1)])
def test_self_attention_needs_channels(channels, inner):
    with pytest.raises(ValueError, match=f"SelfAttention needs at least one channel .*, not {channels} and "):
        nn.SelfAttention(channels, inner)


@pytest.mark.parametrize(
    "layers, shortcut, said",
    [
        ((), None, "none at all"),
        (([nn.ReLU()],), None, "a list"),
        ((nn.ReLU(),), 0.1, "a float"),
        ((5,), None, "a int"),
    ],
)
def test_residual_refuses_what_is_no_layer(layers, shortcut, said):
    with pytest.raises(TypeError, match=f"Residual takes layers, one after the other, .*, but got {said}"):
        nn.Residual(*layers, shortcut=shortcut)


def test_spectral_norm_needs_a_weight():
    with pytest.raises(TypeError, match=r"needs a layer with a weight .*, not ReLU\(\)"):
        nn.SpectralNorm(nn.ReLU())
