"""The comparison of gradient checks: what it counts, and what it says about a bad file."""

import numpy as np
import pytest
from testing.mistakes import MISTAKES

from benchmarks import mistakes


def table_of(text):
    """caught and false alarms of each check, from the last lines."""
    rows = [line.split() for line in text.splitlines() if line.startswith(("tinygan", "dlsys", "minitorch", "DeZero"))]
    return {row[0]: (row[-4], row[-1]) for row in rows}


def test_it_counts_caught_and_false_alarms(tmp_path, capsys):
    (tmp_path / "some.py").write_text(
        "import numpy as np\n"
        "x = np.arange(1.0, 7.0).reshape(2, 3)\n"
        "square = (lambda x: x * x, lambda gy, x: 2 * gy * x)\n"
        "MISTAKES = [('ones', *square, lambda gy, x: 2 * x, (x,)), ('zero', *square, lambda gy, x: 0 * x, (x,))]\n"
    )
    mistakes.main([str(tmp_path / "some.py"), "--runs", "20"])
    said = capsys.readouterr().out
    table = table_of(said)
    assert table["tinygan"] == ("2/2", "0/20")
    assert table["dlsys'"] == table["minitorch's"] == table["DeZero's"] == ("1/2", "0/20")  # gy of ones hides it
    assert "ones\n    gx does not change with gy" in said


def test_another_name_than_the_expected_one_is_counted():
    row = ("zero", np.exp, lambda gy, x: gy * np.exp(x), lambda gy, x: 0 * gy, (np.arange(3.0),))
    counted = lambda kind: list(mistakes.lines([(*row, kind)], 1))[-4].split()[3]
    assert counted("zero") == "0/1" and counted("factor") == counted("silent") == "1/1"


def test_a_right_gradient_called_wrong_is_counted():
    wrong_way = ("none", np.exp, lambda gy, x: gy, lambda gy, x: 0 * gy, (np.ones(3),))
    last = list(mistakes.lines([wrong_way], 5))[-4:]
    assert all(line.endswith("5/5") for line in last)


def test_the_other_checks_pass_what_is_right():
    rng = np.random.default_rng(0)
    for name, forward, right, _, inputs, _ in MISTAKES[::6]:
        for check in mistakes.CHECKS.values():
            assert mistakes.passes(check, forward, right, inputs, int(rng.integers(100))), name


@pytest.mark.parametrize(
    "text, part",
    [
        (None, "there is no file"),
        ("x = 1", "holds no list MISTAKES"),
        ("MISTAKES = []", "holds no list MISTAKES"),
        ("MISTAKES = [('a', 1, 2, 3, ())]", "MISTAKES[0] is not (name, forward, right, wrong, inputs)"),
        ("MISTAKES = [1]", "MISTAKES[0] is not"),
        ("MISTAKES = [('a', len, len, len, 1)]", "a: the forward function or its inputs: TypeError"),
        ("MISTAKES = [('a', lambda x: 1 / 0, len, len, ([1.0],))]", "ZeroDivisionError"),
        ("1 / 0", "cannot be run: ZeroDivisionError"),
        ("def", "cannot be run: SyntaxError"),
    ],
)
def test_a_bad_file_ends_in_one_sentence(text, part, tmp_path, capsys):
    path = tmp_path / "some.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        mistakes.main([str(path)])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and part in said and said.count("\n") == 1


def test_wrong_options(capsys):
    for argv, part in ((["--runs", "0"], "1 or more"), (["--run", "5"], "did you mean --runs?"), (["/tmp"], "no file")):
        with pytest.raises(SystemExit) as ended:
            mistakes.main(argv)
        assert ended.value.code == 2 and part in capsys.readouterr().err
