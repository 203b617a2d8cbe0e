"""Every size of a layer: 1 is one, and 0 is none."""

from __future__ import annotations

import numpy as np
import pytest
from edge_table import LAYERS

from tinygan import Tensor, nn

SIZES = {
    "Dense in": lambda n: nn.Dense(n, 2),
    "Dense out": lambda n: nn.Dense(2, n),
    "Maxout in": lambda n: nn.Maxout(n, 2, 2),
    "Maxout out": lambda n: nn.Maxout(2, n, 2),
    "Maxout pieces": lambda n: nn.Maxout(2, 2, n),
    "Embedding": lambda n: nn.Embedding(n, 2),
    "Embedding features": lambda n: nn.Embedding(2, n),
    "Conv1D in": lambda n: nn.Conv1D(n, 2, 3),
    "Conv1D out": lambda n: nn.Conv1D(2, n, 3),
    "Conv1D kernel": lambda n: nn.Conv1D(2, 2, n),
    "Conv1D stride": lambda n: nn.Conv1D(2, 2, 3, n),
    "Conv2D in": lambda n: nn.Conv2D(n, 2, 3),
    "Conv2D out": lambda n: nn.Conv2D(2, n, 3),
    "Conv2D kernel": lambda n: nn.Conv2D(2, 2, n),
    "Conv2D stride": lambda n: nn.Conv2D(2, 2, 3, n),
    "ConvTranspose2D in": lambda n: nn.ConvTranspose2D(n, 2, 3),
    "ConvTranspose2D out": lambda n: nn.ConvTranspose2D(2, n, 3),
    "ConvTranspose2D kernel": lambda n: nn.ConvTranspose2D(2, 2, n),
    "ConvTranspose2D stride": lambda n: nn.ConvTranspose2D(2, 2, 3, n),
    "BatchNorm": lambda n: nn.BatchNorm(n),
    "ConditionalBatchNorm": lambda n: nn.ConditionalBatchNorm(n, 2),
    "ConditionalBatchNorm classes": lambda n: nn.ConditionalBatchNorm(2, n),
    "LayerNorm": lambda n: nn.LayerNorm(n),
    "GroupNorm groups": lambda n: nn.GroupNorm(n, 2),
    "GroupNorm": lambda n: nn.GroupNorm(1, n),
    "InstanceNorm": lambda n: nn.InstanceNorm(n),
    "SelfAttention": lambda n: nn.SelfAttention(n),
    "SelfAttention inner": lambda n: nn.SelfAttention(2, n),
    "UpSample2D": lambda n: nn.UpSample2D(n),
    "MaxPool2D": lambda n: nn.MaxPool2D(n),
    "MaxPool2D stride": lambda n: nn.MaxPool2D(2, n),
    "AvgPool2D": lambda n: nn.AvgPool2D(n),
}


@pytest.mark.parametrize("size", SIZES)
def test_one_is_enough_and_none_is_not(size):
    assert SIZES[size](1)
    for n in (0, -1, 1.0, True):
        with pytest.raises(ValueError, match=f"^{size.split()[0]}"):
            SIZES[size](n)


ENDS = {  # what the first and the last possible number do, and which lie beyond
    "Dropout": (nn.Dropout, (0.0, np.nextafter(1, 0)), (-1e-300, 1.0)),
    "BatchNorm momentum": (lambda m: nn.BatchNorm(2, m), (0.0, 1.0), (-1e-300, np.nextafter(1, 2))),
    "ConvTranspose2D output_padding": (
        lambda p: nn.ConvTranspose2D(2, 2, 3, 2, 0, p)(Tensor(np.zeros((1, 2, 2, 2), np.float32))),
        (0, 1),
        (-1, 2),
    ),
    "Conv1D padding": (lambda p: nn.Conv1D(2, 2, 3, 1, p), (0, 1), (-1, (0, -1))),
    "Conv1D in a sequence of its own length": (
        lambda k: nn.Conv1D(2, 2, k)(Tensor(np.zeros((1, 3, 2), np.float32))),
        (1, 3),
        (0, 4),
    ),
    "Conv2D padding": (
        lambda p: nn.Conv2D(2, 2, 3, 1, p)(Tensor(np.zeros((1, 3, 3, 2), np.float32))),
        (0, 1),
        (-1, ((0, -1), (0, 0))),
    ),
    "Conv2D in an image of its own size": (
        lambda k: nn.Conv2D(2, 2, k)(Tensor(np.zeros((1, 3, 3, 2), np.float32))),
        (1, 3),
        (0, 4),
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_ends_of_what_is_possible(name):
    make, inside, outside = ENDS[name]
    for value in inside:
        make(value)
    for value in outside:
        with pytest.raises(ValueError, match=r"."):
            make(value)


def test_one_eighth_of_the_channels_look_inside():
    assert [nn.SelfAttention(n).inner for n in (1, 7, 8, 15, 16, 64)] == [1, 1, 1, 1, 2, 8]


@pytest.mark.parametrize("edge", LAYERS, ids=[f"{edge.name}-{i}" for i, edge in enumerate(LAYERS)])
def test_all_that_a_layer_keeps_is_of_single_precision(edge):
    """As it is made: what runs through it would become double by one that is not."""
    layer = edge.build(np.random.default_rng(0))
    kept = {**dict(layer.named_parameters()), **dict(layer.buffers())}
    assert {name: tensor.dtype for name, tensor in kept.items()} == dict.fromkeys(kept, np.float32)
    assert all(tensor.requires_grad for tensor in layer.parameters())


def test_no_two_tensors_of_a_layer_share_their_numbers():
    for edge in LAYERS:
        layer = edge.build(np.random.default_rng(0))
        arrays = [tensor.data for tensor in [*layer.parameters(), *dict(layer.buffers()).values()]]
        assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i]), edge.name


STARTS = {"tau": 0.5, "gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0, "b": 0.0, "std": 0.0}


@pytest.mark.parametrize("edge", LAYERS, ids=[f"{edge.name}-{i}" for i, edge in enumerate(LAYERS)])
def test_what_a_layer_starts_with(edge):
    """Scales at 1 and shifts at 0; the weights are drawn, and attention begins as nothing."""
    layer = edge.build(np.random.default_rng(0))
    starts = STARTS | ({"gamma": 0.0} if edge.name == "SelfAttention" else {})
    for name, tensor in {**dict(layer.named_parameters()), **dict(layer.buffers())}.items():
        start = starts.get(name.rpartition(".")[2])
        values = np.asarray(tensor.data)
        assert (values == start).all() if start is not None else values.std() > 0, name
