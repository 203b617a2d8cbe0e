"""What holds on every system, as far as it can be seen on one: encodings, names of files, quoting, broken pipes."""

from __future__ import annotations

import ast
import errno
import re
import sys
from pathlib import Path

import pytest
from cli import ROOT, start, train

from tinygan.data import NAMES
from tinygan.gan.losses import LOSSES
from tinygan.shell import quoted
from tinygan.streams import Lasting
from tinygan.training.presets import PRESETS

FILES = [path for part in ("tinygan", "benchmarks", "tutorials") for path in (ROOT / part).rglob("*.py")]
FILES += (ROOT / "docs").glob("*.py")

# -- time ----------------------------------------------------------------------------------------------


def test_no_test_has_a_clock():
    """Hypothesis fails what takes over 200 ms, unless it is told not to: see `properties.given`."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    imports = re.compile(r"^from hypothesis import .*\bgiven\b", re.MULTILINE)
    found = {path for path, text in texts.items() if imports.search(text)}
    assert found and all("deadline=None" in texts[path] for path in found), found


# -- text ----------------------------------------------------------------------------------------------

OPENS_TEXT = re.compile(r"(.*\.)?(open|fdopen|read_text|write_text|TemporaryFile)")
# Pillow's, bytes, and what this library calls so itself
OTHERS = ("Image.open", "os.open", "tarfile.open", "archive.open", "entry.open", "run.write_text", "self.write_text")
BINARY = re.compile(r"[rwxa+]*b[rwxa+]*")  # a mode


def without_encoding(code: str) -> list[str]:
    """The calls that read or write text in the encoding the system prefers, which on Windows is not UTF-8."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    calls = [call for call in calls if OPENS_TEXT.fullmatch(name := ast.unparse(call.func)) and name not in OTHERS]
    modes = {call: [getattr(each, "value", "") for each in [*call.args, *call.keywords]] for call in calls}
    text = [call for call in calls if not any(BINARY.fullmatch(str(mode)) for mode in modes[call])]
    return [ast.unparse(call) for call in text if all(word.arg != "encoding" for word in call.keywords)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_files_are_opened_with_an_encoding(path):
    assert not without_encoding(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "code",
    ["open(p)", "open(p, 'a')", "p.read_text()", "(q / 'b').write_text(t)", "TemporaryFile('w+')", "p.open(mode='r')"],
)
def test_a_missing_encoding_is_found(code):
    assert without_encoding(code) == [ast.unparse(ast.parse(code))]
    assert not without_encoding(re.sub(r"\)$", ", encoding='utf-8')", code).replace("(, ", "("))


def test_letters_that_an_output_has_no_code_for_are_no_error(tmp_path, monkeypatch):
    """As when Windows' output goes to a file."""
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    outdir = tmp_path / "\u6570\u5b57"
    process = start("train", "--preset", "ring", "--steps", 1, "--batch-size", 4, "--samples", 4, "--outdir", outdir)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert r"\u6570\u5b57" in out and "Traceback" not in err
    (run,) = outdir.iterdir()
    assert f"--resume {quoted([run])}" in (run / "README.txt").read_text(encoding="utf-8")


# -- names of files ---------------------------------------------------------------------------------------

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)


def assert_names_fit_everywhere(names):
    """No character or name that Windows forbids, and no two that differ in their case alone."""
    names = list(names)
    assert names and not [name for name in names if FORBIDDEN.search(name)]
    assert len({name.lower() for name in names}) == len(names)


def test_the_names_in_a_run_folder_fit_everywhere(tmp_path):
    tiny = ("--preset", "ring", "--steps", 2, "--batch-size", 4, "--samples", 4, "--weights-interval", 1)
    run = train(*tiny, "--metrics", "energy", "--keep-best", "energy", "--eval-samples", 100, "--outdir", tmp_path)
    names = {path.name for path in run.rglob("*")}
    assert {"README.txt", "config.json", "best.npz", "fakes_000002.png", "generator-000001.npz"} <= names
    assert_names_fit_everywhere([run.name, *names])


def test_the_names_of_run_folders_fit_everywhere():
    assert_names_fit_everywhere(f"00000-{p}-{d}-{loss}" for p in PRESETS for d in NAMES for loss in LOSSES)


def test_the_names_in_the_repository_fit_everywhere():
    parts = [ROOT / part for part in ("tinygan", "tests", "docs", "tutorials", "benchmarks")]
    for folder in {folder for part in parts for folder in [part, *part.rglob("*")] if folder.is_dir()}:
        if any(folder.iterdir()):
            assert_names_fit_everywhere(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["a:b.png", "AUX.txt", "nul", "end.", "a?b", "a\\b", "10>9"])
def test_a_name_that_windows_forbids_is_found(name):
    with pytest.raises(AssertionError):
        assert_names_fit_everywhere([name])


# -- what is called differently on Windows ------------------------------------------------------------------


def test_modules_of_posix_alone_are_not_imported():
    names = {
        alias if isinstance(node, ast.Import) else node.module
        for path in (ROOT / "tinygan").rglob("*.py")
        # The coursework checker's child limits itself where it can, and goes on elsewhere; lock.py knows Windows' way.
        if path.name not in ("child.py", "lock.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in [each.name for each in node.names]
    }
    assert "sys" in names and not names & {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios"}


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_line_is_quoted_for_the_shell_that_reads_it(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert quoted([Path("runs"), "ring"]) == "runs ring"
    if platform == "win32":
        assert quoted([r"C:\my runs\0", r"C:\runs\0"]) == r'"C:\my runs\0" C:\runs\0'
    else:
        assert quoted(["my runs/0", "it's"]) == """'my runs/0' 'it'"'"'s'"""


@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_a_reader_that_goes_away_is_einval_on_windows(monkeypatch, platform):
    class Raw:
        def isatty(self):
            return False

        def write(self, data):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(sys, "platform", platform)
    lasting = Lasting(Raw())
    assert lasting.write(b"line") == 4 and lasting.gone
    assert (lasting.error is None) == (platform == "win32")  # elsewhere it is an error, to be said at the end
