"""The explorer's page: its document without a browser, and the command that serves it."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("bokeh")

from bokeh.document import Document

from tinygan.live.explore_page import ExplorePage, rgba
from tinygan.live.explorer import Explorer
from tinygan.training import trained
from tinygan.training.run import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def opened(folder, preset):
    run = Run(preset, outdir=folder, steps=1, batch_size=16)
    run.train()
    dataset = run.setup.dataset if run.setup.dataset.sample_shape[2:] else None
    document = Document()
    page = ExplorePage(Explorer(trained.load(run.path), dataset))
    page.add_to(document)
    return page, document


def picture(page, name):
    return page.sources[name].data["image"][0]


def test_a_picture_holds_the_images_row_by_row():
    images = np.zeros((4, 2, 3, 1))
    images[1] = 1.0  # top right of two columns
    whole = rgba(images, 2)
    assert whole.shape == (2 * 4, 2 * 5) and whole.dtype == np.uint32
    upright = whole[::-1].copy().view(np.uint8).reshape(8, 10, 4)
    assert (
        (upright[1:3, 6:9, :3] == 255).all()
        and (upright[1:3, 1:4, :3] == 0).all()
        and (upright[5:7, 6:9, :3] == 0).all()
    )
    assert (upright[..., 3] == 255).all()
    colour = rgba(np.stack([np.full((2, 2, 3), (1.0, 0.5, 0.0))]), 1)
    assert colour[1:2, 1:2].copy().view(np.uint8).tolist() == [[255, 128, 0, 255]]


def test_a_slider_moves_the_sixteen(folder):
    page, document = opened(folder, "mlp")
    before = picture(page, "all")
    document.select_one({"name": "direction 2"}).value = 3.0
    page.draw()
    explorer = page.explorer
    assert explorer.along.tolist() == [0, 3, 0, 0, 0, 0]
    assert np.array_equal(picture(page, "all"), rgba(explorer.samples(), 4)) and (picture(page, "all") != before).any()
    document.select_one({"name": "truncation"}).value = 0.5
    assert explorer.truncation == 0.5
    page._reset()
    assert explorer.truncation is None and not explorer.along.any()
    assert np.array_equal(picture(page, "all"), before)


def test_a_click_chooses_and_a_drag_walks_between_the_corners(folder):
    page, _ = opened(folder, "mlp")
    page._choose(SimpleNamespace(x=1.5, y=2.5))  # second column, second row from the top
    page.draw()
    assert page.chosen == 5 and np.array_equal(picture(page, "large"), rgba(page.explorer.samples()[5][None], 1))
    page._drag(SimpleNamespace(x=0.25, y=0.9))
    page.draw()
    assert np.array_equal(picture(page, "large"), rgba(page.explorer.between(0.25, 0.1)[0][None], 1))
    assert picture(page, "near").shape == (30, 5 * 30) and "distances" in page.distances.text
    page._drag(SimpleNamespace(x=-3.0, y=7.0))  # the hand left the square
    assert page.place == (0.0, 0.0)


def test_classes_and_codes_have_their_controls(folder):
    page, document = opened(folder, "cgan")
    document.select_one({"name": "label"}).value = "3"
    assert (page.explorer.source.labels(page.explorer.noise()) == 3).all()
    page, document = opened(folder, "infogan")
    document.select_one({"name": "number 2"}).value = -1.0
    assert page.explorer.noise()[:, -1].tolist() == [-1.0] * 16


def test_points_are_shown_in_the_plane(folder):
    page, _ = opened(folder, "ring")
    page._drag(SimpleNamespace(x=0.5, y=0.5))
    page.draw()
    shown = page.sources["all"].data
    assert np.allclose(np.stack([shown["x"], shown["y"]], axis=1), page.explorer.samples())
    numbered = page.sources["corners"].data  # as at the corners of the square
    assert np.allclose(np.stack([numbered["x"], numbered["y"]], axis=1), page.explorer.samples()[[0, 1, 2, 3]])
    assert numbered["text"] == ["1", "2", "3", "4"] and page.explorer.corners == [0, 1, 2, 3]
