"""tinygan's networks as seen in a mirror, for libraries with images (N, C, H, W) and the same padding on both sides.

PyTorch's and DeZero's convolutions pad both sides alike, while "same" at stride 2 has its odd pixel at the end.
So the other side's networks are mirror images: kernels and images are flipped along height and width, which
moves the odd pixel to the beginning, where the same padding on both sides wants it. The sums are the same, and no
library pays for an operation that only pads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan import nn as tg


@dataclass(frozen=True)
class Mirrored:
    """What the counterpart of one of tinygan's layers needs to know.

    Attributes
    ----------
    layer : tinygan.nn.Module
        The layer itself, with its settings.
    weight, bias : array, or None where there is none
        Dense: (in, out). Convolutions: (O, C, kh, kw), and the adjoint's for transposed ones. BatchNorm: gamma, beta.
    shape : tuple of int
        Of one sample behind the layer: (C, H, W) or (n,).
    """

    layer: Any
    weight: np.ndarray | None
    bias: np.ndarray | None
    shape: tuple[int, ...]


def mirrored(images: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, C, H, W), flipped along H and W; samples that are no images as they are."""
    return np.ascontiguousarray(images[:, ::-1, ::-1].transpose(0, 3, 1, 2)) if images.ndim == 4 else images


def mirrored_kernel(w: np.ndarray) -> np.ndarray:
    """(kh, kw, C, O) -> (O, C, kh, kw), flipped. tinygan's transposed kernels are the adjoint's already."""
    return np.ascontiguousarray(w[::-1, ::-1].transpose(3, 2, 0, 1))


def mirrored_padding(layer: tg.Conv2D | tg.ConvTranspose2D) -> int:
    """The padding on both sides that does in the mirror what "same" does here, for sides that divide by the stride.

    "same" pads k - s pixels in all. Where they are odd in number, both sides get the larger half, and the stride steps
    over the pixel that is one too many.
    """
    odd = (layer.kernel_size - layer.stride) % 2
    if layer.padding != "same" or layer.kernel_size < layer.stride or (odd and layer.stride == 1):
        raise ValueError(f"the mirror image is worked out for padding 'same' that can be even or stepped over: {layer}")
    return -(-(layer.kernel_size - layer.stride) // 2)


def mirrored_excess(layer: tg.ConvTranspose2D) -> int:
    """How many pixels PyTorch must be told to add to a transposed convolution's output (its `output_padding`)."""
    return layer.stride - layer.kernel_size + 2 * mirrored_padding(layer)


def mirrored_layers(network: tg.Sequential, sample: tuple[int, ...]) -> Iterator[Mirrored]:
    """Layer for layer with copies of its weights, for samples (N, *sample)."""
    shape = sample if len(sample) != 3 else (sample[2], *sample[:2])
    before = after = _numbering(None)  # of a Dense layer's inputs and outputs, and what follows it
    for i, layer in enumerate(network.layers):
        weight = bias = None
        if isinstance(layer, tg.Dense):
            after = _numbering(_next_image(network.layers[i + 1 :]))
            weight, bias, shape = layer.W.data[before][:, after], _array(layer.b, after), layer.W.shape[1:]
            before = _numbering(None)
        elif isinstance(layer, tg.BatchNorm):
            weight, bias = layer.gamma.data[after], _array(layer.beta, after)
        elif isinstance(layer, (tg.Conv2D, tg.ConvTranspose2D)):
            weight, bias, s = mirrored_kernel(layer.W.data), _array(layer.b), layer.stride
            _, h, w = shape
            size = (-(-h // s), -(-w // s)) if isinstance(layer, tg.Conv2D) else (h * s, w * s)
            shape = (layer.out_channels, *size)
        elif isinstance(layer, tg.Reshape):
            h, w, c = layer.shape
            shape, after = (c, h, w), _numbering(None)
        elif isinstance(layer, tg.Flatten):
            c, h, w = shape
            before, shape = _numbering((h, w, c)), (int(np.prod(shape)),)
        yield Mirrored(layer, weight, bias, tuple(shape))


def _numbering(image: tuple[int, ...] | None) -> Any:
    """Where each number of a mirrored, flattened image (C, H, W) stands in tinygan's (H, W, C)."""
    return slice(None) if image is None else mirrored(np.arange(np.prod(image)).reshape(1, *image)).reshape(-1)


def _next_image(layers: list[tg.Module]) -> tuple[int, ...] | None:
    """The image into which a Dense layer's output will be reshaped, if it is before the next Dense."""
    found = next((x for x in layers if isinstance(x, (tg.Dense, tg.Reshape))), None)
    return found.shape if isinstance(found, tg.Reshape) else None


def _array(bias: Any, order: Any = slice(None)) -> np.ndarray | None:
    return None if bias is None else bias.data[order].copy()
