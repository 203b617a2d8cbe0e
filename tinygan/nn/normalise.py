"""Layers that keep activations or weights in bounds: BatchNorm, ConditionalBatchNorm, SpectralNorm, Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd import Tensor, no_grad, ops
from tinygan.autograd.kinks import masked
from tinygan.autograd.normalise import by_batch
from tinygan.autograd.op import as_floats
from tinygan.autograd.outside import draw, effect
from tinygan.backend import backend_of
from tinygan.given import finite_number
from tinygan.nn.linear import check_features, whole_sizes
from tinygan.nn.module import Module


class BatchNorm(Module):
    """gamma * (x - mean) / sqrt(var + eps) + beta, over all axes but the last: x (..., num_features).

    In training mode mean and var are the batch's, and

        running = momentum * running + (1 - momentum) * batch

    (Keras's convention; PyTorch's momentum is 1 minus this one). In evaluation mode the running ones are
    used as constants, and the gradient is that of this other function. var is divided by n. An empty batch stays empty,
    and leaves the averages alone.

    Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015.

    Attributes
    ----------
    gamma, beta : Tensor (num_features,)
        Trained; they start at 1 and 0.
    running_mean, running_var : Tensor (num_features,)
        Buffers; they start at 0 and 1.

    Examples
    --------
    >>> norm = BatchNorm(1, momentum=0.9)
    >>> y = norm(Tensor([[0.0], [2.0]]))  # mean 1, standard deviation 1
    >>> y.data.round(3).ravel().tolist(), round(norm.running_mean.item(), 3)
    ([-1.0, 1.0], 0.1)
    """

    mixes_samples = True

    def __init__(self, num_features: int, momentum: float = 0.9, eps: float = 1e-5):
        (self.num_features,) = whole_sizes(self, num_features=num_features)
        name = type(self).__name__
        self.momentum = finite_number(f"{name}'s momentum", momentum, "lie in [0, 1]", lambda m: 0 <= m <= 1)
        self.eps = finite_number(f"{name}'s eps", eps)
        one, zero = np.ones(num_features, np.float32), np.zeros(num_features, np.float32)
        self.gamma = Tensor(one.copy(), requires_grad=True, name=f"{self}.gamma")
        self.beta = Tensor(zero.copy(), requires_grad=True, name=f"{self}.beta")
        self.running_mean = Tensor(zero.copy(), name=f"{self}.running_mean")
        self.running_var = Tensor(one.copy(), name=f"{self}.running_var")

    def extra(self) -> str:
        return f"{self.num_features}, momentum={self.momentum}"

    def forward(self, x: Tensor) -> Tensor:
        return self.normalised(x, self.gamma, self.beta)

    def normalised(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """The layer's output with another gamma and beta (num_features,) in place of its own."""
        x = check_features(self, x, self.num_features)
        if not self.training or not x.size:
            scale = gamma / ops.sqrt(self.running_var + self.eps)
            return (x - self.running_mean) * scale + beta
        if x.size == self.num_features:
            raise ValueError(f"{self} cannot normalise a single sample in training mode: use a larger batch, or eval()")
        y, op = by_batch(x, gamma, beta, self.eps)
        running = self.running_mean, self.running_var

        def average(y: Any, *arrays: Any) -> None:
            for tensor, array, batch in zip(running, arrays, (op.mean, op.var), strict=True):
                backend_of(batch).move_towards(array, batch, 1 - self.momentum)
                tensor.changed_in_place()

        effect(average, y, *running)
        return y


class ConditionalBatchNorm(BatchNorm):
    """BatchNorm with a gamma and a beta for each class: x (N, ..., num_features), code (N, classes) -> y like x.

    `code` is one-hot: it chooses the row. The layer is called with both, so a generator that has it is a Module
    of your own, which takes the code from behind its z (see `gan.conditioning`) and hands it on.

    Source: de Vries et al., "Modulating early visual processing by language", NeurIPS 2017; in generators: Miyato and
    Koyama, "cGANs with projection discriminator", ICLR 2018.

    Attributes
    ----------
    gamma, beta : Tensor (classes, num_features)
        Trained; they start at 1 and 0.
    running_mean, running_var : Tensor (num_features,)
        Of all classes together, as in `BatchNorm`.

    Examples
    --------
    >>> from tinygan import nn
    >>> class Generator(nn.Module):
    ...     def __init__(self, latent, classes):
    ...         self.first, self.last = nn.Dense(latent + classes, 16), nn.Dense(16, 2)
    ...         self.norm, self.classes = nn.ConditionalBatchNorm(16, classes), classes
    ...
    ...     def forward(self, z):
    ...         code = z[:, -self.classes :]
    ...         return self.last(ops.relu(self.norm(self.first(z), code)))
    >>> Generator(4, 3)(Tensor(np.eye(7, dtype=np.float32))).shape
    (7, 2)
    """

    def __init__(self, num_features: int, classes: int, momentum: float = 0.9, eps: float = 1e-5):
        (self.classes,) = whole_sizes(self, classes=classes)
        super().__init__(num_features, momentum, eps)
        self.gamma = Tensor(np.ones((classes, num_features), np.float32), True, f"{self}.gamma")
        self.beta = Tensor(np.zeros((classes, num_features), np.float32), True, f"{self}.beta")

    def extra(self) -> str:
        return f"{self.num_features}, classes={self.classes}, momentum={self.momentum}"

    def forward(self, x: Tensor, code: Tensor) -> Tensor:  # type: ignore[override]
        x = check_features(self, x, self.num_features)
        needed = (x.shape[0], self.classes)
        if code.shape != needed:
            raise ValueError(f"{self} needs a code of shape {needed} for an input of {x.shape}, but got {code.shape}")
        one, zero = (ops.broadcast_to(x.like(value), (self.num_features,)) for value in (1.0, 0.0))
        rows = (len(x), *(1,) * (x.ndim - 2), self.num_features)
        gamma, beta = ((code @ row).reshape(rows) for row in (self.gamma, self.beta))
        return self.normalised(x, one, zero) * gamma + beta


class SpectralNorm(Module):
    """A layer whose weight is divided by its largest singular value, which bounds how much it stretches.

    The singular value is u^T W v, where W is seen as a matrix (everything else, output features) and u, v come
    from one step of power iteration for each forward pass in training mode. They count as constants. (Of a
    convolution it is the kernel's singular value, as in the paper, not the whole operator's.)

    Source: Miyato et al., "Spectral Normalization for GANs", ICLR 2018, algorithm 1.

    Parameters
    ----------
    layer : Dense, Conv1D, Conv2D or ConvTranspose2D
    rng : numpy.random.Generator, optional
        Where the start of the power iteration is drawn from.
    """

    def __init__(self, layer: Any, rng: np.random.Generator | None = None):
        if not hasattr(layer, "with_weight"):
            known = "Dense, Conv1D, Conv2D, ConvTranspose2D"
            raise TypeError(f"SpectralNorm needs a layer with a weight ({known}), not {layer}")
        self.layer = layer
        start = (rng or np.random.default_rng()).standard_normal(layer.W.shape[layer.output_axis]).astype(np.float32)
        self.v = Tensor(start / np.linalg.norm(start), name=f"{self}.v")

    def extra(self) -> str:
        return repr(self.layer)

    def forward(self, x: Tensor) -> Tensor:
        W = self.layer.W
        if self.layer.output_axis == -2:
            W = W.transpose((0, 1, 3, 2))
        W = W.reshape((-1, W.shape[-1]))
        with no_grad():
            u = _unit(W @ self.v)
            v = _unit(u @ W)
        if self.training:
            self.v.assign(v)
        sigma = (u @ W * v).sum()
        return self.layer.with_weight(x, self.layer.W / sigma)


def _unit(x: Tensor) -> Tensor:
    return x / (ops.sqrt((x * x).sum()) + 1e-12)


class Dropout(Module):
    """In training mode each number is set to 0 with probability p, and the others divided by 1 - p.

    Source: Srivastava et al., "Dropout", JMLR 2014 (here in its inverted form: evaluation is the identity).

    Parameters
    ----------
    p : float
        In [0, 1).
    rng : numpy.random.Generator, optional
        Drawn from on the host, in training mode only.
    """

    def __init__(self, p: float, rng: np.random.Generator | None = None):
        self.p = finite_number("Dropout's p", p, "lie in [0, 1)", lambda p: 0 <= p < 1)
        self.rng = rng or np.random.default_rng()

    def extra(self) -> str:
        return str(self.p)

    def forward(self, x: Tensor) -> Tensor:
        (x,) = as_floats(x)
        if not self.training or self.p == 0:
            return x
        shape, dtype = x.shape, x.dtype
        return masked(
            x, draw(lambda: (self.rng.random(shape, dtype=np.float32) >= self.p).astype(dtype) / (1 - self.p))
        )
