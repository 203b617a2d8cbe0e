"""Ten kinds of digits, rendered on the spot: a small MNIST without a download.

Matplotlib carries its own fonts. Each image is one of their digits, drawn large, its outline
widened by a random amount, then turned, slanted, stretched and moved a little by one random
affine map and averaged down to 28 x 28, or to another size.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.data.cache import cache_dir as default_cache_dir
from tinygan.data.drawn import drawn_once
from tinygan.data.errors import DataError
from tinygan.data.form import Size, parsed_size
from tinygan.data.images import Images
from tinygan.given import SPELT, whole_number

if TYPE_CHECKING:
    from PIL import Image

RECIPE = 1  # raise it with every change to what is drawn: it is part of the cache file's name

# All other fonts of matplotlib were looked at and left out: LastResort, cmex10, cmsy10 and the
# STIX symbol fonts have no digits, cmmi10 has old-style ones (a small round 0), the 4 and 7 of
# cmti10 are too curly, and the dotted 0 of DejaVu Sans Mono turns into an 8 at this size.
LIGHT_FONTS = (
    "DejaVuSans DejaVuSans-Oblique DejaVuSerif DejaVuSerif-Italic STIXGeneral STIXGeneralItalic cmr10 cmss10 cmtt10"
).split()
BOLD_FONTS = (
    "DejaVuSans-Bold DejaVuSans-BoldOblique DejaVuSerif-Bold DejaVuSerif-BoldItalic "
    "STIXGeneralBol STIXGeneralBolIta cmb10"
).split()

NAMES = tuple("0123456789")
SIDE = 28  # pixels
HEIGHT = 20  # pixels from the top to the foot of an average digit, as in MNIST
WIDEST = 20  # pixels; no digit is drawn wider
FINE = 4  # each pixel is the mean of FINE x FINE finer ones
EM = 160  # size of the large glyphs, in their own pixels; their digits are about 115 tall
LIGHT_STROKES = (1, 2, 3, 4, 5, 6)  # what may be added all round a light glyph, in its pixels
BOLD_STROKES = (0, 1)


def digits(n: int = 10_000, seed: int = 0, cache_dir: str | Path | None = None, size: Any = SIDE) -> Images:
    """Grey digits 0..9 in white ink on black, from the fonts that come with matplotlib.

    The same `n` and `seed` give the same images on the same versions of matplotlib and Pillow.
    They are kept in the cache folder; if that cannot be read or written they are drawn anew.

    Parameters
    ----------
    n : int
        Number of images; each digit occurs n / 10 times, give or take one.
    seed : int
        Seed of every random choice.
    cache_dir : path, optional
        Where to keep the images; by default `tinygan.data.cache_dir()`.
    size : int, (height, width) or text such as "48x64"
        In pixels; digits are as tall for the shorter side as they are in 28 x 28.

    Returns
    -------
    Images
        `pixels` (n, height, width, 1) and `labels` (n,), in random order.

    Raises
    ------
    DataError
        If `n` is not a whole number >= 1 or `seed` not one >= 0, `size` is not possible, or no font is found.
    """
    height, width = parsed_size(size) or (SIDE, SIDE)
    n = whole_number("digits: n", n, error=DataError)
    seed = whole_number("digits: seed", seed, 0, SPELT, error=DataError)
    from importlib.metadata import version  # only here: it takes 15 ms of every `import tinygan` otherwise

    folder = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    of = "" if (height, width) == (SIDE, SIDE) else f"-{height}x{width}"
    path = folder / (
        f"digits-v{RECIPE}-n{n}-seed{seed}{of}-matplotlib{version('matplotlib')}-pillow{version('pillow')}.npz"
    )
    shape = (n, height, width, 1)
    return drawn_once(path, "digits", shape, NAMES, lambda: render(n, np.random.default_rng(seed), (height, width)))


def render(n: int, rng: np.random.Generator, size: Size = (SIDE, SIDE)) -> Images:
    """Draw `n` digits of `size` (height, width) with random choices from `rng`; see `digits`."""
    scale = min(size) / SIDE
    fine = FINE if scale < 3 else 2  # large pixels show less of their edges
    em = math.ceil(EM * max(1.0, scale * fine / FINE))  # never drawn smaller than they are wanted
    labels = rng.permutation(np.arange(n) % 10)
    light, bold = _font_files(LIGHT_FONTS), _font_files(BOLD_FONTS)
    styles = [(f, s) for f in light for s in LIGHT_STROKES]
    # A bold glyph has fewer widths: repeat it, so that every font is as frequent as another.
    repeats = len(LIGHT_STROKES) // len(BOLD_STROKES)
    styles += [(f, s) for f in bold for s in BOLD_STROKES] * repeats
    chosen = rng.integers(len(styles), size=n)
    maps = _random_maps(n, rng) * (1, 1, scale, 1, scale, scale)

    glyphs: dict[tuple[Path, int, int], Image.Image] = {}
    pixels = np.empty((n, *size, 1), np.uint8)
    for i, digit in enumerate(labels):
        key = (*styles[chosen[i]], int(digit))
        if key not in glyphs:
            glyphs[key] = _glyph(em, *key)
        pixels[i, :, :, 0] = _place(size, fine, glyphs[key], *maps[i])
    return Images("digits", pixels, labels.astype(np.int64), NAMES)


def _random_maps(n: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of (angle, shear, height, aspect, dx, dy), one for each image of 28 x 28.

    The angle is in radians, clockwise; shear is the shift to the right per pixel upwards;
    height, dx and dy are in pixels of the final image; aspect stretches the width.
    """
    angle = rng.normal(0.0, np.radians(6), n)
    shear = rng.normal(0.03, 0.1, n)
    height = HEIGHT * rng.uniform(0.88, 1.05, n)
    aspect = rng.uniform(0.85, 1.2, n)
    dx, dy = rng.uniform(-1.0, 1.0, (2, n))
    angle, shear = angle.clip(-0.25, 0.25), shear.clip(-0.2, 0.25)
    return np.stack([angle, shear, height, aspect, dx, dy], axis=1)


def _font_files(names: list[str]) -> list[Path]:
    import matplotlib  # here, because `import tinygan.data` must stay light

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    # Some Linux distributions ship matplotlib with fewer fonts: use those there are.
    files = [folder / f"{name}.ttf" for name in names if (folder / f"{name}.ttf").is_file()]
    if not files:
        raise DataError(f"digits: none of matplotlib's fonts lies in {folder}: reinstall matplotlib with pip")
    return files


def _glyph(em: int, font_file: Path, stroke: int, digit: int) -> Image.Image:
    """One digit drawn large, white on black, cropped to its ink."""
    from PIL import Image, ImageDraw, ImageFont  # here, as `import tinygan.data` must stay light

    font = ImageFont.truetype(str(font_file), em)
    image = Image.new("L", (2 * em, 2 * em))
    stroke = round(stroke * em / EM)
    ImageDraw.Draw(image).text((em, em), str(digit), font=font, fill=255, anchor="mm", stroke_width=stroke)
    return image.crop(image.getbbox())


def _place(
    size: Size,
    fine: int,
    glyph: Image.Image,
    angle: float,
    shear: float,
    height: float,
    aspect: float,
    dx: float,
    dy: float,
) -> np.ndarray:
    """The glyph, centred and mapped as in `_random_maps`, as an array of `size`, averaged from `fine` times finer."""
    from PIL import Image

    scale_y = fine * height / glyph.height
    scale_x = min(scale_y * aspect, fine * WIDEST * min(size) / SIDE / glyph.width)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, -shear], [0.0, 1.0]])
    # Pillow asks where each pixel of the output comes from, hence the inverse.
    back = np.linalg.inv(turn @ slant @ np.diag([scale_x, scale_y]))
    centre_out = fine * (np.array(size[::-1]) / 2 + np.array([dx, dy]))
    shift = np.array([glyph.width, glyph.height]) / 2 - back @ centre_out
    (a, b), (c, d) = back
    canvas = (fine * size[1], fine * size[0])
    large = glyph.transform(canvas, Image.Transform.AFFINE, (a, b, shift[0], c, d, shift[1]), Image.Resampling.BILINEAR)
    return np.asarray(large.reduce(fine))
