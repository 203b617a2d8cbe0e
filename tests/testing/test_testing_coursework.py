"""A pair as coursework writes it: several outputs, a cache, errors of the student, and how a report shows itself."""

import numpy as np
import pytest

from tinygan.testing import GradcheckError, gradcheck_pair

RNG = np.random.default_rng(22)
X, W, B = RNG.normal(size=(4, 5)), RNG.normal(size=(5, 3)), RNG.normal(size=3)


def dense(x, w, b):
    return x @ w + b


def dense_back(gy, x, w, b):
    return gy @ w.T, x.T @ gy, gy.sum(0)


# -- what forward may return --------------------------------------------------------------------------------


def test_an_output_and_a_cache():
    forward = lambda x, w, b: (x @ w + b, (x, w, b))

    def backward(gy, cache):
        x, w, b = cache
        return dense_back(gy, x, w, b)

    assert gradcheck_pair(forward, backward, X, W, B)
    assert gradcheck_pair(forward, dense_back, X, W, B)  # one that does without
    report = gradcheck_pair(forward, lambda gy, cache: (gy @ cache[1].T, 2 * cache[0].T @ gy, gy.sum(0)), X, W, B)
    assert [entry.ok for entry in report.entries] == [True, False, True]


@pytest.mark.parametrize("cache", ["array", "dict", "none", "one"])
def test_any_cache(cache):
    made = {"array": lambda x: x > 0, "dict": lambda x: {"mask": x > 0}, "none": lambda x: None, "one": lambda x: x}[
        cache
    ]
    forward = lambda x: (np.maximum(x, 0), made(x))
    mask = {"array": lambda c: c, "dict": lambda c: c["mask"], "none": lambda c: X > 0, "one": lambda c: c > 0}[cache]
    if cache != "none":  # there the mask is of one place
        assert gradcheck_pair(forward, lambda gy, cache: gy * mask(cache), X)
    assert gradcheck_pair(forward, lambda gy, cache: (gy * mask(cache),), X[:, :])
    assert not gradcheck_pair(forward, lambda gy, cache: gy, X)


def cell(x, h, w, u):
    c = np.tanh(x @ w + h @ u)
    return np.sin(c), c**2


def cell_back(gh, gc, x, h, w, u):
    c = np.tanh(x @ w + h @ u)
    g = (gh * np.cos(c) + gc * 2 * c) * (1 - c**2)
    return g @ w.T, g @ u.T, x.T @ g, h.T @ g


CELL = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))


def test_several_outputs():
    """Each has an upstream gradient: as parameters of their own, or as a tuple."""
    assert gradcheck_pair(cell, cell_back, *CELL)
    assert gradcheck_pair(cell, lambda gy, *a: cell_back(*gy, *a), *CELL)
    assert gradcheck_pair(lambda *a: (*cell(*a), a), lambda gh, gc, cache: cell_back(gh, gc, *cache), *CELL)
    lacking = gradcheck_pair(cell, lambda gh, gc, x, h, w, u: cell_back(gh, 0 * gc, x, h, w, u), *CELL)
    assert not lacking and not any(entry.ok for entry in lacking.entries)
    assert gradcheck_pair(lambda x: (x.sum(), x * 2), lambda gy, x: gy[0] + 2 * gy[1], X)


def test_an_upstream_gradient_that_is_changed_in_place_is_told():
    def backward(gy, x):
        gy[0][...] *= 2
        return gy[0] + gy[1]

    report = gradcheck_pair(lambda x: (2 * x, x), backward, X)
    assert "backward changes gy in place: work on a copy" in report.problems


@pytest.mark.parametrize("out, got", [(lambda x: (x.astype("f4"), x), "float32"), (lambda x: ("a", x), "str|<U1")])
def test_outputs_that_differences_cannot_be_taken_of(out, got):
    with pytest.raises(TypeError, match=f"forward must return arrays of real numbers, .*not .*({got})"):
        gradcheck_pair(out, lambda gy, x: gy[0], X)


# -- errors of the student ------------------------------------------------------------------------------------


def test_an_error_is_shown_as_the_students_with_its_line():
    def backward(gy, x, w, b):
        return gy @ w, x.T @ gy, gy.sum(0)

    report = gradcheck_pair(dense, backward, X, W, B)
    line = backward.__code__.co_firstlineno + 1
    assert report.problems[0].startswith("backward stopped with ValueError: gy @ w does not fit")
    assert report.problems[0].endswith(f"(test_testing_coursework.py, line {line})")
    with pytest.raises(GradcheckError) as caught:
        report.raise_if_failed()
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_in_forward_is_forwards():
    report = gradcheck_pair(lambda x: x / np.missing, lambda gy, x: gy, X)
    assert report.problems[0].startswith("forward stopped with AttributeError") and not report.entries


@pytest.mark.parametrize(
    "backward, own", [(lambda gy: gy, "backward(gy)"), (lambda a, b, c, d, e: a, "(a, b, c, d, e)")]
)
def test_a_backward_of_another_signature(backward, own):
    text = gradcheck_pair(dense, backward, X, W, B).problems[0]
    assert text.startswith("backward is called as backward(gy, x, w, b), but it is ") and text.endswith(own)


def test_a_shape_that_does_not_fit_is_told_with_the_shapes():
    """NumPy's own words, "gufunc signature (n?,k),(k,m?)->(n?,m?)", help nobody."""
    report = gradcheck_pair(dense, lambda gy, x, w, b: (gy @ w, x.T @ gy, gy.sum(0)), X, W, B)
    text = " ".join(report.problems)
    assert "gy (4, 3), x (4, 5), w (5, 3), b (3,)" in text
    assert "gufunc" not in text and "(4, 3) @ (5, 3): the 3 columns of the first must be as many as the 5 rows" in text


# -- how it shows itself ------------------------------------------------------------------------------------


def test_a_prompt_and_a_failed_assert_show_the_message():
    report = gradcheck_pair(dense, lambda gy, x, w, b: (gy @ w.T, 2 * x.T @ gy, gy.sum(0)), X, W, B)
    assert repr(report) == str(report) and "likely:  gw is 2 times the right one" in repr(report)
    assert not report and bool(gradcheck_pair(dense, dense_back, X, W, B))
    for kind in (report.entries[0], report.diagnosis):
        assert kind.name in ("x", "w")


def test_a_pytest_assert_shows_the_likely_cause(pytester_like):
    text = pytester_like(
        "import numpy as np\n"
        "from tinygan.testing import gradcheck_pair\n"
        "def test_it():\n"
        "    assert gradcheck_pair(np.exp, lambda gy, x: 2 * gy * np.exp(x), np.ones((2, 3)))\n"
    )
    assert "the gradient is WRONG" in text and "gx is 2 times the right one" in text and "Report(" not in text


@pytest.fixture
def pytester_like(tmp_path):
    """What pytest prints for a file, in a process of its own."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    def run(text):
        (tmp_path / "test_it.py").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True).stdout

    return run
