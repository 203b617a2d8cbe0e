"""Two cores for what NumPy does on one: many small matrix products.

`np.matmul` of two stacks multiplies pair after pair, and BLAS's threads meet after each of them. That costs
more than it gains, and a hundred times more when another program holds a core. Here the stack is cut instead,
a piece for each thread that BLAS may use, and BLAS itself stays on one thread in the meantime. (NumPy lets go
of Python's lock while it computes, so Python threads do run side by side.)
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

CACHED = 1 << 16  # numbers; a few arrays of this length fit a core's cache together
LEAST = 1 << 17  # numbers; below, handing work to a thread (about 30 us) takes longer than doing it


@lru_cache(maxsize=1)
def _openblas() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """(get, set) of the number of threads of the OpenBLAS that NumPy's wheels carry, or None."""
    packages = Path(np.__file__).parent
    for library in (*packages.parent.glob("numpy.libs/*openblas*"), *packages.glob(".dylibs/*openblas*")):
        for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
            try:
                blas = ctypes.CDLL(str(library))
                get = getattr(blas, f"{prefix}openblas_get_num_threads{suffix}")
                return get, getattr(blas, f"{prefix}openblas_set_num_threads{suffix}")
            except (OSError, AttributeError):
                continue
    return None


def threads() -> int:
    """How many threads BLAS may use now; 1 if it cannot be asked."""
    blas = _openblas()
    return blas[0]() if blas else 1


@lru_cache(maxsize=1)
def _pool(workers: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="tinygan")


def share(function: Callable[[slice], Any], n: int, work: float) -> list[Any]:
    """Call ``function(piece)`` on slices that together make up range(n), side by side.

    Parameters
    ----------
    function : callable
        Works on its slice alone; it must not share out work itself.
    n : int
    work : float
        How many numbers are passed over in all; a matrix product counts a sixteenth of its
        multiplications. With little work there is one piece.

    Returns
    -------
    list
        What the calls returned, in order.
    """
    pieces = min(threads(), n) if work >= LEAST else 1
    if pieces <= 1:
        return [function(slice(0, n))]
    get, set_threads = _openblas()  # type: ignore[misc]
    before, cuts = get(), [i * n // pieces for i in range(pieces + 1)]
    slices = [slice(a, b) for a, b in zip(cuts, cuts[1:], strict=False)]
    set_threads(1)
    try:
        others = [_pool(pieces - 1, os.getpid()).submit(function, piece) for piece in slices[1:]]
        first = function(slices[0])
        return [first, *(other.result() for other in others)]
    finally:
        set_threads(before)


def in_cache(function: Callable[[slice], Any], n: int) -> None:
    """Call ``function(piece)`` on short slices that together make up range(n), shared out.

    For a row of elementwise operations on long arrays: each piece is still in the cache when the next
    operation reads it.
    """

    def part(piece: slice) -> None:
        for start in range(piece.start, piece.stop, CACHED):
            function(slice(start, min(start + CACHED, piece.stop)))

    share(part, n, n)


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """``np.matmul``, shared out: stacks of matrices by the stack, one product by the longer side of the result.

    Parameters
    ----------
    a, b : array (n, k) and (k, m), or stacks of these (one of the two may be a single matrix)
    out : array, optional
    """
    stack = (a if a.ndim == 3 else b).shape[:-2]  # () for two single matrices
    if out is None:
        out = np.empty((*stack, a.shape[-2], b.shape[-1]), dtype=a.dtype)

    def of_stack(piece: slice) -> None:
        np.matmul(a[piece] if a.ndim == 3 else a, b[piece] if b.ndim == 3 else b, out=out[piece])

    def of_rows(piece: slice) -> None:
        np.matmul(a[piece], b, out=out[piece])

    def of_columns(piece: slice) -> None:
        np.matmul(a, b[:, piece], out=out[:, piece])

    work = out.size * a.shape[-1] / 16
    if stack:
        share(of_stack, stack[0], work)
    elif len(out) >= out.shape[1]:
        share(of_rows, len(out), work)
    else:
        share(of_columns, out.shape[1], work)
    return out
