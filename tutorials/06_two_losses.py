# %% [markdown]
# # 06 Two losses for one game
#
# After this page you can write down the minimax, the non-saturating and the least-squares loss from memory, say why
# the first of them lets a generator starve, and why a discriminator returns logits and no probabilities.
# It runs in a few seconds.
#
# ![Left: three generator losses over the logit of a fake. Middle: their slopes; the minimax slope is zero where D is
# sure that the sample is fake, the other two pull hardest there. Right: while D learns, the minimax gradient of a
# waiting generator falls far below the non-saturating one.](images/06_two_losses.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, INK, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## A discriminator returns logits
#
# The discriminator $D$ looks at a sample and answers with one number $l$, the **logit**: large for "real", very
# negative for "fake", 0 for "I cannot tell". The probability that it speaks of is the sigmoid of the logit,
#
# $$D(x) = \sigma(l) = \frac{1}{1 + e^{-l}}.$$

# %%
logits = tg.Tensor([-5.0, -1.0, 0.0, 1.0, 5.0])
print("logit", tg.to_numpy(logits))
print("D(x) ", tg.to_numpy(tg.ops.sigmoid(logits)).round(3))

# %% [markdown]
# The game of Goodfellow et al. (2014) is: $D$ wants to be right about real and fake samples, so it minimises
# $-\ln D(x)$ on the real ones and $-\ln(1 - D(x))$ on the fakes. That is binary cross-entropy, with the labels 1 and 0.
#
# **Predict, then run.** A new discriminator knows nothing: all its logits are 0, so $D(x) = 1/2$ everywhere. What is
# its loss, as a number? (It is a sum of two means.) And what are the two losses of the generator?

# %%
zeros = tg.Tensor(np.zeros((64, 1), np.float32))
mm, ns, lsgan = (tg.losses.get(name) for name in ("mm", "ns", "lsgan"))
print(f"D's loss           {mm.discriminator(zeros, zeros):+.4f}    2 ln 2 = {2 * np.log(2):.4f}")
print(f"G's, minimax       {mm.generator(zeros):+.4f}")
print(f"G's, non-saturating{ns.generator(zeros):+.4f}     ln 2 = {np.log(2):.4f}")
assert abs(mm.discriminator(zeros, zeros).item() - 2 * np.log(2)) < 1e-6
assert abs(ns.generator(zeros).item() - np.log(2)) < 1e-6

# %% [markdown]
# Keep $2 \ln 2 = 1.386$ in mind. When a run logs a discriminator loss of 1.386, $D$ cannot tell real from fake: either
# nothing has been learnt yet, or the generator has become perfect. The next tutorial shows which.
#
# ## Why no probability is ever formed
#
# The formula says: compute $p = \sigma(l)$, then $-\ln(1 - p)$. Let us do just that, in float32, for a fake that $D$
# takes for real.
#
# **Predict, then run.** The right answer is very nearly $l$ itself. Up to which logit will the formula give it?

# %%
with np.errstate(divide="ignore"):
    print("logit   -ln(1 - p)   from the logit")
    for logit in np.array([1, 5, 10, 15, 17, 20], np.float32):
        p = 1 / (1 + np.exp(-logit))
        right = tg.ops.bce_with_logits(tg.Tensor([logit]), 0)
        print(f"{logit:5.0f}   {-np.log(1 - p):10.5f}   {right:10.5f}")

# %% [markdown]
# At 15 one per cent is missing already, and from 17 on the answer is infinite: the float32 numbers just above 1 lie
# 1.2e-7 apart, so $1 + e^{-l}$ was rounded to 1, and nothing is left of $1 - p$. The cure: algebra before arithmetic.
#
# $$-\ln(1 - \sigma(l)) = \ln(1 + e^{l}) = \max(l, 0) + \ln(1 + e^{-|l|}),$$
#
# which is called softplus. The exponent is never positive, so nothing overflows, and nothing is rounded away. The other
# label is its mirror image: $-\ln \sigma(l) = \mathrm{softplus}(-l)$.


# %%
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


x = np.linspace(-90, 90, 37, dtype=np.float32)
assert np.allclose(softplus(x), tg.to_numpy(tg.ops.softplus(tg.Tensor(x))), rtol=1e-5)
print("softplus:", softplus(np.array([-90, 0, 90], np.float32)))

# %% [markdown]
# Some programs save themselves by cutting $p$ to $[\epsilon, 1 - \epsilon]$ instead. The value is then finite. But a
# cut is flat, and training lives on slopes. Compare the gradients:

# %%
logit = tg.Tensor([20.0], requires_grad=True)
for name, loss in (
    ("cut", tg.losses.bce(tg.ops.sigmoid(logit), 0)),
    ("from the logit", tg.ops.bce_with_logits(logit, 0)),
):
    (slope,) = tg.grad(loss, [logit])
    print(f"{name:15} loss {loss:5.2f}   gradient {slope:.2f}")

# %% [markdown]
# $D$ makes its worst mistake, and the cut loss tells it nothing. That is why the last layer of a tinygan discriminator
# has no sigmoid.
#
# Exercise: write softplus and binary cross-entropy from logits yourself, with their gradients. Then let the checker
# look: `python -m tinygan.check ex04`.
#
# ## Three losses for the generator
#
# All that the generator's loss sees of a fake is its logit $l = D(G(z))$. So a loss is a curve over $l$, and what
# drives the generator is the slope of the curve:
#
# | | loss | slope |
# |---|---|---|
# | minimax (mm) | $\ln(1 - \sigma(l))$ | $-\sigma(l)$ |
# | non-saturating (ns) | $-\ln \sigma(l)$ | $-(1 - \sigma(l))$ |
# | least squares (lsgan) | $(l - 1)^2$ | $2 (l - 1)$ |
#
# Minimax is the honest game: $G$ maximises just what $D$ minimises. Non-saturating asks for the same in other words:
# not "be taken for fake less often", but "be taken for real more often". We let the engine find the slopes, and the
# table check it.

# %%
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
# Read the row of -6: $D$ is sure that the sample is fake. It is the usual state early in training, and the moment when
# the generator most needs advice. The minimax slope is -0.002: its curve has run flat, it is *saturated*. The
# non-saturating slope is -0.998. At logit 0 the two agree, and at +6, where $G$ has already won, it is ns that rests.
#
# Least squares (Mao et al., 2017) never rests: its $D$ wants logits of 1 for real samples and 0 for fakes, and its $G$
# wants just 1. The slope grows with the distance, and a fake at +6 is pulled *back*, which is not about fooling $D$ any
# more, but keeps the logits small. At zero logits $D$ pays 1, $G$ pays 1.

# %%
print(f"least squares at zero logits: D {lsgan.discriminator(zeros, zeros):.2f}, G {lsgan.generator(zeros):.2f}")

# %% [markdown]
# ## Vanishing gradients, seen
#
# Now a real discriminator. The data are eight Gaussians on a ring; the generator is untrained, draws a small heap in
# the middle, and stays as it is while $D$ learns to tell the two apart. At every step we ask: how long would the
# generator's gradient be, by each loss? (The length of all its numbers as one vector.)
#
# **Predict, then run.** $D$ becomes surer and surer. Which of the two gradients will shrink, and how far?

# %%
data = tg.data.ring()
G, D = tg.models.points((2,), latent=2, rng=rng)
G[-1].W.data = 0.1 * G[-1].W.data
opt_d = tg.optim.Adam(D.parameters(), lr=1e-3)
z = tg.Tensor(rng.standard_normal((256, 2), dtype=np.float32))


def gradient_norm(loss):
    gradients = tg.grad(loss.generator(D(G(z))), G.parameters())
    return float(np.sqrt(sum((tg.to_numpy(g) ** 2).sum() for g in gradients)))


steps = 401
history = []
for step in range(steps):
    fake = G(z).detach()
    logit = float(tg.to_numpy(D(fake)).mean())
    history.append((logit, gradient_norm(mm), gradient_norm(ns)))
    if step % 50 == 0:
        print(f"D's step {step:3d}: mean logit of the fakes {logit:+7.2f}   ", end="")
        print(f"|gradient| mm {history[-1][1]:.4f}   ns {history[-1][2]:7.4f}")
    loss_d = ns.discriminator(D(tg.Tensor(data.sample(256, rng))), D(fake))
    opt_d.step(tg.grad(loss_d, D.parameters()))

assert history[-1][1] < history[0][1] / 5 and history[-1][2] > 5 * history[0][2]

# %% [markdown]
# The minimax gradient shrinks as $D$ learns: the better the teacher, the less the pupil is told. In the end it is more
# than a hundred times shorter than the non-saturating one. The two differ in nothing but the slope with which each
# fake's logit enters: $\sigma(l)$ in one, $1 - \sigma(l)$ in the other.
#
# ## What it means for learning
#
# Two copies of the generator now learn from this sure $D$, which stays as it is. We use plain gradient descent: Adam
# divides each gradient by its usual size, and would hide what we want to see.
#
# **Predict, then run.** By how much does the mean logit of the fakes rise in 20 steps, by minimax and by
# non-saturating?

# %%
start = G.state_dict()
for loss in (mm, ns):
    G.load_state_dict(start)
    opt_g = tg.optim.SGD(G.parameters(), lr=1e-4)
    before = tg.to_numpy(D(G(z))).mean()
    for _ in range(20):
        opt_g.step(tg.grad(loss.generator(D(G(z))), G.parameters()))
    after = tg.to_numpy(D(G(z))).mean()
    print(f"{loss.name:14} mean logit {before:+.2f} -> {after:+.2f}")
G.load_state_dict(start)

# %% [markdown]
# Exercise: give minimax a learning rate ten times larger. Does it catch up, and where does it stop? Explain it with the
# slopes at logit +6: which of the two losses rests when it has won?
#
# Exercise: write the least-squares and the non-saturating loss from their formulas; `python -m tinygan.check ex11`
# says whether they are right.
#
# ## The picture

# %% tags=["picture"]
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
