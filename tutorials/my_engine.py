"""The engine that tutorials 01 to 05 write, section by section. In 07 and 07c it trains GANs."""

import numpy as np


# -- tutorial 01: in which order gradients go back --
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


# -- tutorial 02: arrays, and what happens when they are repeated --
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


def sum_to(x, shape):
    """x, summed over the axes along which broadcasting would repeat an array of this shape."""
    lead = x.data.ndim - len(shape)
    ones = tuple(lead + i for i, n in enumerate(shape) if n == 1)
    total = x.data.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)
    return Tensor(total, (x,), lambda gy, y, x: (broadcast_to(gy, x.shape),))


def broadcast_to(x, shape):
    """x, repeated until it has this shape."""
    return Tensor(np.broadcast_to(x.data, shape), (x,), lambda gy, y, x: (sum_to(gy, x.shape),))


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


# -- tutorial 02b: the matrix product --
def transpose(x):
    return Tensor(x.data.T, (x,), lambda gy, y, x: (transpose(gy),))


def matmul(a, b):
    return Tensor(a.data @ b.data, (a, b), lambda gy, y, a, b: (gy @ transpose(b), transpose(a) @ gy))


Tensor.__matmul__ = matmul


# -- tutorial 02c: two curves, with their slopes --
def tanh(x):
    return Tensor(np.tanh(x.data), (x,), lambda gy, y, x: (gy * (1.0 - y * y),))


def sigmoid(x):
    return 0.5 + 0.5 * tanh(0.5 * x)


def softplus(x):
    """ln(1 + e^x)."""
    return Tensor(np.logaddexp(0, x.data), (x,), lambda gy, y, x: (gy * sigmoid(x),))


# -- tutorial 03: layers --
class Dense:
    """y = x W + b: x (N, n) -> y (N, m)."""

    def __init__(self, n, m, rng):
        self.W, self.b = Tensor(rng.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m))), Tensor(np.zeros(m))

    def __call__(self, x):
        return x @ self.W + self.b


def leaky_relu(x, slope=0.2):
    return x * np.where(x.data > 0, 1.0, slope)


class Network:
    """Dense layers of these sizes, with LeakyReLU between them."""

    def __init__(self, sizes, rng):
        self.layers = [Dense(n, m, rng) for n, m in zip(sizes[:-1], sizes[1:], strict=True)]
        self.parameters = [p for layer in self.layers for p in (layer.W, layer.b)]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = leaky_relu(layer(x))
        return self.layers[-1](x)


# -- tutorial 05: Adam --
class Adam:
    """Each number takes a step of about lr (Kingma and Ba, 2015)."""

    def __init__(self, parameters, lr, betas=(0.5, 0.999), eps=1e-8):
        self.parameters, self.lr, (self.beta1, self.beta2), self.eps = parameters, lr, betas, eps
        self.t, self.m, self.v = 0, [0.0] * len(parameters), [0.0] * len(parameters)

    def step(self, grads):
        self.t += 1
        for i, (p, g) in enumerate(zip(self.parameters, grads, strict=True)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g.data
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g.data**2
            m, v = self.m[i] / (1 - self.beta1**self.t), self.v[i] / (1 - self.beta2**self.t)
            p.data = p.data - self.lr * m / (np.sqrt(v) + self.eps)
