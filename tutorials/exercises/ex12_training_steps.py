"""ex12 The two training steps: who learns when.

A whole GAN of two layers. G makes samples of K numbers from noise of J numbers, D gives each sample a logit:

    fake = z @ G["w"] + G["b"]            z (N, J), G["w"] (J, K), G["b"] (K,)
    logit = x @ D["w"] + D["b"]           x (N, K), D["w"] (K,),   D["b"] a number

Both play with the non-saturating loss of ex11 and learn by w -= lr * gw. In D's step the fakes are data like
any other (they are *detached*): G must stay as it is, bit for bit. In G's step D is passed through, and stays.
"""

import numpy as np


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


def generate(G, z):
    return z @ G["w"] + G["b"]


def logits(D, x):
    return x @ D["w"] + D["b"]


def discriminator_step(G, D, real, z, lr):
    """Change D["w"] and D["b"] by one step on  mean of -ln D(real) + mean of -ln(1 - D(fake)).  Returns nothing."""
    raise NotImplementedError


def generator_step(G, D, z, lr):
    """Change G["w"] and G["b"] by one step on  mean of -ln D(fake).  Returns nothing."""
    raise NotImplementedError
