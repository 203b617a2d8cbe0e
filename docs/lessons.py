"""The tutorials as notebooks, with what they print and draw when they are run in full.

``python docs/lessons.py`` runs those whose source has changed, ``--all`` runs them all; both take the numbers of
some, such as ``02b 12``. What they write goes to ``notebooks/`` and is kept in git: the pages show it, and tests
compare it with the text. The picture that stands for a tutorial goes to ``tutorials/images/``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from nbformat import (
        NotebookNode,
    )  # what makes notebooks is imported where it is needed: to read them is enough JSON

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "tutorials").glob("[0-9][0-9]*_*.py"))
ENGINE = ROOT / "tutorials" / "my_engine.py"
FOLDER = ROOT / "notebooks"
# Where Colab and Binder find the notebooks, on GitHub: put the owner of the repository here.
REPOSITORY = "OWNER/tinygan"

# What the pages fold waits in Jupyter, too: each tag, and the cell's metadata that Jupyter knows.
FOLDS = {"hide-output": "outputs_hidden", "hide-input": "source_hidden"}

INSTALL = f'''# On Colab and Binder: install tinygan where it is missing.
import importlib.util

if importlib.util.find_spec("tinygan") is None:
    %pip install -q "tinygan @ git+https://github.com/{REPOSITORY}"'''


def number_of(source: Path) -> str:
    """Such as 02b."""
    return source.stem.split("_")[0]


def notebook_of(source: Path) -> Path:
    return FOLDER / f"{source.stem}.ipynb"


def sha256(source: Path) -> str:
    """Of the text, whatever ends its lines."""
    return hashlib.sha256(source.read_text(encoding="utf-8").encode()).hexdigest()


def is_current(source: Path) -> bool:
    """Whether the notebook holds the outputs of this source."""
    path = notebook_of(source)
    return path.exists() and read(path)["metadata"].get("tinygan", {}).get("source") == sha256(source)


def read(path: Path) -> dict:
    """A notebook as lists and dicts, texts in one piece."""
    return plain(json.loads(path.read_text(encoding="utf-8")))


def prose(source: Path) -> str:
    """The Markdown of a lesson, as a reader gets it."""
    cells = re.split(r"^# %%(.*)\n", source.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    texts = [body for kind, body in zip(cells[::2], cells[1::2], strict=True) if "markdown" in kind]
    return re.sub(r"^# ?", "", "".join(texts), flags=re.MULTILINE)


def plain(notebook: dict) -> dict:
    """The same, with each text in one piece, wherever it stands."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            output["text"] = "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return notebook


def twin(source: Path) -> NotebookNode:
    """The same cells as a notebook without outputs, behind one that installs tinygan, and one that writes the engine
    that the reader has made so far: a notebook has no neighbouring file to import."""
    import jupytext
    import nbformat

    notebook = jupytext.read(source, fmt="py:percent")
    notebook.cells.insert(1, nbformat.v4.new_code_cell(INSTALL, metadata={"tags": ["install"]}))
    if "my_engine" in source.read_text(encoding="utf-8"):
        prompts = {"code_prompt_show": "Your engine so far: my_engine.py", "code_prompt_hide": "Fold it away"}
        metadata = {"tags": ["engine", "hide-input", "remove-output"], "mystnb": prompts}
        written = f"%%writefile {ENGINE.name}\n{engine_before(number_of(source))}".rstrip()
        notebook.cells.insert(2, nbformat.v4.new_code_cell(written, metadata=metadata))
    embed_pictures(notebook, source.parent)
    fold(notebook)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "tinygan": {"source": sha256(source)},
    }
    return notebook


def fold(notebook: dict) -> None:
    """Let Jupyter fold what the pages fold; a click unfolds it."""
    for cell in notebook["cells"]:
        folds = {FOLDS[tag]: True for tag in cell["metadata"].get("tags", []) if tag in FOLDS}
        if folds:
            cell["metadata"]["jupyter"] = folds


def engine_before(number: str) -> str:
    """The sections of the engine that tutorials before this one wrote."""
    opening, *sections = re.split(r"(?=^# -- tutorial )", ENGINE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return opening + "".join(each for each in sections if each.split(":")[0].split()[-1] < number)


def embed_pictures(notebook: NotebookNode, folder: Path) -> None:
    """Put the pictures of the text into the notebook, so that it can be opened anywhere."""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for name in re.findall(r"\]\((images/[\w.]+)\)", cell.source):
            path = folder / name
            data = base64.b64encode(path.read_bytes()).decode() if path.exists() else ""  # until its first run
            cell.setdefault("attachments", {})[Path(name).name] = {"image/png": data}
            cell.source = cell.source.replace(f"]({name})", f"](attachment:{Path(name).name})")


def run(source: Path) -> NotebookNode:
    """The notebook with its outputs, after a full run in a folder that is gone then."""
    from nbclient import NotebookClient

    notebook = twin(source)
    os.environ.update(PYTHONPATH=str(ROOT), MPLBACKEND="module://matplotlib_inline.backend_inline")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # two may round differently, and wait for each other
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": folder}}, record_timing=False)
        client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [smaller(output) for output in merged(cell.outputs)]
            for output in cell.outputs:
                if "text" in output:  # whose machine it was is nobody's business
                    output.text = output.text.replace(str(Path.home()), "~")
    return notebook


def keep_picture(notebook: NotebookNode, source: Path) -> None:
    """Let the picture that was drawn stand for the tutorial: as a file, and where the text shows it."""
    (drawn,) = [cell for cell in notebook.cells if "picture" in cell.metadata.get("tags", [])]
    picture = next(output.data["image/png"] for output in drawn.outputs if "image/png" in output.get("data", {}))
    data = light(base64.b64decode(picture))
    (source.parent / "images" / f"{source.stem}.png").write_bytes(data)
    attached = {f"{source.stem}.png": {"image/png": base64.b64encode(data).decode()}}
    for cell in notebook.cells:
        if cell.get("attachments", {}).keys() & attached:
            cell.attachments.update(attached)


def light(data: bytes) -> bytes:
    """A picture of at most 120,000 bytes, smaller if need be: these pictures open pages."""
    picture, scale = Image.open(io.BytesIO(data)).convert("RGB"), 1.0
    while len(data) > 120_000:  # always from the first picture: colours that were merged twice are other colours
        scale *= 0.9
        size = (round(picture.width * scale), round(picture.height * scale))
        data = png(picture.resize(size, Image.Resampling.LANCZOS))
    return data


def png(picture: Image.Image) -> bytes:
    """With 256 colours, which no eye tells from more here."""
    file = io.BytesIO()
    picture.quantize(256, kmeans=3, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def merged(outputs: list) -> list:
    """What was printed in one piece: where it was cut depends on the machine's pace."""
    joined: list = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream" and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def smaller(output: NotebookNode) -> NotebookNode:
    """With a small picture, and a small sound."""
    if "audio/wav;base64," in output.get("data", {}).get("text/html", ""):
        start, data, end = re.split(r'(?<=audio/wav;base64,)([^"]+)', output.data["text/html"])
        output.data["text/html"] = start + base64.b64encode(wav(base64.b64decode(data))).decode() + end
    if "image/png" in output.get("data", {}):
        picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
        output.data = {"image/png": base64.b64encode(png(picture)).decode()}
    return output


def wav(data: bytes) -> bytes:
    """A sound of 16 bits with at most 11,025 samples a second: what the lessons play has nothing above 4,000 Hz."""
    with wave.open(io.BytesIO(data), "rb") as sound:
        parameters, samples = sound.getparams(), sound.readframes(sound.getnframes())
    every = max(1, parameters.framerate // 11_025)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams(parameters._replace(framerate=parameters.framerate // every))
        sound.writeframes(np.frombuffer(samples, "<i2").reshape(-1, parameters.nchannels)[::every].tobytes())
    return file.getvalue()


def main(argv: list[str] | None = None) -> None:
    import nbformat

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", help="of tutorials, such as 08; else those whose source has changed")
    parser.add_argument("--all", action="store_true", help="run them all")
    args = parser.parse_args(argv)
    FOLDER.mkdir(exist_ok=True)
    for source in SOURCES:
        named = number_of(source) in args.numbers
        if named or args.all or (not args.numbers and not is_current(source)):
            print(source.stem, file=sys.stderr, flush=True)
            notebook = run(source)
            keep_picture(notebook, source)
            nbformat.write(notebook, notebook_of(source))
    for path in FOLDER.glob("*.ipynb"):
        if path.stem not in {source.stem for source in SOURCES}:
            path.unlink()


if __name__ == "__main__":
    main()
