"""The door: what is asked for by a name, what is refused, and what can be told before anything is read."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinygan.data import NAMES, SETS, DataError, Images, Mixture, Points, check, kind, load, ring, short_name


def pictures(root):
    root.mkdir(parents=True, exist_ok=True)
    for i in range(3):
        Image.fromarray(np.full((16, 16), i, np.uint8)).save(root / f"{i}.png")
    return root


def test_the_table():
    assert (
        NAMES
        == tuple(SETS)
        == (
            *("ring", "grid", "digits", "faces", "mnist", "fashion", "stacked"),
            *("sketches", "dates", "molecules", "melodies", "folder"),
        )
    )
    assert [name for name in NAMES if SETS[name].real] == ["mnist", "fashion", "stacked"]
    assert [name for name in NAMES if SETS[name].kind == "points"] == ["ring", "grid"]
    for name, row in SETS.items():
        assert row.about and "\n" not in row.about, name
        first = next(iter(inspect.signature(row.make).parameters))
        assert row.data_dir == (first in ("data_dir", "path")), name


def test_generated_sets(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    assert isinstance(load("ring"), Mixture)
    assert len(load("ring", modes=5).means) == 5
    assert len(load("grid").means) == 25
    images = load("digits", n=30, seed=2)
    assert isinstance(images, Images) and len(images) == 30
    assert images.describe() == "30 pictures, 28 x 28, grey, 10 classes (0, 1, ... 9, 3 pictures each)"
    large = load("digits", size="48x64", channels=3, n=30)
    assert large.sample_shape == (48, 64, 3) and large.class_names == tuple("0123456789")


def test_named_sets_come_in_the_form_that_is_asked_for(tmp_path):
    root = pictures(tmp_path / "set")
    images = load("folder", root, size=8, channels=3, crop="fit", background="black", strict=True, progress=False)
    assert images.sample_shape == (8, 8, 3)
    assert load("folder", str(root)).sample_shape == (16, 16, 1)
    assert np.array_equal(load("folder", data_dir=root, seed=3).pixels, load(root, seed=3).pixels)


@pytest.mark.parametrize(
    ("name", "meant"), [("mnits", "mnist"), ("digit", "digits"), ("fashon", "fashion"), ("stakced", "stacked")]
)
def test_misspelt_names_are_guessed(name, meant):
    for ask in (load, check):
        with pytest.raises(DataError, match=f"did you mean {meant}[?]") as caught:
            ask(name)
        assert all(known in str(caught.value) for known in NAMES)


def test_misspelt_paths_are_guessed(tmp_path, monkeypatch):
    pictures(tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="nor a file of that name: did you mean pictures[?]"):
        check("picturs")
    with pytest.raises(DataError, match=r"does not exist \(did you mean .*pictures[?]\)"):
        check(tmp_path / "picturs")
    with pytest.raises(DataError, match="no data set .cifar10.*fetch cifar-10-binary.tar.gz and give its path"):
        check("cifar10")


@pytest.mark.parametrize("name", ["cifar10", "", None, 3, {}, Mixture, "MNIST DATA SET", "load", "x" * 300, "a\0b"])
def test_unknown_names_list_the_known(name):
    for ask in (load, check):
        with pytest.raises(DataError, match="choose one of ring, grid, digits") as caught:
            ask(name)
        assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["./no", "no/such", "~/no_such_thing", "no.npz", "no.npz:x", Path("ring"), "C:\\no"])
def test_missing_paths(what):
    for ask in (load, check):
        with pytest.raises(DataError, match="does not exist.*: give a folder or .zip of pictures"):
            ask(what)


@pytest.mark.parametrize(
    ("what", "data_dir", "told"),
    [
        ("ring", ".", "ring is not read from files, so --data-dir has no use for it: it goes with mnist"),
        ("digits", "/no/such", "digits is not read from files"),
        (".", ".", "--data-dir goes with a data set's name, not with ."),
        (np.zeros((2, 28, 28)), ".", "not with data of type ndarray"),
        (ring(), ".", "not with data of type Mixture"),
        ("folder", None, "needs a folder: name it with --data-dir"),
        ("folder", "/no/such", "/no/such does not exist"),
    ],
)
def test_folders_that_are_useless_or_missing(what, data_dir, told):
    for ask in (load, check):
        with pytest.raises(DataError, match=told):
            ask(what, data_dir)


@pytest.mark.parametrize(
    ("what", "options", "told"),
    [
        ("ring", {"mode": 4}, "'ring' has no option 'mode': choose from modes, radius, sigma"),
        ("digits", {"sizes": 4}, "no option 'sizes'"),
        ("mnist", {"n": 4}, "no option 'n'"),
        ("stacked", {"m": 4}, "no option 'm'"),
        (np.zeros((2, 28, 28)), {"n": 4}, "no option 'n' for data that have no name"),
        ("digits", {"split": "test"}, "digits has no test part"),
        ("ring", {"split": "test"}, "ring has no test part"),
        (np.zeros((2, 28, 28)), {"split": "test"}, "has no test part"),
        ("mnist", {"split": "valid"}, "split must be 'train' or 'test'"),
        ("digits", {"size": 30}, "the nearest is 32"),
        ("digits", {"channels": 2}, "channels must be"),
        ("digits", {"crop": "middle"}, "crop must be one of"),
        ("digits", {"background": "x"}, "background must be"),
        (len, {}, "data of type builtin_function_or_method is no data set: give a name, a path"),
        (b"ring", {}, "data of type bytes is no data set"),
        ((1, 2, 3), {}, "data of type tuple is no data set"),
    ],
)
def test_options_that_cannot_be(what, options, told):
    with pytest.raises(DataError, match=told):
        load(what, **options)


def test_check_reads_nothing(tmp_path):
    (tmp_path / "set.npz").write_bytes(b"nonsense")
    for what in (tmp_path, tmp_path / "set.npz", f"{tmp_path}/set.npz:x", "mnist", np.zeros(3), ring(), [1]):
        check(what)
    check("mnist", "/no/such")  # loading says what is missing there
    check("folder", tmp_path)


class Spiral:
    def sample(self, n, rng):
        return rng.random((n, 2))


@pytest.mark.parametrize(
    ("what", "is_kind", "short"),
    [
        ("ring", "points", "ring"),
        ("grid", "points", "grid"),
        ("stacked", "images", "stacked"),
        ("unknown", "images", "unknown"),
        (ring(), "points", "ring"),
        (Spiral(), "points", "Spiral"),
        (Points("my points", [[0, 1]]), "points", "my-points"),
        (np.zeros((5, 2)), "points", "array"),
        ((np.zeros((5, 2)), [0] * 5), "points", "tuple"),
        (np.zeros((5, 8, 8)), "images", "array"),
        (Images("mine!", np.zeros((1, 8, 8, 1), np.uint8)), "images", "mine"),
        ("/a/b/My Cats (2024)/", "images", "My-Cats-2024"),
        ("cifar-10-binary.tar.gz", "images", "cifar-10-binary"),
        ("x/faces.npz:train_images", "images", "faces-train-images"),
        ("caf\u00e9\n2", "images", "cafe-2"),
        ("\u540d\u524d", "images", "data"),
        ("/", "images", "data"),
        ("x" * 99, "images", "x" * 40),
    ],
)
def test_kind_and_short_name(what, is_kind, short):
    assert kind(what) == is_kind
    assert short_name(what) == short


def test_the_short_name_of_here(tmp_path, monkeypatch):
    pictures(tmp_path / "My set")
    monkeypatch.chdir(tmp_path / "My set")
    assert short_name(".") == short_name(Path(".")) == "My-set"


@pytest.mark.parametrize("name", ["a", "a.npz", "a.npy", "a.csv", "a.zip", "a.gz", "a.bin", "a.png", "a.npz:x"])
def test_what_is_not_there_is_said_to_be_missing(tmp_path, name):
    with pytest.raises(DataError, match=r"does not exist: give a folder or [.]zip of pictures"):
        load(tmp_path / name)
