"""The same networks in PyTorch, with tinygan's weights, and PyTorch's idiomatic training step.

PyTorch's convolutions pad both sides alike, while "same" at stride 2 has its odd pixel at the end. So the
PyTorch networks are mirror images: kernels and images are flipped along height and width, which moves the
odd pixel to the beginning, where `padding=2` wants it. The sums are the same, and neither library pays for
an operation that only pads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tinygan import nn as tg


def mirrored(images: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, C, H, W), flipped along H and W; samples that are no images as they are."""
    return np.ascontiguousarray(images[:, ::-1, ::-1].transpose(0, 3, 1, 2)) if images.ndim == 4 else images


def numbering(image: tuple[int, ...] | None) -> Any:
    """Where each number of PyTorch's flattened image (C, H, W), mirrored, stands in tinygan's (H, W, C)."""
    return slice(None) if image is None else mirrored(np.arange(np.prod(image)).reshape(1, *image)).reshape(-1)


def from_tinygan(network: tg.Sequential, sample: tuple[int, ...]) -> nn.Sequential:
    """The network layer for layer, with copies of its weights, for samples (N, *sample)."""
    layers: list[nn.Module] = []
    shape, before, after = sample, numbering(None), numbering(None)
    for i, layer in enumerate(network.layers):
        if isinstance(layer, tg.Dense):
            after = numbering(_next_image(network.layers[i + 1 :]))
            dense, weight = nn.Linear(layer.W.shape[0], layer.W.shape[1]), layer.W.data[before][:, after].T
            layers.append(_filled(dense, weight, layer.b, after))
            before = numbering(None)
        elif isinstance(layer, tg.BatchNorm):
            kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
            norm = kind(layer.num_features, eps=layer.eps, momentum=1 - layer.momentum)
            layers.append(_filled(norm, layer.gamma.data[after], layer.beta, after))
        elif isinstance(layer, (tg.Conv2D, tg.ConvTranspose2D)):
            layers.append(_convolution(layer))
            h, w, _ = shape
            s = layer.stride
            size = (-(-h // s), -(-w // s)) if isinstance(layer, tg.Conv2D) else (h * s, w * s)
            shape = (*size, layer.out_channels)
        elif isinstance(layer, tg.Reshape):
            h, w, c = shape = layer.shape
            layers.append(nn.Unflatten(1, (c, h, w)))
            after = numbering(None)
        elif isinstance(layer, tg.Flatten):
            layers.append(nn.Flatten())
            before, shape = numbering(shape if len(shape) == 3 else None), (int(np.prod(shape)),)
        elif isinstance(layer, tg.LeakyReLU):
            layers.append(nn.LeakyReLU(layer.slope))
        else:
            layers.append({tg.ReLU: nn.ReLU, tg.Tanh: nn.Tanh, tg.Sigmoid: nn.Sigmoid}[type(layer)]())
    return nn.Sequential(*layers)


def _next_image(layers: list[tg.Module]) -> tuple[int, ...] | None:
    """The image into which a Dense layer's output will be reshaped, if it is before the next Dense."""
    found = next((x for x in layers if isinstance(x, (tg.Dense, tg.Reshape))), None)
    return found.shape if isinstance(found, tg.Reshape) else None


def _convolution(layer: tg.Conv2D | tg.ConvTranspose2D) -> nn.Module:
    """Kernels (kh, kw, C, O) -> (O, C, kh, kw), flipped. tinygan's transposed one is already the adjoint's."""
    k, s = layer.kernel_size, layer.stride
    if layer.padding != "same" or k % 2 == 0:
        raise ValueError(f"the mirror image is worked out for odd kernels with padding 'same' only, not {layer}")
    args = (layer.in_channels, layer.out_channels, k, s)
    if isinstance(layer, tg.Conv2D):
        conv: nn.Module = nn.Conv2d(*args, padding=k // 2, bias=layer.b is not None)
    else:
        conv = nn.ConvTranspose2d(*args, k // 2, output_padding=s - 1, bias=layer.b is not None)
    return _filled(conv, layer.W.data[::-1, ::-1].transpose(3, 2, 0, 1), layer.b)


def _filled(module: Any, weight: np.ndarray, bias: Any, order: Any = slice(None)) -> nn.Module:
    """The module with these parameters; without a bias if `bias` is None."""
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        if bias is None:
            module.bias = None
        else:
            module.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias.data[order])))
    return module


class TorchGame:
    """One D update and one G update, as PyTorch users write them.

    The fakes of D's step serve G's step too, and `loss_g.backward()` computes D's weight gradients as well,
    which nobody uses: so it is in nearly all PyTorch code.
    """

    def __init__(self, g: tg.Sequential, d: tg.Sequential, sample, latent: int, loss: str, gp: float, rng):
        self.g, self.d = from_tinygan(g, (latent,)), from_tinygan(d, sample)
        self.opt_g = torch.optim.Adam(self.g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.d.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.latent, self.loss, self.gp, self.rng = latent, loss, gp, rng

    def step(self, reals: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """One step on mirrored reals; returns both losses."""
        real = torch.from_numpy(reals)
        z = torch.from_numpy(self.rng.standard_normal((len(real), self.latent), dtype=np.float32))
        fake = self.g(z)
        loss_d = self.loss_d(self.d(real), self.d(fake.detach()))
        if self.gp:
            loss_d = loss_d + self.gp * self.penalty(real, fake.detach())
        self.opt_d.zero_grad()
        loss_d.backward()
        self.opt_d.step()

        loss_g = self.loss_g(self.d(fake))
        self.opt_g.zero_grad()
        loss_g.backward()
        self.opt_g.step()
        return loss_d.detach(), loss_g.detach()

    def loss_d(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        if self.loss == "wgan":
            return fake.mean() - real.mean()
        bce = F.binary_cross_entropy_with_logits
        return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))

    def loss_g(self, fake: torch.Tensor) -> torch.Tensor:
        return -fake.mean() if self.loss == "wgan" else F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))

    def penalty(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        share = torch.from_numpy(self.rng.random((len(real),) + (1,) * (real.ndim - 1), dtype=np.float32))
        x = (share * real + (1 - share) * fake).requires_grad_()
        (gx,) = torch.autograd.grad(self.d(x).sum(), x, create_graph=True)
        return ((gx.flatten(1).norm(dim=1) - 1) ** 2).mean()
