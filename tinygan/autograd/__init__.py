"""The engine: Tensor, Op, grad, no_grad, and the differentiable ops (one topic a file).

Reading order: `tensor`, `op`, `grad`; then any of the topics, beginning with `arithmetic`.
"""

from tinygan.autograd.tensor import Tensor  # isort: skip  (first: the others stand on it)
from tinygan.autograd import ops
from tinygan.autograd.grad import grad, leaves
from tinygan.autograd.mode import is_recording, no_grad
from tinygan.autograd.op import Op
from tinygan.autograd.outside import draw, effect

__all__ = ["Op", "Tensor", "draw", "effect", "grad", "is_recording", "leaves", "no_grad", "ops"]
