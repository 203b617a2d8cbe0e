"""The floor under a training step: how long its matrix products alone would take.

While one step runs, the shapes that its products and convolutions see are written down. Then NumPy multiplies
matrices of these shapes, into arrays that are there already, and does nothing else. A convolution counts as one
product with as many multiplications as it has pairs of a pixel and a kernel's tap, without those in the padding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd.conv import Conv2D, ConvTranspose2D, ConvWeight
from tinygan.autograd.linear import Affine, MatMul
from tinygan.autograd.op import Op
from tinygan.autograd.window import Window

Product = tuple[int, int, int]  # (m, k, n): a matrix m x k times a matrix k x n


def products_of(step: Callable[[], Any]) -> list[Product]:
    """The matrix products of one step, as often as they occur."""
    with recorded() as found:
        step()
    return found


@contextmanager
def recorded() -> Iterator[list[Product]]:
    """Inside the ``with`` block every op also leaves its products in the list."""
    found: list[Product] = []
    call = Op.__call__

    def recording(self, *inputs):
        found.extend(products(self, [x.shape for x in inputs]))
        return call(self, *inputs)

    Op.__call__ = recording  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Op.__call__ = call  # type: ignore[method-assign]


def products(op: Op, shapes: list[tuple[int, ...]]) -> list[Product]:
    """What an op multiplies, given the shapes of its inputs; nothing for ops that multiply no matrices."""
    if isinstance(op, (MatMul, Affine)):
        a, b = shapes[:2]
        stack = np.broadcast_shapes(a[:-2], b[:-2])
        return [(a[-2], a[-1], b[-1])] * int(np.prod(stack))
    if isinstance(op, (Conv2D, ConvTranspose2D)):
        n, (c, o) = shapes[0][0], shapes[1][2:]
        taps, rows = _taps(op.window), _rows(op.window, n)
        return [(rows, taps * c, o)] if isinstance(op, Conv2D) else [(rows, o, taps * c)]
    if isinstance(op, ConvWeight):
        (n, *_, c), (*_, o) = shapes
        return [(_taps(op.window) * c, _rows(op.window, n), o)]
    return []


def multiplications(found: list[Product]) -> int:
    """How many; there are as many additions."""
    return sum(m * k * n for m, k, n in found)


def _taps(window: Window) -> int:
    return window.rows.kernel * window.cols.kernel


def _rows(window: Window, images: int) -> int:
    """How many output pixels, if each met every tap, make as many pairs as really meet (rounded)."""

    def pairs(axis):
        found = (axis.tap(i) for i in range(axis.kernel))
        return sum(both[1].stop - both[1].start for both in found if both)

    return round(images * pairs(window.rows) * pairs(window.cols) / _taps(window))


class Floor:
    """Arrays of the shapes of a step's products, ready to be multiplied. Products of one shape share theirs."""

    def __init__(self, found: list[Product]):
        rng = np.random.default_rng(0)

        def numbers(*shape):
            return rng.standard_normal(shape, dtype=np.float32)

        arrays = {(m, k, n): (numbers(m, k), numbers(k, n), numbers(m, n)) for m, k, n in set(found)}
        self.work = [arrays[product] for product in found]

    def seconds(self) -> float:
        """The time of all products, once."""
        start = time.perf_counter()
        for a, b, out in self.work:
            np.matmul(a, b, out=out)
        return time.perf_counter() - start
