"""The same networks in PyTorch, with tinygan's weights (mirrored), and PyTorch's idiomatic training step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.mirror import Mirrored, mirrored, mirrored_excess, mirrored_layers, mirrored_padding
from tinygan import nn as tg

__all__ = ["CompiledTorchGame", "TorchGame", "from_tinygan", "mirrored"]

SIMPLE = {tg.ReLU: nn.ReLU, tg.Tanh: nn.Tanh, tg.Sigmoid: nn.Sigmoid, tg.Flatten: nn.Flatten}


def from_tinygan(network: tg.Sequential, sample: tuple[int, ...]) -> nn.Sequential:
    """The network layer for layer, with copies of its weights, for samples (N, *sample)."""
    return nn.Sequential(*[_counterpart(m) for m in mirrored_layers(network, sample)])


def _counterpart(m: Mirrored) -> nn.Module:
    layer, bias = m.layer, m.bias is not None
    if isinstance(layer, tg.Dense):
        assert m.weight is not None
        n_in, n_out = layer.W.shape
        return _filled(nn.Linear(n_in, n_out, bias=bias), m.weight.T, m.bias)
    if isinstance(layer, tg.BatchNorm):
        kind = nn.BatchNorm2d if len(m.shape) == 3 else nn.BatchNorm1d
        return _filled(kind(layer.num_features, eps=layer.eps, momentum=1 - layer.momentum), m.weight, m.bias)
    if isinstance(layer, (tg.Conv2D, tg.ConvTranspose2D)):
        args = (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, mirrored_padding(layer))
        if isinstance(layer, tg.Conv2D):
            return _filled(nn.Conv2d(*args, bias=bias), m.weight, m.bias)
        return _filled(nn.ConvTranspose2d(*args, output_padding=mirrored_excess(layer), bias=bias), m.weight, m.bias)
    if isinstance(layer, tg.Reshape):
        return nn.Unflatten(1, m.shape)
    if isinstance(layer, tg.LeakyReLU):
        return nn.LeakyReLU(layer.slope)
    return SIMPLE[type(layer)]()


def _filled(module: nn.Module, weight: np.ndarray | None, bias: np.ndarray | None) -> nn.Module:
    """The module with these parameters."""
    with torch.no_grad():
        for name, value in (("weight", weight), ("bias", bias)):
            if value is not None:
                getattr(module, name).copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return module


class TorchGame:
    """One D update and one G update, as PyTorch users write them.

    The fakes of D's step serve G's step too, and `loss_g.backward()` computes D's weight gradients as well,
    which nobody uses: so it is in nearly all PyTorch code.
    """

    def __init__(self, g: tg.Module, d: tg.Module, sample, latent: int, loss: str, gp: float, rng):
        assert isinstance(g, tg.Sequential) and isinstance(d, tg.Sequential)
        self.g, self.d = from_tinygan(g, (latent,)), from_tinygan(d, sample)
        self.opt_g = torch.optim.Adam(self.g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.d.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.latent, self.loss, self.gp, self.rng = latent, loss, gp, rng
        self.slope_of = self.d  # the penalty asks for its slope

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
        (gx,) = torch.autograd.grad(self.slope_of(x).sum(), x, create_graph=True)
        return ((gx.flatten(1).norm(dim=1) - 1) ** 2).mean()


class CompiledTorchGame(TorchGame):
    """The same step with `torch.compile` around both networks and both optimisers' steps.

    This is where PyTorch's documents put it; around the whole step it fails, because `backward` cuts the step in pieces
    that share a graph. What `torch.compile` made cannot be differentiated twice, so the penalty sees D as it was.
    """

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.g, self.d = torch.compile(self.g), torch.compile(self.d)  # type: ignore[assignment]
        for optimiser in (self.opt_g, self.opt_d):
            optimiser.step = torch.compile(optimiser.step)  # type: ignore[method-assign]
