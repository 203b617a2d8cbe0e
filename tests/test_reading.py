"""What anybody may have changed is read whole or refused with a reason: no traceback, no waiting, no surprise."""

import os
import sys

import pytest

from tinygan import reading
from tinygan.reading import Unreadable, check_fields, list_of, maybe, number, parsed, plain_bytes, plain_file, whole

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files on Windows")

NOT_JSON = {
    "nothing": (b"", "no JSON"),
    "a word": (b"step", "no JSON"),
    "half an object": (b'{"step": ', "no JSON"),
    "two values": (b"1 2", "no JSON"),
    "zero bytes": (b"\0" * 9, "no JSON"),
    "Latin-1": (b'"\xe9"', "no text in UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "no text in UTF-8"),
    "NaN": (b'{"x": NaN}', "NaN, which is no finite number"),
    "-Infinity": (b"[-Infinity]", "-Infinity, which is no finite number"),
    "a huge float": (b"[1e400]", "1e400, which is no finite number"),
    "a huge whole number": (b"1" + b"0" * 400, "a number of 401 digits"),
    "a number that Python refuses": (b"9" * 5000, "a number of 5000 digits"),
    "a name twice": (b'{"lr": 1, "x": {}, "lr": 2}', "it says 'lr' twice"),
    "40 lists": (b"[" * 40 + b"]" * 40, "nested too deeply"),
    "200,000 lists": (b"[" * 200_000, "nested too deeply"),
    "200,000 objects": (b'{"a":' * 200_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", NOT_JSON)
def test_what_is_no_plain_json_is_refused_with_the_reason(case):
    content, said = NOT_JSON[case]
    with pytest.raises(Unreadable) as raised:
        parsed(content)
    assert said in str(raised.value) and "\n" not in str(raised.value) and len(str(raised.value)) < 200


def test_what_editors_and_other_systems_leave_is_read():
    assert parsed('\ufeff{"a":\r\n [1, -2.5e3, null, true, "\u00e9"]}\r\n'.encode()) == {
        "a": [1, -2500, None, True, "\u00e9"]
    }
    assert parsed(b"%d" % (2**128 - 1)) == 2**128 - 1  # a random state


KINDS = {
    "a whole number": (whole(1, 9), [1, 9], [0, 10, 1.0, True, "1", None, []]),
    "a number": (number, [0, -1.5, 10**30], [True, "1", None, float("nan"), float("inf"), [1]]),
    "one or none": (maybe(number), [None, 1], [False, "x"]),
    "a list": (list_of(whole(), 1, 2), [[0], [1, 2]], [[], [1, 2, 3], ["1"], [True], "12", {"1": 2}, None, 3]),
    "a text": (reading.text, ["", "x"], [None, 1, ["x"], "x" * 20_000]),
    "an object": (reading.mapping, [{}, {"a": 1}], [None, [], "x"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_is_of_its_kind_or_named(kind):
    fits, good, bad = KINDS[kind]
    for value in good:
        check_fields({"x": value, "another": 1}, {"x": fits})
    for value in bad:
        with pytest.raises(Unreadable, match="its x cannot be"):
            check_fields({"x": value}, {"x": fits})
    if not fits(None):
        with pytest.raises(Unreadable, match="it lacks x"):
            check_fields({}, {"x": fits})


@pytest.mark.parametrize("content", [None, [], "step", 7, True])
def test_what_is_no_object_has_no_fields(content):
    with pytest.raises(Unreadable, match="it cannot be"):
        check_fields(content, {})


@posix_only
@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("what", ["/dev/zero", "/dev/full", "pipe"])
def test_a_pipe_or_device_is_neither_waited_for_nor_read_nor_written(tmp_path, what, at_end):
    path = tmp_path / "x"
    os.mkfifo(path) if what == "pipe" else path.symlink_to(what)
    with pytest.raises(Unreadable, match="it is a pipe or a device"), plain_file(path, at_end):
        raise AssertionError("it was opened")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "x").write_bytes(b"12345")
    assert plain_bytes(tmp_path / "x", 5) == b"12345"
    with pytest.raises(Unreadable, match="it has 5 bytes, and at most 4 are read"):
        plain_bytes(tmp_path / "x", 4)


def test_a_sparse_file_costs_no_memory(tmp_path):
    with open(tmp_path / "x", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Unreadable, match="at most"):
        plain_bytes(tmp_path / "x", 1 << 34)
