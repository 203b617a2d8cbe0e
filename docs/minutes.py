"""How long the lessons take, estimated from their sources, and the two courses made of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import lessons  # beside this file
import slides

from tinygan.check.engine import HOME, exercises

# A student's pace: words and lines of code read in a minute, minutes for a question, an exercise, and a graded point.
WORDS, LINES, QUESTION, EXERCISE, POINT = 130, 12, 2, 15, 10
# Minutes that the long ones run on a laptop's core.
RUNNING = {"00": 1, "08": 1, "10": 3, "11": 2, "12": 1, "14": 5, "15": 1, "16": 4, "17": 3, "18": 2, "19": 1, "20": 2}

# The lessons of each part; 02 stands for 02b, too.
WEEKS = {
    "1 An engine": "00 01 02",
    "2 Layers and steps": "03 04 05",
    "3 The game": "06 07 08",
    "4 Pictures, and runs": "09 10 11",
    "5 Judging": "12 13 14 15",
    "6 Applications": "16 17 18 19 20",
}
WEEKEND = {
    "Saturday morning": "00 01",
    "Saturday afternoon": "06 07 08",
    "Sunday morning": "10 12",
    "Sunday afternoon": "16 17",
}

MARKUP = re.compile(r"</?\w[^>]*>|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)")  # tags, pictures, where links lead


def words(prose: str) -> int:
    """What a student cannot but read: answers, hints and whatever else is folded away do not count."""
    return sum(bool(re.search(r"\w", word)) for word in MARKUP.sub("", slides.FOLD.sub("", prose)).split())


class Time(NamedTuple):
    """Minutes for one lesson."""

    reading: int
    exercises: int
    graded: int


def of(source: Path, points: dict[str, float]) -> Time:
    """Of a lesson whose graded exercises are worth these points."""
    notebook = lessons.read(lessons.notebook_of(source))
    text = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and not slides.is_setup(cell)]
    lines = sum(cell["source"].count("\n") + 1 for cell in code)
    questions, asked = (
        text.count("**Predict, then run.**"),
        len(re.findall(r"^\*\*Exercises?[.\*]", text, re.MULTILINE)),
    )
    graded = len(re.findall(r"^\*\*Exercises?\*\* \(graded\)", text, re.MULTILINE))
    number = source.stem.split("_")[0]
    reading = len(text.split()) / WORDS + lines / LINES + QUESTION * questions + RUNNING.get(number, 0)
    return Time(five(reading), EXERCISE * (asked - graded), five(POINT * sum(points.values())))


def five(minutes: float) -> int:
    """Rounded to five: it is an estimate."""
    return 5 * max(1, round(minutes / 5)) if minutes else 0


def times() -> dict[str, Time]:
    """Of each lesson. A graded exercise counts where it is named first."""
    left = {exercise.name: exercise.out_of for exercise in exercises(HOME, HOME / "source")[1]}
    found = {}
    for source in lessons.SOURCES:
        named = re.findall(r"\b(ex\d\d)\b", source.read_text(encoding="utf-8"))
        points = {name: left.pop(name) for name in dict.fromkeys(named) if name in left}
        found[source.stem.split("_")[0]] = of(source, points)
    return found


def table() -> str:
    rows = [f"| {number} | {t.reading} | {t.exercises} | {t.graded} | {sum(t)} |" for number, t in times().items()]
    return "\n".join(
        ["| lesson | read and run | exercises | graded | in all |", "|---|---:|---:|---:|---:|", *rows, ""]
    )


def course(parts: dict[str, str], graded: bool) -> str:
    """A row for each part: its lessons, and hours; without what is graded, half of the other exercises."""
    known, rows = times(), []
    for part, numbers in parts.items():
        here = [number for number in known if number[:2] in numbers.split()]
        spent = [known[number] for number in here]
        minutes = sum(sum(t) if graded else t.reading + t.exercises / 2 for t in spent)
        rows.append(f"| {part} | {', '.join(here)} | {minutes / 60:.1f} |")
    return "\n".join(["| | lessons | hours |", "|---|---|---:|", *rows, ""])
