"""The lessons as slides: every question stands before what answers it, and nothing folded is shown."""

from __future__ import annotations

import lessons
import pytest
import slides

every_lesson = pytest.mark.parametrize("source", lessons.SOURCES, ids=lambda path: path.stem)


def of(source) -> list[tuple[str, dict]]:
    cells = slides.slides_of(lessons.read(lessons.notebook_of(source)))
    return [(cell["metadata"]["slideshow"]["slide_type"], cell) for cell in cells]


@every_lesson
def test_each_section_is_a_slide_and_no_answer_is_on_one(source):
    found = of(source)
    heads = [cell["source"] for kind, cell in found if kind == "slide"]
    assert len(heads) >= 3 and all(head.startswith("#") for head in heads)
    shown = [cell["source"] for kind, cell in found if kind != "notes" and cell["cell_type"] == "markdown"]
    assert all("<details>" not in text and "</details>" not in text for text in shown)
    assert all(len(text.replace("|", "").split()) < 120 for text in shown), "too much for a slide"


@every_lesson
def test_code_comes_before_its_output_and_imports_are_left_out(source):
    found = of(source)
    assert found[1][0] == "skip" or not found[1][1]["source"].startswith("import")
    code = [cell for kind, cell in found if cell["cell_type"] == "code" and kind != "skip"]
    for cell, after in zip(code, code[1:], strict=False):
        if after["metadata"].get("tags") == ["output-alone"] and after["source"] == cell["source"]:
            assert not cell["outputs"] and after["outputs"]
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])


def test_answers_become_notes_without_what_is_behind_the_picture():
    source = "# 00 A\n\nWhat for.\n\nMore.\n\n<details><summary>The picture</summary>\n\n![a](b)\n\n</details>\n\n"
    source += "**Exercise.** Why?\n\n<details><summary>Answer</summary>\n\nSo.\n\n</details>"
    cells = slides.of_text({"cell_type": "markdown", "source": source, "metadata": {}})
    kinds = [(cell["metadata"]["slideshow"]["slide_type"], cell["source"]) for cell in cells]
    assert kinds == [
        ("slide", "# 00 A\n\nWhat for."),
        ("notes", "More."),
        ("subslide", "**Exercise.** Why?"),
        ("notes", "Answer: So."),
    ]
    cells = slides.of_text(
        {
            "cell_type": "markdown",
            "source": "<details><summary>Why</summary>\n\nSo.\n\n</details>\n\n## B\n**Predict, then run.** C?",
        }
    )
    kinds = [(cell["metadata"]["slideshow"]["slide_type"], cell["source"]) for cell in cells]
    assert kinds == [("notes", "Why: So."), ("slide", "## B"), ("subslide", "**Predict, then run.** C?")]


def test_an_unknown_lesson_is_named(capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        slides.main(["99", "--to", str(tmp_path)])
    assert stopped.value.code == 2 and "there is no lesson 99" in capsys.readouterr().err


def test_nbconvert_makes_a_page_of_them(tmp_path):
    pytest.importorskip("nbconvert", reason="the package nbconvert is not installed")
    slides.main(["04", "--to", str(tmp_path)])
    page = (tmp_path / "04_how_do_you_know.slides.html").read_text(encoding="utf-8")
    assert page.count("<section") > 20 and 'class="notes"' in page
