# %% [markdown]
# # 06 Two losses for one game
#
# After this page you can write three GAN losses, say why the first leaves the generator without advice, and why a
# discriminator returns logits. It takes a few seconds.
#
# <details><summary>The picture of this page (it gives answers away)</summary>
#
# ![Left: three generator losses over the logit of a fake. Middle: their slopes; the minimax slope is zero where D is
# sure that the sample is fake, the other two pull hardest there. Right: while D learns, the minimax gradient of a
# waiting generator falls far below the non-saturating one.](images/06_two_losses.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, INK, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## A discriminator returns logits
#
# The discriminator answers with one number $l$, the **logit**: large for "real", very negative for "fake", 0 for "I
# can't tell". In code, `D(x)` is this logit; in formulas, $D(x)$ is its sigmoid, a probability:
# $\sigma(l) = 1 / (1 + e^{-l})$.

# %%
logits = tg.Tensor([-5.0, -1.0, 0.0, 1.0, 5.0])
print("logit", tg.to_numpy(logits))
print("D(x) ", tg.to_numpy(tg.ops.sigmoid(logits)).round(3))

# %% [markdown]
# In the game of Goodfellow et al. (2014), $D$ minimises $-\ln D(x)$ on real samples and $-\ln(1 - D(x))$ on fakes. This
# is *binary cross-entropy*: real has the label 1, fake 0.
#
# **Predict, then run.** A new discriminator knows nothing: all its logits are 0, so $D(x) = 1/2$ everywhere. What is
# its loss? (A sum of two means.)

# %% tags=["hide-output"]
zeros = tg.Tensor(np.zeros((64, 1), np.float32))
mm, ns, lsgan = (tg.losses.get(name) for name in ("mm", "ns", "lsgan"))
print(f"D's loss {mm.discriminator(zeros, zeros):+.4f}")
print(f"G's, minimax {mm.generator(zeros):+.4f}, non-saturating {ns.generator(zeros):+.4f}")

# %% [markdown]
# It's $2 \ln 2 = 1.386$: $D$'s loss when it can't tell real from fake.
#
# ## Why we never compute the probability
#
# Suppose $D$ takes a fake for real. In float32, we follow the formula: $p = \sigma(l)$, then $-\ln(1 - p)$.
#
# **Predict, then run.** As $1 - p \approx e^{-l}$, the right answer is nearly $l$. Up to which logit will the formula
# give it?

# %% tags=["hide-output"]
assert abs(mm.discriminator(zeros, zeros).item() - 2 * np.log(2)) < 1e-6
with np.errstate(divide="ignore"):
    print("logit   -ln(1 - p)   from the logit")
    for logit in np.array([1, 5, 10, 15, 17, 20], np.float32):
        p = 1 / (1 + np.exp(-logit))
        right = tg.ops.bce_with_logits(tg.Tensor([logit]), 0)
        print(f"{logit:5.0f}   {-np.log(1 - p):10.5f}   {right:10.5f}")

# %% [markdown]
# At 15 one per cent is missing, and from 17 on the answer is infinite, since $p$ is rounded to 1. The cure is the
# softplus of 02c:
#
# $$-\ln(1 - \sigma(l)) = \ln(1 + e^{l}) = \max(l, 0) + \ln(1 + e^{-|l|}).$$
#
# No exponent is positive, so nothing overflows. For the other label, $-\ln \sigma(l) = \mathrm{softplus}(-l)$.


# %%
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


x = np.linspace(-90, 90, 37, dtype=np.float32)
assert np.allclose(softplus(x), tg.to_numpy(tg.ops.softplus(tg.Tensor(x))), rtol=1e-5)
print("softplus:", softplus(np.array([-90, 0, 90], np.float32)))

# %% [markdown]
# Some programs clip $p$ to $[\epsilon, 1 - \epsilon]$ instead. Then the loss is finite, but flat:

# %%
logit = tg.Tensor([20.0], requires_grad=True)
for name, loss in (
    ("clipped", tg.losses.bce(tg.ops.sigmoid(logit), 0)),
    ("from the logit", tg.ops.bce_with_logits(logit, 0)),
):
    (slope,) = tg.grad(loss, [logit])
    print(f"{name:15} loss {loss:5.2f}   gradient {slope:.2f}")

# %% [markdown]
# $D$ makes its worst mistake, and the clipped loss teaches it nothing. So tinygan's discriminators don't end in a
# sigmoid.
#
# ## Three losses for the generator
#
# The generator's loss sees only a fake's logit $l$. So it's a curve, whose slope drives the generator:
#
# | | loss | slope |
# |---|---|---|
# | minimax (mm) | $\ln(1 - \sigma(l))$ | $-\sigma(l)$ |
# | non-saturating (ns) | $-\ln \sigma(l)$ | $-(1 - \sigma(l))$ |
# | least squares (lsgan) | $(l - 1)^2$ | $2 (l - 1)$ |
#
# Minimax is $D$'s loss on fakes, with the other sign. Non-saturating is the loss that $D$ would have if the fake were
# real.
#
# **Predict, then run.** Early on, $D$ is sure: the logit of a fake is -6. How steep is each of the three?

# %% tags=["hide-output"]
line = np.linspace(-6, 6, 121, dtype=np.float32)
sigma = 1 / (1 + np.exp(-line))
expected = {"mm": -sigma, "ns": -(1 - sigma), "lsgan": 2 * (line - 1)}
values, slopes = {}, {}
for name in expected:
    loss = tg.losses.get(name)
    values[name] = np.array([loss.generator(tg.Tensor([a])).item() for a in line])
    logits = tg.Tensor(line, requires_grad=True)
    # The loss is a mean over the batch, so each slope comes divided by the number of logits.
    (slope,) = tg.grad(loss.generator(logits), [logits])
    slopes[name] = len(line) * tg.to_numpy(slope)
    assert np.allclose(slopes[name], expected[name], atol=1e-4)

for a in (-6, 0, 6):
    i = int(np.argmin(np.abs(line - a)))
    print(f"logit {a:+d}: slopes", {name: round(float(slopes[name][i]), 3) for name in slopes})

# %% [markdown]
# Just when the generator most needs advice, the minimax slope is -0.002: the curve is flat, or *saturated*. The
# non-saturating slope is -0.998. At +6, where $G$ has won, ns is flat. Least squares (Mao et al., 2017) wants logits of
# 1, and even pulls a fake at +6 *back*.
#
# ## Watching gradients vanish
#
# A discriminator learns to tell the ring of tutorial 00 from an untrained $G$, which waits. At each step we measure how
# long $G$'s gradient would be, by minimax and by ns.
#
# **Predict, then run.** As $D$ gets surer, which gradient shrinks, and how far?

# %% tags=["hide-output"]
data = tg.data.ring()
G, D = tg.models.points((2,), latent=2, rng=rng)
G[-1].W.data = 0.1 * G[-1].W.data
opt_d = tg.optim.Adam(D.parameters(), lr=1e-3)
z = tg.Tensor(rng.standard_normal((256, 2), dtype=np.float32))


def gradient_norm(loss):
    gradients = tg.grad(loss.generator(D(G(z))), G.parameters())
    return float(np.sqrt(sum((tg.to_numpy(g) ** 2).sum() for g in gradients)))


history = []
for step in range(401):
    fake = G(z).detach()
    logit = float(tg.to_numpy(D(fake)).mean())
    history.append((logit, gradient_norm(mm), gradient_norm(ns)))
    if step % 100 == 0:
        print(f"D's step {step:3d}: mean logit of the fakes {logit:+7.2f}   ", end="")
        print(f"|gradient| mm {history[-1][1]:.4f}   ns {history[-1][2]:7.4f}")
    loss_d = ns.discriminator(D(tg.Tensor(data.sample(256, rng))), D(fake))
    opt_d.step(tg.grad(loss_d, D.parameters()))

# %% tags=["picture", "hide-output"]
names = {"mm": ("minimax", GREY, "--"), "ns": ("non-saturating", ORANGE, "-"), "lsgan": ("least squares", BLUE, ":")}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
for name, (label, colour, dash) in names.items():
    left.plot(line, values[name], dash, color=colour, lw=2.2, label=label)
    middle.plot(line, slopes[name], dash, color=colour, lw=2.2)
left.set(title="the generator's loss", xlabel="logit of a fake", ylim=(-6, 8))
left.legend(loc="lower left")
middle.axvspan(-6, -3, color="0.93", zorder=0)
middle.text(-5.9, 2.2, "D is sure:\nfake", color=INK, va="top")
middle.set(title="its slope", xlabel="logit of a fake", ylim=(-3, 2.5))
_, norm_mm, norm_ns = np.array(history).T
right.semilogy(norm_mm, "--", color=GREY, lw=2.2, label="minimax")
right.semilogy(norm_ns, color=ORANGE, lw=2.2, label="non-saturating")
right.set(title="|gradient| of a waiting generator", xlabel="D's step")
right.legend()
for axes in (left, middle, right):
    axes.grid(color="0.92")
plt.show()
assert history[-1][1] < history[0][1] / 5 and history[-1][2] > 5 * history[0][2]

# %% [markdown]
# The better $D$ gets, the less minimax tells $G$. In the end its gradient is less than a hundredth of the other.
#
# **Predict, then run.** Now $D$ waits, and two copies of $G$ learn from it by plain gradient descent. How far does each
# loss lift the mean logit in 20 steps?

# %% tags=["hide-output"]
start = G.state_dict()
for loss in (mm, ns):
    G.load_state_dict(start)
    opt_g = tg.optim.SGD(G.parameters(), lr=1e-4)
    before = tg.to_numpy(D(G(z))).mean()
    for _ in range(20):
        opt_g.step(tg.grad(loss.generator(D(G(z))), G.parameters()))
    print(f"{loss.name:14} mean logit {before:+.2f} -> {tg.to_numpy(D(G(z))).mean():+.2f}")

# %% [markdown]
# **Exercise.** Give minimax a learning rate ten times larger. Does it catch up? Where does it stop?
#
# <details><summary>Answer</summary>
#
# It catches up, and doesn't stop: after 20 steps the mean logit is +244. With ns at the same rate it's +24. At logit +6
# the slope of ns is nearly 0, but minimax is steepest just there, and runs on.
#
# </details>
#
# **Exercises** (graded). `python -m tinygan.check ex04` grades your cross-entropy from logits, `ex11` your losses.
#
# <details><summary>Answer</summary>
#
# With the label $t$, ex04 wants the mean of softplus$(l) - t\,l$. For $t = 1$ that is softplus$(-l)$, the ns loss. Its
# gradient is $(\sigma(l) - t) / N$. Least squares needs $(l - 1)^2$ and $l^2$. `--hint 1` to `--hint 3` help.
#
# </details>
#
# ## Recap
#
# - $D$ returns logits, and softplus keeps the loss exact.
# - Where $D$ is sure, the minimax slope is 0 and the non-saturating slope is -1.
# - A $D$ that can't tell has the loss $2 \ln 2$.
#
# Next: tutorial 07 puts both players together in the smallest GAN.
