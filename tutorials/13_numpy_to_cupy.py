# %% [markdown]
# # 13 NumPy to CuPy
#
# After this page you can move a program written with tinygan to a graphics card with one line, and say what makes it
# fast or slow there. You need no card: we count instead of timing. It takes seconds.
#
# <details><summary>The picture this page ends in (it gives an answer away)</summary>
#
# ![Two bars. A training step with the fused binary cross-entropy calls fewer ops than one with the same formula
# written out.](images/13_numpy_to_cupy.png)
#
# </details>

# %%
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import doctor
from tinygan.backend import BackendUnavailable, NumpyBackend, current_backend
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## What is here?
#
# CuPy has NumPy's functions, for arrays in the memory of an NVIDIA card. tinygan's `doctor` says whether you can use
# it, and if not, what to install. (In a terminal: `python -m tinygan.doctor`.)

# %%
doctor.main([])

# %% [markdown]
# ## One line
#
# A **backend** is an array library with two functions, the doors through which arrays go in and come out. `use_backend`
# chooses where new Tensors live, and nothing else in your program changes: each op gets the array library as `xp`
# (tutorial 02c), and works with either.
#
# **Predict, then run.** What will the next cell print on your machine?

# %% tags=["hide-output"]
try:
    backend = tg.use_backend("cupy")
except BackendUnavailable as missing:
    print(missing)
    backend = tg.use_backend("numpy")
print("we go on with", backend, " xp is", backend.xp.__name__)

# %% [markdown]
# ## Two doors
#
# `asarray` is the only way in, `to_numpy` the only way out. (`tg.Tensor(...)` uses the first.) Most cards compute
# float32 much faster than float64, so numbers and lists become float32; an array keeps its type.

# %%
inside = backend.asarray([1, 2, 3])
print(type(inside).__module__, inside.dtype, " a float64 array stays", backend.asarray(np.zeros(2)).dtype)
outside = tg.to_numpy(tg.Tensor(inside) * 2)
print(type(outside).__module__, outside)

# %% [markdown]
# Nothing is converted silently: call `to_numpy` before matplotlib, `np.save` and your own NumPy code.
#
# Random numbers are drawn by NumPy, and then go in through `asarray`. So the same seed gives the same weights and the
# same $z$ on both backends.
#
# ## What the card is waiting for
#
# A call to the card returns at once. Your program puts a piece of work into a queue (that is a **launch**) and goes on
# while the card works through the queue. Two things make that slow:
#
# - **A host synchronisation.** To *see* a number, the program waits until the queue is empty, and the card then has
#   nothing to do. `item()`, `float(...)`, `print` and `to_numpy` all wait.
# - **Many small launches.** Each costs time, however little it computes. With small arrays nearly all the time goes
#   there.
#
# You can count both without a card. This backend is NumPy with two counters: one for what goes out, one for the ops
# that were called. (Each op looks for a fast version of itself in the table `kernels`: we count how often.)


# %%
class WatchedTable(dict):
    """A backend's table of fast versions that notes which ops ask."""

    def __init__(self, table):
        super().__init__(table)
        self.calls = Counter()

    def get(self, op, default=None):
        if isinstance(op, type) and issubclass(op, tg.Op):
            self.calls[op.__name__] += 1
        return super().get(op, default)


class Watched(NumpyBackend):
    def __init__(self):
        self.waits, self.kernels = 0, WatchedTable(NumpyBackend().kernels)

    def to_numpy(self, array):
        self.waits += 1
        return super().to_numpy(array)


backend = tg.use_backend(Watched())
assert current_backend() is backend

# %% [markdown]
# **Predict, then run.** Here are 100 steps of a small discriminator. The first run looks at the loss in each step, the
# second after every 50. How often does each wait?

# %% tags=["hide-output"]
real, fake = (tg.Tensor(rng.standard_normal((256, 2), dtype=np.float32) + shift) for shift in (0.5, -0.5))
net = tg.nn.Sequential(tg.nn.Dense(2, 32, rng=rng), tg.nn.ReLU(), tg.nn.Dense(32, 1, rng=rng))
opt = tg.optim.Adam(net.parameters(), lr=1e-3)


def written_out(real_logits, fake_logits):
    """-ln D(real) - ln(1 - D(fake)), sign by sign."""
    return -(tg.ops.log(tg.ops.sigmoid(real_logits)) + tg.ops.log(1 - tg.ops.sigmoid(fake_logits))).mean()


def train(loss, look_every, steps=100):
    backend.waits, seen = 0, []
    backend.kernels.calls.clear()
    for step in range(1, steps + 1):
        value = loss(net(real), net(fake))
        opt.step(tg.grad(value, net.parameters()))
        if step % look_every == 0:
            seen.append(value.item())
    return backend.waits, sum(backend.kernels.calls.values()) / steps, seen


for look_every in (1, 50):
    waits, _, seen = train(written_out, look_every)
    print(f"looked at every {look_every:2} steps: {waits:3} waits, the last loss {seen[-1]:.4f}")

# %% [markdown]
# (The second run goes on where the first stopped.) So tinygan's training loop keeps the losses on the card and reads
# them only now and then. To *time* something, do the opposite: call `backend.synchronize()` before you read the clock:
# then the work is done.
#
# ## Fewer launches
#
# **Predict, then run.** The library's loss `ns` computes the same, with one op `BCEWithLogits` for the real half and
# one for the fake (tutorial 06). How many ops does that save in a step, forward and backward together?

# %% tags=["hide-output"]
assert waits == 2
counts = {}
for name, loss in (("written out", written_out), ("fused", tg.losses.get("ns").discriminator)):
    _, counts[name], _ = train(loss, 50)
    calls = backend.kernels.calls
    print(
        f"{name:12} {counts[name]:.0f} ops a step, of which {calls['BCEWithLogits'] // 100} BCEWithLogits;",
        calls.most_common(4),
    )
assert counts["fused"] < counts["written out"]

# %% tags=["picture", "hide-output"]
figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
bars = axes.barh(list(counts), list(counts.values()), color=[ORANGE, BLUE], height=0.6)
axes.bar_label(bars, fmt="%.0f", padding=4, color=GREY)
axes.set(xlabel="ops called in a training step, forward and backward", xlim=(0, 1.15 * max(counts.values())))
plt.show()

# %% [markdown]
# On CuPy an op that finds no fast version takes a launch for each operation in its formula. So the CuPy backend's table
# holds small CUDA programs that do a whole op in one launch.

# %%
from tinygan.kernels import TABLES  # noqa: E402
from tinygan.kernels.cupy_updates import ADAM  # noqa: E402  it is text: no card is needed to read it

print("with a kernel of its own on CuPy:", sorted(op.__name__ for op in TABLES["cupy"] if isinstance(op, type)))
print("Adam's, for each number:", ADAM.body)

# %%
tg.use_backend("numpy")  # leave things as we found them

# %% [markdown]
# **Exercise.** Count the ops of a whole GAN step (tutorial 00), then with `joint_batch=True` of
# `tinygan.gan.game.Game`. Which launches does the joint batch save?
#
# <details><summary>Answer</summary>
#
# 97 ops by hand and with `Game`, 77 with the joint batch, which sends real and fake through $D$ as one batch. So $D$'s
# step needs one forward and one backward walk instead of two, and 13 matrix products instead of 18. And there's only
# one gradient for each weight, not two that must be added.
#
# </details>
#
# **Exercise.** If you have a card, run tutorial 10 with `tg.use_backend("cupy")` in its second cell. From which batch
# size on is the card faster than your processor?
#
# <details><summary>Answer</summary>
#
# That depends on your machine, and there's no number we could honestly give you. Time a step for batches of 1, 4, 16,
# and so on, with `backend.synchronize()` before each look at the clock. On the card the time hardly grows at first,
# since the launches take most of it. On the processor it grows from the start. Your answer is where the two curves
# cross.
#
# </details>
#
# ## Recap
#
# - One line moves the program; between the two doors, use the backend's arrays only.
# - Look at numbers rarely: every look is a wait.
# - Do much in one op, and use large batches: the number of launches stays the same.
#
# Next: tutorial 14 asks which loss is best.
