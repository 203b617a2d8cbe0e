"""One process at a time trains a run: a lock in its folder, which the system frees when its holder ends, however."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import sys
import time
import weakref
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tinygan.files import errors_name
from tinygan.shell import quoted
from tinygan.training.run_folder import BEST, RunError

LOCK = "lock"
HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what the systems say of a lock that somebody else has
STATES = ("checkpoint-*.npz", BEST)

# O_NOFOLLOW, as what is opened is written to; O_NONBLOCK, as a pipe without a reader would wait for ever.
HOW = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

if sys.platform == "win32":
    import msvcrt

    def _locking(fd: int, how: int) -> None:
        os.lseek(fd, 2**30, os.SEEK_SET)  # far behind the text: what is locked nobody else can read
        msvcrt.locking(fd, how, 1)

    def _lock(fd: int) -> None:
        _locking(fd, msvcrt.LK_NBLCK)

    def _unlock(fd: int) -> None:
        _locking(fd, msvcrt.LK_UNLCK)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


class Lock:
    """The right to train the run in a folder.

    It belongs to the open file and not to its name: the file stays when the lock is free, and says who had it last.

    Parameters
    ----------
    folder : Path
        Make the lock before you read the run's state: `take` then finds out whether that is still the newest.
    """

    def __init__(self, folder: Path):
        self.path = folder / LOCK
        self.fd: int | None = None
        self.seen = self._look()

    def take(self) -> list[str]:
        """Take it, until `release` or the end of this process; nothing happens if this object has it already.

        Returns
        -------
        problems : list of str
            One sentence if this file system has no locks: then nothing keeps a second process out.

        Raises
        ------
        RunError
            If somebody else has it, or had it since this object was made.
        """
        if self.fd is not None:
            return []
        self.fd = self._open(os.O_CREAT)
        _OPEN.add(self)
        try:
            problems = self._try(self.fd)
            if self._look() - self.seen:
                again = "go on from its newest checkpoint, with --resume or tg.Run.resume"
                raise RunError(f"{self._folder} has been trained by another process since it was read here: {again}")
            self._write(f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now()}")
        except BaseException:
            self._close()
            raise
        return problems

    def check(self) -> None:
        """Raise RunError if somebody has it now; nothing is taken or written."""
        try:
            fd = self._open(0)
        except OSError:  # there is none, or it cannot be opened: whoever takes it will say so
            return
        try:
            self._try(fd)
        finally:
            os.close(fd)

    def release(self) -> None:
        """Let others have it."""
        if self.fd is not None:
            with suppress(OSError):  # on a full disk the old text stays, and does no harm
                self._write(f"free since {datetime.now()}")
            with suppress(OSError):
                _unlock(self.fd)  # also of what a child of this process has inherited
            self._close()
            self.seen = self._look()

    def __del__(self) -> None:
        if getattr(self, "fd", None) is not None:
            self.release()

    @property
    def _folder(self) -> str:
        return quoted([self.path.parent])

    def _open(self, more: int) -> int:
        with errors_name(self.path):
            fd = os.open(self.path, HOW | more, 0o666)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise RunError(f"{quoted([self.path])} is not a file, and training needs one there: move it away")
        return fd

    def _close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def _try(self, fd: int) -> list[str]:
        """Lock it, if this system can; else say so. RunError if somebody else has it."""
        try:
            _lock(fd)
        except OSError as error:
            if error.errno in HELD:
                time.sleep(0.1)  # who took it just now may not have written its name yet
                raise RunError(self._refusal()) from None
            why = f"{self._folder} lies on a file system without locks ({error.strerror})"
            return [f"{why}: train it with no other process at the same time"]
        return []

    def _refusal(self) -> str:
        who = re.match(r"process (\d+) on ([\w.-]{1,255})(?:, since (\d+-\d+-\d+ \d+:\d+))?", self._text())
        if who and (int(who[1]), who[2]) == (os.getpid(), socket.gethostname()):
            return f"{self._folder} is being trained by this process already: wait until that has ended"
        other = f"process {who[1]} on {who[2]}" + (f", since {who[3]}" if who[3] else "") if who else "another process"
        return f"{self._folder} is being trained by {other}: wait until it has ended, or end it first (Ctrl-C saves)"

    def _text(self) -> str:
        """What the file says, or nothing."""
        with suppress(OSError):
            if self.path.is_file():
                with self.path.open(encoding="utf-8", errors="replace") as file:
                    return file.read(1000)
        return ""

    def _write(self, text: str) -> None:
        assert self.fd is not None
        with errors_name(self.path):
            os.ftruncate(self.fd, 0)
            os.lseek(self.fd, 0, os.SEEK_SET)
            os.write(self.fd, (text + "\n").encode(errors="backslashreplace"))

    def _look(self) -> set[tuple[str, object]]:
        """What another process that trains would add to: the text here, the checkpoints and their times."""
        found: set[tuple[str, object]] = {(LOCK, text)} if (text := self._text()) else set()
        for path in (path for pattern in STATES for path in self.path.parent.glob(pattern)):
            with suppress(OSError):  # it was removed just now
                found.add((path.name, path.stat().st_mtime_ns))
        return found


_OPEN: weakref.WeakSet[Lock] = weakref.WeakSet()


def _forget_in_child() -> None:
    """A child that was forked has a copy of every open file, and would hold the locks after its parent's death."""
    for lock in _OPEN:
        lock._close()


if hasattr(os, "register_at_fork"):  # Windows has no fork, and files are not inherited by other programs anyway
    os.register_at_fork(after_in_child=_forget_in_child)
