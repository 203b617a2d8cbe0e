"""One switch: is the computation being recorded, so that it can be differentiated?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

_recording = True


def is_recording() -> bool:
    """Whether ops remember their inputs now."""
    return _recording


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record (or do not record) inside a ``with`` block."""
    global _recording
    former, _recording = _recording, on
    try:
        yield
    finally:
        _recording = former


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
