"""What `gradcheck` promises beside catching mistakes: kinks, large inputs, parameters."""

import numpy as np
import pytest

from tinygan.autograd import Op, Tensor, grad, no_grad, ops
from tinygan.backend import Backend, current_backend, using_backend
from tinygan.testing import GradcheckError, gradcheck

RNG = np.random.default_rng(3)
X, W = RNG.normal(size=(3, 5)), RNG.normal(size=(5, 2))


class Custom(Op):
    """An op of one's choice: the formula and the rule are given as functions."""

    def __init__(self, formula, rule):
        self.formula, self.rule = formula, rule

    def forward(self, xp, *arrays):
        return self.formula(*arrays)

    def backward(self, gy, y, *inputs):
        return self.rule(gy, y, *inputs)


def custom(formula, rule):
    return lambda *inputs: Custom(formula, rule)(*inputs)


# -- kinks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [ops.relu, ops.abs, lambda x: ops.leaky_relu(x, 0.2)])
@pytest.mark.parametrize("order", [1, 2])
def test_a_kink_is_named_and_checked_beside(f, order):
    report = gradcheck(f, np.array([[0.5, 0.0, -0.5], [1.0, 2.0, 3.0]]), order=order)
    assert report.ok and report.kinks
    assert {kink.index for kink in report.kinks} == {(0, 1)}
    assert all(kink.nudge for kink in report.kinks)
    assert report.entries[0].checked.all()
    assert "x at [0, 1]" in str(report)


def test_both_conventions_for_relu_at_zero_are_right():
    for mask in (np.greater, np.greater_equal):
        rule = lambda gy, y, x, mask=mask: gy * Tensor(mask(x.data, 0) * 1.0)
        assert gradcheck(custom(lambda x: np.maximum(x, 0), rule), np.array([-1.0, 0.0, 1.0]))


def test_a_mistake_at_a_kink_is_not_hidden_by_it():
    f = custom(lambda x: np.maximum(x, 0), lambda gy, y, x: 0.5 * gy)  # right on average at 0
    report = gradcheck(f, np.zeros(3))
    assert len(report.kinks) == 3 and report.entries[0].wrong.all()


def test_a_jump_is_a_kink_even_if_it_is_symmetric():
    """The gradient of |x| jumps from -1 over 0 to 1: both one-sided slopes are 1 / h."""
    f = custom(np.sign, lambda gy, y, x: None)
    report = gradcheck(f, np.array([0.0, 1.0]))
    assert report.ok and [kink.index for kink in report.kinks] == [(0,)]


def test_equal_maxima_are_kinks():
    report = gradcheck(lambda x: x.max(1), np.array([[1.0, 1.0, 0.0], [3.0, 2.0, 2.0]]), order=2)
    assert report.ok
    assert {kink.index for kink in report.kinks} == {(0, 0), (0, 1)}
    assert {kink.order for kink in report.kinks} == {1, 2}


@pytest.mark.parametrize("distance", [1e-7, 1e-6, 3e-6, 9e-6, -1e-6, -5e-6])
def test_a_kink_within_the_step_is_one_as_well(distance):
    report = gradcheck(ops.relu, np.array([distance]))
    assert report.ok and report.entries[0].checked.sum() == 1


def test_what_stays_a_kink_is_neither_passed_nor_failed():
    sticky = custom(  # a kink wherever one looks for the first number, none for the second
        lambda x: np.array([abs(x[0] - np.round(x[0], 3)), x[1]]), lambda gy, y, x: gy
    )
    report = gradcheck(sticky, np.zeros(2), seed=1)
    assert report.ok and report.kinks[0].nudge is None
    assert report.entries[0].checked.tolist() == [False, True]
    text = " ".join(str(report).split())
    assert "not checked" in text and "1 of 2 numbers agree" in text


def test_if_nothing_could_be_checked_it_is_no_pass():
    sticky = custom(lambda x: np.abs(x - np.round(x, 3)), lambda gy, y, x: gy)
    report = gradcheck(sticky, np.zeros(2))
    assert not report.ok and "kinks everywhere" in str(report)


def test_the_edge_of_the_domain_is_no_mistake():
    report = gradcheck(ops.log, np.array([1e-6, 1.0]), seed=2)
    assert report.ok and report.kinks[0].index == (0,)


# -- large inputs ----------------------------------------------------------------------------------


def test_large_inputs_are_checked_in_samples():
    report = gradcheck(lambda x, w: ops.tanh(x @ w), RNG.normal(size=(60, 50)), W[:1].repeat(50, 0))
    assert report.ok
    entry = report.entries[0]
    assert 24 <= entry.checked.sum() < 60 and entry.direction is not None
    for axis in range(2):  # the first and the last of each axis
        touched = entry.checked.any(1 - axis)
        assert touched[0] and touched[-1]


@pytest.mark.parametrize("row, column", [(0, 3), (-1, 7), (31, 20)])
def test_a_single_wrong_number_of_many_is_seen_along_the_direction(row, column):
    def rule(gy, y, x):
        factor = np.full(x.shape, 2.0)
        factor[row, column] = 3.0
        return gy * x * Tensor(factor)

    report = gradcheck(custom(np.square, rule), RNG.normal(size=(64, 50)))
    analytic, numeric, allowed = report.entries[0].direction
    assert not report.ok and abs(analytic - numeric) > allowed
    assert "along a random direction" in " ".join(str(report).split())


def test_many_kinks_do_not_fail_a_large_input():
    x = RNG.normal(size=(50, 60))
    assert gradcheck(lambda x: ops.relu(x).sum(1), x, order=2)


# -- inputs and parameters -------------------------------------------------------------------------


def test_parameters_are_checked_and_given_back_exactly():
    w = Tensor(W.astype(np.float32), requires_grad=True, name="W")
    b = Tensor(np.zeros(2), requires_grad=True)
    memory, values, version = w.data, w.data.copy(), w._changed[0]
    loss = (w * w).sum()
    report = gradcheck(lambda x: ops.sigmoid(x @ w + b), X, params=[w, b, w], order=2)
    assert report.ok
    first = [entry for entry in report.entries if entry.order == 1]
    assert [entry.name for entry in first] == ["x", "W", "params[1]"]
    assert first[1].dtype == "float32" and first[1].checked.sum() == 10
    assert w.data is memory and np.array_equal(w.data, values) and w._changed[0] == version
    assert np.allclose(grad(loss, [w])[0].data, 2 * values)  # a graph from before still stands


def test_parameters_are_given_back_when_f_raises():
    w = Tensor(W, requires_grad=True)
    memory = w.data

    def f(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gradcheck(f, X, params=[w])
    assert w.data is memory


def test_a_wrong_gradient_of_a_parameter_is_blamed_on_it():
    w = Tensor(W, requires_grad=True, name="W")
    report = gradcheck(lambda x: x @ w + 0.1 * (w.detach() * w).sum(), X, params=[w])
    assert {entry.name: entry.ok for entry in report.entries} == {"x": True, "W": False}


def test_a_frozen_parameter_is_refused():
    with pytest.raises(ValueError, match="W does not require a gradient"):
        gradcheck(lambda x: x, X, params=[Tensor(W, name="W")])


def test_integers_are_passed_on_and_floats_named():
    rows = np.array([0, 2, 2])
    report = gradcheck(lambda x, i: x[i], Tensor(X.astype("f4"), name="x"), rows, order=2)
    assert report.ok
    assert [(e.name, e.dtype) for e in report.entries if e.order == 1] == [("x", "float32")]
    assert report.entries[0].analytic.dtype == np.float64


def test_inputs_stay_unchanged_and_may_be_non_contiguous():
    x = RNG.normal(size=(5, 6))[::2, ::-3]
    before = x.copy()
    assert gradcheck(lambda x: ops.exp(x) @ Tensor(W[:2]), x, order=2)
    assert np.array_equal(x, before)


def test_0d_inputs():
    assert gradcheck(lambda x: x * x, np.array(3.0), order=2)


def test_what_f_does_not_depend_on_has_a_zero_gradient():
    assert gradcheck(lambda x, y: x * 3.0, X, W, order=2)


class Boxed:
    """An array of a backend that is not NumPy: it holds an ndarray and shows nothing of it."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def copy(self):
        return Boxed(self.array.copy())


class BoxedBackend(Backend):
    name, xp, array_type = "boxed", None, Boxed

    def asarray(self, data, dtype=None):
        return data if isinstance(data, Boxed) else Boxed(np.asarray(data, dtype))

    def to_numpy(self, array):
        return array.array


def test_it_records_inside_no_grad():
    with no_grad():
        assert gradcheck(ops.tanh, X, order=2)


def test_it_computes_on_numpy_whatever_the_current_backend_is():
    backend, seen = BoxedBackend(), []
    with using_backend(backend):
        x, w = Tensor(X), Tensor(W, requires_grad=True, name="W")
        memory = w.data

        def f(x):
            seen.append(current_backend().name)
            return ops.tanh(x @ w) + Tensor(1.0)

        assert gradcheck(f, x, params=[w], order=2)
        assert current_backend() is backend and w.data is memory
    assert set(seen) == {"numpy"}


def test_a_gradient_penalty_can_be_checked():
    """f may itself take a gradient: what WGAN-GP does."""
    w = Tensor(W, requires_grad=True)

    def penalty(x):
        (gx,) = grad(ops.tanh(x @ w).sum(), [x], create_graph=True)
        return (ops.sqrt((gx * gx).sum(1) + 1e-8) - 1.0) ** 2

    assert gradcheck(penalty, X, params=[w])


# -- sentences -------------------------------------------------------------------------------------


def problems_of(f, *inputs, **options):
    report = gradcheck(f, *inputs, **options)
    assert not report.ok
    return " ".join(report.problems)


def test_upstream_ignored():
    f = custom(np.exp, lambda gy, y, x: y)
    assert "the gradient of input 0 does not change with gy" in gradcheck(f, X).diagnosis.sentence


def test_wrong_shape_from_an_op_names_op_input_and_shapes():
    f = custom(lambda x, b: x + b, lambda gy, y, x, b: (gy, gy))
    text = problems_of(f, X, X[0])
    assert "Custom" in text and "(3, 5)" in text and "input 1 of shape (5,)" in text


def test_changed_in_place_by_forward():
    def f(x):
        x.data[0] = 0.0
        return x * x

    text = problems_of(f, X)
    assert "f changes x in place" in text and "the backward pass changes" not in text


def test_changed_in_place_by_backward():
    def rule(gy, y, x):
        x.data[0] += 1.0
        return gy

    text = problems_of(custom(np.positive, rule), X)
    assert "the backward pass changes input 0 in place" in text


def test_not_deterministic():
    rng = np.random.default_rng(0)
    text = problems_of(lambda x: x * Tensor(rng.normal(size=(3, 5))), X)
    assert "f gave two results for the same inputs" in text


def test_backward_not_repeatable():
    total = np.zeros(X.shape)

    def rule(gy, y, x):
        total[...] += gy.data
        return Tensor(total.copy())

    assert "gave two gradients of input 0" in problems_of(custom(np.positive, rule), X)


def test_nan_and_inf():
    assert "f returned nan at [0, 1]" in problems_of(ops.log, np.array([[1.0, -1.0]]))
    assert "f returned inf" in problems_of(lambda x: 1.0 / x, np.zeros(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_wrong_and_no_kink(bad):
    report = gradcheck(custom(np.positive, lambda gy, y, x: gy * Tensor(np.array([1.0, bad]))), np.ones(2))
    assert "the gradient of input 0 is " in report.problems[0]
    assert not report.kinks and report.entries[0].wrong.tolist() == [False, True]


def test_an_error_in_backward_is_reported_and_kept_as_the_cause():
    def rule(gy, y, x):
        raise KeyError("mask")

    report = gradcheck(custom(np.positive, rule), X)
    assert "stopped with KeyError: 'mask'" in str(report)
    with pytest.raises(GradcheckError) as caught:
        report.raise_if_failed()
    assert isinstance(caught.value.__cause__, KeyError)


def test_wrong_calls_end_in_one_sentence():
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(lambda x: x, np.array([1, 2]))
    with pytest.raises(ValueError, match="order is 1 or 2"):
        gradcheck(lambda x: x, X, order=3)
    with pytest.raises(TypeError, match="must return one floating-point Tensor, .*but returned tuple"):
        gradcheck(lambda x: (x, x), X)
    with pytest.raises(TypeError, match="in float64 .*but returned a Tensor of float32"):
        gradcheck(lambda x: Tensor(x.data.astype("f4"), requires_grad=True) * 2, X)
    with pytest.raises(TypeError, match="x is complex128"):
        gradcheck(lambda x: x, X + 1j)


# -- the report ------------------------------------------------------------------------------------


def test_report_of_a_pass():
    report = gradcheck(lambda x, w: x @ w, X, W, order=2, seed=5)
    assert report and report.ok and not report.problems
    report.raise_if_failed()
    lines = str(report).splitlines()
    assert lines[0] == "gradcheck of f (seed 5): the gradient is right"
    assert lines[1].startswith("ok:      x (3, 5) float64: 15 of 15 numbers agree")
    assert any(line.startswith("ok:      order 2: gy (3, 2)") for line in lines)


def test_report_of_a_failure_says_what_is_right_too():
    f = custom(np.multiply, lambda gy, y, a, b: (gy * b, gy * a * 2.0))
    report = gradcheck(f, X, X + 1)
    assert not report
    text = str(report)
    assert "ok:      input 0 (3, 5)" in text and "WRONG:   input 1 (3, 5)" in text
    assert "relative error 0.5" in text
    assert all(len(line) <= 80 and line.isascii() for line in text.splitlines())
    with pytest.raises(AssertionError, match="WRONG"):
        report.raise_if_failed()


def test_entries_keep_the_arrays():
    f = custom(np.square, lambda gy, y, x: gy * x)
    (entry,) = gradcheck(f, X).entries
    assert entry.analytic.shape == entry.numeric.shape == entry.checked.shape == X.shape
    assert np.allclose(entry.numeric, 2 * entry.analytic)
    assert "(relative error 0.5)" in str(entry)


def test_the_seed_repeats_the_check():
    one, two, other = (gradcheck(ops.tanh, X, seed=s).entries[0] for s in (1, 1, 2))
    assert np.array_equal(one.numeric, two.numeric)
    assert not np.allclose(one.numeric, other.numeric)


def test_lost_digits_are_told():
    report = gradcheck(lambda x: x + 1e9, np.array([1e-3]))
    assert "compared only to within" in " ".join(report.notes)
