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
    gone : bool
        Whether nothing is written any more.
    error : OSError or None
        Why, if the reader did not simply go away.
    """

    def __init__(self, raw: Any):
        self.raw, self.terminal, self.gone = raw, bool(raw.isatty()), False
        self.error: OSError | None = None
        self.counts: list[int | None] = []  # what was written, and not said yet to the buffer above

    def write(self, data: Any) -> int:
        while not self.gone:
            try:
                # Ctrl-C comes between two steps of Python, and the buffer would write again: `extend` is one step.
                if not self.counts:
                    self.counts.extend(map(self.raw.write, (data,)))
            except OSError as error:
                self.gone = True
                if not (self.terminal or reader_is_gone(error)):
                    self.error = error
                break
            written = self.counts.pop()
            if written is not None:
                return int(written)
            select.select([], [self], [])  # another program has made this pipe or terminal non-blocking, and it is full
        return memoryview(data).nbytes

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self.raw.fileno())

    def isatty(self) -> bool:
        return self.terminal


def make_lasting() -> None:
    """Let standard output and standard error last as long as this process.

    Closed ones lead nowhere: else the next file opened would take their number, and get what is printed.
    """
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            lasting: TextIO = open(os.devnull, "w", encoding="utf-8")
        elif type(stream) is io.TextIOWrapper and stream is getattr(sys, f"__{name}__"):
            lasting = _lasting(stream)
        else:
            continue  # a notebook's, or a test's
        setattr(sys, name, lasting)
        setattr(sys, f"__{name}__", lasting)


def _lasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """The same stream with a `Lasting` at its bottom."""
    encoding, line_buffering = stream.encoding, stream.line_buffering
    buffer = stream.detach()
    raw = buffer.detach() if isinstance(buffer, io.BufferedWriter) else buffer  # with python -u there is no buffer
    bottom = io.BufferedWriter(raw if isinstance(raw, Lasting) else Lasting(raw))
    # A path may hold letters that a redirected output has no code for.
    return io.TextIOWrapper(bottom, encoding, "backslashreplace", line_buffering=line_buffering)


def output_error() -> OSError | None:
    """What kept standard output from being written; None also if its reader went away, as in `... | head -1`."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, Lasting) else None


def reader_is_gone(error: OSError) -> bool:
    """Whether whoever read our output has ended. Windows calls that EINVAL, of no file."""
    windows = sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or windows
