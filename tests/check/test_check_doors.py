"""The four doors: the command line, a notebook, pytest, Gradescope."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

import pytest
from cli import ROOT, call, one_sentence, posix_only, start

from tinygan.check import check
from tinygan.check.engine import HOME

DENSE, MATMUL = HOME / "ex05_dense.py", HOME / "ex02_matmul.py"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A student's folder: ex02 is wrong, ex05 right, nothing else there. It is the current one."""
    wrong, right = "return gy @ b.T, a.T @ gy / len(a)", "return gy @ w.T, x.T @ gy, gy.sum(axis=0)"
    for path, body in ((MATMUL, wrong), (DENSE, right)):
        (tmp_path / path.name).write_text(path.read_text().replace("raise NotImplementedError", body))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv):
    return call("check.__main__", *argv)


def test_the_list_and_gradescope(folder):
    done = run("--gradescope", "results.json")
    lines = done.out.splitlines()
    assert done.status == 1 and len(lines) == 13
    assert "\n" not in done.err.strip() and "note: submissions" in done.err or done.err == ""
    assert lines[0].startswith("NOT ATTEMPTED  0 of 2  ex01") and lines[4].startswith("PASS           3 of 3  ex05")
    assert lines[1].startswith("FAIL           0 of 2  ex02") and lines[-1].startswith("3 of 42 points")
    assert all(len(line) <= 80 for line in lines)
    written = json.loads((folder / "results.json").read_text())
    assert written["score"] == 3 and len(written["tests"]) == 12
    ex02 = written["tests"][1]
    assert set(ex02) == {"name", "score", "max_score", "output", "status"}
    assert (ex02["status"], ex02["score"], ex02["max_score"]) == ("failed", 0, 2)
    assert "WRONG:   b " in ex02["output"] and written["tests"][4]["status"] == "passed"


def test_exit_status_and_json(folder):
    done = run("ex05", "--json", "--seed", "3")
    (one,) = json.loads(done.out)["exercises"]
    assert done.status == 0 and (one["name"], one["status"], one["points"], one["seed"]) == ("ex05", "PASS", 3, 3)
    assert run("ex05_dense.py", "ex02").status == 1
    missing = run("ex01")
    assert missing.status == 2 and "there is no file ex01_broadcasting.py" in missing.out


def test_hints_go_from_gentle_to_nearly_the_answer(folder):
    first, last = run("ex05", "--hint"), run("ex05", "--hint", "3")
    assert first.status == 0 and first.out.startswith("hint 1 of 3: Write the shapes")
    assert "x.T @ gy" in last.out and all(len(line) <= 80 for line in first.out.splitlines())


BAD = [
    ("ex99", "source: it has ex01, ex02"),
    ("--hint", "goes with one exercise"),
    ("ex05 --hint 4", "ex05 has the hints 1 to 3, and no hint 4"),
    ("ex05 ex06 --hint", "goes with one exercise"),
    ("--seed -1", "--seed must be 0 or more"),
    ("--time-limit 0", "--time-limit"),
    ("--time-limit nan", "--time-limit"),
    ("--folder nowhere", "there is no folder nowhere"),
    ("--source nowhere", "there is no folder nowhere"),
    ("--source empty", "there is no exercise in empty"),
    ("--wach", "did you mean --watch?"),
]


@pytest.mark.parametrize("argv, sentence", BAD)
def test_bad_usage_is_one_sentence(folder, argv, sentence):
    (folder / "empty").mkdir()
    done = run(*argv.split())
    assert done.status == 2 and sentence in one_sentence(done.err)


@posix_only
def test_watch_checks_again_after_a_save_and_ends_quietly(folder):
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}  # a shell's `&` has it ignored
    process = start("check", "ex02", "--watch", cwd=folder, **heard)
    limit = threading.Timer(60, process.kill)  # readline would wait for ever
    limit.start()
    try:
        assert ": FAIL" in process.stdout.readline()
        path = folder / MATMUL.name
        saved = path.with_suffix(".saved")  # in one piece: a check while it is written would be one more
        saved.write_text(path.read_text().replace(" / len(a)", ""))
        saved.replace(path)
        lines = iter(process.stdout.readline, "")
        assert (
            next(line for line in lines if line.startswith("ex02"))
            == "ex02 Matmul: the backward pass: PASS, 2 of 2 points\n"
        )
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and out.strip() == "" and err == ""
    finally:
        limit.cancel()
        process.kill()


def test_a_private_source_wins_over_one_that_is_handed_in(folder):
    """An autograder's own sources are used, whatever a submission brings along."""
    for name, points in (("source", 100), ("private", 7)):
        (folder / name).mkdir()
        text = (HOME / "source" / DENSE.name).read_text().replace("POINTS = 3", f"POINTS = {points}")
        (folder / name / DENSE.name).write_text(text)
    assert "PASS, 100 of 100" in run("ex05").out
    assert "PASS, 7 of 7" in run("ex05", "--source", "private").out


def test_the_command_to_repeat_checks_the_same_files(folder):
    text = run("ex02", "--folder", ".", "--source", HOME / "source", "--seed", "4").out
    said = " ".join(text.split())
    assert f"again: python -m tinygan.check ex02 --folder . --source {HOME / 'source'} --seed 4" in said
    assert f"python -m tinygan.check ex02 --folder . --source {HOME / 'source'} --hint" in said
    assert "again: python -m tinygan.check ex02 --seed 0" in " ".join(run("ex02").out.split())


def backward(gy, x, w, b):
    return gy @ w.T, x.T @ gy / len(x), gy.sum(axis=0)


def test_a_notebook_checks_what_it_is_given_or_what_it_defines(folder):
    right = lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy.sum(axis=0))
    assert check("ex05", backward=right)
    found = check("ex05")  # this file's function, as a notebook's
    assert found.status == "FAIL" and "divided by N" in str(found) and "test_check_doors.py, line" in str(found)
    assert found._repr_markdown_() == f"```\n{found}\n```"
    with pytest.raises(AssertionError, match="the gradient is WRONG"):
        found.raise_if_failed()
    with pytest.raises(ValueError, match="there is no exercise ex5"):
        check("ex5")


def test_a_notebook_gets_no_shell_command_and_no_temporary_path(folder, monkeypatch):
    file = os.path.join(tempfile.gettempdir(), "ipykernel_4711", "304598086.py")
    cell = {}
    exec(compile("\n\ndef backward(gy, x, w, b):\n    return gy @ w, 1, 2", file, "exec"), cell)
    text = str(check("ex05", backward=cell["backward"]))
    assert "where:   your cell, line 4" in text and "ipykernel" not in text and "304598086" not in text
    assert 'hint:    check("ex05", hint=1)' in text and 'again:   check("ex05", seed=0)' in text
    assert "python -m" not in text
    exec(compile("def backward(gy, x, w, b):\n    return gy @ w.T, 2 * x.T @ gy, gy.sum(axis=0)", file, "exec"), cell)
    text = str(check("ex05", backward=cell["backward"], seed=3))
    assert "where:   your cell, line 1" in text and 'check("ex05", seed=3)' in text and "python -m" not in text
    monkeypatch.delitem(globals(), "backward")
    assert "python -m tinygan.check ex02" in str(check("ex02", folder=folder))  # a file, and its own command


def test_a_notebook_gets_hints(folder):
    first = check("ex05", hint=1)
    assert repr(first) == str(first) and first.startswith("hint 1 of 3: Write the shapes")
    assert "x.T @ gy" in check("ex05", hint=3)
    for none in (0, 4, "1"):
        with pytest.raises(ValueError, match="ex05 has the hints 1 to 3, and no hint"):
            check("ex05", hint=none)


def test_a_notebook_falls_back_on_the_file(folder, monkeypatch):
    monkeypatch.delitem(globals(), "backward")
    assert check("ex05") and check("ex05", folder=folder)


def test_a_class_runs_pytest(folder):
    options = ["-p", "tinygan.check.plugin", "-p", "no:cacheprovider", "-q", "--junitxml=out.xml", "-k"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def found(*argv):
        """Whether all is well, and for each test whether it failed or was skipped, from the JUnit file."""
        command = [sys.executable, "-m", "pytest", *options, *argv]
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        assert "Traceback" not in done.stdout + done.stderr
        cases = ElementTree.parse("out.xml").getroot().findall(".//testcase")
        return done.returncode, {case.get("name"): "".join(child.tag for child in case) for case in cases}

    wanted = {"ex01_broadcasting": "failure", "ex02_matmul": "failure", "ex05_dense": ""}
    assert found("ex01 or ex02 or ex05") == (1, wanted)
    assert found("ex01", "--skip-not-attempted") == (0, {"ex01_broadcasting": "skipped"})
    text = (folder / "out.xml").read_text()
    assert "there is no file ex01_broadcasting.py" in text
