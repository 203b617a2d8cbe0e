"""The tutorials: each runs as a script, has the shape that readers and Jupyter rely on, and checks what it builds."""

from __future__ import annotations

import ast
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import minutes  # of docs
import pytest
from lessons import prose

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9][0-9]*_*.py"))
ENGINE = FOLDER / "my_engine.py"
QUICK = ("01", "02", "02b", "02c", "04")  # those of a second; `.ci/run` runs all of them


def number_of(path: Path) -> str:
    """Such as 02b."""
    return path.stem.split("_")[0]


# A mistake for each mini version, put where the right line stands: the tutorial's last cell must notice.
MISTAKES = {
    "01": ("grads.get(one, 0.0) + grads[value] * slope\n    return [", "grads[value] * slope\n    return ["),
    "02": ("(gy * b, gy * a)", "(gy * b, gy * (a + a))"),
    "02b": ("transpose(a) @ gy", "transpose(gy @ transpose(b)) @ gy"),
    "02c": ("gy * sigmoid(x)", "gy * (1.0 - sigmoid(x))"),
    "03": ("return x @ self.W + self.b", "return x @ self.W - self.b"),
    "03b": ("self.variance = keep * self.variance", "self.variance = self.variance"),
    "04": (".sum() / (2 * h)", ".sum() / h"),
    "05": ("self.v[i] / (1 - self.beta2**self.t)", "self.v[i] / (1 - self.beta2)"),
    "07": ("n.data - 0.1 * slope.data", "n.data - 0.11 * slope.data"),
    "07c": ("D(Tensor(fake.data))", "D(Tensor(0.99 * fake.data))"),
}


# What stands for the tutorial, and what waits: what hide-output and hide-input hide on the web
# until the reader has made a guess.
TAGS = {"picture", "hide-input", "hide-output"}


def run(path: Path, cwd: Path) -> subprocess.CompletedProcess:
    """As a script, anywhere but in its own folder."""
    env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error::RuntimeWarning", str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env)


def files() -> set[Path]:
    """All that lies in the tutorials' folder, but for Python's caches."""
    return {p for p in FOLDER.rglob("*") if "__pycache__" not in p.parts}


@pytest.mark.parametrize("path", [p for p in TUTORIALS if number_of(p) in QUICK], ids=lambda p: p.stem)
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
    shutil.copy(ENGINE, tmp_path)
    done = run(copy, tmp_path)
    assert done.returncode == 1 and "AssertionError" in done.stderr, done.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_has_the_shape_of_a_tutorial(path):
    text = path.read_text(encoding="utf-8")
    number = number_of(path)
    assert text.count("\n") < 250
    assert re.sub(r"\$.*?\$", "", text, flags=re.DOTALL).isascii()
    assert text.startswith(f"# %% [markdown]\n# # {number} "), "it opens with its number and title"
    assert len(re.findall(r'^# %% tags=.*"picture"', text, re.MULTILINE)) == 1, (
        "one cell draws the picture that stands for the tutorial"
    )
    assert text.count("**Predict, then run.**") >= 2
    assert "xercise" in text
    compile(text, path.name, "exec")
    for absolute in re.findall(r"""["'`(](/\w+/[\w/.]*)""", text):
        pytest.fail(f"an absolute path: {absolute}")
    cells = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)[1:]
    for kind, body in zip(cells[::2], cells[1::2], strict=True):
        assert kind in ("", " [markdown]") or set(re.findall(r'"([\w-]+)"', kind)) <= TAGS, kind
        if "markdown" in kind:
            assert all(line.startswith("#") for line in body.strip().splitlines()), body


every_tutorial = pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)


@every_tutorial
def test_is_one_idea_long(path):
    assert 300 <= minutes.words(prose(path)) <= 600


def test_words_that_are_folded_away_are_not_counted():
    fold = "<details><summary>Answer</summary>\n\nTwo losses, and a tie.\n\n</details>"
    assert minutes.words("Above 0 it *means* real.") == 5
    assert minutes.words(f"# 00 A ring\n\nWhy $a + b$?\n\n{fold}\n\nSee [the ring](00_watch_a_gan.py).") == 9
    assert minutes.words("![Eight clouds of points](images/00.png)") == 0


@every_tutorial
def test_each_exercise_has_its_answer_right_below(path):
    paragraphs = [p for p in prose(path).split("\n\n") if p.strip()]
    asked = [i for i, p in enumerate(paragraphs) if p.startswith("**Exercise")]
    assert asked
    for i in asked:
        if "(graded)" in paragraphs[i] and "tinygan.check ex" in paragraphs[i]:
            continue  # the checker has hints for it
        assert paragraphs[i + 1] == "<details><summary>Answer</summary>", paragraphs[i]
    said = re.sub(r"`[^`]*`", "", prose(path))  # without names of files
    assert said.count("xercise") == said.count("**Exercise"), "an exercise begins a paragraph"


@every_tutorial
def test_folds_have_blank_lines_around_what_they_hold(path):
    """Without them neither Jupyter nor the web reads what is inside as Markdown."""
    text = prose(path)
    folds = re.findall(r"\n\n<details><summary>[^<\n]+</summary>\n\n.+?\n\n</details>\n\n?", text, re.DOTALL)
    assert len(folds) == text.count("<details>") == text.count("</details>") > 0


@every_tutorial
def test_what_a_question_asks_is_printed_behind_a_fold(path):
    """The cell that follows "Predict, then run." hides its output, and the opening picture is folded."""
    text = path.read_text(encoding="utf-8")
    asked = [cell for cell in re.split(r"^# %%", text, flags=re.MULTILINE) if "**Predict, then run.** " in cell]
    for cell in asked:
        after = text[text.index(cell) + len(cell) :]
        assert re.match(r'# %% tags=\[.*"hide-(out|in)put"\]\n', after), cell[-200:]
    assert "<details>" in text[: text.index("![")]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_shows_the_picture_it_ends_in(path):
    first = path.read_text(encoding="utf-8").split("# %%")[1]
    shown = re.search(r"!\[(.*?)\]\((.*?)\)", first.replace("\n# ", " "), re.DOTALL)
    assert shown, "no picture in the first cell"
    alt, target = shown.groups()
    assert target == f"images/{path.stem}.png"
    assert len(alt) > 40, "the alt text says what is to be seen"
    assert (FOLDER / target).stat().st_size <= 120_000


def sections() -> dict[str, list[str]]:
    """What each tutorial adds to the engine: its functions, classes and other statements."""
    text = ENGINE.read_text(encoding="utf-8")
    heads = {i: n for i, line in enumerate(text.splitlines(), 1) for n in re.findall(r"^# -- tutorial (\w+):", line)}
    found: dict[str, list[str]] = {number: [] for number in heads.values()}
    for node in ast.parse(text).body:
        before = [number for line, number in heads.items() if line < node.lineno]
        if before:
            found[before[-1]].append(ast.get_source_segment(text, node) or "")
    return found


def test_the_engine_is_small_and_in_order():
    assert ENGINE.read_text(encoding="utf-8").count("\n") < 150
    assert list(sections()) == ["01", "02", "02b", "02c", "03", "05"]


@pytest.mark.parametrize("number", sections())
def test_the_engine_is_what_the_tutorial_writes_word_for_word(number):
    (path,) = FOLDER.glob(f"{number}_*.py")
    lesson = path.read_text(encoding="utf-8")
    for statement in sections()[number]:
        assert f"\n{statement}\n" in lesson, f"{path.name} does not say:\n{statement}"


def test_the_answer_about_the_brake_is_right():
    """Steps to within 0.01 of the goal, as 07b's answer has them."""
    text = next(FOLDER.glob("07b_*.py")).read_text(encoding="utf-8")
    names: dict = {}
    engine = compile(ENGINE.read_text(encoding="utf-8"), ENGINE.name, "exec")
    exec(engine, names)
    exec(text[text.index("def dirac_step") : text.index("theta, psi = 1.0, 0.0")], names)
    counted = []
    for gamma in (0.5, 1.0, 2.0):
        place, steps = (1.0, 0.0), 0
        while math.hypot(*place) >= 0.01:
            place, steps = names["dirac_step"](*place, 0.05, gamma=gamma), steps + 1
        counted.append(steps)
    assert "need {}, {} and {}.".format(*counted) in text


def test_the_list_names_every_tutorial():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in TUTORIALS:
        assert f"[{number_of(path)}]({path.name})" in listed, path.name
    for target in re.findall(r"\]\(([^)#]+)\)", listed):
        assert target.startswith("http") or (FOLDER / target).exists(), target
