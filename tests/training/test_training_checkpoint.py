"""A checkpoint comes back whole, or is refused in one sentence; it never unpickles and never costs the old one."""

import errno
import hashlib
import io
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest

from tinygan import archive
from tinygan.training import checkpoint
from tinygan.training.checkpoint import CheckpointError

ARRAYS = {
    "G/0.W": np.arange(12, dtype=np.float32).reshape(3, 4),
    "opt_g/t": np.array(5),
    "empty": np.zeros((0, 3), np.float64),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
}
META = {"kind": "checkpoint", "step": 3, "rng": {"state": 2**127 + 1}, "text": "'\"\n"}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint-000003.npz"
    checkpoint.save(path, ARRAYS, META)
    return path


def assert_whole(path):
    arrays, meta = checkpoint.load(path)
    assert meta == META
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)


def test_what_is_saved_comes_back(saved):
    assert_whole(saved)


def test_part_takes_one_prefix_and_no_other():
    arrays = {"G/0.W": 1, "G/0.b": 2, "GG/0.W": 3, "opt_g/m": 4}
    assert checkpoint.part(arrays, "G") == {"0.W": 1, "0.b": 2}


def test_saving_again_replaces_and_leaves_no_other_file(saved):
    checkpoint.save(saved, {"x": np.ones(2)}, {"step": 9})
    assert checkpoint.load(saved)[1] == {"step": 9}
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize("where", ["write", "rename"])
def test_a_full_disk_leaves_the_old_checkpoint_and_no_other_file(saved, monkeypatch, where):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*((archive, "sha256") if where == "write" else (os, "replace")), full)
        with pytest.raises(OSError, match="No space left") as error:
            checkpoint.save(saved, {"x": np.ones(2)}, {"step": 9})
    assert error.value.filename == str(saved)
    assert_whole(saved)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def outcome(path, raw, i, mask):
    """'refused' or 'harmless' for a checkpoint with one byte changed; any other error goes through."""
    path.write_bytes(raw[:i] + bytes([raw[i] ^ mask]) + raw[i + 1 :])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would be a second line on standard error
        try:
            assert_whole(path)
        except CheckpointError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            return "refused"
    return "harmless"


def test_a_changed_byte_anywhere_is_noticed_or_harmless(saved):
    raw = saved.read_bytes()
    masks = np.random.default_rng(0).integers(1, 256, len(raw))
    seen = [outcome(saved, raw, i, int(masks[i])) for i in range(0, len(raw), 3)]
    assert seen.count("refused") > len(seen) / 2  # the rest are dates and such in the zip's tables


@pytest.mark.slow
@pytest.mark.parametrize("bit", range(8))
def test_each_changed_bit_is_noticed_or_harmless(saved, bit):
    raw = saved.read_bytes()
    assert "refused" in {outcome(saved, raw, i, 1 << bit) for i in range(len(raw))}


def test_each_shortened_file_is_refused(saved):
    raw = saved.read_bytes()
    for length in range(0, len(raw), 7):
        saved.write_bytes(raw[:length])
        with pytest.raises(CheckpointError, match=saved.name):
            checkpoint.load(saved)


def test_a_swapped_array_is_noticed_though_every_zip_checksum_fits(saved):
    with np.load(saved) as file:
        content = dict(file)
    content["array/G/0.W"] = content["array/G/0.W"] + 1
    np.savez(saved, **content)
    with pytest.raises(CheckpointError, match="its checksum does not match"):
        checkpoint.load(saved)


def sealed(path, meta):
    """A file whose checksum fits, though what it says of itself is `meta`."""
    packed = io.BytesIO()
    np.savez(packed, meta=meta)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"0" * 64
    body = packed.getvalue()[:-64]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())


class Trap:
    """Unpickling it would raise a RuntimeError."""

    def __reduce__(self):
        return eval, ("1 / 0",)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


FOREIGN = {
    "empty file": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "json": lambda path: path.write_text(json.dumps({"meta": 1})),
    "npy": lambda path: path.write_bytes(npy(np.ones(3))),
    "other npz": lambda path: np.savez(path, weights=np.ones(3)),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
    "pickle in npz": lambda path: sealed(path, np.array([Trap()], dtype=object)),
    "meta no JSON": lambda path: sealed(path, "{kind: checkpoint"),
    "meta a number": lambda path: sealed(path, "5"),
    "meta a list": lambda path: sealed(path, "[1, 2]"),
    "meta empty": lambda path: sealed(path, ""),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused_by_name(tmp_path, kind):
    path = tmp_path / "checkpoint-000001.npz"
    FOREIGN[kind](path)
    with pytest.raises(CheckpointError) as error:
        checkpoint.load(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert "pickle" not in str(error.value)  # NumPy's own message tells how to load it unsafely


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(CheckpointError, match="there is no file .*gone.npz"):
        checkpoint.load(tmp_path / "gone.npz")


def test_the_bytes_of_a_file_are_those_of_every_version(saved):
    """A checkpoint of an earlier version is read, and one of this by an earlier: meta first, then array/NAME."""
    with zipfile.ZipFile(saved) as file:
        assert file.namelist() == ["meta.npy", *(f"array/{name}.npy" for name in ARRAYS)]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in file.infolist())
    old = io.BytesIO()
    np.savez(old, meta=np.array(json.dumps(META)), **{f"array/{name}": array for name, array in ARRAYS.items()})
    body = old.getvalue()[:-2] + bytes([64, 0])  # the comment's length
    assert saved.read_bytes() == body + hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
@pytest.mark.parametrize("where", ["reading", "parsing"])
def test_what_says_nothing_about_the_file_does_not_call_it_broken(saved, monkeypatch, error, where):
    def fails(*args, **kwargs):
        raise error

    place = (os, "open") if where == "reading" else (archive.np, "load")
    with monkeypatch.context() as patch:
        patch.setattr(*place, fails)
        with pytest.raises(type(error)) as raised:
            checkpoint.load(saved)
    assert raised.value is error
    if isinstance(error, OSError) and where == "reading":
        assert error.filename == str(saved)
    assert_whole(saved)
