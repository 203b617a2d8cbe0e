"""Where a kernel's taps fall on an image: the integer arithmetic behind convolution, and nothing else.

Along one axis, output o and tap i of the kernel meet input ``o * stride + i - before``. A tap that falls
into the padding meets nothing, so only the outputs for which it lies inside are listed: no padded copy
of the image is made, and no work is done on zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tinygan.given import MOST, is_whole
from tinygan.words import short, whole

Padding = int | str | Sequence[Sequence[int]]
Slices = tuple[slice, slice, slice]  # of images, rows and columns


@dataclass(frozen=True)
class AxisWindow:
    """A kernel sliding along one axis of `size` pixels, with `before` and `after` pixels of padding."""

    size: int
    kernel: int
    stride: int
    before: int
    after: int

    @property
    def out(self) -> int:
        """How many positions the kernel takes."""
        return (self.size + self.before + self.after - self.kernel) // self.stride + 1

    def tap(self, i: int) -> tuple[slice, slice] | None:
        """The input and the output pixels that meet at tap i (two slices of equal length), or None."""
        first = max(0, -((i - self.before) // self.stride))
        last = min(self.out - 1, (self.size - 1 + self.before - i) // self.stride)
        if last < first:
            return None
        start = first * self.stride + i - self.before
        stop = last * self.stride + i - self.before + 1
        return slice(start, stop, self.stride), slice(first, last + 1)


@dataclass(frozen=True)
class Window:
    """A kernel sliding over images (N, H, W, C): one AxisWindow for the rows, one for the columns."""

    rows: AxisWindow
    cols: AxisWindow

    def taps(self) -> Iterator[tuple[tuple[int, int], Slices, Slices]]:
        """For each tap (i, j): the index of the pixels it reads, and of the outputs they go to."""
        return iter(_taps(self))


@lru_cache(maxsize=256)
def _taps(window: Window) -> list[tuple[tuple[int, int], Slices, Slices]]:
    found = []
    for i in range(window.rows.kernel):
        for j in range(window.cols.kernel):
            row, col = window.rows.tap(i), window.cols.tap(j)
            if row and col:
                everything = slice(None)
                found.append(((i, j), (everything, row[0], col[0]), (everything, row[1], col[1])))
    return found


def whole_number(name: str, what: str, value: Any, least: int = 1) -> int:
    """`value` as an int, if it is a whole number and not below `least`; ValueError otherwise."""
    if not is_whole(value, least):
        if whole(value, least):
            raise ValueError(f"{name}: the {what} must be at most {MOST}, not {short(value)}")
        raise ValueError(f"{name}: the {what} must be a whole number, {least} or more, not {short(value)}")
    return int(value)


def conv_window(name: str, image: Sequence[int], kernel: Sequence[int], stride: int, padding: Padding) -> Window:
    """The window of a convolution of an image (H, W) with a kernel (kh, kw).

    Raises
    ------
    ValueError
        If the stride is below 1, the padding is of no known form, or the kernel does not fit.
    """
    stride = whole_number(name, "stride", stride)
    axes = []
    for axis, (size, k) in enumerate(zip(image, kernel, strict=True)):
        before, after = _padding(name, padding, axis, size, k, stride)
        axes.append(AxisWindow(size, k, stride, before, after))
    if any(a.out < 1 for a in axes):
        raise ValueError(
            f"{name}: a kernel of {tuple(kernel)} does not fit into an image of {tuple(image)} "
            f"with padding {short(padding)}"
        )
    return Window(*axes)


def transposed_window(
    name: str, out: Sequence[int], kernel: Sequence[int], stride: int, padding: Padding, output_padding: int
) -> Window:
    """The window of the convolution whose adjoint maps images of `out` (OH, OW) back to (H, W).

    With ``"same"`` H = OH * stride; else H = (OH - 1) * stride - before - after + kh + output_padding.

    Raises
    ------
    ValueError
        As in `conv_window`, or if `output_padding` is not in [0, stride).
    """
    stride = whole_number(name, "stride", stride)
    output_padding = whole_number(name, "output_padding", output_padding, 0)
    if output_padding >= stride:
        raise ValueError(
            f"{name}: output_padding must lie in [0, stride), but it is {output_padding} at stride {stride}"
        )
    same = isinstance(padding, str) and padding == "same"
    if same and output_padding:
        raise ValueError(f"{name}: output_padding has no meaning with padding 'same'")
    image = []
    for axis, (n, k) in enumerate(zip(out, kernel, strict=True)):
        if same:
            image.append(n * stride)
        else:
            before, after = _padding(name, padding, axis, 0, k, stride)
            image.append((n - 1) * stride - before - after + k + output_padding)
    if min(image) < 1:
        raise ValueError(
            f"{name}: an image of {tuple(out)} with kernel {tuple(kernel)} and padding {short(padding)} leaves nothing"
        )
    return conv_window(name, image, kernel, stride, padding)


def _padding(name: str, padding: Padding, axis: int, size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels of padding before and after along one axis; "same" is TensorFlow's rule."""
    if isinstance(padding, str) and padding == "same":  # ceil(size / stride) outputs, the odd pixel at the end
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2
    if isinstance(padding, (int, np.integer)) and not isinstance(padding, bool):
        padding = int(padding)
        pair = (padding, padding)
    else:
        try:
            (top, bottom), (left, right) = padding  # type: ignore[str-unpack, misc]
            pair = ((int(top), int(bottom)), (int(left), int(right)))[axis]
        except (TypeError, ValueError):
            raise ValueError(
                f"{name}: padding must be a whole number, 'same' or ((top, bottom), (left, right)), "
                f"not {short(padding)}"
            ) from None
    if min(pair) < 0:
        raise ValueError(f"{name}: padding cannot be negative: {short(padding)}")
    if max(pair) > MOST:
        raise ValueError(f"{name}: padding must be at most {MOST}, not {short(padding)}")
    return pair
