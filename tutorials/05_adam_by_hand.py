# %% [markdown]
# # 05 Adam by hand
#
# You will watch plain steps downhill fail in a narrow valley, and write Adam, which finds its way along. A few seconds
# to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Three maps of a long narrow valley, each with a path that begins at the upper left. SGD's path jumps from wall to
# wall and has a third of its way still to go; momentum's jumps farther, overshoots and swings around the lowest
# point; Adam's turns into the valley and follows it](images/05_adam_by_hand.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from my_engine import Tensor, gradients, sum_to  # what you wrote in 01 to 03

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

# %% [markdown]
# ## A narrow valley
#
# A gradient says which way is down, *here*. How far to go is another question. Take a loss that is a hundred times
# steeper in $b$ than in $a$:
#
# $$\text{loss} = \tfrac12 (a^2 + 100\, b^2)$$
#
# Networks are like this: some weights matter a lot, others hardly at all.

# %%
START, SCALE = np.array([-4.0, 0.5]), np.array([1.0, 100.0])


def loss(p):
    return 0.5 * sum_to(p * p * SCALE, ())


def gradient(p):
    p = Tensor(p)
    return gradients(loss(p), [p])[0].data


a, b = np.meshgrid(np.linspace(-4.8, 2.8, 200), np.linspace(-1.1, 1.1, 200))


def draw_valley(axes, path=START[None]):
    axes.contour(a, b, (a**2 + 100 * b**2) / 2, levels=[0.05, 0.5, 2, 5, 10, 20, 40], colors=BLUE, linewidths=0.6)
    axes.plot(*path.T, color=ORANGE, marker=".", markersize=5, lw=1)
    axes.plot(0, 0, marker="x", color="black", ls="none")
    axes.set(xlabel="a", ylabel="b")


print("gradient at the start:", gradient(START))
figure, axes = plt.subplots(figsize=(4.6, 2.8))
draw_valley(axes)
axes.plot(*START, "o", color=ORANGE, ms=8)
axes.set_title("from the dot to the cross: how?")
plt.show()

# %% [markdown]
# The gradient is $(a, 100\,b)$, here $(-4, 50)$. So a step against it goes down the wall, not along the valley.
#
# ## SGD: a step downhill
#
# In tutorial 03 you took the plain step, $p \leftarrow p - \text{lr} \cdot g$. It's called SGD (stochastic gradient
# descent), and lr is the *learning rate*.
#
# **Predict, then run.** Such a step multiplies $b$ by $1 - 100\,\text{lr}$, and $a$ by $1 - \text{lr}$. Where are they
# after 60 steps with lr = 0.021? And with 0.019?


# %% tags=["hide-output"]
def walk(rule, steps=60):
    """The path from START: `rule(g)` says what is to be subtracted."""
    path = [START]
    for _ in range(steps):
        path.append(path[-1] - rule(gradient(path[-1])))
    return np.array(path)


for lr in (0.021, 0.019):
    end = walk(lambda g, lr=lr: lr * g)[-1]
    print(f"lr = {lr}: after 60 steps a = {end[0]:.3f}, b = {end[1]:.3f}")

# %% [markdown]
# Above 0.02, $b$ jumps farther each time. Just below, it jumps from wall to wall while $a$ creeps: a third of the way
# is left. The steepest direction limits lr for both.
#
# ## Momentum: remember where you were going
#
# $$v \leftarrow \mu v + g, \qquad p \leftarrow p - \text{lr} \cdot v$$
#
# Here $v$ collects the gradients, and $\mu$, say 0.9, lets old ones fade. Jumps from wall to wall cancel, and gradients
# that always point the same way add up.


# %%
class Momentum:
    def __init__(self, lr, mu):
        self.lr, self.mu, self.v = lr, mu, 0.0

    def __call__(self, g):
        self.v = self.mu * self.v + g
        return self.lr * self.v


# %% [markdown]
# ## Adam: a step size for each number
#
# Adam (Kingma and Ba, 2015) keeps two running means for each number: $m$ of the gradient, and a new $v$, of the
# gradient's square:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1-\beta_2)\, g^2$$
#
# So $\sqrt v$ is the usual size of this number's gradient. If the gradients agree, $m / \sqrt v$ is near $\pm 1$; if
# they don't, it's near 0. So **each step moves a number by about lr, or less**.
#
# Both means begin at 0, so at first they're too small. After $t$ steps with the same gradient,
# $m = (1 - \beta_1^t)\, g$ (try $t = 1$). So we divide by this factor, the *bias correction*:
#
# $$\hat m = \frac{m}{1-\beta_1^t}, \qquad \hat v = \frac{v}{1-\beta_2^t}, \qquad
# p \leftarrow p - \text{lr}\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$


# %%
class Adam:
    """Each number takes a step of about lr (Kingma and Ba, 2015)."""

    def __init__(self, parameters, lr, betas=(0.5, 0.999), eps=1e-8):
        self.parameters, self.lr, (self.beta1, self.beta2), self.eps = parameters, lr, betas, eps
        self.t, self.m, self.v = 0, [0.0] * len(parameters), [0.0] * len(parameters)

    def step(self, grads):
        self.t += 1
        for i, (p, g) in enumerate(zip(self.parameters, grads, strict=True)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g.data
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g.data**2
            m, v = self.m[i] / (1 - self.beta1**self.t), self.v[i] / (1 - self.beta2**self.t)
            p.data = p.data - self.lr * m / (np.sqrt(v) + self.eps)


# %% [markdown]
# **Predict, then run.** How far does Adam with lr = 0.1 move each of the two numbers in its first step? And without the
# correction?

# %% tags=["hide-output"]
p, g = Tensor(START), gradient(START)
Adam([p], 0.1).step([Tensor(g)])
print("first step        ", START - p.data)
print("without correction", 0.1 * (0.5 * g) / np.sqrt(0.001 * g**2))

# %% [markdown]
# Exactly lr in both: $\hat m = g$ and $\sqrt{\hat v} = |g|$, so only the sign is left. Without the correction $v$ is
# far too small, and the step 16 times as long.
#
# **Predict, then run.** Which of the three gets closest in sixty steps? Which path is the straightest?


# %% tags=["picture", "hide-output"]
def adam_walk(betas=(0.5, 0.999), factor=1.0):
    """Adam's path, if the loss is measured in other units."""
    p = Tensor(START)
    adam, path = Adam([p], 0.1, betas), [START]
    for _ in range(60):
        adam.step([Tensor(factor * gradient(p.data))])
        path.append(p.data)
    return np.array(path)


paths = {
    "SGD, lr 0.019": walk(lambda g: 0.019 * g),
    "momentum 0.9, lr 0.019": walk(Momentum(0.019, 0.9)),
    "Adam, lr 0.1": adam_walk(),
}
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), sharey=True)
for one, (name, path) in zip(axes, paths.items(), strict=True):
    draw_valley(one, path)
    one.set_title(f"{name}: loss {loss(Tensor(path[-1])).data:.2g}")
figure.tight_layout()
plt.show()
for factor in (100.0, 1.0, 0.01):
    print(f"gradients times {factor:<5}   Adam ends at {adam_walk(factor=factor)[-1].round(4)}")

# %% [markdown]
# Momentum got closest, and Adam's path is the straightest. But we found lr = 0.019 by knowing the valley. Adam was told
# nothing, and doesn't care if all gradients are a hundred times larger or smaller. That matters in a GAN: G's gradients
# come through D, and as D learns, their size changes.
#
# (For GANs $\beta_1$ is 0.5, since training oscillated with the usual 0.9: Radford et al., 2016.)
#
# **Exercise.** Call `adam_walk` with betas (0.9, 0.999), and with (0.5, 0.9). Which gets closest in 60 steps, and why?
#
# <details><summary>Answer</summary>
#
# (0.5, 0.9). In $a$ the gradient shrinks as you get nearer. With $\beta_2 = 0.9$, $v$ soon shrinks too, so the steps
# stay long; with 0.999, $v$ still remembers the first, large gradients. With $\beta_1 = 0.9$ Adam is fast along $a$,
# but $b$ swings.
#
# </details>
#
# **Exercise** (graded). Write Adam as one function: `python -m tinygan.check ex06` (`--hint` helps).
#
# Does your Adam agree with the library's over 500 steps?

# %%
rng = np.random.default_rng(0)
arrays = [rng.normal(size=(3, 2)), rng.normal(size=2)]
mine, full = [Tensor(v) for v in arrays], [tg.Tensor(v, requires_grad=True) for v in arrays]
ours, theirs = Adam(mine, 0.01), tg.optim.Adam(full, 0.01, betas=(0.5, 0.999))
for _ in range(500):
    grads = [p.data + size * rng.normal(size=p.shape) for p, size in zip(mine, (1, 100), strict=True)]
    ours.step([Tensor(g) for g in grads])
    theirs.step([tg.Tensor(g) for g in grads])
for p, q in zip(mine, full, strict=True):
    assert np.allclose(p.data, tg.to_numpy(q), rtol=1e-10, atol=1e-12)
print("your Adam and tg.optim.Adam agree over 500 steps")

# %% [markdown]
# **What to keep.** One learning rate for all must suit the steepest direction. Adam divides each gradient by its usual
# size. Its means start at 0, so they are corrected.
#
# **Next:** your engine is complete. 06 looks at the losses of the game, and in 07 it plays.
