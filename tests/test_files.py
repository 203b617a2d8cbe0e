"""A file is whole or not there, also after a power cut: what is asked of the system, and by every writer."""

import ast
import errno
import os
import stat
from pathlib import Path

import pytest

from tinygan import files
from tinygan.files import make_folders, whole_file
from tinygan.training.run_folder import LINES, ROWS, RunFolder

PACKAGE = Path(__file__).parents[1] / "tinygan"
needs_folder_sync = pytest.mark.skipif(os.name == "nt", reason="Windows sends no folder to the disk")


@pytest.fixture
def calls(monkeypatch):
    """The calls that decide what survives, in their order: ("sync", name), ("rename", name), ("remove", name)."""
    seen = []
    fsync, replace, unlink = os.fsync, os.replace, Path.unlink

    def synced(fd):
        kind = "folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"
        seen.append((f"sync {kind}", os.fstat(fd).st_ino, os.fstat(fd).st_size))
        fsync(fd)

    def replaced(source, target):
        seen.append(("rename", Path(target).name, os.stat(source).st_ino))
        replace(source, target)

    def removed(path, **options):
        if path.exists():
            seen.append(("remove", path.name))
        unlink(path, **options)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    monkeypatch.setattr(Path, "unlink", removed)
    return seen


@needs_folder_sync
def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(tmp_path, calls):
    with whole_file(tmp_path / "a") as file:
        file.write(b"some bytes")
    made, folder = (tmp_path / "a").stat().st_ino, tmp_path.stat()
    assert calls == [
        ("sync file", made, len(b"some bytes")),  # all of them, not what Python's buffer let through
        ("rename", "a", made),
        ("sync folder", folder.st_ino, calls[2][2]),
    ]


@needs_folder_sync
def test_the_lines_before_a_checkpoint_are_on_the_disk_before_it_and_the_oldest_goes_last(tmp_path, calls):
    run = RunFolder(tmp_path)
    for step in (0, 1, 2):
        for name in ROWS:
            run.append(name, {"step": step})
        run.log("a line")
        calls.clear()
        run.save_checkpoint(step, {}, {})
    lines = [("sync file", (tmp_path / name).stat().st_ino, (tmp_path / name).stat().st_size) for name in LINES]
    assert calls[: len(lines)] == lines
    kinds = [call[0] for call in calls]
    assert kinds == ["sync file"] * (len(lines) + 1) + ["rename", "sync folder", "remove"]
    assert calls[-1] == ("remove", "checkpoint-000000.npz")
    calls.clear()
    run.save_best({}, {}, {"step": 2})
    assert calls[: len(lines)] == lines and calls[-2][:2] == ("rename", "best.npz")


@needs_folder_sync
def test_the_name_of_a_new_run_is_on_the_disk_with_all_above_it(tmp_path, calls):
    run = RunFolder.create(tmp_path / "a" / "b", "x")
    synced = {call[1] for call in calls if call[0] == "sync folder"}
    assert synced == {path.stat().st_ino for path in (tmp_path, tmp_path / "a", run.path.parent)}


@pytest.mark.parametrize("name", ["ENOSPC", "EIO", "EDQUOT"])
@pytest.mark.parametrize("when", ["file", "folder"])
def test_a_disk_that_fails_only_then_is_said_with_the_name(tmp_path, monkeypatch, name, when):
    """A full network disk, or a broken one, may be found out about no earlier."""
    (tmp_path / "a").write_text("old")
    fsync, number = os.fsync, getattr(errno, name)

    def fail(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode) == (when == "folder"):
            raise OSError(number, os.strerror(number))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", fail)
    if when == "folder" and os.name == "nt":
        pytest.skip("Windows sends no folder to the disk")
    with pytest.raises(OSError) as raised, whole_file(tmp_path / "a") as file:
        file.write(b"new")
    assert (raised.value.errno, raised.value.filename) == (number, str(tmp_path / "a"))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert when == "folder" or (tmp_path / "a").read_text() == "old"


@needs_folder_sync
@pytest.mark.parametrize("name", ["EINVAL", "ENOSYS", "EOPNOTSUPP", "EBADF"])
def test_a_file_system_that_sends_no_folder_to_the_disk_is_no_error(tmp_path, monkeypatch, name):
    fsync = os.fsync

    def fail(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(getattr(errno, name), "not for folders")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", fail)
    with whole_file(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_text() == "new"


def test_a_folder_whose_names_may_not_be_listed_is_no_error(tmp_path, monkeypatch):
    def closed(path, flags, *rest):
        raise PermissionError(errno.EACCES, "closed", path)

    monkeypatch.setattr(os, "open", closed)
    files.sync_folder(tmp_path)


def test_folders_that_are_there_stay_as_they_are(tmp_path, calls):
    make_folders(tmp_path)
    assert calls == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        make_folders(tmp_path / "file" / "b")


# -- every writer -----------------------------------------------------------------------------------

# What puts bytes under a name, of Python, NumPy, Pillow and Matplotlib.
WRITERS = {"open", "fdopen", "write_text", "write_bytes", "NamedTemporaryFile", "mkstemp", "rename", "replace", "move"}
WRITERS |= {"copy", "copy2", "copyfile", "savez", "savez_compressed", "savetxt", "tofile", "savefig", "imsave", "dump"}
WRITERS |= {"save"}
OURS = {"self", "run", "record", "archive", "checkpoint", "plot"}  # whose functions of such names are searched, too
OPENED = {"file", "packed", "content"}  # what `whole_file` yields, and bytes in memory
ELSEWHERE = {
    "files.py whole_file": "this is it",
    "files.py sync_folder": "writes nothing",
    "training/run_folder.py sync_lines": "writes nothing",
    "training/lock.py _open": "for people: nothing depends on it after a power cut",
    "training/distributed.py _speak_only_as": "the void",
    "streams.py make_lasting": "the void",
    "reading.py without_waiting": "a file to read, or lines at the end of one",
    "reading.py plain_file": "a file to read, or lines at the end of one, which are on the disk before a checkpoint",
    "formats/arrays.py save_safetensors": "bytes in memory",
    "formats/music.py save_midi": "bytes in memory",
    "check/guard.py write": "a device or a pipe",
    "check/process.py copy_of": "gone when the submission has ended",
    "check/child.py main": "pipes, and a file to read",
}


def writes(call: ast.Call) -> bool:
    """Whether a call may put bytes under a name in another way than `whole_file`."""
    if not isinstance(call.func, ast.Attribute):
        owner, name = "", getattr(call.func, "id", "")
    else:
        owner, name = getattr(call.func.value, "id", "?"), call.func.attr
    names = {getattr(each, "id", None) for each in call.args[:1]}
    if name not in WRITERS or owner in OURS or names & OPENED:
        return False
    if name in ("copy", "replace"):  # of arrays and texts, too
        return owner in ("os", "shutil")
    if name == "open" and owner != "os":
        words = [getattr(each, "value", None) for each in (*call.args, *(word.value for word in call.keywords))]
        return any(isinstance(word, str) and set(word) <= set("rwaxbt+") and set(word) & set("wax+") for word in words)
    return owner != ""  # a plain name is a function of ours, or json's of a text


def functions(tree: ast.AST, name: str = ""):
    """(name of the function around it, call) of all calls."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Call):
            yield name, child
        yield from functions(child, child.name if isinstance(child, ast.FunctionDef) else name)


def other_writers(source: str) -> set[str]:
    return {name for name, call in functions(ast.parse(source)) if writes(call)}


PLANTED = {
    'open(path, "w", encoding="utf-8")': True,
    'open(path, mode="ab")': True,
    'path.open("r+b")': True,
    'open(path, "rb")': False,
    "path.open(encoding='utf-8')": False,
    "os.open(path, flags)": True,
    "path.write_text(text)": True,
    "self.path.write_bytes(text)": True,
    "np.savez(path, x=x)": True,
    "np.savez(file, x=x)": False,
    "np.save(str(path), x)": True,
    "picture.save(path)": True,
    'picture.save(file, format="PNG")': False,
    "figure.savefig(path)": True,
    "shutil.copy(a, b)": True,
    "x.copy()": False,
    "text.replace('a', 'b')": False,
    "os.replace(a, b)": True,
    "x.tofile(path)": True,
    "checkpoint.save(path, arrays, meta)": False,
}


@pytest.mark.parametrize("line", PLANTED)
def test_the_search_finds_writers(line):
    assert other_writers(line) == ({""} if PLANTED[line] else set())


def test_every_writer_goes_through_whole_file():
    found = {
        f"{path.relative_to(PACKAGE).as_posix()} {name}"
        for path in PACKAGE.rglob("*.py")
        for name in other_writers(path.read_text(encoding="utf-8"))
    }
    assert found == set(ELSEWHERE), "write it with tinygan.files.whole_file, or say here why not"
