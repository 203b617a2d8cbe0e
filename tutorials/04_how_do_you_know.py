# %% [markdown]
# # 04 How do you know it is right?
#
# You will build a gradient check, see what can fool it, and let tinygan's own check name a mistake. A few seconds to
# run.
#
# <details><summary>The picture of this page (it gives an answer away)</summary>
#
# ![The error of a numeric slope against the step h, both axes logarithmic: two curves that fall like a V from the
# right, turn, and rise again to the left. The turn of the centred difference is lower](images/04_how_do_you_know.png)
#
# </details>
#
# A wrong gradient doesn't crash: the network learns, only worse, and nobody knows why. So every gradient in this
# library is compared with a measurement. How exact can a measurement be?

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE
from tinygan.testing import gradcheck_pair

rng = np.random.default_rng(0)

# %% [markdown]
# ## Measuring a slope
#
# Move x by a small step h and see how much f moves.
#
# $$\text{forward: } \frac{f(x+h) - f(x)}{h} \qquad \text{centred: } \frac{f(x+h) - f(x-h)}{2h}$$
#
# We try both on a function whose slope we know, $f(x) = e^{\sin x}$.


# %%
def f(x):
    return np.exp(np.sin(x))


x = 1.0
true = np.exp(np.sin(x)) * np.cos(x)
for h in (0.1, 0.01, 0.001):
    forward, centred = (f(x + h) - f(x)) / h, (f(x + h) - f(x - h)) / (2 * h)
    print(f"h = {h:<6} error: forward {abs(forward - true):.1e}   centred {abs(centred - true):.1e}")

# %% [markdown]
# With a step ten times smaller, the forward difference gets ten times better, and the centred one a hundred times.
# Taylor's series says why: $f(x+h) = f + h f' + \frac{h^2}{2} f'' + \dots$ In the centred difference the term with
# $f''$ cancels.
#
# **Predict, then run.** Is a smaller h always better, and $h = 10^{-12}$ best of all? Sketch the error against h, both
# axes logarithmic.

# %% tags=["picture", "hide-output"]
steps = np.logspace(-15, 0, 151)
forward = np.abs((f(x + steps) - f(x)) / steps - true)
centred = np.abs((f(x + steps) - f(x - steps)) / (2 * steps) - true)
for name, error in (("forward", forward), ("centred", centred)):
    print(f"{name}: error {error[30]:.0e} at h = 1e-12; at best {error.min():.0e} at h = {steps[error.argmin()]:.0e}")

figure, axes = plt.subplots(figsize=(7, 4.2))
axes.loglog(steps, forward, color=ORANGE, label="forward difference")
axes.loglog(steps, centred, color=BLUE, label="centred difference")
axes.axvline(1e-5, color="grey", ls="--", lw=1)
axes.text(1.5e-5, 1e-12, "h = 1e-5", color="grey")
axes.set(xlabel="step h", ylabel="error of the slope", title="How good is a measured slope?")
axes.legend(loc="upper center")
figure.tight_layout()
plt.show()

# %% [markdown]
# It's a V. A float64 number has about 16 digits. When h is tiny, $f(x+h)$ and $f(x-h)$ agree in nearly all of them, so
# their difference is mostly rounding noise. Divided by h, it grows like $1/h$. The bottom of the blue V is near
# $h = 10^{-5}$, tinygan's h. There ten digits are right.
#
# **Predict, then run.** Networks usually run in float32, with 7 digits. How many digits does the slope keep?

# %% tags=["hide-output"]
x32, h32 = np.float32(x), np.float32(1e-5)
measured = (f(x32 + h32) - f(x32 - h32)) / (2 * h32)
print(f"float32: {measured:.4f}, true {true:.4f}")

# %% [markdown]
# Two digits are left.
#
# ## From a slope to a gradient check
#
# A backward pass takes the upstream gradient `gy`, shaped like the output, and returns a gradient for each input. To
# test it, turn the output into one number, $s = \sum y \cdot gy$. The gradient of $s$ by $y$ is just `gy`. So backward
# must return $\partial s / \partial x_i$ at each place $i$, and this we can measure.


# %%
def mini_gradcheck(forward, backward, x, gy, h=1e-5):
    """The gradient that backward claims, beside the one that is measured."""
    claimed, measured = backward(gy, x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        measured[i] = ((forward(up) - forward(down)) * gy).sum() / (2 * h)
    return claimed, measured


def tanh_backward(gy, x):
    return gy * (1 - np.tanh(x) ** 2)


x = rng.normal(size=(2, 3))
claimed, measured = mini_gradcheck(np.tanh, tanh_backward, x, rng.normal(size=(2, 3)))
print("the largest difference:", np.abs(claimed - measured).max())

# %% [markdown]
# ## Which gy?
#
# Ones seem natural for `gy`: then s is the plain sum. Here are three backward passes with a mistake each. The first
# forgets `gy`, the second forgets to transpose back, and the third says that softmax has the gradient 0.


# %%
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


planted = {
    "tanh without gy": (np.tanh, lambda gy, x: 1 - np.tanh(x) ** 2),
    "transpose, not turned back": (lambda x: 2 * x.T, lambda gy, x: 2 * gy),
    "softmax, always 0": (softmax, lambda gy, x: 0 * x),
}

# %% [markdown]
# **Predict, then run.** Which of them does a check with ones find?

# %% tags=["hide-output"]
x = rng.normal(size=(3, 3))
for kind, gy in (("ones", np.ones((3, 3))), ("random", rng.normal(size=(3, 3)))):
    for name, (forward, backward) in planted.items():
        claimed, measured = mini_gradcheck(forward, backward, x, gy)
        verdict = "looks right" if np.allclose(claimed, measured, atol=1e-7) else "WRONG"
        print(f"gy {kind:6}   {name:28} {verdict}")

# %% [markdown]
# None! Ones hide a missing factor and a missing transpose. Each row of a softmax adds up to 1, whatever x is, so s
# can't move. Random numbers hide none of this. (And take the shape (2, 3): a square hides a forgotten transpose.)
#
# ## Kinks
#
# The ReLU, $\max(x, 0)$, has slope 0 on the left and 1 on the right. At 0 it has none.
#
# **Predict, then run.** What does our check measure at 0?

# %% tags=["hide-output"]
relu, relu_backward = (lambda x: np.maximum(x, 0)), (lambda gy, x: gy * (x > 0))
x = np.array([-1.0, 0.0, 2.0])
claimed, measured = mini_gradcheck(relu, relu_backward, x, np.ones(3))
print("claimed ", claimed)
print("measured", measured)

# %% [markdown]
# One half, the mean of both sides: the check is wrong, not the gradient. tinygan measures each side, and says if they
# differ.

# %%
print(gradcheck_pair(relu, relu_backward, x))

# %% [markdown]
# ## A check that names the mistake
#
# `gradcheck_pair` takes a forward and a backward in NumPy, like ours; `tg.gradcheck` takes a function of Tensors. If a
# gradient is wrong, they try many known mistakes, and name the one that gives exactly these numbers.

# %%
for name, (forward, backward) in planted.items():
    report = gradcheck_pair(forward, backward, rng.normal(size=(2, 3)))
    print(f"{name}: {report.diagnosis.sentence if report.diagnosis else report.problems[0]}")

print()
forgot = gradcheck_pair(lambda x, b: x + b, lambda gy, x, b: (gy, gy.mean(axis=0)), np.ones((4, 2)), np.ones(2))
print(forgot)

# %% [markdown]
# With `order=2`, `tg.gradcheck` also checks the gradient of the gradient.

# %%
print(tg.gradcheck(lambda x: tg.ops.tanh(x) ** 2, rng.normal(size=(2, 3)), order=2))

# %% [markdown]
# Does our check agree with the library's?

# %%
seen = []


def watched(gy, x):
    seen.append(gy)
    return tanh_backward(gy, x)


x = rng.normal(size=(2, 3))
(entry,) = gradcheck_pair(np.tanh, watched, x).entries
claimed, measured = mini_gradcheck(np.tanh, tanh_backward, x, seen[0])
print("measured by us     ", measured.ravel())
print("measured by tinygan", entry.numeric.ravel())
assert np.array_equal(claimed, entry.analytic)
assert np.allclose(measured, entry.numeric, rtol=0, atol=1e-9)
print("the mini check and tinygan's agree")

# %% [markdown]
# **Exercise.** Write forward and backward of $y = x / \|x\|$ for each row of a matrix. What does `gradcheck_pair` say
# if your backward treats $\|x\|$ as a constant?
#
# <details><summary>Answer</summary>
#
# The right one is $g_x = (g_y - y\,(y \cdot g_y)) / \|x\|$. A longer $x$ gives the same $y$, so no gradient may be left
# along $y$: that part of $g_y$ is taken out. With $g_y / \|x\|$ alone, the check says "gx lacks the path through the
# norm along axis 1".
#
# </details>
#
# **Exercise** (graded). `python -m tinygan.check ex03`: LeakyReLU, forward and backward, checked in this way.
#
# <details><summary>Answer</summary>
#
# Both choose by the sign of $x$: $y = x$ and $g_x = g_y$ where $x > 0$, else $y = a x$ and $g_x = a g_y$. Stuck?
# `python -m tinygan.check ex03 --hint`, or `check("ex03", hint=1)` in a notebook; hints 2 and 3 say more.
#
# </details>
#
# ## Recap
#
# - Measure slopes with centred differences, float64 and h near 1e-5.
# - A random gy and shapes that aren't square catch mistakes that ones and squares hide.
# - At a kink no gradient is right: look on both sides.
#
# Next: tutorial 05 builds Adam by hand.
