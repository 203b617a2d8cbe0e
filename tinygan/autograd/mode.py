"""One switch: is the computation being recorded, so that it can be differentiated?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class _Mode(threading.local):
    """Of each thread its own: while one draws samples without recording, another may be training."""

    recording = True


_mode = _Mode()


def is_recording() -> bool:
    """Whether ops remember their inputs now."""
    return _mode.recording


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record (or do not record) inside a ``with`` block."""
    former, _mode.recording = _mode.recording, on
    try:
        yield
    finally:
        _mode.recording = former


def no_grad() -> AbstractContextManager[None]:
    """Compute without recording, in a ``with`` block: cheaper where no gradient is needed.

    Examples
    --------
    >>> from tinygan.autograd import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return recording(False)
