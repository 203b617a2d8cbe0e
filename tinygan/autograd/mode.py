"""Two switches: is the graph being recorded, so that it can be differentiated? And is a step being written down?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


class _Mode(threading.local):
    """Of each thread its own: while one draws samples without recording, another may be training."""

    recording = True
    recorder: Any = None  # who writes a step down, to play it back (see `tinygan.compiled`)


state = _Mode()


def is_recording() -> bool:
    """Whether ops remember their inputs now."""
    return state.recording


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record (or do not record) inside a ``with`` block."""
    former, state.recording = state.recording, on
    try:
        yield
    finally:
        state.recording = former


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
