"""What this part has decided: a number or a default that changes changes what its users get, and is noted here."""

from decided import defaults

DEFAULTS = {
    "activations.LeakyReLU(slope)": 0.2,
    "activations.Softmax(axis)": -1,
    "conv.AvgPool2D(size)": 2,
    "conv.Conv1D(bias)": True,
    "conv.Conv1D(padding)": 0,
    "conv.Conv1D(stride)": 1,
    "conv.Conv2D(bias)": True,
    "conv.Conv2D(padding)": 0,
    "conv.Conv2D(stride)": 1,
    "conv.ConvTranspose2D(bias)": True,
    "conv.ConvTranspose2D(output_padding)": 0,
    "conv.ConvTranspose2D(padding)": 0,
    "conv.ConvTranspose2D(stride)": 1,
    "conv.MaxPool2D(size)": 2,
    "conv.UpSample2D(factor)": 2,
    "discrete.GumbelSoftmax(hard)": False,
    "discrete.GumbelSoftmax(temperature)": 1.0,
    "init.he(slope)": 0.0,
    "init.normal(std)": 0.02,
    "linear.Dense(bias)": True,
    "linear.new_weight(output_axis)": -1,
    "minibatch.MinibatchStd(eps)": 1e-08,
    "module.Module.modules(prefix)": "",
    "module.Module.train(on)": True,
    "normalise.BatchNorm(eps)": 1e-05,
    "normalise.BatchNorm(momentum)": 0.9,
    "normalise.ConditionalBatchNorm(eps)": 1e-05,
    "normalise.ConditionalBatchNorm(momentum)": 0.9,
    "residual.Residual(scale)": 1.0,
    "samplewise.GroupNorm(affine)": True,
    "samplewise.GroupNorm(eps)": 1e-05,
    "samplewise.InstanceNorm(affine)": False,
    "samplewise.InstanceNorm(eps)": 1e-05,
    "samplewise.LayerNorm(eps)": 1e-05,
    "samplewise.PixelNorm(eps)": 1e-08,
}


def test_the_defaults():
    assert defaults("tinygan.nn") == DEFAULTS
