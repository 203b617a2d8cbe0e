"""What is drawn is pinned, down to the last unit of a colour: the same recipe draws the same pictures for ever.

What is handed to Pillow is compared, not what Pillow makes of it, which differs a little between its versions. A test
that fails here after a change that was meant asks for two things: a higher RECIPE, and the new digest in this file.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from PIL import Image

from tinygan.data import cartoon, drawing
from tinygan.data.faces import random_face

DIGITS, FACES = (sys.modules[f"tinygan.data.{name}"] for name in ("digits", "faces"))


def digest(values):
    """Of numbers, words and arrays in any nesting, numbers to five digits behind the point."""

    def plain(value):
        if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
            return [plain(each) for each in value]
        if isinstance(value, (float, np.floating)):
            return f"{round(float(value), 5) + 0.0:.5f}"  # no -0.000000
        return str(value)

    return hashlib.sha256(repr(plain(values)).encode()).hexdigest()[:16]


def people(n):
    """One after the other of the four expressions; every hair and collar is there."""
    rng = np.random.default_rng(0)
    return [random_face(rng, cartoon.EXPRESSIONS[i % 4]) for i in range(n)]


def test_the_people_are_those_of_the_recipe():
    faces = people(200)
    assert {face.hair for face in faces} == set(cartoon.HAIR)
    assert (FACES.RECIPE, digest([list(vars(face).values()) for face in faces])) == (1, "6eefed67c79cc45a")


def test_the_palettes_are_those_of_the_recipe():
    tables = [FACES.SKIN, FACES.NATURAL, FACES.BRIGHT, FACES.IRISES, FACES.FRAMES]
    constants = [cartoon.WHITE, cartoon.INK, cartoon.MOUTH, cartoon.TONGUE, cartoon.TEAR, cartoon.CENTRE]
    assert (FACES.RECIPE, digest([tables, constants])) == (1, "caa879215d95b3fe")


def test_the_strokes_of_a_face_are_those_of_the_recipe(monkeypatch):
    """Every corner and colour of every shape, from which side and how large it is drawn, and where the light falls."""
    told = []

    class Told(drawing.Pen):
        def fill(self, points, colour):
            told.append((points @ self._matrix + self._origin, drawing.rgb(colour)))

    monkeypatch.setattr(cartoon, "Pen", Told)
    monkeypatch.setattr(cartoon, "lit", lambda pixels, light: told.append((pixels.shape, light)))
    faces = people(36)
    assert {face.hair for face in faces} == set(cartoon.HAIR)
    assert {face.square_glasses for face in faces if face.glasses} == {True, False}
    for i, face in enumerate(faces):
        cartoon.draw(face, (8, 64, 80)[i % 3])
    assert (FACES.RECIPE, digest(told)) == (1, "e288b68d1f0fae27")


@pytest.mark.parametrize("size", [28, (48, 32), 128])
def test_the_digits_are_those_of_the_recipe(size, monkeypatch):
    """Which glyph, how large, and by which map it comes to its place."""
    told = []

    class Glyph:
        """Tells by which map it is placed, and shows nothing."""

        def __init__(self, em, font, stroke, digit):
            self.width, self.height = 40 + 20 * digit, 110 + stroke
            told.append((em, font.stem, stroke, digit))

        def transform(self, canvas, method, numbers, resampling):
            told.append((canvas, int(method), numbers, int(resampling)))
            return Image.new("L", canvas)

    monkeypatch.setattr(DIGITS, "_glyph", Glyph)
    size = (size, size) if isinstance(size, int) else size
    DIGITS.render(200, np.random.default_rng(0), size)
    assert (DIGITS.RECIPE, digest(told)) == (
        1,
        {(28, 28): "880985fed82408ac", (48, 32): "d5ed565c44acc977", (128, 128): "e29defb7717d721a"}[size],
    )


def test_the_light_falls_as_the_formula_says(rng):
    pixels, (x, y) = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8), (0.25, -0.5)
    ticks = np.arange(9) / 4 - 1
    for row, column in np.ndindex(9, 9):
        squared = (ticks[column] - x) ** 2 + (ticks[row] - y) ** 2
        expected = np.minimum(np.floor(pixels[row, column] * (1.05 - 0.07 * squared) + 0.5), 255)
        assert np.abs(drawing.lit(pixels, (x, y))[row, column] - expected).max() <= 1
    assert drawing.rgb((254.9, 0.99, 3)) == (254, 0, 3)
    assert drawing.mix((0, 10, 100), (10, 20, 0), 0.25) == (2.5, 12.5, 75)
    assert drawing.shade((10, 20, 30), 0.5) == (5, 10, 15)
