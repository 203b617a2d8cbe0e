# %% [markdown]
# # 07 The smallest GAN, and where its game ends
#
# Your own engine trains a GAN of five numbers. You will find out what the best possible discriminator is, and where
# the game comes to rest. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Three moments of the game: at first the fakes are a narrow hill at the left of the data and D rises towards the
# data; then the fakes have run past the data; at the end both hills are one and D is flat at one half. Right: b
# overshoots 0 and settles there, w settles at 1, D's loss at 2 ln 2.](images/07_smallest_gan.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from my_engine import Adam, Tensor, gradients, mean, sigmoid, softplus  # what you wrote in 01 to 05

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## Five numbers
#
# The data are single numbers from the normal distribution: mean 0, width (standard deviation) 1. The generator takes z
# from the same distribution, and returns $G(z) = w z + b$. It can shift and stretch, no more. It begins with the width
# 0.5 at the place $-2$, and it has to find $b = 0$ and $w = 1$.
#
# The discriminator's logit is a parabola. You'll soon see why that is enough.


# %%
def G(z, w, b):
    return w * z + b


def D(x, c0, c1, c2):
    return c0 + c1 * x + c2 * x * x


def new_players():
    """The numbers of G and those of D."""
    return [Tensor(0.5), Tensor(-2.0)], [Tensor(0.0), Tensor(0.0), Tensor(0.0)]


def loss_of_d(real, fake, d):
    """Its surprise at real samples, and at fakes."""
    return mean(softplus(-1.0 * D(real, *d))) + mean(softplus(D(fake, *d)))


def loss_of_g(fake, d):
    """The non-saturating one of tutorial 06: be taken for real."""
    return mean(softplus(-1.0 * D(fake, *d)))


# %% [markdown]
# ## The best discriminator
#
# Let the generator stand still. Where data are common and fakes are rare, D should say "real". How sure should it be?
# If three samples near a place are real and one is a fake, the best answer is "three quarters". Now let $p(x)$ say how
# densely the data lie at $x$, and $q(x)$ how densely the fakes do:
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)} = \frac{1}{1 + q(x) / p(x)} = \sigma(\ln p(x) - \ln q(x))$$
#
# The logarithm of a normal density is a parabola, so here the best logit, $\ln p - \ln q$, is a parabola, too.
#
# **Predict, then run.** Sketch $p$ (a hill at 0) and $q$ (half as wide, twice as high, at $-2$), and then $D^*$. What
# should D say at $-2$? At 3, far to the right? And far to the *left* of all fakes, at $-5$?

# %% tags=["hide-output"]
g, d = new_players()
adam = Adam(d, lr=0.05)
for _ in range(2000):
    real, fake = Tensor(rng.normal(size=256)), G(Tensor(rng.normal(size=256)), *g)
    adam.step(gradients(loss_of_d(real, Tensor(fake.data), d), d))

line = np.linspace(-5, 4, 181)


def density(x, mean, width):
    return np.exp(-(((x - mean) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))


p, q = density(line, 0, 1), density(line, -2, 0.5)
best, learnt = p / (p + q), sigmoid(D(Tensor(line), *d)).data
print("D at -2, 3 and -5:", [float(round(learnt[np.abs(line - x).argmin()], 2)) for x in (-2, 3, -5)])
print(f"mean distance |D - D*| where there are samples: {np.average(np.abs(learnt - best), weights=p + q):.4f}")
assert np.average(np.abs(learnt - best), weights=p + q) < 0.02

plt.figure(figsize=(6, 3.3))
plt.fill_between(line, p, color=BLUE, alpha=0.25, lw=0, label="data p")
plt.fill_between(line, q, color=ORANGE, alpha=0.35, lw=0, label="fakes q")
plt.plot(line, best, color=GREY, lw=4, alpha=0.5, label="p / (p + q)")
plt.plot(line, learnt, "--", color=BLUE, lw=1.8, label="learnt D")
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# Your engine found the best D. And far to the left it says "real"! The fakes are narrower than the data, so out there
# even a rare real sample is more likely than a fake. (It's less sure than $D^*$, as hardly any sample turned up there.)
#
# ## What D's loss measures
#
# If you put $D^*$ into D's loss, you get $2 \ln 2 - 2\,\mathrm{JS}(p, q)$. JS is the *Jensen-Shannon divergence* (its
# formula is in the next cell): 0 if the two distributions are equal, and $\ln 2$ if they never overlap. So the loss of
# a good discriminator tells how far apart data and fakes are. Let's check the formula with numbers.

# %%
middle, dx = (p + q) / 2, line[1] - line[0]
js = dx * (p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2
many = loss_of_d(Tensor(rng.normal(size=50_000)), G(Tensor(rng.normal(size=50_000)), *g), d).data
print(f"2 ln 2 - 2 JS = {2 * np.log(2) - 2 * js:.3f}     D's loss = {many:.3f}")
assert abs(many - 2 * np.log(2) + 2 * js) < 0.02

# %% [markdown]
# **Exercise.** What is $D^*$, and what is its loss, when the generator is perfect, $q = p$?
#
# <details><summary>Answer</summary>
#
# $D^* = 1/2$ everywhere, and all its logits are 0. JS is 0, so the loss is $2 \ln 2 = 1.386$.
#
# </details>
#
# ## The game
#
# Now both move in turn, straight downhill as in tutorial 03. Where $q = p$ and $D = 1/2$, as in the last answer,
# neither can gain anything by moving. This is the game's **equilibrium**.
#
# **Predict, then run.** Will they get there? Directly, or with a detour? And will D's loss fall?


# %% tags=["hide-output"]
def descend(player, loss):
    for n, slope in zip(player, gradients(loss, player), strict=True):
        n.data = n.data - 0.1 * slope.data


rng = np.random.default_rng(1)
(g, d), history = new_players(), []
for step in range(1001):
    real, fake = Tensor(rng.normal(size=256)), G(Tensor(rng.normal(size=256)), *g)
    loss_d = loss_of_d(real, Tensor(fake.data), d)
    history.append([float(v.data) for v in (*g, *d, loss_d)])
    if step in (0, 5, 20, 75, 100, 200, 1000):
        print("step {:4}:  w {:+.2f}  b {:+.2f}    loss of D {:.3f}".format(step, *history[-1][:2], history[-1][-1]))
    descend(d, loss_d)
    descend(g, loss_of_g(fake, d))

# %% tags=["picture", "hide-output"]
figure, axes = plt.subplots(1, 4, figsize=(13, 3.3), layout="constrained")
for one, step in zip(axes, (5, 75, 1000), strict=False):
    w, b, *numbers, _ = history[step]
    one.fill_between(line, p, color=BLUE, alpha=0.25, lw=0, label="data")
    one.fill_between(line, density(line, b, abs(w)), color=ORANGE, alpha=0.35, lw=0, label="fakes")
    one.plot(line, sigmoid(D(Tensor(line), *numbers)).data, "--", color=BLUE, label="D(x)")
    one.set(title=f"step {step}", ylim=(-0.05, 1.05))
axes[0].legend(fontsize=8)
for i, look, name in ((1, "-", "b"), (0, "--", "w"), (-1, ":", "loss of D")):
    axes[3].plot(np.array(history)[:300, i], look, color=BLUE if i == -1 else ORANGE, label=name)
axes[3].set(title="the whole way", xlabel="step")
axes[3].legend(fontsize=8)
plt.show()

# %% [markdown]
# They get there. But look at the way: b runs past 0 and comes back. And look at D's loss. It falls while the fakes are
# far off, and it's **highest when they are perfect**. (At step 0 it's just as high: D knows nothing yet.) A GAN's loss
# doesn't fall to 0, and a single value of it says little.
#
# **Exercise.** Let the game begin at $w = -0.5$. Where does it end, and is that a failure?
#
# <details><summary>Answer</summary>
#
# At $w = -1$. It's no failure: z and $-z$ are equally likely, so both give the same distribution.
#
# </details>
#
# Does the library play the same game? `G` and `D` are made of `+` and `*`, so they also work with the library's
# Tensors. We take the same start and the same noise, for a hundred steps:

# %%
g, d = ([tg.Tensor(n.data, requires_grad=True) for n in player] for player in new_players())
ns, rng = tg.losses.get("ns"), np.random.default_rng(1)
sgd_g, sgd_d = tg.optim.SGD(g, lr=0.1), tg.optim.SGD(d, lr=0.1)
for step in range(101):
    real, fake = tg.Tensor(rng.normal(size=256)), G(tg.Tensor(rng.normal(size=256)), *g)
    loss_d = ns.discriminator(D(real, *d), D(fake.detach(), *d))
    assert np.allclose([n.item() for n in (*g, *d, loss_d)], history[step], rtol=1e-9, atol=1e-12)
    sgd_d.step(tg.grad(loss_d, d))
    sgd_g.step(tg.grad(ns.generator(D(fake, *d)), g))
print("your GAN and tinygan's agree in all five numbers, over a hundred steps")

# %% [markdown]
# **What to keep.** The best D says $p / (p + q)$. Its loss measures how far apart data and fakes are. The game ends
# where D can only say "one half".
#
# **Next:** 07b asks why b ran past its goal, with an even smaller GAN. Then, in 07c, your engine learns the ring of
# tutorial 00.
