# %% [markdown]
# # 12 The GAN clinic
#
# After this page you can look at the curves and samples of a sick run, name the illness, and write the line that cures
# it. Six patients are waiting. It takes about a minute on a free core.
#
# <details><summary>The picture this page ends in (it shows all patients)</summary>
#
# ![Eight rings of blue clusters with the orange fakes of eight runs. Healthy and E cured: on all eight. A: smeared
# over the plane. B: on one cluster. C: a streak far away. D: on three clusters. E: on the walls of a small square. F:
# a blot in the middle.](images/12_clinic.png)
#
# </details>

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
# The next cell is the training loop that you know from tutorial 00, with the faults of all six patients. **Run it, but
# don't read it yet**: the diagnosis comes first. (All runs share one seed, so they differ in nothing but the fault.)


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

    first, curves = data.sample(8, np.random.default_rng(7)), []
    for _ in range(steps):
        points = first if patient == "D" else data.sample(64, rng)
        z = tg.Tensor(rng.standard_normal((64, 2), dtype=np.float32))
        real, fake = tg.Tensor(points * np.float32(scale)), G(z)
        on_real, on_fake = D(real), D(fake if patient == "B" else fake.detach())
        loss_d = loss.discriminator(on_real, on_fake)
        opt_d.step(tg.grad(loss_d, theirs))
        if patient == "B":  # its G has moved: the old fakes belong to a G that is gone
            fake = G(tg.Tensor(rng.standard_normal((64, 2), dtype=np.float32)))
        loss_g = tg.ops.bce_with_logits(D(fake), 0.0) if patient == "C" else loss.generator(D(fake))
        opt_g.step(tg.grad(loss_g, G.parameters()))
        alike = resemblance(fake.data, real.data)
        curves.append((loss_d.item(), loss_g.item(), believed(on_real), believed(on_fake), *alike.values()))
    with tg.no_grad():
        z = np.random.default_rng(1).standard_normal((1000, 2), dtype=np.float32)
        return np.array(curves), tg.to_numpy(G(tg.Tensor(z))) / scale, D, points


def believed(logits):  # the mean of D(x) over a batch
    return tg.ops.sigmoid(logits.detach()).mean().item()


# %% [markdown]
# ## A healthy run
# Three panels: the losses; what $D$ thinks of reals and fakes; a thousand fakes (orange) over data (blue). The text
# above them adds two numbers: if the fakes are like the data, their diversity is about 1 and their distance near 0.

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
    for each in {name, *others} - set(runs):
        runs[each] = train("" if each == "healthy" else each)
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
# The losses balance each other: $D$ a little below $2 \ln 2 = 1.39$, $G$ somewhat above $\ln 2 = 0.69$. $D(x)$ stays
# just above $D(G(z))$, and all modes are there. Now it's your turn. Look, name the illness, guess the fault in the
# code, then unfold the diagnosis. Don't be discouraged: these pictures puzzle professionals, too. The last panel is
# always the cured run. (For B, C, D and F that's the healthy run: without the fault, they're the same program.)
#
# ## Patient A
# **Predict, then run.** One player is hopelessly ahead. Which one, do you think? Can the other still learn?

# %% tags=["hide-output"]
chart("A", "A cured")

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **D is far too strong.** It recognises nearly all fakes, from the start to the end, and its loss is much below
# $2 \ln 2$. Where $D$ is sure, `mm` gives $G$ hardly any gradient (tutorial 06), and $G$ takes tiny steps as well. The
# lines: the loss `mm`, and `lr_d = 2e-2` against `lr_g = 5e-5`. The cure: both `1e-3`, and `ns`.
#
# </details>
#
# ## Patient B
# **Predict, then run.** $D$'s loss goes down, $G$'s goes up, slowly and to the end. Who trains whom here?

# %% tags=["hide-output"]
chart("B", "healthy")

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **D's step moves G, too.** The code says `theirs = D.parameters() + G.parameters()`, and the fakes aren't detached. So
# the step that lowers $D$'s loss also changes $G$, which makes its fakes *easier* to recognise. (Some frameworks do
# that if you don't say *which* parameters to move.) The cure: `fake.detach()`, and `opt_d` for $D$ alone.
#
# </details>
#
# ## Patient C
# **Predict, then run.** Here *both* losses fall to zero. In a game where each wins what the other loses, what must have
# happened?

# %% tags=["hide-output"]
chart("C", "healthy")
print("the fakes' mean:", runs["C"][1].mean(axis=0).round(1))

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **The sign of G's loss is wrong.** Two opponents can't both win, so they play on the same side: $G$ minimises the
# cross-entropy with label 0, "these are fakes", as $D$ does. It runs away from the data. The line:
# `tg.ops.bce_with_logits(D(fake), 0.0)`. The cure: label 1, which is what `loss.generator` does.
#
# </details>
#
# ## Patient D
# **Predict, then run.** The curves look nearly healthy. But look at the fakes: which clouds are empty, and why those?

# %% tags=["hide-output"]
chart("D", "healthy")
batch = runs["D"][3]
mine, others = (believed(runs["D"][2](tg.Tensor(points))) for points in (batch, reals))
print(f"D(x) on the batch it was trained with {mine:.2f}, on other real points {others:.2f}")
nearest = np.linalg.norm(runs["D"][1][:, None] - batch, axis=2).argmin(axis=1)
print(f"the fakes are at {len(set(nearest))} of {len(batch)} points")

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **The same batch at every step.** $G$ was shown eight points, and went to six of them. The curves don't show it, since
# both players saw the same few points. The test: ask $D$ about real points it *wasn't* trained with. In real code the
# fault is often `next(iter(batches))` inside the loop. The cure: a new batch in each step, `data.sample(64, rng)`.
#
# </details>
#
# ## Patient E
# **Predict, then run.** $D$ wins completely, and the fakes stand in straight lines. What keeps them inside?

# %% tags=["hide-output"]
chart("E", "E cured")
print("scaled as D sees them: fakes and data up to", *(3 * np.abs(points).max() for points in (runs["E"][1], reals)))

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **The range is wrong.** This $G$ ends in tanh and can't leave $[-1, 1]$; its data were multiplied by 3. With pictures
# the mistake is pixels in 0 to 255, or in $[0, 1]$. The cure: bring the data into the range of the last activation
# (`tg.data.batches` does it for pictures; here a scale of 0.7 will do), or leave the tanh out.
#
# </details>
#
# ## Patient F
# **Predict, then run.** Both losses are near their equilibrium, $D(x)$ and $D(G(z))$ near one half, as in a game that
# has ended well. Has it?

# %% tags=["hide-output"]
chart("F", "healthy")
print("deviation of the fakes:", runs["F"][1].std(axis=0).round(2), " of the data:", reals.std(axis=0).round(2))

# %% [markdown]
# <details><summary>Diagnosis and cure</summary>
#
# **Mode collapse.** All $z$ lead to about the same place, since $G$ learns a hundred times as fast as $D$ (`1e-2`,
# `1e-4`). $G$ goes to the place that this $D$ likes best; when $D$ has learned that, $G$ jumps on. Each peak in the
# curves is a jump. $D$ stays at one half because it's slow, not because the fakes are good. The cure: equal rates.
#
# </details>
#
# ## Recap: what you see, what you check
# | you see | you suspect and check |
# |---|---|
# | A: $D$ far ahead from the start, fakes smeared | $D$ too strong: both learning rates; is it `mm`? |
# | B: $D$'s loss down, $G$'s up, one mode | $D$'s step moves $G$: `detach`, the list of parameters |
# | C: both losses to 0 | they play on one side: sign and label of $G$'s loss |
# | D: curves fine, samples few | too few data: ask $D$ about real data it has not seen |
# | E: $D$ has won, samples boxed in | ranges: min and max of reals and of fakes |
# | F: $D$ at one half, samples alike | $G$ too fast: diversity of the fakes, modes |

# %% tags=["picture", "hide-output"]
figure, axes = plt.subplots(2, 4, figsize=(12, 6.2), layout="constrained")
for ax, name in zip(axes.flat, ("healthy", *"ABCDEF", "E cured"), strict=True):
    scatter(ax, name)
plt.show()
modes = {name: tg.metrics.count_modes(run[1], data.means, data.sigma).modes for name, run in runs.items()}
assert modes["healthy"] == 8 and all(modes[sick] < 8 for sick in "BCDEF")

# %% [markdown]
# **Exercise.** Open the sealed cell and find the faults. Then add `tg.penalties.r1(D, real, fake, rng)` to `loss_d`.
# Leave the faults in: whom does R1 cure? (Graded: `python -m tinygan.check ex12`, the two steps done right.)
#
# <details><summary>Answer</summary>
#
# The faults stand behind `patient == "..."` and in the dicts of rates. R1 cures nobody. It smooths $D$, so patients D
# and F reach 5 modes instead of 3, but no penalty repairs a sign, a range or missing data. Even the healthy run loses:
# 80 % of its fakes are near a mode, instead of 90 %. (For ex12, ask `--hint`, `--hint 2` and `--hint 3`.)
#
# </details>
#
# Next: tutorial 13 moves everything to a graphics card.
