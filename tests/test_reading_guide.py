"""The order in which the code is to be read: the files are there, and the time is enough."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import reading  # noqa: E402

LISTS = pytest.mark.parametrize(
    "files, most", [(reading.HOUR, 60), (reading.AFTERNOON, 150)], ids=["hour", "afternoon"]
)


@LISTS
def test_it_can_be_read_in_that_time(files, most):
    assert sum(map(reading.lines_of, dict(files))) <= most * reading.LINES


@LISTS
def test_each_file_stands_in_the_table_with_its_length(files, most):
    text = reading.table(files)
    for name in dict(files):
        assert f"| `{name}` | {len((ROOT / 'tinygan' / name).read_text().splitlines())} |" in text


def test_no_file_is_read_twice():
    order = [name for name, _ in reading.HOUR + reading.AFTERNOON]
    assert len(order) == len(set(order))
