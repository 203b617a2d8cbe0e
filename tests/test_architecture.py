"""The house keeps its shape: imports point one way, `import tinygan` is light, and names can be found."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tinygan"

# A part may import the parts before it, and itself. `data`, `metrics` and `plot` hang beside.
LAYERS = {
    "files": set(),
    "words": set(),
    "given": {"words"},
    "rolls": {"words"},
    "shell": set(),
    "streams": set(),
    "reading": {"files", "words"},
    "archive": {"files", "reading"},
    "backend": {"words"},
    "autograd": {"words", "given", "backend"},
    "testing": {"words", "given", "autograd", "backend"},
    "compiled": {"words", "autograd", "backend"},
    "nn": {"words", "given", "autograd", "backend"},
    "optim": {"words", "given", "autograd", "backend"},
    "kernels": {"autograd", "backend", "nn", "optim"},
    "data": {"files", "words", "given", "rolls", "reading", "shell", "backend"},
    "classifier": {"files", "words", "given", "reading", "archive", "autograd", "backend", "nn", "optim", "data"},
    "formats": {"files", "words", "given", "rolls", "autograd", "backend", "nn"},
    "metrics": {"files", "words", "given", "rolls"},
    "plot": {"files", "words", "given", "reading", "autograd", "backend"},
    "gan": {"words", "given", "autograd", "backend", "nn", "optim"},
    "check": {"files", "given", "shell", "data", "testing", "commandline", "outputs"},
    "evaluation": {"files", "words", "rolls", "reading", "archive", "backend", "data", "classifier", "metrics"},
    "training": {
        *(
            "files",
            "words",
            "given",
            "reading",
            "shell",
            "archive",
            "autograd",
            "backend",
            "nn",
            "optim",
            "gan",
            "data",
        ),
        *("data", "metrics", "plot", "classifier", "evaluation", "compiled"),
    },
    "live": {
        *("words", "shell", "autograd", "backend", "nn", "optim", "data", "metrics", "plot", "gan", "training"),
        "commandline",
    },
}


def imported_parts(path: Path) -> set[str]:
    """The parts of tinygan that a file imports, anywhere in it."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "tinygan":
                names = [f"tinygan.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        parts |= {name.split(".")[1] for name in names if name.startswith("tinygan.")}
    return parts


def test_every_folder_has_its_layer():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= set(LAYERS)


@pytest.mark.parametrize("part", LAYERS)
def test_imports_point_one_way(part):
    files = [PACKAGE / f"{part}.py"] if (PACKAGE / f"{part}.py").exists() else sorted((PACKAGE / part).glob("*.py"))
    assert files
    for path in files:
        upward = imported_parts(path) - LAYERS[part] - {part, "__version__"}
        assert not upward, f"{path.relative_to(ROOT)} imports {upward}, which stand above it"


def test_import_is_light():
    heavy = ("bokeh", "cupy", "matplotlib", "mido", "PIL", "torch", "tqdm")
    code = f"import sys, tinygan; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names():
    import tinygan as tg

    for name in ("use_backend", "to_numpy", "Tensor", "grad", "no_grad", "gradcheck"):
        assert callable(getattr(tg, name))
    for name in ("Run", "Networks", "Game", "MovingAverage"):
        assert isinstance(getattr(tg, name), type)
    for name in ("ops", "nn", "optim", "losses", "data", "models", "metrics", "plot", "testing"):
        assert type(getattr(tg, name)).__name__ == "module"
    assert set(tg.__all__) <= set(dir(tg))
    with pytest.raises(AttributeError, match="module 'tinygan' has no attribute 'Runn'"):
        tg.Runn  # noqa: B018


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_files_hold_one_idea_and_are_ascii(path):
    text = path.read_text(encoding="utf-8")
    assert text.isascii()
    assert text.count("\n") <= 300, "one idea a file: split it"
    assert not text or ast.get_docstring(ast.parse(text)), "a file begins by saying what it is"


def test_users_get_the_types():
    assert (PACKAGE / "py.typed").exists() and "tinygan = py.typed" in (ROOT / "setup.cfg").read_text()


def test_no_pickle_and_no_registry_decorators():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text and "allow_pickle=True" not in text, path
        assert "metaclass=" not in text, path


def own_javascript() -> list[str]:
    """The lines of JavaScript that are ours: those of scripts in pages, and what Python gives to `CustomJS`."""
    lines = []
    for path in sorted([*PACKAGE.rglob("*"), *(ROOT / "docs").rglob("*.py")]):
        text = path.read_text(encoding="utf-8") if path.suffix in (".html", ".js", ".css", ".py", ".svg") else ""
        for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL):
            lines += script.splitlines()
        if path.suffix == ".js":
            lines += text.splitlines()
        if "CustomJS(" in text:
            tree = ast.parse(text)
            known = {
                t.id: n.value for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if hasattr(t, "id")
            }
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "CustomJS":
                    (code,) = [each.value for each in call.keywords if each.arg == "code"]
                    lines += ast.literal_eval(known.get(getattr(code, "id", ""), code)).splitlines()
    return [line for line in lines if line.strip()]


def test_little_of_it_is_javascript():
    """What moves on the pages is Python, and Bokeh."""
    lines = own_javascript()
    assert any("setInterval" in line for line in lines) and any("requestAnimationFrame" in line for line in lines)
    assert len(lines) < 150
