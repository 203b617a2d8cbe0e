import gzip
import struct
from functools import partial

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.data import DataError, read_idx
from tinygan.data.idx import TYPES, parse_idx


def idx_bytes(array, code=0x08):
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


ARRAY = np.arange(2 * 3 * 5).reshape(2, 3, 5)
GOOD = idx_bytes(ARRAY)
packed = partial(gzip.compress, mtime=0)  # without the hour, which would be in the names of the tests


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_every_type_plain_and_compressed(tmp_path, code, compress):
    path = tmp_path / "file"
    path.write_bytes(compress(idx_bytes(ARRAY, code)))
    array = read_idx(path)
    assert np.array_equal(array, ARRAY)
    assert array.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    assert array.dtype.isnative


def test_a_hand_written_file(tmp_path):
    """The bytes spelt out, so that reader and test cannot share a mistake."""
    path = tmp_path / "file"
    path.write_bytes(b"\0\0\x0b\x02\0\0\0\x01\0\0\0\x02\x01\x00\xff\xfe")
    assert read_idx(str(path)).tolist() == [[256, -2]]


@given(st.lists(st.integers(0, 4), min_size=0, max_size=4))
def test_any_shape_comes_back(shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    assert np.array_equal(parse_idx(idx_bytes(array), "it"), array)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\0\0\x08", "cut short"),
        (b"<html>not found</html>", "not an IDX file"),
        (b"\0\x01" + GOOD[2:], "not an IDX file"),
        (b"\0\0\x07" + GOOD[3:], "type 0x07"),
        (GOOD[:10], "header of 3 axes takes 16 bytes"),
        (GOOD[:-1], "cut short"),
        (GOOD + b"\0", "bytes after its end"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "cut short"),
        (packed(b""), "is empty"),
        (packed(GOOD)[:-9], "incomplete gzip"),
        (packed(GOOD)[:12], "incomplete gzip"),
        (packed(GOOD)[:-6] + b"\0\0" + packed(GOOD)[-4:], "bad gzip"),
        (packed(GOOD)[:10] + b"\xff" + packed(GOOD)[11:], "bad gzip"),
        (packed(GOOD) + b"trailing", "bad gzip"),
    ],
)
def test_damaged_files_are_named_in_one_sentence(tmp_path, content, told):
    path = tmp_path / "damaged-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        read_idx(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and message.isascii()


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(content):
    try:
        array = parse_idx(b"\0\0\x08" + content, "it")
    except DataError:
        return
    assert array.dtype == np.uint8


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
