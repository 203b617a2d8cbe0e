"""Names over the columns: the grid below stays what it was, and every name fits."""

import numpy as np
import pytest
from PIL import Image

from tinygan.plot import save_gif, save_grid
from tinygan.plot.headings import BACK, STEP, fitting, with_headings

NAMES = ["cat", "a name that is far too long", "Gruesse", "\u732b"]


@pytest.fixture(params=[1, 3])
def images(request, rng):
    return rng.random((12, 28, 20, request.param))


def opened(path):
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_the_grid_is_untouched_below_a_strip(tmp_path, images):
    save_grid(tmp_path / "plain.png", images, 4)
    save_grid(tmp_path / "named.png", images, 4, headings=NAMES)
    plain, named = opened(tmp_path / "plain.png"), opened(tmp_path / "named.png")
    height = named.height - plain.height
    assert named.mode == plain.mode and named.width == plain.width and 8 < height < 30 and height % STEP == 0
    assert (np.array(named)[height:] == np.array(plain)).all()


def test_no_headings_are_no_strip(tmp_path, images):
    for name, headings in (("a.png", None), ("b.png", ())):
        save_grid(tmp_path / name, images, 4, headings=headings)
    save_grid(tmp_path / "c.png", images, 4)
    assert len({(tmp_path / name).read_bytes() for name in ("a.png", "b.png", "c.png")}) == 1


def test_each_name_stands_over_its_column():
    grid = Image.new("L", (4 * 60 - 4, 50))
    strip = np.array(with_headings(grid, ["a", "", "a", "a"], 60))[:-50]
    cells = [strip[:, i * 60 : i * 60 + 56] for i in range(4)]
    inked = [np.flatnonzero((cell != BACK).any(axis=0)) for cell in cells]
    assert len(inked[1]) == 0
    for columns in (inked[0], inked[2], inked[3]):
        assert abs(columns.mean() - 28) < 4  # in the middle
    assert (strip[:, 56:60] == BACK).all()


@pytest.mark.parametrize("pitch", [5, 12, 20, 60, 600])
def test_no_name_runs_into_the_next_column(pitch):
    grid = Image.new("L", (3 * pitch, 10))
    strip = np.array(with_headings(grid, ["W" * 50, "", "W" * 50], pitch))[:-10]
    assert (strip[:, pitch : 2 * pitch] == BACK).all()


def test_a_name_that_the_font_has_not_becomes_a_number():
    grid = Image.new("L", (200, 10))
    assert with_headings(grid, ["a", "\u732b"], 100).tobytes() == with_headings(grid, ["a", "1"], 100).tobytes()
    assert with_headings(grid, ["a", "\u00fc"], 100).tobytes() != with_headings(grid, ["a", "1"], 100).tobytes()


def test_names_are_cut_only_where_they_must():
    assert fitting("cat", 3, len) == "cat"
    assert fitting("hippo", 4, len) == "hip\u2026"
    assert fitting("hippo", 1, len) == "h" and fitting("hippo", 0, len) == "" and fitting("", 3, len) == ""


def test_more_names_than_columns_are_refused(tmp_path, images):
    with pytest.raises(ValueError, match="5 headings are more than the grid has columns"):
        save_grid(tmp_path / "a.png", images, 4, headings=["a"] * 5)
    assert not list(tmp_path.iterdir())


def test_an_animation_of_named_grids_keeps_the_pixels_of_the_grid(tmp_path, rng):
    """Shrunk by the factor that the grid was enlarged by, each pixel of an image is one pixel again."""
    images = np.round(rng.random((9, 28, 28, 1))) / 1.0
    save_grid(tmp_path / "plain.png", images, 3)
    save_grid(tmp_path / "named.png", images, 3, headings=NAMES[:3])
    height = opened(tmp_path / "named.png").height
    for name in ("plain", "named"):
        save_gif(tmp_path / f"{name}.gif", [tmp_path / f"{name}.png"] * 2, max_side=-(-height // 2))
    with Image.open(tmp_path / "plain.gif") as plain, Image.open(tmp_path / "named.gif") as named:
        plain, named = np.array(plain.convert("L")), np.array(named.convert("L"))
    assert len(named) - len(plain) == (height - opened(tmp_path / "plain.png").height) / 2
    assert (named[len(named) - len(plain) :] > 150).tolist() == (plain > 150).tolist()
