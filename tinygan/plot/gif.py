"""A run as an animation: its saved pictures, one after the other."""

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.files import PathLike, whole_file
from tinygan.given import is_whole, whole_number
from tinygan.reading import plain_file

if TYPE_CHECKING:
    from PIL.Image import Image

PALETTE_FRAMES = 8
LONGEST = 655_350  # ms that a GIF can show a frame: 16 bits of 10 ms
BACKGROUND = (96, 96, 96)


def save_gif(
    path: PathLike,
    frames: Sequence[PathLike],
    milliseconds: int = 200,
    hold_last: int = 1500,
    max_frames: int = 100,
    max_side: int = 600,
    left_out: Callable[[PathLike, str], Any] | None = None,
) -> None:
    """Join pictures into an endless GIF.

    All frames share one palette, taken from some of them, so that colours do not flicker; and
    there is no dithering, whose noise would not compress. Frames of another size than the last
    are shrunk to fit and centred on grey.

    Parameters
    ----------
    path : str or PathLike
        The GIF to write; replaced only when the whole new file is written.
    frames : sequence of str or PathLike
        PNG files in the order of time. Longer sequences are thinned evenly to `max_frames`;
        the first and the last are always kept.
    milliseconds, hold_last : int
        How long each frame is shown, and the last one. A GIF counts in units of 10 ms.
    max_frames : int
        At least 1; with 1, only the last frame is kept.
    max_side : int
        Larger frames shrink by a whole factor until both sides are at most this many pixels.
    left_out : function(path, why), optional
        Called for each frame that cannot be read or, unlike above, is of another size than the last of the others; the
        animation goes without it.

    Raises
    ------
    ValueError
        If there are no frames (left), or `max_frames` or `max_side` is below 1.
    OSError
        If a frame cannot be read (missing, damaged) and there is no `left_out`, or the file cannot be written.
    """
    if not frames:
        raise ValueError("an animation needs at least one frame")
    if not is_whole(max_frames) or not is_whole(max_side):
        raise ValueError("max_frames and max_side must be at least 1")
    whole_number("milliseconds", milliseconds, 0, LONGEST)
    whole_number("hold_last", hold_last, 0, LONGEST)
    chosen = read_frames(thin(frames, max_frames), max_side, left_out)
    if not chosen:
        raise ValueError("no frame of the animation could be read")
    fitted = [fit(frame, chosen[-1].size) for frame in chosen]
    palette = common_palette(thin(fitted, PALETTE_FRAMES))
    pictures = [as_palette(frame, palette) for frame in fitted]
    durations = [milliseconds] * (len(pictures) - 1) + [hold_last]
    with whole_file(path) as file:
        pictures[0].save(
            file,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=0,
            optimize=False,
            disposal=1,
        )


def thin(frames: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` of the frames, evenly spaced, with the first and the last."""
    if len(frames) <= most:
        return list(frames)
    if most == 1:
        return [frames[-1]]
    return [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]


def read_frames(
    paths: Sequence[PathLike], max_side: int, left_out: Callable[[PathLike, str], Any] | None
) -> list["Image"]:
    """Read pictures as RGB, the last one first: with `left_out`, it says which size the others must have."""
    found: list[Image] = []
    size = None
    for path in reversed(paths):
        try:
            picture, size = open_frame(path, max_side, size if left_out else None)
        except damage() as error:
            if left_out is None:
                raise
            left_out(path, why_not(error))
        else:
            found.append(picture)
    return found[::-1]


def open_frame(path: PathLike, max_side: int, wanted: tuple[int, int] | None = None) -> tuple["Image", tuple[int, int]]:
    """Read a picture as RGB, and shrink it by the whole factor that brings it within `max_side`; its size before.

    A whole factor undoes the enlargement of a sample grid exactly, where any other would blur it.
    """
    from PIL import Image

    with plain_file(path) as file, Image.open(file, formats=["PNG"]) as image:
        size = image.size
        if wanted and size != wanted:
            raise ValueError("it is {} x {} pixels large, and the others {} x {}".format(*size, *wanted))
        picture = image.convert("RGB")
    return picture.reduce(math.ceil(max(size) / max_side)), size


def why_not(error: Exception) -> str:
    """The end of a sentence about a file that raised one of `damage`."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is no PNG picture"
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def damage() -> tuple[type[Exception], ...]:
    """What Pillow raises for files that are no pictures, or damaged ones."""
    from PIL import Image

    return (OSError, ValueError, SyntaxError, LookupError, struct.error, zlib.error, Image.DecompressionBombError)


def fit(picture: "Image", size: tuple[int, int]) -> "Image":
    """Return `picture` in a canvas of `size`, shrunk if it is larger, centred if it is smaller."""
    from PIL import Image, ImageOps

    if picture.size == size:
        return picture
    if picture.width > size[0] or picture.height > size[1]:
        picture = ImageOps.contain(picture, size)
    canvas = Image.new("RGB", size, BACKGROUND)
    corner = ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2)
    canvas.paste(picture, corner)
    return canvas


def common_palette(pictures: Sequence["Image"]) -> "Image":
    """Return a palette image for all `pictures`, of one size: 16 greys, or 64 colours."""
    from PIL import Image

    width, height = pictures[0].size
    column = Image.new("RGB", (width, height * len(pictures)))
    for i, picture in enumerate(pictures):
        column.paste(picture, (0, i * height))
    pixels = np.asarray(column)
    if (pixels == pixels[:, :, :1]).all():
        # Evenly spread greys: the median cut would spend most of them on the noise near black.
        return column.quantize(16, method=Image.Quantize.MAXCOVERAGE)
    return column.quantize(64, method=Image.Quantize.MEDIANCUT)


def as_palette(picture: "Image", palette: "Image") -> "Image":
    """Map each pixel to the nearest colour of `palette`."""
    from PIL import Image

    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
