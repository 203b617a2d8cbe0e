"""Folders and zips as people have them: which pictures are meant, which class each has, and the line that says so."""

import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, load


def put(root, files):
    """Write 8 x 8 pictures, each of its own grey; a name that ends in / is a folder, other endings are text."""
    for i, name in enumerate(files):
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if name.endswith((".png", ".jpg", ".webp", ".bmp", ".gif", ".tiff", ".PNG")):
            Image.fromarray(np.full((8, 8), 5 + i, np.uint8)).save(path)
        elif not name.endswith("/"):
            path.write_bytes(b"\0\5\x16\7")
    return root


def packed(root, target):
    """The same as a zip, as a Mac would make it."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root))
            if path.is_file():
                archive.writestr(f"__MACOSX/top/{path.relative_to(root).parent}/._{path.name}", b"\0\5\x16\7")
    return target


def some(folder, n, ending="png"):
    return [f"{folder}{'/' if folder else ''}{i}.{ending}" for i in range(n)]


LAYOUTS = {
    "flat": (some("", 3), "3 pictures, 8 x 8, grey"),
    "other endings": (["a.webp", "b.bmp", "c.gif", "d.tiff", "e.PNG"], "5 pictures, 8 x 8, grey"),
    "classes": (some("cat", 2) + some("dog", 3), "5 pictures, 8 x 8, grey, 2 classes (cat 2, dog 3)"),
    "deeper": (some("cat/deep/er", 2) + some("dog", 1), "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1)"),
    "one class": (some("cat", 2), "2 pictures, 8 x 8, grey"),
    "hidden": (
        [*some("cat", 2), *some("dog", 2), "._a.png", "cat/.DS_Store", "Thumbs.db", "desktop.ini"]
        + [".ipynb_checkpoints/a-checkpoint.png", "__MACOSX/cat/._0.png", "@eaDir/b.png", ".git/x"],
        "4 pictures, 8 x 8, grey, 2 classes (cat 2, dog 2)",
    ),
    "others": (
        [*some("", 2), "x.heic", "y.HEIC", "readme.txt", "noending"],
        "2 pictures, 8 x 8, grey, 2 .heic, 1 .txt, 1 without an ending passed over",
    ),
    "numbered": (
        [name for k in (0, 1, 2, 9, 10, 11) for name in some(str(k), 1)],
        "6 pictures, 8 x 8, grey, 6 classes (0 1, 1 1, 2 1, 9 1, 10 1, 11 1)",
    ),
    "train and test": (
        some("train/cat", 2) + some("train/dog", 1) + some("test/cat", 4),
        "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), test/ kept apart (4 pictures)",
    ),
    "Train, val, other": (
        some("Train/a", 2) + some("Train/b", 1) + some("val/a", 1) + some("extra", 2),
        "3 pictures, 8 x 8, grey, 2 classes (a 2, b 1), extra/ kept apart (2 pictures), val/ kept apart (1 picture)",
    ),
    "a train is a class": (
        some("train", 2) + some("plane", 1),
        "3 pictures, 8 x 8, grey, 2 classes (plane 1, train 2)",
    ),
    "wrapped": (some("set/cat", 2) + some("set/dog", 1), "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1)"),
    "wrapped twice": (
        some("set/train/cat", 2) + some("set/train/dog", 1) + some("set/test/cat", 1),
        "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), test/ kept apart (1 picture)",
    ),
    "wrapped and a cover": (
        [*some("set/cat", 2), *some("set/dog", 1), "cover.png"],
        "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), 1 picture beside set/ passed over (cover.png)",
    ),
    "stray": (
        [*some("cat", 2), *some("dog", 1), "cover.png"],
        "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), 1 picture beside the class folders passed over (cover.png)",
    ),
    "as many outside": (
        [*some("cat", 1), *some("dog", 1), "x.png", "y.png", "z.png"],
        "5 pictures, 8 x 8, grey, no labels: 3 pictures outside the class folders (x.png, y.png and 1 more), 2 inside",
    ),
    "loose and a folder": ([*some("more", 3), "x.png"], "4 pictures, 8 x 8, grey"),
    "empty class": (
        [*some("cat", 2), *some("dog", 1), "bird/", "cow/notes.txt"],
        "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), bird/, cow/ hold no picture, 1 .txt passed over",
    ),
    "only one class is full": (
        [*some("cat", 2), "dog/"],
        "2 pictures, 8 x 8, grey, dog/ holds no picture, no labels: all pictures lie in cat/",
    ),
}


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout, form):
    files, line = LAYOUTS[layout]
    root = put(tmp_path / "my set", files)
    images = load(packed(root, tmp_path / "my set.zip") if form == "zip" else root)
    assert images.name == "my set"
    assert images.describe() == line
    assert images.notes == ()


def test_the_other_part(tmp_path):
    root = put(tmp_path, some("train/cat", 2) + some("train/dog", 1) + some("validation/cat", 2))
    images = load(root, split="test")
    assert images.describe() == "2 pictures, 8 x 8, grey, train/ kept apart (3 pictures)"


@pytest.mark.parametrize(
    ("files", "split", "told"),
    [
        (some("", 2), "test", "no folder called test or val"),
        (some("cat", 2) + some("dog", 2), "test", "no folder called test or val"),
        (some("train/cat", 2), "test", "train/ but no test/"),
        (some("test", 2) + some("val", 2), "train", "no train/: name one of them"),
        (some("", 2), "valid", "split must be 'train' or 'test'"),
        (["x.heic"], "train", "but 1 .heic: save them as JPEG first"),
        (
            ["a", "b"],
            "train",
            "but 2 without an ending: if those are pictures, give their names an ending such as .png",
        ),
        (["x.txt"], "train", "holds no PNG or JPEG file or other picture, but 1 .txt"),
        (["x.csv", "y.txt"], "train", "give the path of the .csv file itself"),
        ([], "train", "it is empty"),
        (["cat/", "dog/"], "train", "only empty folders"),
    ],
)
def test_what_is_not_there(tmp_path, files, split, told):
    with pytest.raises(DataError, match=told) as caught:
        load(put(tmp_path, files), split=split)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such links and no pipes")
def test_links_are_followed_but_not_in_circles(tmp_path):
    put(tmp_path / "elsewhere", some("cat", 2) + some("dog", 1))
    root = tmp_path / "set"
    root.mkdir()
    for name in ("cat", "dog"):
        os.symlink(tmp_path / "elsewhere" / name, root / name)
    assert load(root).describe() == "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1)"
    os.symlink("..", root / "up")
    os.symlink(".", root / "here")
    os.symlink("/no/such.png", root / "cat" / "gone.png")
    images = load(root)
    assert images.describe() == "3 pictures, 8 x 8, grey, 2 classes (cat 2, dog 1), 1 damaged file skipped"
    assert images.notes == ("skipped cat/gone.png: a link to nowhere",)
    os.symlink("self.png", root / "cat" / "self.png")
    os.mkfifo(root / "dog" / "pipe.png")  # nobody writes into it
    assert load(root).notes == (*images.notes, "skipped cat/self.png: a link to itself")


def test_a_class_of_which_nothing_is_left(tmp_path):
    root = put(tmp_path, some("a", 2) + some("b", 1) + some("c", 2))
    (root / "b" / "0.png").write_bytes(b"")
    images = load(root)
    assert images.class_names == ("a", "c") and images.labels.tolist() == [0, 0, 1, 1]
    assert "nothing left of b, 1 damaged file skipped" in images.describe()


def test_the_folder_is_called_by_its_real_name(tmp_path, monkeypatch):
    put(tmp_path / "my set", some("sub", 2))
    monkeypatch.chdir(tmp_path / "my set")
    assert load(".").name == "my set"
    monkeypatch.chdir(tmp_path / "my set" / "sub")
    assert load("..").name == "my set"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/my set").name == load("folder", "~/my set").name == "my set"


def test_names_that_nobody_thinks_of(tmp_path):
    root = put(tmp_path / "a\nb", ["caf\u00e9/\u540d.png", "x y/new\nline.png"])
    images = load(root)
    assert images.class_names == ("caf\u00e9", "x y")
    (root / "x y" / "new\nline.png").write_bytes(b"")
    assert load(root).notes == ("skipped x y/new\\nline.png: empty file",)
    if os.name == "posix":
        with open(os.fsencode(root) + b"/x y/\xff.png", "wb") as file:
            file.write(b"")
        notes = load(root).notes
        assert "skipped x y/\\udcff.png: empty file" in notes


def test_what_may_not_be_read_is_said(tmp_path, monkeypatch):
    root = put(tmp_path / "set", some("", 2) + some("locked", 1))
    real_open, real_scan = open, os.scandir

    def closed(path, *args):
        if "1.png" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, *args)

    def closed_folder(path):
        if "locked" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real_scan(path)

    monkeypatch.setattr("tinygan.data.tree.open", closed, raising=False)
    monkeypatch.setattr("os.scandir", closed_folder)
    images = load(root)
    assert "1 file without permission skipped, 1 folder without permission skipped" in images.describe()
    assert images.notes == ("skipped 1.png: permission denied", "skipped locked/: permission denied")
    with pytest.raises(DataError, match=r"2 files in .* 1.png \(permission denied\)"):
        load(root, strict=True)
    with pytest.raises(DataError, match="permission denied"):
        load(put(tmp_path / "locked set", some("", 2)))


# -- what only a zip can have ----------------------------------------------------------------------------


def test_locked_and_damaged_zips(tmp_path):
    root = put(tmp_path / "set", some("", 3))
    whole = packed(root, tmp_path / "set.zip").read_bytes()
    path = tmp_path / "bad.zip"
    for content, told in (
        (b"", "not a whole zip"),
        (b"<html>", "not a whole zip"),
        (whole[: len(whole) // 2], "not a whole zip"),
        (locked(whole), "locked with a password"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=told) as caught:
            load(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def locked(content):
    """The same zip with the flag of encryption on each member."""
    content = bytearray(content)
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        start = content.find(mark)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(mark, start + 1)
    return bytes(content)


def test_a_damaged_member_is_skipped(tmp_path):
    path = packed(put(tmp_path / "set", some("", 3)), tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    content[content.find(b"IDAT") + 6] ^= 255  # the second picture's bytes do not fit its checksum any more
    path.write_bytes(bytes(content))
    images = load(path)
    assert len(images) == 2 and "skipped 0.png: damaged in the zip" in images.notes[0]
    with pytest.raises(DataError, match="0.png.*damaged in the zip"):
        load(path, strict=True)


def test_a_member_that_grows_too_large_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.data.tree.BYTES", 500)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(put(tmp_path / "set", ["a.png"]) / "a.png", "a.png")
        archive.writestr("b.png", bytes(10**6))
    images = load(path)
    assert len(images) == 1 and images.notes == (
        "skipped b.png: too large: 1,000,000 bytes when unpacked, more than 500",
    )


def test_nothing_of_a_zip_is_written(tmp_path):
    path = tmp_path / "set.zip"
    picture = put(tmp_path / "set", ["a.png"]) / "a.png"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../evil.png", "/etc/evil.png", "back\\slash\\a.png"):
            archive.write(picture, name)
    before = sorted(tmp_path.rglob("*"))
    assert load(path).class_names == ("back", "etc")  # the first counts as hidden
    assert sorted(tmp_path.rglob("*")) == before
