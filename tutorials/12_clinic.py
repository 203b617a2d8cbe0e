# %% [markdown]
# # 12 The GAN clinic
#
# After this page you can look at the curves and the samples of a run that went wrong, name the illness, and write the
# line that cures it. Six patients are waiting.
# It runs in about a minute on a free core.
#
# ![Eight rings of blue clusters with the orange fakes of eight runs. Healthy and E cured: on all eight. A: smeared
# over the plane. B: on one cluster. C: a streak far away. D: on three clusters. E: on the walls of a small square. F:
# a blot in the middle.](images/12_clinic.png)

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.gan.resemblance import resemblance
from tinygan.plot.style import BLUE, ORANGE

steps = 1500
data = tg.data.ring(sigma=0.1)

# %% [markdown]
# ## The sealed record
#
# The next cell is the training loop that you know from tutorial 00, and with it the faults of all six patients. **Run
# it, but do not read it yet**: the diagnosis comes first. (Everything is drawn from one seed, so the runs differ
# in nothing but the fault.)


# %%
def train(patient=""):
    """Without a letter the healthy run. Returns curves, fakes, D and the last real batch."""
    rng = np.random.default_rng(1)
    G, D = tg.models.points((2,), latent=2, rng=rng)
    if patient.startswith("E"):
        G = tg.nn.Sequential(*G.layers, tg.nn.Tanh())
    if patient.startswith("A"):  # its fakes begin far from the data, as those of pictures do
        G.layers[-1].b.data = np.float32([3, 3])
    scale = {"E": 3.0, "E cured": 0.7}.get(patient, 1.0)
    loss = tg.losses.get("mm" if patient == "A" else "ns")
    lr_g = {"A": 5e-5, "F": 1e-2}.get(patient, 1e-3)
    lr_d = {"A": 2e-2, "F": 1e-4}.get(patient, 1e-3)
    theirs = D.parameters() + G.parameters() if patient == "B" else D.parameters()
    opt_g, opt_d = tg.optim.Adam(G.parameters(), lr_g), tg.optim.Adam(theirs, lr_d)

    def noise():
        return tg.Tensor(rng.standard_normal((64, 2), dtype=np.float32))

    first, curves = data.sample(8, np.random.default_rng(7)), []
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
        alike = resemblance(fake.data, real.data)
        curves.append((loss_d.item(), loss_g.item(), believed(on_real), believed(on_fake), *alike.values()))
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
# Three panels: the losses; what $D$ thinks of reals and fakes; a thousand fakes (orange) over data (blue). Printed
# below are two numbers that no loss knows: how different the fakes are from each other (real ones: 1), and how far they
# are from the data (0: alike). `stats.jsonl` has them of every run, and by them a run notices that it is ill.

# %%
reals = data.sample(500, np.random.default_rng(2))
runs = {}


def scatter(ax, name):
    ax.scatter(*reals.T, s=4, color=BLUE, alpha=0.5)
    ax.scatter(*runs[name][1].T, s=4, color=ORANGE)
    far = max(1.6, 1.1 * np.abs(runs[name][1]).max())  # zoom out if the fakes have left
    title = name if far == 1.6 else f"{name}, seen from afar ({far:.0f})"
    ax.set(title=title, xlim=(-far, far), ylim=(-far, far), aspect="equal", xticks=[], yticks=[])


def chart(name, *others):
    """Run a patient, print the late numbers and draw its chart; `others` are drawn beside it."""
    patient = "" if name == "healthy" else name
    if name not in runs:
        runs[name] = train(patient)
    curves, fakes = runs[name][:2]
    report = tg.metrics.count_modes(fakes, data.means, data.sigma)
    late = curves[-len(curves) // 5 :].mean(axis=0)
    print("late: loss of D {:.2f}, of G {:.2f}; D(x) {:.2f}, D(G(z)) {:.2f}".format(*late[:4]))
    print("late: diversity of the fakes {:.2f}, their distance from the data {:.2f}".format(*late[4:]))
    print(f"{report.modes} of 8 modes, {report.high_quality:.0%} of the fakes near one")
    figure, axes = plt.subplots(1, 3 + len(others), figsize=(9.6 + 2.8 * len(others), 2.9), layout="constrained")
    for i, label in enumerate(("loss of D", "loss of G", "D(x)", "D(G(z))")):
        curve = np.convolve(curves[:, i], np.full(10, 0.1), "valid")
        axes[i // 2].plot(curve, color=(BLUE, ORANGE)[i % 2], lw=0.9, label=label)
    for ax, limits in zip(axes[:2], ((-1, 5), (-0.05, 1.05)), strict=True):
        ax.set(xlabel="step", ylim=limits)
        ax.legend(fontsize=8, loc="upper right")
    for ax, which in zip(axes[2:], (name, *others), strict=True):
        scatter(ax, which)
    plt.show()


chart("healthy")

# %% [markdown]
# The losses hold each other: $D$ a little below $2 \ln 2 = 1.39$, $G$ somewhat above $\ln 2 = 0.69$. $D(x)$ stays just
# above $D(G(z))$. The distance is near 0, the diversity near 1, and all modes are there. Now the patients: look, name
# the illness, suspect a line. Then read on.
#
# ## Patient A
#
# **Predict, then run.** In the chart, look at $D(x)$ and $D(G(z))$ late in the run. Who is ahead, by how much, and can
# the other still learn?

# %%
chart("A")

# %% [markdown]
# **D is far too strong.** $D$ tells nearly all fakes, at once and to the end, and $D$'s loss is far below $2 \ln 2$.
# Where $D$ is sure, `mm` gives $G$ next to no gradient (tutorial 06), and $G$ takes tiny steps besides: the fakes are
# smeared over the plane. The lines: the loss `mm`, `lr_d = 2e-2` against `lr_g = 5e-5`. The cure: both `1e-3`, and
# `ns`.

# %%
chart("A cured")

# %% [markdown]
# B, C, D and F, their fault taken out, *are* the healthy run, number for number: all chance comes from one seed. So we
# draw the healthy fakes at the right.
#
# ## Patient B

# %%
chart("B", "healthy")

# %% [markdown]
# All fakes are at one cloud, and the curves drift apart: $D$'s loss goes down, $G$'s up, slowly and to the end.
#
# **G gets D's lesson, too.** The record says `theirs = D.parameters() + G.parameters()`, and the fakes are not
# detached: the step that lowers $D$'s loss also moves $G$, such that its fakes are *easier* to tell. Then $G$'s own
# step moves it back. One loss that trains both networks is a classic: in some frameworks it is what you get if you do
# not say *which* parameters to move. The cure, in two lines: `fake.detach()`, and `opt_d` for `D.parameters()` alone.
#
# ## Patient C
#
# **Predict, then run.** In this one *both* losses fall to zero and stay. In a game in which each wins what the
# other loses: what must have happened?

# %%
chart("C", "healthy")
print("the fakes' mean:", runs["C"][1].mean(axis=0).round(1))

# %% [markdown]
# **The sign of G's loss is wrong.** Two opponents cannot both win. If both losses vanish they play on the same side:
# $G$ minimises the cross-entropy with label 0, "these are fakes", as $D$ does. It runs away from the data, as far as
# it can. The line: `tg.ops.bce_with_logits(D(fake), 0.0)`. The cure: label 1, which is what `loss.generator` does.
#
# ## Patient D
#
# **Predict, then run.** The curves below look nearly healthy. Look at the fakes: which clouds are empty, and why those?

# %%
chart("D", "healthy")
batch = runs["D"][3]
mine, others = (believed(runs["D"][2](tg.Tensor(points))) for points in (batch, reals))
print(f"D(x) on the batch it was trained with {mine:.2f}, on other real points {others:.2f}")
nearest = np.linalg.norm(runs["D"][1][:, None] - batch, axis=2).argmin(axis=1)
print(f"the fakes are at {len(set(nearest))} of {len(batch)} points")

# %% [markdown]
# **The same batch at every step.** $G$ was shown eight points, and went to six of them. The curves cannot tell, since
# both players saw the same few. The test is to ask $D$ about real points that it was *not* trained with: it doubts
# them. In real code the fault is often `next(iter(batches))` within the loop, which begins anew each time. The cure:
# draw a new batch in each step, `data.sample(64, rng)`.
#
# ## Patient E

# %%
chart("E")
print("scaled as D sees them: fakes and data up to", *(3 * np.abs(points).max() for points in (runs["E"][1], reals)))

# %% [markdown]
# $D$ has won completely, and the fakes stand in straight lines, as on the walls of a box.
#
# **The range is wrong.** This $G$ ends in tanh and cannot leave $[-1, 1]$; its data were multiplied by 3. With
# pictures it is pixels from 0 to 255, or in $[0, 1]$: then every sample has a tone that no real one has, and $D$ needs
# to see nothing else. The cure: bring the data into the range of the last activation (`tg.data.batches(data, n, rng)`
# does it for pictures; for us it is a scale of 0.7), or leave the tanh out.

# %%
chart("E cured")

# %% [markdown]
# ## Patient F
#
# **Predict, then run.** Both losses at their equilibrium, $D(x)$ and $D(G(z))$ both at one half, as in tutorial 07.
# Has this run converged?

# %%
chart("F", "healthy")
print("deviation of the fakes:", runs["F"][1].std(axis=0).round(2), " of the data:", reals.std(axis=0).round(2))

# %% [markdown]
# **Mode collapse.** All $z$ lead to about the same place. The rates tell why: $G$ learns a hundred times as fast as
# $D$ (`1e-2`, `1e-4`). It finds the place where this $D$ gives most and sits there; when $D$ has understood, it hops
# on: each tooth of the curves is a hop. $D$ never gets beyond one half, not because the fakes are good but because it
# is slow. The cure: equal rates; other cures are in tutorial 08 (R1, packing).
#
# ## The discharge letter
#
# | you see | you suspect and check |
# |---|---|
# | A: $D$ far ahead from the start, fakes smeared | $D$ too strong: both learning rates; is it `mm`? |
# | B: $D$'s loss down, $G$'s up, one mode | $D$'s step moves $G$: `detach`, the list of parameters |
# | C: both losses to 0 | they play on one side: sign and label of $G$'s loss |
# | D: curves fine, samples few | too few data: ask $D$ about real data it has not seen |
# | E: $D$ has won, samples boxed in | ranges: min and max of reals and of fakes |
# | F: $D$ at one half, samples alike | $G$ too fast: diversity of the fakes, modes |
#
# Exercise: open the sealed cell and find the six faults. Add a patient G of your own, and let a friend diagnose it.
#
# Exercise: which does R1 cure, their fault left in? (The two steps, done right: `python -m tinygan.check ex12`.)

# %% tags=["picture"]
figure, axes = plt.subplots(2, 4, figsize=(12, 6.2), layout="constrained")
for ax, name in zip(axes.flat, ("healthy", *"ABCDEF", "E cured"), strict=True):
    scatter(ax, name)
plt.show()
modes = {name: tg.metrics.count_modes(run[1], data.means, data.sigma).modes for name, run in runs.items()}
assert modes["healthy"] == 8 and all(modes[sick] < 8 for sick in "BCDEF")
