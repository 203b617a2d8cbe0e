"""One row for every function of `tinygan.ops` and every layer of `tinygan.nn`: how to call it on n samples.

From a row the tests draw what nobody thinks of: no sample at all, one, a single number, whole numbers and booleans,
float16, strides of 0 and below it, an infinite gradient from above. What comes out is held against a formula of NumPy
(the one of `op_table`), or is a refusal that names who refuses. A function or a layer without a row fails a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import op_table as plain
from op_table import apart, positive, signed
from standin import FakeCupy

from tinygan import Tensor, nn
from tinygan.autograd import ops
from tinygan.backend import Backend, CupyBackend, NumpyBackend

WHOLE = {"uint8": np.uint8, "int64": np.int64, "bool": np.bool_}


def _without_kernels(backend: Backend) -> Backend:
    backend.kernels.clear()
    return backend


PLACES: dict[str, Callable[[], Backend]] = {
    "numpy": NumpyBackend,
    "numpy, no kernels": lambda: _without_kernels(NumpyBackend()),
    "stand-in": lambda: CupyBackend(FakeCupy()),
    "stand-in, no kernels": lambda: _without_kernels(CupyBackend(FakeCupy())),
}


def drawn(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, low: int, high: int) -> np.ndarray:
    """Numbers of any dtype, from `low` to `high`, with both ends among them."""
    x = rng.integers(low, high + 1, shape)
    x.flat[:2] = [low, high][: x.size]
    return x > low if dtype is np.bool_ else x.astype(dtype)


# -- functions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edge:
    """How to call one function on n samples.

    Attributes
    ----------
    name : str
        In `tinygan.ops`.
    call, formula : function(*Tensors) -> Tensor, function(*arrays) -> array
    shapes : function(n) -> the inputs' shapes
    whole : "float", "int64" or "same"
        What becomes of whole numbers: the default float, 64 bits, or they stay as they are.
    domain : function(rng, shape) -> array
        Draws floats; of a function with a kink the first is put onto it.
    span : (low, high)
        Of whole numbers.
    kink : float, optional
    stands_for : function(*Tensors) -> Tensor, optional
        The smooth function whose gradients a straight-through function has, instead of its own.
    """

    name: str
    call: Callable[..., Any]
    formula: Callable[..., Any]
    shapes: Callable[[int], tuple[tuple[int, ...], ...]]
    whole: str = "float"
    domain: Callable[..., np.ndarray] = signed
    span: tuple[int, int] = (0, 5)
    kink: float | None = None
    stands_for: Callable[..., Any] | None = None

    def inputs(
        self, rng: np.random.Generator, n: int, dtype: Any = np.float64, kinks: bool = False
    ) -> list[np.ndarray]:
        found = [np.asarray(self.domain(rng, shape)).astype(dtype) for shape in self.shapes(n)]
        if kinks and self.kink is not None:
            for x in found:
                x.flat[:1] = self.kink
        return found


def rows(n: int) -> tuple[tuple[int, ...], ...]:
    return ((n, 3),)


def pairs(n: int) -> tuple[tuple[int, ...], ...]:
    return ((n, 3), (n, 3))


def images(n: int) -> tuple[tuple[int, ...], ...]:
    return ((n, 4, 5, 2),)


def elementwise(name: str, formula: Callable[..., Any], **more: Any) -> Edge:
    return Edge(name, more.pop("call", getattr(ops, name)), formula, more.pop("shapes", rows), **more)


BIG = (0, 200)  # where uint8 would wrap around
FUNCTIONS = [
    elementwise("abs", np.abs, span=BIG, kink=0.0),
    elementwise("add", lambda a, b: a + b, shapes=pairs, whole="int64", span=BIG),
    Edge("affine", ops.affine, lambda x, w, b: x @ w + b, lambda n: ((n, 3), (3, 2), (2,)), "int64", span=BIG),
    Edge("avg_pool2d", lambda x: ops.avg_pool2d(x, 2), lambda x: plain.avg_pool(x, 2, 2), images, span=BIG),
    Edge(
        "batch_norm",
        lambda x, g, b: ops.batch_norm(x, g, b, 1e-3)[0],
        plain.batch_norm_formula,
        lambda n: ((n, 3), (3,), (3,)),
    ),
    Edge("bce_with_logits", lambda x: ops.bce_with_logits(x, 1), lambda x: np.log1p(np.exp(-x)).mean(), rows),
    Edge(
        "broadcast_to",
        lambda x: ops.broadcast_to(x, (2, *x.shape)),
        lambda x: np.stack([x, x]),
        rows,
        "same",
        span=BIG,
    ),
    elementwise("clip", lambda x: np.clip(x, 0, 1.2), call=lambda x: ops.clip(x, 0, 1.2), span=BIG, kink=-0.5),
    Edge(
        "concatenate", lambda a, b: ops.concatenate([a, b], 1), lambda a, b: np.hstack([a, b]), pairs, "same", span=BIG
    ),
    Edge(
        "conv1d",
        lambda x, w: ops.conv1d(x, w, 2, 1),
        lambda x, w: plain.conv1d_loop(x, w, 2, 1),
        lambda n: ((n, 5, 2), (3, 2, 3)),
        "int64",
        span=BIG,
    ),
    Edge(
        "conv2d",
        lambda x, w: ops.conv2d(x, w, 2, 1),
        lambda x, w: plain.conv_loop(x, w, 2, 1),
        lambda n: ((n, 4, 5, 2), (3, 3, 2, 3)),
        "int64",
        span=BIG,
    ),
    Edge(
        "conv_transpose2d",
        lambda x, w: ops.conv_transpose2d(x, w, 2, 1),
        lambda x, w: plain.conv_transpose_loop(x, w, 2, 1),
        lambda n: ((n, 2, 3, 2), (3, 3, 3, 2)),
        "int64",
        span=BIG,
    ),
    elementwise("div", lambda a, b: a / b, shapes=pairs, span=BIG),
    elementwise("exp", np.exp),
    elementwise("gelu", plain.gelu_formula),
    Edge("getitem", lambda x: x[..., [2, 0, 2]], lambda x: x[..., [2, 0, 2]], rows, "same", span=BIG),
    Edge("gumbel_softmax", plain.choose, plain.choose_formula, rows),
    elementwise("leaky_relu", plain.leaky(0.2), span=BIG, kink=0.0),
    elementwise("leaky_relu", plain.leaky(0.0), call=lambda x: ops.leaky_relu(x, 0), span=BIG, kink=0.0),
    elementwise("log", np.log, domain=positive, span=(1, 200)),
    Edge("log_softmax", ops.log_softmax, lambda x: np.log(plain.softmax_formula(x)), rows),
    Edge("matmul", ops.matmul, lambda a, b: a @ b, lambda n: ((n, 3), (3, 2)), "int64", span=BIG),
    Edge("max", lambda x: ops.max(x, -1), lambda x: x.max(-1), rows, "same", apart, BIG),
    Edge("max_pool2d", lambda x: ops.max_pool2d(x, 2), lambda x: plain.max_pool(x, 2, 2), images, "same", apart, BIG),
    elementwise("maximum", np.maximum, shapes=pairs, whole="same", span=BIG, kink=0.0),
    Edge("mean", lambda x: ops.mean(x, -1), lambda x: x.mean(-1), rows, span=BIG),
    Edge("min", lambda x: ops.min(x, -1), lambda x: x.min(-1), rows, "same", apart, BIG),
    elementwise("minimum", np.minimum, shapes=pairs, whole="same", span=BIG, kink=0.0),
    elementwise("mul", lambda a, b: a * b, shapes=pairs, whole="int64", span=BIG),
    elementwise("neg", lambda x: -x, whole="int64", span=BIG),
    Edge(
        "one_hot",
        lambda x: ops.where(ops.one_hot([2], 3) > 0, x, 0.0),
        lambda x: np.where([[False, False, True]], x, 0.0),
        rows,
        span=BIG,
    ),
    Edge("pad", lambda x: ops.pad(x, 1), lambda x: np.pad(x, 1) if x.ndim else x, rows, "same", span=BIG),
    elementwise("pow", lambda x: x * x, call=lambda x: ops.pow(x, 2), whole="int64", span=BIG),
    elementwise("pow", lambda x: x**-0.5, call=lambda x: x**-0.5, domain=positive, span=(1, 200)),
    elementwise("pow", lambda a, b: a**b, shapes=pairs, domain=positive, span=(1, 5)),
    elementwise("relu", lambda x: np.maximum(x, 0), span=BIG, kink=0.0),
    Edge("reshape", lambda x: ops.reshape(x, (-1,)), np.ravel, rows, "same", span=BIG),
    elementwise("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    elementwise("silu", lambda x: x / (1 + np.exp(-x))),
    Edge("softmax", ops.softmax, plain.softmax_formula, rows),
    elementwise("softplus", lambda x: np.log1p(np.exp(x))),
    elementwise("sqrt", np.sqrt, domain=positive, span=(1, 200)),
    Edge("stack", lambda a, b: ops.stack([a, b], 1), lambda a, b: np.stack([a, b], 1), pairs, "same", span=BIG),
    Edge(
        "straight_through",
        ops.straight_through,
        plain.one_hot_of_largest,
        rows,
        domain=apart,
        span=BIG,
        stands_for=lambda x: x * 1,
    ),
    elementwise("sub", lambda a, b: a - b, shapes=pairs, whole="int64", span=BIG),
    Edge("sum", lambda x: ops.sum(x, 0), lambda x: x.sum(0), rows, "int64", span=BIG),
    Edge("sum_to", lambda x: ops.sum_to(x, x.shape[1:]), lambda x: x.sum(0) if x.ndim else x, rows, "int64", span=BIG),
    elementwise("tanh", np.tanh),
    Edge("transpose", ops.transpose, np.transpose, rows, "same", span=BIG),
    Edge("upsample2d", ops.upsample2d, lambda x: x.repeat(2, 1).repeat(2, 2), images, "same", span=BIG),
    Edge("var", lambda x: ops.var(x, -1), lambda x: x.var(-1), rows, span=BIG),
    Edge("where", lambda a, b: ops.where(a > b, a, b), np.maximum, pairs, "same", span=BIG, kink=0.0),
]


# -- layers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerEdge:
    """A layer, and the shape of one sample.

    Attributes
    ----------
    name : str
        In `tinygan.nn`.
    build : function(rng) -> Module
    sample : tuple of int
    whole : "float" or "same"
    one : bool
        Whether it takes a single sample in training mode.
    """

    name: str
    build: Callable[[np.random.Generator], nn.Module]
    sample: tuple[int, ...] = (3,)
    whole: str = "float"
    one: bool = True

    def layer(self) -> nn.Module:
        """The same one each time, with its random parameters."""
        rng = np.random.default_rng(3)
        layer = self.build(rng)
        for p in layer.parameters():
            p.data = p.xp.asarray(rng.normal(size=p.shape).astype(np.float32))
        return layer


class Coded(nn.Module):
    """A ConditionalBatchNorm that is told the class 0 of every sample."""

    mixes_samples = False  # its layer says so itself

    def __init__(self) -> None:
        self.norm = nn.ConditionalBatchNorm(3, 2)

    def forward(self, x: Any) -> Tensor:
        code = np.zeros((*x.shape[:1], 2), np.float32)
        code[..., 0] = 1
        return self.norm(x, Tensor(code))


PIXELS = (4, 5, 4)
LAYERS = [
    LayerEdge("AvgPool2D", lambda rng: nn.AvgPool2D(2), PIXELS),
    LayerEdge("BatchNorm", lambda rng: nn.BatchNorm(3), one=False),
    LayerEdge("BatchNorm", lambda rng: nn.BatchNorm(4), PIXELS),
    LayerEdge("ConditionalBatchNorm", lambda rng: Coded(), one=False),
    LayerEdge("Conv1D", lambda rng: nn.Conv1D(4, 3, 3, 2, "same", rng=rng), PIXELS[1:]),
    LayerEdge("Conv2D", lambda rng: nn.Conv2D(4, 3, 3, 2, "same", rng=rng), PIXELS),
    LayerEdge("ConvTranspose2D", lambda rng: nn.ConvTranspose2D(4, 3, 3, 2, "same", rng=rng), PIXELS),
    LayerEdge("Dense", lambda rng: nn.Dense(3, 2, rng=rng)),
    LayerEdge("Dropout", lambda rng: nn.Dropout(0.5, rng)),
    LayerEdge("Flatten", lambda rng: nn.Flatten(), PIXELS, "same"),
    LayerEdge("GELU", lambda rng: nn.GELU()),
    LayerEdge("GroupNorm", lambda rng: nn.GroupNorm(2, 4), PIXELS),
    LayerEdge("GumbelSoftmax", lambda rng: nn.GumbelSoftmax(0.5, rng=rng)),
    LayerEdge("InstanceNorm", lambda rng: nn.InstanceNorm(4), PIXELS),
    LayerEdge("LayerNorm", lambda rng: nn.LayerNorm(3)),
    LayerEdge("LeakyReLU", lambda rng: nn.LeakyReLU()),
    LayerEdge("MaxPool2D", lambda rng: nn.MaxPool2D(2), PIXELS, "same"),
    LayerEdge("Maxout", lambda rng: nn.Maxout(3, 2, 4, rng=rng)),
    LayerEdge("MinibatchStd", lambda rng: nn.MinibatchStd(), one=False),
    LayerEdge("PixelNorm", lambda rng: nn.PixelNorm()),
    LayerEdge("ReLU", lambda rng: nn.ReLU()),
    LayerEdge("Reshape", lambda rng: nn.Reshape((5, 4, 4)), PIXELS, "same"),
    LayerEdge("Residual", lambda rng: nn.Residual(nn.Tanh(), nn.Dense(3, 3, rng=rng))),
    LayerEdge("SelfAttention", lambda rng: nn.SelfAttention(4, 2, rng=rng), PIXELS),
    LayerEdge("Sequential", lambda rng: nn.Sequential(nn.Dense(3, 4, rng=rng), nn.ReLU(), nn.Dense(4, 1, rng=rng))),
    LayerEdge("SiLU", lambda rng: nn.SiLU()),
    LayerEdge("Sigmoid", lambda rng: nn.Sigmoid()),
    LayerEdge("Softmax", lambda rng: nn.Softmax()),
    LayerEdge("SpectralNorm", lambda rng: nn.SpectralNorm(nn.Dense(3, 2, rng=rng), rng)),
    LayerEdge("Tanh", lambda rng: nn.Tanh()),
    LayerEdge("UpSample2D", lambda rng: nn.UpSample2D(), PIXELS, "same"),
]
ELSEWHERE = {"Embedding"}  # takes labels and no samples: its rows stand in the test file itself
NO_LAYERS = {"Module", "init"}
