"""Layers and networks."""

from tinygan.nn import init
from tinygan.nn.activations import Flatten, LeakyReLU, ReLU, Reshape, Sigmoid, Softmax, Tanh
from tinygan.nn.conv import AvgPool2D, Conv2D, ConvTranspose2D, MaxPool2D, UpSample2D
from tinygan.nn.linear import Dense, Embedding, Maxout
from tinygan.nn.minibatch import MinibatchStd
from tinygan.nn.module import Module, Sequential
from tinygan.nn.normalise import BatchNorm, Dropout, LayerNorm, SpectralNorm

__all__ = [
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Maxout",
    "MinibatchStd",
    "Module",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SpectralNorm",
    "Tanh",
    "UpSample2D",
    "init",
]
