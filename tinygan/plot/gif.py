"""A run as an animation: its saved pictures, one after the other."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinygan.files import PathLike, whole_file

if TYPE_CHECKING:
    from PIL.Image import Image

PALETTE_FRAMES = 8
BACKGROUND = (96, 96, 96)


def save_gif(
    path: PathLike,
    frames: Sequence[PathLike],
    milliseconds: int = 200,
    hold_last: int = 1500,
    max_frames: int = 100,
    max_side: int = 600,
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

    Raises
    ------
    ValueError
        If there are no frames, or `max_frames` or `max_side` is below 1.
    OSError
        If a frame cannot be read (missing, damaged) or the file cannot be written.
    """
    if not frames:
        raise ValueError("an animation needs at least one frame")
    if max_frames < 1 or max_side < 1:
        raise ValueError("max_frames and max_side must be at least 1")
    chosen = thin(frames, max_frames)
    size = open_frame(chosen[-1], max_side).size

    def load(frame: PathLike) -> "Image":
        return fit(open_frame(frame, max_side), size)

    palette = common_palette([load(frame) for frame in thin(chosen, PALETTE_FRAMES)])
    pictures = [as_palette(load(frame), palette) for frame in chosen]
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


def thin(frames: Sequence[PathLike], most: int) -> list[PathLike]:
    """Return at most `most` of the frames, evenly spaced, with the first and the last."""
    if len(frames) <= most:
        return list(frames)
    if most == 1:
        return [frames[-1]]
    return [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]


def open_frame(path: PathLike, max_side: int) -> "Image":
    """Read a picture as RGB and shrink it by the whole factor that brings it within `max_side`.

    A whole factor undoes the enlargement of a sample grid exactly, where any other would blur it.
    """
    from PIL import Image

    with Image.open(path) as image:
        picture = image.convert("RGB")
    return picture.reduce(math.ceil(max(picture.size) / max_side))


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
