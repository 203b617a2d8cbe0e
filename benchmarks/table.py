"""Tables on the screen and in the documents, where each stands between two marker comments."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import textwrap
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from tinygan.commandline import fail

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
RESULTS = PAGE.with_name("results.md")
END = "<!-- end -->"


class NoMarkers(Exception):
    """The page says nowhere where the table shall stand."""


def replace_table(text: str, name: str, table: str, below: str = "") -> str:
    """The text with another table between ``<!-- table: name -->`` and the next ``<!-- end -->``.

    `below` is what else stands there, such as pictures.

    Raises
    ------
    NoMarkers
    """
    marker = f"<!-- table: {name} -->"
    before, found, rest = text.partition(marker)
    old, end, after = rest.partition(END)
    if not found or not end or "<!-- table:" in old:
        raise NoMarkers(f"there is no place for the table: add the lines {marker} and {END}")
    return f"{before}{marker}\n```\n{table.strip()}\n```\n{below}{END}{after}"


def show(
    lines: Iterable[str],
    command: str,
    packages: Sequence[str],
    name: str | None,
    page: Path = PAGE,
    below: Callable[[], str] = str,
) -> None:
    """Print the lines as they come and how they came about; with a `name`, write them into the page as well.

    Raises
    ------
    NoMarkers
        Before the first line, if the table could not be written.
    """
    if name:
        try:
            replace_table(page.read_text(encoding="utf-8"), name, "")
        except NoMarkers as error:
            raise NoMarkers(f"docs/{page.name}: {error}") from None
    seen = []
    for line in chain(lines, ["", circumstances(command, packages)]):
        print(line, flush=True)
        seen.append(line)
    if name:
        text = replace_table(page.read_text(encoding="utf-8"), name, "\n".join(seen), below())
        page.write_text(text, encoding="utf-8", newline="\n")


def publish(
    program: str, argv: Sequence[str], lines: Iterable[str], name: str | None, below: Callable[[], str] = str
) -> None:
    """Show a table of results, with a `name` also in docs/results.md; one sentence and status 2 if it has no place."""
    try:
        show(lines, f"{program} {shlex.join(argv)}".strip(), [], name, RESULTS, below)
    except NoMarkers as error:
        fail(program, str(error))


def circumstances(command: str, packages: Sequence[str]) -> str:
    """When, where, with which versions and by which command a table was made."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", *packages))
    place = f"Python {platform.python_version()}, {versions}, on {os.cpu_count()} cores of {_processor()}"
    return textwrap.fill(f"{datetime.date.today()}, {place}.", 110) + f"\n{command}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
