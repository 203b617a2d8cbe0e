"""ex06 Adam: one step of the optimiser.

Adam (Kingma and Ba, ICLR 2015, algorithm 1) keeps two moving averages for each weight: m of the gradient and
v of its square. Both begin at 0, and so are too small at first; a division mends that:

    m = beta1 m + (1 - beta1) g            mhat = m / (1 - beta1^t)
    v = beta2 v + (1 - beta2) g^2          vhat = v / (1 - beta2^t)
    w = w - lr mhat / (sqrt(vhat) + eps)

t counts the steps and is 1 in the first.
"""

import numpy as np


def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """The new w, m and v. Arrays w, g, m, v of one shape; t, lr, beta1, beta2 and eps are numbers."""
    # BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * mhat / (np.sqrt(vhat) + eps), m, v
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, optim
from tinygan.testing import GradcheckError

POINTS = 3
HINTS = (
    "Five lines, one for each formula, in their order; return w, m and v, in this order.",
    "mhat and vhat are used for w alone: what is returned and comes back in the next step is m and v.",
    "mhat = m / (1 - beta1**t) and vhat = v / (1 - beta2**t); w - lr * mhat / (np.sqrt(vhat) + eps).",
)


def right(w, g, m, v, t, lr, beta1, beta2, eps):
    weights = Tensor(w, requires_grad=True)
    adam = optim.Adam([weights], lr, (beta1, beta2), eps)
    adam.load_state_dict({"t": np.array(t - 1), "m": m / (1 - beta1), "v": v / (1 - beta2)})
    adam.step([Tensor(g)])
    return weights.data, (1 - beta1) * adam.m, (1 - beta2) * adam.v


def averages(g, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


def uncorrected(w, g, m, v, t, lr, beta1, beta2, eps):
    m, v = averages(g, m, v, beta1, beta2)
    return w - lr * m / (np.sqrt(v) + eps), m, v


def no_power(w, g, m, v, t, lr, beta1, beta2, eps):
    m, v = averages(g, m, v, beta1, beta2)
    return w - lr * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), m, v


def eps_inside(w, g, m, v, t, lr, beta1, beta2, eps):
    m, v = averages(g, m, v, beta1, beta2)
    return w - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


def corrected_kept(w, g, m, v, t, *options):
    w, m, v = right(w, g, m, v, t, *options)
    return w, m / (1 - options[1] ** t), v / (1 - options[2] ** t)


def no_square(w, g, m, v, t, lr, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g
    return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


MISTAKES = {
    "adam_step": {
        "the correction is missing: m and v begin at 0, so use m / (1 - beta1^t) and v / (1 - beta2^t)": uncorrected,
        "the power t is missing in the correction: 1 - beta1**t, not 1 - beta1": no_power,
        "eps stands under the root: it is added to the root": eps_inside,
        "mhat and vhat are returned: m and v go on as they are, without the correction": corrected_kept,
        "v averages g, not its square": no_square,
        "w goes uphill: subtract the step": lambda w, *rest: (2 * w - right(w, *rest)[0], *right(w, *rest)[1:]),
    }
}


def four_steps(f):
    def run(w, gs, lr, beta1, beta2, eps):
        w, m, v, after = w.copy(), np.zeros_like(w), np.zeros_like(w), {}
        for t, g in enumerate(gs, start=1):
            result = f(w, g.copy(), m, v, t, lr, beta1, beta2, eps)
            if result is None:
                return None
            if not isinstance(result, tuple | list) or len(result) != 3:
                raise GradcheckError("adam_step must return three things: w, m and v")
            w, m, v = result
            after |= {f"{name} after step {t}": np.array(a) for name, a in (("m", m), ("v", v), ("w", w))}
        return after

    return run


def check(exam):
    n = exam.sizes(1)[0]
    w, gs = exam.rng.normal(size=n), exam.rng.normal(size=(4, n))
    exam.values("adam_step", right, w, gs, 0.1, 0.5, 0.9, 0.01, through=four_steps)
