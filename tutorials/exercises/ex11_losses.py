"""ex11 Losses: LSGAN and non-saturating.

The discriminator's logits are x for real and u for fake samples, both (N,); sigmoid(x) = D(x).

    non-saturating   D:  mean of -ln sigmoid(x)  +  mean of -ln(1 - sigmoid(u))      G:  mean of -ln sigmoid(u)
    LSGAN            D:  mean of (x - 1)^2       +  mean of u^2                      G:  mean of (u - 1)^2

(Goodfellow et al., NeurIPS 2014, section 3; Mao et al., ICCV 2017, without the factor 1/2.) Each function returns
the loss and its gradients by the logits. Logits of -1000 and 1000 must do no harm: see ex04.
"""

import numpy as np


def ns_discriminator(x, u):
    """loss, gx (N,), gu (N,)"""
    raise NotImplementedError


def ns_generator(u):
    """loss, gu (N,)"""
    raise NotImplementedError


def lsgan_discriminator(x, u):
    """loss, gx (N,), gu (N,)"""
    raise NotImplementedError


def lsgan_generator(u):
    """loss, gu (N,)"""
    raise NotImplementedError
