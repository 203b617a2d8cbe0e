"""`gradcheck_pair`: how a pair may be written, and what is said about one that is wrong."""

import numpy as np
import pytest

from tinygan.testing import gradcheck_pair

RNG = np.random.default_rng(4)
X, W, B = RNG.normal(size=(4, 5)), RNG.normal(size=(5, 3)), RNG.normal(size=3)


def dense(x, w, b):
    return x @ w + b


def problems_of(forward, backward, *arrays):
    report = gradcheck_pair(forward, backward, *arrays)
    assert not report.ok
    return " ".join(report.problems)


def test_a_right_pair():
    report = gradcheck_pair(dense, lambda gy, x, w, b: [gy @ w.T, x.T @ gy, gy.sum(0)], X, W, B)
    assert report and str(report).startswith("gradcheck of dense (seed 0): the gradient is right")


def test_a_single_gradient_needs_no_tuple():
    assert gradcheck_pair(np.exp, lambda gy, x: gy * np.exp(x), X)
    assert gradcheck_pair(np.exp, lambda gy, x: (gy * np.exp(x),), X)


def test_numbers_and_lists_will_do():
    assert gradcheck_pair(lambda x: (x**2).sum(), lambda gy, x: 2 * gy * x, [1.0, 2.0])
    assert gradcheck_pair(lambda x: float(x) ** 2, lambda gy, x: float(2 * gy * x), 1.5)


@pytest.mark.parametrize("none", [False, True])
def test_integer_inputs_are_passed_on(none):
    rows = np.array([0, 1, 1])

    def backward(gy, x, rows):
        gx = np.zeros_like(x)
        np.add.at(gx, rows, gy)
        return (gx, None) if none else gx

    assert gradcheck_pair(lambda x, rows: x[rows], backward, X, rows)


def test_an_integer_input_changed_in_place_is_told():
    def forward(x, rows):
        rows[0] = 2
        return x[rows]

    text = problems_of(forward, lambda gy, x, rows: 0 * x, X, np.array([0, 1, 1]))
    assert text == "forward changes rows in place: work on a copy"


def test_a_pair_that_remembers_its_forward():
    class Tanh:
        def forward(self, x):
            self.y = np.tanh(x)
            return self.y

        def backward(self, gy, x):
            return gy * (1 - self.y**2)

    layer = Tanh()
    assert gradcheck_pair(layer.forward, layer.backward, X)


def test_float32_is_checked_in_float64_and_the_original_stays():
    x = X.astype("f4")
    seen = []

    def forward(x):
        seen.append(x.dtype)
        return x * x

    report = gradcheck_pair(forward, lambda gy, x: 2 * gy * x, x)
    assert report and set(seen) == {np.dtype("f8")} and report.entries[0].dtype == "float32"
    assert x.dtype == np.float32


SHAPES = [
    ("sum over the broadcast axis 0?", lambda gy: (gy @ W.T, X.T @ gy, gy)),
    ("is it transposed?", lambda gy: (gy @ W.T, gy.T @ X, gy.sum(0))),
    ("axis of length 1", lambda gy: (gy @ W.T, X.T @ gy, gy.sum(0, keepdims=True))),
]


@pytest.mark.parametrize("hint, gradients", SHAPES)
def test_a_wrong_shape_is_told_with_a_guess_and_the_others_are_checked(hint, gradients):
    report = gradcheck_pair(dense, lambda gy, x, w, b: gradients(gy), X, W, B)
    assert not report.ok and hint in report.problems[0]
    assert len(report.entries) == 2 and all(entry.ok for entry in report.entries)


def test_the_sentence_about_a_forgotten_sum():
    text = problems_of(lambda x, b: x + b, lambda gy, x, b: (gy, gy), RNG.normal(size=(4, 3)), B)
    assert "the gradient of b has shape (4, 3), the input (3,): did you forget" in text
    text = problems_of(np.add, lambda gy, x, b: (gy, gy), RNG.normal(size=(2, 4, 3)), B[:, None][:1])
    assert "did you forget to sum over the broadcast axes (0, 1, 2)?" in text


def test_gradients_in_the_wrong_order_are_told():
    report = gradcheck_pair(dense, lambda gy, x, w, b: (x.T @ gy, gy @ w.T, gy.sum(0)), X, W, B)
    assert report.problems[0] == "the gradients have each other's shapes: are they returned in the wrong order?"
    assert "order" not in problems_of(dense, lambda gy, x, w, b: (gy @ w.T, gy.T @ x, gy.sum(0)), X, W, B)


def test_in_place_changes_are_told_of_the_one_who_made_them():
    def forward(x):
        x -= x.mean()
        return x * 1.0

    def backward(gy, x):
        x *= 0
        return gy

    centred = lambda gy, x: gy - gy.mean()
    text = problems_of(forward, centred, X)
    assert "forward changes x in place" in text and "backward" not in text
    text = problems_of(lambda x: x * 1.0, backward, X)
    assert "backward changes x in place" in text and "forward" not in text


def test_gy_changed_in_place_is_told_even_if_the_gradient_is_right():
    def backward(gy, x):
        gy *= 2
        return gy

    report = gradcheck_pair(lambda x: 2 * x, backward, X)
    assert report.problems == ["backward changes gy in place: work on a copy"]
    assert report.entries[0].ok and not report.ok


def test_a_gradient_that_piles_up_is_told():
    total = np.zeros_like(X)

    def backward(gy, x):
        total[...] += gy
        return total

    assert "does it add to an array" in problems_of(np.positive, backward, X)


def test_what_backward_returns():
    assert "is its return statement missing?" in problems_of(np.exp, lambda gy, x: None, X)
    text = problems_of(dense, lambda gy, *a: (gy, gy), X, W, B)
    assert text == "backward must return a gradient for each of x, w, b, but returned 2 (a tuple)"
    assert "returned 3 (a tuple)" in problems_of(np.exp, lambda gy, x: (gy, gy, gy), X)
    assert "returned 1 (a dict)" in problems_of(np.exp, lambda gy, x: {"x": gy}, X)
    text = problems_of(dense, lambda gy, x, w, b: (gy @ w.T, x.T @ gy + 1j, gy.sum(0)), X, W, B)
    assert text == "backward returned complex numbers as the gradient of w"
    text = problems_of(lambda a, b: a * b, lambda gy, a, b: (gy * b, None), X, X)
    assert "None as the gradient of b" in text
    text = problems_of(np.exp, lambda gy, x: gy @ x, X)
    assert "backward stopped with ValueError" in text


@pytest.mark.parametrize(
    "forward, got",
    [
        (lambda x: np.tanh(x.astype("f4")), "float32"),
        (lambda x: [np.float16(each) for each in x[0]], "list"),
        (lambda x: x + 1j, "complex128"),
        (lambda x: None, "NoneType"),
    ],
)
def test_what_differences_cannot_be_taken_of_is_refused(forward, got):
    """In float32 a right gradient would be called wrong."""
    with pytest.raises(TypeError, match=f"forward must return one array of real numbers, in float64 .* returned {got}"):
        gradcheck_pair(forward, lambda gy, x: gy * (1 - np.tanh(x) ** 2), X)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e9, 1e12])
def test_large_numbers_are_compared_as_closely(size):
    """The step grows with them: 1e12 + 1e-5 is 1e12."""
    report = gradcheck_pair(np.square, lambda gy, x: 2 * gy * x, size * X)
    assert report and not report.notes
    assert not gradcheck_pair(np.square, lambda gy, x: 2.0001 * gy * x, size * X)
    waves = gradcheck_pair(np.sin, lambda gy, x: gy * np.cos(x), min(size, 1e7) * X)  # as long as ever
    assert waves and not waves.kinks
    clip = lambda x: np.clip(x, -size, size)
    assert gradcheck_pair(clip, lambda gy, x: gy * (abs(x) < size), np.array([size, -size, 0.5 * size]))


@pytest.mark.parametrize("forward", [lambda x: 1e-8 * np.sin(x), lambda x: x + 1e20, lambda x: 1e-9 * x**2])
def test_what_was_not_compared_is_told(forward):
    """Any gradient as small as the tolerance would pass: that is no pass."""
    report = gradcheck_pair(forward, lambda gy, x: 1e-8 * gy, X)
    (text,) = report.unproved
    assert not report and not report.wrong and str(report).splitlines()[0].endswith("the gradient is NOT PROVED")
    assert text.startswith("x was compared only to within") and "nothing is known of it, for" in text
    assert not gradcheck_pair(np.floor, lambda gy, x: 0 * gy, X).notes


def test_a_random_forward_is_told():
    rng = np.random.default_rng(0)
    text = problems_of(lambda x: x * (rng.random(x.shape) > 0.5), lambda gy, x: gy, X)
    assert "forward gave two results" in text


def test_a_zero_gradient_up_to_rounding_is_not_taken_for_one_that_ignores_gy():
    """A bias before a normalisation has gradient 0; what is computed is 1e-17 of noise."""

    def forward(x, b):
        return (x + b) - (x + b).mean(0)

    def backward(gy, x, b):
        gx = gy - gy.mean(0)
        return gx, gx.sum(0)

    assert gradcheck_pair(forward, backward, X, RNG.normal(size=5))
