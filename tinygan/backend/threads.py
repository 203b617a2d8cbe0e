"""Side by side: long work on NumPy arrays, cut into parts that run on several cores at once.

NumPy lets other threads run while it works on a long array, so plain threads are enough. Two things were
measured that decide how they are used here.

Handing a part to another thread and waiting for it takes about 0.1 ms, and threads that come back to Python
between short operations stand in each other's way: LeakyReLU on 800,000 numbers gains nothing, nor does
Adam on two million. So only convolutions are shared, which are a few long operations on a batch that can be
cut anywhere.

BLAS brings threads of its own, which share out one matrix product at a time and afterwards keep their cores
busy with waiting, for a tenth of a second. Where they wait, ours cannot work. So BLAS's threads are sent home
first (0.1 ms), and BLAS itself calls them back for its next long product.
"""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class OpenBLAS(NamedTuple):
    """What is asked of OpenBLAS: functions of its library."""

    threads: Callable[[], int]
    set_threads: Callable[[int], None]
    send_home: Callable[[], None]


@cache
def openblas() -> OpenBLAS | None:
    """The OpenBLAS that NumPy is linked with, or None if it is another BLAS or an unknown build."""
    try:
        umath: Any = importlib.import_module("numpy._core._multiarray_umath")
        library: Any = ctypes.CDLL(umath.__file__)  # finds what it is linked with, too
        return OpenBLAS(
            library.scipy_openblas_get_num_threads64_,
            library.scipy_openblas_set_num_threads64_,
            library.blas_thread_shutdown_,
        )
    except (ImportError, OSError, AttributeError):
        return None


@cache
def count() -> int:
    """How many cores to use: as many as BLAS has threads (OPENBLAS_NUM_THREADS, or all there are); 1 if unknown."""
    blas = openblas()
    return max(1, blas.threads()) if blas else 1


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """The other threads of this process (a forked child has none of its parent's)."""
    return ThreadPoolExecutor(count() - 1, thread_name_prefix="tinygan")


def side_by_side(work: Callable[[slice], Result], n: int) -> list[Result]:
    """Call `work` on equal parts of range(n), one on each core, at the same time.

    Parameters
    ----------
    work : function(slice) -> result
        It must write nowhere but into its own part, and share out nothing itself.
    n : int

    Returns
    -------
    list
        The results, in the order of the parts: a single one on one core.
    """
    parts, blas = min(count(), n), openblas()
    if parts < 2 or blas is None:
        return [work(slice(0, n))]
    bounds = [n * i // parts for i in range(parts + 1)]
    blas.set_threads(1)
    blas.send_home()
    try:
        pool = _pool(os.getpid())
        others = [pool.submit(work, slice(*bounds[i : i + 2])) for i in range(1, parts)]
        return [work(slice(*bounds[:2])), *[other.result() for other in others]]
    finally:
        blas.set_threads(count())
