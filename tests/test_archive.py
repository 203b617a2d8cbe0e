"""An archive keeps arrays and a text about them under any name, and speaks in its caller's words and errors."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tinygan import archive


class Broken(ValueError):
    """The error of a caller."""


@pytest.fixture
def saved(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b/c": np.array(5)}
    return tmp_path / "x.npz", archive.save(tmp_path / "x.npz", arrays, "about", {"kind": "x", "list": [1, "2"]})


def load(path):
    return archive.load(path, "about", "holds no x", Broken)


def test_there_and_back_with_the_checksum_of_the_content(saved):
    path, checksum = saved
    arrays, about, found = load(path)
    assert about == {"kind": "x", "list": [1, "2"]} and list(arrays) == ["a", "b/c"]
    assert arrays["a"].dtype == np.float16 and arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and arrays["b/c"] == 5
    assert found == checksum == hashlib.sha256(path.read_bytes()[:-64]).hexdigest()
    with np.load(path) as file:  # anybody can read it
        assert json.loads(str(file["about"])) == about


def test_the_sentences_and_the_error_are_the_callers(saved, tmp_path):
    path, _ = saved
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(Broken, match=r"x\.npz is damaged, or holds no x of tinygan: its checksum does not match"):
        load(path)
    path.write_bytes(content)
    with pytest.raises(Broken, match=r"x\.npz holds no x of tinygan$"):
        archive.load(path, "another name", "holds no x", Broken)
    with pytest.raises(Broken, match=r"there is no file .*gone\.npz"):
        load(tmp_path / "gone.npz")
    with pytest.raises(Broken, match=r"there is no file .*x\.npz/gone\.npz"):
        load(path / "gone.npz")
    with pytest.raises(Broken, match="cannot be read: it is a folder"):
        load(tmp_path)


def test_a_file_that_may_not_be_read_is_not_called_broken(saved, monkeypatch):
    def refuses(*args):
        raise PermissionError(13, "Permission denied")

    path, _ = saved
    monkeypatch.setattr(os, "open", refuses)
    with pytest.raises(PermissionError) as error:
        load(path)
    assert error.value.filename == str(path)


LOW = """
import resource, sys
import numpy as np
from tinygan.archive import load
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    load(sys.argv[1], "about", "is no x", ValueError)
except MemoryError:
    print("too little memory")
else:
    print("read")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited as on Linux")
@pytest.mark.parametrize("room, said", [(10, "too little memory"), (75, "too little memory"), (400, "read")])
def test_at_a_low_memory_limit_a_whole_file_is_not_called_broken(tmp_path, room, said):
    """Too little to read its 50 MB; enough for that, but not to unpack them; enough."""
    archive.save(tmp_path / "large.npz", {"a": np.zeros(50_000_000, np.uint8)}, "about", {})
    done = subprocess.run(
        [sys.executable, "-c", LOW, tmp_path / "large.npz", str(room * 1_000_000)], capture_output=True, text=True
    )
    assert done.stdout.strip() == said, done.stderr
