"""Layers and networks."""

from tinygan.nn import init
from tinygan.nn.activations import GELU, Flatten, LeakyReLU, ReLU, Reshape, Sigmoid, SiLU, Softmax, Tanh
from tinygan.nn.attention import SelfAttention
from tinygan.nn.conv import AvgPool2D, Conv1D, Conv2D, ConvTranspose2D, MaxPool2D, UpSample2D
from tinygan.nn.discrete import GumbelSoftmax
from tinygan.nn.linear import Dense, Embedding, Maxout
from tinygan.nn.minibatch import MinibatchStd
from tinygan.nn.module import Module, Sequential
from tinygan.nn.normalise import BatchNorm, ConditionalBatchNorm, Dropout, SpectralNorm
from tinygan.nn.residual import Residual
from tinygan.nn.samplewise import GroupNorm, InstanceNorm, LayerNorm, PixelNorm

__all__ = [
    "AvgPool2D",
    "BatchNorm",
    "ConditionalBatchNorm",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GELU",
    "GroupNorm",
    "GumbelSoftmax",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Maxout",
    "MinibatchStd",
    "Module",
    "PixelNorm",
    "ReLU",
    "Reshape",
    "Residual",
    "SelfAttention",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "SpectralNorm",
    "Tanh",
    "UpSample2D",
    "init",
]
