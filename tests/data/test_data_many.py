"""Folders of many pictures: the array is filled in place, and the work is kept while the files stay as they were."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, folder
from tinygan.data import many as module


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Five pictures of an hour ago, the fourth damaged; whatever is read is kept."""
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "SLOW", -1.0)
    root = tmp_path / "set"
    root.mkdir()
    for i in range(5):
        Image.fromarray(np.full((16, 16), 10 * i, np.uint8)).save(root / f"{i}.png")
    (root / "3.png").write_bytes(b"")
    age(root)
    return root


def age(root, seconds=3600):
    for path in root.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def reads(monkeypatch):
    """The sizes that were read anew."""
    seen, real = [], module.read_picture

    def read_picture(file, size, *args):
        seen.append(size)
        return real(file, size, *args)

    monkeypatch.setattr(module, "read_picture", read_picture)
    return seen


def same(one, other):
    return np.array_equal(one.pixels, other.pixels) and one.describe() == other.describe() and one.notes == other.notes


def test_the_second_time_nothing_is_read(pictures, reads):
    first = folder(pictures)
    assert len(reads) == 4 and first.notes == ("skipped 3.png: empty file",)
    assert same(folder(pictures), first) and len(reads) == 4
    with pytest.raises(DataError, match=r"3.png cannot be read as a picture \(empty file\)"):
        folder(pictures, strict=True)
    assert folder(pictures, size=8).sample_shape == (8, 8, 1) and len(reads) == 9
    assert same(folder(pictures), first) and len(reads) == 9  # one file for each form


@pytest.mark.parametrize("change", ["content", "time", "another", "fewer", "renamed"])
def test_any_change_is_seen(pictures, reads, change):
    folder(pictures)
    old = os.stat(pictures / "1.png")
    if change == "content":
        Image.fromarray(np.zeros((8, 24), np.uint8)).save(pictures / "1.png")
        os.utime(pictures / "1.png", ns=(old.st_mtime_ns, old.st_mtime_ns))
    elif change == "time":
        os.utime(pictures / "1.png", ns=(old.st_mtime_ns, old.st_mtime_ns + 1))
    elif change == "another":
        os.link(pictures / "1.png", pictures / "9.png")
    elif change == "fewer":
        (pictures / "1.png").unlink()
    else:
        os.rename(pictures / "1.png", pictures / "8.png")
    before = len(reads)
    folder(pictures)
    assert len(reads) > before


def test_files_changed_just_now_are_not_trusted(pictures, reads):
    age(pictures, 0)
    folder(pictures)
    folder(pictures)
    assert len(reads) == 8


def test_what_was_read_in_a_moment_is_not_kept(pictures, reads, monkeypatch):
    monkeypatch.setattr(module, "SLOW", 60.0)
    folder(pictures)
    folder(pictures)
    assert len(reads) == 8


@pytest.mark.parametrize("damage", [lambda c: b"", lambda c: c[: len(c) // 2], lambda c: c[:-40] + bytes(40)])
def test_a_damaged_cache_is_read_anew(pictures, reads, damage, tmp_path):
    first = folder(pictures)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    assert same(folder(pictures), first) and len(reads) == 8
    assert same(folder(pictures), first) and len(reads) == 8


def test_any_changed_byte_of_the_cache_is_harmless(pictures, tmp_path):
    first = folder(pictures)
    (kept,) = (tmp_path / "cache").iterdir()
    whole = kept.read_bytes()
    for place in np.random.default_rng(0).integers(len(whole), size=60):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert same(folder(pictures), first)


def test_a_cache_that_cannot_be_written_is_no_error(pictures, tmp_path):
    (tmp_path / "cache").write_bytes(b"in the way")
    assert len(folder(pictures)) == 4
    assert (tmp_path / "cache").read_bytes() == b"in the way"


def test_the_array_turns_to_colour_at_the_first_coloured_picture(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (8, 8) if i in (0, 1, 3) else (8, 8, 3), np.uint8) for i in range(5)]
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(tmp_path / f"{i}.png")
    images = folder(tmp_path)
    for array, pixels in zip(arrays, images.pixels, strict=True):
        assert np.array_equal(pixels, np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array)
    assert folder(tmp_path, channels=1).sample_shape == (8, 8, 1)


def test_damaged_files_are_listed_together(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "good.png")
    for i in range(60):
        (tmp_path / f"bad{i:02d}.png").write_bytes(b"x")
    images = folder(tmp_path)
    assert "60 damaged files skipped" in images.describe()
    assert len(images.notes) == 51 and images.notes[-1] == "skipped 10 more files"
    with pytest.raises(DataError) as caught:
        folder(tmp_path, strict=True)
    told = str(caught.value)
    assert told.startswith("60 files in ") and "bad00.png (not a picture), bad01.png" in told and "40 more" in told
    (tmp_path / "good.png").unlink()
    with pytest.raises(DataError, match="60 files in .* mend or remove them"):
        folder(tmp_path)


def test_sizes_are_said(tmp_path):
    def save(name, height, width):
        Image.fromarray(np.zeros((height, width), np.uint8)).save(tmp_path / name)

    save("a.png", 42, 60)
    save("b.png", 42, 60)
    assert "2 pictures, 40 x 40, grey, shrunk from 60 x 42" in folder(tmp_path).describe()
    save("c.png", 90, 80)
    save("d.png", 1, 1)
    save("e.png", 40, 40)
    said = folder(tmp_path).describe()
    assert "5 pictures, 40 x 40, grey, 3 shrunk (largest 80 x 90), 1 enlarged from 1 x 1" in said


@pytest.mark.parametrize(("colour", "same"), [("white", True), ("black", False)])
def test_all_pictures_equal_once_laid_on_the_background(tmp_path, colour, same):
    for i in range(3):
        picture = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
        picture.paste("white", (i, 0, i + 4, 9))
        picture.save(tmp_path / f"{i}.png")
    (note,) = folder(tmp_path, background=colour).notes or ("",)
    assert ("all pictures are the same once laid on the background #ffffff" in note) == same


def test_random_crops_stay_when_others_come(tmp_path):
    ramp = np.broadcast_to(np.arange(0, 256, 4, dtype=np.uint8), (16, 64))
    for name in "bcdef":
        Image.fromarray(ramp.copy()).save(tmp_path / f"{name}.png")
    first, other = (folder(tmp_path, 16, crop="random", seed=seed).pixels for seed in (0, 1))
    assert len({pixels[0, 0, 0] for pixels in first}) > 2 and not np.array_equal(first, other)
    Image.fromarray(ramp.copy()).save(tmp_path / "a.png")
    assert np.array_equal(folder(tmp_path, 16, crop="random").pixels[1:], first)


def test_no_bar_where_the_output_is_no_terminal(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    code = f"import sys, tinygan.data as d; 'tqdm' in sys.modules and 1 / 0; d.folder({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
