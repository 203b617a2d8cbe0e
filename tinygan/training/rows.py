"""What a `.jsonl` file of a run says: a line for a step, with numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinygan.reading import Unreadable, check_fields, maybe, number, parsed, plain_bytes, whole

LARGEST = 1 << 30  # bytes of the largest file that is read


def read_rows(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """What `rows_of` finds in a file; nothing, if there is none."""
    try:
        return rows_of(plain_bytes(path, LARGEST))
    except FileNotFoundError:
        return [], []


def rows_of(content: bytes) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows, and the numbers of the lines that are none, from 1 on.

    What is cut off at the end, by a crash, is left out without a word.
    """
    rows, strays, lines = [], [], content.split(b"\n")
    for place, line in enumerate(lines, 1):
        try:
            rows.append(_row(line))
        except Unreadable:
            if line.strip() and place < len(lines):
                strays.append(place)
    return rows, strays


def _row(line: bytes) -> dict[str, Any]:
    """The step and the numbers of a line; Unreadable if they are none."""
    row = parsed(line)
    check_fields(row, {"step": whole()})
    check_fields(row, dict.fromkeys(row, maybe(number)))
    return dict(row)
