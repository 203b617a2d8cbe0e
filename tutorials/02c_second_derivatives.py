# %% [markdown]
# # 02c Second derivatives, for free
#
# You will differentiate a gradient, and then that gradient once more, without writing a single new rule for it. You
# will also meet the curves that GANs are made of: tanh, sigmoid and softplus. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Left: tanh and its first three derivatives, each the slope of the one before. Right: softplus, its slope the
# sigmoid, and the slope of that, a small hill](images/02c_second_derivatives.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from my_engine import Tensor, gradients, sum_to  # what you wrote in tutorials 01 to 02b

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

# %% [markdown]
# ## A gradient is a Tensor, too
#
# Look at your rules again. For a product it says `(gy * b, gy * a)`, and `gy`, `a` and `b` are Tensors, not plain
# arrays. So what the rule returns is a Tensor as well. It remembers its inputs, so it can be differentiated.
#
# Let's add tanh. The slope of $y = \tanh x$ is $1 - y^2$.


# %%
def tanh(x):
    return Tensor(np.tanh(x.data), (x,), lambda gy, y, x: (gy * (1.0 - y * y),))


x = Tensor(np.linspace(-3, 3, 201))
(first,) = gradients(sum_to(tanh(x), ()), [x])
print("the slope of tanh at 0:", first.data[100], "   and it remembers", len(first.inputs), "inputs")

# %% [markdown]
# (Why did we sum? `gradients` wants a single number. Each number of `tanh(x)` depends on just one number of x. So in
# the gradient of their sum, each place holds the slope at its own x.)
#
# **Predict, then run.** At 0, the slope of tanh is 1. Where does it change fastest? Sketch the slope of tanh, and then
# the slope of that slope. Then let your engine draw both, and a third one.

# %% tags=["hide-output"]
curves = [tanh(x)]
for _ in range(3):
    curves.extend(gradients(sum_to(curves[-1], ()), [x]))
print("at 0:", [float(round(curve.data[100], 6)) for curve in curves])
steepest = x.data[curves[2].data.argmax()]
print("the slope changes fastest at x =", round(float(steepest), 2), "and at the mirror image")

names = ("tanh x", "first derivative", "second", "third")
plt.figure(figsize=(5.5, 3.4))
for curve, name, style in zip(curves, names, ("-", "--", "-.", ":"), strict=True):
    plt.plot(x.data, curve.data, style, label=name, color=BLUE if name == "tanh x" else ORANGE)
plt.legend(fontsize=9)
plt.show()

# %% [markdown]
# There was one rule, and you got three derivatives. Where a curve has its top, its slope is 0, so the next curve
# crosses zero there.
#
# ## Two more curves
#
# The **sigmoid**, $\sigma(l) = 1 / (1 + e^{-l})$, turns a discriminator's logit $l$ into a probability. It is a tanh,
# stretched, halved and lifted, so it needs no rule of its own. D's losses are made of **softplus**, $\ln(1 + e^{l})$:
# flat on the left, rising on the right, with a round corner between. (Tutorial 06 tells why.)


# %%
def sigmoid(x):
    return 0.5 + 0.5 * tanh(0.5 * x)


def softplus(x):
    """ln(1 + e^x)."""
    return Tensor(np.logaddexp(0, x.data), (x,), lambda gy, y, x: (gy * sigmoid(x),))


# %% [markdown]
# **Predict, then run.** The rule says that the slope of softplus is the sigmoid. Then what is its *second* derivative
# like? Where is it largest, and how large is it there?

# %% tags=["picture", "hide-output"]
soft = [softplus(2 * x)]
for _ in range(2):
    (slope,) = gradients(sum_to(soft[-1], ()), [x])
    soft.append(slope * 0.5)  # with respect to 2 x, the number on the axis
print("softplus at 0 and its two derivatives:", [round(float(curve.data[100]), 4) for curve in soft])

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for curve, name, style in zip(curves, names, ("-", "--", "-.", ":"), strict=True):
    left.plot(x.data, curve.data, style, label=name, color=BLUE if name == "tanh x" else ORANGE)
for curve, name, style in zip(
    soft, ("softplus", "its slope: sigmoid", "the slope of that"), ("-", "--", "-."), strict=True
):
    right.plot(2 * x.data, curve.data, style, label=name, color=BLUE if name == "softplus" else ORANGE)
left.set(title="one rule, three derivatives", xlabel="x")
right.set(title="softplus", xlabel="x", ylim=(-0.2, 3))
left.legend(fontsize=9)
right.legend(fontsize=9)
figure.tight_layout()
plt.show()

# %% [markdown]
# It is a hill of height one quarter, with its top where the sigmoid is steepest. Remember it: far out on either side,
# where a discriminator is very sure, its probability hardly changes. Tutorial 06 shows what that does to a generator.
#
# ## What it's good for
#
# Some GANs ask that the discriminator isn't too steep. So they put the *size of a gradient* into the loss, and training
# must then differentiate that gradient. Here is such a loss. Read the first call of `gradients` as "how steep", and the
# second as "how does the steepness change".

# %%
w, at = Tensor(0.7), Tensor(0.4)
(steepness,) = gradients(tanh(w * at), [at])
penalty = steepness * steepness
(g,) = gradients(penalty, [w])
print(f"steepness {steepness.data:.4f}   penalty {penalty.data:.4f}   its gradient by w {g.data:.6f}")


def penalty_at(w):
    return (w * (1 - np.tanh(w * 0.4) ** 2)) ** 2


print(f"measured: {(penalty_at(0.7 + 1e-5) - penalty_at(0.7 - 1e-5)) / 2e-5:.6f}")

# %% [markdown]
# Tutorial 07b adds such a penalty to a GAN, and tutorial 15 is about the most famous one, WGAN-GP.
#
# **Exercise.** Write `exp` with its rule. How long is the rule? What is the third derivative of `exp`?
#
# <details><summary>Answer</summary>
#
# `Tensor(np.exp(x.data), (x,), lambda gy, y, x: (gy * y,))`. Every derivative is the curve itself.
#
# </details>
#
# **Exercise.** In the rule of `tanh`, write `Tensor(y.data)` in the place of the first `y`. Is the first derivative
# still right? And the second?
#
# <details><summary>Answer</summary>
#
# The first is right, since the numbers are the same. The second is only half of what it should be. In $y \cdot y$ both
# factors depend on x, and you turned one of them into a constant: `Tensor(y.data)` has no inputs. The library calls
# this `detach`.
#
# </details>
#
# ## The same in tinygan
#
# In the library, each op is a class. `forward` gets arrays, and `xp`, the array library that they belong to (NumPy, or
# CuPy on a GPU). `backward` is your rule, with the same arguments. It computes with Tensors, so that it can be
# differentiated as well:


# %%
class MiniTanh(tg.Op):
    """y = tanh x, dy/dx = 1 - y^2."""

    def forward(self, xp, x):
        return xp.tanh(x)

    def backward(self, gy, y, x):
        return gy * (1 - y * y)


# %% [markdown]
# Does the library agree, gradients of gradients included? There you say `create_graph=True` if you want to
# differentiate the result again.

# %%
rng = np.random.default_rng(0)
arrays = [rng.normal(size=s) for s in ((5, 3), (3, 2), (2,))]
mini, full = [Tensor(v) for v in arrays], [tg.Tensor(v, requires_grad=True) for v in arrays]
x, W, b = mini
first = gradients(sum_to(softplus(tanh(x @ W + b)), ()), mini)
second = gradients(sum_to(first[0] * first[0], ()) + sum_to(first[1] * first[1], ()), mini)
x, W, b = full
their_first = tg.grad(tg.ops.softplus(MiniTanh()(x @ W + b)).sum(), full, create_graph=True)
their_second = tg.grad((their_first[0] ** 2).sum() + (their_first[1] ** 2).sum(), full)
for g, expected in zip(first + second, their_first + their_second, strict=True):
    assert np.allclose(g.data, tg.to_numpy(expected), rtol=1e-12, atol=1e-12)
print("three gradients, and three gradients of gradients: our engine and tinygan agree")

# %% [markdown]
# **What to keep.** Rules that compute with Tensors can be differentiated again. The slope of softplus is the sigmoid.
# A loss may contain a gradient.
#
# **Next:** 03. You have all the ops that a network needs, so you will build one and train it.
