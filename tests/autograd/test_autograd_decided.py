"""What this part has decided: a number or a default that changes changes what its users get, and is noted here."""

from decided import constants, defaults

CONSTANTS = {
    "gated.FAR": 40.0,
    "gated.POINTS": 12,
    "gated.SHORT_POINTS": 5,
    "gated.SHORT_STEP": 1.05,
    "gated.STEP": 0.7,
}
DEFAULTS = {
    "conv.conv1d(padding)": 0,
    "conv.conv1d(stride)": 1,
    "conv.conv2d(padding)": 0,
    "conv.conv2d(stride)": 1,
    "conv.conv_transpose2d(output_padding)": 0,
    "conv.conv_transpose2d(padding)": 0,
    "conv.conv_transpose2d(stride)": 1,
    "discrete.gumbel_softmax(axis)": -1,
    "discrete.gumbel_softmax(hard)": False,
    "discrete.gumbel_softmax(temperature)": 1.0,
    "discrete.straight_through(axis)": -1,
    "grad.grad(allow_unused)": False,
    "grad.grad(create_graph)": False,
    "kinks.leaky_relu(slope)": 0.2,
    "normalise.batch_norm(eps)": 1e-05,
    "normalise.batch_norm_composed(eps)": 1e-05,
    "operators.Operators.max(keepdims)": False,
    "operators.Operators.mean(keepdims)": False,
    "operators.Operators.min(keepdims)": False,
    "operators.Operators.sum(keepdims)": False,
    "operators.Operators.var(keepdims)": False,
    "pool.upsample2d(factor)": 2,
    "reduce.log_softmax(axis)": -1,
    "reduce.max(keepdims)": False,
    "reduce.mean(keepdims)": False,
    "reduce.min(keepdims)": False,
    "reduce.softmax(axis)": -1,
    "reduce.sum(keepdims)": False,
    "reduce.var(keepdims)": False,
    "shape.concatenate(axis)": 0,
    "shape.pad(value)": 0.0,
    "shape.stack(axis)": 0,
    "tensor.Tensor(requires_grad)": False,
    "window.paddings(axes)": 2,
}


def test_the_numbers_with_names():
    assert constants("tinygan.autograd") == CONSTANTS


def test_the_defaults():
    assert defaults("tinygan.autograd") == DEFAULTS
