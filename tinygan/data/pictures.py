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
DENIED = "permission denied"
TOO_LARGE = "too large: "  # begins the reason
ORIENTATION = 0x0112  # where a camera notes how it was held


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
        return DENIED
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
        tags = getattr(picture, "tag_v2", {})  # of TIFF, whose size some versions of Pillow turn and others do not
        return _upright((tags.get(256, picture.width), tags.get(257, picture.height)), _turn(picture))


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
    with opened(file) as picture:
        own = picture.size
        _check_pixels(*_shrink_while_reading(picture, size))
        picture.load()
        turn = _turn(picture)  # not before: TIFFs are turned as they are loaded
        transparent = picture.has_transparency_data
        plain = _laid_out(picture, form)
        cut = cut_to(plain if turn is None else plain.transpose(turn), size, form, place)
        pixels = np.asarray(cut.convert("RGB"))
    return Picture(pixels, _upright(own, turn), transparent)


def _turn(picture: Any) -> Any:
    """How a picture must be turned to stand upright: cameras note the rotation, they do not do it."""
    from PIL.Image import Transpose as T

    try:
        noted = picture.getexif().get(ORIENTATION)
    except Exception:
        return None  # a damaged note; the picture may still be whole
    turns = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 7: T.TRANSVERSE}
    return {**turns, 6: T.ROTATE_270, 8: T.ROTATE_90}.get(noted)


def _upright(size: tuple[int, int], turn: Any) -> Size:
    """(height, width) of a picture of (width, height) after the turn."""
    from PIL.Image import Transpose as T

    width, height = size
    return (width, height) if turn in (T.TRANSPOSE, T.ROTATE_270, T.TRANSVERSE, T.ROTATE_90) else (height, width)


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
        raise DataError(f"{TOO_LARGE}{width} x {height} pixels, more than {PIXELS // 10**6} million")


def _laid_out(picture: Any, form: Form) -> Image.Image:
    """The picture in mode RGB, or L where that says all, laid on the background where it is transparent."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":  # which convert() would clip, not scale
        picture = Image.fromarray(_scaled(np.asarray(picture), picture.mode))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        behind = Image.new("RGBA", picture.size, (*form.background, 255))
        return Image.alpha_composite(behind, picture).convert("RGB")
    grey = picture.mode in ("1", "L") and form.crop != "fit"  # a byte a pixel, not four, as long as it is large
    return picture.convert("L" if grey else "RGB")


def _scaled(values: np.ndarray, mode: str) -> np.ndarray:
    """Pixels of 16 bits, or of larger or broken numbers, as bytes."""
    low, high = float(values.min()), float(values.max())
    if mode.startswith("I;16") or (mode == "I" and 255 < high <= 65535 and low >= 0):
        return (values / 257).round().astype(np.uint8)
    if not 0 <= low <= high <= 255:
        raise DataError(f"numbers from {low:g} to {high:g} in place of brightness")
    scale = 255 if mode == "F" and high <= 1 else 1
    return (values * scale).round().astype(np.uint8)


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
