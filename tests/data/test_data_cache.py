import os
from pathlib import Path

import pytest

from tinygan import files
from tinygan.data import cache_dir
from tinygan.data.cache import write_atomically


def test_variable_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path / "mine"))
    assert cache_dir() == tmp_path / "mine"


def test_then_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYGAN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "tinygan"


@pytest.mark.parametrize(
    ("platform", "inside"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_then_the_platforms(monkeypatch, platform, inside):
    for variable in ("TINYGAN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_dir() == Path.home() / inside / "tinygan"


def test_write_makes_folders_and_leaves_no_temporary_file(tmp_path):
    target = tmp_path / "a" / "b.bin"
    write_atomically(target, b"one")
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(target.parent.iterdir()) == [target]


def opens_a_full_disk(path, mode):
    """A file in which the first byte still finds room."""
    Path(path).write_bytes(b"o")
    return open(os.devnull.replace("null", "full"), mode, buffering=0)


def fail_to_rename(source, target):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("owner", "name", "fail"), [(files, "open", opens_a_full_disk), (os, "replace", fail_to_rename)]
)
def test_a_failed_write_keeps_the_earlier_file(tmp_path, monkeypatch, owner, name, fail):
    target = tmp_path / "b.bin"
    write_atomically(target, b"one")
    monkeypatch.setattr(owner, name, fail, raising=False)
    with pytest.raises(OSError):
        write_atomically(target, b"two")
    assert target.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [target]
