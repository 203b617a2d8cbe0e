# %% [markdown]
# # 03 Layers, and why a network bends
#
# You will build a network with your own engine, teach it to tell a disc from the ring around it, and see how it draws
# more than a straight line. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Two maps of the plane with blue points in a disc and orange points in a ring around it. With one Dense layer the
# plane stays nearly white and the border is a straight line; with LeakyReLU between three layers the disc is blue,
# everything around it orange, and the border a closed curve](images/03_layers.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from my_engine import Tensor, gradients, mean, sigmoid, softplus, sum_to  # what you wrote in 01 to 02c

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## The task
#
# Blue points fill a disc, and orange points the ring around it. To which does a point belong? A discriminator does just
# this, with "real" and "fake".


# %%
def disc_and_ring(n, rng):
    """n points, (n, 2), and their labels, (n, 1): 1 in the disc, 0 in the ring."""
    label = rng.integers(2, size=n)
    radius = np.where(label == 1, np.sqrt(rng.uniform(0, 1, n)), rng.uniform(1.3, 2, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), label[:, None]


points, labels = disc_and_ring(400, rng)
colours = np.where(labels[:, 0] == 1, BLUE, ORANGE)
plt.figure(figsize=(3.4, 3.4))
plt.scatter(*points.T, s=8, c=colours)
plt.axis("equal")
plt.title("disc or ring?")
plt.show()

# %% [markdown]
# ## Dense: a weighted sum for each output
#
# A layer is a function with numbers in it that can be learnt, its *parameters*. `Dense(n, m)` turns $n$ numbers into
# $m$. Each output is a weighted sum of all inputs, plus a number of its own: $y = x W + b$.


# %%
class Dense:
    """y = x W + b: x (N, n) -> y (N, m)."""

    def __init__(self, n, m, rng):
        self.W, self.b = Tensor(rng.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m))), Tensor(np.zeros(m))

    def __call__(self, x):
        return x @ self.W + self.b


# %% [markdown]
# Why is there a $\sqrt{6 / (n + m)}$ (Glorot and Bengio, 2010)? Each output is a sum of $n$ products. If the weights
# are too small, the sums shrink from layer to layer; if too large, they grow.
#
# **Predict, then run.** A signal of size (standard deviation) 1 goes through ten layers of 128. How large is it at the
# end? And with weights five times smaller, or three times larger?

# %% tags=["hide-output"]
for factor in (1.0, 0.2, 3.0):
    signal = Tensor(rng.normal(size=(200, 128)))
    for _ in range(10):
        layer = Dense(128, 128, rng)
        layer.W.data *= factor
        signal = layer(signal)
    print(f"weights times {factor}: size after ten layers {signal.data.std():.2g}")

# %% [markdown]
# Multiplied ten times by a fifth, hardly anything is left; multiplied ten times by three, the signal explodes.
# Gradients do the same on their way back.
#
# ## LeakyReLU: the bend
#
# Two Dense layers in a row are one: $(x W_1) W_2 = x (W_1 W_2)$. However many you stack, you get one weighted sum, and
# the border between "disc" and "ring" is a straight line. So something between the layers must bend: the *activation*.
# LeakyReLU keeps positive numbers, and takes a fifth of negative ones:


# %%
def leaky_relu(x, slope=0.2):
    return x * np.where(x.data > 0, 1.0, slope)


print(leaky_relu(Tensor([-2.0, -1.0, 0.0, 1.0, 2.0])).data)

# %% [markdown]
# It needs no rule: it's a product with numbers that are 1 or 0.2.
#
# Now put layers in a row, with bends between them:


# %%
class Network:
    """Dense layers of these sizes, with LeakyReLU between them."""

    def __init__(self, sizes, rng):
        self.layers = [Dense(n, m, rng) for n, m in zip(sizes[:-1], sizes[1:], strict=True)]
        self.parameters = [p for layer in self.layers for p in (layer.W, layer.b)]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = leaky_relu(layer(x))
        return self.layers[-1](x)


# %% [markdown]
# ## Training
#
# The last layer has one output, the logit: above 0 means "disc", below 0 "ring". The loss says how surprised the
# network is by the right answer. For a point of the disc this is $-\ln \sigma(l)$, the softplus of $-l$; for one of the
# ring, the softplus of $l$. Then every parameter takes a small step downhill.


# %%
def train(net, steps=300, lr=0.3):
    """Minimise the mean surprise; the share of right answers on 2,000 new points."""
    rng = np.random.default_rng(1)
    for _ in range(steps):
        points, labels = disc_and_ring(128, rng)
        sign = 1.0 - 2.0 * labels  # -1 in the disc, +1 in the ring
        loss = mean(softplus(net(Tensor(points)) * sign))
        for p, g in zip(net.parameters, gradients(loss, net.parameters), strict=True):
            p.data = p.data - lr * g.data
    points, labels = disc_and_ring(2000, rng)
    return np.mean((net(Tensor(points)).data > 0) == labels)


# %% [markdown]
# **Predict, then run.** A single Dense layer draws a straight line. What share of right answers can it reach? And what
# does the border of the other network look like?

# %% tags=["picture", "hide-output"]
nets = {"one Dense": Network((2, 1), rng), "three, LeakyReLU between": Network((2, 32, 32, 1), rng)}
rates = {name: train(net) for name, net in nets.items()}
ticks = np.linspace(-2.3, 2.3, 120)
plane = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
belief_colours = LinearSegmentedColormap.from_list("belief", ("#F0BE6E", "#FFFFFF", "#74B3DE"))
figure, axes = plt.subplots(1, 2, figsize=(8, 4.2))
for one, (name, net) in zip(axes, nets.items(), strict=True):
    print(f"{name:25} {rates[name]:.1%} right")
    belief = sigmoid(net(Tensor(plane))).data.reshape(120, 120)
    one.pcolormesh(ticks, ticks, belief, cmap=belief_colours, vmin=0, vmax=1)
    one.contour(ticks, ticks, belief, levels=[0.5], colors="black", linewidths=1)
    one.scatter(*points.T, s=8, c=colours, edgecolor="black", linewidth=0.2)
    one.set(aspect="equal", xticks=[], yticks=[])
    one.set_title(f"{name}: {rates[name]:.1%} right", fontsize=10)
figure.tight_layout()
plt.show()
print(f"one Dense, ten steps later {train(Network((2, 1), rng), steps=310):.1%} right")
assert rates["one Dense"] < 0.75 and rates["three, LeakyReLU between"] > 0.99

# %% [markdown]
# No straight line has the disc on one side and the ring on the other. The best one cuts a piece off the ring, and is
# right on 65 % of the points. Ours came near, but moves on: ten steps later it's right on 44.8 %. The ring is the same
# on all sides, so no direction is better than its opposite: the loss is smallest with "one half" everywhere, and the
# map stays white.
#
# The other network found the disc. Its border is made of straight pieces, and it bends where a LeakyReLU does. Well
# done: your code learnt this!
#
# **Exercise** (graded). Write the backward of LeakyReLU by hand: `python -m tinygan.check ex03`; then that of Dense:
# `ex05`. Stuck? Add `--hint`.
#
# **Exercise.** Train `Network((2, 2, 1), rng)` and `Network((2, 3, 1), rng)`. How many bends does a closed border need?
#
# <details><summary>Answer</summary>
#
# Three. With two *hidden units* (numbers between the layers) about 79 % is the best we saw in 2,000 steps; with three,
# 99 %: a triangle around the disc.
#
# </details>
#
# **Exercise.** Start with all weights at 0 (`layer.W.data *= 0`). Why does the network with 32 units learn nothing?
#
# <details><summary>Answer</summary>
#
# Every hidden unit answers 0, so the last weights get the gradient 0. And they are 0 themselves, so nothing passes
# through them to the layers before. Only the last layer's b can move. With random weights gradients come through, and
# the units differ, so each can learn something of its own.
#
# </details>
#
# With your weights, do the library's layers give your gradients?

# %%
net = nets["three, LeakyReLU between"]
bend = tg.nn.LeakyReLU(0.2)
theirs = tg.nn.Sequential(tg.nn.Dense(2, 32), bend, tg.nn.Dense(32, 32), bend, tg.nn.Dense(32, 1)).astype(np.float64)
for ours, full in zip(net.parameters, theirs.parameters(), strict=True):
    full.data = ours.data
ours = gradients(sum_to(softplus(net(Tensor(points))), ()), net.parameters)
expected = tg.grad(tg.ops.softplus(theirs(tg.Tensor(points))).sum(), theirs.parameters())
for a, b in zip(ours, expected, strict=True):
    assert np.allclose(a.data, tg.to_numpy(b), rtol=1e-9, atol=1e-9)
print(f"{len(ours)} gradients of parameters: our layers and tinygan's agree")

# %% [markdown]
# **What to keep.** Dense is a weighted sum, and its weights must start at the right size. Without an activation, many
# layers are one. A discriminator is a network with one output, the logit.
#
# **Next:** 03b, a layer that keeps signals at the right size *during* training.
