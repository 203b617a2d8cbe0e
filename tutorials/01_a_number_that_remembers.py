# %% [markdown]
# # 01 A number that remembers its past
#
# You will build an engine that finds derivatives by itself. It grows from page to page, and in tutorial 07 it trains a
# GAN. A few seconds to run.
#
# <details><summary>The picture this page ends in</summary>
#
# ![The graph of y = u tanh(u + b): boxes for x, w and b on the left, y on the right, each with its value and its
# gradient; two arrows leave the box u](images/01_a_number_that_remembers.png)
#
# </details>

# %%
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg

# %% [markdown]
# ## What a gradient says
#
# Learning means changing numbers so that the loss becomes smaller. So we ask of each number: how much does the result
# move when this one moves?


# %%
def f(x, w, b):
    u = x * w
    return u * math.tanh(u + b)


x, w, b = 0.5, -1.2, 1.0
nudge = 0.001
print("f is", f(x, w, b), "and per unit of w it moves by", (f(x, w + nudge, b) - f(x, w, b)) / nudge)

# %% [markdown]
# This is (nearly) the *gradient* of f with respect to w: how far f moved, divided by how far w moved.
#
# A generator has a million numbers like w, and nudging each takes a million runs. The engine finds **all** gradients in
# one walk back from the result.
#
# ## A number with a memory
#
# A `Value` holds a number, the inputs that it was made from, and the *local slopes*: how much it moves when one of its
# inputs moves. In a product, the slope of each number is the other one.


# %%
class Value:
    """A number that remembers which operation made it, and from what."""

    def __init__(self, number, op="given", inputs=(), slopes=()):
        self.number, self.op = number, op
        self.inputs, self.slopes = inputs, slopes

    def __add__(self, other):
        return Value(self.number + other.number, "+", (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.number * other.number, "*", (self, other), (other.number, self.number))

    def tanh(self):
        t = math.tanh(self.number)
        return Value(t, "tanh", (self,), (1 - t * t,))

    def __repr__(self):
        return f"{self.number:.4f} ({self.op})"


x, w, b = Value(0.5), Value(-1.2), Value(1.0)
u = x * w
y = u * (u + b).tanh()
print("y is", y, "made from", y.inputs, "with local slopes", y.slopes)

# %% [markdown]
# Each `Value` remembers its inputs, these remember theirs, and together they are the **graph**.
#
# ## The way back
#
# The chain rule: if $y$ moves $g$ times as far as $u$, and $u$ moves $s$ times as far as $x$, then $y$ moves
# $g \cdot s$ times as far as $x$. So we start at the end, where the gradient of $y$ is 1. At every `Value` we multiply
# what arrived (the *upstream gradient*) by the local slope of each input, and hand it the product.
#
# **Predict, then run.** In `a * a` both inputs are the same `Value`. With $a = 3$, both local slopes are 3. Is the
# gradient of `a` 3, or 6?

# %% tags=["hide-output"]
a = Value(3.0)
square = a * a
overwritten, added = {}, {a: 0.0}
for value, slope in zip(square.inputs, square.slopes, strict=True):
    overwritten[value] = slope
    added[value] += slope
print("written over:", overwritten[a], "   added:", added[a], "   the derivative of a^2 is 2 a =", 2 * a.number)

# %% [markdown]
# A number that is used twice moves the result in two ways, and these **add up**.
#
# ## In which order?
#
# This is the hardest step of the page, so take it slowly. In our `y`, `u` is used twice: directly, and inside the tanh.
# Suppose we walk back in the simplest order: y, then its inputs, then their inputs, each number once.
#
# **Predict, then run.** Does this give the slope that the nudge gave?


# %% tags=["hide-output"]
def walk_in_any_order(y):
    grads, order = {y: 1.0}, [y]
    for value in order:  # which grows while we walk
        for one, slope in zip(value.inputs, value.slopes, strict=True):
            grads[one] = grads.get(one, 0.0) + grads[value] * slope
            if one not in order:
                order.append(one)
    return grads


print("walked:", walk_in_any_order(y)[w])
print("tried: ", (f(0.5, -1.2 + nudge, 1.0) - f(0.5, -1.2, 1.0)) / nudge)

# %% [markdown]
# It's wrong. The walk came to `u` when only one of `u`'s two gradients had arrived. It passed that one on to `w`, and
# never came back with the other.
#
# So a number must wait for **all** of its gradient: first we visit everything that was made from it. This is a
# **topological order**. To find one, list inputs before what was made from them, and read the list backwards.


# %%
def topological(y):
    """Everything behind y, inputs before outputs, each once."""
    order, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for one in value.inputs:
                visit(one)
            order.append(value)

    visit(y)
    return order


def gradients(y, xs):
    """The gradients of y with respect to each of xs."""
    grads = {y: 1.0}
    for value in reversed(topological(y)):
        for one, slope in zip(value.inputs, value.slopes, strict=True):
            grads[one] = grads.get(one, 0.0) + grads[value] * slope
    return [grads[x] for x in xs]


print("the order:", topological(y), "walked back:", gradients(y, [x, w, b]), sep="\n")

# %% [markdown]
# That's the whole engine, and the gradient of w is now what the nudge gave. (Only two digits agree: 04 says why.)
#
# ## It can learn already
#
# We walk downhill to where $(x^2 - 2)^2$ is smallest: the square root of 2.

# %%
guess = 1.0
for step in range(20):
    x = Value(guess)
    error = x * x + Value(-2.0)
    (gx,) = gradients(error * error, [x])
    guess -= 0.05 * gx
    print(f"{guess:.8f}", end="\n" if step % 10 == 9 else " ")

# %% [markdown]
# ## The same in tinygan
#
# The library works the same way, and can draw the graph. Two arrows leave `u`, so two gradients come back. The orange
# number in its box is their sum.

# %% tags=["picture"]
x, w, b = (tg.Tensor(np.array(v), requires_grad=True, name=n) for v, n in ((0.5, "x"), (-1.2, "w"), (1.0, "b")))
u = x * w
y = u * tg.ops.tanh(u + b)
u.name, y.name = "u", "y"
Path("out").mkdir(exist_ok=True)
tg.plot.save_graph("out/graph.png", y)
plt.figure(figsize=(12, 2.2))
plt.imshow(plt.imread("out/graph.png"))
plt.axis("off")
plt.show()

# %% [markdown]
# **Exercise.** Write `v = v + v` twenty times. From the last number back to the first there are $2^{20}$ paths. How
# many numbers does `topological` list, and what is the gradient?
#
# <details><summary>Answer</summary>
#
# It lists 21: each number is visited once, however many paths lead to it. The gradient doubles at each step, so it is
# $2^{20} = 1048576$. The walk back, too, visits each number only once, so even a million gradients cost little.
#
# </details>
#
# **Exercise.** Teach `Value` the operations `exp` and `reciprocal`, $1/a$. Build the sigmoid $s = 1 / (1 + e^{-a})$
# from them. Is its gradient $s (1 - s)$?
#
# <details><summary>Answer</summary>
#
# In `exp`: `e = math.exp(self.number)`, then `return Value(e, "exp", (self,), (e,))`. In `reciprocal` the slope is
# `-1 / self.number**2`. The sigmoid is `(Value(1.0) + (a * Value(-1.0)).exp()).reciprocal()`. At $a = 0$ it is one
# half, and its gradient one quarter.
#
# </details>
#
# Do both engines agree on a random calculation?

# %%
numbers = np.random.default_rng(0).normal(size=6)
mini, full = [Value(float(v)) for v in numbers], [tg.Tensor(v, requires_grad=True) for v in numbers[:, None]]


def tangle(given, tanh, rng):
    """Forty random operations, each on two of the numbers so far; then all that was given, too."""
    values = list(given)
    for _ in range(40):
        i, j = rng.integers(len(values), size=2)
        values.append((values[i] + values[j], values[i] * tanh(values[j]))[rng.integers(2)])
    return sum((tanh(one) for one in given), start=values[-1])


ours = gradients(tangle(mini, Value.tanh, np.random.default_rng(1)), mini)
theirs = [g.item() for g in tg.grad(tangle(full, tg.ops.tanh, np.random.default_rng(1)), full)]
assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-12)
print("our engine and tinygan.grad agree")

# %% [markdown]
# **What to keep.** A value remembers its inputs and its local slopes. Going back, multiply along a path, and add where
# paths meet. Pass a gradient on only when all of it has arrived.
#
# **Next:** a million numbers can't be a million objects. In 02 your engine learns to work with arrays.
