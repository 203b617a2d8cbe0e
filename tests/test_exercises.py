"""Each exercise of tutorials/exercises proves itself: the solution passes, the stub does not, mistakes are named."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tinygan.check import check
from tinygan.check.engine import HOME, attempt, exercises
from tinygan.check.exam import alone

# An instructor's folder (docs/instructors.md), or the twelve of this repository.
FOLDER = Path(os.environ.get("TINYGAN_EXERCISES", HOME))
ours = pytest.mark.skipif(FOLDER != HOME, reason="this is about the twelve of the repository")
EXERCISES = {exercise.name: exercise for exercise in exercises(FOLDER, FOLDER / "source")[1]}
spec = importlib.util.spec_from_file_location("make_stubs", FOLDER / "make_stubs.py")
make_stubs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_stubs)


def one_line(text: object) -> str:
    return " ".join(str(text).split())


@pytest.fixture(scope="module")
def solutions(tmp_path_factory):
    """The names defined by each file that a perfect student hands in."""
    folder, found = tmp_path_factory.mktemp("solutions"), {}
    for name, exercise in EXERCISES.items():
        path = folder / exercise.path.name
        path.write_text(make_stubs.solution(exercise.path.read_text()))
        assert attempt(exercise, exercise.spec)  # has the engine import its kernels, which a submission may not
        found[name] = alone(runpy.run_path, str(path))
    return found


MISTAKES = [
    pytest.param(name, function, sentence, id=f"{name}-{function}-{i}")
    for name, exercise in EXERCISES.items()
    for function, wrong in exercise.spec["MISTAKES"].items()
    for i, sentence in enumerate(wrong)
]


@ours
def test_there_are_twelve_of_forty_two_points():
    assert list(EXERCISES) == [f"ex{i:02}" for i in range(1, 13)]
    assert sum(exercise.out_of for exercise in EXERCISES.values()) == 42


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes(name, seed, solutions):
    result = attempt(EXERCISES[name], solutions[name], seed)
    assert result, str(result)
    assert result.points == result.out_of == EXERCISES[name].out_of


@pytest.mark.parametrize("name", EXERCISES)
def test_the_stub_is_up_to_date_and_not_attempted(name):
    path = FOLDER / EXERCISES[name].path.name
    assert path.read_text() == make_stubs.stub(EXERCISES[name].path.read_text()), "run make_stubs.py"
    result = attempt(EXERCISES[name], alone(runpy.run_path, str(path)))
    assert (result.status, result.points) == ("NOT ATTEMPTED", 0)


@pytest.mark.parametrize("name, function, sentence", MISTAKES)
def test_each_known_mistake_fails_with_its_own_sentence(name, function, sentence, solutions):
    wrong = EXERCISES[name].spec["MISTAKES"][function][sentence]
    # a student's function has the stub's arguments; those of a table of mistakes need not
    stand_in = lambda *args: wrong(*args)
    stand_in.__signature__ = __import__("inspect").signature(solutions[name][function])
    result = attempt(EXERCISES[name], {**solutions[name], function: stand_in}, seed=3)
    points = EXERCISES[name].points  # those of the other functions, which are right
    assert result.status == "FAIL" and result.points == sum(points.values()) - points.get(function, 0)
    assert f"likely: {sentence}" in one_line(result), str(result)
    others = [other for other in EXERCISES[name].spec["MISTAKES"][function] if other != sentence]
    assert not [other for other in others if other in one_line(result)]
    assert all(len(line) <= 80 for line in str(result).splitlines()) and str(result).isascii()


@pytest.mark.parametrize("name", EXERCISES)
def test_what_an_exercise_is_made_of(name):
    assert_well_made(EXERCISES[name])


def assert_well_made(exercise):
    name = exercise.name
    assert exercise.path.name.startswith(name) and exercise.spec["__doc__"].startswith(f"{name} ")
    assert len(exercise.spec["__doc__"].splitlines()[0]) <= 46
    assert 2 <= len(exercise.spec["HINTS"]) <= 3
    stub = make_stubs.stub(exercise.path.read_text())
    unwritten = re.findall(r"^def (\w+)\((?:(?!^def ).)*?raise NotImplementedError", stub, re.M | re.S)
    assert list(exercise.spec["MISTAKES"]) == unwritten, "MISTAKES lists what a student writes, in order"
    assert sum(map(len, exercise.spec["MISTAKES"].values())) >= 3
    assert "SOLUTION" not in stub and "tinygan" not in stub and max(map(len, stub.splitlines())) <= 120


@ours
@pytest.mark.parametrize("name", EXERCISES)
def test_three_hints_lead_from_a_nudge_to_nearly_the_line(name):
    """In a terminal and in a notebook; the last one has code, or the formula, of the solution."""
    hints = [check(name, hint=number, folder=HOME) for number in (1, 2, 3)]
    assert [hint.split(":")[0] for hint in hints] == [f"hint {number} of 3" for number in (1, 2, 3)]
    assert re.search(r"\w[(\[]| [+@*/=]=? ", hints[2]), "the last hint is nearly the line"
    assert all(20 < len(hint) < 260 for hint in hints)


@ours
def test_a_class_copy_has_no_solutions_and_checks_as_well(tmp_path, solutions):
    make_stubs.main(tmp_path)
    copy = {exercise.name: exercise for exercise in exercises(tmp_path)[1]}
    assert list(copy) == list(EXERCISES) and copy["ex05"].path.is_relative_to(tmp_path)
    for name in copy:
        assert "# BEGIN SOLUTION" not in copy[name].path.read_text()
        assert attempt(copy[name], solutions[name]), name


@ours
def test_stubs_do_not_overwrite_a_students_work(tmp_path, capsys):
    mine = tmp_path / "ex05_dense.py"
    mine.write_text("# my work\n")
    make_stubs.main(tmp_path)
    assert mine.read_text() == "# my work\n" and "left as it is" in capsys.readouterr().out
    assert (tmp_path / "ex06_adam.py").exists()


@ours
@pytest.mark.parametrize(
    "marker, mistyped",
    [
        ("# END SOLUTION", "# END  SOLUTION"),
        ("# BEGIN SOLUTION", "# BEGIN SOLUTIONS"),
        ("# BEGIN SPEC", "# BEGIN SPECS"),
    ],
)
def test_a_mistyped_marker_gives_no_solution_away(tmp_path, monkeypatch, marker, mistyped):
    text = EXERCISES["ex04"].path.read_text().replace(marker, mistyped, 1)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "ex04_bce.py").write_text(text)
    monkeypatch.setattr(make_stubs, "HERE", tmp_path)
    with pytest.raises(SystemExit, match="ex04_bce.py would give its solution away, so nothing is written"):
        make_stubs.main(tmp_path / "class")
    assert not (tmp_path / "class").exists()


@ours
def test_the_adjoint_of_ex10_against_ex08(solutions):
    """<conv2d(a, w), b> = <a, conv_transpose2d(b, w)>, by the two solutions."""
    rng = np.random.default_rng(0)
    b, w = rng.normal(size=(2, 3, 5, 2)), rng.normal(size=(3, 2, 3, 2))
    up = solutions["ex10"]["conv_transpose2d"](b, w, 2, 1)
    a = rng.normal(size=up.shape)
    down = solutions["ex08"]["conv2d"](a, w, 2, 1)
    np.testing.assert_allclose(np.sum(down * b), np.sum(a * up))


def test_a_spec_without_a_part_is_told_in_a_sentence(tmp_path):
    (tmp_path / "ex13_new.py").write_text(textwrap.dedent('"""ex13 New."""\nPOINTS = 1\n'))
    with pytest.raises(ValueError, match="ex13_new.py lacks HINTS, MISTAKES, check"):
        exercises(tmp_path, tmp_path)


def test_the_exercise_of_the_instructors_guide(tmp_path):
    """It passes the tests that the guide names, and those above."""
    guide = (HOME.parents[1] / "docs" / "instructors.md").read_text()
    (source,) = re.findall(r'```\n("""ex13.*?)```', guide, re.S)
    (tmp_path / "ex13_tanh.py").write_text(source)
    (new,) = exercises(tmp_path, tmp_path)[1]
    assert_well_made(new)
    assert attempt(new, new.spec).points == 1 and "raise NotImplementedError" in make_stubs.stub(source)
    for sentence, wrong in new.spec["MISTAKES"]["backward"].items():
        assert f"likely: {sentence}" in one_line(attempt(new, {"backward": wrong}))
