# %% [markdown]
# # 01 A number that remembers its past
#
# You will build an engine that finds derivatives by itself, in less than 60 lines of plain Python, and see that it
# gives the same numbers as `tinygan.grad`. It takes half an hour to read and a few seconds to run.
#
# ![The graph of y = u tanh(u + b): boxes for x, w and b on the left, y on the right, each with its value and its
# gradient; two arrows leave the box u](images/01_a_number_that_remembers.png)
#
# Every box is a number. They were computed from left to right. The orange gradients were found from right to left,
# and this tutorial is about that way back.

# %%
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
import tinygan.plot

OUT = Path("out")  # what this tutorial writes; git ignores it
OUT.mkdir(exist_ok=True)

# %% [markdown]
# ## What a gradient says
#
# Learning means: change a number a little, so that the loss becomes smaller. So for each number we ask how much the
# result moves when the number moves. We can simply try it out.


# %%
def f(x, w, b):
    u = x * w
    return u * math.tanh(u + b)


x, w, b = 0.5, -1.2, 1.0
nudge = 0.001
print("f is", f(x, w, b), "and per unit of w it moves by", (f(x, w + nudge, b) - f(x, w, b)) / nudge)

# %% [markdown]
# That number is the derivative, or gradient, of f with respect to w (approximately). A generator has a million
# numbers like w, and trying each would cost a million runs for one step. The engine finds **all** gradients in one
# walk back, at about the price of one or two more runs. All it needs is a memory.
#
# ## A number with a memory
#
# A `Value` holds a number, the operation that made it, and its inputs. It also keeps the *local slopes*: how much it
# moves when one of its inputs moves. Those are school rules: of $a + b$ the slopes are $1$ and $1$; of $a \cdot b$
# they are $b$ and $a$; of $t = \tanh a$ the slope is $1 - t^2$.


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
print("u is", u, "made from", u.inputs)

# %% [markdown]
# Each `Value` holds on to its inputs. What hangs behind `y` now is called the **graph**.
#
# ## The way back
#
# The chain rule: if $y$ moves by $g$ for each unit of $u$, and $u$ moves by $s$ for each unit of $x$, then $y$ moves
# by $g \cdot s$ for each unit of $x$. So start at the end, where $y$ moves by 1 for each unit of $y$. At every
# `Value`, multiply what arrived (the *upstream gradient*) by the local slope, and hand it to the input.
#
# **Predict, then run.** In `square = a * a` the same `Value` is both inputs. With $a = 3$, the two local slopes are 3
# and 3. Should the gradient of `a` be 3, or 6?

# %%
a = Value(3.0)
square = a * a
overwritten, added = {}, {a: 0.0}
for value, slope in zip(square.inputs, square.slopes, strict=True):
    overwritten[value] = slope
    added[value] += slope
print("written over:", overwritten[a], "   added:", added[a], "   the derivative of a^2 is 2 a =", 2 * a.number)

# %% [markdown]
# A number that is used twice moves the result in two ways, and the effects **add**. An engine that overwrites is
# right as long as each number is used once: a nasty mistake.
#
# ## In which order?
#
# In our `y`, the number `u` is used twice, too: directly, and inside the tanh. Let us walk back from `y` in the most
# obvious order: first y, then its inputs, then the inputs of those, each number once.


# %%
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
# It adds, and still it is wrong. The walk came to `u` when only one of its two gradients had arrived, passed that one
# on to `x` and `w`, and never came back. So a number may pass its gradient on only when **all** of it has arrived:
# after every number that was made from it. An order that keeps this rule is called a **topological order**. It is
# easy to find: first list a number's inputs, then the number itself. That list has inputs before outputs. Read it
# from the end.


# %%
def topological(y):
    """Every number behind y, inputs before outputs, each once."""
    order, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for one in value.inputs:
                visit(one)
            order.append(value)

    visit(y)
    return order


def mini_grad(y, xs):
    """The gradients of y with respect to each of xs."""
    grads = {y: 1.0}
    for value in reversed(topological(y)):
        for one, slope in zip(value.inputs, value.slopes, strict=True):
            grads[one] = grads.get(one, 0.0) + grads[value] * slope
    return [grads[x] for x in xs]


print("the order:", topological(y), "walked back:", mini_grad(y, [x, w, b]), sep="\n")

# %% [markdown]
# That is the engine: `Value`, `topological`, `mini_grad`. The second number is the slope that we tried out above, to
# two digits. (Why only two? Because the nudge was not small enough. Tutorial 04 is about such trials.)
#
# **Predict, then run.** Below, each number is the one before plus itself, twenty times. There are 21 numbers, but
# from the last to the first lead many paths: two ways at each step. How many steps does a walk take that follows
# every path? How many does the topological order take? And what is the gradient?

# %%
chain = [Value(1.0)]
for _ in range(20):
    chain.append(chain[-1] + chain[-1])
print("paths:", 2**20, "   numbers in topological order:", len(topological(chain[-1])))
print("gradient:", mini_grad(chain[-1], [chain[0]])[0])

# %% [markdown]
# So the order is not only right, it is cheap: each number is visited once, and a million gradients are affordable.
#
# ## It can learn already
#
# With gradients, we can walk downhill. Here the engine finds the square root of 2, as the place where $(x^2 - 2)^2$
# is smallest.

# %%
guess = 1.0
for step in range(20):
    x = Value(guess)
    error = x * x + Value(-2.0)
    (gx,) = mini_grad(error * error, [x])
    guess -= 0.05 * gx
    print(f"{guess:.8f}", end="\n" if step % 10 == 9 else " ")

# %% [markdown]
# **Exercise.** Teach `Value` two more operations: `exp` (its slope is its own result) and `reciprocal`, $1/a$ (its
# slope is $-1/a^2$). Then build the sigmoid, $1 / (1 + e^{-a})$, out of them, and compare its gradient with
# $s (1 - s)$.
#
# ## The same in tinygan
#
# tinygan's engine is this one, with arrays in place of numbers. A `Tensor` remembers its op, an op its inputs. It
# draws the graph, too:

# %% tags=["picture"]
x, w, b = (tg.Tensor(np.array(v), requires_grad=True, name=n) for v, n in ((0.5, "x"), (-1.2, "w"), (1.0, "b")))
u = x * w
y = u * tg.ops.tanh(u + b)
u.name, y.name = "u", "y"
tg.plot.save_graph(OUT / "graph.png", y)
plt.figure(figsize=(12, 2.2))
plt.imshow(plt.imread(OUT / "graph.png"))
plt.axis("off")
plt.show()

# %% [markdown]
# Follow `u`. Two arrows leave it, so two gradients arrive. One comes straight from `y`: the value of the Tanh box.
# The other comes through Tanh and Add. The gradient written in the box is their sum.
#
# Read `tinygan/autograd/grad.py` now: `_path` is our `topological` (without recursion, as Python would give up at
# about a thousand nested calls), `_step_back` is our inner loop. At last, let both engines do the same random sums.

# %%
numbers = np.random.default_rng(0).normal(size=6)
mini, full = [Value(float(v)) for v in numbers], [tg.Tensor(v, requires_grad=True) for v in numbers[:, None]]


def tangle(given, tanh, rng):
    """Forty random operations, each on two of the numbers so far; then all that was given, too."""
    values = list(given)
    for _ in range(40):
        i, j = rng.integers(len(values), size=2)
        values.append((values[i] + values[j], values[i] * tanh(values[j]))[rng.integers(2)])
    for one in given:
        values.append(values[-1] + tanh(one))
    return values[-1]


ours = mini_grad(tangle(mini, Value.tanh, np.random.default_rng(1)), mini)
theirs = [g.item() for g in tg.grad(tangle(full, tg.ops.tanh, np.random.default_rng(1)), full)]
print(np.column_stack([ours, theirs]))
assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-12)
print("the mini engine and tinygan.grad agree")
