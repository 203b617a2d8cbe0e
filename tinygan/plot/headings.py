"""Names over the columns of a sample grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST, LARGEST = 9, 15  # pixels, of the letters
BACK, LETTERS = 96, 255  # the grey of the grid's lines, and white
STEP = 4  # pixels; an animation shrinks its frames by 2 or 4, which must not cut the grid's pixels in two
DOTS = "\u2026"


def with_headings(grid: Image, headings: Sequence[str], pitch: int) -> Image:
    """The grid with a strip above it, in which the i-th heading stands in the middle over the i-th column.

    Parameters
    ----------
    grid : Image
        Grey or colour.
    headings : sequence of str
        Shortened where they do not fit. One with letters that the font (DejaVu Sans) has not is left out for the
        number of its column, from 0.
    pitch : int
        From column to column, in pixels.
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font = ImageFont.truetype(str(path), min(max(pitch // 6, SMALLEST), LARGEST))
    ascent, descent = font.getmetrics()
    height = -(-(ascent + descent + 2) // STEP) * STEP
    picture = Image.new(grid.mode, (grid.width, grid.height + height), (BACK,) * len(grid.getbands()))
    picture.paste(grid, (0, height))
    draw = ImageDraw.Draw(picture)
    letters = drawable(path)
    for i, heading in enumerate(headings):
        plain = heading if set(map(ord, heading)) <= letters else str(i)
        text = fitting(plain, pitch - 2, font.getlength)
        left = i * pitch + (pitch - font.getlength(text)) / 2 - 1
        draw.text((max(left, 0), 1), text, font=font, fill=(LETTERS,) * len(grid.getbands()))
    return picture


def fitting(text: str, width: float, length: Any) -> str:
    """The text, or as much of it as fits into the width, with dots behind it where at least two letters are left.

    Examples
    --------
    >>> fitting("mouse", 5, len), fitting("elephant", 5, len).encode("unicode_escape"), fitting("elephant", 2, len)
    ('mouse', b'elep\\\\u2026', 'el')
    """
    if length(text) <= width:
        return text
    shortened = [text[:n] + DOTS for n in range(len(text) - 1, 1, -1)] + [text[:n] for n in (2, 1)]
    return next((each for each in shortened if length(each) <= width), "")


def drawable(font: Path) -> set[int]:
    """The codes of the characters that a font file has."""
    from matplotlib.ft2font import FT2Font

    return set(FT2Font(str(font)).get_charmap())
