"""NumPy on the CPU: the reference backend."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from tinygan.backend.base import Backend, on_host

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # names from glibc's malloc.h


class NumpyBackend(Backend):
    """Arrays are `numpy.ndarray`; nothing is ever copied to or from a device."""

    name = "numpy"
    xp = np
    array_type = np.ndarray
    cached = 1 << 16

    def asarray(self, data: Any, dtype: Any = None) -> np.ndarray:
        if type(data).__module__.split(".")[0] == "cupy":
            raise TypeError("a CuPy array cannot enter the NumPy backend; use tg.to_numpy(array) first")
        return on_host(data, dtype)

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.asarray(array)


def keep_freed_memory() -> bool:
    """Ask glibc to keep freed memory instead of giving it back to the system at once.

    A training step allocates and frees the same sizes over and over. By default glibc returns large
    blocks to the system and the next allocation faults every page in again, which was measured to be
    nearly half of a small step. This sets ``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD`` (mallopt(3))
    to 1 GiB for the whole process, and ``M_ARENA_MAX`` to 1, so that all threads share what was kept.
    Elsewhere than on Linux with glibc it does nothing.

    Returns
    -------
    bool
        Whether the setting was made.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a libc without mallopt, such as musl
        return False
    wanted = {M_TRIM_THRESHOLD: 1 << 30, M_MMAP_THRESHOLD: 1 << 30, M_ARENA_MAX: 1}
    return all(mallopt(option, value) == 1 for option, value in wanted.items())
