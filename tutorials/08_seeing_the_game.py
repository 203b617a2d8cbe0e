# %% [markdown]
# # 08 Seeing the game
#
# After this page you can draw what a discriminator believes, recognise mode collapse, measure it with three numbers,
# and mend it with one switch. It takes about twenty seconds.
#
# <details><summary>The picture this page ends in (it gives the answers away)</summary>
#
# ![The plane with eight blue data clusters on a ring; the ground is blue where D says real, orange where it says fake.
# Plain: all fakes lie in one streak at a single cluster. With R1: a cloud over all eight. With packing: most fakes lie
# on the eight clusters. Right: the number of modes found over the steps.](images/08_seeing_the_game.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

import tinygan as tg
from tinygan.gan.game import Game
from tinygan.gan.sampling import draw
from tinygan.plot.style import BLUE, DARK_ORANGE, GREY, INK, ORANGE

steps = 1200

# %% [markdown]
# ## A game that's easy to see
#
# The data are eight Gaussians (**modes**) on a ring. We can draw every sample, and ask $D$ about every place.

# %%
data = tg.data.ring(sigma=0.1)
print(data.describe())
reals = data.sample(500, np.random.default_rng(1))

# %% [markdown]
# `Game` holds two networks, two optimisers and the rules. `game.step` is the step of tutorial 00, with a switch for
# each variation. To see a game fail, we give the generator ten times the discriminator's learning rate.


# %%
def new_game(**switches):
    rng = np.random.default_rng(0)
    G, D = tg.models.points((2,), latent=64, pack=switches.get("pack", 1), rng=rng)
    opt_g, opt_d = tg.optim.Adam(G.parameters(), lr=3e-3), tg.optim.Adam(D.parameters(), lr=3e-4)
    return Game(G, D, opt_g, opt_d, tg.losses.get("ns"), latent=64, rng=rng, joint_batch=True, **switches)


def play(game, steps):
    for _ in range(steps):
        game.step(lambda: data.sample(64 * game.pack, game.rng))


game = new_game()
print(game.generator.summary((64,)))

# %% [markdown]
# ## The picture of the game
#
# We ask $D$ two questions. First: *what do you think of this place?* We ask it at every point of a fine grid, and
# colour the plane: blue for "real", orange for "fake", white for "can't tell".

# %%
ticks = np.linspace(-1.9, 1.9, 61, dtype=np.float32)
plane = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def logits(game, points, others=reals):
    """D's opinion of points. A D that judges several samples at once (later) sees each beside some of the others."""
    rows = np.random.default_rng(0).integers(len(others), size=(game.pack - 1, len(points)))
    return game.discriminator(tg.ops.concatenate([points, *(tg.Tensor(others[row]) for row in rows)], axis=1))


def heat_map(game):
    with tg.no_grad():
        return tg.to_numpy(tg.ops.sigmoid(logits(game, tg.Tensor(plane)))).reshape(61, 61)


print(f"D(x) on the grid: {heat_map(game).min():.3f} to {heat_map(game).max():.3f}")

# %% [markdown]
# Second: *which way should this fake go, to look more real to you?* That's the gradient of the logit with respect to
# the fake, drawn as an arrow.
#
# **Predict, then run.** You'll see the game after 0, 50, 200 and 400 steps. Will the fakes spread over the ring, or
# move together? Where will the arrows point?


# %% tags=["hide-output"]
def arrows(game, fakes):
    points = tg.Tensor(fakes, requires_grad=True)
    # The sum of all logits: each fake's gradient stands in its own row.
    (push,) = tg.grad(logits(game, points, fakes).sum(), [points])
    return tg.to_numpy(push)


def draw_game(axes, game, title):
    colours = LinearSegmentedColormap.from_list("fake to real", ["#F0BE6E", "white", "#74B3DE"])
    axes.imshow(heat_map(game), extent=(-1.9, 1.9, -1.9, 1.9), origin="lower", cmap=colours, vmin=0, vmax=1)
    fakes = draw(game.generator, np.random.default_rng(2).standard_normal((300, 64), dtype=np.float32))
    axes.scatter(*reals.T, s=4, color=BLUE, alpha=0.5, label="data")
    axes.scatter(*fakes.T, s=9, color=ORANGE, edgecolor=DARK_ORANGE, lw=0.4, label="fakes")
    push = arrows(game, fakes)[:60]
    norms = np.hypot(*push.T)[:, None]
    push = 0.25 * push / (norms + norms.mean())  # so that directions stay readable, however weak the push
    axes.quiver(*fakes[:60].T, *push.T, angles="xy", scale_units="xy", scale=1, color=INK, width=0.005)
    axes.set(xticks=[], yticks=[], xlim=(-1.9, 1.9), ylim=(-1.9, 1.9))
    axes.set_title(title, fontsize=11)


figure, axes = plt.subplots(1, 4, figsize=(13, 3.5), layout="constrained")
played = 0
for ax, step in zip(axes, (0, 50, 200, 400), strict=True):
    play(game, step - played)
    played = step
    draw_game(ax, game, f"step {step}")
plt.show()

# %% [markdown]
# The arrows lead from orange to blue, uphill in $D$'s opinion, and the fakes move together. No fake knows that its
# neighbours go the same way. They all run to where $D$ is highest, faster than $D$ can follow: **mode collapse**. Once
# $D$ has noticed, the crowd moves on to another mode.
#
# ## Measuring it
#
# `count_modes` gives three numbers (Lin et al., 2018):
#
# - *modes*: how many of the eight have at least one fake within 3 standard deviations;
# - *high quality*: the share of fakes that lie so near a mode;
# - *reverse KL* (Kullback-Leibler): 0 if these good fakes are spread evenly, $\ln 8 = 2.08$ if all are at one mode.
#
# The *energy distance* compares distances between fakes and data with distances inside each: near 0 only if both are
# alike.
#
# **Predict, then run.** First, the data themselves. What will the four numbers be?


# %% tags=["hide-output"]
def measure(samples):
    report = tg.metrics.count_modes(samples, data.means, data.sigma)
    energy = tg.metrics.energy_distance(samples, data.sample(len(samples), np.random.default_rng(3)))
    return report.modes, report.high_quality, report.reverse_kl, energy


def row(name, numbers):
    print("{:12} {} modes   {:5.1%} high quality   reverse KL {:.2f}   energy distance {:.3f}".format(name, *numbers))


z = np.random.default_rng(4).standard_normal((1000, 64), dtype=np.float32)
row("real data", measure(data.sample(1000, np.random.default_rng(5))))
row("one mode", measure(data.means[:1] + 0.1 * np.random.default_rng(6).standard_normal((1000, 2))))
row("our fakes", measure(draw(game.generator, z)))

# %% [markdown]
# Even the data's energy distance isn't 0: two sets of 1,000 samples differ by chance.
#
# ## One switch
#
# Three games, equal in all but one switch:
#
# - *plain*: as above;
# - *R1*: a slope at the real samples costs $D$ a penalty, so it can't build one steep peak that attracts all fakes;
# - *packing*: $D$ judges three samples side by side. Three fakes from one mode don't look like three real samples, so
#   $D$ can *see* a lack of variety.
#
# **Predict, then run.** With which switch will the fakes find all modes? With which will more of them lie on a mode?

# %% tags=["hide-output"]
games = {
    "plain": new_game(),
    "with R1": new_game(penalties=[(tg.penalties.r1, 1.0)]),
    "packing 3": new_game(pack=3),
}
history = {name: [] for name in games}
for name, game in games.items():
    for _ in range(12):
        play(game, steps // 12)
        history[name].append(measure(draw(game.generator, z)))
    row(name, history[name][-1])

# %% tags=["hide-output"]
for name, numbers in history.items():  # one moment may mislead: look at the whole way
    print(f"{name:10} modes {[n[0] for n in numbers]}   mean energy distance {np.mean([n[3] for n in numbers]):.3f}")

# %% tags=["picture", "hide-output"]
figure, axes = plt.subplots(1, 4, figsize=(13, 3.5), layout="constrained")
for ax, (name, numbers) in zip(axes, history.items(), strict=False):
    draw_game(ax, games[name], f"{name}: {numbers[-1][0]} modes, {numbers[-1][1]:.0%} high quality")
axes[0].legend(loc="lower left", fontsize=8)
at = steps // 12 * np.arange(1, 13)
for (name, numbers), look in zip(history.items(), ("-", "--", ":"), strict=True):
    colour = {"plain": ORANGE, "with R1": BLUE, "packing 3": GREY}[name]
    axes[3].plot(at, [n[0] for n in numbers], look, marker="o", ms=4, color=colour, lw=2, label=name)
axes[3].set(title="modes found", xlabel="step", ylim=(-0.3, 8.5))
axes[3].legend(fontsize=8, loc="center right")
plt.show()
late = {name: np.mean([n[0] for n in numbers[6:]]) for name, numbers in history.items()}
assert late["plain"] < 6 and late["with R1"] > 7 and late["packing 3"] > 7

# %% [markdown]
# The plain game jumps from mode to mode. With either switch all eight modes are found early on. But with R1 most fakes
# still lie between the modes: its $D$ is nearly flat and pushes gently. With packing more than half are already of high
# quality.
#
# (In the plain game tiny rounding errors grow, so your numbers may differ.)
#
# **Exercise.** `Game` has more switches: `instance_noise=0.3` (noise on the samples), `n_critic=5` (five steps of $D$
# for each of $G$), `unroll=5` ($G$ plays against the $D$ of five steps later). Which finds all eight modes and keeps
# them, and what does it cost?
#
# <details><summary>Answer</summary>
#
# `unroll=5`: eight modes from step 400 on. It takes about eight times as long as the plain game. `n_critic=5` takes
# nearly three times as long, found eight modes, and lost half of them again. `instance_noise=0.3` never found more than
# four.
#
# </details>
#
# **Exercise.** Change the seed in `new_game`. How many of five plain games are collapsed at step 1,200?
#
# <details><summary>Answer</summary>
#
# With seeds 0 to 4 we counted 1, 7, 8, 8 and 3 modes: two of five are collapsed. A hundred steps later we counted 1, 8,
# 8, 8 and 1. Collapse is a phase that a game may leave or enter again, so one seed and one moment prove little.
#
# </details>
#
# ## Recap
#
# - $D$ as a map, its gradient as arrows: the game at a glance.
# - Fakes run together to $D$'s highest place: mode collapse. Count modes, quality and spread.
# - Smoothing $D$ (R1) or letting it see several samples (packing) helps.
#
# Next: tutorial 09, from points to pictures.
