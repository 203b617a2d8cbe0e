"""What the checker says about a submission, whatever stands in it; it is tried on the stub of ex05."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygan
from tinygan.check.engine import HOME, Exercise, attempt, exercises, submission
from tinygan.check.exam import difference
from tinygan.data import DataError

STUB = (HOME / "ex05_dense.py").read_text()
RIGHT = "return gy @ w.T, x.T @ gy, gy.sum(axis=0)"
EX05 = exercises(HOME, asked=["ex05"])[1][0]


def one_line(text):
    return " ".join(str(text).split())


def file_with(folder, text, name="ex05_dense.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def tried(folder, text, seed=0):
    """The result of a file."""
    file_with(folder, text)
    return submission(EX05, folder, seed)


BODIES = [
    (RIGHT, "PASS", "PASS, 3 of 3 points"),
    (RIGHT.replace("axis=0", "axis='0'"), "ERROR", "line 22 found: backward stopped with TypeError: 'str' object"),
    (RIGHT.replace("w.T", "w"), "ERROR", "backward stopped with ValueError: gy @ w does not fit: (5, 3) @ (2, 3)"),
    (RIGHT.replace("w.T", "W"), "ERROR", "backward stopped with NameError: name 'W' is not defined"),
    ("raise RuntimeError('f\u00fcr')", "ERROR", "backward stopped with RuntimeError: f\\xfcr"),
    ("raise RuntimeError", "ERROR", "backward stopped with RuntimeError hint:"),
    ("import sys; sys.exit(0)", "ERROR", "line 22 found: backward stopped with exit(): leave that out"),
    ("return backward(gy, x, w, b)", "ERROR", "backward stopped with RecursionError"),
    ("gx = gy @ w.T", "FAIL", "backward returned None: is its return statement missing?"),
    ("return gy @ w.T, x.T @ gy", "FAIL", "for each of x, w, b, but returned 2 (a tuple)"),
    ("return {'x': gy @ w.T}", "FAIL", "but returned 1 (a dict)"),
    ("yield gy @ w.T", "FAIL", "but returned 1 (a generator)"),
    ("return gy @ w.T + 1j, x.T @ gy, gy.sum(axis=0)", "FAIL", "returned complex numbers as the gradient of x"),
    ("return 'a', 'b', 'c'", "ERROR", "could not convert string to float"),
    (RIGHT.replace(".sum(axis=0)", ""), "FAIL", "has shape (5, 3), the input (3,): did you forget to sum"),
    (RIGHT.replace("w.T", "w.T / 0"), "FAIL", "the gradient of x is inf at"),
    (f"x *= 2\n    {RIGHT}", "FAIL", "backward changes x in place: work on a copy"),
    ("raise NotImplementedError", "NOT ATTEMPTED", "backward is not written yet"),
]


@pytest.mark.parametrize("body, status, sentence", BODIES)
def test_what_is_said_of_a_function(tmp_path, body, status, sentence):
    result = tried(tmp_path, STUB.replace("raise NotImplementedError", body))
    assert result.status == status and sentence in one_line(result), str(result)
    assert result.points == (3 if status == "PASS" else 0) and bool(result) == (status == "PASS")
    assert all(len(line) <= 80 for line in str(result).splitlines() if str(tmp_path) not in line)
    assert str(result).isascii()


FILES = [
    (STUB.replace("def backward", "def back_ward"), "function backward(gy, x, w, b), but there is none of this name"),
    (STUB.replace("backward(gy, x, w, b)", "backward(x, w)"), "backward(gy, x, w, b), but it is backward(x, w)"),
    (STUB + "\nbackward = 3\n", "but there is none of this name"),
    (STUB.replace("raise NotImplementedError", "return (gy"), "SyntaxError: '(' was never closed (ex05_dense.py, line"),
    (STUB.replace("    raise Not", "   raise Not"), "IndentationError"),
    ("x = 1\nx = = 2\n", "where: ex05_dense.py, line 2 found: the file stopped with SyntaxError"),
    ("\0", "source code string cannot contain null bytes"),  # a ValueError before Python 3.11.4
    ("", "where: ex05_dense.py found: the exercise asks for"),
    ("", "there is none of this name"),
    (STUB + "\nexit()\n", "line 24 found: the file stopped with exit(): leave that out"),
    (STUB + "\n1 / 0\n", "line 24 found: the file stopped with ZeroDivisionError: division by zero"),
    ("import foo_bar\n" + STUB, "ModuleNotFoundError: No module named 'foo_bar'"),
]


@pytest.mark.parametrize("text, sentence", FILES)
def test_what_is_said_of_a_file(tmp_path, monkeypatch, text, sentence):
    monkeypatch.chdir(tmp_path)
    result = tried(tmp_path, text)
    assert result.status == "ERROR" and sentence in one_line(result), str(result)


IMPORTS = [
    "import tinygan",
    "import tinygan.autograd",
    "from tinygan.autograd import ops",
    "import torch",
    "import jax",
]
IMPORTS += ["__import__('importlib').import_module('tinygan.autograd.ops')"]


@pytest.mark.parametrize("line", IMPORTS)
@pytest.mark.parametrize("inside", [False, True])
def test_a_library_that_knows_the_answer_cannot_be_imported(tmp_path, line, inside):
    text = STUB.replace("raise NotImplementedError", f"{line}\n    {RIGHT}" if inside else RIGHT)
    result = tried(tmp_path, text if inside else f"{line}\n{text}")
    assert result.status == "ERROR" and "is not allowed here: write it in plain NumPy" in one_line(result)
    import tinygan.autograd as again

    assert sys.modules["tinygan"] is tinygan and again is tinygan.autograd and sys.modules.get("torch", 1) is not None


def test_prints_are_shown_but_not_all_of_them(tmp_path):
    body = f"print('shape', gy.shape, file=__import__('sys').stdout)\n    {RIGHT.replace('axis=0', '')}"
    text = one_line(tried(tmp_path, STUB.replace("raise NotImplementedError", body)))
    assert "printed: shape (5, 3) shape (5, 3)" in text
    german = tried(tmp_path, STUB.replace("raise NotImplementedError", "print('f\u00fcr')"))
    assert "printed: f\\xfcr" in one_line(german) and str(german).isascii()
    flood = "for _ in range(1000):\n        print('a' * 1000)\n    return 1"
    assert len(str(tried(tmp_path, STUB.replace("raise NotImplementedError", flood)))) < 6000


def test_an_endless_loop_ends_with_its_line(tmp_path):
    body = "while True:\n        print('a' * 1000)"
    file_with(tmp_path, STUB.replace("raise NotImplementedError", body))
    result = submission(EX05, tmp_path, limit=3)  # on a busy machine the loop itself begins late
    assert result.status == "ERROR" and "it did not end within 3 s: is there an endless loop?" in str(result)
    assert "line 23 in backward" in str(result) or "line 22 in backward" in str(result)


def test_a_crash_is_an_error(tmp_path):
    file_with(tmp_path, STUB.replace("raise NotImplementedError", "import os; os._exit(3)"))
    result = submission(EX05, tmp_path)
    assert result.status == "ERROR" and "Python itself ended while running ex05_dense.py: status 3" in str(result)


def test_a_file_in_a_process_of_its_own(tmp_path, monkeypatch):
    """It may import its neighbours, leave a thread behind and read no input; the folder is one with a space."""
    folder = tmp_path / "my work"
    folder.mkdir()
    file_with(folder, "def total(a): return a.sum(axis=0)", "ex04_mine.py")
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    body = RIGHT.replace("gy.sum(axis=0)", "total(gy)")
    file_with(folder, f"{thread}from ex04_mine import total\n{STUB.replace('raise NotImplementedError', body)}")
    monkeypatch.chdir(folder)
    assert submission(EX05, folder, seed=5)
    (folder / "ex05_dense.py").unlink()
    result = submission(EX05, folder)
    assert result.status == "NOT ATTEMPTED" and "there is no file" in str(result)


VALUES = 'exam.values("f", lambda x, n: x * n, np.array([[1.0, 2.0, 5.0]]), 3)'
SPEC = '''"""ex13 {title}."""


def f(x, n):
    # BEGIN SOLUTION
    return x * n
    # END SOLUTION


def g(gy, x):
    # BEGIN SOLUTION
    return gy
    # END SOLUTION


# BEGIN SPEC
import numpy as np

POINTS, HINTS = 6, ("one", "two")
MISTAKES = {{"f": {{"added": lambda x, n: x + n}}}}


def check(exam):
    {check}
'''


def exercise(folder, check, title="New"):
    return Exercise(Path(file_with(folder, SPEC.format(check=check, title=title), "ex13_new.py")))


def test_a_function_without_a_gradient_is_a_kink(tmp_path):
    new = exercise(tmp_path, f'{VALUES}; exam.gradient("g", lambda x: np.sin(1e9 * x), exam.rng.normal(size=3))')
    result = attempt(new, {"f": new.spec["f"], "g": lambda gy, x: 0 * gy})
    assert result.status == "KINK" and "kinks everywhere" in one_line(result)


RESULTS = [
    (lambda x, n: x + n, "likely: added"),
    (lambda x, n: x + n, "in 3 of 3 places; at [0,2] it is 8, but should be 15"),
    (lambda x, n: x + n, "input: x = [[1. 2. 5.]], n = 3"),
    (lambda x, n: None, "the result of f is None: is a return statement missing?"),
    (lambda x, n: (x * n)[0], "has shape (3,) and type float64, but should have shape (1, 3)"),
    (lambda x, n: "no", "type <U2"),
    (lambda x, n: x * n * [[1, np.nan, 1]], "in 1 of 3 places; at [0,1] it is nan, but should be 6"),
    (lambda x, n: np.multiply(x, n, out=x), "f changes x in place: work on a copy"),
    (lambda x, n: [[1], [2, 3]], "ValueError"),
]


@pytest.mark.parametrize("f, sentence", RESULTS)
def test_what_is_said_of_results(tmp_path, f, sentence):
    result = attempt(exercise(tmp_path, VALUES), {"f": f, "g": None})
    assert not result and sentence in one_line(result), str(result)


def test_results_of_several_parts():
    want = (np.zeros(2), 1.0)
    assert difference("f", (np.zeros(2), 1.0), want) == "" == difference("f", [[0, 0], 1], want)
    assert difference("f", (np.zeros(2), 2.0), want) == "part 1 of f is wrong: it is 2, but should be 1"
    assert "should be 2 things" in difference("f", np.zeros(3), want)
    assert difference("f", {"w": 1, "b": 3}, {"w": 1, "b": 2}).startswith("b is wrong")


def test_part_of_an_exercise_is_not_attempted_but_failed(tmp_path):
    new = exercise(tmp_path, VALUES + '; exam.gradient("g", lambda x: 1.0 * x, np.ones((2, 3)))')

    def unwritten(*args):
        raise NotImplementedError

    blank = {"f": lambda x, n: unwritten(), "g": lambda gy, x: unwritten()}
    assert attempt(new, blank).status == "NOT ATTEMPTED"
    half = attempt(new, {**blank, "f": new.spec["f"]})
    assert half.status == "FAIL" and half.points == 0 and "g is not written yet" in str(half)
    assert attempt(new, {"f": new.spec["f"], "g": lambda gy, x: gy}).points == 6


def test_points_of_each_function(tmp_path):
    """A right forward counts, whatever became of the backward."""
    new = exercise(tmp_path, VALUES + '; exam.gradient("g", lambda x: 1.0 * x, np.ones((2, 3)))')
    new.spec["MISTAKES"] = {"f": {}, "g": {}}
    new.points = {"f": 2, "g": 4}
    right, wrong, stop = {"f": new.spec["f"], "g": new.spec["g"]}, lambda gy, x: 2 * gy, lambda gy, x: 1 / 0
    assert attempt(new, right).points == 6
    for other, status in ((wrong, "FAIL"), (stop, "ERROR")):
        result = attempt(new, {**right, "g": other})
        assert (result.status, result.points, result.out_of, bool(result)) == (status, 2, 6, False)
        assert f"{status}, 2 of 6 points" in str(result)
    assert attempt(new, {**right, "f": lambda x, n: x}).points == 4


def test_the_forward_of_ex07_counts_alone(tmp_path):
    (ex07,) = exercises(HOME, asked=["ex07"])[1]
    body = "xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)\n    return gamma * xhat + beta"
    text = (HOME / "ex07_batch_norm.py").read_text().replace("raise NotImplementedError", body, 1)
    file_with(tmp_path, text, "ex07_batch_norm.py")
    result = submission(ex07, tmp_path)
    assert (result.status, result.points, result.out_of) == ("FAIL", 1, 4)
    assert "backward is not written yet" in str(result)


def test_points_must_fit_the_functions(tmp_path):
    spec = SPEC.format(check=VALUES, title="New").replace("POINTS, HINTS = 6, (", "POINTS, HINTS = {'f': 1, 'h': 1}, (")
    with pytest.raises(DataError, match="POINTS must have a number for each of f, as MISTAKES has"):
        Exercise(Path(file_with(tmp_path, spec, "ex13_new.py")))


EX05_SHAPES = [
    ("gy @ w, x.T @ gy, gy.sum(axis=0)", "gy @ w does not fit: (5, 3) @ (2, 3): the 3 columns"),
    ("gy @ w.T, x @ gy, gy.sum(axis=0)", "x @ gy does not fit: (5, 2) @ (5, 3): the 2 columns of the first must be as"),
    ("np.dot(gy, w), x.T @ gy, gy.sum(axis=0)", "np.dot(gy, w) does not fit: (5, 3) @ (2, 3)"),
    (
        "gy * x, x.T @ gy, gy.sum(axis=0)",
        "gy * x does not fit: (5, 3) * (5, 2): axis -1 has length 3 in the first and 2",
    ),
    ("np.einsum('ij,jk->ik', gy, w), 1, 2", "could not be broadcast together"),
]


@pytest.mark.parametrize("body, sentence", EX05_SHAPES)
@pytest.mark.parametrize("notebook", [False, True])
def test_numpys_errors_are_told_with_the_shapes(tmp_path, monkeypatch, body, sentence, notebook):
    monkeypatch.chdir(tmp_path)
    text = STUB.replace("raise NotImplementedError", f"return {body}")
    result = tried(tmp_path, text)
    if notebook:
        result = attempt(EX05, {"backward": runpy.run_path(str(tmp_path / "ex05_dense.py"))["backward"]}, notebook=True)
    assert result.status == "ERROR" and sentence in one_line(result)
    assert "given are gy (5, 3), x (5, 2), w (2, 3), b (3,)" in one_line(result) and "gufunc" not in str(result)
    assert "ex05_dense.py, line 22" in one_line(result)


def test_a_function_may_be_without_known_mistakes(tmp_path):
    new = exercise(tmp_path, VALUES + '; exam.gradient("g", lambda x: 1.0 * x, np.ones((2, 3)))')
    new.spec["MISTAKES"] = {}
    assert attempt(new, new.spec)
    assert attempt(new, {**new.spec, "g": lambda gy, x: 2 * gy}).status == "FAIL"


FAULTS = [
    (SPEC.format(check="1 / 0", title="New"), "is at fault: ZeroDivisionError: division by zero"),
    (SPEC.format(check="return", title="New"), "is at fault: LookupError: check(exam) never tries f"),
    (
        SPEC.format(check=VALUES.replace('"f"', '"ff"'), title="New"),
        "is at fault: LookupError: check(exam) never tries f",
    ),
    (SPEC.format(check="pass", title="New").replace("}", "", 1), "is at fault: SyntaxError"),
    (SPEC.format(check="pass", title="New").replace("6, (", "'6', ("), "POINTS must be a number"),
    (SPEC.format(check="pass", title="New").replace('("one", "two")', '"one"'), "HINTS a list of sentences"),
]


@pytest.mark.parametrize("spec, sentence", FAULTS)
def test_a_fault_of_the_exercise_is_not_the_students(tmp_path, spec, sentence):
    source = tmp_path / "source"
    source.mkdir()
    file_with(source, spec, "ex13_new.py")
    file_with(tmp_path, "def f(x, n): return x * n", "ex13_new.py")
    for door in (submission, lambda new, folder: attempt(new, new.spec)):
        with pytest.raises(DataError) as caught:
            door(exercises(tmp_path)[1][0], tmp_path)
        assert sentence in str(caught.value) and "source/ex13_new.py" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_adam_step_must_return_three_things(tmp_path):
    (ex06,) = exercises(HOME, asked=["ex06"])[1]
    result = attempt(ex06, {"adam_step": lambda w, g, m, v, t, lr, beta1, beta2, eps: w})
    assert result.status == "ERROR" and "found: adam_step must return three things: w, m and v" in one_line(result)


def test_an_exercise_is_checked_once(tmp_path):
    assert [each.name for each in exercises(HOME, asked=["ex05", "ex02", "ex05_dense.py"])[1]] == ["ex05", "ex02"]


def test_another_seed_draws_other_inputs(tmp_path):
    text = STUB.replace("raise NotImplementedError", "raise KeyError(x[0, 0])")
    said = [one_line(tried(tmp_path, text, seed)).split("hint:")[0] for seed in (0, 0, 4)]
    assert said[0] == said[1] != said[2]
