"""Where a kernel's taps fall on an image: the integer arithmetic behind convolution, and nothing else.

Along one axis, output o and tap i of the kernel meet input ``o * stride + i - before``. A tap that falls
into the padding meets nothing, so only the outputs for which it lies inside are listed: no padded copy
of the image is made, and no work is done on zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tinygan.given import is_whole, whole_number, whole_pairs
from tinygan.words import short

Padding = int | str | Sequence[Sequence[int]]  # of images
Padding1D = int | str | Sequence[int]  # of sequences
Pairs = tuple[tuple[int, int], ...]  # (before, after) along each axis
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


def paddings(name: str, padding: Padding | Padding1D, axes: int = 2) -> Pairs | None:
    """Pixels of padding before and after, along each of `axes` axes; None for "same", which depends on the sizes.

    Raises
    ------
    ValueError
        If it is no whole number, 0 or more, not "same", and not a pair for each axis (of one axis: just the pair).
    """
    if isinstance(padding, str) and padding == "same":
        return None
    sides = [(padding, padding)] * axes if is_whole(padding, 0) else padding if axes > 1 else [padding]
    pairs = whole_pairs(sides, axes)
    if pairs is None:
        form = "((top, bottom), (left, right))" if axes > 1 else "(before, after)"
        raise ValueError(f"{name}: padding must be a whole number, 0 or more, 'same' or {form}, not {short(padding)}")
    return pairs


def conv_window(name: str, image: Sequence[int], kernel: Sequence[int], stride: int, padding: Padding) -> Window:
    """The window of a convolution of an image (H, W) with a kernel (kh, kw).

    Raises
    ------
    ValueError
        If the stride is below 1, the padding is of no known form, or the kernel does not fit.
    """
    stride, pairs = whole_number(f"{name}: the stride", stride), paddings(name, padding)
    rows, cols = (_axis(image[i], kernel[i], stride, pairs[i] if pairs else None) for i in range(2))
    if rows.out < 1 or cols.out < 1:
        raise ValueError(
            f"{name}: a kernel of {tuple(kernel)} does not fit into an image of {tuple(image)} "
            f"with padding {short(padding)}"
        )
    return Window(rows, cols)


def sequence_window(name: str, length: int, kernel: int, stride: int, padding: Padding1D) -> Window:
    """The window of a convolution of a sequence, which is an image of one row, with a kernel of one row.

    Raises
    ------
    ValueError
        As in `conv_window`.
    """
    stride, pairs = whole_number(f"{name}: the stride", stride), paddings(name, padding, 1)
    steps = _axis(length, kernel, stride, pairs[0] if pairs else None)
    if steps.out < 1:
        raise ValueError(
            f"{name}: a kernel of length {kernel} does not fit into a sequence of length {length} "
            f"with padding {short(padding)}"
        )
    return Window(_axis(1, 1, stride, None), steps)


def transposed_window(
    name: str, out: Sequence[int], kernel: Sequence[int], stride: int, padding: Padding, output_padding: int
) -> Window:
    """The window of the convolution whose adjoint maps images of `out` (OH, OW) back to (H, W).

    With ``"same"`` H = OH * stride; else H = (OH - 1) * stride - before - after + kh + output_padding.

    Raises
    ------
    ValueError
        As in `conv_window` and `output_paddings`, or if nothing is left of the image.
    """
    stride = whole_number(f"{name}: the stride", stride)
    more, pairs = output_paddings(name, output_padding, stride, padding), paddings(name, padding)
    if pairs is None:
        image = [n * stride for n in out]
    else:
        image = [(n - 1) * stride - sum(pair) + k + more for n, k, pair in zip(out, kernel, pairs, strict=True)]
    if min(image) < 1:
        raise ValueError(
            f"{name}: an image of {tuple(out)} with kernel {tuple(kernel)} and padding {short(padding)} leaves nothing"
        )
    return conv_window(name, image, kernel, stride, padding)


def output_paddings(name: str, output_padding: int, stride: int, padding: Padding) -> int:
    """`output_padding` as an int.

    Raises
    ------
    ValueError
        If it is no whole number in [0, stride), or stands beside the padding "same", which leaves it no meaning.
    """
    value = whole_number(f"{name}: the output_padding", output_padding, 0)
    if value >= stride:
        raise ValueError(f"{name}: output_padding must lie in [0, stride), but it is {value} at stride {stride}")
    if value and paddings(name, padding) is None:
        raise ValueError(f"{name}: output_padding has no meaning with padding 'same'")
    return value


def _axis(size: int, kernel: int, stride: int, pair: tuple[int, int] | None) -> AxisWindow:
    """The window along one axis; a pair of None is "same", TensorFlow's rule."""
    if pair is None:  # ceil(size / stride) outputs, the odd pixel at the end
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pair = total // 2, total - total // 2
    return AxisWindow(size, kernel, stride, *pair)
