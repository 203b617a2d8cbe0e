"""Small files that unpack to large ones: of a user's own files, too, no more is made than they can rightly hold."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from tinygan.data import DataError, load


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(name, content):
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)

    return write


def tarred(kind, size):
    """A tar whose only entry is a note of that kind and size, all zeros."""

    def write(path):
        note = tarfile.TarInfo("././@LongLink")
        note.type, note.size = kind, size
        path.write_bytes(gzip.compress(note.tobuf(tarfile.GNU_FORMAT) + bytes(size + 1024)))

    return write


def packed(content):
    return lambda path: path.write_bytes(gzip.compress(content))


ZEROS = bytes(40 << 20)  # 40 MB, of which gzip makes 40 kB
NPY = np.lib.format.MAGIC_PREFIX
BOMBS = {
    "IDX with more than its header promises": (
        "a-images-idx3-ubyte.gz",
        packed(b"\0\0\x08\x03\0\0\0\x01\0\0\0\x08\0\0\0\x08" + ZEROS),
        "has bytes after its end, but an array of shape .* takes 80: fetch it again",
    ),
    "no IDX": ("a-images-idx3-ubyte.gz", packed(b"\1" + ZEROS), "not an IDX file"),
    "one line of a table": ("a.csv.gz", packed(ZEROS), "has a line of more than 8,388,608 letters"),
    "one line below the first": (
        "b.csv.gz",
        packed(b",".join(b"%d" % i for i in range(64)) + b"\n" + ZEROS),
        "has a line of more than 8,388,608 letters",
    ),
    "no array": ("a.npz", zipped("x.npy", ZEROS), "is damaged or no NumPy file"),
    "the head of an array": (
        "b.npz",
        zipped("x.npy", NPY + b"\2\0" + (40 << 20).to_bytes(4, "little") + ZEROS),
        "is damaged or no NumPy file",
    ),
    "more than an array": (
        "c.npz",
        zipped("x.npy", npy(np.zeros((2, 8, 8), np.uint8)) + ZEROS),
        "is damaged or no NumPy file",
    ),
    "a long name in a tar": ("a.tar.gz", tarred(tarfile.GNUTYPE_LONGNAME, 40 << 20), "cannot be read: .*damaged"),
    "notes in a tar": ("b.tar.gz", tarred(tarfile.XHDTYPE, 40 << 20), "cannot be read: .*damaged"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_small_file_does_not_fill_the_memory(tmp_path, case):
    name, write, said = BOMBS[case]
    write(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(DataError, match=said):
        load(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 << 20  # one line of a table takes some of it
