"""The notebooks: the tutorials' twins, with the outputs of a full run, which the text tells truly."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from pathlib import Path
from types import SimpleNamespace

import lessons
import numpy as np
import pytest
from said import SAID, SAID_IN_WORDS  # beside this file

every_tutorial = pytest.mark.parametrize("source", lessons.SOURCES, ids=lambda path: path.stem)


def stored(source: Path) -> dict:
    return lessons.read(lessons.notebook_of(source))


def cells(notebook: dict) -> list[tuple]:
    return [(cell["cell_type"], cell["source"], cell["metadata"].get("tags", [])) for cell in notebook["cells"]]


def printed(notebook: dict) -> str:
    """What the cells print, and their last values."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join(output["text"] for output in outputs if output["output_type"] in ("stream", "execute_result"))


@every_tutorial
def test_the_outputs_belong_to_the_source(source):
    assert lessons.is_current(source), f"{source.name} has changed: run python docs/lessons.py, and look at it"


@every_tutorial
def test_the_notebook_is_the_twin_of_the_script(source):
    pytest.importorskip("jupytext", reason="the package jupytext is not installed")
    assert cells(stored(source)) == cells(lessons.twin(source))
    _, source, tags = cells(stored(source))[1]
    assert tags == ["install"] and lessons.REPOSITORY in source


@every_tutorial
def test_what_the_pages_fold_is_folded_in_jupyter_too(source):
    code = [cell["metadata"] for cell in stored(source)["cells"] if cell["cell_type"] == "code"]
    for metadata in code:
        tags, folds = metadata.get("tags", []), metadata.get("jupyter", {})
        assert folds.get("outputs_hidden", False) == ("hide-output" in tags), "run docs/lessons.py"
        assert folds.get("source_hidden", False) == ("hide-input" in tags)
    assert any("jupyter" in metadata for metadata in code)


def test_a_twin_folds_what_its_tags_say(tmp_path, monkeypatch):
    pytest.importorskip("jupytext", reason="the package jupytext is not installed")
    source = tmp_path / "00_one.py"
    tags = ["", ' tags=["hide-output"]', ' tags=["picture", "hide-input"]', ' tags=["hide-input", "hide-output"]']
    source.write_text("".join(f"# %%{each}\nprint({i})\n\n" for i, each in enumerate(tags)), encoding="utf-8")
    folds = [cell.metadata.get("jupyter") for cell in lessons.twin(source).cells if cell.source.startswith("print")]
    both = {"outputs_hidden": True, "source_hidden": True}
    assert folds == [None, {"outputs_hidden": True}, {"source_hidden": True}, both]


def test_a_notebook_brings_the_engine_that_was_written_before_it():
    importing = [source for source in lessons.SOURCES if "my_engine" in source.read_text(encoding="utf-8")]
    assert [lessons.number_of(source) for source in importing] == ["02", "02b", "02c", "03", "05", "07", "07b", "07c"]
    for source in importing:
        _, written, tags = cells(stored(source))[2]
        assert "engine" in tags and written.startswith(f"%%writefile {lessons.ENGINE.name}\n")
        sections = re.findall(r"^# -- tutorial (\w+):", written, re.MULTILINE)
        assert sections and all(each < lessons.number_of(source) for each in sections)
    assert written.removeprefix("%%writefile my_engine.py\n") == lessons.ENGINE.read_text(encoding="utf-8").rstrip()


@every_tutorial
def test_it_was_run_in_full_and_shows_its_picture(source):
    code = [cell for cell in stored(source)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    (drawn,) = [cell for cell in code if "picture" in cell["metadata"].get("tags", [])]
    assert any("image/png" in output.get("data", {}) for output in drawn["outputs"])
    assert lessons.notebook_of(source).stat().st_size < 1_000_000
    assert not re.search(r"/(root|home|Users|tmp)/", printed(stored(source))), "a path of a machine"


def test_a_sound_is_kept_with_half_of_its_samples():
    """Of 22,050 samples a second: what has no frequency above 4,000 Hz is in 11,025 of them as well."""
    sine, file = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050), io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 22_050, 0, "NONE", ""))
        sound.writeframes(np.round(30_000 * sine).astype("<i2").tobytes())
    with wave.open(io.BytesIO(lessons.wav(file.getvalue())), "rb") as sound:
        assert (sound.getframerate(), sound.getnframes(), sound.getsampwidth()) == (11_025, 11_025, 2)
        kept = np.frombuffer(sound.readframes(11_025), "<i2")
    assert np.argmax(np.abs(np.fft.rfft(kept))) == 440
    page = '<source src="data:audio/wav;base64,{}" type="audio/wav" />'
    small = {"data": {"text/html": page.format(base64.b64encode(lessons.wav(file.getvalue())).decode())}}
    whole = {"data": {"text/html": page.format(base64.b64encode(file.getvalue()).decode())}}
    assert lessons.smaller(SimpleNamespace(**whole, get=whole.get)).data == small["data"]


def test_the_stored_sound_is_small():
    (source,) = [path for path in lessons.SOURCES if lessons.number_of(path) == "19"]
    outputs = [output for cell in stored(source)["cells"] for output in cell.get("outputs", [])]
    (page,) = [html for each in outputs if "<audio" in (html := "".join(each.get("data", {}).get("text/html", "")))]
    assert len(page) < 140_000
    with wave.open(io.BytesIO(base64.b64decode(page.split("base64,")[1].split('"')[0])), "rb") as sound:
        assert sound.getframerate() == 11_025
        assert sound.getnframes() / 11_025 == pytest.approx(32 * 15 / 110, abs=1e-3)  # two bars


def test_there_is_a_notebook_for_each_tutorial_and_no_other():
    names = {path.stem for path in lessons.FOLDER.glob("*.ipynb")}
    assert names == {path.stem for path in lessons.SOURCES}


@pytest.mark.slow
@pytest.mark.parametrize("number", ["01", "04", "06"])
def test_running_it_again_prints_the_same(number):
    for package in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(package, reason=f"the package {package} is not installed")
    (source,) = [path for path in lessons.SOURCES if lessons.number_of(path) == number]
    once, again = printed(stored(source)), printed(lessons.plain(json.loads(json.dumps(lessons.run(source)))))
    assert NUMBER.sub("#", once) == NUMBER.sub("#", again)
    for a, b in zip(NUMBER.findall(once), NUMBER.findall(again), strict=True):
        assert value(a) == pytest.approx(value(b), rel=1e-2, abs=1e-6), f"{a} was printed, now {b}"


# -- the numbers in the text ---------------------------------------------------------------------------------

# What is answered to an exercise comes from runs of the reader's own, not from this one.
ANSWER = re.compile(r"<details><summary>Answer</summary>.*?</details>", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


def value(number: str) -> float:
    return float(number.rstrip(",").replace(",", ""))


def told(notebook: dict) -> list[str]:
    """The numbers that the text says in figures: neither those of formulas and code, nor those that count lessons."""
    texts = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    texts[0] = re.sub(r"!\[.*?\]\(.*?\)", "", texts[0].split("\n", 1)[1], flags=re.DOTALL)
    texts = [ANSWER.sub("", text) for text in texts]
    plain = re.sub(r"\$.*?\$|```.*?```|`.*?`|\]\(.*?\)", " ", "\n".join(texts), flags=re.DOTALL)
    plain = re.sub(r"\b[Tt]utorials? \d\d(,? (and|to) \d\d)*|\b0\d[bc]?\b|\(\d\d\)|\b(19|20)\d\d\b", " ", plain)
    return [number.rstrip(",.") for number in NUMBER.findall(plain)]


def is_said(number: str, known: list[float], percent: list[float]) -> bool:
    """Whether a number of the text is one of those, to as many places as it gives."""
    places = len(number.partition(".")[2])
    near = 0.5 * 10.0**-places * (1 + 1e-9)
    return any(abs(value(number) - each) <= near for each in [*known, *percent])


@every_tutorial
def test_the_numbers_in_the_text_are_those_of_the_run(source):
    notebook = stored(source)
    brought = {"install", "engine"}
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = "\n".join(cell["source"] for cell in codes if not brought & set(cell["metadata"].get("tags", [])))
    known = [value(number) for number in NUMBER.findall(code + "\n" + printed(notebook))]
    percent = [100 * each for each in known if each < 1]
    otherwise = SAID.get(lessons.number_of(source), {})
    numbers = told(notebook)
    assert set(otherwise) <= set(numbers), "the text does not say that number any more"
    for number, origin in otherwise.items():
        assert isinstance(origin, str) or is_said(number, [origin], []), f"the text says {number}, and it is {origin}"
    missing = [number for number in numbers if number not in otherwise and not is_said(number, known, percent)]
    assert not missing, f"the text of {source.name} says {missing}, which the run does not print"


# -- the numbers that it says in words -----------------------------------------------------------------------

WORDS = {w: i for i, w in enumerate("two three four five six seven eight nine ten eleven twelve".split(), 2)}
ANY = "|".join(WORDS)
COUNTED = "clouds|clusters|modes|spots|winners"
# "six of them", "two clouds of eight", "five of six"; "all eight modes", "three clusters"
IN_WORDS = re.compile(
    rf"\b({ANY})(?: [a-z]+)? of (?:the |its )?({ANY}|them)\b|\b({ANY})(?: [a-z]+)? (?:{COUNTED})\b", re.IGNORECASE
)


def said_in_words(notebook: dict) -> dict[str, tuple[int, ...]]:
    """What the text, and those of its pictures, say in words of how many there are: (n,), or (n, of how many)."""
    texts = [ANSWER.sub("", cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    plain = re.sub(r"\$.*?\$|```.*?```|`.*?`|\]\(.*?\)", " ", "\n".join(texts), flags=re.DOTALL)
    found = IN_WORDS.finditer(" ".join(plain.split()))
    return {m[0]: tuple(WORDS[w.lower()] for w in m.groups() if w and w.lower() in WORDS) for m in found}


def is_printed(numbers: tuple[int, ...], output: str) -> bool:
    """Whether a run says so: "3 of 8"; for "three", 3 of any or 3 modes; for "five of six", 83 % of something."""
    pairs = [(int(n), int(m)) for n, m in re.findall(r"(?<![\w.,])(\d+) of (\d+)\b", output)]
    if len(numbers) == 2:
        shares = [float(percent) for percent in re.findall(r"([\d.]+) ?%", output)]
        wanted = 100 * numbers[0] / numbers[1]
        return numbers in pairs or any(min(abs(p - wanted), abs(100 - p - wanted)) < 3 for p in shares)
    counts = {n for pair in pairs for n in pair} | {int(n) for n in re.findall(r"\b(\d+) (?:modes|Gaussians)", output)}
    return numbers[0] in counts


@every_tutorial
def test_what_the_text_says_in_words_is_what_the_run_prints(source):
    notebook = stored(source)
    phrases, otherwise = said_in_words(notebook), SAID_IN_WORDS.get(lessons.number_of(source), {})
    assert set(otherwise) <= set(phrases), "the text does not say that any more"
    for phrase, origin in otherwise.items():
        assert isinstance(origin, str) or phrases[phrase] == origin, f"the text says {phrase!r}, and it is {origin}"
    output = printed(notebook)
    missing = [each for each in phrases if each not in otherwise and not is_printed(phrases[each], output)]
    assert not missing, f"the text of {source.name} says {missing}, which the run does not print"


def test_number_words_are_found_and_can_be_wrong():
    texts = (
        "It went to six of them.",
        "It finds three of eight modes, on two blue clusters.",
        "Two losses; `five of six`.",
    )
    notebook = {"cells": [{"cell_type": "markdown", "source": text} for text in texts]}
    assert said_in_words(notebook) == {"six of them": (6,), "three of eight": (3, 8), "two blue clusters": (2,)}
    output = "3 of 8 modes, 17.2% good, 10.6 of 12"
    for numbers, right in (
        ((3, 8), True),
        ((2, 8), False),
        ((5, 6), True),
        ((4, 6), False),
        ((3,), True),
        ((6,), False),
    ):
        assert is_printed(numbers, output) == right
