"""The mistake is named: planted ones by their kind, and nothing is named that has not been verified."""

import json

import numpy as np
import pytest
from testing import mistakes, mistakes_layers

from tinygan.autograd import Op, Tensor
from tinygan.testing import diagnosis, gradcheck, gradcheck_pair

ROWS = mistakes.ROWS + mistakes_layers.ROWS
DEAR = ("Attention", "Convolution", "Depthwise", "Dilated", "GRU", "LSTM", "Strided")
RNG = np.random.default_rng(11)
X, W, B = RNG.normal(size=(5, 4)), RNG.normal(size=(4, 4)), RNG.normal(size=4)


def dense(x, w, b):
    return x @ w + b


def dense_transposed(gy, x, w, b):
    return gy @ w, x.T @ gy, gy.sum(0)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def kinds_of(report):
    """The kinds of name, each once, in the order of the inputs."""
    return " ".join(dict.fromkeys(found.kind for found in report.diagnoses)) or "silent"


def cases():
    """All rows; of the dear functions one of each kind of mistake is a fast test, and the others are slow ones."""
    seen = set()
    for row in ROWS:
        function, dear = row[0].split(":")[0], row[0].startswith(DEAR)
        again = (function, row[-1]) in seen
        seen.add((function, row[-1]))
        yield pytest.param(*row, id=row[0], marks=[pytest.mark.slow] if dear and again else [])


@pytest.mark.parametrize("name, forward, right, wrong, inputs, kind", list(cases()))
def test_a_planted_mistake_is_named_and_the_right_one_is_silent(name, forward, right, wrong, inputs, kind):
    good = gradcheck_pair(forward, right, *inputs)
    assert good.ok and not good.diagnoses and good.diagnosis is None
    report = gradcheck_pair(forward, wrong, *inputs)
    assert not report.ok
    assert kinds_of(report) == kind
    assert all(len(line) <= 80 and line.isascii() for line in str(report).splitlines())
    wrong_ones = {entry.name for entry in report.entries if not entry.ok}
    of_others = {found.name for found in report.diagnoses} - wrong_ones
    assert all(any(f"the gradient of {name} for" in text for text in report.problems) for name in of_others)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
def test_names_do_not_depend_on_the_numbers(seed):
    rng = np.random.default_rng(100 + seed)
    for name, forward, right, wrong, inputs, kind in ROWS:
        moved = [x * rng.uniform(0.7, 1.3, np.shape(x)) for x in inputs]
        assert gradcheck_pair(forward, right, *moved, seed=seed), name
        assert kinds_of(gradcheck_pair(forward, wrong, *moved, seed=seed)) in (kind, "silent"), name


# -- sentences: what exactly is said -------------------------------------------------------------------


def likely(forward, backward, *inputs, **options):
    return gradcheck_pair(forward, backward, *inputs, **options).diagnosis.sentence


def test_the_factor_is_named_by_the_axis_that_it_follows():
    by_batch = lambda gy, x, w, b: (gy @ w.T, x.T @ gy / len(x), gy.sum(0))
    assert likely(dense, by_batch, X, W, B) == (
        "gw is 1/5 times the right one: the constant factor 5 is missing, by the length of axis 0 of x"
    )
    by_both = lambda gy, p: gy * 2 * p  # the 1/size of a mean
    sentence = likely(lambda p: np.mean(p**2), by_both, X)
    assert sentence.endswith("the constant factor 1/20 is missing, by the length of axes (0, 1) of p")
    cube = likely(lambda x: x**3, lambda gy, x: gy * x**2, X[:3])  # the same length, by chance: not said
    assert cube.endswith("the constant factor 3 is missing")
    hundred = likely(lambda x: (x**2).sum(1), lambda gy, x: 2 * gy[:, None] * x / 100, np.ones((100, 2)))
    assert "a learning rate (or another constant)" in hundred
    by_rows = likely(
        dense, lambda gy, x, w, b: (gy @ w.T, x.T @ gy / len(x), gy.sum(0)), RNG.normal(size=(100, 4)), W, B
    )
    assert by_rows.endswith("the constant factor 100 is missing, by the length of axis 0 of x")
    assert "constant factor 5/4 is missing" in likely(
        lambda x: x.mean(1), lambda gy, x: np.repeat(gy[:, None] / 5, 4, 1), X
    )
    assert "1/1000 times the right one: a learning rate" in likely(np.exp, lambda gy, x: 0.001 * gy * np.exp(x), X)


def test_what_a_square_shape_hides():
    square = X[:4]
    assert "gx uses w the wrong way round: w for w.T" in likely(dense, dense_transposed, square, W, B)
    wrong_axis = lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy.sum(1))
    assert likely(dense, wrong_axis, square, W, B) == "gb is summed over the wrong axis of gy"


def test_one_side_says_which_and_what_is_there():
    assert "only where x is negative: it is 0 there" in likely(leaky, lambda gy, x: gy * (x > 0), X)
    assert "only where x is negative: gx is 5 times" in likely(leaky, lambda gy, x: gy, X)
    assert "only where x is positive" in likely(leaky, lambda gy, x: 0.2 * gy, X)
    flat = likely(lambda x: np.clip(x, -0.5, 0.5), lambda gy, x: gy * (x > -0.5), X)
    assert flat == "gx is right where x counts, but it must be 0 elsewhere: is a mask missing?"


def test_an_input_that_gets_no_gradient_may_be_what_is_left_out():
    keep = np.arange(20).reshape(5, 4) % 3 > 0
    assert "the factor keep is missing in gx" in likely(lambda x, keep: x * keep, lambda gy, x, keep: gy, X, keep)


def test_a_norm_is_not_called_a_mean_and_a_variance():
    """Two directions in each row span nearly as much: the one that explains it alone comes first."""
    norm = lambda x: np.sqrt((x**2).sum(1))
    assert "in gx the factor y is once too often" in likely(norm, lambda gy, x: gy[:, None] * x, X)
    over_all = lambda gy, x: gy[:, None] * x / np.linalg.norm(x)
    assert "the norm along axis 1" in likely(norm, over_all, X)


def test_the_axes_of_a_mean_are_told_together():
    """A path is missing along each of its axes as well: the largest set says most."""
    centred = lambda x: x - x.mean((0, 1))
    assert "along axes (0, 1)" in likely(centred, lambda gy, x: gy, RNG.normal(size=(2, 3, 5)))


def test_what_is_not_linear_in_gy():
    assert likely(leaky, lambda gy, x: np.where(gy > 0, gy, 0.2 * gy), X).endswith(
        "does a condition look at gy, or is something clipped?"
    )
    decay = lambda gy, x, w, b: (gy @ w.T, x.T @ gy + 0.1 * w, gy.sum(0))
    assert likely(dense, decay, X, W, B).endswith("does a part of it lack the factor gy?")
    cast = lambda gy, x: (20 * gy * x).astype(int) / 10
    assert likely(np.square, cast, X).endswith("is something rounded, or divided by its size?")


def test_both_formulas_are_told():
    sentence = likely(np.tanh, lambda gy, x: gy * (1 - np.tanh(x)), X)
    assert "gy * (1 - y); the derivative of this function is gy * (1 - y^2)" in sentence


@pytest.mark.parametrize(
    "where, mask",
    [
        ("wrong only at index 4 of axis 0 (it is 0 there)", np.arange(5)[:, None] != 4),
        ("wrong only at index 0 of axis 1 (it is 0 there)", np.arange(4) != 0),
        ("wrong only at index 3 of axis 0", np.arange(20).reshape(5, 4) != 14),
        ("wrong only at the border", np.pad(np.ones((3, 2)), 1) > 0),
    ],
)
def test_the_place_is_told(where, mask):
    assert likely(np.exp, lambda gy, x: gy * np.exp(x) * mask, X) == f"gx is {where}"


def test_right_numbers_in_wrong_places():
    tile = likely(lambda x: x.reshape(5, 2, 2).mean(2), lambda gy, x: np.tile(gy, (1, 2)) / 2, X)
    reshaped = likely(lambda x: x.T, lambda gy, x: gy.reshape(x.shape), X)
    in_order_f = likely(lambda x: x.reshape(2, 10), lambda gy, x: gy.reshape(x.shape, order="F"), X)
    offset = likely(lambda x: x[:, 1:3], lambda gy, x: np.pad(gy, ((0, 0), (0, 2))), X)
    assert tile == reshaped == in_order_f == offset and "the right numbers in wrong places" in tile


def test_some_of_several_contributions():
    first = lambda gy, x, b: (gy, gy[0])
    assert "keeps only some of several contributions" in likely(np.add, first, X, B)


def test_a_term_without_x():
    half_right = lambda gy, r, t: (2 * gy * r / r.size, 0 * t)
    report = gradcheck_pair(lambda r, t: ((r - 1) ** 2).mean() + 0 * t.sum(), half_right, X, B)
    assert "gr lacks a term, or has one too many, that r is not in: a target" in report.diagnosis.sentence
    lost = gradcheck_pair(lambda x: np.sin(x) + 1e8, lambda gy, x: gy * (np.cos(x) + 9 * np.sin(7 * x)), X)
    assert not lost.ok and not lost.diagnoses  # by differences of 1e8 + sin(x) all fits


def test_both_terms_of_a_product():
    swish, sigmoid = (lambda x: x / (1 + np.exp(-x))), (lambda x: 1 / (1 + np.exp(-x)))
    one = likely(swish, lambda gy, x: gy * sigmoid(x), X)
    other = likely(swish, lambda gy, x: gy * x * sigmoid(x) * sigmoid(-x), X)
    assert one == "product rule: gx has only one of the two terms, gy * (y/x)"
    assert other == "product rule: gx lacks one of the two terms, gy * (y/x)"


@pytest.mark.parametrize("mask", [lambda x: x > 0.4, lambda x: x < 0])
def test_another_mask(mask):
    hinge = lambda x: np.maximum(0, 0.4 - x).sum()
    assert "masked by another condition" in likely(hinge, lambda gy, x: -gy * mask(x), X)


@pytest.mark.parametrize("size", [1e9, 1e12])
def test_where_rounding_would_hide_all_nothing_is_named(size):
    report = gradcheck_pair(np.square, lambda gy, x: gy * x * (2 + np.sin(7 * x)), size * X)
    assert not report.ok and not report.diagnoses


def test_what_is_right_but_for_rounding_proves_nothing():
    """In 1e6 the 0.1 that is too much would pass for a missing mean."""
    for seed in range(6):
        wrong = lambda gy, a, b: (gy * b, gy * a + 0.3 * gy.sum())
        report = gradcheck_pair(np.multiply, wrong, 1e6 * X[0], 1e-6 * X[1], seed=seed)
        assert "x2" not in {found.name for found in report.diagnoses}


def test_a_mistake_among_kinks_is_named():
    x = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, -3.0], [0.5, -0.6, 0.7]])
    report = gradcheck_pair(leaky, lambda gy, x: gy * (x > 0), x)
    assert report.diagnosis.kind == "one side" and len(report.kinks) == 2
    assert gradcheck_pair(leaky, lambda gy, x: gy * np.where(x > 0, 1, 0.2), x)


def test_large_inputs_are_named_too():
    x, w = RNG.normal(size=(70, 40)), RNG.normal(size=(40, 40))
    report = gradcheck_pair(np.matmul, lambda gy, x, w: (gy @ w, x.T @ gy / 70), x, w)
    assert [found.kind for found in report.diagnoses] == ["transposed", "factor"]


# -- no name rather than a wrong one -------------------------------------------------------------------

UNNAMED = {
    "two at once": (
        lambda x, w: np.tanh(x @ w),
        lambda gy, x, w: (gy @ w / 5, x.T @ (gy / np.cosh(x @ w) ** 2)),
        (X, W),
    ),
    "another function": (np.exp, lambda gy, x: gy * np.sin(7 * x), (X,)),
    "signs at random": (np.exp, lambda gy, x: gy * np.exp(x) * np.sign(np.sin(40 * x)), (X,)),
    "noise": (np.exp, lambda gy, x: gy * np.exp(x) * (1 + 0.2 * np.sin(40 * x)), (X,)),
}


@pytest.mark.parametrize("what", UNNAMED)
def test_what_no_pattern_explains_has_no_name(what):
    forward, wrong, inputs = UNNAMED[what]
    for seed in range(5):
        report = gradcheck_pair(forward, wrong, *inputs, seed=seed)
        assert not report.ok and not report.diagnoses
        assert "likely" not in str(report)


def test_where_one_number_outweighs_the_others_no_sum_is_blamed():
    x = np.array([50.0, 100.0, 200.0, -50.0])
    report = gradcheck_pair(np.exp, lambda gy, x: gy * np.exp(x) * (1 + 0.3 * np.sin(3 * x)), x)
    assert not report.ok and not report.diagnoses


def test_where_nothing_counts_no_mask_is_missing():
    report = gradcheck_pair(np.floor, lambda gy, x: gy, X)
    assert not report.ok and not report.diagnoses


@pytest.mark.parametrize("value", [1.0, 2.0])
def test_equal_inputs_do_not_mislead(value):
    """At x = 2 everywhere, 2 x is 4 and x squared is 4: only another place tells."""
    report = gradcheck_pair(lambda x: x**3, lambda gy, x: gy * 3 * x, np.full((3, 2), value))
    assert report.ok if value == 1.0 else "the factor x is missing" in report.diagnosis.sentence


def test_zeros_do_not_mislead():
    """At x = 0, 2 x gy is 0 as well: the other place tells that -2 is what is missing."""
    report = gradcheck_pair(lambda x: (x - 1) ** 2, lambda gy, x: 2 * gy * x, np.zeros(4))
    assert report.diagnosis.sentence == "gx has a term 2 gy too many"


def test_a_students_own_constant_is_not_taken_for_the_batch():
    sentence = likely(lambda x: (x * x).sum(1).mean(), lambda gy, x: 2 * gy * x / 20, X)
    assert sentence == "gx is 1/4 times the right one: the constant factor 4 is missing"


def test_no_kernel_is_blamed_where_there_is_none():
    """Only images and a kernel, with four axes, have one."""
    wrong = lambda gy, x: np.cumsum(gy, 1)[:, ::-1][:, ::-1]
    table = [
        (lambda x: np.cumsum(x[:, ::-1], 1), lambda gy, x: np.cumsum(gy[:, ::-1], 1), (X,)),
        (lambda x: x[::-1], lambda gy, x: gy, (X,)),
        (
            lambda x, k: np.convolve(x, k),
            lambda gy, x, k: (np.correlate(gy, k[::-1], "valid"), 0 * k),
            (X[:, 0], W[0, :3]),
        ),
        (lambda x: np.cumsum(x, 1), wrong, (X,)),
    ]
    for forward, backward, inputs in table:
        assert "kernel" not in str(gradcheck_pair(forward, backward, *inputs))


def test_nan_is_no_missing_factor():
    nan = likely(np.tanh, lambda gy, x: 2 * gy * gy / gy * (1 - np.tanh(x) ** 2), X)
    by_norm = likely(np.tanh, lambda gy, x: gy / np.linalg.norm(gy) * (1 - np.tanh(x) ** 2), X)
    assert nan.startswith("gx is 2 times the right one") and by_norm.endswith("or divided by its size?")


def test_code_that_bears_no_other_place_is_reported_all_the_same():
    def backward(gy, x):
        assert np.array_equal(x, X), "only here"
        return gy * 3

    report = gradcheck_pair(lambda x: 2 * x, backward, X)
    assert not report.ok and report.entries[0].wrong.all() and not report.diagnoses


def test_what_is_spread_to_others_is_not_called_a_missing_mask():
    report = gradcheck_pair(np.exp, lambda gy, x: np.cumsum(gy * np.exp(x), 1), X)
    assert report.diagnosis.kind == "mixed" and "gx mixes numbers along axis 1" in report.diagnosis.sentence


def test_a_place_that_nothing_depends_on_tells_nothing():
    rows = np.array([0, 1, 1, 3, 4])  # not 2, whose gradient is 0, rightly

    def backward(gy, x):
        gx = np.zeros_like(x)
        np.add.at(gx, rows, gy)
        return gx * (1 + 0.3 * np.sin(40 * x))

    report = gradcheck_pair(lambda x: x[rows], backward, X)
    assert not report.ok and not report.diagnoses


@pytest.mark.parametrize("decay", [1e-3, 1.0])
def test_a_term_without_gy_is_told_however_small(decay):
    report = gradcheck_pair(lambda x: x @ W, lambda gy, x: gy @ W.T + decay * x, X)
    assert [found.kind for found in report.diagnoses] == ["not linear"]


def test_gy_is_not_the_numbers_that_a_student_draws():
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(3, 4))
        assert not gradcheck_pair(lambda x: x**2 / 2, lambda gy, x: gy * gy, x, seed=seed)


@pytest.mark.slow
def test_no_pattern_hides_a_fault_of_its_own(monkeypatch):
    """What stops in a pattern is taken for the student's code, which meets unforeseen input; ours may not stop."""
    stopped = []

    def watched(pattern):
        def rows(e):
            try:
                yield from pattern(e)
            except (ZeroDivisionError, np.linalg.LinAlgError):
                raise  # numbers may do that
            except Exception as error:
                stopped.append((pattern.__name__, error))

        rows.__name__ = pattern.__name__
        return rows

    wrapped = {pattern: watched(pattern) for pattern in diagnosis.PATTERNS}
    monkeypatch.setattr(diagnosis, "PATTERNS", tuple(wrapped.values()))
    monkeypatch.setattr(diagnosis, "OF_JACOBIANS", tuple(wrapped[pattern] for pattern in diagnosis.OF_JACOBIANS))
    for name, forward, _, wrong, inputs, kind in ROWS:
        assert kinds_of(gradcheck_pair(forward, wrong, *inputs)) == kind, name
    assert not stopped


# -- Tensors -------------------------------------------------------------------------------------------


class Square(Op):
    """y = x^2, with a backward of one's choice."""

    def __init__(self, rule):
        self.rule = rule

    def forward(self, xp, x):
        return x * x

    def backward(self, gy, y, x):
        return self.rule(gy, y, x)


@pytest.mark.parametrize(
    "kind, rule",
    [
        ("overwritten", lambda gy, y, x: gy * x),
        ("sign", lambda gy, y, x: -2.0 * gy * x),
        ("zero", lambda gy, y, x: None),
        ("upstream", lambda gy, y, x: 2.0 * x),
        ("transposed", lambda gy, y, x: 2.0 * gy.T * x),
        ("formula", lambda gy, y, x: 2.0 * gy * y),
        ("formula", lambda gy, y, x: gy),
        ("formula", lambda gy, y, x: gy * (1.0 - x)),
        ("one side", lambda gy, y, x: 2.0 * gy * x * Tensor((x.data > 0) * 1.0)),
    ],
)
def test_an_op_is_diagnosed_by_the_same_code(kind, rule):
    report = gradcheck(lambda x: Square(rule)(x), W)
    assert [found.kind for found in report.diagnoses] == [kind]


def test_a_cut_second_order_is_named():
    report = gradcheck(lambda x: Square(lambda gy, y, x: 2.0 * gy * x.detach())(x), W, order=2)
    assert report.diagnosis.kind == "zero" and report.diagnosis.sentence.startswith("order 2: gx is 0 everywhere")
    assert [entry.ok for entry in report.entries if entry.order == 2] == [False, True]


# -- the whole report ----------------------------------------------------------------------------------


def test_the_message_from_top_to_bottom():
    report = gradcheck_pair(dense, dense_transposed, X[:4], W, B, seed=3)
    report.hint = "course hint dense"
    lines = str(report).splitlines()
    assert lines[0] == "gradcheck of dense (seed 3): the gradient is WRONG"
    said = " ".join(str(report).split())
    line = dense_transposed.__code__.co_firstlineno
    assert f"test_testing_diagnosis.py, line {line}, in dense_transposed" in said
    assert "likely:  gx uses w the wrong way round: w for w.T, or the reverse" in lines
    assert "hint:    course hint dense" in lines
    assert "again:   gradcheck_pair(dense, dense_transposed, x, w, b, seed=3)" in lines
    assert [line[:9] for line in lines[5::2]] == ["WRONG:   ", "ok:      ", "ok:      "]


def test_a_known_mistake_has_the_exercises_own_words():
    known = {"the slope 0.2 belongs to x < 0": lambda gy, x: gy * (x > 0), "no": lambda gy, x: 1 / 0}
    report = gradcheck_pair(leaky, lambda gy, x: gy * (x > 0), X, known_mistakes=known)
    assert report.diagnosis.kind == "known" and "likely:  the slope 0.2 belongs to x < 0" in str(report)
    report = gradcheck_pair(leaky, lambda gy, x: gy, X, known_mistakes=known)
    assert report.diagnosis.kind == "one side"
    assert gradcheck_pair(leaky, lambda gy, x: gy * np.where(x > 0, 1, 0.2), X, known_mistakes=known)


def test_json_holds_all_and_no_nan():
    report = gradcheck_pair(leaky, lambda gy, x: gy * (x > 0), np.array([[0.0, 1.0, -2.0]]))
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["ok"] is False and found["diagnoses"][0]["kind"] == "one side" and found["hint"] == ""
    (entry,) = found["entries"]
    assert entry["name"] == "x" and len(entry["analytic"][0]) == len(entry["numeric"][0]) == 3
    assert found["kinks"][0]["index"] == [0, 0] and found["title"] == "leaky"
    report = gradcheck_pair(np.exp, lambda gy, x: gy * np.nan, X)
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["entries"][0]["analytic"][0][0] is None and "nan" in found["problems"][0]
    assert json.loads(json.dumps(gradcheck_pair(np.exp, lambda gy, x: gy * np.exp(x), X).to_json()))["ok"] is True


def test_markdown_holds_the_same_words():
    report = gradcheck_pair(dense, dense_transposed, X[:4], W, B)
    text = report._repr_markdown_()
    assert text == f"```\n{report}\n```" and report.diagnosis.sentence in " ".join(text.split())
