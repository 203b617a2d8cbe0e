"""Optimisers against loops over single numbers, written from the papers; and against PyTorch."""

import math

import numpy as np
import pytest

from tinygan import Tensor, grad, optim
from tinygan.backend import current_backend
from tinygan.kernels import numpy_updates
from tinygan.optim import Optimizer

SHAPES = [(3, 5), (5,), (), (2, 3, 1)]


def adam(p, grads, lr, betas, eps):
    """Kingma and Ba, 2015, algorithm 1, for one number."""
    (beta1, beta2), m, v = betas, 0.0, 0.0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
        p -= lr * mhat / (math.sqrt(vhat) + eps)
    return p


def sgd(p, grads, lr, momentum=0.0):
    v = 0.0
    for g in grads:
        v = momentum * v + g
        p -= lr * v
    return p


def rmsprop(p, grads, lr, rho, eps):
    s = 0.0
    for g in grads:
        s = rho * s + (1 - rho) * g**2
        p -= lr * g / (math.sqrt(s) + eps)
    return p


CASES = {
    "Adam": (optim.Adam, adam, dict(lr=0.01, betas=(0.5, 0.999), eps=1e-8)),
    "Adam, the paper's betas": (optim.Adam, adam, dict(lr=0.1, betas=(0.9, 0.999), eps=1e-8)),
    "Adam, a large eps": (optim.Adam, adam, dict(lr=0.1, betas=(0.9, 0.99), eps=0.3)),
    "Adam, beta1 0": (optim.Adam, adam, dict(lr=0.01, betas=(0.0, 0.9), eps=1e-8)),
    "Adam, betas 0": (optim.Adam, adam, dict(lr=0.01, betas=(0.0, 0.0), eps=1e-3)),
    "SGD": (optim.SGD, sgd, dict(lr=0.1)),
    "SGD with momentum": (optim.SGD, sgd, dict(lr=0.1, momentum=0.9)),
    "RMSProp": (optim.RMSProp, rmsprop, dict(lr=0.01, rho=0.99, eps=1e-8)),
    "RMSProp, a large eps": (optim.RMSProp, rmsprop, dict(lr=0.1, rho=0.9, eps=0.3)),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
each_class = pytest.mark.parametrize("make", [optim.Adam, lambda p: optim.SGD(p, 0.1, 0.9), optim.RMSProp])


def parameters(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s).astype(dtype), requires_grad=True, name=f"p{i}") for i, s in enumerate(SHAPES)]


def gradients(n, dtype=np.float64, seed=1):
    """n lists of gradients of very different sizes, a few of them 0."""
    rng = np.random.default_rng(seed)
    lists = []
    for _ in range(n):
        arrays = [np.asarray(rng.normal(size=s) * 10 ** rng.uniform(-6, 2), dtype) for s in SHAPES]
        lists.append([Tensor(a * (np.abs(a) > 1e-6)) for a in arrays])
    return lists


def flat(tensors):
    return np.concatenate([t.data.ravel() for t in tensors])


@each_case
def test_many_steps_follow_the_paper(case):
    build, reference, options = case
    params, grads = parameters(), gradients(200)
    start, history = flat(params), np.array([flat(g) for g in grads])
    optimizer = build(params, **options)
    for i, g in enumerate(grads):
        optimizer.step(g)
        if i in (0, 1, 2, 9):  # where the power t in 1 - beta^t shows most
            expected = [reference(p, history[: i + 1, j], **options) for j, p in enumerate(start)]
            assert np.allclose(flat(params), expected, rtol=0, atol=1e-12)
    expected = [reference(p, history[:, j], **options) for j, p in enumerate(start)]
    assert np.allclose(flat(params), expected, rtol=1e-12, atol=1e-12)


@each_case
def test_long_parameters_are_treated_like_short_ones(case):
    """Long arrays may be worked on in pieces: every number is moved once a step, at the seams too."""
    build, _, options = case
    rng, n = np.random.default_rng(0), 200_003
    start, grads = rng.normal(size=n), rng.normal(size=(3, n))
    cuts = [(0, 70_001), (70_001, 70_002), (70_002, n)]
    whole = [Tensor(start[a:b].copy(), requires_grad=True) for a, b in cuts]
    seams = [np.arange(2**k - 2, 2**k + 2) for k in range(12, 18)]
    some = np.unique(np.concatenate([rng.integers(0, n, 50), *seams, [n // 2, n - 1]]))
    few = [Tensor(start[some], requires_grad=True)]
    one, two = build(whole, **options), build(few, **options)
    for g in grads:
        one.step([Tensor(g[a:b]) for a, b in cuts])
        two.step([Tensor(g[some])])
    assert np.allclose(flat(whole)[some], few[0].data, rtol=1e-14)
    assert (flat(whole) != start).all()


def test_adams_first_step_is_lr_in_each_direction():
    """Whatever the size of the gradient: the corrections see to it, and fail to without the power t."""
    for size in (1e-5, 1.0, 1e5):
        p = Tensor(np.zeros(2), requires_grad=True)
        optimizer = optim.Adam([p], lr=0.01, betas=(0.9, 0.999))
        for step in (1, 2, 3):
            optimizer.step([Tensor(np.array([size, -size]))])
            assert np.allclose(p.data, [-0.01 * step, 0.01 * step], rtol=2e-3)


def test_adams_defaults_are_dcgans():
    optimizer = optim.Adam(parameters())
    assert (optimizer.lr, optimizer.betas, optimizer.eps) == (2e-4, (0.5, 0.999), 1e-8)


@each_class
def test_t_counts_steps_and_not_parameters(make):
    optimizer = make(parameters())
    for expected, g in enumerate(gradients(3), start=1):
        optimizer.step(g)
        assert optimizer.t == expected


@each_class
def test_float32_stays_float32(make):
    params = parameters(np.float32)
    optimizer = make(params)
    optimizer.lr = np.float64(0.01)  # a schedule may well compute in double precision
    for g in gradients(3, np.float32):
        optimizer.step(g)
    assert {p.dtype for p in params} == {np.dtype(np.float32)}
    assert {v.dtype for k, v in optimizer.state_dict().items() if k != "t"} == {np.dtype(np.float32)}
    assert np.isfinite(flat(params)).all()


@each_class
def test_gradients_and_shapes_are_left_alone(make):
    params, (g,) = parameters(), gradients(1)
    before = flat(g)
    make(params).step(g)
    assert np.array_equal(flat(g), before)
    assert [p.shape for p in params] == SHAPES


@each_class
def test_it_trains(make):
    """Thirty steps down a bowl, the learning rate changed on the way."""
    p = Tensor(np.array([1.0, -2.0]), requires_grad=True)
    optimizer, values = make([p]), []
    for i in range(60):
        optimizer.lr = 0.05 if i < 30 else 0.01
        loss = (p * p).sum()
        values.append(float(loss))
        optimizer.step(grad(loss, [p]))
    assert values[-1] < 0.1 * values[0]


@each_class
def test_a_parameter_given_new_values_goes_on_from_those(make):
    """As weight clipping and loading do between two steps."""
    params, (one, two) = parameters(), gradients(2)
    optimizer = make(params)
    optimizer.step(one)
    after_one = flat(params)
    for p in params:
        p.data = p.data + 100.0
    optimizer.step(two)
    shifted = flat(params) - 100

    params = parameters()
    optimizer = make(params)
    optimizer.step(one)
    assert np.array_equal(flat(params), after_one)
    optimizer.step(two)
    assert np.allclose(flat(params), shifted, atol=1e-9)


@each_class
def test_a_step_makes_older_graphs_unusable(make):
    """Else a gradient would go through weights that are no longer those of its forward pass, silently."""
    w = Tensor(np.array([[2.0]]), requires_grad=True, name="D.W")
    optimizer, x = make([w]), Tensor(np.array([[3.0]]), requires_grad=True)
    y = x @ w
    optimizer.step([Tensor(np.array([[1.0]]))])
    with pytest.raises(RuntimeError, match="D.W was changed after MatMul used it"):
        grad(y.sum(), [x])


@each_case
@pytest.mark.parametrize("length", [1, 5, 1 << 16])
def test_in_pieces_or_at_once_it_is_the_same_step(case, length, monkeypatch):
    build, _, options = case
    weights = []
    kernels = current_backend().kernels
    in_pieces = kernels[Optimizer._step_flat]
    for kernel in (Optimizer._step_flat, in_pieces):  # all parameters at once, the definition, and the other
        monkeypatch.setitem(kernels, Optimizer._step_flat, kernel)
        monkeypatch.setattr(numpy_updates, "PIECE", length)
        params = parameters()
        optimizer = build(params, **options)
        for g in gradients(3):
            optimizer.step(g)
        weights.append(flat(params))
    assert not np.array_equal(weights[0], flat(parameters()))
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-13)


# -- saving -----------------------------------------------------------------------------------------


@each_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_restored_it_goes_on_bit_for_bit(case, dtype):
    build, _, options = case
    params, grads = parameters(dtype), gradients(10, dtype)
    optimizer = build(params, **options)
    for g in grads[:5]:
        optimizer.step(g)
    saved, weights = optimizer.state_dict(), [p.data.copy() for p in params]
    for g in grads[5:]:
        optimizer.step(g)

    fresh = [Tensor(w, requires_grad=True) for w in weights]
    resumed = build(fresh, **options)
    resumed.load_state_dict(saved)
    for g in grads[5:]:
        resumed.step(g)
    assert resumed.t == 10 and np.array_equal(flat(fresh), flat(params))
    for name, value in resumed.state_dict().items():
        assert np.array_equal(value, optimizer.state_dict()[name])


def test_a_state_dict_is_a_copy_both_ways():
    optimizer, (g,) = optim.Adam(parameters()), gradients(1)
    saved = optimizer.state_dict()
    optimizer.step(g)
    assert not saved["m"].any() and saved["t"] == 0
    optimizer.load_state_dict(saved)
    optimizer.step(g)
    assert not saved["m"].any()


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, 0.1, 0.9), optim.RMSProp, optim.Adam], ids=["SGD", "RMSProp", "Adam"]
)
def test_a_state_in_double_precision_becomes_that_of_single_parameters(make):
    double, single = make(parameters()), make(parameters(np.float32))
    double.step(gradients(1)[0])
    single.load_state_dict(double.state_dict())
    state = {k: v for k, v in single.state_dict().items() if k in single.slots}
    assert state and {v.dtype for v in state.values()} == {np.dtype(np.float32)}
    single.step(gradients(1, np.float32)[0])
    assert {p.dtype for p in single.params} == {np.dtype(np.float32)}


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing():
    optimizer, (g,) = optim.Adam(parameters()), gradients(1)
    optimizer.step(g)
    before, good = optimizer.state_dict(), optimizer.state_dict()
    for spoiled, said in (
        ({k: v for k, v in good.items() if k != "v"}, "the saved state of Adam lacks v"),
        ({k: v for k, v in good.items() if k != "t"}, "the saved state of Adam lacks t"),
        ({**good, "m": good["m"] + 1, "v": np.zeros(3)}, r"the saved v of Adam has shape \(3,\), not \(27,\)"),
        (optim.SGD(parameters(), 0.1).state_dict(), "Adam lacks m"),
    ):
        with pytest.raises(ValueError, match=said):
            optimizer.load_state_dict(spoiled)
        assert all(np.array_equal(value, before[name]) for name, value in optimizer.state_dict().items())


# -- sentences ----------------------------------------------------------------------------------------


@each_class
def test_gradients_that_do_not_fit_end_in_a_sentence_and_change_nothing(make):
    params, (g,) = parameters(), gradients(1)
    optimizer, before = make(params), flat(params)
    with pytest.raises(ValueError, match="has 4 parameters, but got 3 gradients"):
        optimizer.step(g[:3])
    with pytest.raises(ValueError, match="has 4 parameters, but got 5 gradients"):
        optimizer.step([*g, g[0]])
    with pytest.raises(ValueError, match=r"the gradient of p1 has shape \(3, 5\), not \(5,\)"):
        optimizer.step([g[0], g[0], *g[2:]])
    assert optimizer.t == 0 and np.array_equal(flat(params), before)


@pytest.mark.parametrize("lr", [0.0, -1.0, math.nan])
def test_a_learning_rate_must_be_above_0(lr):
    for make in (optim.Adam, optim.SGD, optim.RMSProp):
        with pytest.raises(ValueError, match=f"{make.__name__}'s learning rate must be above 0"):
            make(parameters(), lr)


def test_other_senseless_settings_are_refused():
    with pytest.raises(ValueError, match="Adam got no parameters"):
        optim.Adam([])
    with pytest.raises(ValueError, match=r"Adam's betas must lie in \[0, 1\)"):
        optim.Adam(parameters(), betas=(0.5, 1.0))


# -- PyTorch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (
            lambda p: optim.Adam(p, 0.01, (0.5, 0.999), 1e-8),
            lambda t, p: t.optim.Adam(p, 0.01, betas=(0.5, 0.999), eps=1e-8),
        ),
        (
            lambda p: optim.Adam(p, 0.01, (0.0, 0.9), 1e-2),
            lambda t, p: t.optim.Adam(p, 0.01, betas=(0.0, 0.9), eps=1e-2),
        ),
        (lambda p: optim.SGD(p, 0.01, 0.9), lambda t, p: t.optim.SGD(p, 0.01, momentum=0.9)),
        (lambda p: optim.RMSProp(p, 0.01, 0.9), lambda t, p: t.optim.RMSprop(p, 0.01, alpha=0.9)),
    ],
    ids=["Adam", "Adam, other settings", "SGD", "RMSProp"],
)
def test_pytorch_takes_the_same_steps(ours, theirs):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    params = parameters()
    twins = [torch.tensor(p.data.copy(), requires_grad=True) for p in params]
    optimizer, other = ours(params), theirs(torch, twins)
    for g in gradients(100):
        optimizer.step(g)
        for twin, array in zip(twins, g, strict=True):
            twin.grad = torch.tensor(array.data)
        other.step()
    expected = np.concatenate([t.detach().numpy().ravel() for t in twins])
    assert np.allclose(flat(params), expected, rtol=1e-10, atol=1e-10)
