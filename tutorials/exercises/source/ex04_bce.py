"""ex04 BCE from logits, without overflow.

A discriminator gives a logit x, any real number; sigmoid(x) = 1 / (1 + exp(-x)) is the probability of "real".
Binary cross-entropy with targets t in [0, 1], the mean over all numbers, is

    bce = mean of  -t ln(sigmoid(x)) - (1 - t) ln(1 - sigmoid(x))  =  mean of  softplus(x) - t x

with softplus(x) = ln(1 + exp(x)). exp(1000) is too large for a float: find forms that only ever take exp of
numbers that are not positive. Every function must be right for x = -1000 and x = 1000 as well.
"""

import numpy as np


def softplus(x):
    """ln(1 + exp(x)), of x's shape."""
    # BEGIN SOLUTION
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    # END SOLUTION


def softplus_backward(gy, x):
    """The gradient gx for the upstream gradient gy, all of one shape."""
    # BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    return gy * np.where(x > 0, 1, e) / (1 + e)
    # END SOLUTION


def bce(x, t):
    """The mean binary cross-entropy, one number, of logits x and targets t of the same shape."""
    # BEGIN SOLUTION
    return np.mean(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) - t * x)
    # END SOLUTION


def bce_backward(gy, x, t):
    """The gradient gx, of x's shape; gy, the gradient by the mean, is one number."""
    # BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    return gy * (np.where(x > 0, 1, e) / (1 + e) - t) / x.size
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, ops

POINTS = {"softplus": 1, "softplus_backward": 1, "bce": 1, "bce_backward": 1}
HINTS = (
    "For large x, softplus(x) is nearly x; for very negative x it is nearly 0. Pull that part out of the logarithm.",
    "ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(-|x|)). Its derivative is sigmoid(x), which needs two forms as well: "
    "1 / (1 + e) for x > 0 and e / (1 + e) else, with e = exp(-|x|).",
    "bce = np.mean(softplus(x) - t * x); its gradient is gy * (sigmoid(x) - t) / x.size.",
)


def sigmoid(x):
    return ops.sigmoid(Tensor(x)).data


def right_softplus(x):
    return ops.softplus(Tensor(x)).data


def right_bce(x, t):
    return ops.bce_with_logits(Tensor(x), t).data


def from_probabilities(x, t):
    p = 1 / (1 + np.exp(-x))
    return np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p))


MISTAKES = {
    "softplus": {
        "exp(x) overflows for large x: pull max(x, 0) out, and exp gets -|x|": lambda x: np.log(1 + np.exp(x)),
        "max(x, 0) alone is ReLU: the logarithm of 1 + exp(-|x|) is missing": lambda x: np.maximum(x, 0),
        "this is softplus(-x): a sign is the wrong way round": lambda x: right_softplus(-x),
    },
    "softplus_backward": {
        "exp(x) / (1 + exp(x)) is inf / inf for large x: use exp(-|x|)": lambda gy, x: gy * np.exp(x) / (1 + np.exp(x)),
        "this is sigmoid(-x): a sign is the wrong way round": lambda gy, x: gy * sigmoid(-x),
        "s (1 - s) is the derivative of sigmoid; softplus's is s itself": lambda gy, x: gy * sigmoid(x) * sigmoid(-x),
    },
    "bce": {
        "far from 0 a logarithm is given 0 or inf: use a softplus that is right there": from_probabilities,
        "the cross-entropies are summed: take the mean": lambda x, t: right_bce(x, t) * x.size,
        "targets 1 and 0 are exchanged: softplus(x) - t x is small where x is large and t is 1": lambda x, t: right_bce(
            x, 1 - t
        ),
    },
    "bce_backward": {
        "the mean's 1 / x.size is missing": lambda gy, x, t: gy * (sigmoid(x) - t),
        "the targets are taken from the logits: take them from sigmoid(x)": lambda gy, x, t: gy * (x - t) / x.size,
        "s (1 - s) is one factor too many: it cancels in the cross-entropy": lambda gy, x, t: (
            gy * (sigmoid(x) - t) * sigmoid(x) * sigmoid(-x) / x.size
        ),
    },
}


def check(exam):
    x = exam.rng.normal(size=exam.sizes(2))
    t, far = exam.rng.uniform(size=x.shape), np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    right_backward = lambda gy, x: gy * sigmoid(x)
    right_bce_backward = lambda gy, x, t: gy * (sigmoid(x) - t) / x.size
    for place in (x, far):
        exam.values("softplus", right_softplus, place)
    exam.gradient("softplus_backward", right_softplus, x)
    exam.values("softplus_backward", right_backward, exam.rng.normal(size=far.shape), far)
    half = np.full(far.shape, 0.5)
    exam.values("bce", right_bce, x, t)
    exam.values("bce", right_bce, far, half)
    through = lambda f: lambda gy, x: f(gy, x, t)
    exam.gradient("bce_backward", lambda x: right_bce(x, t), x, through=through)
    exam.values("bce_backward", right_bce_backward, 1.5, far, half)
