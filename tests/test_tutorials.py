"""The tutorials: each runs as a script, has the shape that readers and Jupyter rely on, and checks what it builds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
QUICK = ("01", "02", "04")  # those of a second; `.ci/run` runs all of them

# A mistake for each mini version, put where the right line stands: the tutorial's last cell must notice.
MISTAKES = {
    "01": ("grads.get(one, 0.0) + grads[value] * slope\n    return [", "grads[value] * slope\n    return ["),
    "02": ("return gy * (1 - y * y)", "return gy * (1 - y)"),
    "03": ("return x @ self.W + self.b", "return x @ self.W - self.b"),
    "04": (".sum() / (2 * h)", ".sum() / h"),
    "05": ("v / (1 - beta2**t)", "v / (1 - beta2)"),
}


def run(path: Path, cwd: Path) -> subprocess.CompletedProcess:
    """As a script, anywhere but in its own folder."""
    env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error::RuntimeWarning", str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env)


def files() -> set[Path]:
    """All that lies in the tutorials' folder, but for Python's caches."""
    return {p for p in FOLDER.rglob("*") if "__pycache__" not in p.parts}


@pytest.mark.parametrize("path", [p for p in TUTORIALS if p.name[:2] in QUICK], ids=lambda p: p.stem)
def test_runs_and_writes_nothing_but_into_out(path, tmp_path):
    before = files()
    done = run(path, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout and "nan" not in done.stdout.lower().split()
    assert files() == before
    assert {p.name for p in tmp_path.iterdir()} <= {"out"}


@pytest.mark.slow
@pytest.mark.parametrize("number", MISTAKES)
def test_a_mistake_in_the_mini_version_is_noticed(number, tmp_path):
    (path,) = FOLDER.glob(f"{number}_*.py")
    right, wrong = MISTAKES[number]
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    copy = tmp_path / path.name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    done = run(copy, tmp_path)
    assert done.returncode == 1 and "AssertionError" in done.stderr, done.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_has_the_shape_of_a_tutorial(path):
    text = path.read_text(encoding="utf-8")
    number = path.stem[:2]
    assert text.count("\n") < 250
    assert re.sub(r"\$.*?\$", "", text, flags=re.DOTALL).isascii()
    assert text.startswith(f"# %% [markdown]\n# # {number} "), "it opens with its number and title"
    assert text.count('tags=["picture"]') == 1, "one cell draws the picture that stands for the tutorial"
    assert text.count("**Predict, then run.**") >= 2
    assert "xercise" in text
    compile(text, path.name, "exec")
    for absolute in re.findall(r"""["'`(](/\w+/[\w/.]*)""", text):
        pytest.fail(f"an absolute path: {absolute}")
    cells = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)[1:]
    for kind, body in zip(cells[::2], cells[1::2], strict=True):
        assert kind in ("", " [markdown]", ' tags=["picture"]', ' tags=["hide-output"]'), kind
        if "markdown" in kind:
            assert all(line.startswith("#") for line in body.strip().splitlines()), body


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_shows_the_picture_it_ends_in(path):
    first = path.read_text(encoding="utf-8").split("# %%")[1]
    shown = re.search(r"!\[(.*?)\]\((.*?)\)", first.replace("\n# ", " "), re.DOTALL)
    assert shown, "no picture in the first cell"
    alt, target = shown.groups()
    assert target == f"images/{path.stem}.png"
    assert len(alt) > 40, "the alt text says what is to be seen"
    assert (FOLDER / target).stat().st_size <= 120_000


def test_the_list_names_every_tutorial():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in TUTORIALS:
        assert f"| {path.stem[:2]} |" in listed or f"[{path.stem[:2]}]({path.name})" in listed, path.name
    for target in re.findall(r"\]\(([^)#]+)\)", listed):
        assert target.startswith("http") or (FOLDER / target).exists(), target
