"""What is handed to an op is a value: arrays filled anew afterwards, copies and pickles, sizes of every kind."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from tinygan import Tensor, grad, nn, ops, to_numpy


@pytest.fixture
def W():
    return Tensor(np.arange(12, dtype=np.float32).reshape(3, 4), requires_grad=True)


@pytest.mark.parametrize("kind", [lambda a: a, Tensor], ids=["array", "Tensor"])
def test_a_parameter_is_no_view_of_what_it_was_made_of(kind):
    given = kind(np.ones(3, np.float32))
    parameter = Tensor(given, requires_grad=True)
    parameter.data -= 1
    assert to_numpy(given).tolist() == [1, 1, 1] and to_numpy(parameter).tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", [lambda a: a, Tensor], ids=["array", "Tensor"])
@pytest.mark.parametrize("how", ["getitem", "in a tuple", "Embedding"])
def test_an_index_that_is_filled_anew_still_finds_its_rows(kind, how, W):
    buffer = np.array([0, 0, 2])
    layer = nn.Embedding(3, 4)
    layer.W = W
    index = kind(buffer)
    y = {"getitem": lambda: W[index], "in a tuple": lambda: W[index, :], "Embedding": lambda: layer(index)}[how]()
    buffer[:] = 1
    assert grad(y.sum(), [W])[0].data[:, 0].tolist() == [2, 0, 1]


@pytest.mark.parametrize("kind", [lambda a: a, Tensor], ids=["array", "Tensor"])
def test_masks_that_are_filled_anew(kind, W):
    mask = np.array([True, False, False])
    chosen = W[kind(mask)]
    where = ops.where(kind(mask[:, None]), W, 0.0)
    mask[:] = True
    for y in (chosen, where):
        assert grad(y.sum(), [W])[0].data[:, 0].tolist() == [1, 0, 0]


def test_arrays_beside_tensors_that_are_filled_anew(W):
    factor, targets = np.full((3, 4), 2, np.float32), np.ones((3, 4), np.float32)
    product, loss, moved = W * factor, ops.bce_with_logits(W, targets), W @ factor.T
    factor[:], targets[:] = 9, 0
    assert (grad(product.sum(), [W])[0].data == 2).all() and (grad(moved.sum(), [W])[0].data == 6).all()
    assert (grad(loss, [W])[0].data < 0).all()


def test_one_hot_and_dropout_keep_their_own(W, rng):
    labels = np.array([0, 2])
    rows = ops.one_hot(labels, 3)
    y = nn.Dropout(0.5, rng)(W)
    labels[:] = 1
    rng.random(12)
    assert rows.data.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert (grad(y.sum(), [W])[0].data * W.data == y.data).all()


@pytest.mark.parametrize("labels", [(0, 1), [0, 1], np.array([0, 1]), np.uint8([0, 1])], ids=lambda v: type(v).__name__)
def test_an_embedding_takes_labels_of_every_kind(labels, backend):
    layer = nn.Embedding(3, 4)
    assert np.array_equal(to_numpy(layer(labels)), to_numpy(layer.W)[[0, 1]])
    assert layer(1).shape == layer(np.int64(1)).shape == (4,) and layer(Tensor(np.array([[0, 1]]))).shape == (1, 2, 4)


def test_a_deep_copy_of_a_long_graph_is_the_numbers_alone():
    x = Tensor(np.arange(3.0), requires_grad=True, name="x")
    y = x * 1.0
    for _ in range(3000):
        y = y + 1
    y.name = "y"
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert twin.data.tolist() == [3000, 3001, 3002] and twin.name == "y"
        assert twin.op is None and not twin.requires_grad and not np.shares_memory(twin.data, y.data)
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (
            twin.requires_grad and twin.name == "x" and grad((twin * twin).sum(), [twin])[0].data.tolist() == [0, 2, 4]
        )
        twin.data += 1
    assert x.data.tolist() == [0, 1, 2]
    shallow = copy.copy(y)
    assert shallow.op is y.op and shallow.data is y.data and grad(shallow.sum(), [x])[0].data.tolist() == [1, 1, 1]


def test_a_deep_copy_of_a_network_shares_what_the_network_shares():
    shared = nn.Dense(2, 2)
    net = nn.Sequential(shared, nn.Tanh(), shared, nn.BatchNorm(2))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin[0] is twin[2] and twin[0].W is not shared.W and len(twin.parameters()) == 4
        assert all(
            np.array_equal(a, b) for a, b in zip(twin.state_dict().values(), net.state_dict().values(), strict=True)
        )
        assert [t.requires_grad for _, t in twin.buffers()] == [False, False]


def test_numbers_of_python():
    assert (int(Tensor(2.7)), round(Tensor(2.7)), round(Tensor(2.75), 1)) == (2, 3, 2.8)
    with pytest.raises(ValueError):
        int(Tensor([1.0, 2.0]))


IMAGES = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)


def test_sizes_may_be_numpys(backend):
    one, two, images, kernel = np.int64(1), np.uint8(2), Tensor(IMAGES), np.ones((3, 3, 1, 1), np.float32)
    pairs = [
        (ops.conv2d(images, kernel, one, one), ops.conv2d(images, kernel, 1, 1)),
        (ops.conv2d(images, kernel, 1, np.ones((2, 2), int)), ops.conv2d(images, kernel, 1, 1)),
        (ops.conv_transpose2d(images, kernel, two, one, one), ops.conv_transpose2d(images, kernel, 2, 1, 1)),
        (ops.max_pool2d(images, two, one), ops.max_pool2d(images, 2, 1)),
        (ops.avg_pool2d(images, two), ops.avg_pool2d(images, 2)),
        (ops.upsample2d(images, two), ops.upsample2d(images, 2)),
        (ops.pad(images, one), ops.pad(images, 1)),
        (nn.Conv2D(one, two, two, one, one, init=nn.init.zeros())(images), np.zeros((1, 5, 5, 2))),
    ]
    for found, expected in pairs:
        assert np.array_equal(to_numpy(found), to_numpy(expected))


KERNEL = np.ones((3, 3, 1, 1), np.float32)
REFUSED = {
    "Conv2D: the kernel_size must be a whole number of at least 1, not (3, 3)": lambda: nn.Conv2D(1, 2, (3, 3)),
    "ConvTranspose2D: the kernel_size must": lambda: nn.ConvTranspose2D(1, 2, (3, 3)),
    "Conv2D: the out_channels must be a whole number of at least 1, not 0": lambda: nn.Conv2D(1, 0, 3),
    "Dense: the in_features must be a whole number of at least 1, not 2.0": lambda: nn.Dense(2.0, 3),
    "Maxout: the pieces must": lambda: nn.Maxout(2, 3, 0),
    "Embedding: the features must": lambda: nn.Embedding(2, "3"),
    "BatchNorm: the num_features must": lambda: nn.BatchNorm((3,)),
    "LayerNorm: the num_features must": lambda: nn.LayerNorm(None),
    "MaxPool2D: the size must be a whole number of at least 1, not (2, 2)": lambda: nn.MaxPool2D((2, 2)),
    "AvgPool2D: the stride must": lambda: nn.AvgPool2D(2, (2, 2)),
    "UpSample2D: the factor must": lambda: nn.UpSample2D(1.5),
    "max_pool2d needs images (N, H, W, C) and a size of 1 or more": lambda: ops.max_pool2d(IMAGES, (2, 2)),
    "max_pool2d: the stride must": lambda: ops.max_pool2d(IMAGES, 2, (2, 2)),
    "upsample2d needs images (N, H, W, C) and a factor of 1 or more": lambda: ops.upsample2d(IMAGES, 1.5),
    "conv2d: the stride must be a whole number of at least 1, not (2, 2)": lambda: ops.conv2d(IMAGES, KERNEL, (2, 2)),
    "conv2d: padding must be": lambda: ops.conv2d(IMAGES, KERNEL, 1, 1.5),
    "conv_transpose2d: the output_padding must": lambda: ops.conv_transpose2d(IMAGES, KERNEL, 2, 0, 0.5),
    "pad: 1.5 is not a pair of widths": lambda: ops.pad(IMAGES, 1.5),
    "pad: ((0, 1.5),) is not a pair of widths": lambda: ops.pad(np.ones(3), ((0, 1.5),)),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_other_sizes_are_refused_in_a_sentence(sentence):
    with pytest.raises(ValueError) as caught:
        REFUSED[sentence]()
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "layer",
    [nn.Dropout(0.5), nn.Dropout(0.5).eval(), nn.Flatten(), nn.Reshape((2, 8)), nn.UpSample2D(), nn.PixelNorm()],
    ids=str,
)
def test_layers_take_arrays_of_numpy(layer, backend):
    assert isinstance(layer(IMAGES), Tensor) and layer(IMAGES).shape == layer(Tensor(IMAGES)).shape
