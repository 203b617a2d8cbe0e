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
    # BEGIN SOLUTION
    fake = generate(G, z)
    g_real = (sigmoid(logits(D, real)) - 1) / len(real)
    g_fake = sigmoid(logits(D, fake)) / len(fake)
    D["w"] -= lr * (real.T @ g_real + fake.T @ g_fake)
    D["b"] -= lr * (g_real.sum() + g_fake.sum())
    # END SOLUTION


def generator_step(G, D, z, lr):
    """Change G["w"] and G["b"] by one step on  mean of -ln D(fake).  Returns nothing."""
    # BEGIN SOLUTION
    g_logits = (sigmoid(logits(D, generate(G, z))) - 1) / len(z)
    g_fake = np.outer(g_logits, D["w"])
    G["w"] -= lr * z.T @ g_fake
    G["b"] -= lr * g_fake.sum(axis=0)
    # END SOLUTION


# BEGIN SPEC
from tinygan import Tensor, grad, losses, ops

POINTS = {"discriminator_step": 3, "generator_step": 2}
HINTS = (
    "Write each step as: samples, logits, the gradient by the logits (ex11), the gradients by the weights (ex05).",
    "By the logits: (sigmoid - 1) / N where D(.) should be 1, and sigmoid / N where it should be 0. D's gradient is "
    "the sum of both halves.",
    "In G's step the gradient by the fakes is g_fake = np.outer(g_logits, D['w']); G is then a dense layer with input "
    "z: z.T @ g_fake, and g_fake.sum(axis=0).",
)


def play(G, D, real, z, lr, learns, loss, sign=1, only="wb"):
    """One step of the library's engine for the networks in `learns`, and of these only for some arrays."""
    nets = {key: {k: Tensor(a, requires_grad=True) for k, a in net.items()} for key, net in (("G", G), ("D", D))}
    logit = lambda x: (x * nets["D"]["w"]).sum(axis=1) + nets["D"]["b"]
    fake = logit(Tensor(z) @ nets["G"]["w"] + nets["G"]["b"])
    params = [(net, k, nets[key][k]) for key, net in (("G", G), ("D", D)) if key in learns for k in only]
    value = loss(logit(Tensor(real)), fake)
    for (net, k, _), g in zip(params, grad(value, [p for *_, p in params]), strict=True):
        net[k] -= sign * lr * g.data


ns, mm = losses.get("ns"), losses.get("mm")
should_be_1, should_be_0 = (lambda logits: ops.softplus(-logits)), ops.softplus  # -ln D and -ln(1 - D)


def d_step(loss=ns.discriminator, **options):
    return lambda G, D, real, z, lr: play(G, D, real, z, lr, **{"learns": "D", "loss": loss, **options})


def g_step(loss=ns.generator, **options):
    only_fakes = lambda real, fake: loss(fake)
    rate = options.pop("rate", lambda lr: lr)
    options = {"learns": "G", "loss": only_fakes, **options}
    return lambda G, D, z, lr: play(G, D, z[:, :1] * D["w"], z, rate(lr), **options)


MISTAKES = {
    "discriminator_step": {
        "D's loss reaches G: the fakes are data in D's step (detach them), and G stays": d_step(learns="GD"),
        "D goes uphill: subtract lr times the gradient": d_step(sign=-1),
        "real and fake are exchanged: D's logits should be large for real": d_step(lambda r, f: ns.discriminator(f, r)),
        "G learns in D's step, and D does not": d_step(learns="G"),
        "the losses of the batch are summed: take the mean of the reals' and the mean of the fakes'": d_step(
            lambda r, f: should_be_1(r).sum() + should_be_0(f).sum()
        ),
        "one mean is taken over reals and fakes together: it is the sum of two means": d_step(
            lambda r, f: ns.discriminator(r, f) * 0.5
        ),
        "the fakes are missing: D's loss has a half for the reals and one for the fakes": d_step(
            lambda r, f: should_be_1(r).mean()
        ),
        "the reals are missing: D's loss has a half for the reals and one for the fakes": d_step(
            lambda r, f: should_be_0(f).mean()
        ),
        "the fakes are labelled 1 in D's step: D should call them 0": d_step(
            lambda r, f: should_be_1(r).mean() + should_be_1(f).mean()
        ),
        "D['b'] does not learn: it has a gradient as well": d_step(only="w"),
    },
    "generator_step": {
        "D changes in G's step: the gradient passes through D, and D stays": g_step(learns="GD"),
        "D learns in G's step, and G does not": g_step(learns="D"),
        "G goes uphill: subtract lr times the gradient": g_step(sign=-1),
        "this is the minimax loss: G minimises -ln D(fake), not ln(1 - D(fake))": g_step(mm.generator),
        "the fakes are labelled 0 in G's step: G wants D to call them real, 1": g_step(lambda f: should_be_0(f).mean()),
        "the losses of the batch are summed: take their mean": g_step(lambda f: should_be_1(f).sum()),
        "the step lacks the factor lr: w -= lr * gw": g_step(rate=lambda lr: 1.0),
        "G['b'] does not learn: it has a gradient as well": g_step(only="w"),
    },
}


def after(f, first, G, D, *more):
    old = {key: {k: a.copy() for k, a in net.items()} for key, net in (("G", G), ("D", D))}
    f(G, D, *more)
    other = "D" if first == "G" else "G"
    nets = {"G": G, "D": D}
    moved = sum(int(np.sum(nets[other][k] != old[other][k])) for k in old[other])
    return {f"the count of {other}'s numbers that changed": moved, **{f"{first}[{k!r}]": nets[first][k] for k in "wb"}}


def check(exam):
    n, j, k = exam.sizes(3)
    normal = exam.rng.normal
    G, D = {"w": normal(size=(j, k)), "b": normal(size=k)}, {"w": normal(size=k), "b": normal(size=())}
    real, z = normal(size=(n, k)), normal(size=(n, j))
    d_through = lambda f: lambda G, D, real, z, lr: after(f, "D", G, D, real, z, lr)
    g_through = lambda f: lambda G, D, z, lr: after(f, "G", G, D, z, lr)
    exam.values("discriminator_step", d_step(), G, D, real, z, 0.5, through=d_through)
    exam.values("generator_step", g_step(), G, D, z, 0.5, through=g_through)
