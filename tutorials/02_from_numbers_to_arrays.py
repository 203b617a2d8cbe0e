# %% [markdown]
# # 02 From numbers to arrays
#
# You will write the backward passes of broadcasting and of the matrix product yourself, and get second derivatives
# without writing anything. A few seconds to run.
#
# ![Left: a blue column of three numbers, a blue row of four, and their twelve sums. Middle: twelve upstream
# gradients; their sums make an orange column at the right and an orange row below. Right: tanh and its first three
# derivatives](images/02_from_numbers_to_arrays.png)
#
# On the left, numbers are repeated. In the middle, on the way back, gradients are added up. On the right is what one
# gets for free.

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## Why arrays
#
# The engine of tutorial 01 made a Python object for each number. A batch of 64 digits is 50,176 numbers. So tinygan's
# Tensor remembers a whole *array*, and each op works on all of its numbers at once. The walk back is the same, word
# for word. Only the rules are new, and there are two difficult ones: broadcasting, and the matrix product.
#
# ## Broadcasting
#
# NumPy adds a column to a row: it repeats both until they have the same shape.

# %%
column, row = np.array([[10.0], [20.0], [30.0]]), np.array([1.0, 2.0, 3.0, 4.0])
y = column + row
print("shapes", column.shape, "and", row.shape, "->", y.shape)
print(y)

# %% [markdown]
# Now the way back. Upstream comes `gy`, one gradient for each of the twelve sums. In tutorial 01, the gradients of a
# number that was used twice were added.
#
# **Predict, then run.** The 10 was used four times. Let `gy` be 1 everywhere. What is the gradient of the column, and
# what that of the row? Which shapes do they have?

# %%
c, r = tg.Tensor(column, requires_grad=True), tg.Tensor(row, requires_grad=True)
gc, gr = tg.grad(c + r, [c, r], gy=tg.Tensor(np.ones((3, 4))))
print("gradient of the column", tg.to_numpy(gc).ravel(), gc.shape)
print("gradient of the row   ", tg.to_numpy(gr), gr.shape)

# %% [markdown]
# What was repeated on the way there is summed on the way back, along the same axes, and the gradient has the shape of
# what it belongs to. Always. (Look at your shapes first when a backward is wrong.)
#
# Which axes were repeated? Shapes are compared from the right. Axes that are missing on the left were repeated, and
# so were axes of length 1. That is the whole rule:


# %%
def mini_sum_to(g, shape):
    """Sum g over the axes along which broadcasting repeated an array of this shape."""
    lead = g.ndim - len(shape)
    ones = tuple(lead + i for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)


for shape in ((4,), (3, 1), (1, 4), (), (3, 4)):
    print(f"{str(shape):7}", mini_sum_to(np.ones((3, 4)), shape).tolist())

# %% [markdown]
# ## An op: forward sees arrays, backward sees Tensors
#
# In tinygan, an op is a class with two methods. `forward` gets arrays and returns an array. `backward` gets the
# upstream gradient, the output and the inputs as *Tensors*, and returns a Tensor for each input. (`xp` is the array
# library, NumPy or CuPy.) These are our own two, each the way back of the other:


# %%
class MiniBroadcast(tg.Op):
    """y = x repeated to a shape."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, xp, x):
        return xp.broadcast_to(x, self.shape)

    def backward(self, gy, y, x):
        return MiniSum(x.shape)(gy)


class MiniSum(tg.Op):
    """y = x summed down to a shape."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, xp, x):
        return mini_sum_to(x, self.shape)

    def backward(self, gy, y, x):
        return MiniBroadcast(x.shape)(gy)


# %% [markdown]
# With them, `+` and `*` need not know about broadcasting at all. tinygan puts a broadcast in front of each input that
# needs one (`together` in `tinygan/autograd/shape.py`), and the rule for `+` stays `return gy, gy`.
#
# **Exercise** (graded): `python -m tinygan.check ex01` is this section, in plain NumPy.
#
# ## The matrix product, from its shapes
#
# $y = a\,b$ with $a$ of shape $(n, k)$ and $b$ of shape $(k, m)$. Each number in $y$ is a sum of products,
# $y_{ij} = \sum_l a_{il} b_{lj}$, so $a_{il}$ has the slope $b_{lj}$ for every $j$:
#
# $$ga_{il} = \sum_j gy_{ij}\, b_{lj} \quad\text{or}\quad ga = gy\; b^T$$
#
# You need not remember that. `ga` is made of `gy` $(n, m)$ and $b$ $(k, m)$, and must have the shape $(n, k)$.
# **Predict, then run.** There is one way to multiply them that gives this shape. And for `gb`, made of $a$ and `gy`?


# %%
class MiniMatMul(tg.Op):
    """y = a b for two matrices."""

    def forward(self, xp, a, b):
        return a @ b

    def backward(self, gy, y, a, b):
        return MiniMatMul()(gy, b.T), MiniMatMul()(a.T, gy)


a, b = tg.Tensor(rng.normal(size=(5, 3)), requires_grad=True), tg.Tensor(rng.normal(size=(3, 2)), requires_grad=True)
y = MiniMatMul()(a, b)
ga, gb = tg.grad(y.sum(), [a, b])
print("a", a.shape, "b", b.shape, "y", y.shape, "  ga", ga.shape, "gb", gb.shape)

# %% [markdown]
# Shapes are a good guide, and no proof: were all three numbers 3, each wrong order would fit as well. The proof is a
# measurement, and tutorial 04 is about it:
#
# **Exercise** (graded). Both gradients in NumPy: `python -m tinygan.check ex02`.

# %%
print(tg.gradcheck(lambda a, b: MiniMatMul()(a, b), a, b, order=2))

# %% [markdown]
# ## Second derivatives, for free
#
# "order 2" in the last cell was no extra work. Our `backward` computed with Tensors, so what it returns has a past
# itself, and can be differentiated again. (`create_graph=True` asks `grad` to keep that past.) Once more, with one op
# and its first derivative:


# %%
class MiniTanh(tg.Op):
    """y = tanh x, dy/dx = 1 - y^2."""

    def forward(self, xp, x):
        return xp.tanh(x)

    def backward(self, gy, y, x):
        return gy * (1 - y * y)


x = tg.Tensor(np.linspace(-3, 3, 201), requires_grad=True)
curves = [MiniTanh()(x)]
for _ in range(3):
    (derivative,) = tg.grad(curves[-1].sum(), [x], create_graph=True)
    curves.append(derivative)
print("at 0:", [round(float(tg.to_numpy(curve)[100]), 6) for curve in curves])

# %% [markdown]
# (Why did we sum before `grad`? Each number of `y` depends on one number of x only. So the gradient of the sum holds
# each one's own derivative.)
#
# **Predict, then run.** At 0, tanh has the values and derivatives 0, 1, 0, -2. Where is its slope largest, where does
# the slope change fastest? Sketch the three derivatives before you look.
#
# GANs need this: WGAN-GP puts the *size of a gradient* into the loss, and must differentiate it.


# %% tags=["picture"]
def cells(axes, x, y, values, colour):
    """A table of numbers whose upper left corner is at (x, y)."""
    for (i, j), value in np.ndenumerate(np.atleast_2d(values)):
        axes.add_patch(Rectangle((x + j, -y - i), 0.92, 0.92, fc="white", ec=colour, lw=1.5))
        axes.text(x + j + 0.46, -y - i + 0.46, f"{value:g}", ha="center", va="center", fontsize=9)


gy = rng.integers(-3, 4, size=(3, 4)).astype(float)
figure, (there, back, right) = plt.subplots(1, 3, figsize=(12, 3.8), width_ratios=(1, 1, 1.2))
cells(there, 0, 1.3, column, BLUE)
cells(there, 1.3, 0, row, BLUE)
cells(there, 1.3, 1.3, column + row, GREY)
there.set_title("forward: repeat, then add")
cells(back, 0, 0, gy, GREY)
cells(back, 4.3, 0, mini_sum_to(gy, (3, 1)), ORANGE)
cells(back, 0, 3.3, mini_sum_to(gy, (4,)), ORANGE)
back.set_title("backward: the sums of gy")
for one in (there, back):
    one.set(xlim=(-0.2, 5.5), ylim=(-3.6, 1.2), aspect="equal")
    one.axis("off")
for curve, name, style in zip(
    curves, ("tanh x", "first", "second", "third derivative"), ("-", "--", "-.", ":"), strict=True
):
    right.plot(tg.to_numpy(x), tg.to_numpy(curve), style, label=name, color=ORANGE if name != "tanh x" else BLUE)
right.legend(fontsize=9)
right.set_title("one backward, many derivatives")
figure.tight_layout()
plt.show()

# %% [markdown]
# **Exercise.** Write `MiniExp`. How long is its backward? Draw its third derivative.
#
# **Exercise.** In `MiniTanh.backward`, write `1 - (y * y).detach()`. Is the first derivative still right? What does
# `grad` say about the second, and why?
#
# At last: do our ops give the library's gradients, and the library's gradients of gradients?

# %%
xs = [tg.Tensor(rng.normal(size=s), requires_grad=True) for s in ((5, 3), (3, 2), (2,))]


def ours(x, w, b):
    return MiniTanh()(MiniMatMul()(x, w) + MiniBroadcast((5, 2))(b))


def theirs(x, w, b):
    return tg.ops.tanh(x @ w + b)


gy = tg.Tensor(rng.normal(size=(5, 2)))
results = []
for f in (ours, theirs):
    first = tg.grad(f(*xs), xs, gy, create_graph=True)
    results.append(first + tg.grad(sum((g * g).sum() for g in first), xs))
for mini, full in zip(*results, strict=True):
    assert np.allclose(tg.to_numpy(mini), tg.to_numpy(full), rtol=1e-12, atol=1e-12)
print("our ops and tinygan's agree: three gradients, and three gradients of gradients")
