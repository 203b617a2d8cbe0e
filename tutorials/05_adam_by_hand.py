# %% [markdown]
# # 05 Adam by hand
#
# You will write SGD, momentum and Adam yourself, watch them walk down a narrow valley, and see that your Adam and the
# library's are the same, step for step. A few seconds to run.
#
# ![Three maps of a long narrow valley, each with a path that begins at the upper left. SGD's path jumps from wall to
# wall and has a third of its way still to go; momentum's jumps farther, overshoots and swings around the lowest
# point; Adam's turns into the valley and follows it](images/05_adam_by_hand.png)
#
# A gradient says which way is down, *here*. How far to go is another question, and the three answer it differently.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

# %% [markdown]
# ## A narrow valley
#
# Two numbers to learn, $a$ and $b$, and a loss that is a hundred times steeper in $b$ than in $a$:
#
# $$\text{loss} = \tfrac12 (a^2 + 100\, b^2)$$
#
# Losses of networks look like this: some weights matter a lot, others hardly. The lowest point is at (0, 0).


# %%
def loss(p):
    a, b = p[0], p[1]
    return 0.5 * (a * a + 100 * b * b)


START = np.array([-4.0, 0.5])


def gradient(p):
    p = tg.Tensor(p, requires_grad=True)
    return tg.to_numpy(tg.grad(loss(p), [p])[0])


print("loss at the start", loss(START), "   its gradient", gradient(START))

# %% [markdown]
# The way to the lowest point is 4 to the right and a half down. The gradient says: $-4$ in $a$ and $50$ in $b$. Its
# negative points down the wall, not along the valley.
#
# ## SGD: go down
#
# $$p \leftarrow p - \text{lr} \cdot g$$
#
# **Predict, then run.** In $b$, a step multiplies the distance by $1 - 100\,\text{lr}$. In $a$, by $1 - \text{lr}$.
# What happens with lr = 0.021? And how far does $a$ come in 60 steps with lr = 0.019?


# %%
def walk(rule, steps=60):
    """The path from START: `rule(g, t)` says what is to be subtracted in step t = 1, 2, ..."""
    path = [START]
    for t in range(1, steps + 1):
        path.append(path[-1] - rule(gradient(path[-1]), t))
    return np.array(path)


for lr in (0.021, 0.019):
    path = walk(lambda g, t, lr=lr: lr * g)
    print(f"lr = {lr}: after 60 steps a = {path[-1][0]:.3f}, b = {path[-1][1]:.3f}, loss {loss(path[-1]):.3f}")

# %% [markdown]
# Above 0.02, $b$ jumps farther each time: the loss explodes. Just below, $b$ jumps from wall to wall, and $a$ creeps:
# after 60 steps a third of the way is still to go. One learning rate has to serve both, and the steepest direction
# decides.
#
# ## Momentum: remember where you were going
#
# $$v \leftarrow \mu v + g, \qquad p \leftarrow p - \text{lr} \cdot v$$
#
# Jumps from wall to wall cancel in $v$. What points the same way each time adds up, to $1/(1-\mu)$ times a single
# step: ten times for $\mu = 0.9$.


# %%
class Momentum:
    def __init__(self, lr, mu):
        self.lr, self.mu, self.v = lr, mu, 0.0

    def __call__(self, g, t):
        self.v = self.mu * self.v + g
        return self.lr * self.v


path = walk(Momentum(0.019, 0.9))
print(f"after 60 steps a = {path[-1][0]:.3f}, b = {path[-1][1]:.3f}, loss {loss(path[-1]):.3f}")

# %% [markdown]
# ## Adam: a step size for each number
#
# Adam (Kingma and Ba, 2015) keeps two running means for each number: $m$ of the gradient, $v$ of its square.
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1-\beta_2)\, g^2$$
#
# $\sqrt v$ is the usual size of this number's gradient, so $m / \sqrt v$ has no scale: it is near $\pm 1$ when the
# gradients agree and near 0 when they contradict each other. The learning rate now means what one wants it to mean:
# **how far a number moves in a step, at most about**.
#
# Both begin at 0, so at first they are too small. After $t$ steps with the same gradient, $m = (1 - \beta_1^t)\, g$.
# That factor is known, and is divided out. It is the *bias correction*:
#
# $$\hat m = \frac{m}{1-\beta_1^t}, \qquad \hat v = \frac{v}{1-\beta_2^t}, \qquad
# p \leftarrow p - \text{lr}\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$


# %%
class Adam:
    def __init__(self, lr, betas=(0.5, 0.999), eps=1e-8, corrected=True):
        self.lr, self.betas, self.eps, self.corrected = lr, betas, eps, corrected
        self.m = self.v = 0.0

    def __call__(self, g, t):
        beta1, beta2 = self.betas
        self.m = beta1 * self.m + (1 - beta1) * g
        self.v = beta2 * self.v + (1 - beta2) * g**2
        m, v = self.m, self.v
        if self.corrected:
            m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        return self.lr * m / (np.sqrt(v) + self.eps)


# %% [markdown]
# **Predict, then run.** In the first step, $t = 1$. The gradients are $-4$ and $50$. How far will Adam with lr = 0.1
# move each of the two numbers? And without the correction?

# %%
g = gradient(START)
print("gradient           ", g)
print("first step         ", Adam(0.1)(g, 1))
print("without correction ", Adam(0.1, corrected=False)(g, 1))
print("the two factors for beta 0.999, t = 1, 10, 100, 1000:", [round(1 - 0.999**t, 4) for t in (1, 10, 100, 1000)])

# %% [markdown]
# Exactly lr, in both directions: $\hat m = g$ and $\sqrt{\hat v} = |g|$, so only the sign is left. Without the
# correction the first step is 16 times as long: $m$ is half of what it should be, but $v$ a thousandth, and a small
# $v$ makes a long step. A network may not come back from where such steps throw it.
#
# Here are the three paths, sixty steps each.

# %% tags=["picture"]
rules = {
    "SGD, lr 0.019": lambda g, t: 0.019 * g,
    "momentum 0.9, lr 0.019": Momentum(0.019, 0.9),
    "Adam, lr 0.1": Adam(0.1),
}
a, b = np.meshgrid(np.linspace(-4.8, 2.8, 200), np.linspace(-1.1, 1.1, 200))
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), sharey=True)
for one, (name, rule) in zip(axes, rules.items(), strict=True):
    path = walk(rule)
    one.contour(a, b, loss((a, b)), levels=[0.05, 0.5, 2, 5, 10, 20, 40], colors=BLUE, linewidths=0.6, alpha=0.6)
    one.plot(*path.T, color=ORANGE, marker=".", markersize=5, lw=1)
    one.plot(0, 0, marker="x", color="black", ls="none")
    one.set(title=f"{name}: loss {loss(path[-1]):.2g}", xlabel="a")
axes[0].set_ylabel("b")
figure.tight_layout()
plt.show()

# %% [markdown]
# SGD zigzags. Momentum is fast, overshoots, and swings back. Adam leaves the wall and then goes straight along the
# valley. Its steps are short at the end because $v$ still remembers the steep beginning.
#
# Momentum ended lowest here! But we had to find lr = 0.019 first, by knowing the valley. Adam was told nothing about
# it.
#
# **Predict, then run.** We measure the loss in other units, so that all gradients become a hundred times larger (or
# smaller). What becomes of the paths of SGD and Adam?

# %%
for factor in (100.0, 0.01):
    for name, make in (("SGD", lambda: lambda g, t: 0.019 * g), ("Adam", lambda: Adam(0.1))):
        rule = make()
        path = walk(lambda g, t, rule=rule, factor=factor: rule(factor * g, t))
        print(f"gradients times {factor:<6}   {name:5} ends at a = {path[-1][0]:.3g}, b = {path[-1][1]:.3g}")

# %% [markdown]
# To Adam it makes no difference at all. In a GAN this matters: the gradients that reach G come through D, and as D
# learns, their size changes (tutorial 06). No one step size of SGD fits them all.
#
# A GAN is also why tinygan's default is $\beta_1 = 0.5$ and not the usual 0.9. The loss of one player moves whenever
# the other one does, and a long memory overshoots, as momentum did above. DCGAN's authors (Radford et al., 2016)
# found that 0.9 made the training oscillate, and 0.5 helped.
#
# **Exercise.** Let Adam walk with betas (0.9, 0.999), and with (0.5, 0.9). Which comes closest in 60 steps, and why?
#
# **Exercise** (graded). Write Adam for arrays: `python -m tinygan.check ex06`.
#
# ## The same in tinygan
#
# The library's Adam keeps $m$ and $v$ of all parameters in two long arrays, and takes the constant factors out of the
# loop (`tinygan/optim.py`). The numbers must be the same. We let both take 500 steps with the same noisy gradients.

# %%
rng = np.random.default_rng(0)
W, b = rng.normal(size=(3, 2)), rng.normal(size=2)
parameters = [tg.Tensor(W, requires_grad=True), tg.Tensor(b, requires_grad=True)]
theirs = tg.optim.Adam(parameters, lr=0.01, betas=(0.5, 0.999))
ours = Adam(0.01), Adam(0.01)
for t in range(1, 501):
    gW, gb = W + rng.normal(size=(3, 2)), b + 100 * rng.normal(size=2)
    W, b = W - ours[0](gW, t), b - ours[1](gb, t)
    theirs.step([tg.Tensor(gW), tg.Tensor(gb)])

print("b by hand   ", b)
print("b by tinygan", tg.to_numpy(parameters[1]))
assert np.allclose(W, tg.to_numpy(parameters[0]), rtol=1e-10, atol=1e-12)
assert np.allclose(b, tg.to_numpy(parameters[1]), rtol=1e-10, atol=1e-12)
print("the mini Adam and tg.optim.Adam agree over 500 steps")
