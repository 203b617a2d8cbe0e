# %% [markdown]
# # 10 Drawing digits: DCGAN
#
# After this page you can read the two networks of a DCGAN layer by layer, say what BatchNorm does in its generator,
# watch it learn to draw digits, and walk from one digit to another through the latent space.
# It runs in one or two minutes.
#
# ![Ten samples of the same noise after 0, 100, 200, 300 and 400 steps: grey, faint shapes, then mostly readable
# digits. Below them two rows in which one digit turns smoothly into another.](images/10_dcgan.png)

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
# Ten thousand digits, rendered from the fonts that come with matplotlib: 28 x 28 pixels, grey. `data.batches` shuffles
# them and scales them to $[-1, 1]$, the range of tanh, in which our generator ends.

# %%
data = tg.data.digits()
rng = np.random.default_rng(0)
batches = tg.data.batches(data, batch_size, rng)
real, labels = batches.next()
print(len(data), "images; a batch", real.shape, real.dtype, "from", real.min(), "to", real.max())

# %% [markdown]
# ## The generator, layer by layer
#
# Radford, Metz and Chintala (2016) showed how GANs with convolutions on both sides can be trained reliably. Theirs draw
# bedrooms; ours is the same idea for small images.
#
# **Predict, then run.** $z$ has 100 numbers, the image 28 x 28 pixels. The generator begins with a small image of
# many channels and enlarges it twice by a transposed convolution of stride 2. How large is the first image?

# %%
G, D = tg.models.dcgan((28, 28, 1), latent=100, rng=rng)
print(G.summary((100,)))

# %% [markdown]
# Read it from the top: a dense layer turns $z$ into 12,544 numbers, which are then called an image of 7 x 7 pixels
# with 256 channels. Then, from layer to layer, fewer channels and more pixels: (7, 7, 256), (7, 7, 128), (14, 14, 64),
# (28, 28, 1). Channels are "what", pixels are "where". More than half of all parameters stand in that first dense
# layer.
#
# No layer before a BatchNorm has a bias: BatchNorm subtracts the mean, and the bias with it.
#
# ## The discriminator
#
# The same road back: strides instead of pooling, LeakyReLU (so that no unit is dead, and every pixel gets a gradient),
# one logit at the end. It has no BatchNorm: each sample's logit depends on that sample alone.

# %%
print(D.summary((28, 28, 1)))

# %% [markdown]
# ## What BatchNorm does in the generator
#
# BatchNorm brings each channel to mean 0 and variance 1 over the batch, then stretches and shifts it by two learnt
# numbers. Why here? We send 64 different $z$ through the new network, once as it is and once with its BatchNorm layers
# left out, and print how much the activations differ from one $z$ to another.
#
# **Predict, then run.** By what factor do the last numbers of the two lines, the spread of the images, differ?


# %%
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
assert with_norm[-1] > 10 * without[-1]

# %% [markdown]
# Without it the signal of $z$ fades from layer to layer, and all images begin as nearly the same grey. With it, they
# differ from the first step on, and so does what $D$ says about them. The last exercises ask how much that matters.
#
# There is a price: in training, a sample depends on the batch it is in. For drawing samples there is *evaluation mode*,
# which uses averages over the past batches instead. The function `draw` does that.

# %%
with tg.no_grad():
    alone, among = tg.to_numpy(G(tg.Tensor(z[:2]))), tg.to_numpy(G(tg.Tensor(z)))
print(f"training mode: the same z in two batches differs by {np.abs(alone[0] - among[0]).max():.3f}")
print(f"evaluation:    by {np.abs(draw(G, z[:2])[0] - draw(G, z)[0]).max():.6f}")

# %% [markdown]
# ## Training
#
# Nothing is new here: `Game` plays the step of the first tutorials. Beside it goes a moving average of the generator's
# weights, from which the samples are drawn: it is calmer than the generator itself, which is pushed about by each
# batch. The ten $z$ behind the pictures stay the same.

# %%
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

# %%
rows = np.concatenate([(images + 1) / 2 for images in shots.values()])
figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
ax.imshow(image_grid(rows, columns=10), cmap="gray")
ax.set(xticks=[], yticks=30 * np.arange(len(shots)) + 14, yticklabels=[f"step {step}" for step in shots])
plt.show()

# %% [markdown]
# Why is the first row grey, although we saw that BatchNorm makes the new generator's images differ? `draw` uses
# evaluation mode, and its averages over past batches begin at mean 0 and variance 1, far from what the layers need.
# They have to be learnt, too.
#
# The losses hardly move, and yet the pictures become digits: losses tell who is ahead, not how good both have become.
# Some samples are no digits yet, as the training was short. `python -m tinygan.train --preset dcgan` goes on to 1,000
# steps of twice the batch, and `tg.Run(tg.Networks(G, D), data).train()` does for networks of your own what the loop
# above does, with a folder of pictures, curves and checkpoints. With `--data faces` the preset draws faces in colour:
# it grows with the picture.
#
# ## From one digit to another
#
# A generator that has only stored some pictures would jump between them. Ours was never asked for what lies between two
# vectors $z_0$ and $z_1$; let us look.
#
# **Predict, then run.** The straight line from $z_0$ to $z_1$ has a middle, $(z_0 + z_1) / 2$. How long is that vector,
# if $z_0$ and $z_1$ are about 10 long and nearly perpendicular?

# %%
for name, path in (("straight line", lerp), ("arc", slerp)):
    lengths = np.linalg.norm(path(fixed[0], fixed[1], [0.0, 0.5, 1.0]), axis=1)
    print("{:13} length at the start {:5.2f}, in the middle {:5.2f}, at the end {:5.2f}".format(name, *lengths))
all_lengths = np.linalg.norm(np.random.default_rng(3).standard_normal((10_000, 100)), axis=1)
print(f"of 10,000 z the shortest has {all_lengths.min():.2f}, the longest {all_lengths.max():.2f}")

# %% [markdown]
# In 100 dimensions practically all $z$ lie near a sphere of radius 10. The middle of the straight line is a place where
# the generator was never trained; `slerp` goes along the sphere (White, 2016).

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
# Exercise: draw the straight line below the arc. Can you see where it leaves the sphere?
#
# Exercise: leave BatchNorm out of the generator (`tg.nn.Sequential` of the other layers) and train it for 200 steps.
# You will see the checkerboard of tutorial 09 at step 50, and then a surprise. Which optimiser makes up for small
# gradients? (BatchNorm helps, but it is no law: the preset `r3gan` does without.)
#
# Exercise: write BatchNorm with its backward, `python -m tinygan.check ex07`.
