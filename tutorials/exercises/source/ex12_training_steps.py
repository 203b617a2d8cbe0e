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
from tinygan import Tensor, grad, losses

POINTS = 5
HINTS = (
    "Write each step as: samples, logits, the gradient by the logits (ex11), the gradients by the weights (ex05).",
    "By the logits: (sigmoid - 1) / N where D(.) should be 1, and sigmoid / N where it should be 0. D's gradient is "
    "the sum of both halves.",
    "In G's step the gradient by the fakes is np.outer(g_logits, D['w']); G is then a dense layer with input z.",
)


def play(G, D, real, z, lr, learns, loss="ns", player="discriminator", sign=1, exchanged=False, frozen=()):
    """One step of the library's engine for the networks in `learns`."""
    nets = {key: {k: Tensor(a, requires_grad=True) for k, a in net.items()} for key, net in (("G", G), ("D", D))}
    logit = lambda x: (x * nets["D"]["w"]).sum(axis=1) + nets["D"]["b"]
    fake = logit(Tensor(z) @ nets["G"]["w"] + nets["G"]["b"])
    pair = (logit(Tensor(real)), fake)[:: -1 if exchanged else 1]
    value = losses.get(loss).discriminator(*pair) if player == "discriminator" else losses.get(loss).generator(fake)
    params = [(net, k, nets[key][k]) for key, net in (("G", G), ("D", D)) if key in learns for k in net]
    for (net, k, _), g in zip(params, grad(value, [p for *_, p in params]), strict=True):
        net[k] -= sign * lr * g.data


def d_step(**options):
    return lambda G, D, real, z, lr: play(G, D, real, z, lr, **{"learns": "D", **options})


def g_step(**options):
    return lambda G, D, z, lr: play(G, D, z[:, :1] * D["w"], z, lr, **{"learns": "G", "player": "generator", **options})


MISTAKES = {
    "discriminator_step": {
        "D's loss reaches G: the fakes are data in D's step (detach them), and G stays": d_step(learns="GD"),
        "D goes uphill: subtract lr times the gradient": d_step(sign=-1),
        "real and fake are exchanged: D's logits should be large for real": d_step(exchanged=True),
        "G learns in D's step, and D does not": d_step(learns="G"),
    },
    "generator_step": {
        "D changes in G's step: the gradient passes through D, and D stays": g_step(learns="GD"),
        "G goes uphill: subtract lr times the gradient": g_step(sign=-1),
        "this is the minimax loss: G minimises -ln D(fake), not ln(1 - D(fake))": g_step(loss="mm"),
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
