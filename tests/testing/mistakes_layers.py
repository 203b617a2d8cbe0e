"""More mistakes, of layers and losses: a second list of the same rows as `mistakes`, made by another recipe.

Each forward is a function of Tensors, so that the right backward is the engine's. A wrong one is that of a
forward that differs (a path cut by ``detach``, another axis), or is written by hand in NumPy.
"""

import inspect

import numpy as np

from tinygan.autograd import Tensor, grad, ops

RNG = np.random.default_rng(12)
normal = lambda *shape: RNG.normal(size=shape)
X, Y, T = normal(5, 3), normal(5, 3), normal(5, 3)
SQUARE, OTHER, THIRD = normal(4, 4), normal(4, 4), normal(4, 4)
POSITIVE = RNG.uniform(0.5, 2.0, size=(5, 3))
PROBABLE, LIKELY = (a / a.sum(1, keepdims=True) for a in RNG.uniform(0.2, 1, size=(2, 4, 5)))
LABELS = np.array([0, 2, 1, 1, 0])
ONE_HOT = np.eye(3)[LABELS]
MASK = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 1, 0]]) * 1.0
cut = Tensor.detach


def backward_of(f):
    """The right backward of a function of Tensors."""

    def backward(gy, *arrays):
        xs = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in map(np.asarray, arrays)]
        gxs = grad(f(*xs), [x for x in xs if x.requires_grad], Tensor(np.asarray(gy)), allow_unused=True)
        gxs = [None if g is None else g.data for g in gxs]
        return tuple(np.zeros(x.shape) if g is None else g for g, x in zip(gxs, xs, strict=False))

    return backward


def row(name, f, wrong, inputs, kind):
    forward = lambda *a: f(*map(Tensor, a)).data
    forward.__signature__ = inspect.signature(f)  # the names of its inputs
    return name, forward, backward_of(f), wrong, inputs, kind


def soft(x, axis=1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


soft_back = lambda gy, x, y_axis, sum_axis: soft(x, y_axis) * (gy - (gy * soft(x, y_axis)).sum(sum_axis, keepdims=True))


def norm(x, axis=1, cut_mean=False, cut_var=False, eps=1e-5, ddof=0):
    mean, var = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    n = x.shape[axis] if isinstance(axis, int) else np.prod([x.shape[i] for i in axis])
    var = var * (n / (n - ddof))
    return (x - (cut(mean) if cut_mean else mean)) / ops.sqrt((cut(var) if cut_var else var) + eps)


def lstm(part, out="h"):
    """One step; the path through a gate ("i", "f", "g", "o") or the state ("c") is cut."""
    keep = lambda name, a: cut(a) if name == part else a

    def f(x, h, c, w, u, b):
        z, n = x @ w + h @ u + b, h.shape[1]
        i, forget, o = (ops.sigmoid(z[:, k * n : (k + 1) * n]) for k in range(3))
        g = ops.tanh(z[:, 3 * n :])
        c = keep("f", forget) * keep("c", c) + keep("i", i) * keep("g", g)
        return keep("o", o) * (cut(ops.tanh(c)) if part == "h" else ops.tanh(c))

    return f


LSTM = (normal(2, 3), normal(2, 4), normal(2, 4), normal(3, 16), normal(4, 16), normal(16))


def gru(part):
    keep = lambda name, a: cut(a) if name == part else a

    def f(x, h, w, u):
        n = h.shape[1]
        z, r = (ops.sigmoid(x @ w[:, k * n : (k + 1) * n] + h @ u[:, k * n : (k + 1) * n]) for k in (0, 1))
        new = ops.tanh(x @ w[:, 2 * n :] + (keep("r", r) * keep("rh", h)) @ u[:, 2 * n :])
        return keep("z", z) * keep("h", h) + (1 - keep("z", z)) * keep("n", new)

    return f


GRU = (normal(3, 2), normal(3, 4), normal(2, 12), normal(4, 12))


def attention(part="", scale=True, axis=1):
    keep = lambda name, a: cut(a) if name == part else a

    def f(q, k, v):
        s = keep("q", q) @ keep("k", k).T * (q.shape[1] ** -0.5 if scale else 1.0)
        return keep("a", ops.softmax(s, axis=axis)) @ v

    return f


def attention_back(gy, q, k, v, dk=None, path=True):
    a = soft(q @ k.T / q.shape[1] ** 0.5)
    ga = gy @ v.T
    gs = a * (ga - path * (ga * a).sum(1, keepdims=True)) / q.shape[1] ** 0.5
    return gs @ k, dk(gs, q, k) if dk else gs.T @ q, a.T @ gy


QKV, SQUARE_QKV = (normal(5, 4), normal(3, 4), normal(3, 2)), (normal(4, 4), normal(4, 4), normal(4, 4))


def tied(encoder=False, decoder=False):
    return lambda x, w: ops.tanh(x @ (cut(w) if encoder else w)) @ (cut(w) if decoder else w).T


def rnn(last=False, path=""):
    def f(x, w, u):
        h = ops.tanh(x[0] @ (cut(w) if last else w))
        return ops.tanh(x[1] @ w + (cut(h) if path == "h" else h) @ (cut(u) if path == "u" else u))

    return f


def conv(x, w, stride=1, dilation=1, groups=False):
    """x (N, H, W, C), w (kh, kw, C, O); with groups w (kh, kw, C): each channel by itself."""
    kh, kw = w.shape[:2]
    oh, ow = ((n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[1:3], (kh, kw), strict=True))
    total = 0.0
    for i in range(kh):
        for j in range(kw):
            a, b = i * dilation, j * dilation
            part = x[:, a : a + stride * (oh - 1) + 1 : stride, b : b + stride * (ow - 1) + 1 : stride]
            total = total + (part * w[i, j] if groups else part @ w[i, j])
    return total


def conv_back(gy, x, w, stride=1, dilation=1, flip=False, at=0, places=None, step=None, turn=False, assign=False):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            tap = w[-1 - i, -1 - j] if flip else w[i, j]
            for m in range(gy.shape[1]):
                for n in range(gy.shape[2]):
                    r, s = m * stride + i * dilation, n * stride + j * dilation
                    gw[i, j] += x[:, r, s].T @ gy[:, m, n]
                    r, s = (m * (step or stride) + i * (places or dilation) + at, n * (step or stride))
                    s += j * (places or dilation) + at
                    if r < x.shape[1] and s < x.shape[2]:
                        gx[:, r, s] = gx[:, r, s] * (not assign) + gy[:, m, n] @ (tap if turn else tap.T)
    return gx, gw


IMAGES, KERNEL = (normal(2, 7, 6, 2), normal(3, 3, 2, 3))
DEEP = normal(3, 3, 2)
same_channels = (normal(2, 5, 6, 3), normal(3, 2, 3, 3))
strided = lambda x, w: conv(x, w, 2)
dilated = lambda x, w: conv(x, w, 1, 2)
deep = lambda x, w: conv(x, w, groups=True)
up = lambda x, w: ops.conv_transpose2d(x, w, 2, 0, 1)
UP = (normal(2, 3, 4, 2), normal(3, 3, 2, 2))


def up_back(gy, x, w, at=0, turn=False, flip=False):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            tap = w[-1 - i, -1 - j] if flip else w[i, j]
            for m in range(x.shape[1]):
                for n in range(x.shape[2]):
                    g = gy[:, 2 * m + i, 2 * n + j]
                    gw[i, j] += g.T @ x[:, m, n]
                    gx[:, m, n] += gy[:, min(2 * m + i + at, 7), min(2 * n + j + at, 9)] @ (tap.T if turn else tap)
    return gx, gw


def penalty(whole):
    """The mean of (|D'(x)| - 1)^2 of a D of one hidden layer; its gradient by w holds D's second derivative."""

    def f(x, w, v):
        h = ops.tanh(x @ w)
        slope = ((1 - (h if whole else cut(h)) ** 2) * v) @ (w.T if whole != "w" else cut(w).T)
        return ((ops.sqrt((slope * slope).sum(1)) - 1) ** 2).mean()

    return f


kl = lambda p, q: (p * (ops.log(p) - ops.log(q))).sum()
swap = lambda f: lambda gy, a, b: f(gy, b, a)
gaussian_kl = lambda m, s: 0.5 * (ops.exp(s) + m * m - 1 - s).sum()
entropy = lambda x: -(ops.log_softmax(x, axis=1) * Tensor(ONE_HOT)).sum(1).mean()
masked = lambda x: (x * x * Tensor(MASK)).sum() / MASK.sum()
by_rows = lambda x: ((x * x * Tensor(MASK)).sum(1) / MASK.sum(1)).mean()
sig = lambda x: 1 / (1 + np.exp(-x))
bce = lambda x, t: (ops.softplus(x) - x * t).mean()
bce_back = lambda gy, x, t: (gy * (sig(x) - t) / x.size, -gy * x / x.size)
first = lambda f: lambda gy, *a: (f(gy, *a), *backward_of(bce)(gy, *a)[1:])
product3 = lambda a, b, c: a @ b @ c
apart = lambda x, y: ((x[:, None] - y[None]) ** 2).sum(2)
swish = lambda x: x * ops.sigmoid(x)
tanh_back = lambda gy, x: gy * (1 - np.tanh(x) ** 2)
limited = lambda g, size: g * min(1.0, size / np.linalg.norm(g))
running = (np.array([0.1, -0.4, 0.2]), np.array([0.8, 1.7, 2.5]))
evaluated = lambda x: (x - running[0]) / np.sqrt(running[1])
of_batch = lambda x: norm(x, 0)
cumulated = lambda x: x @ Tensor(np.triu(np.ones((x.shape[1], x.shape[1]))))  # the cumulative sum along axis 1
focal = lambda path: (
    lambda x: (((1 - ops.sigmoid(x)) if path else cut(1 - ops.sigmoid(x))) ** 2 * ops.softplus(-x)).mean()
)
cosine = lambda a, b: (a * b).sum(1) / ops.sqrt((a * a).sum(1) * (b * b).sum(1))
warm = lambda x: ops.softmax(x / 2.5, axis=1)

ROWS = [
    # -- sums and softmax over the wrong axis
    row("Softmax: all along axis 0", lambda x: ops.softmax(x, axis=1), lambda gy, x: soft_back(gy, x, 0, 0), (X,),
        "axes"),
    row("Softmax: the sum along axis 0", lambda x: ops.softmax(x, axis=1), lambda gy, x: soft_back(gy, x, 1, 0),
        (X,), "axes"),
    row("Softmax: the sum along axis 0, square", lambda x: ops.softmax(x, axis=1), lambda gy,
        x: soft_back(gy, x, 1, 0), (SQUARE,), "axes"),
    row("Softmax: the sum over all", lambda x: ops.softmax(x, axis=1), lambda gy, x: soft_back(gy, x, 1, None), (X,),
        "mixed"),
    row("Softmax of axis 0, summed along 1", lambda x: ops.softmax(x, axis=0), lambda gy, x: soft_back(gy, x, 0, 1),
        (X,), "axes"),
    row("LogSoftmax: the sum along axis 0", lambda x: ops.log_softmax(x, axis=1), lambda gy,
        x: gy - soft(x) * gy.sum(0), (X,), "axes"),
    row("LogSoftmax: softmax along axis 0", lambda x: ops.log_softmax(x, axis=1), lambda gy,
        x: gy - soft(x, 0) * gy.sum(1, keepdims=True), (X,), "sum path"),
    row("Centred: the mean of axis 0", lambda x: x - x.mean(1, keepdims=True), lambda gy, x: gy - gy.mean(0), (X,),
        "axes"),
    row("LayerNorm: all along axis 0", norm, lambda gy, x: backward_of(of_batch)(gy, x), (X,), "axes"),
    row("BatchNorm: all along axis 1", of_batch, lambda gy, x: backward_of(norm)(gy, x), (X,), "axes"),
    row("Sum along axis 1: spread along 0", lambda x: x.sum(1), lambda gy, x: np.tile(gy, (4, 1)), (SQUARE,),
        "transposed"),
    row("Cumulative sum: not reversed", cumulated, lambda gy, x: np.cumsum(gy, 1), (X,), "transposed"),
    row("Cumulative sum: along axis 0", cumulated, lambda gy, x: np.cumsum(gy[::-1], 0)[::-1], (X,), "axes"),
    row("Unit length: along axis 0", lambda x: x / ops.sqrt((x * x).sum(1, keepdims=True)),
        backward_of(lambda x: x / ops.sqrt((x * x).sum(0, keepdims=True))), (X,), "axes"),
    row("Max along axis 1: place of axis 0", lambda x: x.max(1, keepdims=True), lambda gy, x: gy * (x == x.max(0)),
        (X,), "mask"),
    # -- a product's operands
    row("A @ B: B.T gy", ops.matmul, lambda gy, a, b: (b.T @ gy, a.T @ gy), (SQUARE, OTHER), "product"),
    row("A @ B: gy A.T", ops.matmul, lambda gy, a, b: (gy @ b.T, gy @ a.T), (SQUARE, OTHER), "product"),
    row("A @ B: gy.T B", ops.matmul, lambda gy, a, b: (gy.T @ b, a.T @ gy), (SQUARE, OTHER), "product"),
    row("A @ B: gy.T A", ops.matmul, lambda gy, a, b: (gy @ b.T, gy.T @ a), (SQUARE, OTHER), "transposed"),
    row("A @ B: B gy", ops.matmul, lambda gy, a, b: (b @ gy, a.T @ gy), (SQUARE, OTHER), "product"),
    row("x @ W.T: gw as x.T gy", lambda x, w: x @ w.T, lambda gy, x, w: (gy @ w, x.T @ gy), (SQUARE, OTHER),
        "transposed"),
    row("A @ B @ C: gb as gy C.T A.T", product3, lambda gy, a, b, c: (gy @ (b @ c).T, gy @ c.T @ a.T, (a @ b).T @ gy),
        (SQUARE, OTHER, THIRD), "product"),
    row("A @ B @ C: gb without transposes", product3, lambda gy, a, b,
        c: (gy @ (b @ c).T, a @ gy @ c, (a @ b).T @ gy),
        (SQUARE, OTHER, THIRD), "transposed"),
    row("Batched product: B for its transpose", ops.matmul, lambda gy, a, b: (gy @ b, a.transpose(0, 2, 1) @ gy),
        (normal(2, 3, 3), normal(2, 3, 3)), "transposed"),
    row("Batched product: operands exchanged", ops.matmul,
        lambda gy, a, b: (b.transpose(0, 2, 1) @ gy, a.transpose(0, 2, 1) @ gy), (normal(2, 3, 3), normal(2, 3, 3)),
        "product"),
    row("Quadratic form: A x alone", lambda x, a: x @ a @ x, lambda gy, x, a: (gy * (a @ x), gy * np.outer(x, x)),
        (normal(4), SQUARE), "product"),
    row("Quadratic form: 2 A x", lambda x, a: x @ a @ x, lambda gy, x, a: (gy * 2 * (a @ x), gy * np.outer(x, x)),
        (normal(4), SQUARE), "product"),
    # -- gates and branches
    *(row(f"LSTM: the path through {part}", lstm(""), backward_of(lstm(part)), LSTM, kind)
      for part, kind in zip("ifgoch", ("place", "place", "place", "place", "zero", "zero place"), strict=True)),
    *(row(f"GRU: the path through {part}", gru(""), backward_of(gru(part)), GRU, kind)
      for part, kind in (("z", "place"), ("r", "place"), ("rh", "silent"), ("h", "direct path"), ("n", "place"))),
    row("Attention: gk forgotten", attention(), lambda gy, q, k,
        v: attention_back(gy, q, k, v, lambda s, q, k: 0 * k), QKV, "zero"),
    row("Attention: gk is gs.T k", attention(), lambda gy, q, k,
        v: attention_back(gy, q, k, v, lambda s, q, k: s.T @ k), SQUARE_QKV, "product"),
    row("Attention: gk is gs q", attention(), lambda gy, q, k, v: attention_back(gy, q, k, v, lambda s, q, k: s @ q),
        SQUARE_QKV, "product"),
    row("Attention: softmax taken for a constant", attention(), backward_of(attention("a")), QKV, "zero"),
    row("Attention: softmax's sum forgotten", attention(), lambda gy, q, k,
        v: attention_back(gy, q, k, v, path=False), QKV, "silent"),
    row("Attention: the scale forgotten", attention(), backward_of(attention(scale=False)), QKV, "silent"),
    row("Attention: softmax along axis 0", attention(), backward_of(attention(axis=0)), QKV, "mixed"),
    row("Attention: v's weights not transposed", attention(),
        lambda gy, q, k, v: (*attention_back(gy, q, k, v)[:2], soft(q @ k.T / 2) @ gy), SQUARE_QKV, "transposed"),
    row("Tied weights: the decoder alone", tied(), backward_of(tied(encoder=True)), (normal(3, 5), normal(5, 4)),
        "overwritten"),
    row("Tied weights: the encoder alone", tied(), backward_of(tied(decoder=True)), (normal(3, 5), normal(5, 4)),
        "overwritten"),
    row("RNN: w of the last step alone", rnn(), backward_of(rnn(last=True)),
        (normal(2, 2, 3), normal(3, 4), normal(4, 4)), "apart"),
    row("RNN: nothing through h", rnn(), backward_of(rnn(path="h")), (normal(2, 2, 3), normal(3, 4), normal(4, 4)),
        "place apart"),
    row("Skip: the branch alone", lambda x, w: x + ops.tanh(x @ w),
        backward_of(lambda x, w: cut(x) + ops.tanh(x @ w)),
        (X, normal(3, 3)), "addend"),
    row("Skip: the direct path alone", lambda x, w: x + ops.tanh(x @ w), lambda gy, x,
        w: (gy, x.T @ (gy * (1 - np.tanh(x @ w) ** 2))),
        (X, normal(3, 3)), "left out"),
    row("Scaled skip: the factor 1/2 of the direct path forgotten", lambda x: 0.5 * x + ops.tanh(x), lambda gy,
        x: gy + tanh_back(gy, x), (X,), "addend"),
    row("Highway: the gate's path", lambda x, w: ops.sigmoid(x @ w) * x,
        backward_of(lambda x, w: cut(ops.sigmoid(x @ w)) * x), (X, normal(3, 3)), "product rule zero"),
    row("Gated unit: the gate", lambda x, w, v: (x @ w) * ops.sigmoid(x @ v),
        backward_of(lambda x, w, v: (x @ w) * cut(ops.sigmoid(x @ v))),
        (X, normal(3, 2), normal(3, 2)), "zero"),
    row("Squeeze and excite: the scale's path", lambda x: x * ops.sigmoid(x.mean((1, 2), keepdims=True)),
        lambda gy, x: gy * sig(x.mean((1, 2), keepdims=True)), (normal(2, 3, 4, 2),), "mean path"),
    row("Distances: from x alone", apart, lambda gy, x,
        y: (2 * (x * gy.sum(1, keepdims=True)), backward_of(apart)(gy, x, y)[1]),
        (normal(3, 2), normal(4, 2)), "left out"),
    row("Distances: y's sign", apart, lambda gy, x,
        y: (backward_of(apart)(gy, x, y)[0], -backward_of(apart)(gy, x, y)[1]),
        (normal(3, 2), normal(4, 2)), "sign"),
    row("Swish: only the sigmoid's path", swish, lambda gy, x: gy * sig(x), (X,), "product rule"),
    # -- statistics of another mode
    row("BatchNorm: training's gradient in evaluation", evaluated, lambda gy,
        x: (gy - gy.mean(0)) / np.sqrt(running[1]), (X,), "mixed"),
    row("BatchNorm: training's whole gradient in evaluation", evaluated, backward_of(of_batch), (X,), "mixed"),
    row("BatchNorm: evaluation's gradient in training", of_batch, lambda gy, x: gy / np.sqrt(x.var(0) + 1e-5), (X,),
        "mean path"),
    row("BatchNorm: running variance in training", of_batch,
        lambda gy, x: backward_of(of_batch)(gy, x)[0] * np.sqrt(x.var(0) + 1e-5) / np.sqrt(running[1]), (X,),
        "ratio"),
    row("BatchNorm: running variance's gradient with paths", of_batch, lambda gy, x: gy / np.sqrt(running[1]), (X,),
        "apart"),
    row("BatchNorm: variance by N - 1", of_batch, backward_of(lambda x: norm(x, 0, ddof=1)), (X,), "factor"),
    row("BatchNorm of images: axis 0 alone", lambda x: norm(x, (0, 1, 2)), backward_of(lambda x: norm(x, 0)),
        (normal(3, 2, 4, 2),), "apart"),
    row("InstanceNorm: BatchNorm's gradient", lambda x: norm(x, (1, 2)), backward_of(lambda x: norm(x, (0, 1, 2))),
        (normal(2, 3, 4, 2),), "mixed"),
    row("LayerNorm of images: channels alone", lambda x: norm(x, (1, 2, 3)), backward_of(lambda x: norm(x, 3)),
        (normal(2, 3, 2, 4),), "apart"),
    row("BatchNorm: mean's path cut", of_batch, backward_of(lambda x: norm(x, 0, cut_mean=True)), (X,), "mean path"),
    row("BatchNorm: variance's path cut", of_batch, backward_of(lambda x: norm(x, 0, cut_var=True)), (X,),
        "variance path"),
    row("BatchNorm: gamma's gradient from x", lambda x, g, b: of_batch(x) * g + b,
        lambda gy, x, g, b: (backward_of(of_batch)(gy * g, x)[0], (gy * x).sum(0), gy.sum(0)),
        (X, normal(3), normal(3)), "formula"),
    row("BatchNorm: gamma forgotten in gx", lambda x, g, b: of_batch(x) * g + b,
        lambda gy, x, g, b: (backward_of(of_batch)(gy, x)[0], backward_of(lambda x, g: of_batch(x) * g)(gy, x, g)[1],
        gy.sum(0)),
        (X, normal(3), normal(3)), "left out"),
    # -- convolutions
    row("Convolution: kernel flipped, 4-d", conv, lambda gy, x, w: conv_back(gy, x, w, flip=True), (IMAGES, KERNEL),
        "flipped"),
    row("Convolution: shifted by one", conv, lambda gy, x, w: conv_back(gy, x, w, at=1), (IMAGES, KERNEL), "places"),
    row("Convolution: channels not exchanged", conv, lambda gy, x, w: conv_back(gy, x, w, turn=True),
        (same_channels[0], normal(3, 2, 3, 3)), "transposed"),
    row("Convolution: assigned", conv, lambda gy, x, w: conv_back(gy, x, w, assign=True), (IMAGES, KERNEL),
        "assigned"),
    row("Strided: as if the stride were 1", strided, lambda gy, x, w: conv_back(gy, x, w, 2, step=1),
        (IMAGES, KERNEL), "places"),
    row("Strided: kernel flipped", strided, lambda gy, x, w: conv_back(gy, x, w, 2, flip=True), (IMAGES, KERNEL),
        "flipped"),
    row("Strided: gw of stride 1", strided, lambda gy, x, w: (conv_back(gy, x, w, 2)[0], conv_back(gy, x, w)[1]),
        (IMAGES, KERNEL), "silent"),
    row("Dilated: as if the dilation were 1", dilated, lambda gy, x, w: conv_back(gy, x, w, 1, 2, places=1),
        (IMAGES, KERNEL), "places"),
    row("Dilated: kernel flipped", dilated, lambda gy, x, w: conv_back(gy, x, w, 1, 2, flip=True), (IMAGES, KERNEL),
        "flipped"),
    row("Depthwise: summed over the channels", deep,
        lambda gy, x, w: (np.broadcast_to(backward_of(deep)(gy, x, w)[0].sum(3, keepdims=True), x.shape),
        backward_of(deep)(gy, x, w)[1]),
        (IMAGES, DEEP), "mixed"),
    row("Depthwise: channels exchanged", deep, lambda gy, x,
        w: (backward_of(deep)(gy[..., ::-1], x, w)[0], backward_of(deep)(gy, x, w)[1]),
        (IMAGES, DEEP), "places"),
    row("Transposed, output padding: shifted by it", up, lambda gy, x, w: up_back(gy, x, w, at=1), UP, "places"),
    row("Transposed: kernel flipped", up, lambda gy, x, w: up_back(gy, x, w, flip=True), UP, "flipped"),
    row("Transposed: channels not exchanged", up, lambda gy, x, w: up_back(gy, x, w, turn=True), UP, "transposed"),
    row("Upsampled: one of four", lambda x: ops.upsample2d(x, 2), lambda gy, x: gy[:, ::2, ::2],
        (normal(2, 3, 2, 2),), "assigned"),
    row("Upsampled: averaged", lambda x: ops.upsample2d(x, 2), lambda gy,
        x: backward_of(lambda x: ops.upsample2d(x, 2))(gy, x)[0] / 4, (normal(2, 3, 2, 2),), "factor"),
    row("Average pooling: not divided", lambda x: ops.avg_pool2d(x, 2), lambda gy, x: gy.repeat(2, 1).repeat(2, 2),
        (normal(2, 4, 6, 2),), "factor"),
    # -- normalised, clipped, rounded
    row("Divided by its norm", ops.tanh, lambda gy, x: tanh_back(gy, x) / np.linalg.norm(tanh_back(gy, x)), (X,),
        "not linear"),
    row("gy divided by its norm", ops.tanh, lambda gy, x: tanh_back(gy / np.linalg.norm(gy), x), (X,), "not linear"),
    row("Clipped to 0.5", ops.tanh, lambda gy, x: np.clip(tanh_back(gy, x), -0.5, 0.5), (X,), "not linear"),
    row("Clipped to 50", ops.tanh, lambda gy, x: np.clip(tanh_back(gy, x), -50, 50), (X,), "not linear"),
    row("Norm clipped to 100", ops.tanh, lambda gy, x: limited(tanh_back(gy, x), 100), (X,), "not linear"),
    row("Sign alone", ops.tanh, lambda gy, x: np.sign(tanh_back(gy, x)), (X,), "not linear"),
    row("Small ones set to 0", ops.tanh, lambda gy, x: tanh_back(gy, x) * (abs(gy) > 0.01), (X,), "not linear"),
    row("Plus a little noise of gy squared", ops.tanh, lambda gy, x: tanh_back(gy, x) + 1e-8 * gy * gy, (X,),
        "not linear"),
    # -- a second-order term missing
    row("Gradient penalty: tanh's second derivative", penalty(True), backward_of(penalty(False)),
        (X, normal(3, 4), normal(4)), "zero"),
    row("Gradient penalty: only through D'", penalty(True), backward_of(penalty("w")), (X, normal(3, 4), normal(4)),
        "silent"),
    # -- losses
    row("KL: swapped", kl, swap(backward_of(kl)), (PROBABLE, LIKELY), "exchanged"),
    row("KL: swapped, returned in the right order", kl, lambda gy, p, q: backward_of(kl)(gy, q, p)[::-1],
        (PROBABLE, LIKELY), "exchanged"),
    row("KL: the 1 of p ln p forgotten", kl, lambda gy, p, q: (gy * np.log(p / q), -gy * p / q), (PROBABLE, LIKELY),
        "constant"),
    row("KL: q's sign", kl, lambda gy, p, q: (gy * (np.log(p / q) + 1), gy * p / q), (PROBABLE, LIKELY), "sign"),
    row("Gaussian KL: the variance's -1", gaussian_kl, lambda gy, m, s: (gy * m, 0.5 * gy * np.exp(s)), (X, Y),
        "constant"),
    row("Gaussian KL: exp forgotten", gaussian_kl, lambda gy, m, s: (gy * m, 0.5 * gy * (s - 1)), (X, Y), "silent"),
    row("Cross-entropy: mean over classes too", entropy, lambda gy, x: gy * (soft(x) - ONE_HOT) / x.size, (X,),
        "factor"),
    row("Masked mean: over all", masked, lambda gy, x: gy * 2 * x * MASK / x.size, (X,), "factor"),
    row("Masked mean: mask forgotten", masked, lambda gy, x: gy * 2 * x / MASK.sum(), (X,), "mask"),
    row("Mean of rows' means: one count for all", by_rows, lambda gy, x: gy * 2 * x * MASK / MASK.sum(), (X,),
        "ratio"),
    row("Mean of rows' means: not divided by the counts", by_rows, lambda gy, x: gy * 2 * x * MASK / 5, (X,),
        "ratio"),
    row("BCE: mean over the rows alone", bce, lambda gy, x, t: (gy * (sig(x) - t) / 5, bce_back(gy, x, t)[1]),
        (X, Y), "factor"),
    row("BCE: sigmoid forgotten", bce, lambda gy, x, t: (gy * (x - t) / x.size, bce_back(gy, x, t)[1]), (X, Y),
        "silent"),
    row("BCE: sigmoid' as well", bce, lambda gy, x,
        t: (gy * (sig(x) - t) * sig(x) * (1 - sig(x)) / x.size, bce_back(gy, x, t)[1]), (X, Y), "scaled"),
    row("Focal loss: the weight taken for a constant", focal(True), backward_of(focal(False)), (X,), "silent"),
    row("Cosine: the norms taken for constants", cosine, lambda gy, a,
        b: (gy[:, None] * b / np.sqrt((a * a).sum(1) * (b * b).sum(1))[:, None],
        backward_of(cosine)(gy, a, b)[1]), (X, Y), "norm path"),
    row("Warm softmax: the temperature forgotten", warm, lambda gy, x: soft_back(gy, x / 2.5, 1, 1), (X,), "factor"),
    row("Warm softmax: the temperature only outside", warm, lambda gy, x: soft_back(gy, x, 1, 1) / 2.5, (X,),
        "silent"),
    row("Huber: no limit", lambda x: ops.where(abs(x.data) < 1, 0.5 * x * x, ops.abs(x) - 0.5), lambda gy, x: gy * x,
        (X,), "place"),
    row("Weighted loss: weights forgotten", lambda x, w: (w * x * x).sum(1), lambda gy, x,
        w: (2 * gy[:, None] * x, gy[:, None] * x * x), (X, POSITIVE), "left out"),
    row("nan where gy is 0", ops.tanh, lambda gy, x: tanh_back(gy, x) * 2 * gy / gy, (X,), "factor"),
    row("Variance: the mean a constant, ddof 1", lambda x: x.var(0), lambda gy,
        x: 2 * gy * (x - x.mean(0)) / (len(x) - 1), (X,), "factor"),
    row("Standard deviation: the root forgotten", lambda x: ops.sqrt(x.var(0)), lambda gy,
        x: 2 * gy * (x - x.mean(0)) / 5, (X,), "scaled"),
    row("Log-sum-exp: exp(x) alone", lambda x: ops.log(ops.exp(x).sum(1)), lambda gy, x: gy[:, None] * np.exp(x),
        (X,), "scaled"),
    row("Maximum of three: to the last", lambda x: x.max(1), lambda gy, x: gy[:, None] * np.eye(3)[[2] * 5], (X,),
        "mask"),
]  # fmt: skip
MISTAKES = ROWS
