"""The lessons as slides: ``python docs/slides.py 08`` writes ``build/slides/08_seeing_the_game.slides.html``.

They are made by nbconvert from the notebooks, with the outputs of a full run. Each section is a slide; to the right
come the sections, downwards what belongs to one: its tables and formulas, each question, the code, and only then what
it prints. The plain prose becomes the speaker's notes (press S), and so do the answers.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from pathlib import Path
from typing import Any

import lessons  # beside this file

FOLD = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
SHOWN = re.compile(r"#|\||\$\$|- |\d\. |\*\*(Predict|Exercise|Recap)|!\[")  # how a paragraph begins that is on a slide
ANSWER = "\x00"  # begins a paragraph that was folded
ASKS = re.compile(r"\*\*(Predict|Exercise)")
CODE_LINES = 24  # more than that does not fit; it is scrolled
STYLE = """<style>
.reveal { font-size: 34px; } .reveal h1 { font-size: 1.9em; } .reveal h2 { font-size: 1.5em; }
.reveal .jp-RenderedHTMLCommon { font-size: 1em; }
.reveal pre { font-size: 0.58em; line-height: 1.35; width: 100%; white-space: pre-wrap; }
.reveal .jp-InputPrompt, .reveal .jp-OutputPrompt { display: none; } .reveal img { max-height: 62vh; max-width: 100%; }
</style>"""


def slides_of(notebook: dict) -> list[dict]:
    """The cells of a lesson's notebook with nbconvert's types of slides, prose and answers turned into notes."""
    cells: list[dict] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cells += of_text(cell)
        elif not is_setup(cell):
            cells += of_code(cell)
    return cells


def of_text(cell: dict) -> list[dict]:
    """A slide for each heading and each question; the first paragraph of a section stays if nothing else does."""
    spaced = re.sub(r"^(#+ .*)$", r"\1\n", FOLD.sub(answer, cell["source"]), flags=re.MULTILINE)
    found: list[tuple[str, list[str], list[str]]] = []  # type, on the slide, in the notes
    for paragraph in (p.strip() for p in spaced.split("\n\n") if p.strip()):
        of_before = paragraph.startswith(ANSWER) and not found  # it belongs to what the cell before has shown
        kind = "notes" if of_before else "slide" if paragraph.startswith("#") else "subslide"
        if not found or found[-1][0] == "notes" or kind == "slide" or ASKS.match(paragraph):
            found.append((kind, [], []))
        found[-1][1 if SHOWN.match(paragraph) else 2].append(paragraph.removeprefix(ANSWER))
    cells = []
    for kind, shown, notes in found:
        if kind != "notes" and notes and all(p.startswith("#") for p in shown):
            shown.append(notes.pop(0))
        cells += [text("\n\n".join(shown), kind, cell.get("attachments"))] if shown else []
        cells += [text("\n\n".join(notes), "notes")] if notes else []
    return cells


def answer(fold: re.Match[str]) -> str:
    """What it holds as one paragraph; nothing of a folded picture."""
    return "" if "![" in fold[2] else f"{ANSWER}{fold[1]}: {' '.join(fold[2].split())}"


def of_code(cell: dict) -> list[dict]:
    """The code, and below it what it prints; what only draws a picture shows the picture alone."""
    tags, lines = cell["metadata"].get("tags", []), cell["source"].count("\n") + 1
    waits = "hide-output" in tags or lines > CODE_LINES // 2
    code = copy.deepcopy(cell) | {"metadata": {"slideshow": {"slide_type": "subslide"}}}
    if not cell["outputs"] or not waits:
        return [code]
    output = copy.deepcopy(cell) | {"metadata": {"slideshow": {"slide_type": "subslide"}, "tags": ["output-alone"]}}
    return [output] if "picture" in tags else [code | {"outputs": []}, output]


def is_setup(cell: dict) -> bool:
    """Whether it imports, and installs or prints nothing: no slide, and nothing to read."""
    installs = "install" in cell["metadata"].get("tags", [])
    return installs or (cell["source"].startswith(("import ", "from ")) and not cell["outputs"])


def text(source: str, kind: str, attachments: Any = None) -> dict:
    cell = {"cell_type": "markdown", "source": source, "metadata": {"slideshow": {"slide_type": kind}}}
    return cell | ({"attachments": attachments} if attachments else {})


def html(notebook: dict) -> str:
    """The slides as a page; reveal.js and MathJax come from the network when it is opened."""
    import nbformat
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    cells = slides_of(notebook)
    for number, cell in enumerate(cells):
        cell["id"] = f"slide-{number}"
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {"output-alone"}
    exporter = SlidesExporter(config=config, reveal_scroll=True, reveal_number="c/t", reveal_width="1200")
    body, _ = exporter.from_notebook_node(nbformat.from_dict({**notebook, "cells": cells}))
    return body.replace("</head>", f"{STYLE}</head>", 1)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", help="of lessons, such as 08; else all")
    parser.add_argument("--to", type=Path, default=Path("build") / "slides", help="the folder (build/slides)")
    args = parser.parse_args(argv)
    names = {source.stem.split("_")[0]: source for source in lessons.SOURCES}
    unknown = [number for number in args.numbers if number not in names]
    if unknown:
        parser.error(f"there is no lesson {unknown[0]}: {', '.join(names)}")
    args.to.mkdir(parents=True, exist_ok=True)
    for number in args.numbers or names:
        path = args.to / f"{names[number].stem}.slides.html"
        path.write_text(html(lessons.read(lessons.notebook_of(names[number]))), encoding="utf-8")
        print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
