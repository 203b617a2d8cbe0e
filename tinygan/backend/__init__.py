"""Arrays alone: which library holds them, the door in, the door out. Nothing of tinygan is imported here.

`use_backend("numpy" | "cupy")` chooses where new Tensors live. An op never asks: it computes where its
inputs are, with the formula written on that backend's `xp`.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.backend.base import DEFAULT_DTYPE, Backend
from tinygan.backend.cupy_backend import BackendUnavailable, CupyBackend, make_cupy_backend
from tinygan.backend.numpy_backend import NumpyBackend, keep_freed_memory

__all__ = [
    "DEFAULT_DTYPE",
    "Backend",
    "BackendUnavailable",
    "CupyBackend",
    "NumpyBackend",
    "backend_of",
    "current_backend",
    "is_array",
    "to_numpy",
    "use_backend",
    "using_backend",
]

NAMES = ("numpy", "cupy")

_numpy = NumpyBackend()
_current: Backend = _numpy
_by_array_type: dict[type, Backend] = {np.ndarray: _numpy}


def use_backend(backend: str | Backend = "numpy", keep_memory: bool = True) -> Backend:
    """Choose the backend on which new Tensors live, and return it.

    Parameters
    ----------
    backend : {"numpy", "cupy"} or Backend
        CuPy is imported only when asked for. A `Backend` object is taken as it is (tests do so).
    keep_memory : bool
        With "numpy" on Linux with glibc: let the process keep freed memory, which nearly halves the
        time of small training steps (see `keep_freed_memory`). False leaves the allocator alone.

    Raises
    ------
    ValueError
        If the name is unknown.
    BackendUnavailable
        If CuPy, the driver, a GPU or the CUDA toolkit is missing; the message says which.
    """
    global _current
    if isinstance(backend, Backend):
        chosen = backend
    elif not isinstance(backend, str) or backend not in NAMES:
        shown = reprlib.repr(backend)  # in one line, whatever was given
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        raise ValueError(f"unknown backend {shown}: choose one of {', '.join(NAMES)}")
    elif backend == "numpy":
        chosen = _numpy
        if keep_memory:
            keep_freed_memory()
    else:
        known = [b for b in _by_array_type.values() if b.name == "cupy"]
        chosen = known[0] if known else make_cupy_backend()
    _by_array_type[chosen.array_type] = chosen
    _current = chosen
    return chosen


def current_backend() -> Backend:
    """The backend on which new Tensors live."""
    return _current


@contextmanager
def using_backend(backend: str | Backend) -> Iterator[Backend]:
    """Use `backend` inside a ``with`` block, and the former one again after it."""
    global _current
    former = _current
    try:
        yield use_backend(backend)
    finally:
        _current = _by_array_type[former.array_type] = former


def backend_of(array: Any) -> Backend:
    """The backend whose array this is.

    Raises
    ------
    TypeError
        If `array` is no array of a backend in use.
    """
    try:
        return _by_array_type[type(array)]
    except KeyError:
        raise TypeError(f"{type(array).__name__} is not an array of a backend in use") from None


def is_array(value: Any) -> bool:
    """Whether `value` is an array of a backend in use."""
    return type(value) in _by_array_type


def to_numpy(value: Any) -> np.ndarray:
    """The one door out: a copy of the values of a Tensor or an array, as a NumPy array on the host.

    Examples
    --------
    >>> import tinygan as tg
    >>> to_numpy(tg.Tensor([1.0, 2.0]) * 3)
    array([3., 6.], dtype=float32)
    """
    array = getattr(value, "data", value) if hasattr(value, "requires_grad") else value
    backend = _by_array_type.get(type(array), _numpy)
    host = backend.to_numpy(array)
    return host.copy() if host is array else host
