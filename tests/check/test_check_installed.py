"""The checker of a wheel, without a clone: its exercises are in it, and in no second place of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from cli import ROOT, call

from tinygan.check.engine import CLONE, HOME

RIGHT = "return gy @ w.T, x.T @ gy, gy.sum(axis=0)"


def test_a_clone_has_one_source():
    assert HOME == CLONE and not list((ROOT / "tinygan" / "check").glob("exercises*"))


def test_what_a_student_begins_with(tmp_path):
    (tmp_path / "ex05_dense.py").write_text("# my work")
    done = call("check.__main__", "--begin", tmp_path)
    assert done.status == 0 and done.out.startswith("11 exercises to begin with are in")
    assert (tmp_path / "ex05_dense.py").read_text() == "# my work"
    assert (tmp_path / "ex12_training_steps.py").read_text() == (HOME / "ex12_training_steps.py").read_text()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds what a wheel installs."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    if not any(files):
        pytest.skip("this is no checkout of git")
    for name in filter(None, [*files, "setup.py"]):
        if name.startswith(("tinygan/", "tutorials/exercises/", "setup", "pyproject", "README", "LICENSE")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No module named build" in done.stderr or "Missing dependencies" in done.stdout + done.stderr:
        pytest.skip("the package build, or setuptools, is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_a_wheel_checks_without_a_clone(installed, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(installed)}
    run = lambda *argv: subprocess.run([sys.executable, *argv], cwd=tmp_path, env=env, capture_output=True, text=True)
    found = run("-c", "import tinygan; print(tinygan.__file__)").stdout
    assert found.startswith(str(installed))
    wrong = "lambda gy, x, w, b: (gy @ w.T, x.T @ gy / len(x), gy.sum(axis=0))"
    said = run("-c", f"from tinygan.check import check\nprint(check('ex05', backward={wrong}))").stdout
    assert "ex05 Dense: the backward pass of a layer: FAIL" in said and "divided by N" in said
    right = RIGHT.replace("return ", "")
    assert (
        "PASS, 3 of 3"
        in run(
            "-c", f"from tinygan.check import *\nprint(check('ex05', backward=lambda gy, x, w, b: ({right})))"
        ).stdout
    )
    missing = run("-m", "tinygan.check", "ex05")
    assert missing.returncode == 2 and "there is no file ex05_dense.py" in missing.stdout
    assert run("-m", "tinygan.check", "--begin", ".").stdout.startswith("12 exercises to begin with")
    path = tmp_path / "ex05_dense.py"
    path.write_text(path.read_text().replace("raise NotImplementedError", RIGHT))
    assert run("-m", "tinygan.check", "ex05").returncode == 0
    for each in (installed / "tinygan" / "check" / "exercises").rglob("*.py"):
        assert "BEGIN SOLUTION" not in each.read_text() and "raise NotImplementedError" in each.read_text()
