"""Side by side: long work on NumPy arrays, cut into parts that run on several cores at once.

NumPy lets other threads run while it works on a long array, so plain threads are enough. Two things were
measured that decide how they are used here.

Handing a part to another thread and waiting for it takes about 0.1 ms, and threads that come back to Python
between short operations stand in each other's way: LeakyReLU on 800,000 numbers gains nothing. So convolutions
are shared, which are a few long operations on a batch that can be cut anywhere, and the updates of large parameters.

BLAS brings threads of its own, which share out one matrix product at a time and afterwards keep their cores
busy with waiting, for a tenth of a second. Where they wait, ours cannot work. So BLAS's threads are sent home
first (0.1 ms), and BLAS itself calls them back for its next long product. No other Python thread may be in the
middle of a product when this happens.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

Result = TypeVar("Result")

LONG = 20_000_000  # multiplications from which on sharing pays: about 0.4 ms on one core

_sharing = threading.Lock()


class OpenBLAS(NamedTuple):
    """What is used of OpenBLAS.

    Attributes
    ----------
    threads : ctypes.c_int
        Its own variable: how many threads it may use (OPENBLAS_NUM_THREADS, or as many as there are cores).
        Its function that sets it would call the threads back at once.
    send_home : function
    """

    threads: Any
    send_home: Callable[[], None]


@cache
def openblas() -> OpenBLAS | None:
    """The OpenBLAS that NumPy is linked with, or None if it is another BLAS or an unknown build."""
    try:
        umath: Any = importlib.import_module("numpy._core._multiarray_umath")
        library: Any = ctypes.CDLL(umath.__file__)  # finds what it is linked with, too
        return OpenBLAS(ctypes.c_int.in_dll(library, "blas_cpu_number"), library.blas_thread_shutdown_)
    except (ImportError, OSError, AttributeError, ValueError):
        return None


@cache
def _pool(size: int, process: int) -> ThreadPoolExecutor:
    """The other threads of this process (a forked child has none of its parent's)."""
    return ThreadPoolExecutor(size, thread_name_prefix="tinygan")


def side_by_side(work: Callable[[slice], Result], n: int, multiplications: int, most: int = 1 << 16) -> list[Result]:
    """Call `work` on equal parts of range(n), one on each core, at the same time.

    There are as many parts as BLAS may use threads. There is one if that is one thread or the BLAS is unknown, if
    the work is short, or if work is being shared out already.

    Parameters
    ----------
    work : function(slice) -> result
        It must write nowhere but into its own part.
    n : int
    multiplications : int
        How long the whole work is.
    most : int
        Parts, however many cores there are.

    Returns
    -------
    list
        The results, in the order of the parts.
    """
    blas = openblas()
    parts = min(blas.threads.value, n, most) if blas and multiplications >= LONG else 1
    if blas is None or parts < 2 or not _sharing.acquire(blocking=False):
        return [work(slice(0, n))]
    bounds, threads, others = [n * i // parts for i in range(parts + 1)], blas.threads.value, []
    warned = np.geterr()  # what NumPy warns of is each thread's own setting

    def elsewhere(part: slice) -> Result:
        with np.errstate(**warned):
            return work(part)

    try:
        blas.threads.value = 1
        blas.send_home()
        pool = _pool(threads - 1, os.getpid())
        others = [pool.submit(elsewhere, slice(*bounds[i : i + 2])) for i in range(1, parts)]
        return [work(slice(*bounds[:2])), *[other.result() for other in others]]
    finally:
        wait(others)  # after an error, too: BLAS's threads must not come back while a part still multiplies
        blas.threads.value = threads
        _sharing.release()
