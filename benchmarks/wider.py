"""The same networks with more units: every layer between the first input and the last output several times as wide."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan import nn

WEIGHTED = nn.Dense, nn.Conv2D, nn.ConvTranspose2D


def widened(network: Any, times: int, rng: np.random.Generator) -> nn.Sequential:
    """The network with `times` as many units or channels inside, and fresh weights; its input and output stay.

    Parameters
    ----------
    network : Sequential
        Of Dense layers, convolutions, BatchNorm, and layers that have no size.
    times : int
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If a layer has a size that is not known here.
    """
    weighted = [i for i, layer in enumerate(network.layers) if isinstance(layer, WEIGHTED)]
    first, last = weighted[0], weighted[-1]

    def scale(i: int) -> tuple[int, int]:
        """Of the inputs and of the outputs of layer number i."""
        return 1 if i <= first else times, 1 if i >= last else times

    return nn.Sequential(*[_widened(layer, *scale(i), rng) for i, layer in enumerate(network.layers)])


def _widened(layer: Any, inputs: int, outputs: int, rng: np.random.Generator) -> nn.Module:
    if isinstance(layer, nn.Dense):
        n_in, n_out = layer.W.shape
        return nn.Dense(n_in * inputs, n_out * outputs, layer.b is not None, rng=rng)
    if isinstance(layer, (nn.Conv2D, nn.ConvTranspose2D)):
        sizes = layer.in_channels * inputs, layer.out_channels * outputs, layer.kernel_size, layer.stride
        return type(layer)(*sizes, layer.padding, bias=layer.b is not None, rng=rng)
    if isinstance(layer, nn.BatchNorm):
        return nn.BatchNorm(layer.num_features * outputs, layer.momentum, layer.eps)
    if isinstance(layer, nn.Reshape):
        return nn.Reshape((*layer.shape[:-1], layer.shape[-1] * outputs))
    if dict(layer.named_parameters()):
        raise ValueError(f"how {layer} becomes wider is not written here")
    return layer
