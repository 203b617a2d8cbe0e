"""Standard output and standard error that outlive their readers: what nobody reads any more must not end the work."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import Any, TextIO


class Lasting(io.RawIOBase):
    """Bytes on their way to a reader, who may go away.

    It stands below the buffer and the encoding. So whoever prints, a progress bar or a warning, meets no error, and
    neither does Python as it ends.

    Parameters
    ----------
    raw : raw stream

    Attributes
    ----------
    lost : OSError or None
        Why nothing is written any more.
    """

    def __init__(self, raw: Any):
        self.raw, self.lost = raw, None  # type: OSError | None

    def write(self, data: Any) -> int:
        while self.lost is None:
            try:
                written = self.raw.write(data)
            except OSError as error:
                self.lost = error
                break
            if written is not None:
                return int(written)
            select.select([], [self], [])  # another program has made this pipe or terminal non-blocking, and it is full
        return memoryview(data).nbytes

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self.raw.fileno())

    def isatty(self) -> bool:
        return bool(self.raw.isatty())


def make_lasting() -> None:
    """Let standard output and standard error last as long as this process.

    Closed ones lead nowhere: else the next file opened would take their number, and get what is printed.
    """
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    sys.stdout, sys.stderr = (_lasting(stream) for stream in (sys.stdout, sys.stderr))


def _lasting(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if type(stream) is not io.TextIOWrapper or stream not in (sys.__stdout__, sys.__stderr__):
        return stream  # a notebook's, or a test's
    stream.flush()
    raw = getattr(stream.buffer, "raw", stream.buffer)  # with python -u there is no buffer
    lasting = io.BufferedWriter(Lasting(raw))
    # A path may hold letters that a redirected output has no code for.
    return io.TextIOWrapper(lasting, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)


def lost_output() -> OSError | None:
    """What kept standard output from being written, if its reader did not simply go away, as in `... | head -1`."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    lost = raw.lost if isinstance(raw, Lasting) else None
    return None if lost is None or reader_is_gone(lost) else lost


def reader_is_gone(error: OSError) -> bool:
    """Whether whoever read our output has ended. Windows calls that EINVAL, of no file."""
    windows = sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or windows
