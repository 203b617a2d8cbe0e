# %% [markdown]
# # 07b Why a GAN runs in circles
#
# Some GANs never come to rest. You will see why, in the smallest game there is, with one number for each player, and
# stop the circling with a brake. You'll need little more than arrows. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Left: a plane full of arrows that circle around a cross in the middle, and a path that circles with them. Middle:
# the same start with both players moving at once winds outwards. Right: with R1 the path spirals into the
# cross](images/07b_circles.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from my_engine import Tensor, gradients, softplus  # what you wrote in 01 to 02c

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

# %% [markdown]
# ## One number each
#
# In tutorial 07, b ran past its goal. Let's make the game as simple as possible (Mescheder et al., 2018):
#
# - the data are a single point, 0;
# - the generator is a single point, $\theta$ (theta), and wants to be where the data are;
# - the discriminator's logit is $\psi x$ (psi times x): a straight line through 0 with the slope $\psi$.
#
# If $\psi$ is positive, D says "more real to the right", and the generator moves right. If it's negative, left. At the
# goal both are 0.


# %%
def dirac_step(theta, psi, lr, gamma=0.0, at_once=False):
    """One step of both: D first, or both from where they stood."""
    real, d, g = Tensor(0.0), Tensor(psi), Tensor(theta)
    (steepness,) = gradients(d * real, [real])  # of D, at the data: needed for the brake below
    loss_d = softplus(-1.0 * d * real) + softplus(d * g) + 0.5 * gamma * steepness * steepness
    (slope_d,) = gradients(loss_d, [d])
    moved = psi - lr * slope_d.data
    d = Tensor(psi if at_once else moved)
    (slope_g,) = gradients(-1.0 * softplus(d * g), [g])  # minimax: the exact opposite of what D wants
    return float(theta - lr * slope_g.data), float(moved)


theta, psi = 1.0, 0.0
for step in range(4):
    print(f"step {step}: theta {theta:+.3f}   psi {psi:+.3f}")
    theta, psi = dirac_step(theta, psi, lr=0.5)

# %% [markdown]
# The fake is to the right of the data, so D makes $\psi$ negative, and the fake starts to move left.
#
# ## A plane full of arrows
#
# The state of this game is two numbers, so it's a point in a plane: $\theta$ to the right, $\psi$ upwards. At each
# point we draw the next step as an arrow. Think of a stream, and of a leaf that drifts on it.
#
# In D's loss only softplus$(\psi\theta)$, the part for the fake, changes. Its slopes are $\sigma(\psi\theta)\,\psi$ in
# $\theta$ and $\sigma(\psi\theta)\,\theta$ in $\psi$. The generator walks up, the discriminator down:
#
# $$\text{arrow at } (\theta, \psi) \;=\; \sigma(\psi\theta)\, (\psi,\, -\theta)$$
#
# **Predict, then run.** Draw the arrows at $(1, 0)$, $(0, 1)$, $(-1, 0)$ and $(0, -1)$. Where does a leaf drift from
# $(1, 0)$?

# %% tags=["hide-output"]
ticks = np.linspace(-2, 2, 11)
thetas, psis = np.meshgrid(ticks, ticks)
sure = 1 / (1 + np.exp(-psis * thetas))


def draw_arrows(axes, gamma=0.0):
    axes.quiver(thetas, psis, sure * psis, -sure * thetas - gamma * psis, color=GREY, alpha=0.6, width=0.004)
    axes.plot(0, 0, "x", color="black", ms=9)
    axes.set(xlabel=r"$\theta$, the generator", ylabel=r"$\psi$, D's slope", aspect="equal")


def drift(steps, lr, **how):
    path = [(1.0, 0.0)]
    for _ in range(steps):
        path.append(dirac_step(*path[-1], lr, **how))
    return np.array(path)


circle = drift(800, 0.05)
figure, axes = plt.subplots(figsize=(4, 4))
draw_arrows(axes)
axes.plot(*circle.T, color=ORANGE)
axes.plot(1, 0, "o", color="black", ms=5)
plt.show()
print("distance from the goal: at the start 1, after 800 small steps", round(float(np.hypot(*circle[-1])), 3))

# %% [markdown]
# A circle! Each arrow is at a right angle to the line from the middle, so the leaf gets neither nearer nor farther. The
# generator goes where D points, and has gone too far when D turns. Neither makes a mistake, but they never arrive.
#
# ## Real steps are not tiny
#
# **Predict, then run.** Now both move *at once*, with longer steps. Each step is a straight piece along an arrow, and
# the arrow touches the circle. Does the path end up inside it, or outside?

# %% tags=["hide-output"]
outwards, taking_turns = drift(200, 0.2, at_once=True), drift(200, 0.2)
for name, path in (("both at once", outwards), ("D first, then G", taking_turns)):
    print(f"{name:16} distance from the goal after 200 longer steps: {np.hypot(*path[-1]):.3f}")

# %% [markdown]
# Outside: each straight piece leaves the circle a little, and that adds up. If the two take turns, the path leads
# outwards, then inwards again. That's one reason to train GANs in turns.
#
# ## A brake
#
# Friction brings a swing to rest. R1 is friction for GANs: **D pays for being steep where the data are**. It adds
# $\frac{\gamma}{2} \lVert \nabla D(x) \rVert^2$ to D's loss, at real samples. The bars mean length, and $\nabla D$ is
# the gradient of the logit by x. Here that's $\psi$, so each step also moves $\psi$ a little towards 0.
#
# **Predict, then run.** What does the path look like with $\gamma = 0.3$? Is the goal still where it was?

# %% tags=["picture", "hide-output"]
spiral = drift(800, 0.05, gamma=0.3)
print(f"with R1, distance from the goal after 800 small steps: {np.hypot(*spiral[-1]):.4f}")
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
panels = (("small steps: a circle", circle, 0.0), ("both at once: outwards", outwards, 0.0), ("with R1", spiral, 0.3))
for one, (title, path, gamma) in zip(axes, panels, strict=True):
    draw_arrows(one, gamma)
    one.plot(*path.T, color=BLUE if gamma else ORANGE, lw=1.8)
    one.plot(*path[0], "o", color="black", ms=5)
    one.set(title=title, xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
plt.show()
assert np.hypot(*spiral[-1]) < 0.01 and 0.9 < np.hypot(*circle[-1]) < 1.1 < np.hypot(*outwards[-1])

# %% [markdown]
# A spiral into the goal! The arrows in the right panel lean inwards now. At the goal D is flat and the brake costs
# nothing, so the goal stays where it was.
#
# **Exercise.** Try $\gamma$ = 0.5, 1 and 2. How many steps does each take to come within 0.01 of the goal? Is a
# stronger brake better?
#
# <details><summary>Answer</summary>
#
# Small steps of 0.05 need 387, 310 and 727. With too strong a brake the path creeps: $\psi$ stays small, so the
# generator hardly moves. Below $\gamma = 1$ the path swings around the goal, above 1 it creeps towards it, so a
# $\gamma$ a little below 1 is the quickest.
#
# </details>
#
# **Exercise.** The library has this penalty as `tg.penalties.r1`. For the logit $\psi x$ with $\psi = 0.7$ and
# $\gamma = 1$, what should it return?
#
# <details><summary>Answer</summary>
#
# The slope of $\psi x$ is $\psi$ at every sample, so the penalty is $\frac{\gamma}{2} \psi^2 = 0.245$.
#
# </details>

# %% tags=["hide-output"]
psi, reals = tg.Tensor([[0.7]]), tg.Tensor(np.zeros((5, 1)))
penalty = tg.penalties.r1(lambda x: x @ psi, reals, reals, np.random.default_rng(0)).item()
print(f"tinygan's R1: {penalty:.3f}")
assert abs(penalty - 0.5 * 0.7**2) < 1e-6

# %% [markdown]
# **What to keep.** The generator follows D, and D follows the generator, so they may circle. Moving at once winds
# outwards. R1 makes D pay for its steepness at the data, and the circle becomes a spiral.
#
# **Next:** 07c. You have an engine, a loss and Adam. It's time to train a real GAN.
