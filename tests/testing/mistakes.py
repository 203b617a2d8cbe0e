"""Mistakes that a hand-written backward pass may hold, in plain NumPy, each beside the right one.

A row: (name, forward, right, wrong, inputs, kind). The backwards take ``(gy, *inputs)`` and return
a gradient for each input. `kind` is how the gradient check names the mistake, ``diagnosis.kind`` (of several
gradients, the kinds one after the other), or "silent".
"""

from math import erf, pi

import numpy as np

RNG = np.random.default_rng(2)
X, Y, W, B = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)
SQUARE, OTHER = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
POSITIVE = RNG.uniform(0.5, 2.0, size=(5, 3))
IMAGE, KERNEL = RNG.normal(size=(2, 1, 6, 6)), RNG.normal(size=(1, 1, 3, 3))
LINE, TAPS = RNG.normal(size=9), RNG.normal(size=3)
LABELS = np.array([0, 2, 1, 1, 0])
ONE_HOT = np.eye(3)[LABELS]
KEEP = (RNG.random((5, 3)) < 0.6) / 0.6
gelu_cdf = np.vectorize(lambda x: 0.5 * (1 + erf(x / 2**0.5)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def softmax_back(gy, x, axis=1):
    y = softmax(x)
    return y * (gy - (gy * y).sum(axis, keepdims=True))


def dense(x, w, b):
    return x @ w + b


def dense_back(gy, x, w, b):
    return gy @ w.T, x.T @ gy, gy.sum(0)


def layer_norm(x, axis=1):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-5)


def layer_norm_back(gy, x, axis=1, mean=True, var=True, eps=1e-5, power=0.5, mean_axis=None):
    xh = layer_norm(x, axis)
    gx = gy - mean * gy.mean(axis if mean_axis is None else mean_axis, keepdims=True)
    gx = gx - var * xh * (gy * xh).mean(axis, keepdims=True)
    return gx / (x.var(axis, keepdims=True) + eps) ** power


def image_norm(x):
    return layer_norm(x, (0, 2, 3))


def unit_rows(x):
    return x / np.sqrt((x * x).sum(1, keepdims=True))


def unit_rows_back(gy, x, path=True):
    y = unit_rows(x)
    return (gy - path * y * (gy * y).sum(1, keepdims=True)) / np.sqrt((x * x).sum(1, keepdims=True))


def cross_entropy(x):
    return -np.log(softmax(x)[np.arange(len(x)), LABELS]).mean()


def correlate(x, w, stride=1):
    return np.array([x[i : i + 3] @ w for i in range(0, len(x) - 2, stride)])


def correlate_back(gy, x, w, stride=1, step=None, flip=False, assign=False):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for n, i in enumerate(range(0, len(x) - 2, stride)):
        at = slice(n * (step or stride), n * (step or stride) + 3)
        gx[at] = gx[at] * (not assign) + gy[n] * (w[::-1] if flip else w)
        gw += gy[n] * x[i : i + 3]
    return gx, gw


def spread(x, w, stride=2):
    """A transposed convolution."""
    y = np.zeros(stride * (len(x) - 1) + 3)
    for n, value in enumerate(x):
        y[n * stride : n * stride + 3] += value * w
    return y


def spread_back(gy, x, w, flip=False, stride=2):
    windows = np.array([gy[n * stride : n * stride + 3] for n in range(len(x))])
    return windows @ (w[::-1] if flip else w), x @ windows


def bias_image(x, b):
    return x + b[None, :, None, None]


def max_pool(x):
    return x.reshape(5, 3, 2).max(2)


def max_pool_back(gy, x, first=False, every=False):
    pairs = x.reshape(5, 3, 2)
    top = np.eye(2)[0 * pairs.argmax(2) if first else pairs.argmax(2)]
    return (np.where(every, 1.0, top) * gy[..., None]).reshape(x.shape)


def take_back(gy, w, assign=False):
    gw = np.zeros_like(w)
    if assign:
        gw[LABELS] = gy
    else:
        np.add.at(gw, LABELS, gy)
    return gw


def padded(x):
    return np.pad(x, ((0, 0), (1, 1)))


def gx_of(slope):
    """The backward of an elementwise function, from its derivative."""
    return lambda gy, x: gy * slope(x)


tanh_back = gx_of(lambda x: 1 - np.tanh(x) ** 2)
sigmoid_back = gx_of(lambda x: sigmoid(x) * (1 - sigmoid(x)))
relu = lambda x: np.maximum(x, 0)
relu_back = gx_of(lambda x: 1.0 * (x > 0))
mse = lambda p, t: np.mean((p - t) ** 2)
mse_back = lambda gy, p, t: (2 * gy * (p - t) / p.size, 2 * gy * (t - p) / p.size)
divide_back = lambda gy, a, b: (gy / b, -gy * a / b**2)
times_back = lambda gy, a, b: (gy * b, gy * a)
cross_entropy_back = lambda gy, x: gy * (softmax(x) - ONE_HOT) / len(x)
matmul_back = lambda gy, a, b: (gy @ b.T, a.T @ gy)
gelu = lambda x: x * gelu_cdf(x)
gelu_back = gx_of(lambda x: gelu_cdf(x) + x * np.exp(-x * x / 2) / (2 * pi) ** 0.5)
log_softmax = lambda x: x - np.log(np.exp(x).sum(1, keepdims=True))
log_softmax_back = lambda gy, x: gy - softmax(x) * gy.sum(1, keepdims=True)
join = lambda a, b: np.concatenate([a, b])
image_norm_back = lambda gy, x: layer_norm_back(gy, x, (0, 2, 3))
bias_back = lambda gy, x, b: (gy, gy.sum((0, 2, 3)))
bias_inputs = (RNG.normal(size=(3, 2, 4, 5)), B)
layered = lambda x, w: np.tanh(x @ w)
layered_back = lambda gy, x, w: matmul_back(gy * (1 - np.tanh(x @ w) ** 2), x, w)

ROWS = [
    ("LayerNorm: mean path forgotten", layer_norm, layer_norm_back, lambda gy, x: layer_norm_back(gy, x, mean=False),
     (SQUARE,), "mean path"),
    ("LayerNorm: variance path forgotten", layer_norm, layer_norm_back, lambda gy, x: layer_norm_back(gy, x, var=False),
     (SQUARE,), "variance path"),
    ("LayerNorm: both forgotten", layer_norm, layer_norm_back,
     lambda gy, x: layer_norm_back(gy, x, mean=False, var=False), (SQUARE,), "mean path"),
    ("LayerNorm: mean over the wrong axis", layer_norm, layer_norm_back,
     lambda gy, x: layer_norm_back(gy, x, mean_axis=0), (SQUARE,), "mixed"),
    ("LayerNorm: divided by the variance", layer_norm, layer_norm_back, lambda gy, x: layer_norm_back(gy, x, power=1),
     (SQUARE,), "ratio"),
    ("LayerNorm: square root twice", layer_norm, layer_norm_back, lambda gy, x: layer_norm_back(gy, x, power=0.25),
     (SQUARE,), "ratio"),
    ("LayerNorm: eps forgotten", lambda x: layer_norm(0.05 * x), lambda gy, x: 0.05 * layer_norm_back(gy, 0.05 * x),
     lambda gy, x: 0.05 * layer_norm_back(gy, 0.05 * x, eps=0), (SQUARE,), "nearly"),
    ("BatchNorm of images: over the batch alone", image_norm, image_norm_back, lambda gy, x: layer_norm_back(gy, x, 0),
     (RNG.normal(size=(4, 2, 3, 3)),), "apart"),
    ("BatchNorm of images: means over the batch alone", image_norm, image_norm_back,
     lambda gy, x: layer_norm_back(gy, x, (0, 2, 3), mean_axis=0), (RNG.normal(size=(4, 2, 3, 3)),), "mean path"),
    ("Unit length: path through the norm forgotten", unit_rows, unit_rows_back,
     lambda gy, x: unit_rows_back(gy, x, path=False), (X,), "norm path"),
    ("Softmax: sum over the wrong axis", softmax, softmax_back, lambda gy, x: softmax_back(gy, x, 0), (X,), "axes"),
    ("Softmax: y * gy alone", softmax, softmax_back, lambda gy, x: softmax(x) * gy, (X,), "sum path"),
    ("Softmax: taken twice", softmax, softmax_back, lambda gy, x: softmax_back(gy, softmax(x)), (X,), "silent"),
    ("LogSoftmax: gy alone", log_softmax, log_softmax_back, lambda gy, x: gy, (X,), "sum path"),
    ("Cross-entropy: one-hot forgotten", cross_entropy, cross_entropy_back, lambda gy, x: gy * softmax(x) / len(x),
     (X,), "constant"),
    ("Cross-entropy: softmax forgotten", cross_entropy, cross_entropy_back, lambda gy, x: gy * -ONE_HOT / len(x), (X,),
     "sum path"),
    ("Cross-entropy: summed, not averaged", cross_entropy, cross_entropy_back,
     lambda gy, x: gy * (softmax(x) - ONE_HOT), (X,), "factor"),
    ("Sigmoid: taken twice", sigmoid, sigmoid_back, lambda gy, x: sigmoid_back(gy, sigmoid(x)), (X,), "formula"),
    ("Sigmoid: x (1 - x)", sigmoid, sigmoid_back, lambda gy, x: gy * x * (1 - x), (X,), "formula"),
    ("Sigmoid: y forgotten", sigmoid, sigmoid_back, lambda gy, x: gy * (1 - sigmoid(x)), (X,), "formula"),
    ("Tanh: 1 - x^2", np.tanh, tanh_back, lambda gy, x: gy * (1 - x**2), (X,), "formula"),
    ("Exp: gy", np.exp, gx_of(np.exp), lambda gy, x: gy, (X,), "formula"),
    ("Exp: gy * x", np.exp, gx_of(np.exp), lambda gy, x: gy * x, (X,), "formula"),
    ("Log: gy", np.log, gx_of(lambda x: 1 / x), lambda gy, x: gy, (POSITIVE,), "formula"),
    ("Log: gy * x", np.log, gx_of(lambda x: 1 / x), lambda gy, x: gy * x, (POSITIVE,), "formula"),
    ("Sqrt: 1 / (2 x)", np.sqrt, gx_of(lambda x: 0.5 / np.sqrt(x)), lambda gy, x: gy / (2 * x), (POSITIVE,),
     "formula"),
    ("Sqrt: 1 / sqrt(x)", np.sqrt, gx_of(lambda x: 0.5 / np.sqrt(x)), lambda gy, x: gy / np.sqrt(x), (POSITIVE,),
     "factor"),
    ("Cube: the exponent not lowered", lambda x: x**3, gx_of(lambda x: 3 * x**2), lambda gy, x: 3 * gy * x**3, (X,),
     "scaled"),
    ("Cube: the factor 3 forgotten", lambda x: x**3, gx_of(lambda x: 3 * x**2), lambda gy, x: gy * x**2, (X,),
     "factor"),
    ("Cos: sign", np.cos, gx_of(lambda x: -np.sin(x)), lambda gy, x: gy * np.sin(x), (X,), "sign"),
    ("Abs: sign(x) forgotten", np.abs, gx_of(np.sign), lambda gy, x: gy, (X,), "one side"),
    ("ReLU: mask forgotten", relu, relu_back, lambda gy, x: gy, (X,), "mask"),
    ("ReLU: mask the wrong way round", relu, relu_back, lambda gy, x: gy * (x < 0), (X,), "negated"),
    ("ReLU: mask of gy", relu, relu_back, lambda gy, x: gy * (gy > 0), (X,), "not linear"),
    ("Clip: upper end forgotten", lambda x: np.clip(x, -0.5, 0.5), gx_of(lambda x: 1.0 * (abs(x) < 0.5)),
     lambda gy, x: gy * (x > -0.5), (X,), "mask"),
    ("GELU: one term of the product rule", gelu, gelu_back, lambda gy, x: gy * gelu_cdf(x), (X,), "product rule"),
    ("Softplus: exp forgotten", lambda x: np.log1p(np.exp(x)), gx_of(sigmoid), lambda gy, x: gy / (1 + np.exp(x)), (X,),
     "negated"),
    ("Maximum: to both", np.maximum, lambda gy, a, b: (gy * (a > b), gy * (b > a)), lambda gy, a, b: (gy, gy), (X, Y),
     "mask"),
    ("Max pooling: to the first", max_pool, max_pool_back, lambda gy, x: max_pool_back(gy, x, first=True),
     (RNG.normal(size=(5, 6)),), "mask"),
    ("Max pooling: to all", max_pool, max_pool_back, lambda gy, x: max_pool_back(gy, x, every=True),
     (RNG.normal(size=(5, 6)),), "mask"),
    ("Dropout: scale forgotten", lambda x: x * KEEP, lambda gy, x: gy * KEEP, lambda gy, x: gy * (KEEP > 0), (X,),
     "factor"),
    ("Dropout: mask forgotten", lambda x: x * KEEP, lambda gy, x: gy * KEEP, lambda gy, x: gy / 0.6, (X,), "mask"),
    ("Divide: sign of the second", np.divide, divide_back, lambda gy, a, b: (gy / b, gy * a / b**2), (X, POSITIVE),
     "sign"),
    ("Divide: square forgotten", np.divide, divide_back, lambda gy, a, b: (gy / b, -gy * a / b), (X, POSITIVE),
     "scaled"),
    ("Divide: numerator forgotten", np.divide, divide_back, lambda gy, a, b: (gy / b, -gy / b**2), (X, POSITIVE),
     "left out"),
    ("Divide: multiplied instead", np.divide, divide_back, lambda gy, a, b: (gy * b, -gy * a / b**2), (X, POSITIVE),
     "formula"),
    ("Multiply: swapped", np.multiply, times_back, lambda gy, a, b: (gy * a, gy * b), (X, Y), "swapped"),
    ("Multiply: b's gradient uses b", np.multiply, times_back, lambda gy, a, b: (gy * b, gy * b), (X, Y),
     "wrong input"),
    ("Three factors: one forgotten", lambda a, b, c: a * b * c,
     lambda gy, a, b, c: (gy * b * c, gy * a * c, gy * a * b), lambda gy, a, b, c: (gy * b * c, gy * a, gy * a * b),
     (X, Y, POSITIVE), "left out"),
    ("MSE: 2 forgotten", mse, mse_back, lambda gy, p, t: tuple(g / 2 for g in mse_back(gy, p, t)), (X, Y), "factor"),
    ("MSE: 1/size forgotten", mse, mse_back, lambda gy, p, t: tuple(g * p.size for g in mse_back(gy, p, t)), (X, Y),
     "factor"),
    ("MSE: target forgotten", mse, mse_back, lambda gy, p, t: (2 * gy * p / p.size, mse_back(gy, p, t)[1]), (X, Y),
     "left out"),
    ("MSE: plus the target", mse, mse_back, lambda gy, p, t: (2 * gy * (p + t) / p.size, mse_back(gy, p, t)[1]), (X, Y),
     "sign"),
    ("A learning rate in it", mse, mse_back, lambda gy, p, t: tuple(0.01 * g for g in mse_back(gy, p, t)), (X, Y),
     "factor"),
    ("Scaled as Adam does", np.tanh, tanh_back, lambda gy, x: tanh_back(gy, x) / (np.abs(tanh_back(gy, x)) + 1e-8),
     (X,), "not linear"),
    ("Matmul: x for x.T", np.matmul, matmul_back, lambda gy, a, b: (gy @ b.T, a @ gy), (SQUARE, OTHER), "transposed"),
    ("Matmul: the result transposed", np.matmul, matmul_back, lambda gy, a, b: (gy @ b.T, (a.T @ gy).T),
     (SQUARE, OTHER), "transposed"),
    ("Matmul by a constant: w for w.T", lambda x: x @ OTHER, lambda gy, x: gy @ OTHER.T, lambda gy, x: gy @ OTHER,
     (SQUARE,), "transposed"),
    ("Dense: bias takes the last row alone", dense, dense_back, lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy[-1]),
     (X, W, B), "assigned"),
    ("Dense: bias takes the first row alone", dense, dense_back, lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy[0]),
     (X, W, B), "assigned"),
    ("Dense and tanh: tanh' forgotten", layered, layered_back, lambda gy, x, w: matmul_back(gy, x, w), (X, W),
     "scaled"),
    ("x @ x.T: one path", lambda x: x @ x.T, lambda gy, x: (gy + gy.T) @ x, lambda gy, x: gy @ x, (SQUARE,),
     "overwritten"),
    ("x + x.T: one path", lambda x: x + x.T, lambda gy, x: gy + gy.T, lambda gy, x: gy, (SQUARE,), "overwritten"),
    ("Residual: the direct path forgotten", lambda x: x + np.tanh(x), lambda gy, x: gy + tanh_back(gy, x), tanh_back,
     (X,), "addend"),
    ("Mean over axis 0: spread along axis 1", lambda x: x.mean(0), lambda gy, x: np.tile(gy / 4, (4, 1)),
     lambda gy, x: np.tile(gy / 4, (4, 1)).T, (SQUARE,), "transposed"),
    ("Mean: not divided", lambda x: x.mean(0), lambda gy, x: np.tile(gy / 5, (5, 1)), lambda gy, x: np.tile(gy, (5, 1)),
     (X,), "factor"),
    ("Broadcast bias: gy itself", np.add, lambda gy, x, b: (gy, gy.sum(0)), lambda gy, x, b: (gy, gy), (X, Y[0]),
     "silent"),
    ("Image bias: summed over too few axes", bias_image, bias_back, lambda gy, x, b: (gy, gy.sum((0, 3)).T[0]),
     bias_inputs, "assigned"),
    ("Image bias: averaged over the places", bias_image, bias_back, lambda gy, x, b: (gy, gy.mean((2, 3)).sum(0)),
     bias_inputs, "factor"),
    ("Concatenate: parts swapped", join, lambda gy, a, b: (gy[:5], gy[5:]), lambda gy, a, b: (gy[5:], gy[:5]), (X, Y),
     "swapped"),
    ("Concatenate: cut one too early", join, lambda gy, a, b: (gy[:5], gy[5:]), lambda gy, a, b: (gy[:5], gy[4:-1]),
     (X, Y), "places"),
    ("Reverse: not reversed back", lambda x: x[::-1], lambda gy, x: gy[::-1], lambda gy, x: gy, (X,), "flipped"),
    ("Padding: cropped at one end", padded, lambda gy, x: gy[:, 1:-1], lambda gy, x: gy[:, 2:], (X,), "places"),
    ("Embedding: assigned, not added", lambda w: w[LABELS], take_back, lambda gy, w: take_back(gy, w, assign=True),
     (X,), "assigned"),
    ("Convolution: kernel flipped", correlate, correlate_back, lambda gy, x, w: correlate_back(gy, x, w, flip=True),
     (LINE, TAPS), "flipped"),
    ("Convolution: constant kernel flipped", lambda x: correlate(x, TAPS), lambda gy, x: correlate_back(gy, x, TAPS)[0],
     lambda gy, x: correlate_back(gy, x, TAPS, flip=True)[0], (LINE,), "flipped"),
    ("Convolution: assigned, not added", correlate, correlate_back,
     lambda gy, x, w: correlate_back(gy, x, w, assign=True), (LINE, TAPS), "assigned"),
    ("Strided convolution: stride forgotten", lambda x, w: correlate(x, w, 2),
     lambda gy, x, w: correlate_back(gy, x, w, 2), lambda gy, x, w: correlate_back(gy, x, w, 2, step=1), (LINE, TAPS),
     "places"),
    ("Transposed convolution: kernel flipped", spread, spread_back, lambda gy, x, w: spread_back(gy, x, w, flip=True),
     (LINE, TAPS), "flipped"),
    ("Convolution: kernel's gradient flipped", correlate, correlate_back,
     lambda gy, x, w: (correlate_back(gy, x, w)[0], correlate_back(gy, x, w)[1][::-1]), (LINE, TAPS), "flipped"),
    ("Roll: the same way again", lambda x: np.roll(x, 1), lambda gy, x: np.roll(gy, -1), lambda gy, x: np.roll(gy, 1),
     (LINE,), "transposed"),
    ("Weight decay", np.matmul, matmul_back, lambda gy, a, b: (gy @ b.T, a.T @ gy + 0.1 * b), (X, W), "not linear"),
    ("Embedding: averaged, not added", lambda w: w[LABELS], take_back,
     lambda gy, w: take_back(gy, w) / np.array([2, 2, 1, 1, 1])[:, None], (X,), "ratio"),
    ("x / sum: path through the sum forgotten", lambda x: x / x.sum(1, keepdims=True),
     lambda gy, x: (gy - (gy * x).sum(1, keepdims=True) / x.sum(1, keepdims=True)) / x.sum(1, keepdims=True),
     lambda gy, x: gy / x.sum(1, keepdims=True), (POSITIVE,), "mean path"),
]  # fmt: skip
MISTAKES = ROWS
