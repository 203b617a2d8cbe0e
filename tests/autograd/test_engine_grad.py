"""`grad`: what it returns, which part of the graph it walks, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.autograd import Op, Tensor, grad, no_grad, ops
from tinygan.autograd.linear import MatMul
from tinygan.backend import current_backend, to_numpy


def variable(data, name=None):
    return Tensor(np.asarray(data, np.float64), requires_grad=True, name=name)


@pytest.fixture
def x(rng):
    return variable(rng.normal(size=(2, 3)), "x")


@pytest.fixture
def count_matmuls(monkeypatch):
    """A list that grows by one entry at every product of matrices."""
    calls = []
    kernels = current_backend().kernels
    usual = kernels.get(MatMul, lambda op, xp, a, b: op.forward(xp, a, b))
    monkeypatch.setitem(kernels, MatMul, lambda op, xp, a, b: calls.append(a.shape) or usual(op, xp, a, b))
    return calls


# -- values ------------------------------------------------------------------------------------------

CLOSED_FORMS = {
    "x^2": (lambda x: x * x, lambda x: 2 * x),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2),
    "e^(x^2)": (lambda x: ops.exp(x**2), lambda x: 2 * x * np.exp(x**2)),
    "ln(1 + x^2)": (lambda x: ops.log(1 + x * x), lambda x: 2 * x / (1 + x * x)),
    "sigmoid": (ops.sigmoid, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "x tanh x": (lambda x: x * ops.tanh(x), lambda x: np.tanh(x) + x / np.cosh(x) ** 2),
    "2^x": (lambda x: 2**x, lambda x: np.log(2) * 2**x),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms(name, x):
    f, derivative = CLOSED_FORMS[name]
    (gx,) = grad(f(x).sum(), [x])
    np.testing.assert_allclose(gx.data, derivative(x.data), rtol=1e-12)


def test_x_to_the_fourth_to_third_order():
    x = variable(1.5)
    derivatives = [x**4]
    for _ in range(3):
        derivatives += grad(derivatives[-1], [x], create_graph=True)
    np.testing.assert_allclose([t.item() for t in derivatives], [1.5**4, 4 * 1.5**3, 12 * 1.5**2, 24 * 1.5], rtol=1e-14)


def test_the_gradient_of_a_gradient_norm(x):
    """The shape of a gradient penalty: (|df/dx| - 1)^2 for f = sum x^3, where df/dx = 3 x^2."""
    (gx,) = grad((x**3).sum(), [x], create_graph=True)
    norm = ops.sqrt((gx * gx).sum())
    (ggx,) = grad((norm - 1) ** 2, [x])
    length = np.sqrt((9 * x.data**4).sum())
    np.testing.assert_allclose(ggx.data, 2 * (length - 1) / length * 18 * x.data**3, rtol=1e-12)


def test_gradients_are_constants_unless_create_graph_is_asked_for(x):
    y = (x**3).sum()
    assert not grad(y, [x])[0].requires_grad
    assert grad(y, [x], create_graph=True)[0].requires_grad


def test_create_graph_inside_no_grad_records_all_the_same(x):
    y = (x**3).sum()
    with no_grad():
        (gx,) = grad(y, [x], create_graph=True)
    np.testing.assert_allclose(grad(gx.sum(), [x])[0].data, 6 * x.data, rtol=1e-12)


def test_an_upstream_gradient_weighs_the_outputs(x, rng):
    gy = rng.normal(size=(2, 3))
    np.testing.assert_allclose(grad(x**2, [x], gy=Tensor(gy))[0].data, 2 * x.data * gy)
    np.testing.assert_allclose(grad(x**2, [x], gy=gy)[0].data, 2 * x.data * gy)


def test_an_upstream_gradient_can_be_differentiated(x):
    """Forward mode by two reverse passes: J v is the gradient of (J^T u) . v with respect to u."""
    u = variable(np.zeros((2, 3)))
    (jt_u,) = grad(x**2, [x], gy=u, create_graph=True)
    v = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(grad(jt_u, [u], gy=v)[0].data, 2 * x.data * v)


# -- the graph ---------------------------------------------------------------------------------------


class CountedSquare(Op):
    """x^2, which counts how often its backward runs."""

    backwards = 0

    def forward(self, xp, x):
        return x * x

    def backward(self, gy, y, x):
        type(self).backwards += 1
        return gy * 2 * x


def test_a_shared_part_of_the_graph_is_walked_once(monkeypatch):
    monkeypatch.setattr(CountedSquare, "backwards", 0)
    x = variable(3.0)
    s = CountedSquare()(x)
    y = s * s + ops.exp(-s) * s  # four uses of s
    (gx,) = grad(y, [x])
    assert CountedSquare.backwards == 1
    np.testing.assert_allclose(gx.item(), (2 * 9 + np.exp(-9) * (1 - 9)) * 2 * 3, rtol=1e-14)


def test_a_ladder_of_diamonds_takes_linear_time():
    """Each rung doubles the number of paths; a walk by paths would never end."""
    x = y = variable(1.0)
    for _ in range(200):
        y = (y + y) * 0.5
    assert grad(y, [x])[0].item() == 1.0


def test_both_uses_of_one_tensor_in_one_op_count(x):
    np.testing.assert_allclose(grad((x * x).sum(), [x])[0].data, 2 * x.data)
    np.testing.assert_allclose(grad((x - x).sum(), [x])[0].data, 0 * x.data)


def test_an_x_given_twice_gets_its_gradient_twice(x):
    a, b = grad((x**2).sum(), [x, x])
    np.testing.assert_array_equal(a.data, b.data)
    np.testing.assert_allclose(a.data, 2 * x.data)


def test_an_x_on_the_way_to_another_x(x):
    h = x**2
    gh, gx, again = grad((h * h).sum(), [h, x, h])
    np.testing.assert_allclose(gh.data, 2 * h.data)
    np.testing.assert_allclose(gx.data, 4 * x.data**3)
    np.testing.assert_array_equal(again.data, gh.data)


def test_y_itself_may_be_an_x():
    x = variable(2.0)
    y = x * 3
    assert [g.item() for g in grad(y, [y, x])] == [1.0, 3.0]
    assert grad(x, [x])[0].item() == 1.0


def test_weights_that_nobody_asked_for_cost_nothing(count_matmuls, rng):
    """The generator's step: through D back to the fakes, without D's weight gradients."""
    fakes, w1, w2 = (variable(rng.normal(size=s)) for s in ((5, 3), (3, 7), (7, 2)))
    y = (ops.tanh(fakes @ w1) @ w2).sum()
    assert len(count_matmuls) == 2
    grad(y, [fakes])
    assert len(count_matmuls) == 2 + 2
    grad(y, [w1, w2, fakes])
    assert len(count_matmuls) == 4 + 4
    grad(y, [w2])  # nothing below the last product
    assert len(count_matmuls) == 8 + 1


def test_an_unrelated_branch_is_not_walked(monkeypatch):
    monkeypatch.setattr(CountedSquare, "backwards", 0)
    x, other = variable(3.0), variable(2.0)
    grad(x * CountedSquare()(other), [x])
    assert CountedSquare.backwards == 0


def test_nothing_is_left_on_the_tensors(x):
    h = x**2
    grad(h.sum(), [x, h])
    assert x.grad is None and h.grad is None


def test_a_second_call_gives_the_same(x):
    y = (x**3).sum()
    np.testing.assert_array_equal(grad(y, [x])[0].data, grad(y, [x])[0].data)


# -- refusals ----------------------------------------------------------------------------------------


def test_an_x_that_y_does_not_depend_on_is_named(x):
    unused = variable(np.ones(2), "G.bias")
    with pytest.raises(ValueError, match="y does not depend on G.bias.*allow_unused=True"):
        grad((x**2).sum(), [x, unused])
    with pytest.raises(ValueError, match=r"y does not depend on xs\[1\] \(shape \(5,\)\)"):
        grad((x**2).sum(), [x, variable(np.ones(5))])


def test_allow_unused_gives_none(x):
    gx, nothing = grad((x**2).sum(), [x, variable(1.0)], allow_unused=True)
    assert nothing is None
    np.testing.assert_allclose(gx.data, 2 * x.data)


def test_a_detached_y_depends_on_nothing(x):
    with pytest.raises(ValueError, match="y does not depend on x"):
        grad((x**2).sum().detach(), [x])


def test_a_flat_function_has_a_gradient_of_zeros(x):
    """y depends on x, and does not change with it: that is a zero, not an error."""
    (gx,) = grad((x**0).sum(), [x])
    np.testing.assert_array_equal(gx.data, np.zeros((2, 3)))


@pytest.mark.parametrize("power, first, second", [(0, 0, 0), (1, 1, 0), (2, 0, 2), (3, 0, 0)])
def test_powers_at_zero(power, first, second):
    """p x^(p - 1) would be 0 / 0 there for p = 0."""
    x = variable(0.0)
    (gx,) = grad(x**power, [x], create_graph=True)
    (ggx,) = grad(gx * x**1, [x])  # d/dx of (gx x) is gx + x ggx, which is gx at 0
    assert gx.item() == first and ggx.item() == first
    if power > 1:
        assert grad(gx, [x])[0].item() == second


def test_the_second_derivative_of_a_linear_function_is_zero_or_none(x):
    (gx,) = grad((x * 3).sum(), [x], create_graph=True)
    assert grad(gx.sum(), [x], allow_unused=True) == [None]


def test_an_x_without_requires_grad_is_named():
    c = Tensor([1.0, 2.0], name="labels")
    with pytest.raises(ValueError, match="labels does not require a gradient"):
        grad(c.sum(), [c])


def test_many_outputs_need_an_upstream_gradient(x):
    with pytest.raises(ValueError, match=r"y has shape \(2, 3\): grad needs its upstream gradient gy"):
        grad(x * 2, [x])


def test_one_output_of_any_shape_needs_none():
    x = variable([[2.0]])
    assert grad(x**2, [x])[0].data.tolist() == [[4.0]]


@pytest.mark.parametrize(
    "gy, words",
    [
        (np.ones((3, 2)), r"gy has shape \(3, 2\).*y has \(2, 3\)"),
        (np.ones(3), r"gy has shape \(3,\).*y has \(2, 3\)"),
        (Tensor(np.ones((2, 3), np.float32)), "dtype float32.*float64"),
    ],
    ids=["other shape", "would broadcast", "other dtype"],
)
def test_a_misfitting_upstream_gradient(gy, words, x):
    with pytest.raises(ValueError, match=words):
        grad(x * 2, [x], gy=gy)


class Student(Op):
    """An op with the gradient that a test gives it."""

    def __init__(self, result):
        self.result = result

    def forward(self, xp, x):
        return x * 1

    def backward(self, gy, y, x):
        return self.result(gy)


@pytest.mark.parametrize(
    "result, error, words",
    [
        (lambda gy: gy.sum(), ValueError, r"Student.backward returned a gradient of shape \(\).*x of shape \(2, 3\)"),
        (lambda gy: gy.T, ValueError, r"Student.backward .*\(3, 2\).*\(2, 3\)"),
        (lambda gy: Tensor(gy.data.astype(np.float32)), ValueError, "Student.backward .*float32 for x .*float64"),
        (lambda gy: (gy, gy), ValueError, "Student.backward returned 2 gradients for 1 inputs"),
        (lambda gy: gy.data, TypeError, "Student.backward must return Tensors, not ndarray"),
    ],
    ids=["summed", "transposed", "precision", "too many", "array"],
)
def test_a_students_wrong_gradient_is_reported_by_the_engine(result, error, words, x):
    with pytest.raises(error, match=words):
        grad(Student(result)(x).sum(), [x])


def test_an_op_without_its_methods_says_so(x):
    class Empty(Op):
        pass

    class OnlyForward(Op):
        def forward(self, xp, x):
            return x + 1

    with pytest.raises(NotImplementedError, match="Op Empty must define forward"):
        Empty()(x)
    with pytest.raises(NotImplementedError, match="Op OnlyForward must define backward"):
        grad(OnlyForward()(x).sum(), [x])


# -- backward() --------------------------------------------------------------------------------------


def test_backward_adds_into_grad(x):
    y = (x**2).sum()
    y.backward()
    np.testing.assert_allclose(x.grad.data, 2 * x.data)
    y.backward()
    np.testing.assert_allclose(x.grad.data, 4 * x.data)


def test_backward_reaches_every_leaf_and_only_leaves(x):
    w = variable(np.full((3, 1), 2.0))
    h = x @ w
    (h * Tensor(np.ones((2, 1)))).backward(gy=np.ones((2, 1)))
    np.testing.assert_allclose(x.grad.data, np.full((2, 3), 2.0))
    np.testing.assert_allclose(w.grad.data, x.data.sum(0)[:, None])
    assert h.grad is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_on_every_backend(backend, dtype):
    x = Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
    (gx,) = grad((x**3).sum(), [x], create_graph=True)
    (ggx,) = grad(gx.sum(), [x])
    assert type(ggx.data) is backend.array_type and ggx.dtype == dtype
    np.testing.assert_allclose(to_numpy(ggx), [6.0, 12.0], rtol=1e-6)
