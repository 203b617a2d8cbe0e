"""What is noted of everything that is asked of the stand-in."""

from __future__ import annotations

from typing import Any

from standin import names

ALLOWED = names.read()


class Log:
    """What was asked of CuPy, how often the host waited, and what it cost."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str | None]] = set()
        self.kernels: set[tuple[Any, ...]] = set()  # (texts, which arguments were arrays) of each kernel that ran
        self.syncs = self.launches = self.sent = 0

    def note(self, name: str, keywords: Any = ()) -> None:
        """Remember a call; raise if CuPy has no such function or keyword."""
        if name not in ALLOWED:
            raise AttributeError(f"CuPy has no {name} (see tests/standin/names.py)")
        for keyword in (None, *keywords):
            if keyword is not None and not ALLOWED[name] & {keyword, names.ANY}:
                raise TypeError(f"cupy.{name} has no keyword {keyword!r}")
            self.seen.add((name, keyword))


log = Log()  # one for the process, as there is one `ndarray` class; FakeCupy resets it
