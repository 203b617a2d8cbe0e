# %% [markdown]
# # 10 Drawing digits: DCGAN
#
# After this page you can read a DCGAN layer by layer, say what BatchNorm does in its generator, and walk from one digit
# to another. It takes one or two minutes on a free core.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Ten samples of the same noise after 0, 100, 200, 300 and 400 steps: grey, faint shapes, then mostly readable
# digits. Below them two rows in which one digit turns smoothly into another.](images/10_dcgan.png)
#
# </details>

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.gan.average import MovingAverage
from tinygan.gan.game import Game
from tinygan.gan.latent import lerp, slerp
from tinygan.gan.sampling import draw
from tinygan.plot import image_grid

steps, batch_size = 400, 32

# %% [markdown]
# ## The data
#
# Ten thousand digits, drawn with the fonts that come with matplotlib. `data.batches` shuffles them and scales them to
# $[-1, 1]$, the range of tanh, the generator's last layer.

# %%
data = tg.data.digits()
rng = np.random.default_rng(0)
batches = tg.data.batches(data, batch_size, rng)
real, labels = batches.next()
print(len(data), "images; a batch", real.shape, real.dtype, "from", real.min(), "to", real.max())

# %% [markdown]
# ## The generator, layer by layer
#
# Radford, Metz and Chintala (2016) showed how to train GANs reliably with convolutions in both networks.
#
# **Predict, then run.** $z$ has 100 numbers, the image 28 x 28 pixels. The generator begins with a small image of many
# channels and enlarges it twice by a transposed convolution of stride 2. How large is the first image? And which layer
# holds most of the parameters?

# %% tags=["hide-output"]
G, D = tg.models.dcgan((28, 28, 1), latent=100, rng=rng)
print(G.summary((100,)))

# %% [markdown]
# Read it from the top: a dense layer turns $z$ into 12,544 numbers, seen as an image of 7 x 7 pixels with 256 channels.
# From there on, channels get fewer and pixels more. More than half of all parameters sit in that first layer.
#
# ## The discriminator
#
# The same way back: strides make the image smaller, LeakyReLU never blocks the gradient, and one logit comes out.
# There's no BatchNorm, so a logit depends on its own sample alone.

# %%
print(D.summary((28, 28, 1)))

# %% [markdown]
# ## What BatchNorm does in the generator
#
# BatchNorm (tutorial 03b) brings each channel to mean 0 and variance 1 over the batch. What for? We send 64 different
# $z$ through the new network, with and without BatchNorm, and print how much the activations differ from one $z$ to
# another.
#
# **Predict, then run.** The last number of each line is the spread of the images. By what factor do these two differ?


# %% tags=["hide-output"]
def spread_through(layers, z):
    """The standard deviation over the batch, after each activation."""
    spreads, x = [], tg.Tensor(z)
    with tg.no_grad():
        for layer in layers:
            x = layer(x)
            if isinstance(layer, (tg.nn.LeakyReLU, tg.nn.Tanh)):
                spreads.append(float(tg.to_numpy(x).std(axis=0).mean()))
    return np.round(spreads, 3)


z = np.random.default_rng(1).standard_normal((64, 100), dtype=np.float32)
with_norm = spread_through(G.layers, z)
without = spread_through([layer for layer in G.layers if not isinstance(layer, tg.nn.BatchNorm)], z)
print("with BatchNorm   ", with_norm)
print("without BatchNorm", without)

# %% [markdown]
# Without it the signal of $z$ fades from layer to layer, and all images begin as nearly the same grey. But BatchNorm
# has a price: in training, a sample depends on its batch. For drawing, `draw` uses *evaluation mode*, with averages
# over past batches.

# %%
assert with_norm[-1] > 10 * without[-1]
with tg.no_grad():
    alone, among = tg.to_numpy(G(tg.Tensor(z[:2]))), tg.to_numpy(G(tg.Tensor(z)))
print(f"training mode: the same z in two batches differs by {np.abs(alone[0] - among[0]).max():.3f}")
print(f"evaluation:    by {np.abs(draw(G, z[:2])[0] - draw(G, z)[0]).max():.6f}")

# %% [markdown]
# ## Training
#
# `Game` plays the step of tutorial 00. We draw from a moving average of the generator's weights, since these go back
# and forth a little with each batch.
#
# **Predict, then run.** What will the losses do while grey noise turns into digits?

# %% tags=["hide-output"]
average = MovingAverage(G, decay=0.98)
opt_g, opt_d = tg.optim.Adam(G.parameters(), lr=6e-4), tg.optim.Adam(D.parameters(), lr=6e-4)
game = Game(G, D, opt_g, opt_d, tg.losses.get("ns"), latent=100, rng=rng, joint_batch=True, average=average)
fixed = np.random.default_rng(2).standard_normal((10, 100), dtype=np.float32)
shots, start = {0: draw(average.network, fixed)}, time.perf_counter()
for step in range(1, steps + 1):
    now = step % (steps // 4) == 0
    stats = game.step(lambda: batches.next()[0], measure=now)
    if now:
        shots[step] = draw(average.network, fixed)
        seen = {name: round(float(stats[name]), 2) for name in ("loss_d", "loss_g", "d_real", "d_fake_before")}
        print(f"step {step:3d}", seen, f"{time.perf_counter() - start:.0f} s", flush=True)

# %% tags=["hide-output"]
rows = np.concatenate([(images + 1) / 2 for images in shots.values()])
figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
ax.imshow(image_grid(rows, columns=10), cmap="gray")
ax.set(xticks=[], yticks=30 * np.arange(len(shots)) + 14, yticklabels=[f"step {step}" for step in shots])
plt.show()

# %% [markdown]
# The losses hardly move, and yet the pictures become digits: losses tell who is ahead, not how good both are. For
# better digits, try `python -m tinygan.train --preset dcgan`, with 1,000 steps.
#
# ## From one digit to another
#
# If a generator only stored pictures, it would jump between them. What does ours draw between $z_0$ and $z_1$?
#
# **Predict, then run.** $z_0$ and $z_1$ are about 10 long and nearly perpendicular. How long is the middle of the
# straight line between them?

# %% tags=["hide-output"]
for name, path in (("straight line", lerp), ("arc", slerp)):
    lengths = np.linalg.norm(path(fixed[0], fixed[1], [0.0, 0.5, 1.0]), axis=1)
    print("{:13} length at the start {:5.2f}, in the middle {:5.2f}, at the end {:5.2f}".format(name, *lengths))
all_lengths = np.linalg.norm(np.random.default_rng(3).standard_normal((10_000, 100)), axis=1)
print(f"of 10,000 z the shortest has {all_lengths.min():.2f}, the longest {all_lengths.max():.2f}")

# %% [markdown]
# In 100 dimensions practically all $z$ lie near a sphere of radius 10. The middle of the straight line is a place where
# the generator was never trained. So we go along the sphere (White, 2016): `slerp` means spherical interpolation,
# `lerp` linear.

# %% tags=["picture"]
t, pairs = np.linspace(0, 1, 10), ((2, 5), (4, 7))
walks = np.concatenate([draw(average.network, slerp(fixed[a], fixed[b], t)) for a, b in pairs])
figure, ax = plt.subplots(figsize=(7.5, 5.2), layout="constrained")
ax.imshow(image_grid(np.concatenate([rows, (walks + 1) / 2]), columns=10), cmap="gray")
names = [f"step {step}" for step in shots] + ["walk 1", "walk 2"]
ax.set(xticks=[], yticks=30 * np.arange(len(names)) + 14)
ax.set_yticklabels(names, fontsize=13)
plt.show()

# %% [markdown]
# **Exercise.** Draw the walk along the straight line (`lerp`) below the arc. Can you see where it leaves the sphere?
#
# <details><summary>Answer</summary>
#
# Hardly, in a picture as small as this: both walks pass through the same digits. But on the line the strokes grow thin
# and faint in the middle. In a walk from 7 to 0, the middle pictures are 9 % white on the line, and 16 % on the arc.
#
# </details>
#
# **Exercise.** Leave BatchNorm out of the generator (`tg.nn.Sequential` of the other layers) and train it for 200
# steps. Does it still learn, with Adam and with SGD?
#
# <details><summary>Answer</summary>
#
# Here's the surprise: with Adam it learns even sooner. At step 50 you see the checkerboard of tutorial 09, at step 100
# shapes, at 200 readable digits. Adam divides each gradient by its usual size, so a small one is no obstacle. With SGD
# (1e-2) nothing has happened after 100 steps. BatchNorm helps, but you can do without: the preset `r3gan` does.
#
# </details>
#
# **Exercise** (graded). Write BatchNorm with its backward: `python -m tinygan.check ex07`.
#
# <details><summary>Answer</summary>
#
# Begin with $\hat x$. `gbeta` sums gy over the batch, `ggamma` sums gy times $\hat x$. The input reaches the output on
# three paths: by itself, through the mean and through the variance. So gx is a sum of three parts, and the last two are
# subtracted: `--hint 2` describes them.
#
# </details>
#
# ## Recap
#
# - The generator trades channels for pixels, by transposed convolutions.
# - BatchNorm keeps the signal of $z$ alive at the start; draw in evaluation mode.
# - Between two latent vectors, walk along the sphere.
#
# Next: tutorial 11 opens the training loop and shows what a run leaves behind.
