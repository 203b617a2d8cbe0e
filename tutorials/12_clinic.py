# %% [markdown]
# # 12 The GAN clinic
#
# After this page you can look at the curves and the samples of a run that went wrong, name the illness, and write the
# line that cures it. Six patients are waiting.
# It runs in about a minute on a free core.
#
# ![Seven rings of eight blue clusters with the orange fakes of seven runs. Healthy: on all eight. A: nowhere near. B: on
# three clusters only. C: far outside. D: in streaks at some clusters. E: in the corners of a small square.
# F: all in one small blot.](images/12_clinic.png)

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, INK, ORANGE

FAST = bool(os.environ.get("TINYGAN_FAST"))
HERE = Path(__file__).parent if "__file__" in globals() else Path()
steps = 40 if FAST else 1500
data = tg.data.ring(sigma=0.1)

# %% [markdown]
# ## The sealed record
#
# The next cell is the training loop that you know from tutorial 00, and with it the faults of all six patients. **Run
# it, but do not read it yet**: the diagnosis comes first. (Everything is drawn from one seed, so the runs differ
# in nothing but the fault.)


# %%
def train(patient=""):
    """Train on the ring; without a letter the healthy run. Returns curves, fakes, D and the last real batch."""
    rng = np.random.default_rng(0)
    G, D = tg.models.points((2,), latent=2, rng=rng)
    if patient.startswith("E"):
        G = tg.nn.Sequential(*G.layers, tg.nn.Tanh())
    scale = {"E": 2.0, "E cured": 0.7}.get(patient, 1.0)
    loss = tg.losses.get("mm" if patient == "A" else "ns")
    lr_g = 1e-2 if patient == "F" else 1e-3
    lr_d = {"A": 0.3, "F": 1e-4}.get(patient, 1e-3)
    theirs = D.parameters() + G.parameters() if patient == "B" else D.parameters()
    opt_g, opt_d = tg.optim.Adam(G.parameters(), lr_g), tg.optim.Adam(theirs, lr_d)

    def noise():
        return tg.Tensor(rng.standard_normal((64, 2), dtype=np.float32))

    first, curves = data.sample(12, np.random.default_rng(7)), []
    for _ in range(steps):
        points = first if patient == "D" else data.sample(64, rng)
        real, fake = tg.Tensor(points * np.float32(scale)), G(noise())
        on_real, on_fake = D(real), D(fake if patient == "B" else fake.detach())
        loss_d = loss.discriminator(on_real, on_fake)
        opt_d.step(tg.grad(loss_d, theirs))
        if patient == "B":  # its G has moved: the old fakes belong to a G that is gone
            fake = G(noise())
        loss_g = tg.ops.bce_with_logits(D(fake), 0.0) if patient == "C" else loss.generator(D(fake))
        opt_g.step(tg.grad(loss_g, G.parameters()))
        curves.append((loss_d.item(), loss_g.item(), believed(on_real), believed(on_fake)))
    with tg.no_grad():
        z = np.random.default_rng(1).standard_normal((1000, 2), dtype=np.float32)
        return np.array(curves), tg.to_numpy(G(tg.Tensor(z))) / scale, D, points


def believed(logits):
    """The mean of D(x) over a batch."""
    with tg.no_grad():
        return tg.ops.sigmoid(logits).mean().item()


# %% [markdown]
# ## A healthy run
#
# The chart of every patient has three panels: the losses; what $D$ thinks of real samples and of fakes; and a thousand
# fakes (orange) over data (blue). First someone healthy, so that you know what normal looks like.

# %%
reals = data.sample(500, np.random.default_rng(2))
runs = {}


def scatter(ax, name):
    ax.scatter(*reals.T, s=4, color=BLUE, alpha=0.5)
    ax.scatter(*runs[name][1].T, s=4, color=ORANGE)
    ax.set(title=name, xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xticks=[], yticks=[])


def smooth(curve, width=10):
    return np.convolve(curve, np.ones(width) / width, mode="valid")


def chart(name, *others):
    """Run a patient, print the late numbers and draw its chart; `others` are drawn beside it."""
    patient = "" if name == "healthy" else name
    if name not in runs:
        runs[name] = train(patient)
    curves, fakes = runs[name][:2]
    report = tg.metrics.count_modes(fakes, data.means, data.sigma)
    late = curves[-len(curves) // 5 :].mean(axis=0)
    print("late: loss of D {:.2f}, of G {:.2f}; D(x) {:.2f}, D(G(z)) {:.2f}".format(*late))
    print(f"{report.modes} of 8 modes, {report.high_quality:.0%} of the fakes near one")
    figure, axes = plt.subplots(1, 3 + len(others), figsize=(9.6 + 2.8 * len(others), 2.9), layout="constrained")
    for ax, pair, names in ((axes[0], curves.T[:2], ("loss of D", "loss of G")), (axes[1], curves.T[2:], ("D(x)", "D(G(z))"))):
        for curve, colour, label in zip(pair, (BLUE, ORANGE), names, strict=True):
            ax.plot(smooth(curve), color=colour, lw=0.9, label=label)
        ax.set(xlabel="step")
        ax.legend(fontsize=8, loc="upper right")
    axes[0].set(ylim=(-1, 5))
    axes[1].set(ylim=(-0.05, 1.05))
    for ax, which in zip(axes[2:], (name, *others), strict=True):
        scatter(ax, which)
    plt.show()


chart("healthy")

# %% [markdown]
# The losses hold each other: $D$ a little below $2 \ln 2 = 1.39$, $G$ somewhat above $\ln 2 = 0.69$. $D(x)$ stays above
# $D(G(z))$, but not by much. All modes are there.
#
# Now the patients. For each: look, name the illness, say which line you would suspect. Then read on.
#
# ## Patient A
#
# Its loss is minimax (`mm`), whose generator's loss is negative and goes to 0 when $D$ wins.
#
# **Predict, then run.** In the chart, look at $D(x)$ and $D(G(z))$ late in the run. Who is ahead, by how much, and can the
# other still learn?

# %%
chart("A")

# %% [markdown]
# E
