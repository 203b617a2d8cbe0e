"""The explorer in a real browser: a slider, a click and a drag reach the generator, and nothing leaves this machine."""

from __future__ import annotations

import pytest

pytest.importorskip("bokeh", reason="the page needs Bokeh: pip install 'tinygan[live]'")

pytestmark = pytest.mark.browser


@pytest.fixture
def explored(tmp_path, served):
    """(address, the pages that windows opened) of a generator that was hardly trained."""
    from tinygan.live.explore_page import ExplorePage
    from tinygan.live.explorer import Explorer
    from tinygan.live.server import dress
    from tinygan.training import trained
    from tinygan.training.run import Run

    run = Run("mlp", outdir=tmp_path, steps=2, batch_size=16, sample_interval=1000)
    run.train()
    source, pages = trained.load(run.path), []

    def fill(document):
        dress(document, "explore")
        pages.append(ExplorePage(Explorer(source, run.setup.dataset)))
        pages[-1].add_to(document)

    with served(fill) as address:
        yield address, pages


def test_the_hand_moves_the_generator(explored, window, when):
    address, pages = explored
    with window(address, viewport={"width": 1280, "height": 900}) as page:
        figures = page.locator(".bk-Figure")
        figures.nth(3).wait_for()  # all, the square, the large one, the nearest pictures
        explorer = pages[-1].explorer
        before = figures.first.screenshot()

        handle = page.locator(".noUi-handle").first
        handle.focus()
        for _ in range(10):
            handle.press("ArrowRight")
        when(lambda: explorer.along[0] == pytest.approx(0.5), page)
        when(lambda: figures.first.screenshot() != before, page)

        box = figures.first.bounding_box()
        page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"])
        when(lambda: pages[-1].chosen == 15, page)

        box = figures.nth(1).bounding_box()
        page.mouse.move(box["x"] + 160, box["y"] + 160)
        page.mouse.down()
        page.mouse.move(box["x"] + 100, box["y"] + 240, steps=5)
        page.mouse.up()
        when(lambda: pages[-1].place is not None and pages[-1].place[0] < 0.5 < pages[-1].place[1], page)

        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
