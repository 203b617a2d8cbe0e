# %% [markdown]
# # 00 Watch a GAN learn a ring
#
# You will train a whole GAN, a dozen lines long, watch it find eight little clouds of points, and count what it
# found. It runs for about a minute.
#
# ![Five panels: orange points of the generator over blue data, eight clouds on a ring. At step 0 the points are a fan
# to the right, at 100 a fan to the top, at 300 one to the lower left, at 1,000 a star with eight rays, at 3,000 they
# lie on the eight clouds](images/00_watch_a_gan.png)
#
# Blue are the data. Orange is what the generator draws. It was never shown a single point of the data.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

rng = np.random.default_rng(0)  # all chance in this tutorial comes from here: run it again, see the same

# %% [markdown]
# ## The data
#
# A GAN learns to make *new* samples of the kind that it is shown. Usually these are pictures. Ours are points in the
# plane, because there we can see everything at once. They come from eight narrow Gaussians (clouds of points) on a
# circle.

# %%
data = tg.data.ring(sigma=0.05)
print(data.describe())
reals = data.sample(500, rng)
print("shape", reals.shape, "and the first three points:")
print(reals[:3])

plt.figure(figsize=(4, 4))
plt.scatter(*reals.T, s=6, color=BLUE)
plt.axis("equal")
plt.title("500 points of the data")
plt.show()

# %% [markdown]
# ## Two networks
#
# The **generator** G is a forger. It gets two random numbers, called the *latent* z, and turns them into a point. It
# never sees the data.
#
# The **discriminator** D is an inspector. It gets a point, of the data or from G, and says how real it looks. It
# answers with a single number, the *logit*: above 0 means "real", below 0 means "fake", and the farther from 0 the
# surer. Pressed into (0, 1) by the sigmoid, the logit becomes a probability, D(x).
#
# Both are ordinary small networks (tutorial 03 builds their layers).

# %%
G, D = tg.models.points((2,), latent=2, rng=rng)
print("G\n" + G.summary((2,)))
print("\nD\n" + D.summary((2,)))

# %% [markdown]
# **Predict, then run.** G has not learnt anything yet. Its weights are random. What will 500 of its points look like:
# a ring, a uniform square, a blob?

# %%
z_fixed = tg.Tensor(np.random.default_rng(1).standard_normal((2000, 2), dtype=np.float32))


def fakes():
    """2,000 points of the generator, always from the same z."""
    with tg.no_grad():
        return tg.to_numpy(G(z_fixed))


def draw(axes, points, title):
    """The first 500 points over the data."""
    axes.scatter(*reals.T, s=4, color=BLUE, alpha=0.4)
    axes.scatter(*points[:500].T, s=4, color=ORANGE)
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=11)


figure, axes = plt.subplots(figsize=(4, 4))
draw(axes, fakes(), "before training")
plt.show()

# %% [markdown]
# ## The game
#
# It is a fan. (All the constant terms in G's layers start at zero, so G(2 z) is 2 G(z), and every point has others on
# the same ray from the middle.) In each step, each of the two networks gets a little better at its job:
#
# - D is shown 256 points of the data and 256 fakes, and moves its weights so that its logits go up on the data and
#   down on the fakes.
# - G makes 256 fakes, and moves its weights so that D's logits on *them* go up. D tells it, through the gradient, in
#   which direction each point looks more real. That is all that G ever learns about the data.
#
# This is the whole of it. `detach` says: D's lesson shall not reach back into G. `tg.grad` finds the gradients
# (tutorials 01 and 02), and the optimiser takes the step (tutorial 05). The steps become smaller towards the end, so
# that the points come to rest.

# %%
steps = 3000
shown = {0: fakes()}
losses = []

lr = 1e-3
opt_g, opt_d = tg.optim.Adam(G.parameters(), lr), tg.optim.Adam(D.parameters(), lr)
loss = tg.losses.get("ns")

for step in range(1, steps + 1):
    real = tg.Tensor(data.sample(256, rng))
    fake = G(tg.Tensor(rng.standard_normal((256, 2), dtype=np.float32)))
    loss_d = loss.discriminator(D(real), D(fake.detach()))
    opt_d.step(tg.grad(loss_d, D.parameters()))
    loss_g = loss.generator(D(fake))
    opt_g.step(tg.grad(loss_g, G.parameters()))
    opt_g.lr = opt_d.lr = lr * 0.5 ** (step / 1000)

    losses.append((loss_d.item(), loss_g.item()))
    if step in (100, 300, 1000, steps):
        shown[step] = fakes()
        print(f"step {step:5}   loss of D {losses[-1][0]:.3f}   loss of G {losses[-1][1]:.3f}")

# %% [markdown]
# ## What it found
#
# **Predict, then run.** Looking at a picture is not measuring. Below, a fake counts as good if it lies within three
# standard deviations of a cloud's centre. Of the real points, 98.9 % do. How many of G's points will, and will all
# eight clouds get their share?

# %%
for step, points in shown.items():
    report = tg.metrics.count_modes(points, data.means, data.sigma)
    print(f"step {step:5}   {report.modes} of 8 clouds   {report.high_quality:6.1%} good   in each: {report.counts}")
assert report.modes == 8 and report.high_quality > 0.6

# %% [markdown]
# Keep these numbers in mind for the pictures at the end. After 300 steps, only one cloud is reached. After 1,000 all
# eight are, but five of six points lie beside them. At the end five of six lie on a cloud, and each cloud has its
# share. (Processors round differently, so your numbers may differ a little.) That is not a matter of course: many GANs
# lose some of their clouds (modes), which is called *mode collapse* and has a tutorial of its own (08).
#
# ## Two losses that do not fall to zero
#
# **Predict, then run.** Training usually means that a loss falls. Which of the two losses will fall?

# %%
figure, axes = plt.subplots(figsize=(7, 3))
for curve, colour, name in zip(np.array(losses).T, (BLUE, ORANGE), ("D", "G"), strict=True):
    axes.plot(curve, color=colour, lw=0.5, label=f"loss of {name}")
axes.axhline(2 * np.log(2), color=BLUE, ls="--", lw=1)
axes.axhline(np.log(2), color=ORANGE, ls="--", lw=1)
axes.set(xlabel="step", ylim=(0, 3))
axes.legend()
plt.show()

# %% [markdown]
# Neither falls to zero. What one player wins, the other pays. The dashed lines are where the game would end if G were
# perfect: then D cannot tell, says "one half" everywhere, and pays $2 \ln 2 = 1.386$, and G pays $\ln 2 = 0.693$.
# Both curves come near these lines soon after step 500, when the points were still far from good. So do not judge a
# GAN by its losses. Look at its samples, and count.
#
# **Exercise.** Train again with `lr = 1e-2`, and then with `rng = np.random.default_rng(1)`. Are the clouds found
# sooner or later, and do they get their share? Leave out the line that makes the steps smaller. What do the last
# counts say?
#
# A longer training on narrower clouds, with pictures, a run folder and many switches:
# `python -m tinygan.train --preset ring`.
#
# Here is the whole story in one row. At first G's points are a fan, and the fan is swung around: D learns to say
# "fake" where the points are, they flee, D follows. Then D has seen all eight places at once, and the fan is torn
# into a star with eight rays. At last the rays shrink to the clouds. A few points stay between: G is continuous, and
# can stretch its cloud of z as thin as it likes, but cannot cut it.

# %% tags=["picture"]
figure, axes = plt.subplots(1, len(shown), figsize=(2.4 * len(shown), 2.7))
for one, (step, points) in zip(axes, shown.items(), strict=True):
    draw(one, points, f"step {step:,}")
figure.tight_layout()
plt.show()
