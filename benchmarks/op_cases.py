"""Single ops in the shapes that the networks have, as tinygan and as PyTorch compute them.

Shapes are tinygan's: images (N, H, W, C), kernels (kh, kw, C, O), and for transposed convolutions the kernel of
the convolution whose adjoint they are. PyTorch gets them mirrored (`benchmarks.mirror`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.mirror import mirrored, mirrored_kernel

N = 64  # images in a batch


@dataclass(frozen=True)
class Case:
    """What is computed, on inputs of which shapes."""

    kind: str
    shapes: tuple[tuple[int, ...], ...]
    stride: int = 1
    padding: int | str = "same"


CASES = {
    "conv5-7x7-256-128": Case("conv", ((N, 7, 7, 256), (5, 5, 256, 128))),
    "conv5s2-14x14-64-128": Case("conv", ((N, 14, 14, 64), (5, 5, 64, 128)), 2),
    "conv5s2-28x28-1-64": Case("conv", ((N, 28, 28, 1), (5, 5, 1, 64)), 2),
    "transposed5s2-7x7-128-64": Case("transposed", ((N, 7, 7, 128), (5, 5, 64, 128)), 2),
    "transposed5s2-14x14-64-1": Case("transposed", ((N, 14, 14, 64), (5, 5, 1, 64)), 2),
    "conv3-14x14-64-64": Case("conv", ((N, 14, 14, 64), (3, 3, 64, 64))),
    "conv3-28x28-64-64": Case("conv", ((N, 28, 28, 64), (3, 3, 64, 64))),
    "conv4s2-28x28-64-128": Case("conv", ((N, 28, 28, 64), (4, 4, 64, 128)), 2, 1),
    "dense-64x1024x784": Case("dense", ((N, 1024), (1024, 784), (784,))),
    "batchnorm-64x1024": Case("norm", ((N, 1024), (1024,), (1024,))),
    "batchnorm-64x14x14x64": Case("norm", ((N, 14, 14, 64), (64,), (64,))),
    "leakyrelu-64x1024": Case("leaky", ((N, 1024),)),
    "leakyrelu-64x14x14x64": Case("leaky", ((N, 14, 14, 64),)),
    "bce-64": Case("bce", ((N, 1),)),
    "bce-65536": Case("bce", ((65536, 1),)),
    "adam-2million": Case("adam", ((1024, 1024), (1024, 784), (256, 512), (1024,))),
}
ADAM_STEPS = 3  # before Adam's changes are compared


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """The same numbers in every process: N(0, 1), kernels and matrices scaled to keep that scale."""
    fan_in = float(np.prod(shape[:-1])) if len(shape) == 4 and shape[0] == shape[1] else 1.0
    drawn = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return np.asarray(drawn / np.float32(np.sqrt(fan_in)))


@dataclass
class Job:
    """A case on one side, ready to run.

    Attributes
    ----------
    forward : function
        Returns the result y (for Adam: takes one step).
    backward : function of y, or None
        Returns the gradients of all inputs, given the same random upstream gradient on both sides.
    values : function
        Returns y and the gradients as NumPy arrays in tinygan's layout.
    """

    forward: Callable[[], Any]
    backward: Callable[[Any], Any] | None
    values: Callable[[], list[np.ndarray]]


def tinygan_job(case: Case, threads: int) -> Job:
    """tinygan's; its threads were set by the environment."""
    import tinygan as tg
    from tinygan.autograd.normalise import batch_norm

    tg.use_backend("numpy")
    inputs = [tg.Tensor(numbers(shape, i), requires_grad=True) for i, shape in enumerate(case.shapes)]
    if case.kind == "adam":
        adam, before = tg.optim.Adam(inputs), [x.data.copy() for x in inputs]
        grads = [tg.Tensor(numbers(shape, 50 + i)) for i, shape in enumerate(case.shapes)]
        return _adam_job(lambda: adam.step(grads), lambda: [x.data - b for x, b in zip(inputs, before, strict=True)])
    targets = _targets(case)
    functions: dict[str, Callable[..., Any]] = {
        "conv": lambda x, w: tg.ops.conv2d(x, w, case.stride, case.padding),
        "transposed": lambda x, w: tg.ops.conv_transpose2d(x, w, case.stride, case.padding),
        "dense": tg.ops.affine,
        "norm": lambda x, gamma, beta: batch_norm(x, gamma, beta)[0],
        "leaky": lambda x: tg.ops.leaky_relu(x, 0.2),
        "bce": lambda x: tg.ops.bce_with_logits(x, targets),
    }
    function = functions[case.kind]
    gy = tg.Tensor(numbers(function(*inputs).shape, 99))

    def values() -> list[np.ndarray]:
        y = function(*inputs)
        return [tg.to_numpy(t) for t in (y, *tg.grad(y, inputs, gy))]

    return Job(lambda: function(*inputs), lambda y: tg.grad(y, inputs, gy), values)


def torch_job(case: Case, threads: int) -> Job:
    """PyTorch's."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    arrays = [_to_mirror(numbers(shape, i), i, case) for i, shape in enumerate(case.shapes)]
    inputs = [torch.from_numpy(x).requires_grad_() for x in arrays]
    if case.kind == "adam":
        adam, before = torch.optim.Adam(inputs, 2e-4, (0.5, 0.999)), [x.copy() for x in arrays]
        for i, x in enumerate(inputs):
            x.grad = torch.from_numpy(numbers(case.shapes[i], 50 + i))
        return _adam_job(adam.step, lambda: [x.detach().numpy() - b for x, b in zip(inputs, before, strict=True)])
    targets, s = torch.from_numpy(_targets(case)), case.stride
    pad = case.padding if isinstance(case.padding, int) else case.shapes[-1][0] // 2
    functions: dict[str, Callable[..., Any]] = {
        "conv": lambda x, w: F.conv2d(x, w, stride=s, padding=pad),
        "transposed": lambda x, w: F.conv_transpose2d(x, w, stride=s, padding=pad, output_padding=s - 1),
        "dense": lambda x, w, b: F.linear(x, w, b),
        "norm": lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True),
        "leaky": lambda x: F.leaky_relu(x, 0.2),
        "bce": lambda x: F.binary_cross_entropy_with_logits(x, targets),
    }
    function = functions[case.kind]
    shape = function(*inputs).shape
    tinygan_shape = (shape[0], *shape[2:], shape[1]) if len(shape) == 4 else tuple(shape)
    gy = torch.from_numpy(mirrored(numbers(tinygan_shape, 99)))

    def backward(y: Any) -> Any:
        return torch.autograd.grad(y, inputs, gy, retain_graph=True)

    def values() -> list[np.ndarray]:
        y = function(*inputs)
        return [_from_mirror(t.detach().numpy(), i, case) for i, t in enumerate((y, *backward(y)))]

    return Job(lambda: function(*inputs), backward, values)


def _adam_job(step: Callable[[], Any], changes: Callable[[], list[np.ndarray]]) -> Job:
    def values() -> list[np.ndarray]:
        for _ in range(ADAM_STEPS):
            step()
        return changes()

    return Job(step, None, values)


def _targets(case: Case) -> np.ndarray:
    """Half of them "real"."""
    return (numbers(case.shapes[0], 98) > 0).astype(np.float32)


def _to_mirror(x: np.ndarray, place: int, case: Case) -> np.ndarray:
    """The input at this place as PyTorch takes it."""
    if place == 1 and case.kind in ("conv", "transposed"):
        return mirrored_kernel(x)
    return np.ascontiguousarray(x.T) if place == 1 and case.kind == "dense" else mirrored(x)


def _from_mirror(x: np.ndarray, place: int, case: Case) -> np.ndarray:
    """PyTorch's result (place 0) or gradient of the input before this place, as tinygan has it."""
    if place == 2 and case.kind in ("conv", "transposed"):
        return x.transpose(2, 3, 1, 0)[::-1, ::-1]
    if place == 2 and case.kind == "dense":
        return x.T
    return x.transpose(0, 2, 3, 1)[:, ::-1, ::-1] if x.ndim == 4 else x
