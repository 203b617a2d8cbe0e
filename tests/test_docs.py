"""What the documentation says is so: its code runs, its names, options, links and pictures exist."""

from __future__ import annotations

import doctest
import functools
import importlib
import re
from pathlib import Path

import generated
import house
import lessons
import pytest
from test_architecture import PACKAGE, imported_parts

from tinygan.gan import health

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not path.relative_to(DOCS).parts[0].startswith("_"))
TEXT = {path: path.read_text(encoding="utf-8") for path in PAGES}
PUBLIC = [
    *("tinygan", "tinygan.autograd", "tinygan.autograd.ops", "tinygan.backend", "tinygan.nn", "tinygan.data"),
    *("tinygan.metrics", "tinygan.plot", "tinygan.evaluation", "tinygan.classifier", "tinygan.testing"),
    *("tinygan.compiled", "tinygan.formats", "tinygan.live"),
]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())


# -- code ----------------------------------------------------------------------------------------------


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """The working folder of somebody who follows a page, with the pictures and the run that it speaks of."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", TEXT[page], re.MULTILINE | re.DOTALL)


TRANSLATED = {page: page.stem for page in PAGES if page.parent.name == "zh" and page.stem[0].isdigit()}
RUNNABLE = [page for page in PAGES if blocks(page) and page not in TRANSLATED]  # the notebooks ran their code


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_python_blocks_run_one_after_the_other(page, empty_folder, capsys):
    from cli import call, train

    if page.name == "use_samples.md":  # its first commands, shortened
        train("--steps", 2, "--outdir", "demo")
        assert call("sample", "demo/00000-mlp-digits-ns", "--n", 1000, "--out", "samples.npz").status == 0
    if page.name == "export.md":
        for package in ("onnx", "onnxruntime", "safetensors"):
            pytest.importorskip(package, reason=f"the package {package} is not installed")
        train("--steps", 2, "--outdir", "demo")
        for to in ("onnx", "safetensors"):
            run = call("export", "demo/00000-mlp-digits-ns", "--to", to, "--out", f"generator.{to}")
            assert run.status == 0, run.err
    if page.name == "clinic.md":
        train("--preset", "ring", "--steps", 2, "--log-interval", 1)
    from tinygan.formats import onnx_rules
    from tinygan.gan import losses
    from tinygan.training import presets

    tables = presets.PRESETS, losses.LOSSES, onnx_rules.ELEMENTWISE
    known = [dict(table) for table in tables]
    names: dict = {"__name__": "page"}
    try:
        for code in blocks(page):
            if "import torch" in code:
                pytest.importorskip("torch")
            short = code.replace("range(200)", "range(5)").replace('tg.Run("ring")', 'tg.Run("ring", steps=5)')
            exec(compile(short, str(page), "exec"), names)
            printed = capsys.readouterr().out
            for value in re.findall(r"print\(.*\)  # (True|False|[\d. ]+)$", code, re.MULTILINE):
                assert value in printed, f"{value} was promised, {printed} was printed"
    finally:
        for table, former in zip(tables, known, strict=True):
            table.clear()
            table.update(former)


def with_examples() -> list[str]:
    files = [path for path in (ROOT / "tinygan").rglob("*.py") if ">>>" in path.read_text(encoding="utf-8")]
    return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files)


@pytest.mark.parametrize("name", with_examples())
def test_examples_in_docstrings(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted and not found.failed


# -- names ---------------------------------------------------------------------------------------------

REFERENCE = "\n".join(text for path, text in TEXT.items() if "reference" in path.relative_to(DOCS).as_posix())


def automodules() -> set[str]:
    """Modules whose members, imported ones too, are all shown."""
    shown = re.findall(r"automodule:: (\S+)\n((?:   :.*\n)*)", REFERENCE)
    return {name for name, options in shown if re.search(r":members:\s*$", options, re.MULTILINE)}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_in_the_reference(name):
    module = importlib.import_module(name)
    for public in module.__all__:
        thing = getattr(module, public)
        whole = name in automodules() and (isinstance(thing, type) or callable(thing))
        said = re.search(rf"(::\s|`)(?:[\w.]+\.)?{public}\b", REFERENCE)
        assert whole or said, f"{name}.{public} is on no page of the reference"


def test_no_other_module_has_public_names():
    files = [path for path in (ROOT / "tinygan").rglob("*.py") if re.search("^__all__ = ", path.read_text(), re.M)]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert names == set(PUBLIC)


def test_names_in_the_reference_exist():
    names = re.findall(r"auto(?:class|function|exception|module):: (\S+)", REFERENCE)
    assert len(names) > 50
    for name in names:
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            try:
                thing = importlib.import_module(".".join(parts[:cut]))
            except ImportError:
                continue
            for part in parts[cut:]:
                thing = getattr(thing, part)
            break
        else:
            pytest.fail(f"no module of {name} can be imported")


def test_the_generated_pages_know_every_preset_option_and_command():
    from tinygan.train import parser
    from tinygan.training.config import Config
    from tinygan.training.presets import PRESETS

    presets, options = generated.presets_table(), generated.options_table()
    assert all(f"| `{name}` |" in presets for name in PRESETS)
    assert "--penalty-weight 0.01" in presets  # the ring's
    assert options.count("\n") == 2 + len(Config.__dataclass_fields__)
    assert "`3000`" in options and "r1+r2" in options
    for action in parser()._actions:
        assert all(text in helps()["train"] for text in action.option_strings)
    assert {"train", "sample", "interpolate", "evaluate", "doctor"} <= set(helps())


# -- the house -----------------------------------------------------------------------------------------


@functools.cache
def house_page() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The imports that the table names, and those that the picture draws."""
    page = generated.how_it_is_built()
    rows = re.findall(r"^\| `([\w ]+)` \| ([\w, ]+) \| [\d,]+ \| [^|]{15,} \|$", page, re.MULTILINE)
    drawn: dict[str, set[str]] = {part: set() for part, _ in rows}
    for part, other in re.findall(r"<title>([\w ]+) imports ([\w ]+)</title>", page):
        drawn[part].add(other)
    return {part: set(others.split(", ")) - {"nothing"} for part, others in rows}, drawn


def test_the_page_of_the_house_names_every_part_and_every_import():
    written, _ = house_page()
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders | {"optim", house.COMMANDS} <= set(written)
    for part, others in written.items():
        paths = [*PACKAGE.glob(f"{part}/**/*.py"), *PACKAGE.glob(f"{part}.py")]
        paths = paths or [path for path in PACKAGE.glob("*.py") if path.stem in generated.command_lines()]
        measured = set().union(*map(imported_parts, paths)) - {part, "__version__"}
        assert others == measured, f"{part} imports {measured}"


def test_the_picture_of_the_house_draws_what_no_other_arrow_says():
    written, drawn = house_page()

    def reached(part, arrows):
        return arrows[part].union(*(reached(other, arrows) for other in arrows[part]))

    for part, others in drawn.items():
        assert others <= written[part] and reached(part, drawn) == reached(part, written)
        assert not any(other in reached(via, drawn) for other in others for via in others)


def test_a_circle_of_imports_is_named(monkeypatch):
    monkeypatch.setattr(house, "imports", lambda paths: {"nn", "optim"} if paths[0].parent.name == "nn" else {"nn"})
    with pytest.raises(ValueError, match="import each other in a circle: .*optim"):
        house.arrows()


# -- commands, links, pictures ---------------------------------------------------------------------------


@functools.cache
def helps() -> dict[str, str]:
    """What each command line prints for --help."""
    return dict(re.findall(r"^## (\w+)\n\n```text\n(.*?)```", generated.commands(), re.MULTILINE | re.DOTALL))


@every_page
def test_commands_name_real_options_and_modules(page):
    for tool, rest in re.findall(r"-m tinygan\.([a-z_]+)([^\n`]*)", TEXT[page]):
        if tool not in helps():
            assert tool == "check", f"there is no command line tinygan.{tool}"
            continue
        for option in re.findall(r"(?<![\w-])(--[a-z][\w-]*)", rest.split("#")[0]):
            assert re.search(rf"{option}\b", helps()[tool]), f"tinygan.{tool} has no option {option}"


def headings(page: Path) -> set[str]:
    """The anchors of a page, as MyST and GitHub make them."""
    found = re.findall(r"^#+ (.*)", TEXT[page], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


@every_page
def test_links_and_pictures_resolve(page):
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```python.*?```", "", TEXT[page], flags=re.DOTALL))
    for link in [*links, *re.findall(r"\{image\} (\S+)", TEXT[page])]:
        if link.startswith(("http", "../_generated/drawn/")):  # on the Chinese lessons: see below
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


@every_page
def test_pictures_are_small_and_described(page):
    for picture, options in re.findall(r"\{image\} (\S+)\n((?::.*\n)*)", TEXT[page]):
        path = page.parent / picture
        limit = 300_000 if picture.endswith("readme.png") else 100_000
        assert path.stat().st_size < limit, picture
        assert len(re.search(r":alt: (.*)", options)[1]) > 20, picture


TOLD = {  # what a run says, and what its row in the clinic must name
    "no noise": ("all samples are one and the same", health.THE_SAME, 100),
    "collapse": ("the generator collapses", health.ALIKE, 100, health.GREY_STEPS),
    "won": ("the discriminator has won", 0.995, 200),
    "lagging": ("the discriminator does not keep up", 100),
    "worse": ("the samples have become worse", health.FAR, 50),
    "stuck": ("nothing gets better", health.FAR, 500),
}


@pytest.mark.parametrize("page", ["clinic.md", "zh/clinic.md"])
def test_the_clinic_knows_what_a_run_says(page):
    """In English and in Chinese: the words that a run begins with, and the numbers that decide."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert TOLD.keys() == health.SYMPTOMS.keys()
    for name, (words, *numbers) in TOLD.items():
        (row,) = (line for line in text.splitlines() if line.startswith("| ") and words in line)
        assert words in health.SYMPTOMS[name][1]
        for number in numbers:
            assert re.search(rf"(?<![\d.]){number:g}(?![\d.])", row.replace("1,000", "1000")), (name, number)
    assert f"{health.CLOSE:g}" in text and "not a finite number any more" in text and health.UNBOUNDED[:60] in text


@pytest.mark.parametrize("page", TRANSLATED, ids=TRANSLATED.get)
def test_a_chinese_lesson_has_the_code_the_outputs_and_the_numbers_of_the_english_one(page):
    number, text = TRANSLATED[page], TEXT[page]
    (source,) = (path for path in lessons.SOURCES if lessons.number_of(path) == number)
    added = {"install", "engine"}  # to run as a notebook
    cells = [cell for cell in lessons.read(lessons.notebook_of(source))["cells"] if cell["cell_type"] == "code"]
    cells = [cell for cell in cells if not added & set(cell["metadata"].get("tags", []))]
    assert [code.strip() for code in blocks(page)] == [cell["source"].strip() for cell in cells]

    outputs = [output for cell in cells for output in cell["outputs"]]
    printed = [output["text"].strip() for output in outputs if output["output_type"] == "stream"]
    assert [each.strip() for each in re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)] == printed
    pictures = sum("image/png" in out.get("data", {}) for out in outputs)
    shown = re.findall(r"!\[.{20,}\]\(../_generated/drawn/(.*?)\.png\)", text)
    assert shown == [f"{number}-{place}" for place in range(1, pictures + 1)]

    english = source.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for figure in re.findall(r"\d+\.\d+", prose):
        assert figure in english, f"{figure} is not in the English lesson"
    assert prose.count("<details>") == prose.count("</details>")
    assert prose.count("猜好了？") == sum("hide-output" in cell["metadata"].get("tags", []) for cell in cells)
