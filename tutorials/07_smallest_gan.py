# %% [markdown]
# # 07 The smallest GAN, and the game's equilibrium
#
# After this page you know what the best possible discriminator is, where the game of a GAN comes to rest, why it may
# circle around that place instead, and what ends the circling. All of it with a GAN of five numbers.
# It runs in a few seconds.
#
# ![Left: densities of data and fakes, and the learnt D lying on the curve p / (p + q). Middle: a path that circles in
# the plane of theta and psi, and with R1 a spiral into its centre. Right: b overshoots 0 and settles there, |w| settles
# at 1, D(x) at one half and D's loss at 2 ln 2.](images/07_smallest_gan.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)
loss = tg.losses.get("ns")

# %% [markdown]
# ## Five numbers
#
# The data are single numbers from the normal distribution $N(0, 1)$. The generator takes $z$ from the same distribution
# and returns $G(z) = w z + b$: it can shift and stretch, no more. It begins at $N(-2, 0.5^2)$ and has to find $b = 0$
# and $w = 1$ (or $-1$, which is the same distribution).
#
# The discriminator's logit is a parabola, $D(x) = c_0 + c_1 x + c_2 x^2$. You will see in a moment why that is enough.


# %%
class Parabola(tg.nn.Module):
    def __init__(self, rng):
        self.line = tg.nn.Dense(2, 1, rng=rng)

    def forward(self, x):
        return self.line(tg.ops.concatenate([x, x * x], axis=1))


def real_batch(n=256):
    return tg.Tensor(rng.standard_normal((n, 1), dtype=np.float32))


def new_generator():
    G = tg.nn.Dense(1, 1)
    G.W.data, G.b.data = np.array([[0.5]]), np.array([-2.0])
    return G


G, D = new_generator(), Parabola(rng)
print(sum(p.size for p in G.parameters()), "numbers in G,", sum(p.size for p in D.parameters()), "in D")

# %% [markdown]
# ## The best discriminator
#
# Let the generator stand still. At a place $x$ the data have density $p(x)$ and the fakes $q(x)$. If both are shown
# equally often, then of all samples that turn up at $x$ the share $p / (p + q)$ is real. Nobody can say more about $x$
# than this share, and cross-entropy is smallest for who says just that:
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad \text{as a logit:}\quad \ln p(x) - \ln q(x).$$
#
# The logarithm of a normal density is a parabola, so here the best logit is one, too. With the numbers above it is
# $-x^2/2 + 2 (x + 2)^2 - \ln 2$.
#
# **Predict, then run.** Which three coefficients should $D$ find? And what will $D$ say about $x = 3$, far to the right
# of all fakes?

# %%
opt_d = tg.optim.Adam(D.parameters(), lr=0.05)
for _ in range(2000):
    real = real_batch()
    fake = G(real_batch()).detach()
    opt_d.step(tg.grad(loss.discriminator(D(real), D(fake)), D.parameters()))

found = [D.line.b.item(), *tg.to_numpy(D.line.W).ravel()]
print("found:", np.round(found, 1), "  best: [", f"{8 - np.log(2):.1f}", "8.0 1.5 ]")

line = np.linspace(-5, 4, 181)


def density(x, mean, sigma):
    return np.exp(-(((x - mean) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


p, q = density(line, 0, 1), density(line, -2, 0.5)
best = p / (p + q)
learnt = tg.to_numpy(tg.ops.sigmoid(D(tg.Tensor(line[:, None].astype(np.float32))))).ravel()
far = np.average(np.abs(learnt - best), weights=p + q)
print(f"mean distance |D - D*| where there are samples: {far:.4f}")
assert far < 0.02

# %% [markdown]
# The coefficients are roughly right, and the curve is, where there are samples to learn from. Note what $D$ says far to
# the left: real! The fakes are narrower than the data, so a number below -4.2 is more likely a rare real one.
#
# ## What D's loss measures
#
# Put $D^*$ into $D$'s loss and sort the terms: the loss is $2 \ln 2 - 2\,\mathrm{JS}(p, q)$, where JS is the
# Jensen-Shannon divergence, a distance between distributions: 0 if they are equal, $\ln 2$ if they never overlap.
# So the loss of a *good* discriminator tells how far apart data and fakes are.

# %%
dx = line[1] - line[0]
middle = (p + q) / 2
js = dx * (p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2
print(f"2 ln 2 - 2 JS = {2 * np.log(2) - 2 * js:.3f}")
big = loss.discriminator(D(real_batch(50_000)), D(G(real_batch(50_000))))
print(f"D's loss      = {big:.3f}")
assert abs(big.item() - 2 * np.log(2) + 2 * js) < 0.02

# %% [markdown]
# Exercise: what is $D^*$, and what is the loss, when the generator is perfect, $q = p$? Answer before you read on.
#
# ## The game
#
# Now both move, a step each, by plain gradient descent. If the generator wins, $q = p$, then $D^* = 1/2$ everywhere,
# all its logits are 0, and its loss is $2 \ln 2 = 1.386$, as in the tutorial before. There neither of the two has
# anything to gain by moving: the game's **equilibrium**.

# %%
G, D = new_generator(), Parabola(rng)
opt_g, opt_d = tg.optim.SGD(G.parameters(), lr=0.1), tg.optim.SGD(D.parameters(), lr=0.1)
history = []
for step in range(1500):
    real, fake = real_batch(), G(real_batch())
    loss_d = loss.discriminator(D(real), D(fake.detach()))
    opt_d.step(tg.grad(loss_d, D.parameters()))
    loss_g = loss.generator(D(fake))
    opt_g.step(tg.grad(loss_g, G.parameters()))
    with tg.no_grad():
        d_real = tg.ops.sigmoid(D(real)).mean().item()
    history.append((G.b.item(), abs(G.W.item()), loss_d.item(), loss_g.item(), d_real))
    if step in (0, 10, 20, 50, 100, 200, 500, 1000, 1499):
        print("step {:4d}: b {:+.2f}  |w| {:.2f}   loss D {:.3f}  G {:.3f}   D(x) {:.3f}".format(step, *history[-1]))

# %% [markdown]
# The generator found $b = 0$ and $|w| = 1$, and $D$ was left with nothing to say: $D(x) = 1/2$, losses $2 \ln 2$ and
# $\ln 2$. But look at the way: $b$ ran past 0 and came back. And look at $D$'s loss: 1.30 at step 10, when the fakes
# were far off, and 1.39 at the end, when they are perfect. A GAN's loss does not fall to 0, and one number of it says
# little.
#
# ## The Dirac-GAN: circles
#
# To see where the swinging comes from, take everything away that can be taken away (Mescheder et al., 2018): the data
# are one point, 0; the generator is one point, $\theta$; the discriminator's logit is $\psi x$. Two numbers play.
# With the minimax loss, following the gradients means
#
# $$\dot\theta = \sigma(\psi\theta)\,\psi, \qquad \dot\psi = -\sigma(\psi\theta)\,\theta .$$
#
# **Predict, then run.** At the equilibrium both are 0. The arrow $(\psi, -\theta)$ stands at a right angle to the
# position $(\theta, \psi)$. What is the path, then, in the plane? And what do steps of finite length make of it?


# %%
def dirac(steps, lr, gamma=0.0, simultaneous=False, start=(1.0, 0.0)):
    """The path of (theta, psi), each step by the engine's gradients."""
    theta = tg.Tensor(start[0], requires_grad=True)
    psi = tg.Tensor(start[1], requires_grad=True)
    minimax, zero, path = tg.losses.get("mm"), tg.Tensor(0.0), [start]
    for _ in range(steps):
        loss_d = minimax.discriminator(psi * zero, psi * theta.detach())
        # R1: half the squared slope of D at the real samples, and D's slope is psi.
        loss_d = loss_d + gamma / 2 * psi**2
        (gpsi,) = tg.grad(loss_d, [psi])
        if not simultaneous:
            psi.data = psi.data - lr * gpsi.data
        (gtheta,) = tg.grad(minimax.generator(psi * theta), [theta])
        if simultaneous:
            psi.data = psi.data - lr * gpsi.data
        theta.data = theta.data - lr * gtheta.data
        path.append((theta.item(), psi.item()))
    return np.array(path)


turns = 800
paths = {
    "small steps": dirac(turns, 0.05),
    "simultaneous, longer steps": dirac(turns // 4, 0.2, simultaneous=True),
    "alternating, longer steps": dirac(turns // 4, 0.2),
    "small steps with R1": dirac(turns, 0.05, gamma=0.3),
}
for name, path in paths.items():
    radius = np.hypot(*path.T)
    print(f"{name:28} distance from the equilibrium: {radius[0]:.3f} -> {radius[-1]:.3f}")

# %% [markdown]
# Circles. The generator goes where $D$ points; by the time it is there, $D$ has turned to point the other way. Neither
# is wrong, and they never arrive. If both move at the same moment, from the old positions, each step leaves the circle
# along its tangent, and the path winds *outwards*. If $D$ moves first, the path stays near the circle.
#
# ## R1 turns the circle into a spiral
#
# The remedy is friction. R1 adds $\frac{\gamma}{2} \lVert \nabla D(x) \rVert^2$, taken at the real samples, to $D$'s
# loss: $D$ pays for being steep where the data are. Here that slope is $\psi$, so $\dot\psi$ gets a term
# $-\gamma\psi$, as a brake has. At the equilibrium $D$ is flat and the brake costs nothing: the place of rest is the
# same, but now it is reached.
#
# Exercise: find the $\gamma$ that is quickest from $(1, 0)$ to a distance below 0.01, with `dirac(800, 0.05, gamma)`.
# (A swing with too strong a brake creeps. Near the centre $\sigma = 1/2$; critical damping is at $\gamma = 1$.)
#
# In the game before, the data had a width, and that was friction enough: with samples on both sides of 0, a $D$ that
# leans to one side is wrong about the other, and pays for it at once. The eight narrow modes of the ring are more like
# the Dirac-GAN, and the preset `ring` plays with R1.
#
# ## The picture

# %% tags=["picture"]
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.7), layout="constrained")
left.fill_between(line, p, color=BLUE, alpha=0.25, lw=0, label="data p")
left.fill_between(line, q, color=ORANGE, alpha=0.35, lw=0, label="fakes q")
left.plot(line, best, color=GREY, lw=4, alpha=0.5, label="p / (p + q)")
left.plot(line, learnt, "--", color=BLUE, lw=1.8, label="learnt D")
left.set(title="the best discriminator", xlabel="x", ylim=(-0.05, 1.6))
left.legend(fontsize=8, loc="upper right")
middle.plot(*paths["small steps"].T, color=ORANGE, lw=1.8, label="circle")
middle.plot(*paths["simultaneous, longer steps"].T, ":", color=GREY, lw=1.5, label="both at once")
middle.plot(*paths["small steps with R1"].T, color=BLUE, lw=1.8, label="with R1")
middle.plot(0, 0, "+", color="black", ms=9)
middle.set(
    title="the Dirac-GAN", xlabel=r"$\theta$, the generator", ylabel=r"$\psi$, the discriminator", aspect="equal"
)
middle.set(xlim=(-2.3, 2.3), ylim=(-2.2, 3.2))
middle.legend(fontsize=8, loc="upper center")
b, w, loss_d, _, d_real = np.array(history).T
right.plot(loss_d, color=BLUE, lw=1, label="loss of D")
right.axhline(2 * np.log(2), color=BLUE, ls=":", lw=1.5)
right.plot(d_real, color=GREY, lw=1.5, label="D(x), real")
right.plot(b, color=ORANGE, lw=1.8, label="b")
right.plot(w, "--", color=ORANGE, lw=1.8, label="|w|")
right.set(title="the game of five numbers", xlabel="step", ylim=(-2.2, 2.2), xlim=(0, min(600, len(b))))
right.legend(fontsize=8, loc="lower right")
plt.show()
