"""Each op alone, through the exporter and onnxruntime, against tinygan's own forward."""

from __future__ import annotations

import numpy as np
import op_table
import pytest
from cases import CONVOLUTIONS

from tinygan import nn
from tinygan.autograd import Op, Tensor, grad, no_grad, ops
from tinygan.formats import FormatError, onnx_model

pytest.importorskip("onnx", reason="the package onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

SIZES = 1, 2, 5, 11, 16  # of the batch; 11 is one that was traced


class Call(nn.Module):
    """A function of Tensors as a network."""

    def __init__(self, function, *weights):
        self.function, self.weights = function, [Tensor(w, requires_grad=True) for w in weights]

    def forward(self, x):
        return self.function(x, *self.weights)


def run(model, x):
    """The model's output, as onnxruntime computes it."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def assert_same(network, shape, rng, sizes=SIZES, draw=None, close=1e-5):
    """The model computes what the network computes, at batch sizes that it was not made from."""
    draw = draw or (lambda n: rng.standard_normal((n, *shape), dtype=np.float32))
    model = onnx_model(network, shape, draw=draw)
    for n in sizes:
        x = draw(n)
        with network.evaluating(), no_grad():
            wanted = network(Tensor(x)).data
        got = run(model, x)
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=close, atol=close * max(1.0, np.abs(wanted).max(initial=0)))
    return model


def of_the_input(row, rng):
    """A network whose numbers all depend on its input, in shapes that do not: e^mean(z) times the row's inputs."""

    def call(z, *weights):
        scale = ops.exp(0.1 * ops.mean(z))
        return row.call(*(w * scale for w in weights))

    return Call(call, *row.inputs(rng, np.float32))


REFUSED = {
    "getitem: two arrays": "an array and another array",
    "getitem: mask": "a mask over several axes",
    **dict.fromkeys((f"bce_with_logits: {t}" for t in ("real", "fake", "smooth")), "no rule for the op BCEWithLogits"),
}


@pytest.mark.parametrize("row", op_table.ROWS, ids=lambda row: row.name)
def test_every_row_of_the_op_table(row, rng):
    network = of_the_input(row, rng)
    if row.name in REFUSED:
        with pytest.raises(FormatError, match=REFUSED[row.name]):
            onnx_model(network, (3,))
    else:
        assert_same(network, (3,), rng, sizes=(1, 5))


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolutions_of_every_batch(case, rng):
    _, (h, w), kernel, c, o, stride, padding = case
    weight = rng.normal(size=(*kernel, c, o)).astype(np.float32)
    assert_same(Call(lambda x, k: ops.conv2d(x, k, stride, padding), weight), (h, w, c), rng, (1, 3))
    if padding != 4:  # which would cut all of the image away
        there = ops.conv2d(np.zeros((1, h, w, c), np.float32), weight, stride, padding).shape[1:]
        assert_same(Call(lambda x, k: ops.conv_transpose2d(x, k, stride, padding), weight), there, rng, (1, 3))


LAYERS = {
    "AvgPool2D": (nn.AvgPool2D(2), (5, 7, 3)),
    "AvgPool2D overlapping": (nn.AvgPool2D(3, 2), (5, 7, 3)),
    "BatchNorm": (nn.BatchNorm(3), (5, 3)),
    "Conv1D": (nn.Conv1D(3, 4, 5, 2, "same"), (7, 3)),
    "Conv1D made longer": (nn.Sequential(nn.Conv1D(3, 4, 3, padding=(2, 0)), nn.Reshape((14, 2))), (7, 3)),
    "ConvTranspose2D with output_padding": (nn.ConvTranspose2D(3, 2, 3, 2, 1, output_padding=1), (5, 4, 3)),
    "ConvTranspose2D, kernel below stride": (nn.ConvTranspose2D(3, 2, 2, 3, "same"), (5, 4, 3)),
    "ConvTranspose2D, uneven padding": (nn.ConvTranspose2D(3, 2, 4, 2, ((0, 2), (1, 0))), (5, 4, 3)),
    "Dense on many axes": (nn.Dense(3, 4), (5, 3)),
    "Dropout": (nn.Sequential(nn.Dropout(0.5), nn.Dense(3, 4)), (3,)),
    "GELU": (nn.GELU(), (5, 3)),
    "GroupNorm": (nn.GroupNorm(2, 6), (5, 7, 6)),
    "GumbelSoftmax": (nn.Sequential(nn.Dense(3, 4), nn.GumbelSoftmax()), (5, 3)),
    "InstanceNorm": (nn.InstanceNorm(3), (5, 7, 3)),
    "LayerNorm": (nn.LayerNorm(3), (5, 3)),
    "MaxPool2D": (nn.MaxPool2D(2), (4, 6, 3)),
    "MaxPool2D overlapping": (nn.MaxPool2D(3, 2), (5, 7, 3)),
    "PixelNorm": (nn.PixelNorm(), (5, 7, 3)),
    "Residual": (nn.Residual(nn.Conv2D(3, 3, 3, padding="same"), nn.SiLU()), (5, 7, 3)),
    "SelfAttention": (nn.SelfAttention(8), (5, 4, 8)),
    "SiLU": (nn.SiLU(), (5, 3)),
    "Maxout": (nn.Maxout(3, 4, 5), (3,)),
    "MinibatchStd": (nn.MinibatchStd(), (5, 3)),
    "MinibatchStd of vectors": (nn.Sequential(nn.MinibatchStd(), nn.Dense(4, 1)), (3,)),
    "Softmax": (nn.Softmax(), (5,)),
    "Softmax of images": (nn.Sequential(nn.Conv2D(2, 3, 3), nn.Softmax(1), nn.Conv2D(3, 2, 1)), (7, 5, 2)),
    "SpectralNorm(Conv1D)": (nn.SpectralNorm(nn.Conv1D(2, 3, 3, 2, "same")), (5, 2)),
    "SpectralNorm(Conv2D)": (nn.SpectralNorm(nn.Conv2D(2, 3, 3, 2, "same")), (5, 4, 2)),
    "SpectralNorm(ConvTranspose2D)": (nn.SpectralNorm(nn.ConvTranspose2D(3, 2, 3, 2, "same")), (5, 4, 3)),
    "UpSample2D": (nn.Sequential(nn.UpSample2D(3), nn.Conv2D(2, 1, 3)), (3, 4, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, rng):
    layer, shape = LAYERS[name]
    for weight in layer.parameters():
        weight.data = rng.normal(size=weight.shape).astype(np.float32)
    for _ in range(3):
        layer(Tensor(rng.normal(1, 2, (8, *shape)).astype(np.float32)))  # moves the buffers, if there are any
    assert_same(layer, shape, rng)


def attention(x, w):
    """Each pixel sees all others of its image."""
    n, h, width, c = x.shape
    flat = ops.reshape(x, (n, h * width, c))
    weights = ops.softmax(flat @ w @ ops.transpose(flat, (0, 2, 1)))
    return x + ops.reshape(weights @ flat, (n, h, width, c))


def group_norm(x, w):
    n, h, width, c = x.shape
    groups = ops.reshape(x, (n, h, width, 2, c // 2))
    centred = groups - groups.mean((1, 2, 4), keepdims=True)
    std = ops.sqrt((centred * centred).mean((1, 2, 4), keepdims=True) + 1e-5)
    return ops.reshape(centred / std, x.shape) @ w


OF_THE_BATCH = {
    "attention": (attention, (3, 5, 4)),
    "group_norm": (group_norm, (3, 5, 4)),
    "the batch as rows of pixels": (lambda x, w: ops.reshape(ops.reshape(x, (-1, 4)) @ w, x.shape), (3, 5, 4)),
    "all pairs of samples": (lambda x, w: ops.reshape(x @ w, (1, len(x), 4)) * ops.reshape(x, (-1, 1, 4)), (4,)),
    "pairs, broadcast by hand": (
        lambda x, w: ops.broadcast_to(ops.reshape(x @ w, (1, len(x), 4)), (len(x), len(x), 4)),
        (4,),
    ),
    "pairs, as rows": (
        lambda x, w: ops.reshape(x[:, None] + ops.reshape(x @ w, (1, len(x), 4)), (len(x), len(x), 2, 2)),
        (4,),
    ),
    "a weight for each sample": (lambda x, w: ops.concatenate([x, ops.broadcast_to(w[0], (len(x), 4))], 1), (4,)),
    "twice the batch": (lambda x, w: ops.concatenate([x, x @ w]), (4,)),
    "cut to the batch": (lambda x, w: x[: len(x)] @ w, (4,)),
    "the last sample": (lambda x, w: x[-1] @ w, (4,)),
    "every other pixel, backwards": (lambda x, w: x[:, ::-2, 1:, None] @ w, (3, 5, 4)),
    "channels picked": (lambda x, w: x[..., np.array([3, 0, 0, -1])] @ w, (3, 5, 4)),
    "constants of the batch": (lambda x, w: x @ w + np.ones((len(x), 4), np.float32), (4,)),
    "a sum to one sample": (lambda x, w: ops.sum_to(x @ w, (4,)), (3, 4)),
    "a sum of pixels": (lambda x, w: ops.sum_to(x @ w, (len(x), 1, 4)), (3, 4)),
    "pads": (lambda x, w: ops.pad(x @ w, ((0, 0), (1, 2), (0, 0)), -0.5), (3, 4)),
    "batch_norm by the batch": (lambda x, w: ops.batch_norm(x, w[0], w[1])[0], (3, 5, 4)),
    "detached, but on record": (lambda x, w: ops.log_softmax(x @ w) * 2, (5, 4)),
    "a where by a mask": (lambda x, w: ops.where(np.array([True, False, False, True]), x, x @ w), (4,)),
    "doubles": (lambda x, w: x @ Tensor(w.data.astype(np.float64), requires_grad=True), (4,)),
    "the input itself": (lambda x, w: x, (4,)),
}


@pytest.mark.parametrize("name", OF_THE_BATCH)
def test_functions_of_the_batch(name, rng):
    function, shape = OF_THE_BATCH[name]
    assert_same(Call(function, rng.normal(size=(4, 4)).astype(np.float32)), shape, rng)


def test_an_embedding_takes_labels(rng):
    network = nn.Sequential(nn.Embedding(5, 3), nn.Dense(3, 2))
    assert_same(network, (), rng, draw=lambda n: rng.integers(0, 5, n))


@pytest.mark.parametrize("scale", [1, 100])
def test_softmax_and_its_like_do_not_overflow(scale, rng):
    for call in (ops.softmax, ops.log_softmax, ops.softplus, ops.sigmoid, ops.tanh):
        assert_same(Call(lambda x, call=call: call(scale * x)), (5,), rng)


# -- what is refused -------------------------------------------------------------------------------------


class Cube(Op):
    """An op that the exporter cannot know."""

    def forward(self, xp, x):
        return x * x * x

    def backward(self, gy, y, x):
        return 3 * gy * x * x


def in_one_batch_size_only(x):
    return ops.tanh(x) if len(x) == 13 else ops.sigmoid(x)


def gradient(x):
    w = Tensor(np.ones((2, 2, 1, 1)), requires_grad=True)
    return grad(ops.conv2d(x, w).sum(), [w], create_graph=True)[0]


UNWRITABLE = {
    "an op without a rule": (lambda x: Cube()(x), "no rule for the op Cube"),
    "a gradient": (gradient, "no rule for the op ConvWeight"),
    "a comparison": (lambda x: ops.where(x > 0, x, 0.5 * x), "by a comparison"),
    "a detached number": (lambda x: x * (x * 2).sum(axis=1, keepdims=True).detach(), "by detach"),
    "NumPy": (lambda x: x + np.sort(x.data), "by detach"),
    "the number of samples": (lambda x: x * len(x), "no record of them was kept"),
    "another op": (in_one_batch_size_only, "Sigmoid for 11 samples, and Tanh for 13"),
    "another setting": (lambda x: ops.clip(x, -1, len(x)), "Clip has another high"),
    "all but two": (lambda x: x[: len(x) - 2] * 1, "a shape does not grow in proportion"),
    "the middle": (lambda x: ops.concatenate([x, x])[: len(x)], "is cut by the number of samples"),
    "no record": (lambda x: x.detach() * 2, "does not depend on its input"),
    "eleven samples or more": (lambda x: x[10] * x, "cannot be computed for 1 sample: "),
    "something else for one": (lambda x: x * 2 if len(x) == 1 else x * 3, "something for 1 sample that"),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_cannot_be_written_is_refused_in_words(name):
    function, says = UNWRITABLE[name]
    shape = (3, 3, 1) if name == "a gradient" else (4,)
    with pytest.raises(FormatError, match=says) as error:
        onnx_model(Call(function), shape)
    assert "\n" not in str(error.value)
