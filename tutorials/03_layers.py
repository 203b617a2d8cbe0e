# %% [markdown]
# # 03 Layers
#
# You will put a network together from the layers that GANs are made of, teach it to tell a disc from the ring around
# it, and see why BatchNorm has two modes. A few seconds to run.
#
# ![Two maps of the plane with blue points in a disc and orange points in a ring around it. With one Dense layer the
# plane stays nearly white and the border is a straight line; with LeakyReLU between three layers the disc is blue,
# everything around it orange, and the border a closed curve](images/03_layers.png)
#
# The colours in the background are what the network believes at each place. A discriminator is just such a network.

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

import tinygan as tg
from tinygan import nn
from tinygan.plot.style import BLUE, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## Dense: a weighted sum for each output
#
# A layer is a function with numbers in it that can be learnt, its *parameters*. `Dense(n, m)` turns $n$ numbers into
# $m$. Each output is a weighted sum of all inputs, plus a number of its own: $y = x W + b$. A batch of $N$ samples is
# the rows of a matrix, so one matrix product does it for all.


# %%
class MiniDense:
    """y = x W + b: x (N, n) -> y (N, m)."""

    def __init__(self, n, m, rng):
        limit = np.sqrt(6 / (n + m))  # why this number: below
        self.W = tg.Tensor(rng.uniform(-limit, limit, (n, m)).astype(np.float32), requires_grad=True)
        self.b = tg.Tensor(np.zeros(m, np.float32), requires_grad=True)

    def __call__(self, x):
        return x @ self.W + self.b


x = tg.Tensor(rng.normal(size=(5, 2)).astype(np.float32))
print("x", x.shape, "-> y", MiniDense(2, 3, rng)(x).shape)

# %% [markdown]
# That is the whole layer. `nn.Dense` does the same, gives its parameters names, and says what is wrong when a shape
# does not fit:

# %%
try:
    nn.Dense(3, 4, rng=rng)(x)
except ValueError as error:
    print(error)

# %% [markdown]
# ## How large should the first weights be?
#
# **Predict, then run.** A signal of size 1 goes through ten Dense layers of 128. What is its size at the end, when
# the weights are drawn with standard deviation 0.02? With 0.3? With Glorot's rule, the one in `MiniDense`?

# %%
for name, init in (("0.02", nn.init.normal(0.02)), ("0.3", nn.init.normal(0.3)), ("Glorot", nn.init.glorot())):
    signal = tg.Tensor(rng.normal(size=(200, 128)).astype(np.float32))
    for _ in range(10):
        signal = nn.Dense(128, 128, init=init, rng=rng)(signal)
    print(f"{name:7} size after ten layers: {tg.to_numpy(signal).std():.3g}")

# %% [markdown]
# A sum of 128 products with weights of size $s$ is about $\sqrt{128}\,s$ times as large. Ten such factors die out or
# explode, and the gradients on their way back with them. Glorot's rule draws the weights so that the factor is 1.
#
# ## LeakyReLU: why a network bends
#
# Two Dense layers in a row are one: $(x W_1) W_2 = x (W_1 W_2)$. However many there are, the border that they draw is
# a straight line. It takes something between them that bends: the *activation*.


# %%
def mini_leaky_relu(x, slope=0.2):
    return tg.ops.where(x > 0, x, slope * x)


print(mini_leaky_relu(tg.Tensor([-2.0, -1.0, 0.0, 1.0, 2.0])))

# %% [markdown]
# ReLU is the same with slope 0. In a discriminator, the leaky one is the habit: where ReLU is flat no gradient gets
# through, and the generator lives on the gradients that get through.
#
# **Exercise** (graded). Write its backward by hand: `python -m tinygan.check ex03`. The one of Dense is `ex05`.
#
# ## Sequential: one after the other
#
# Our task: blue points fill a disc, orange ones the ring around it. The last layer has one output, the logit: above 0
# means blue.


# %%
def disc_and_ring(n, rng):
    """n points, (n, 2), and their labels, (n, 1): 1 in the disc, 0 in the ring."""
    label = rng.integers(2, size=n)
    radius = np.where(label == 1, np.sqrt(rng.uniform(0, 1, n)), rng.uniform(1.3, 2, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points.astype(np.float32), label[:, None].astype(np.float32)


def network(rng):
    he = nn.init.he(0.2)  # as Glorot, and makes good what LeakyReLU takes away
    return nn.Sequential(
        nn.Dense(2, 32, init=he, rng=rng),
        nn.LeakyReLU(0.2),
        nn.Dense(32, 32, init=he, rng=rng),
        nn.LeakyReLU(0.2),
        nn.Dense(32, 1, rng=rng),
    )


def train(net, steps):
    """Minimise the cross-entropy; the rate of right answers on 2,000 new points."""
    rng = np.random.default_rng(1)
    optimiser = tg.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(steps):
        points, labels = disc_and_ring(128, rng)
        loss = tg.ops.bce_with_logits(net(tg.Tensor(points)), tg.Tensor(labels))
        optimiser.step(tg.grad(loss, net.parameters()))
    points, labels = disc_and_ring(2000, rng)
    return np.mean((tg.to_numpy(net(tg.Tensor(points))) > 0) == labels)


# %% [markdown]
# **Predict, then run.** A single Dense layer draws a straight line. What share of right answers can it reach?

# %%
steps = 500
line, curve = nn.Sequential(nn.Dense(2, 1, rng=rng)), network(rng)
print(curve.summary((2,)), end="\n\n")
rates = {"one Dense": (line, train(line, steps)), "three Dense, LeakyReLU between": (curve, train(curve, steps))}
for name, (_, rate) in rates.items():
    print(f"{name:32} {rate:.1%} right")
assert rates["one Dense"][1] < 0.75 and rates["three Dense, LeakyReLU between"][1] > 0.99

# %% tags=["picture"]
ticks = np.linspace(-2.3, 2.3, 120, dtype=np.float32)
plane = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
points, labels = disc_and_ring(400, rng)
colours = LinearSegmentedColormap.from_list("belief", ("#F0BE6E", "#FFFFFF", "#74B3DE"))
figure, axes = plt.subplots(1, 2, figsize=(8, 4.2))
for one, (name, (net, rate)) in zip(axes, rates.items(), strict=True):
    with tg.no_grad():
        belief = tg.to_numpy(tg.ops.sigmoid(net(tg.Tensor(plane)))).reshape(120, 120)
    one.pcolormesh(ticks, ticks, belief, cmap=colours, vmin=0, vmax=1)
    one.contour(ticks, ticks, belief, levels=[0.5], colors="black", linewidths=1)
    one.scatter(*points.T, s=8, c=np.where(labels[:, 0] == 1, BLUE, ORANGE), edgecolor="black", linewidth=0.2)
    one.set(aspect="equal", xticks=[], yticks=[])
    one.set_title(f"{name}: {rate:.1%} right", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# No straight line has the disc on one side and the ring on the other. The best one cuts a piece off the ring, and is
# right on 65 % of the points. But the layer minimises the cross-entropy, which asks how sure each answer is, and by
# symmetry that is smallest for "one half" everywhere: it shows as white, and is right as often as a coin. The other
# network's border is made of straight pieces: it bends where a LeakyReLU does.
#
# ## BatchNorm has two modes
#
# BatchNorm keeps signals at size 1 *during* training, too. In **training mode** it subtracts from each column the
# mean of this batch, and divides by its standard deviation. So a sample's result depends on its company in the batch.
# In **evaluation mode** that must not be: a digit should not change with the digits beside it. So the layer keeps
# running means of what it saw, and uses those.
#
# **Predict, then run.** The numbers below have mean 5 and standard deviation 3. What comes out in training mode? In
# evaluation mode, after one batch? And after 100?

# %%
norm, seen = nn.BatchNorm(1), 0
for batches in (1, 10, 100):
    for _ in range(batches - seen):
        x = tg.Tensor(rng.normal(5, 3, (256, 1)).astype(np.float32))
        y = norm.train()(x)
    seen, means = batches, [tg.to_numpy(t).mean() for t in (y, norm.eval()(x))]
    print(f"after {batches:3}   mean in training {means[0]:5.2f}   in evaluation {means[1]:5.2f}", end="   ")
    print(f"running mean {norm.running_mean.item():.2f}")

one, company = tg.Tensor([[6.0]]), tg.Tensor(np.array([[6.0], [0.0], [1.0]], np.float32))
print("6 among others, training:  ", norm.train()(company)[0].item())
print("6 among others, evaluation:", norm.eval()(company)[0].item(), "  alone:", norm.eval()(one).item())

# %% [markdown]
# Evaluation after a single batch is wrong: the running mean starts at 0 and moves a tenth of the way with each batch.
# And the 6 became 1.4 in training mode, because its company was small. Who forgets `eval()` before drawing samples
# gets samples that depend on each other. tinygan draws them in evaluation mode.
#
# **Exercise.** Put a BatchNorm after each hidden Dense of `network`, and train both for 10, 20 and 40 steps.
#
# **Exercise** (graded). Write its backward by hand: `python -m tinygan.check ex07`.
#
# At last: is our Dense the library's? We give both the same weights, and compare results and gradients.

# %%
full, mini = nn.Dense(7, 5, rng=np.random.default_rng(3)), MiniDense(7, 5, np.random.default_rng(3))
x = tg.Tensor(rng.normal(size=(4, 7)).astype(np.float32), requires_grad=True)
assert np.array_equal(tg.to_numpy(full.W), tg.to_numpy(mini.W))  # the same first weights already
ours = tg.grad((mini_leaky_relu(mini(x)) ** 2).sum(), [x, mini.W, mini.b])
theirs = tg.grad((nn.LeakyReLU(0.2)(full(x)) ** 2).sum(), [x, full.W, full.b])
for name, a, b in zip(("x", "W", "b"), ours, theirs, strict=True):
    print(f"gradient of {name} {a.shape}: largest difference {np.abs(tg.to_numpy(a) - tg.to_numpy(b)).max():.1e}")
    assert np.allclose(tg.to_numpy(a), tg.to_numpy(b), rtol=1e-5, atol=1e-6)
