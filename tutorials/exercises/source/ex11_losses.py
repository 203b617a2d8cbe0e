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
    # BEGIN SOLUTION
    loss = np.mean(np.logaddexp(0, -x)) + np.mean(np.logaddexp(0, u))
    return loss, (0.5 * np.tanh(x / 2) - 0.5) / len(x), (0.5 * np.tanh(u / 2) + 0.5) / len(u)
    # END SOLUTION


def ns_generator(u):
    """loss, gu (N,)"""
    # BEGIN SOLUTION
    return np.mean(np.logaddexp(0, -u)), (0.5 * np.tanh(u / 2) - 0.5) / len(u)
    # END SOLUTION


def lsgan_discriminator(x, u):
    """loss, gx (N,), gu (N,)"""
    # BEGIN SOLUTION
    return np.mean((x - 1) ** 2) + np.mean(u**2), 2 * (x - 1) / len(x), 2 * u / len(u)
    # END SOLUTION


def lsgan_generator(u):
    """loss, gu (N,)"""
    # BEGIN SOLUTION
    return np.mean((u - 1) ** 2), 2 * (u - 1) / len(u)
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, grad, losses

POINTS = {"ns_discriminator": 1, "ns_generator": 1, "lsgan_discriminator": 1, "lsgan_generator": 1}
HINTS = (
    "-ln sigmoid(x) = softplus(-x) and -ln(1 - sigmoid(u)) = softplus(u), with ex04's softplus.",
    "The derivative of softplus(u) is sigmoid(u), and of softplus(-x) it is sigmoid(x) - 1. A mean divides by N.",
    "np.logaddexp(0, u) is a softplus that does not overflow, and 0.5 + 0.5 * np.tanh(u / 2) such a sigmoid. LSGAN's "
    "gradients are 2 (x - 1) / N, 2 u / N and, for G, 2 (u - 1) / N.",
)


def right(name, player):
    def both(*logits):
        logits = [Tensor(each, requires_grad=True) for each in logits]
        loss = getattr(losses.get(name), player)(*logits)
        return (loss.data, *(g.data for g in grad(loss, logits)))

    return both


def sums(f):
    return lambda *logits: tuple(a * len(logits[0]) for a in f(*logits))


def only_loss(f, factor):
    return lambda *logits: (f(*logits)[0], *(g * factor(logits) for g in f(*logits)[1:]))


def exchanged(f):
    return lambda x, u: (f(u, x)[0], f(u, x)[2], f(u, x)[1])


def naive_d(x, u):
    p, q = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-u))
    return np.mean(-np.log(p)) + np.mean(-np.log(1 - q)), (p - 1) / len(x), q / len(u)


def naive_g(u):
    p = 1 / (1 + np.exp(-u))
    return np.mean(-np.log(p)), (p - 1) / len(u)


def minimax(u):
    return right("mm", "generator")(u)


NS_D, NS_G = right("ns", "discriminator"), right("ns", "generator")
LS_D, LS_G = right("lsgan", "discriminator"), right("lsgan", "generator")
SUMS, NO_MEAN = "sums are taken: take the mean over the batch", "the gradients lack the mean's 1 / N"
ROUNDED = "a probability is rounded to 0 or 1 before the logarithm: use softplus"
EXCHANGED, HALF = "real and fake are exchanged", "the factor 1/2 is there: here the loss has none"
MISTAKES = {
    "ns_discriminator": {
        ROUNDED: naive_d,
        EXCHANGED: exchanged(NS_D),
        SUMS: sums(NS_D),
        NO_MEAN: only_loss(NS_D, lambda logits: len(logits[0])),
    },
    "ns_generator": {
        ROUNDED: naive_g,
        "this is the minimax loss, whose gradient vanishes where D is sure: G minimises -ln D(u)": minimax,
        SUMS: sums(NS_G),
        NO_MEAN: only_loss(NS_G, lambda logits: len(logits[0])),
    },
    "lsgan_discriminator": {
        EXCHANGED: exchanged(LS_D),
        HALF: lambda x, u: tuple(a / 2 for a in LS_D(x, u)),
        NO_MEAN: only_loss(LS_D, lambda logits: len(logits[0])),
        "the gradients lack the 2 of the square": only_loss(LS_D, lambda logits: 0.5),
    },
    "lsgan_generator": {
        "G pulls the fakes to 0: it wants them taken for real, 1": lambda u: (np.mean(u**2), 2 * u / len(u)),
        HALF: lambda u: tuple(a / 2 for a in LS_G(u)),
        NO_MEAN: only_loss(LS_G, lambda logits: len(logits[0])),
    },
}


def check(exam):
    n = exam.sizes(1)[0]
    x, u, far = exam.rng.normal(size=n), exam.rng.normal(size=n), np.array([-1000.0, 0.0, 1000.0])
    for real, fake in ((x, u), (far, far)):
        exam.values("ns_discriminator", NS_D, real, fake)
        exam.values("ns_generator", NS_G, fake)
        exam.values("lsgan_discriminator", LS_D, real, fake)
        exam.values("lsgan_generator", LS_G, fake)
