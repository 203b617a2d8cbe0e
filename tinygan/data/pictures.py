"""One picture: read whatever Pillow reads of it, laid on the background, cut and brought to size."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.form import Form, Size

if TYPE_CHECKING:
    from PIL import Image

# Not all that Pillow knows: for EPS, say, it calls other programs.
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP", "DIB", "TIFF")
SUFFIXES = tuple(".png .apng .jpg .jpeg .jpe .jfif .gif .webp .bmp .dib .tif .tiff".split())
PIXELS = 180_000_000  # of a picture in memory: half a gigabyte
TURNED = (5, 6, 7, 8)  # the notes of a camera that swap width and height
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """A picture that was read.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
        Of a grey one the three channels are equal.
    size : (height, width)
        What it had in the file.
    transparent : bool
        Whether it let the background through.
    """

    pixels: np.ndarray
    size: Size
    transparent: bool


@contextmanager
def opened(file: BinaryIO) -> Iterator[Image.Image]:
    """The picture in a file, of which only the head is read. Pillow prints no warnings meanwhile.

    Raises
    ------
    DataError
        With the reason alone, such as "not a picture".
    """
    from PIL import Image  # here, because `import tinygan.data` must stay light

    Image.init()
    most, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # `_check_pixels` looks, after JPEG's short cut
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]) as picture:
                yield picture
    except DataError:
        raise
    except Exception as error:
        raise DataError(_reason(file, error)) from error  # Pillow raises a dozen types for damaged files
    finally:
        Image.MAX_IMAGE_PIXELS = most


def _reason(file: BinaryIO, error: Exception) -> str:
    """Why a file cannot be read as a picture."""
    from PIL import UnidentifiedImageError

    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, MemoryError):
        return "not enough memory for it"
    if isinstance(error, UnidentifiedImageError):
        try:
            file.seek(0)
            start = file.read(512).lstrip().lower()
        except (OSError, ValueError):
            return "cannot be read"
        if not start:
            return "empty file"
        return "a web page, not a picture" if start.startswith((b"<!doctype", b"<html")) else "not a picture"
    if "truncated" in str(error) or isinstance(error, EOFError):
        return "cut short"
    return f"damaged ({' '.join(str(error).split()) or type(error).__name__})"


def size_of(file: BinaryIO) -> Size:
    """(height, width) from the head of a file, as the picture is seen upright.

    Raises
    ------
    DataError
        As `opened`.
    """
    with opened(file) as picture:
        swapped = picture.getexif().get(ORIENTATION) in TURNED
        return picture.size if swapped else picture.size[::-1]


def read_picture(file: BinaryIO, size: Size, form: Form, place: float = 0.5) -> Picture:
    """The picture in a file, upright, in colour and of the size asked for.

    Parameters
    ----------
    file : binary file
        Any of `FORMATS`; of several frames the first is taken.
    size : (height, width)
        What it is brought to, by `cut_to`.
    form : Form
        How it is cut, and the background.
    place : float in [0, 1]
        Where the part lies that is kept, from the left or the top.

    Raises
    ------
    DataError
        With the reason alone, such as "cut short".
    """
    from PIL import ImageOps

    with opened(file) as picture:
        swapped = picture.getexif().get(ORIENTATION) in TURNED
        own = picture.size if swapped else picture.size[::-1]
        _check_pixels(*_shrink_while_reading(picture, size))
        picture.load()
        upright = ImageOps.exif_transpose(picture)  # cameras note the rotation, they do not do it
        transparent = upright.has_transparency_data
        pixels = np.asarray(cut_to(_in_colour(upright, form.background), size, form, place))
    return Picture(pixels, own, transparent)


def _shrink_while_reading(picture: Any, size: Size) -> Size:
    """Let a large JPEG be decoded at a half, a quarter or an eighth of its size: ten times faster, and as exact.

    Returns the (width, height) that will be in memory.
    """
    whole: Size = picture.size
    if picture.format in ("JPEG", "MPO"):
        enough = 2 * max(size)  # of the shorter side, so that what is kept is still averaged
        scale = max(1, min(whole) // enough)
        picture.draft(picture.mode, (whole[0] // scale, whole[1] // scale))
    # A progressive JPEG is in memory whole, at any scale.
    return whole if picture.info.get("progressive") else picture.size


def _check_pixels(width: int, height: int) -> None:
    if width * height > PIXELS:
        raise DataError(f"{width} x {height} pixels, more than {PIXELS // 10**6} million: shrink it first")


def _in_colour(picture: Any, background: tuple[int, int, int]) -> Image.Image:
    """The picture in mode RGB, laid on the background where it is transparent."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip, not scale
        picture = Image.fromarray((np.asarray(picture) / 257).round().clip(0, 255).astype(np.uint8))
    elif picture.mode == "F":
        picture = _from_floats(np.asarray(picture))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, (*background, 255)), picture).convert("RGB")
    return picture.convert("RGB")


def _from_floats(values: np.ndarray) -> Image.Image:
    from PIL import Image

    low, high = float(values.min()), float(values.max())
    if not 0 <= low <= high <= 255:
        raise DataError(f"numbers from {low:g} to {high:g} in place of brightness")
    return Image.fromarray((values * (255 if high <= 1 else 1)).round().astype(np.uint8))


def cut_to(picture: Image.Image, size: Size, form: Form, place: float = 0.5) -> Image.Image:
    """A picture of mode L or RGB at (height, width): a part of it, or all with the background beside.

    Shrinking takes the mean of the pixels that fall into one; enlarging is bicubic.
    """
    from PIL import Image

    (height, width), (w, h) = size, picture.size
    if form.crop == "fit":
        scale = min(width / w, height / h)
        inner = (max(1, round(w * scale)), max(1, round(h * scale)))
        behind = Image.new("RGB", (1, 1), form.background).convert(picture.mode).getpixel((0, 0))
        whole = Image.new(picture.mode, (width, height), behind)
        whole.paste(picture.resize(inner, _filter(scale)), ((width - inner[0]) // 2, (height - inner[1]) // 2))
        return whole
    cut_w, cut_h = min(w, h * width / height), min(h, w * height / width)
    place = place if form.crop == "random" else 0.5
    left, top = (w - cut_w) * place, (h - cut_h) * place
    box = (left, top, min(left + cut_w, w), min(top + cut_h, h))  # rounding must not lead out of the picture
    return picture.resize((width, height), _filter(width / cut_w), box=box)


def _filter(scale: float) -> Any:
    from PIL import Image

    return Image.Resampling.BOX if scale <= 1 else Image.Resampling.BICUBIC
