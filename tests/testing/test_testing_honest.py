"""What the check may not do: call a right gradient wrong, pass what it has not proved, or blame the wrong one."""

import numpy as np
import pytest

from tinygan.autograd import ops
from tinygan.testing import gradcheck, gradcheck_pair

RNG = np.random.default_rng(21)
X, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))

# -- corners where the slope is continuous and its derivative jumps ---------------------------------------

CORNERS = {
    "relu squared": (lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0)),
    "x |x|": (lambda x: x * abs(x), lambda x: 2 * abs(x)),
    "squared hinge": (lambda x: 50 * np.maximum(0, 1 - x) ** 2, lambda x: -100 * np.maximum(0, 1 - x)),
    "Huber": (lambda x: np.where(abs(x) < 1, 0.5 * x * x, abs(x) - 0.5), lambda x: np.clip(x, -1, 1)),
    "ELU": (lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x))),
    "x sqrt |x|": (lambda x: x * np.sqrt(abs(x)), lambda x: 1.5 * np.sqrt(abs(x))),
    "steep": (lambda x: 1e4 * np.maximum(x, 0) ** 2, lambda x: 2e4 * np.maximum(x, 0)),
}


@pytest.mark.parametrize("what", CORNERS)
@pytest.mark.parametrize("at", [0.0, 1.0, -1.0, 5e-7, 3e-6, -2e-6, 1 + 4e-6])
def test_a_corner_of_the_slope_is_no_mistake(what, at):
    forward, slope = CORNERS[what]
    x = np.array([at, 0.4, -1.7])
    for seed in range(5):
        assert gradcheck_pair(forward, lambda gy, x: gy * slope(x), x, seed=seed)
        assert not gradcheck_pair(forward, lambda gy, x: gy * (slope(x) + 0.001), x, seed=seed)


def test_a_corner_to_second_order():
    assert gradcheck(lambda x: ops.relu(x) ** 2, np.array([0.0, 1.0, -1.0]), order=2)
    assert gradcheck(lambda x: ops.relu(x) ** 2, np.zeros(3), order=2)


# -- few digits ---------------------------------------------------------------------------------------------


def tanh_back(gy, x, w):
    g = gy * (1 - np.tanh(x @ w) ** 2)
    return g @ w.T, x.T @ g


@pytest.mark.parametrize("kind, name", [("f4", "float32"), ("f2", "float16")])
def test_a_cast_inside_forward_is_told_and_not_blamed_on_the_gradient(kind, name):
    forward = lambda x, w: np.tanh(x.astype(kind) @ w.astype(kind)).astype(float)
    for seed in range(3):
        report = gradcheck_pair(forward, tanh_back, X, W, seed=seed)
        assert not report and not report.wrong and not report.diagnoses, str(report)
        assert f"as {name} does" in report.unproved[0] and "is there a cast in it" in report.unproved[0]
        assert "WRONG" not in str(report)
        doubled = lambda gy, x, w: tuple(2 * g for g in tanh_back(gy, x, w))
        assert gradcheck_pair(forward, doubled, X, W, seed=seed).wrong  # that much can be told


@pytest.mark.parametrize("part", ["x", "w", "y"])
def test_a_cast_of_one_part_is_told(part):
    low = lambda name, a: a.astype("f4").astype(float) if name == part else a
    report = gradcheck_pair(lambda x, w: low("y", np.tanh(low("x", x) @ low("w", w))), tanh_back, X, W)
    assert "float32" in report.unproved[0] and not report.wrong


@pytest.mark.parametrize("wrong", [lambda gy, x: gy * np.cos(x), lambda gy, x: 0 * x])
@pytest.mark.parametrize("f", [np.tanh, np.abs, lambda x: np.sin(1e3 * x), lambda x: 1e6 * np.sign(x) + x, np.round])
def test_a_wrong_gradient_is_not_excused_by_rounding(f, wrong):
    report = gradcheck_pair(f, wrong, X)
    assert not any("float" in text for text in report.unproved), str(report)


# -- what proves nothing ------------------------------------------------------------------------------------

SMALL = {
    "small": (lambda x: 1e-8 * np.sin(x), lambda gy, x: 1e-8 * gy),
    "small, zeros": (lambda x: 1e-8 * np.sin(x), lambda gy, x: 0 * gy),
    "tiny": (lambda x: 1e-30 * np.sin(x), lambda gy, x: 0 * gy),
    "large": (lambda x: 1e12 + np.sin(x), lambda gy, x: 3 * gy),
    "larger": (lambda x: 1e20 + x, lambda gy, x: 3 * gy),
}


@pytest.mark.parametrize("what", SMALL)
def test_numbers_too_small_or_too_large_to_tell_are_no_pass(what):
    report = gradcheck_pair(*SMALL[what], X)
    assert not report and not report.wrong and "nothing is known of it" in report.unproved[0]
    assert str(report).splitlines()[0].endswith("the gradient is NOT PROVED")
    with pytest.raises(AssertionError, match="NOT PROVED"):
        report.raise_if_failed()


def test_small_numbers_that_can_be_told_pass():
    assert gradcheck_pair(lambda x: 1e-8 * np.sin(x), lambda gy, x: 1e-8 * gy * np.cos(x), X)
    assert gradcheck_pair(lambda x: x - x, lambda gy, x: 0 * gy, X)
    assert gradcheck_pair(lambda x, b: np.sin(x) + 0 * b, lambda gy, x, b: (gy * np.cos(x), 0 * b), X, X)
    centred = lambda gy, x: gy - gy.mean(1, keepdims=True)
    assert gradcheck_pair(
        lambda x: (x - x.mean(1, keepdims=True)).sum(1), lambda gy, x: centred(gy[:, None] + 0 * x, x), X
    )


@pytest.mark.parametrize("limit", [3.0, 50.0, 500.0])
def test_a_gradient_that_is_clipped_is_not_right(limit):
    """With gy of size 1 nothing is clipped."""
    back = lambda gy, x: gy * (1 - np.tanh(x) ** 2)
    for wrong in (
        lambda gy, x: np.clip(back(gy, x), -limit, limit),
        lambda gy, x: back(gy, x) * min(1, limit / np.linalg.norm(back(gy, x))),
        lambda gy, x: back(gy, x) * (abs(gy) > 0.005),
    ):
        report = gradcheck_pair(np.tanh, wrong, X)
        assert not report and report.diagnosis.kind == "not linear"


BAD = [
    ({"h": 0.0}, "h must be a finite number, above 0, not 0.0"),
    ({"h": -1e-5}, "h must be a finite number, above 0"),
    ({"h": np.nan}, "h must be"),
    ({"h": "1e-5"}, "h must be a finite number, above 0, not '1e-5'"),
    ({"rtol": np.nan}, "rtol must be a finite number, 0 or more, not nan"),
    ({"rtol": -1.0}, "rtol must be"),
    ({"rtol": np.inf}, "rtol must be"),
    ({"atol": np.nan}, "atol must be"),
    ({"seed": -1}, "seed must be a whole number, 0 or more, not -1"),
    ({"seed": 0.5}, "seed must be a whole number"),
]


@pytest.mark.parametrize("options, sentence", BAD)
def test_bad_options_are_refused(options, sentence):
    for check, f in ((gradcheck_pair, [np.exp, lambda gy, x: gy]), (gradcheck, [ops.exp])):
        with pytest.raises(ValueError) as caught:
            check(*f, X, **options)
        assert sentence in str(caught.value)


def test_empty_inputs_are_refused():
    with pytest.raises(ValueError, match=r"x is empty, of shape \(0, 3\): there is nothing to check"):
        gradcheck_pair(np.exp, lambda gy, x: gy, np.zeros((0, 3)))
    with pytest.raises(ValueError, match="is empty"):
        gradcheck(lambda x, y: x * y.sum(), np.zeros((0, 3)), 2.0)
    with pytest.raises(ValueError, match="f returned an empty array"):
        gradcheck(lambda x: x[:0], X)
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck_pair(lambda: 1.0, lambda gy: gy)
