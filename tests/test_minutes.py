"""The syllabus: its minutes come from the lessons, and its points add up."""

from __future__ import annotations

import re
from pathlib import Path

import lessons
import minutes

from tinygan.check.engine import HOME, exercises

DOCS = Path(lessons.__file__).parent
NUMBERS = [source.stem.split("_")[0] for source in lessons.SOURCES]


def test_every_lesson_has_its_row_and_its_week():
    rows = re.findall(r"^\| (\d\d\w?) \|(.*)\|$", minutes.table(), re.MULTILINE)
    assert [number for number, _ in rows] == NUMBERS
    for _, cells in rows:
        reading, asked, graded, total = (int(cell) for cell in cells.split("|"))
        assert reading >= 5 and reading + asked + graded == total
    weeks = minutes.course(minutes.WEEKS, graded=True)
    assert re.findall(r"\b\d\d\w?\b(?=,| \|)", weeks) == NUMBERS
    hours = [float(hour) for hour in re.findall(r"([\d.]+) \|$", weeks, re.MULTILINE)]
    assert abs(60 * sum(hours) - sum(sum(time) for time in minutes.times().values())) < 3 * len(hours) + 1


def test_each_graded_exercise_counts_once():
    points = sum(exercise.out_of for exercise in exercises(HOME, HOME / "source")[1])
    graded = sum(time.graded for time in minutes.times().values())
    assert abs(graded - minutes.POINT * points) <= 2.5 * len(NUMBERS)


def test_the_points_of_the_syllabus_add_up():
    text = (DOCS / "syllabus.md").read_text(encoding="utf-8")
    of = {exercise.name: exercise.out_of for exercise in exercises(HOME, HOME / "source")[1]}
    sums, named = [0, 0, 0, 0], []
    for row in re.findall(r"^\| \d [^|]*\|(.*)\|$", text, re.MULTILINE):
        cells = [int((re.findall(r"\d+$", cell.strip()) or [0])[0]) for cell in row.split("|")]
        here = re.findall(r"ex\d\d", row)
        assert cells[0] == sum(of[name] for name in here) and sum(cells[:3]) == cells[3], row
        sums, named = [a + b for a, b in zip(sums, cells, strict=True)], named + here
    assert sorted(named) == sorted(of) and sums == [42, 20, 38, 100]
    assert "| | 42 | 20 | 38 | 100 |" in text


def test_the_quiz_has_twenty_questions_with_reasons():
    text = (DOCS / "quiz.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\*\*(\d+)\.\*\* (.*?)\n\n<details>(.*?)</details>", text, re.MULTILINE | re.DOTALL)
    assert [int(number) for number, *_ in asked] == list(range(1, 21))
    for number, question, answer in asked:
        assert all(f"({letter})" in question for letter in "abc"), number
        assert re.search(r"\n\n\([abc]\)", answer) and len(answer) > 80, number
        for lesson in re.findall(r"\d\d\w?(?=,|\.$|\.\n)", answer.split("See")[-1]) if "See" in answer else []:
            assert lesson[:2] in {name[:2] for name in NUMBERS}, number
