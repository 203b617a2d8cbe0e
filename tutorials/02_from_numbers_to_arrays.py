# %% [markdown]
# # 02 From numbers to arrays
#
# Your engine learns to work with whole arrays. You will find out what happens on the way back when NumPy repeats an
# array, and fit a straight line with an engine of your own. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![Left, forward: a blue column of three numbers, a blue row of four, and their twelve sums. Right, backward: twelve
# upstream gradients; the sums of their rows make an orange column at the right, the sums of their columns an orange row
# below](images/02_from_numbers_to_arrays.png)
#
# </details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from my_engine import topological  # what you wrote in tutorial 01

import tinygan as tg
from tinygan.plot.style import BLUE, GREY, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## A Tensor is a Value with an array
#
# In tutorial 01 each number was a Python object. A batch of 64 digits is 50,176 numbers, far too many objects. So a
# `Tensor` remembers a whole *array*.
#
# A `Value` kept its slopes. An array has too many: every number in the output has a slope for every number in the
# inputs. So a `Tensor` keeps a *rule*: a function that takes the gradient `gy` of the output, and returns the gradient
# of each input. (It also gets the output and the inputs, as most rules need them.)


# %%
class Tensor:
    """An array that remembers its inputs, and the rule that carries a gradient back to them."""

    def __init__(self, data, inputs=(), rule=None):
        self.data = np.asarray(data, dtype=float)
        self.inputs, self.rule, self.shape = inputs, rule, self.data.shape


def gradients(y, xs):
    """The gradients of y, a single number, with respect to each of xs."""
    grads = {y: Tensor(np.ones(y.shape))}
    for value in reversed(topological(y)):
        if value.inputs:
            for one, g in zip(value.inputs, value.rule(grads[value], value, *value.inputs), strict=True):
                grads[one] = grads[one] + g if one in grads else g
    return [grads[x] for x in xs]


# %% [markdown]
# Compare it with your `gradients` of tutorial 01. The walk is the same, and `topological` didn't change at all.
#
# ## Broadcasting
#
# The rule for $a + b$ is easy: hand `gy` to both. But NumPy adds a column to a row, too. It repeats both until they
# have the same shape, which is called *broadcasting*:

# %%
column, row = np.array([[10.0], [20.0], [30.0]]), np.array([1.0, 2.0, 3.0, 4.0])
print("shapes", column.shape, "and", row.shape, "->", (column + row).shape)
print(column + row)

# %% [markdown]
# **Predict, then run.** On the way back `gy` arrives, one gradient for each of the twelve sums. The 10 was used four
# times, the 1 three times. Let `gy` be 1 everywhere. What is the gradient of the column, and what is that of the row?
# What are their shapes? (The library answers, as your engine can't yet.)

# %% tags=["hide-output"]
c, r = tg.Tensor(column, requires_grad=True), tg.Tensor(row, requires_grad=True)
gc, gr = tg.grad((c + r).sum(), [c, r])
print("gradient of the column", tg.to_numpy(gc).ravel(), gc.shape)
print("gradient of the row   ", tg.to_numpy(gr), gr.shape)

# %% [markdown]
# A number that is used several times gets the sum of its gradients: that's tutorial 01 again. So **what is repeated on
# the way forward is summed on the way back**, along the same axes, and the gradient of an array has the array's shape.
#
# Which axes were repeated? NumPy compares shapes from the right. If a shape has fewer axes, those that it lacks on the
# left were repeated. Its axes of length 1 were repeated, too. This part is fiddly: try the first line of `sum_to` on
# paper with the shapes $(3, 4)$ and $(4,)$.


# %%
def sum_to(x, shape):
    """x, summed over the axes along which broadcasting would repeat an array of this shape."""
    lead = x.data.ndim - len(shape)
    ones = tuple(lead + i for i, n in enumerate(shape) if n == 1)
    total = x.data.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)
    return Tensor(total, (x,), lambda gy, y, x: (broadcast_to(gy, x.shape),))


def broadcast_to(x, shape):
    """x, repeated until it has this shape."""
    return Tensor(np.broadcast_to(x.data, shape), (x,), lambda gy, y, x: (sum_to(gy, x.shape),))


for shape in ((4,), (3, 1), (1, 4), (), (3, 4)):
    print(f"{str(shape):7}", sum_to(Tensor(np.ones((3, 4))), shape).data.tolist())

# %% [markdown]
# Look at the two rules: each function's rule calls the other function.


# %% tags=["picture"]
def cells(axes, x, y, values, colour):
    """A table of numbers whose upper left corner is at (x, y)."""
    for (i, j), value in np.ndenumerate(np.atleast_2d(values)):
        axes.add_patch(Rectangle((x + j, -y - i), 0.92, 0.92, fc="white", ec=colour, lw=1.5))
        axes.text(x + j + 0.46, -y - i + 0.46, f"{value:g}", ha="center", va="center", fontsize=10)


gy = Tensor(rng.integers(-3, 4, size=(3, 4)))
figure, (forward, backward) = plt.subplots(1, 2, figsize=(8, 3.7))
cells(forward, 0, 1.3, column, BLUE)
cells(forward, 1.3, 0, row, BLUE)
cells(forward, 1.3, 1.3, column + row, GREY)
forward.set_title("forward: repeat both, then add")
cells(backward, 0, 0, gy.data, GREY)
cells(backward, 4.3, 0, sum_to(gy, (3, 1)).data, ORANGE)
cells(backward, 0, 3.3, sum_to(gy, (4,)).data, ORANGE)
backward.set_title("backward: sum each row, each column")
for one in (forward, backward):
    one.set(xlim=(-0.2, 5.5), ylim=(-3.6, 1.2), aspect="equal")
    one.axis("off")
figure.tight_layout()
plt.show()

# %% [markdown]
# With these two functions, `+` and `*` needn't know about broadcasting. First both inputs are brought to one shape.
# Then the rules are those of tutorial 01. (The last four lines let us write `a + b`. `a - b` needs no rule of its own.)


# %%
def together(a, b):
    """a and b, Tensors or numbers, as Tensors of the same shape."""
    a, b = (t if isinstance(t, Tensor) else Tensor(t) for t in (a, b))
    shape = np.broadcast_shapes(a.shape, b.shape)
    return (t if t.shape == shape else broadcast_to(t, shape) for t in (a, b))


def add(a, b):
    a, b = together(a, b)
    return Tensor(a.data + b.data, (a, b), lambda gy, y, a, b: (gy, gy))


def multiply(a, b):
    a, b = together(a, b)
    return Tensor(a.data * b.data, (a, b), lambda gy, y, a, b: (gy * b, gy * a))


def mean(x):
    return sum_to(x, ()) * (1 / x.data.size)


Tensor.__add__ = Tensor.__radd__ = add
Tensor.__mul__ = Tensor.__rmul__ = multiply
Tensor.__sub__ = lambda a, b: a + b * -1.0
Tensor.__rsub__ = lambda a, b: b + a * -1.0

# %% [markdown]
# ## It learns from a whole batch
#
# Fifty points lie near a line. We look for its slope and its height (where it crosses $x = 0$), starting from 0 and 0.
# Each of the two is a single number that is repeated fifty times.
#
# **Predict, then run.** What shape does the gradient of the slope have? And will a hundred steps be enough?

# %% tags=["hide-output"]
x = Tensor(rng.uniform(-1, 1, 50))
target = Tensor(2 * x.data + 0.5 + 0.2 * rng.normal(size=50))
slope, height = Tensor(0.0), Tensor(0.0)
for _ in range(100):
    error = slope * x + height - target
    g_slope, g_height = gradients(mean(error * error), [slope, height])
    slope, height = Tensor(slope.data - 0.2 * g_slope.data), Tensor(height.data - 0.2 * g_height.data)
print("gradient's shape", g_slope.shape, f"  slope {slope.data:.2f}, height {height.data:.2f}; drawn from 2 and 0.5")

plt.figure(figsize=(4.5, 3))
plt.scatter(x.data, target.data, s=9, color=BLUE)
plt.plot([-1, 1], [height.data - slope.data, height.data + slope.data], color=ORANGE)
plt.show()

# %% [markdown]
# **Exercise** (graded). Write the way back of broadcasting in plain NumPy, in
# `tutorials/exercises/ex01_broadcasting.py`. A program grades it: `python -m tinygan.check ex01` says what is wrong,
# and with `--hint` it gives you a hint.
#
# **Exercise.** What shape does `sum_to(x, ())` have, and what is it in plain words? Which function is its way back?
#
# <details><summary>Answer</summary>
#
# A single number, of shape `()`: the sum of everything. On the way back its gradient, one number, is repeated to the
# shape of x, by `broadcast_to`.
#
# </details>
#
# Do we agree with the library? We take three shapes in one expression:

# %%
arrays = [rng.normal(size=s) for s in ((3, 1), (4,), (2, 1, 4))]
mini, full = [Tensor(v) for v in arrays], [tg.Tensor(v, requires_grad=True) for v in arrays]
a, b, c = mini
ours = gradients(sum_to((a * b - c) * (b + c * a), ()), mini)
a, b, c = full
theirs = tg.grad(((a * b - c) * (b + c * a)).sum(), full)
for g, expected in zip(ours, theirs, strict=True):
    assert np.allclose(g.data, tg.to_numpy(expected), rtol=1e-12, atol=1e-12)
print("our Tensor and tinygan's agree")

# %% [markdown]
# **What to keep.** A Tensor remembers an array and a rule. What is repeated on the way forward is summed on the way
# back. The gradient of an array has the array's shape.
#
# **Next:** 02b, the one operation (*op*) that takes nearly all the time of a network: the matrix product.
