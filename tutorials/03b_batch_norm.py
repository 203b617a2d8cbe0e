# %% [markdown]
# # 03b BatchNorm, and why it has two modes
#
# You will write BatchNorm in NumPy, and find out why it must behave differently in training and in use. A few seconds
# to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Left: the size of a signal over ten layers, with and without BatchNorm: without, it dies out. Right: what a 6
# becomes, in ten batches: in training mode ten different values, in evaluation mode always the same
# one](images/03b_batch_norm.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## The idea
#
# In tutorial 03, the size of the first weights decided whether a signal died out on its way. But weights change during
# training, and nothing keeps their size right. BatchNorm (Ioffe and Szegedy, 2015) keeps the *signal* at the right size
# instead. For each column of a batch it takes the mean $\mu$ and the variance $v$, and computes
#
# $$y = \gamma\, \frac{x - \mu}{\sqrt{v + \epsilon}} + \beta$$
#
# So each column comes out with mean 0 and standard deviation 1. Then the layer may stretch and shift it by $\gamma$ and
# $\beta$, which it learns. (The small $\epsilon$ is there in case all numbers in a column are equal: then $v$ is 0.)


# %%
def batch_norm(x, gamma=1.0, beta=0.0, eps=1e-5):
    """Each column of x (N, n) gets mean beta and standard deviation gamma."""
    mean, variance = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


# %% [markdown]
# **Predict, then run.** Ten layers with weights that are much too small, as in tutorial 03: the signal died out. What
# will its size be with BatchNorm behind each layer?

# %% tags=["hide-output"]
sizes = {"without": [1.0], "with BatchNorm": [1.0]}
for name, curve in sizes.items():
    signal = rng.normal(size=(200, 128))
    for _ in range(10):
        signal = signal @ rng.normal(0, 0.02, (128, 128))
        signal = batch_norm(signal) if name == "with BatchNorm" else signal
        curve.append(signal.std())
    print(f"{name:15} size after ten layers: {curve[-1]:.2g}")

# %% [markdown]
# ## Every sample depends on its batch
#
# There's a price. The mean and the variance are those of the batch. So the result for one sample depends on the other
# samples in the batch.
#
# **Predict, then run.** The number 6 is put into three batches, in turn: among small numbers, among large ones, and
# alone. What does it become?

# %% tags=["hide-output"]
for others in ([0.0, 1.0], [20.0, 30.0], []):
    batch = np.array([6.0, *others])[:, None]
    print(f"6 among {others!s:12} becomes {batch_norm(batch)[0, 0]:+.2f}")

# %% [markdown]
# The same 6 is large, small, or nothing at all. While the network learns, we can accept that. But when you generate a
# digit, it mustn't depend on the other digits in the batch. And a sample that is alone mustn't become 0.
#
# ## Two modes
#
# So BatchNorm has two modes. In **training mode** it uses the batch, as above. It also keeps *running means*: the means
# and variances of all batches, averaged, where the latest count most. In **evaluation mode** it uses these running
# means, and the batch doesn't matter.


# %%
class BatchNorm:
    """Normalise each column: in training by its batch, in evaluation by running means."""

    def __init__(self, n, momentum=0.9, eps=1e-5):
        self.mean, self.variance, self.momentum, self.eps = np.zeros(n), np.ones(n), momentum, eps
        self.training = True

    def __call__(self, x):
        if not self.training:
            return (x - self.mean) / np.sqrt(self.variance + self.eps)
        keep = self.momentum
        self.mean = keep * self.mean + (1 - keep) * x.mean(axis=0)
        self.variance = keep * self.variance + (1 - keep) * x.var(axis=0)
        return batch_norm(x, eps=self.eps)


# %% [markdown]
# **Predict, then run.** The numbers below have mean 5 and standard deviation 3. What mean comes out in training mode?
# And in evaluation mode, after one batch? After 10, and after 100?

# %% tags=["hide-output"]
norm, seen = BatchNorm(1), 0
for batches in (1, 10, 100):
    for _ in range(batches - seen):
        x = rng.normal(5, 3, (256, 1))
        norm.training = True
        y = norm(x)
    seen, norm.training = batches, False
    print(f"after {batches:3}   mean in training {abs(y.mean()):.2f}   in evaluation {norm(x).mean():.2f}", end="   ")
    print(f"running mean {norm.mean.item():.2f}")

# %% [markdown]
# After one batch, evaluation is far off: the running mean starts at 0, and moves a tenth of the way with each batch.
# After 100 batches it's close to the mean of the data, 5.
#
# Now we put the 6 into ten batches of the data. In training mode it becomes something else each time. In evaluation
# mode it's always the same.

# %% tags=["picture"]
batches = [np.concatenate([[[6.0]], rng.normal(5, 3, (15, 1))]) for _ in range(10)]
in_training, in_evaluation = ([layer(batch)[0, 0] for batch in batches] for layer in (batch_norm, norm))
print(f"training: {min(in_training):.2f} to {max(in_training):.2f}   evaluation: {set(np.round(in_evaluation, 2))}")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for (name, curve), colour in zip(sizes.items(), (ORANGE, BLUE), strict=True):
    left.semilogy(curve, marker="o", ms=4, color=colour, label=name)
left.set(title="the size of a signal", xlabel="layer")
left.legend()
right.plot(range(1, 11), in_training, "o", color=ORANGE, label="training mode")
right.plot(range(1, 11), in_evaluation, color=BLUE, label="evaluation mode")
right.set(title="what a 6 becomes", xlabel="batch", ylim=(0, 1))
right.legend(loc="lower left")
figure.tight_layout()
plt.show()

# %% [markdown]
# If you forget to call `eval()` before you generate samples, the samples depend on each other. It's one of the most
# common mistakes in GANs, and it never raises an error. (tinygan draws samples in evaluation mode by itself.)
#
# **Exercise** (graded). Write BatchNorm's backward by hand: `python -m tinygan.check ex07`. It's the hardest one so
# far, as $\mu$ and $v$ depend on x as well. There are hints: `--hint 1` to `--hint 3`.
#
# **Exercise.** A Dense layer has a b, which is added to each column. Why is it useless in front of a BatchNorm?
#
# <details><summary>Answer</summary>
#
# It's subtracted again, as a part of the mean. BatchNorm has its own $\beta$ for this.
#
# </details>
#
# **Exercise.** A discriminator sees a batch of real samples, then a batch of fakes. Why might BatchNorm be a problem
# then, but not if both are put into one batch?
#
# <details><summary>Answer</summary>
#
# Each batch is normalised by itself. If all fakes are, say, too bright, their own mean takes that away, and D can't see
# it. (If both are in one batch, the difference between them stays.)
#
# </details>
#
# Does our layer agree with the library's, in both modes?

# %%
ours, theirs = BatchNorm(4), tg.nn.BatchNorm(4).astype(np.float64)
for _ in range(20):
    x = rng.normal(2, 3, (32, 4))
    assert np.allclose(ours(x), tg.to_numpy(theirs.train()(tg.Tensor(x))), rtol=1e-9, atol=1e-9)
ours.training = False
assert np.allclose(ours(x), tg.to_numpy(theirs.eval()(tg.Tensor(x))), rtol=1e-9, atol=1e-9)
print("our BatchNorm and tinygan's agree, in training and in evaluation")

# %% [markdown]
# **What to keep.** BatchNorm gives each column mean 0 and size 1. In training it uses the batch, in evaluation the
# running means. Call `eval()` before you use a network.
#
# **Next:** 04. By now you have written many gradients. How do you know that they are right?
