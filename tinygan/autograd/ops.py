"""Every differentiable function by name: this is `tinygan.ops`."""

from tinygan.autograd.arithmetic import add, div, mul, neg, pow, sub
from tinygan.autograd.conv import conv1d, conv2d, conv_transpose2d
from tinygan.autograd.cross_entropy import bce_with_logits
from tinygan.autograd.discrete import gumbel_softmax, straight_through
from tinygan.autograd.elementwise import exp, log, sigmoid, softplus, sqrt, tanh
from tinygan.autograd.gated import gelu, silu
from tinygan.autograd.index import getitem, one_hot
from tinygan.autograd.kinks import abs, clip, leaky_relu, maximum, minimum, relu, where
from tinygan.autograd.linear import affine, matmul
from tinygan.autograd.normalise import batch_norm
from tinygan.autograd.pool import avg_pool2d, max_pool2d, upsample2d
from tinygan.autograd.reduce import log_softmax, max, mean, min, softmax, sum, var
from tinygan.autograd.shape import (
    broadcast_to,
    concatenate,
    pad,
    reshape,
    stack,
    sum_to,
    transpose,
)

__all__ = [
    "abs",
    "add",
    "affine",
    "avg_pool2d",
    "batch_norm",
    "bce_with_logits",
    "broadcast_to",
    "clip",
    "concatenate",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "div",
    "exp",
    "gelu",
    "getitem",
    "gumbel_softmax",
    "leaky_relu",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "neg",
    "one_hot",
    "pad",
    "pow",
    "relu",
    "reshape",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "straight_through",
    "sub",
    "sum",
    "sum_to",
    "tanh",
    "transpose",
    "upsample2d",
    "var",
    "where",
]
