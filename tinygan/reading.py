"""What is read from files that anybody may have changed: plain files alone, and JSON of a known form.

Whoever reads such a file asks here for its bytes, its JSON and the kinds of its fields, and makes of an `Unreadable` a
sentence that names the file.
"""

from __future__ import annotations

import errno
import json
import math
import os
import reprlib
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from tinygan.files import PathLike, errors_name
from tinygan.words import printable

DIGITS = 40  # of a whole number: the random states of NumPy are its largest, with 128 bits
NESTING = 32  # objects and lists inside each other
LONGEST = 10_000  # characters of a text
NO_FILE = "it is a pipe or a device, not a file"

Kind = Callable[[Any], bool]


class Unreadable(ValueError):
    """Why a file is not what was written: the end of a sentence, without the file's name."""


@contextmanager
def plain_file(path: PathLike, at_end: bool = False) -> Iterator[BinaryIO]:
    """Open a file, and nothing that only looks like one: a pipe would be waited for, and some devices never end.

    Parameters
    ----------
    path : path
    at_end : bool
        To write at its end instead of reading; a file that is missing is made.

    Raises
    ------
    Unreadable
        If it is a pipe or a device.
    OSError
        If there is none, it is a folder, or it may not be read.
    """

    def without_waiting(name: str, flags: int) -> int:
        try:
            return os.open(name, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a pipe that nobody reads, or a socket
                raise Unreadable(NO_FILE) from None
            raise

    with ExitStack() as stack:
        stack.enter_context(errors_name(path))
        file: BinaryIO
        if at_end:
            file = stack.enter_context(open(path, "ab", opener=without_waiting))
        else:
            file = stack.enter_context(open(path, "rb", opener=without_waiting))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Unreadable(NO_FILE)
        yield file


def plain_bytes(path: PathLike, most: int) -> bytes:
    """The content of a file of at most `most` bytes.

    Raises
    ------
    Unreadable
        If it is larger, a pipe or a device.
    OSError
        As `plain_file`.
    """
    with plain_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise Unreadable(f"it has {size:,} bytes, and at most {most:,} are read")
        return file.read(size)


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. A byte order mark, which some editors write, is passed over.

    Raises
    ------
    Unreadable
        If it is no JSON in UTF-8, names something twice, is nested deeply, or has a number that is not finite or very
        long.
    """
    try:
        value = _JSON.decode(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except UnicodeDecodeError:
        raise Unreadable("it is no text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is no JSON (line {error.lineno}: {error.msg})") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    _check_nesting(value, NESTING)
    return value


def check_fields(content: Any, kinds: Mapping[str, Kind]) -> None:
    """Raise Unreadable if `content` is no JSON object, or one of the fields is not of its kind; others may be there.

    Examples
    --------
    >>> check_fields({"step": "7"}, {"step": whole()})
    Traceback (most recent call last):
    tinygan.reading.Unreadable: its step cannot be '7'
    """
    if not isinstance(content, Mapping):
        raise Unreadable(f"it cannot be {_shown(content)}")
    lacks = [name for name, fits in kinds.items() if name not in content and not fits(None)]
    if lacks:
        raise Unreadable(f"it lacks {', '.join(lacks)}")
    for name, fits in kinds.items():
        if not fits(content.get(name)):
            raise Unreadable(f"its {name} cannot be {_shown(content[name])}")


# -- kinds: whether a value is of them; true and false are no numbers ------------------------------------------


def whole(least: int = 0, most: int = 2**63 - 1) -> Kind:
    """A whole number within these bounds."""
    return lambda value: type(value) is int and least <= value <= most


def number(value: Any) -> bool:
    """A finite number."""
    return type(value) in (int, float) and abs(value) < math.inf


def text(value: Any) -> bool:
    """Text of a bearable length."""
    return isinstance(value, str) and len(value) <= LONGEST


def mapping(value: Any) -> bool:
    """An object of JSON."""
    return isinstance(value, dict)


def list_of(kind: Kind, least: int = 0, most: int = 10**6) -> Kind:
    """A list of so many values of one kind."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(kind, value))


def maybe(kind: Kind) -> Kind:
    """A value of this kind, or none."""
    return lambda value: value is None or kind(value)


# -- what JSON's own reader lets pass --------------------------------------------------------------------------


def _whole_number(digits: str) -> int:
    if len(digits) > DIGITS:
        raise Unreadable(f"it holds a number of {len(digits)} digits")
    return int(digits)


def _finite_number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Unreadable(f"it holds {printable(digits, 40)}, which is no finite number")
    return value


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"it says {printable(twice, 40)!r} twice")
    return found


def _check_nesting(value: Any, left: int) -> None:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner and not left:
        raise Unreadable("it is nested too deeply")
    for each in inner:
        _check_nesting(each, left - 1)


def _shown(value: Any) -> str:
    """A value as it stands in a sentence: in one line, and cut short."""
    return printable(reprlib.repr(value))


_JSON = json.JSONDecoder(
    object_pairs_hook=_named_once,
    parse_int=_whole_number,
    parse_float=_finite_number,
    parse_constant=_finite_number,
)
