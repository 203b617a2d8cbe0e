# %% [markdown]
# # 02b The matrix product
#
# You will find the way back of the matrix product from nothing but its shapes, check it by measuring, and add it to
# your engine. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Three equations of rectangles, drawn to the sizes of their matrices. y, 5 by 2, is a, 5 by 3, times b, 3 by 2. ga,
# 5 by 3, is gy, 5 by 2, times b transposed, 2 by 3. gb, 3 by 2, is a transposed, 3 by 5, times
# gy](images/02b_matrix_product.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from my_engine import Tensor, gradients, sum_to  # what you wrote in tutorials 01 and 02

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## What it computes
#
# Take $y = a\,b$, with $a$ of shape $(n, k)$ and $b$ of shape $(k, m)$. Each number in $y$ is a sum of $k$ products:
#
# $$y_{ij} = \sum_l a_{il}\, b_{lj}$$
#
# If matrices are new to you: lay row $i$ of $a$ over column $j$ of $b$, multiply the numbers that meet, and add up the
# products. In a network (tutorial 03), each row of $a$ is one sample. Each column of $b$ belongs to one output: it says
# how much each number of the sample counts there. So one matrix product works out every output for every sample.

# %%
a, b = np.array([[1.0, 2.0, 3.0]]), np.array([[10.0], [20.0], [30.0]])
print("(1, 3) times (3, 1):", a @ b, "which is 1 * 10 + 2 * 20 + 3 * 30")
print("(3, 1) times (1, 3) has the shape", (b @ a).shape)

# %% [markdown]
# ## The way back, from the shapes
#
# This is the hardest step of the page, and there's a trick for it. First the slow way. Where does the number $a_{il}$
# go? It is in every number of row $i$ of $y$. In $y_{ij}$ it is multiplied by $b_{lj}$, so that is its slope there. Let
# $gy$ be the gradient that arrives at $y$, and $ga$ and $gb$ those of $a$ and $b$. As always, we multiply by what
# arrives and add up:
#
# $$ga_{il} = \sum_j gy_{ij}\, b_{lj}$$
#
# This is a matrix product again. But of which? The trick: look at the shapes. `ga` must have the shape of $a$, that is
# $(n, k)$. It's made from `gy`, which is $(n, m)$, and $b$, which is $(k, m)$.
#
# **Predict, then run.** You may transpose (turn rows into columns), and you may choose the order. Which single product
# of `gy` and $b$ has the shape $(n, k)$? And which product of `gy` and $a$ has the shape of $b$, $(k, m)$? Write both
# down before you look.


# %% tags=["hide-input"]
def transpose(x):
    return Tensor(x.data.T, (x,), lambda gy, y, x: (transpose(gy),))


def matmul(a, b):
    return Tensor(a.data @ b.data, (a, b), lambda gy, y, a, b: (gy @ transpose(b), transpose(a) @ gy))


Tensor.__matmul__ = matmul

# %% [markdown]
# $ga = gy\,b^T$ and $gb = a^T gy$. Nothing else fits. The rectangles below are drawn to scale, with $n = 5$, $k = 3$
# and $m = 2$. In each product, the left matrix is as wide as the right one is high.


# %% tags=["picture"]
def shape_of(axes, x, y, shape, name, colour):
    """A rectangle as large as a matrix, centred at (x, y)."""
    n, m = shape
    axes.add_patch(Rectangle((x - m / 2, y - n / 2), m, n, fc=colour, ec="black", alpha=0.45, lw=1))
    axes.text(x, y, name, ha="center", va="center", fontsize=12)
    axes.text(x, y - n / 2 - 0.25, f"{n} by {m}", ha="center", va="top", fontsize=8)


figure, panels = plt.subplots(1, 3, figsize=(11, 3.4))
lines = (
    ("there", ("y", (5, 2), GREY), ("a", (5, 3), BLUE), ("b", (3, 2), BLUE)),
    ("back to a", ("ga", (5, 3), ORANGE), ("gy", (5, 2), GREY), ("$b^T$", (2, 3), BLUE)),
    ("back to b", ("gb", (3, 2), ORANGE), ("$a^T$", (3, 5), BLUE), ("gy", (5, 2), GREY)),
)
for axes, (title, *matrices) in zip(panels, lines, strict=True):
    left = 0.0
    for (name, shape, colour), sign in zip(matrices, ("=", "", ""), strict=True):
        shape_of(axes, left + shape[1] / 2, 0, shape, name, colour)
        left += shape[1] + 0.5
        axes.text(left + 0.1, 0, sign, va="center", fontsize=14)
        left += 0.9 if sign else 0.0
    axes.set(xlim=(-0.4, 11.2), ylim=(-3.8, 3.2), aspect="equal", title=title)
    axes.axis("off")
figure.tight_layout()
plt.show()

# %%
a, b = Tensor(rng.normal(size=(5, 3))), Tensor(rng.normal(size=(3, 2)))
ga, gb = gradients(sum_to(a @ b, ()), [a, b])
print("a", a.shape, "ga", ga.shape, "   b", b.shape, "gb", gb.shape)

# %% [markdown]
# ## Shapes are a guide, not a proof
#
# **Predict, then run.** If $n$, $k$ and $m$ were all 3, which of the wrong products would have a shape that fits?

# %% tags=["hide-output"]
gy, b3 = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
for name, product in (("gy b^T", gy @ b3.T), ("gy b", gy @ b3), ("b gy", b3 @ gy), ("b^T gy", b3.T @ gy)):
    print(f"{name:7} has the shape {product.shape}, and its first number is {product[0, 0]:+.2f}")

# %% [markdown]
# All of these fit, and only the first is right. So test with three different sizes. And don't just look: measure. As in
# tutorial 01, we nudge one number and see by how much the result moves.

# %%
a0, b0 = a.data, b.data
for i, j in ((0, 0), (2, 1), (4, 2)):
    nudged = a0.copy()
    nudged[i, j] += 1e-5
    slope = ((nudged @ b0).sum() - (a0 @ b0).sum()) / 1e-5
    print(f"a[{i}, {j}]   measured {slope:+.6f}   by the rule {ga.data[i, j]:+.6f}")

# %% [markdown]
# **Exercise** (graded). Write both gradients in plain NumPy: `python -m tinygan.check ex02`. Add `--hint` for a hint.
#
# **Exercise.** A layer computes `x @ W + b`, with x of shape $(N, n)$ and b of shape $(m,)$. What is the gradient of b,
# in one word and one shape?
#
# <details><summary>Answer</summary>
#
# A sum. b was repeated for each of the N samples, so its gradient is `gy` summed over them, of shape $(m,)$. Your
# engine does that already, as `+` calls `broadcast_to`.
#
# </details>
#
# **Exercise.** The matrix product costs $n\,k\,m$ multiplications. How many does its way back cost?
#
# <details><summary>Answer</summary>
#
# Twice as many: `gy @ b.T` costs $n\,m\,k$, and `a.T @ gy` costs $k\,n\,m$. This is why a training step costs about
# three times as much as the way forward alone.
#
# </details>
#
# Does the library agree?

# %%
x, W, b = (rng.normal(size=s) for s in ((5, 3), (3, 2), (2,)))
mini, full = [Tensor(v) for v in (x, W, b)], [tg.Tensor(v, requires_grad=True) for v in (x, W, b)]
x, W, b = mini
y = x @ W + b
ours = gradients(sum_to(y * y, ()), mini)
x, W, b = full
theirs = tg.grad(((x @ W + b) ** 2).sum(), full)
for g, expected in zip(ours, theirs, strict=True):
    assert np.allclose(g.data, tg.to_numpy(expected), rtol=1e-12, atol=1e-12)
print("our matrix product and tinygan's agree")

# %% [markdown]
# **What to keep.** The way back of a matrix product is two matrix products. Their shapes tell you which. Test with
# three different sizes, and measure.
#
# **Next:** 02c. Your engine can do something that you never asked of it: it can differentiate its own gradients.
