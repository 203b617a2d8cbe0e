"""The form in which images are asked for: size, channels, how they are cut, what lies behind the transparent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.given import SPELT, whole_number
from tinygan.words import short, whole

CROPS = ("center", "fit", "random")
STEP = 4  # networks double the size twice
SMALLEST, LARGEST = 8, 512  # pixels, of a side that is asked for
OWN = 128  # pixels; pictures of one size keep it up to here
USUAL = 64  # pixels; the side of other pictures, if they are no smaller

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Form:
    """What images are to be like; None leaves it to the images.

    Attributes
    ----------
    size : (height, width) or None
        In pixels.
    channels : {1, 3} or None
        Grey or colour.
    crop : {"center", "fit", "random"}
        Which part of a picture of another shape is kept: the middle; all of it, with the background beside; or a part
        at a random place.
    background : tuple of three int
        Red, green and blue, 0 to 255, behind transparent pixels and beside pictures that are fitted in.
    seed : int
        Of the random places.
    """

    size: Size | None = None
    channels: int | None = None
    crop: str = "center"
    background: tuple[int, int, int] = (255, 255, 255)
    seed: int = 0

    def size_of(self, sizes: Sequence[Size]) -> Size:
        """The size asked for, or the one that suits pictures of these sizes (height, width)."""
        return self.size or natural_size(sizes)


def asked_form(
    size: Any = None, channels: Any = None, crop: Any = "center", background: Any = "white", seed: Any = 0
) -> Form:
    """The `Form` of what a user gave.

    Raises
    ------
    DataError
        In one sentence, if an argument is not possible.
    """
    if channels is not None and not (whole(channels, 1) and channels in (1, 3)):
        raise DataError(f"channels must be 1 (grey), 3 (colour) or left out, not {short(channels)}")
    if not isinstance(crop, str) or crop not in CROPS:
        raise DataError(f"crop must be one of {', '.join(CROPS)}, not {short(crop)}")
    seed = whole_number("seed", seed, 0, SPELT, error=DataError)
    return Form(parsed_size(size), channels, crop, colour(background), seed)


def parsed_size(size: Any) -> Size | None:
    """(height, width) of None, 64, (48, 64), "64" or "48x64".

    Raises
    ------
    DataError
        If it is nothing like it, or a side is not a multiple of 4 from 8 to 512.
    """
    if size is None:
        return None
    sides = size.lower().replace(" ", "").split("x") if isinstance(size, str) else size
    sides = list(sides) if isinstance(sides, (tuple, list)) else [sides]
    sides = [None if isinstance(side, (bool, bytes)) else side for side in sides]
    try:
        numbers = [int(side) for side in sides if int(side) == float(side)]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(sides) not in (1, 2) or len(numbers) != len(sides):
        raise DataError(
            f"size must be a number of pixels such as 64, or height x width such as 48x64, not {short(size)}"
        )
    for side in numbers:
        if side % STEP or not SMALLEST <= side <= LARGEST:
            near = min(max(round(side / STEP) * STEP, SMALLEST), LARGEST)
            raise DataError(
                f"the sides of images must be multiples of {STEP} from {SMALLEST} to {LARGEST}, not {short(side)}: "
                f"the nearest is {near}"
            )
    return numbers[0], numbers[-1]


def doubled(size: Any) -> Size:
    """(height, width) of two pictures of that size side by side; None is 64 x 64.

    Raises
    ------
    DataError
        As `parsed_size`; and if the width of both would be too large.
    """
    height, width = parsed_size(size) or (USUAL, USUAL)
    if 2 * width > LARGEST:
        raise DataError(f"pictures of which two lie side by side may be up to {LARGEST // 2} pixels wide, not {width}")
    return height, 2 * width


def natural_size(sizes: Sequence[Size]) -> Size:
    """The size (height, width) that suits pictures of these sizes.

    Pictures that are all of one size keep it if their sides are multiples of 4 from 8 to 128. Others come to a square
    whose side is the median of their short sides, rounded down to a multiple of 4, at least 8 and at most 64.
    """
    height, width = sizes[0]
    keeps = all(side % STEP == 0 and SMALLEST <= side <= OWN for side in (height, width))
    if keeps and all(size == (height, width) for size in sizes):
        return height, width
    short = int(np.median([min(size) for size in sizes]))
    side = max(SMALLEST, min(USUAL, short // STEP * STEP))
    return side, side


def colour(name: Any) -> tuple[int, int, int]:
    """Red, green and blue of a colour's name or #rrggbb.

    Raises
    ------
    DataError
        If Pillow does not know the colour.
    """
    if isinstance(name, str) and name == "white":
        return 255, 255, 255
    from PIL import ImageColor  # here, because `import tinygan.data` must stay light

    try:
        red, green, blue = list(ImageColor.getrgb(name))  # of four numbers the last is opacity
    except (AttributeError, TypeError, ValueError) as error:
        asked = "the name of a colour, such as white or black, or #rrggbb"
        raise DataError(f"background must be {asked}, not {short(name)}") from error
    return red, green, blue


def in_words(size: Size) -> str:
    """'64 x 64', or '48 high x 64 wide'."""
    height, width = size
    return f"{height} x {width}" if height == width else f"{height} high x {width} wide"
