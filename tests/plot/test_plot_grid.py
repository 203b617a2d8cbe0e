"""The sample grid: every pixel where it should be, and never half a file."""

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image
from properties import given

from tinygan.files import whole_file
from tinygan.plot import image_grid, save_grid, save_panels
from tinygan.plot.grid import SEPARATOR


def test_pixels_lie_row_by_row():
    images = np.array([0.0, 0.2, 0.4, 0.6, 1.0]).reshape(5, 1, 1, 1)
    g = SEPARATOR
    expected = [[0, g, 51, g, 102], [g, g, g, g, g], [153, g, 255, g, g]]
    grid = image_grid(images, columns=3, padding=1)
    assert grid.dtype == np.uint8
    np.testing.assert_array_equal(grid, expected)


@given(
    n=st.integers(1, 12),
    h=st.integers(1, 5),
    w=st.integers(1, 5),
    c=st.sampled_from([1, 3]),
    columns=st.integers(1, 7),
    padding=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_every_image_is_found_again(n, h, w, c, columns, padding, seed):
    whole = np.random.default_rng(seed).integers(0, 256, (n, h, w, c))
    grid = image_grid(whole / 255, columns, padding)
    rows = -(-n // columns)
    size = (rows * (h + padding) - padding, columns * (w + padding) - padding)
    assert grid.shape == (size if c == 1 else (*size, 3))
    for i, image in enumerate(whole):
        top, left = i // columns * (h + padding), i % columns * (w + padding)
        cell = grid[top : top + h, left : left + w].reshape(h, w, c)
        np.testing.assert_array_equal(cell, image)


def test_default_is_nearly_square():
    assert image_grid(np.zeros((10, 2, 2, 1)), padding=0).shape == (6, 8)


def test_separators_differ_from_black_and_white():
    grid = image_grid(np.stack([np.zeros((2, 2, 1)), np.ones((2, 2, 1))]), columns=2)
    assert set(grid[0].tolist()) == {0, SEPARATOR, 255}
    assert 64 <= SEPARATOR <= 192


def test_values_outside_are_clipped_and_nan_is_black():
    images = np.array([-3.0, 7.0, np.nan, np.inf]).reshape(4, 1, 1, 1)
    assert image_grid(images, columns=4, padding=0).tolist() == [[0, 255, 0, 255]]


@pytest.mark.parametrize(
    ("images", "options", "error"),
    [
        (np.zeros((4, 4, 1)), {}, ValueError),
        (np.zeros((2, 4, 4, 2)), {}, ValueError),
        (np.zeros((0, 4, 4, 1)), {}, ValueError),
        (np.zeros((2, 4, 4, 1), np.uint8), {}, TypeError),
        (np.zeros((2, 4, 4, 1)), {"columns": 0}, ValueError),
        (np.zeros((2, 4, 4, 1)), {"padding": -1}, ValueError),
    ],
)
def test_what_does_not_fit_is_refused(images, options, error):
    with pytest.raises(error, match="grid|columns"):
        image_grid(images, **options)


@pytest.mark.parametrize("channels", [1, 3])
def test_saved_png_is_the_grid_enlarged(tmp_path, channels):
    images = np.random.default_rng(0).random((5, 4, 3, channels))
    save_grid(tmp_path / "a.png", images, columns=2, padding=1, scale=3)
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image)
    grid = image_grid(images, columns=2, padding=1)
    assert pixels.shape[:2] == (3 * grid.shape[0], 3 * grid.shape[1])
    np.testing.assert_array_equal(pixels[1::3, 1::3], grid)
    np.testing.assert_array_equal(pixels[2::3, ::3], grid)


def test_scale_below_one_is_refused(tmp_path):
    with pytest.raises(ValueError, match="scale"):
        save_grid(tmp_path / "a.png", np.zeros((1, 2, 2, 1)), scale=0)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    save_grid(path, np.zeros((1, 2, 2, 1)))
    before = path.read_bytes()

    def full_disk(image, file, **options):
        file.write(b"half a pict")
        raise OSError(28, "no space left")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_grid(path, np.ones((1, 2, 2, 1)))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_grid(tmp_path / "nowhere" / "a.png", np.zeros((1, 2, 2, 1)))


def test_panels_show_each_grid_beside_the_others(tmp_path):
    images = np.stack([np.full((6, 4, 3, 1), value) for value in (0.0, 0.5, 1.0)])
    save_panels(tmp_path / "p.png", {"black": images[0], "grey": images[1], "white $": images[2]}, columns=3)
    with Image.open(tmp_path / "p.png") as image:
        seen = np.asarray(image.convert("L")).astype(int)
    width = seen.shape[1] // 3
    for i, value in enumerate((0, 128, 255)):  # the lower half is all images and the lines between them
        part = seen[seen.shape[0] // 2 : -10, i * width + 30 : (i + 1) * width - 30]
        assert (abs(part - value) <= 2).mean() > 0.3
    with pytest.raises(ValueError, match="columns"):
        save_panels(tmp_path / "q.png", {"black": images[0]}, columns=0)
    assert not (tmp_path / "q.png").exists()
