import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinygan import files
from tinygan.data import cache_dir, digits, faces
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


def rewritten(path, **changes):
    """The same file with other arrays."""
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    arrays.update({name: change(arrays[name]) for name, change in changes.items()})
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def endless(path):
    """Says that its pixels are a terabyte, of which nothing is there."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("pixels.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)})


def flipped(array):
    """One number of them another one."""
    array = array.copy()
    array.flat[0] ^= 1
    return array


POISONS = {
    "other pixels": lambda path: rewritten(path, pixels=lambda p: 255 - p),
    "one pixel": lambda path: rewritten(path, pixels=flipped),
    "floats": lambda path: rewritten(path, pixels=lambda p: p / 255),
    "signed": lambda path: rewritten(path, pixels=lambda p: p.astype(np.int8)),
    "fewer": lambda path: rewritten(path, pixels=lambda p: p[:2], labels=lambda y: y[:2]),
    "more": lambda path: rewritten(path, pixels=lambda p: p.repeat(2, 0), labels=lambda y: y.repeat(2)),
    "another size": lambda path: rewritten(path, pixels=lambda p: p[:, ::2]),
    "other labels": lambda path: rewritten(path, labels=lambda y: y[::-1].copy()),
    "labels beyond": lambda path: rewritten(path, labels=lambda y: y + 100),
    "labels that are no numbers": lambda path: rewritten(path, labels=lambda y: np.array(["a"] * len(y))),
    "no labels": lambda path: rewritten(path, labels=lambda y: None),
    "no checksum": lambda path: rewritten(path, checksum=lambda c: None),
    "another checksum": lambda path: rewritten(path, checksum=flipped),
    "objects": lambda path: rewritten(path, pixels=lambda p: np.array([{}], dtype=object)),
    "endless": endless,
    "an array alone": lambda path: np.save(path.open("wb"), np.zeros(3)),
    "another file of the cache": lambda path: shutil.copy(path.with_name(path.name.replace("seed0", "seed1")), path),
}
DRAWN = {
    "digits": lambda seed, folder: digits(4, seed, folder, 8),
    "faces": lambda seed, folder: faces(4, seed, 8, folder),
}


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("poison", POISONS)
def test_what_was_not_drawn_is_not_taken_from_the_cache(drawn, poison, tmp_path):
    DRAWN[drawn](1, tmp_path)
    first = DRAWN[drawn](0, tmp_path)
    (kept,) = tmp_path.glob("*seed0*")
    good = kept.read_bytes()
    POISONS[poison](kept)
    again = DRAWN[drawn](0, tmp_path)
    assert np.array_equal(again.pixels, first.pixels) and np.array_equal(again.labels, first.labels)
    assert again.pixels.dtype == np.uint8 and again.labels.dtype == np.int64
    assert kept.read_bytes() == good, "made anew"


@pytest.mark.parametrize("drawn", DRAWN)
def test_what_cannot_be_mended_is_drawn_afresh(drawn, tmp_path):
    first = DRAWN[drawn](0, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.unlink()
    kept.mkdir()
    assert np.array_equal(DRAWN[drawn](0, tmp_path).pixels, first.pixels)
    assert kept.is_dir()
