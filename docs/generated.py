"""What the pages show of the library itself, written into docs/_generated and docs/_tutorials before each build.

So neither the table of presets nor an option of a command line can say something that the program does not do.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import house  # beside this file
import lessons
import minutes
import reading

from tinygan.compiled import compiled
from tinygan.training.build import build
from tinygan.training.config import Config, flag
from tinygan.training.presets import PRESETS, configure

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES, TUTORIALS = HERE / "_generated", HERE / "_tutorials"


def write_all() -> None:
    PAGES.mkdir(exist_ok=True)
    for name, text in {
        "presets.md": presets_table(),
        "options.md": options_table(),
        "commands.md": commands(),
        "house.md": how_it_is_built(),
        "tutorials.md": bring_tutorials(),
        "program.md": small_program(),
        "ring_program.md": ring_program(),
        "minutes.md": minutes.table(),
        "reading_hour.md": reading.table(reading.HOUR),
        "reading_afternoon.md": reading.table(reading.AFTERNOON),
        "weeks.md": minutes.course(minutes.WEEKS, graded=True),
        "weekend.md": minutes.course(minutes.WEEKEND, graded=False),
        "instructors.md": toctree([f"Instructors <{path.stem}>" for path in HERE.glob("instructors.md")]),
    }.items():
        write(PAGES / name, text)


def write(path: Path, text: str) -> None:
    """Only what is new is written: Sphinx reads a page again when a file it includes is younger."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def presets_table() -> str:
    """A row for each preset: what it is, its networks, and the options it changes."""
    rows = []
    for name, preset in PRESETS.items():
        makers = preset.networks.make_generator, preset.networks.make_discriminator
        networks = " and ".join(f"{{py:func}}`~{make.__module__}.{make.__name__}`" for make in makers)
        said = [settings(preset.options)]
        places = {"points": preset.on_points, "MNIST and its like": preset.on_real_images}
        for where, options in (*places.items(), ("images above 32 x 32", preset.on_large_images)):
            said += [f"on {where}: {settings(options)}"] if options else []
        rows.append([f"`{name}`", preset.about, networks, " and ".join(preset.fits), "; ".join(said)])
    return table(["preset", "what it is", "networks", "data", "changes"], rows)


def settings(options) -> str:
    """Options as they are written on a command line."""
    return ", ".join(f"`{spelled(flag(name), value)}`" for name, value in options.items()) or "nothing"


def spelled(option: str, value) -> str:
    if isinstance(value, bool):
        return option if value else f"--no-{option[2:]}"
    return f"{option} {value}"


def options_table() -> str:
    """A row for each option of a run, with its default."""
    rows = []
    for field in dataclasses.fields(Config):
        name, default = flag(field.name), field.default
        if isinstance(default, bool):
            name, default = f"{name}`, `--no-{name[2:]}", "yes" if default else "no"
        choices = ", ".join(field.metadata["choices"])
        about = field.metadata["help"] + (f": {choices}" if choices and choices not in field.metadata["help"] else "")
        later = "yes" if field.metadata["resumable"] else ""
        rows.append([f"`{name}`", "" if default is None else f"`{default}`", about, later])
    return table(["option", "default", "what it does", "may change on resume"], rows)


def command_lines() -> list[str]:
    """The modules of tinygan that are meant to be run: files, and packages with a __main__."""
    main = '__name__ == "__main__"'
    files = [path for path in (ROOT / "tinygan").glob("*.py") if main in path.read_text(encoding="utf-8")]
    packages = [path.parent for path in (ROOT / "tinygan").glob("*/__main__.py")]
    return sorted(path.stem for path in (*files, *packages))


def commands() -> str:
    """A section for each command line: what ``--help`` prints."""
    env = {**os.environ, "COLUMNS": "96"}
    sections = []
    for name in command_lines():
        command = [sys.executable, "-m", f"tinygan.{name}", "--help"]
        text = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=ROOT).stdout
        sections.append(f"## {name}\n\n```text\n{text}```\n")
    return "\n".join(sections)


def how_it_is_built() -> str:
    """The picture of tinygan's parts, and a row for each of them."""
    drawn = f"```{{raw}} html\n{house.picture()}\n```\n\n"
    return drawn + table(["part", "imports", "lines", "what it is"], house.table_rows())


def small_program() -> str:
    """The program that the example of explanation/compiler.md prints, from its own lines."""
    page = (HERE / "explanation" / "compiler.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(example, "explanation/compiler.md", "exec"), names)  # a function must know its file
    return f"```text\n{said.getvalue()}```\n"


def ring_program() -> str:
    """The program of the preset ring's step."""
    setup = build(configure({"preset": "ring"}))
    step = compiled(setup.game.step)
    for _ in range(3):
        step(setup.next_reals)
    (program,) = step.programs
    return f"```text\n{program}\n```\n"


def bring_tutorials() -> str:
    """Lay the tutorials, with the outputs of their full runs, where Sphinx looks; a list of what each teaches."""
    TUTORIALS.mkdir(exist_ok=True)
    cards = []
    for source in lessons.SOURCES:
        path = lessons.notebook_of(source)
        page = json.loads(path.read_text(encoding="utf-8"))
        page["cells"] = [cell for cell in page["cells"] if "install" not in cell["metadata"].get("tags", [])]
        page["cells"].insert(1, {"cell_type": "markdown", "id": "doors", "metadata": {}, "source": doors(path.stem)})
        keep_drawn(page, lessons.number_of(source))
        describe_pictures(page)
        write(TUTORIALS / path.name, json.dumps(page, indent=1))
        cards.append(card(source))
    known = {path.stem for path in lessons.SOURCES}
    for old in TUTORIALS.iterdir():  # of tutorials that have another name now, and of other ways to bring them here
        if old.is_dir():
            shutil.rmtree(old)
        elif old.stem not in known:
            old.unlink()
    gallery = "\n".join(["````{grid} 1 2 2 3", ":gutter: 3", "", *cards, "````", ""])
    return gallery + toctree([f"_tutorials/{path.stem}" for path in lessons.SOURCES])


def card(source: Path) -> str:
    """A tutorial's title, its picture and what one can do after it."""
    thumbnails = PAGES / "thumbnails"
    thumbnails.mkdir(exist_ok=True)
    picture = f"{source.stem}.png"
    shutil.copy2(source.parent / "images" / picture, thumbnails / picture)
    text = source.read_text(encoding="utf-8")
    title = re.search(r"^# # (.*)", text, re.MULTILINE)[1]
    options = [f":link: _tutorials/{source.stem}", ":link-type: doc", f":img-top: _generated/thumbnails/{picture}"]
    return "\n".join(
        [
            f"```{{grid-item-card}} {title}",
            *options,
            ":img-alt: ",
            ":class-card: lesson",
            "",
            first_sentence(text),
            "```",
            "",
        ]
    )


def keep_drawn(page: dict, number: str) -> None:
    """Lay what a tutorial's cells draw where the Chinese pages show it, such as drawn/08-1.png."""
    folder = PAGES / "drawn"
    folder.mkdir(exist_ok=True)
    outputs = [output.get("data", {}) for cell in page["cells"] for output in cell.get("outputs", [])]
    for place, data in enumerate((data for data in outputs if "image/png" in data), start=1):
        (folder / f"{number}-{place}.png").write_bytes(base64.b64decode("".join(data["image/png"])))


def doors(name: str) -> str:
    """Where a tutorial can be had and run."""
    repository = lessons.REPOSITORY
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{repository}/main?labpath=notebooks/{name}.ipynb"
    files = f"{{download}}`notebook <../../notebooks/{name}.ipynb>`, {{download}}`script <../../tutorials/{name}.py>`"
    return f"Download: {files}. Run it in your browser: [Colab]({colab}), [Binder]({binder})."


def describe_pictures(page: dict) -> None:
    """Every picture of a page has a description, and a file: pictures of the text are attached to the notebook.

    The opening picture's goes with the cell that draws it; what other cells draw is called after their section.
    """
    text = "".join(page["cells"][0]["source"])
    opening = re.search(r"!\[(.*?)\]\(", text, re.DOTALL)
    heading = re.findall(r"^# (.*)", text, re.MULTILINE)[0]
    for cell in page["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for alt in re.findall(r"!\[(.*?)\]", source, re.DOTALL):
                source = source.replace(alt, " ".join(alt.split()))
            cell["source"] = source.replace("](attachment:", "](../_generated/thumbnails/")
            cell.pop("attachments", None)
            heading = (re.findall(r"^#+ (.*)", source, re.MULTILINE) or [heading])[-1]
            continue
        drawn = opening and "picture" in cell["metadata"].get("tags", [])
        alt = " ".join(opening[1].split()) if drawn else f"What this cell draws, in the section: {heading}"
        cell["metadata"].setdefault("mystnb", {})["image"] = {"alt": alt}


def toctree(pages: list[str]) -> str:
    """The pages' place in the navigation; nothing, without a warning, where there are none."""
    return "\n".join(["", "```{toctree}", ":hidden:", "", *pages, "```", ""]) if pages else "\n"


def first_sentence(text: str) -> str:
    """Of a percent file: the first paragraph below its title."""
    prose = re.split(r"^# %%", text, flags=re.MULTILINE)[1].splitlines()[1:]
    paragraphs = "\n".join(line.removeprefix("#").strip() for line in prose).split("\n\n")
    return next((" ".join(p.split()) for p in paragraphs if p.strip() and not p.lstrip().startswith(("#", "!"))), "")
