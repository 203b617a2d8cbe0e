import dataclasses
import gzip
import hashlib
import http.client
import importlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest

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


def write(folder, content=CONTENT, suffix=".gz", spell=str):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        data = gzip.compress(data, mtime=0) if suffix else data
        (folder / f"{spell(name)}{suffix}").write_bytes(data)
    return folder


def is_ours(images):
    return np.array_equal(images.pixels[..., 0], PIXELS) and images.labels.tolist() == [
        3,
        1,
        4,
        1,
        5,
    ]


@pytest.fixture(autouse=True)
def small_set(monkeypatch, tmp_path):
    """Five images stand in for MNIST, mirrors are folders, and nothing outside is looked at."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()}
    gz_sums = {name: hashlib.sha256(gzip.compress(data, mtime=0)).hexdigest() for name, data in CONTENT.items()}
    mirrors = tuple(f"{(tmp_path / mirror).as_uri()}/" for mirror in ("mirror1", "mirror2"))
    monkeypatch.setattr(module, "MNIST", dataclasses.replace(module.MNIST, mirrors=mirrors, sha256=sums))
    monkeypatch.setattr(module, "FASHION", dataclasses.replace(module.FASHION, mirrors=mirrors, sha256=gz_sums))
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path / "cache"))
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
def test_download_from_the_first_mirror_that_has_it(tmp_path, name, monkeypatch, capsys):
    if name == "fashion":  # the stand-ins are one and the same set, which would be noticed
        monkeypatch.setattr(module, "MNIST", dataclasses.replace(module.MNIST, sha256=dict.fromkeys(CONTENT, "")))
    mirror = write(tmp_path / "mirror2")
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
    for path in write(tmp_path / "mirror1").iterdir():
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        getattr(module, name)()
    message = str(caught.value)
    for part in ("mirror1", "mirror2", "--data-dir", "TINYGAN_DATA", f"{IMAGES}.gz"):
        assert part in message
    assert "\n" not in message and message.isascii()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        http.client.IncompleteRead(b"abc"),
        ConnectionResetError(104, "Connection reset by peer"),
    ],
)
def test_a_broken_line_is_told_in_one_sentence(monkeypatch, error):
    def fail(url, timeout):
        raise error

    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(DataError, match="could not be downloaded"):
        mnist()


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    write(tmp_path / "mirror1")
    (tmp_path / "cache").write_bytes(b"in the way")
    with pytest.raises(DataError, match="TINYGAN_CACHE"):
        mnist()


def change_a_pixel(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def test_one_changed_byte_is_caught(tmp_path):
    write(tmp_path / "data", {**CONTENT, IMAGES: change_a_pixel(CONTENT[IMAGES])})
    with pytest.raises(DataError, match="SHA-256") as caught:
        mnist(tmp_path / "data")
    assert str(tmp_path / "data" / f"{IMAGES}.gz") in str(caught.value)


def test_other_data_in_the_same_format_are_told_where_to_go(tmp_path):
    """Nobody is told to delete what may be KMNIST."""
    root = write(tmp_path / "my data", {**CONTENT, IMAGES: change_a_pixel(CONTENT[IMAGES])})
    with pytest.raises(DataError, match="if it is another data set.* train on it with --data '.*my data'") as caught:
        mnist(root)
    assert "delete" not in str(caught.value)
    other = load(root)
    assert other.name == "my data" and other.class_names == ("1", "3", "4", "5")
    assert other.labels.tolist() == [1, 0, 2, 0, 3]  # of 3, 1, 4, 1, 5
    for content in (
        {IMAGES: idx(np.zeros((5, 32, 32))), LABELS: CONTENT[LABELS]},
        {IMAGES: change_a_pixel(CONTENT[IMAGES]), LABELS: idx(np.array([3, 1, 26, 1, 5]))},
    ):
        with pytest.raises(DataError, match="not Fashion-MNIST, which has images of 28 x 28 and labels from 0 to 9"):
            fashion(write(tmp_path / "letters", content))
    with pytest.raises(DataError, match="for another data set give its path with --data"):
        mnist(write(tmp_path / "emnist", {f"emnist-letters-{name}": b"" for name in CONTENT}))


def test_classes_have_names(tmp_path):
    assert mnist(write(tmp_path / "data")).class_names == tuple("0123456789")
    write(tmp_path / "data" / "fashion", {**CONTENT, IMAGES: change_a_pixel(CONTENT[IMAGES])})
    with pytest.raises(DataError, match="belongs to MNIST"):
        fashion(tmp_path / "data")
    write(tmp_path / "data" / "fashion", {IMAGES: change_a_pixel(CONTENT[IMAGES]), LABELS: idx(np.array([9] * 5))})
    assert fashion(tmp_path / "data").class_names[9] == "ankle boot"


def test_labels_of_another_length_are_caught(tmp_path):
    # Fashion files given by hand have no checksum to trip over first.
    content = {
        IMAGES: change_a_pixel(CONTENT[IMAGES]),
        LABELS: idx(np.array([3, 1, 4])),
    }
    write(tmp_path / "data" / "fashion", content)
    with pytest.raises(DataError, match="5 images but .* 3 labels"):
        fashion(tmp_path / "data")


def test_swapped_files_are_caught(tmp_path):
    content = {
        IMAGES: CONTENT[LABELS],
        LABELS: change_a_pixel(CONTENT[IMAGES]),
    }
    write(tmp_path / "data", content)
    with pytest.raises(DataError, match="not uint8 with 3 axes"):
        fashion(tmp_path / "data")


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
