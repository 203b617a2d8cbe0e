"""Cartoon faces, drawn on the spot: colour pictures of 64 x 64 pixels, or another size, without a download.

This file chooses at random what each face looks like, and keeps the pictures; `cartoon` draws them.
"""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np

from tinygan.data.cache import cache_dir as default_cache_dir
from tinygan.data.cartoon import COLLARS, EXPRESSIONS, HAIR, Face, draw
from tinygan.data.drawing import Colour
from tinygan.data.drawn import drawn_once
from tinygan.data.errors import DataError
from tinygan.data.images import Images
from tinygan.given import SPELT, whole_number
from tinygan.words import short, whole

RECIPE = 1  # raise it with every change to what is drawn: it is part of the cache file's name
SMALLEST, LARGEST, STEP = 8, 256, 4  # of the side, in pixels; STEP lets a network halve it twice

# A skin is a mixture of two neighbours of this row.
SKIN = np.array([(255, 226, 204), (240, 194, 158), (214, 160, 118), (170, 116, 80), (122, 80, 57)], float)
NATURAL = [(38, 30, 32), (74, 48, 36), (118, 74, 44), (166, 84, 42), (226, 186, 98), (168, 164, 166)]
BRIGHT = [(236, 98, 148), (70, 130, 214), (52, 168, 140), (146, 88, 190), (226, 66, 56)]
IRISES = [(96, 58, 34), (140, 96, 46), (70, 132, 82), (66, 126, 190), (112, 126, 140)]
FRAMES = [(36, 34, 40), (150, 44, 52), (44, 70, 130), (104, 66, 40)]


def faces(n: int = 10_000, seed: int = 0, size: int = 64, cache_dir: str | Path | None = None) -> Images:
    """Cartoon faces in colour with four expressions, no two alike.

    Skin, hair, eyes, glasses, clothes, background, place and tilt are chosen each without regard to the others and
    to the expression; mouth, eyebrows and how wide the eyes are open follow the expression. The same `n`, `seed`
    and `size` give the same images on the same versions of NumPy and Pillow, and the same `n` and `seed` the same
    people at every size. They are kept in the cache folder; if that cannot be read or written they are drawn anew.

    Parameters
    ----------
    n : int
        Number of images; each expression occurs n / 4 times, give or take one. 10,000 of 64 x 64 take 123 MB of
        memory.
    seed : int
        Seed of every random choice.
    size : int
        Side in pixels: a multiple of 4 from 8 to 256.
    cache_dir : path, optional
        Where to keep the images; by default `tinygan.data.cache_dir()`.

    Returns
    -------
    Images
        `pixels` (n, size, size, 3) and `labels` (n,), in random order; label k is `EXPRESSIONS[k]`.

    Raises
    ------
    DataError
        If `n` is not a whole number >= 1, `seed` not one >= 0 or `size` not as above, or the memory does not
        suffice.
    """
    n = whole_number("faces: n", n, most=SPELT, error=DataError)  # what the memory holds, `render` finds out
    seed = whole_number("faces: seed", seed, 0, SPELT, error=DataError)
    if not whole(size, 0) or not SMALLEST <= size <= LARGEST or size % STEP:
        raise DataError(
            f"faces: size must be a multiple of {STEP} from {SMALLEST} to {LARGEST} pixels, not {short(size)}"
        )
    from importlib.metadata import version  # only here: it takes 15 ms of every `import tinygan` otherwise

    folder = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    path = folder / f"faces-v{RECIPE}-n{n}-seed{seed}-size{size}-pillow{version('pillow')}.npz"
    shape = (n, size, size, 3)
    return drawn_once(path, "faces", shape, EXPRESSIONS, lambda: render(n, np.random.default_rng(seed), size))


def render(n: int, rng: np.random.Generator, size: int = 64) -> Images:
    """Draw `n` faces with random choices from `rng`; see `faces`."""
    try:
        pixels = np.empty((n, size, size, 3), np.uint8)
    except (MemoryError, ValueError, OverflowError) as error:  # NumPy's, by how far it is too much
        raise DataError(
            f"faces: the memory does not hold {short(n)} images of {size} x {size}: ask for fewer"
        ) from error
    labels = rng.permutation(np.arange(n) % len(EXPRESSIONS))
    for i, label in enumerate(labels):
        pixels[i] = draw(random_face(rng, EXPRESSIONS[label]), size)
    return Images("faces", pixels, labels.astype(np.int64), EXPRESSIONS)


def random_face(rng: np.random.Generator, expression: str) -> Face:
    """A face with that expression; every other attribute is chosen from `rng` by itself."""
    uniform = rng.uniform
    return Face(
        expression=expression,
        hair=HAIR[rng.integers(len(HAIR))],
        collar=COLLARS[rng.integers(len(COLLARS))],
        skin=_skin(uniform()),
        hair_colour=_near(NATURAL if uniform() < 0.7 else BRIGHT, rng),
        iris=_near(IRISES, rng),
        shirt=_hue(uniform(), uniform(0.45, 0.75), uniform(0.55, 0.9)),
        background=_hue(uniform(), uniform(0.08, 0.32), uniform(0.84, 0.98)),
        glasses=_near(FRAMES, rng) if uniform() < 0.25 else None,
        square_glasses=uniform() < 0.4,
        open_smile=uniform() < 0.5,
        tear=uniform() < 0.4,
        mirror=1.0 if uniform() < 0.5 else -1.0,
        shift=(uniform(-1.5, 1.5), uniform(-1.2, 1.2)),
        tilt=float(np.clip(rng.normal(0.0, np.radians(3.5)), -0.15, 0.15)),
        scale=uniform(1.06, 1.18),
        width=uniform(12.4, 15.0),
        height=uniform(15.2, 17.2),
        jaw=uniform(0.05, 0.32),
        eye_gap=uniform(5.2, 6.6),
        eye_size=uniform(0.85, 1.1),
        gaze=(uniform(-0.8, 0.8), uniform(-0.4, 0.4)),
        brow=uniform(1.2, 2.0),
        nose=uniform(0.6, 1.2),
        mouth=uniform(5.2, 6.8),
        light=(uniform(-0.7, 0.7), uniform(-0.7, 0.1)),
    )


def _skin(tone: float) -> Colour:
    """The colour at `tone`, from 0 to 1, along SKIN."""
    place = tone * (len(SKIN) - 1)
    first = int(place)
    red, green, blue = SKIN[first] + (place - first) * (SKIN[first + 1] - SKIN[first])
    return float(red), float(green), float(blue)


def _near(palette: list[tuple[int, int, int]], rng: np.random.Generator) -> Colour:
    """A colour of the palette, not quite exactly."""
    red, green, blue = np.clip(palette[rng.integers(len(palette))] + rng.uniform(-12, 12, 3), 0, 255)
    return float(red), float(green), float(blue)


def _hue(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return 255 * red, 255 * green, 255 * blue
