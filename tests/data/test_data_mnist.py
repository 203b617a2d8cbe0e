import dataclasses
import gzip
import hashlib
import importlib
import os
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from data.mirrors import Quiet, serving

from tinygan.data import DataError, fashion, load, mnist

# `tinygan.data.mnist` is the function; the module of that name is reached by import alone.
module = importlib.import_module("tinygan.data.mnist")

IMAGES, LABELS = module.FILES["train"]


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


DIGITS = [3, 1, 4, 1, 5]
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28))
CONTENT = {IMAGES: idx(PIXELS), LABELS: idx(np.array(DIGITS))}
CLOTHES = {IMAGES: idx(255 - PIXELS), LABELS: idx(np.array([9] * 5))}
BOTH = {"mnist": CONTENT, "fashion": CLOTHES}


def change_a_pixel(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def write(folder, content=CONTENT, suffix=".gz", spell=str):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        data = gzip.compress(data, mtime=0) if suffix else data
        (folder / f"{spell(name)}{suffix}").write_bytes(data)
    return folder


def is_ours(images):
    clothes = images.name == "fashion"
    pixels, labels = (255 - PIXELS, [9] * 5) if clothes else (PIXELS, DIGITS)
    return np.array_equal(images.pixels[..., 0], pixels) and images.labels.tolist() == labels


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a folder, and the folder."""
    folder = tmp_path_factory.mktemp("served")
    with serving(partial(Quiet, directory=str(folder))) as url:
        yield url, folder


@pytest.fixture(autouse=True)
def small_set(monkeypatch, tmp_path, server):
    """Five images stand in for MNIST, five others for Fashion-MNIST; nothing outside this machine is asked."""
    url, folder = server
    (folder / tmp_path.name).symlink_to(tmp_path)
    mirrors = tuple(f"{url}{tmp_path.name}/{mirror}/" for mirror in ("mirror1", "mirror2"))
    for name, content in (("MNIST", CONTENT), ("FASHION", CLOTHES)):
        sums = {stem: hashlib.sha256(data).hexdigest() for stem, data in content.items()}
        sizes = {stem: len(data) for stem, data in content.items()}
        small = dataclasses.replace(getattr(module, name), mirrors=mirrors, sha256=sums, sizes=sizes)
        monkeypatch.setattr(module, name, small)
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("TINYGAN_DATA", raising=False)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("spell", [str, lambda name: name.replace("-idx", ".idx")])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_files_are_found_in_every_spelling(tmp_path, suffix, spell, inside):
    write(tmp_path / "data" / inside, suffix=suffix, spell=spell)
    images = mnist(tmp_path / "data")
    assert images.name == "mnist" and images.pixels.shape == (5, 28, 28, 1)
    assert images.labels.dtype == np.int64
    assert is_ours(images)
    assert is_ours(load("mnist", data_dir=str(tmp_path / "data")))


def test_variable_and_then_cache(tmp_path, monkeypatch):
    write(tmp_path / "cache" / "mnist")
    assert is_ours(mnist())
    write(tmp_path / "data" / "mnist", {IMAGES: b"", LABELS: b""})
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError, match="empty"):
        mnist()


def test_an_explicit_folder_without_the_files_downloads_nothing(tmp_path):
    write(tmp_path / "mirror1")
    write(tmp_path / "cache" / "mnist")
    with pytest.raises(DataError, match="data-dir") as caught:
        mnist(tmp_path / "empty")
    assert str(tmp_path / "empty") in str(caught.value)
    write(tmp_path / "half", {IMAGES: CONTENT[IMAGES]})
    with pytest.raises(DataError, match=LABELS):
        mnist(tmp_path / "half")


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_download_from_the_first_mirror_that_has_it(tmp_path, name, capsys):
    mirror = write(tmp_path / "mirror2", BOTH[name])
    assert is_ours(getattr(module, name)())
    printed = capsys.readouterr()
    assert printed.out == "" and "mirror1" in printed.err and "mirror2" in printed.err
    kept = sorted(path.name for path in (tmp_path / "cache" / name).iterdir())
    assert kept == sorted(f"{stem}.gz" for stem in CONTENT)
    for path in mirror.iterdir():
        path.unlink()
    assert is_ours(getattr(module, name)())  # now from the cache


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:],
        lambda data: b"<html>please log in</html>",
        lambda data: b"",
    ],
    ids=["half", "one bit", "page", "empty"],
)
@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_damaged_downloads_are_not_kept(tmp_path, damage, name):
    for path in write(tmp_path / "mirror1", BOTH[name]).iterdir():
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        getattr(module, name)()
    message = str(caught.value)
    for part in ("mirror1", "mirror2", "--data-dir", "TINYGAN_DATA", f"{IMAGES}.gz"):
        assert part in message
    assert "\n" not in message and message.isascii()
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    write(tmp_path / "mirror1")
    (tmp_path / "cache").write_bytes(b"in the way")
    with pytest.raises(DataError, match="TINYGAN_CACHE"):
        mnist()


@pytest.mark.parametrize("name", BOTH)
def test_one_changed_byte_is_caught(tmp_path, name):
    write(tmp_path / "data", {**BOTH[name], IMAGES: change_a_pixel(BOTH[name][IMAGES])})
    with pytest.raises(DataError, match="SHA-256") as caught:
        load(name, tmp_path / "data")
    assert str(tmp_path / "data" / f"{IMAGES}.gz") in str(caught.value)


GREY = idx(np.full((5, 28, 28), 128))
IN_THE_CACHE = {
    "grey images": (GREY, gzip.compress),
    "grey images, unpacked": (GREY, bytes),
    "fewer images": (idx(np.zeros((3, 28, 28))), gzip.compress),
    "damaged gzip": (CLOTHES[IMAGES], lambda data: gzip.compress(data)[:-100]),
    "no IDX": (b"<html>", bytes),
    "nothing": (b"", bytes),
    "the other set": (CONTENT[LABELS], gzip.compress),
}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("case", IN_THE_CACHE)
def test_the_cache_is_checked_as_a_download_is(tmp_path, name, case):
    """What is proved wrong by its bytes may be deleted: it is fetched anew."""
    content, packed = IN_THE_CACHE[case]
    folder = write(tmp_path / "cache" / name, BOTH[name])
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(packed(content))
    with pytest.raises(DataError, match=f"{path} .*: delete it, and it will be downloaded$"):
        load(name)
    path.unlink()
    write(tmp_path / "mirror2", BOTH[name])
    assert is_ours(load(name))


def test_a_cache_that_cannot_be_read_is_not_called_wrong(tmp_path, monkeypatch):
    write(tmp_path / "cache" / "mnist")

    def closed(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", closed)
    with pytest.raises(DataError, match="cannot be read: Permission denied$"):
        mnist()


@pytest.mark.parametrize(
    "images",
    [change_a_pixel(CONTENT[IMAGES]), idx(np.zeros((5, 32, 32))), idx(np.zeros((9000, 28, 28))), CONTENT[LABELS]],
)
def test_other_data_in_the_same_format_are_told_where_to_go(tmp_path, images):
    """Nobody is told to delete what may be KMNIST."""
    root = write(tmp_path / "my data", {**CONTENT, IMAGES: images})
    for name in BOTH:
        with pytest.raises(DataError, match="another data set.* train on it with --data '.*my data'|to MNIST") as it:
            load(name, root)
        assert "delete" not in str(it.value)


def test_other_data_are_read_by_their_path(tmp_path):
    other = load(write(tmp_path / "my data", {**CONTENT, IMAGES: change_a_pixel(CONTENT[IMAGES])}))
    assert other.name == "my data" and other.class_names == ("1", "3", "4", "5")
    assert other.labels.tolist() == [1, 0, 2, 0, 3]  # of 3, 1, 4, 1, 5
    with pytest.raises(DataError, match="for another data set give its path with --data"):
        mnist(write(tmp_path / "emnist", {f"emnist-letters-{name}": b"" for name in CONTENT}))


def test_classes_have_names(tmp_path):
    assert mnist(write(tmp_path / "data")).class_names == tuple("0123456789")
    assert fashion(write(tmp_path / "data" / "fashion", CLOTHES)).class_names[9] == "ankle boot"


def test_mnist_under_the_name_of_fashion_is_caught(tmp_path):
    write(tmp_path / "data")
    with pytest.raises(DataError, match="belongs to MNIST, not to Fashion-MNIST"):
        fashion(tmp_path / "data")


def test_unknown_split_is_refused():
    with pytest.raises(DataError, match="'train' or 'test'"):
        mnist(split="valid")


REAL = Path(os.environ.get("TINYGAN_DATA") or "nowhere")


@pytest.mark.skipif(not any(REAL.glob("**/train-images*")), reason="$TINYGAN_DATA does not hold the real MNIST")
@pytest.mark.parametrize(
    ("split", "count", "first", "mean"),
    [("train", 60_000, [5, 0, 4, 1, 9], 0.1307), ("test", 10_000, [7, 2, 1, 0, 4], 0.1325)],
)
def test_the_real_mnist(split, count, first, mean, monkeypatch):
    monkeypatch.undo()  # the real checksums again
    images = mnist(REAL, split)
    assert images.pixels.shape == (count, 28, 28, 1)
    assert images.labels[:5].tolist() == first
    assert np.bincount(images.labels).size == 10
    assert abs(images.pixels.mean() / 255 - mean) < 5e-5  # the figures known from the tutorials
