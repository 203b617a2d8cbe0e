"""Images as a table: Kaggle's train.csv, one image in each row, one column for each pixel."""

from __future__ import annotations

import gzip
import itertools
import math
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import counted, listed, printable, short

LABELS = ("label", "labels", "class", "target", "y")
ROWS = 2000  # that are read at once, if they are not long
LETTERS = 32 << 20  # that are read at once
LONGEST = 8 << 20  # letters of one line: 512 x 512 colour pixels with a few digits each


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """The images and labels in a table.

    The columns of the pixels are put in the order of the numbers in their names (pixel0, pixel1, ... or 1x1, 1x2,
    ...); a column called label may stand anywhere or be left out. A table without names has the label first, if the
    others then make a square.

    Returns
    -------
    pixels : ndarray, shape (N, side, side) or (N, side, side, 3), uint8
    labels : ndarray, shape (N,), float64, or None
    said : list of str
        What was guessed.

    Raises
    ------
    DataError
        If the file cannot be read, a row is damaged, or the columns are not those of square images.
    """
    try:
        with _open(path) as file:
            lines = _lines(path, file)
            start = next(lines, "")
            first = [cell.strip().strip('"') for cell in start.strip("\r\n").split(",")]
            named = any(not _is_number(cell) for cell in first) or _counts_up(first)
            label, order, shape = _columns(path, first, named)
            if not named:
                lines = itertools.chain([start], lines)
            pixels, labels = _rows(path, lines, label, order, 1 + named)
    except UnicodeDecodeError as error:
        raise DataError(f"{printable(path)} is not a text file with commas") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{printable(path)} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    said = [] if named or label is None else ["the first column taken as the label"]
    return pixels.reshape(-1, *shape), labels, said


def _open(path: Path) -> TextIO:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    opener: Any = gzip.open if compressed else open
    text: TextIO = opener(path, "rt", encoding="utf-8-sig")
    return text


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a table: none longer than `LONGEST`, for a kilobyte of gzip can become a megabyte of one line."""
    while line := file.readline(LONGEST):
        if len(line) == LONGEST:
            raise DataError(f"{printable(path)} has a line of more than {LONGEST:,} letters, which is no image")
        yield line


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _counts_up(first: list[str]) -> bool:
    """Whether numbers are the columns' names: 0, 1, 2, ... as pandas writes them."""
    return len(first) > 9 and first[1:9] in ([str(i) for i in range(1, 9)], [str(i) for i in range(8)])


def _columns(path: Path, first: list[str], named: bool) -> tuple[int | None, list[int], tuple[int, ...]]:
    """The place of the label, the places of the pixels in their order, and the shape of an image."""
    places = list(range(len(first)))
    label = next((i for i in places if named and first[i].lower() in LABELS), None)
    if not named or label is None:
        if _shape(len(first)) is None and _shape(len(first) - 1) is not None:
            if named and not _is_number(first[0]):
                raise DataError(
                    f"{printable(path)}: it is not clear what the column {short(first[0])} is: call it label"
                )
            label = 0
    order = [i for i in places if i != label]
    shape = _shape(len(order))
    if shape is None:
        names = f" ({listed(first, 4)})" if named else ""
        more = "; for points in the plane save them as .npy" if len(first) == 2 else ""
        raise DataError(
            f"{printable(path)} has {counted(len(order), 'column')} of pixels{names}, which is no square image: give "
            f"one column for each pixel, such as pixel0 to pixel783, and one called label{more}"
        )
    numbers = [[int(number) for number in re.findall(r"[0-9]+", first[i])] for i in order]
    if named and all(numbers) and len({tuple(each) for each in numbers}) == len(order):
        order = [i for _, i in sorted(zip(numbers, order, strict=True))]
    return label, order, shape


def _shape(columns: int) -> tuple[int, ...] | None:
    for channels in (1, 3):
        side = math.isqrt(columns // channels)
        if columns == side * side * channels and side >= 8:
            return (side, side) if channels == 1 else (side, side, 3)
    return None


def _rows(
    path: Path, lines: Iterator[str], label: int | None, order: list[int], line: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """All rows, some thousand at a time, so that the bytes are never in memory as larger numbers."""
    pixels, labels, start = [], [], line
    while part := _part(lines):
        try:
            table = np.loadtxt(part, delimiter=",", dtype=np.float64, ndmin=2, quotechar='"')
        except ValueError as error:
            raise DataError(f"{printable(path)}, below line {start}: {_plain(error)}") from error
        if table.shape[1] != len(order) + (label is not None):
            raise DataError(f"{printable(path)}, below line {start}: a row has {table.shape[1]} numbers")
        chosen = table[:, order]
        if not (np.isfinite(chosen).all() and chosen.min() >= 0 and chosen.max() <= 255):
            raise DataError(f"{printable(path)}, below line {start}: pixels must be numbers from 0 to 255")
        pixels.append(chosen.round().astype(np.uint8))
        if label is not None:
            labels.append(table[:, label])
        start += len(part)
    if not pixels:
        raise DataError(f"{printable(path)} holds no rows of images")
    return np.concatenate(pixels), np.concatenate(labels) if labels else None


def _part(lines: Iterator[str]) -> list[str]:
    """Some of the next rows."""
    part: list[str] = []
    letters = 0
    for line in lines:
        if line.strip():
            part.append(line)
            letters += len(line)
        if len(part) == ROWS or letters > LETTERS:
            break
    return part


def _plain(error: Exception) -> str:
    return " ".join(str(error).split(";")[0].split())
