"""The explorer in a real browser: a slider, a click and a drag reach the generator, and nothing leaves this machine."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time

import pytest

pytest.importorskip("bokeh", reason="the page needs Bokeh: pip install 'tinygan[live]'")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'tinygan[browser]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]


@pytest.fixture
def explored(tmp_path):
    """(address, the pages that windows opened) of a generator that was hardly trained."""
    from tinygan.live.explore_page import ExplorePage
    from tinygan.live.explorer import Explorer
    from tinygan.live.server import dress, serve
    from tinygan.training import trained
    from tinygan.training.run import Run

    run = Run("mlp", outdir=tmp_path, steps=2, batch_size=16, sample_interval=1000)
    run.train()
    source, pages = trained.load(run.path), []
    begun, running = threading.Event(), []

    def fill(document):
        dress(document, "explore")
        pages.append(ExplorePage(Explorer(source, run.setup.dataset)))
        pages[-1].add_to(document)

    def serve_it():
        asyncio.set_event_loop(asyncio.new_event_loop())
        running.append(serve(0, fill))
        begun.set()
        running[0].io_loop.start()

    thread = threading.Thread(target=serve_it)
    thread.start()
    begun.wait(60)
    yield f"http://127.0.0.1:{running[0].port}/", pages
    running[0].io_loop.add_callback(running[0].io_loop.stop)
    thread.join(60)


def when(page, condition):
    """Wait until it holds, while the page's events are seen to."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        page.wait_for_timeout(50)


def test_the_hand_moves_the_generator(explored):
    address, pages = explored
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, asked, errors = browser.new_page(viewport={"width": 1280, "height": 900}), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        figures = page.locator(".bk-Figure")
        figures.nth(3).wait_for(timeout=60_000)  # all, the square, the large one, the nearest pictures
        explorer = pages[-1].explorer
        before = figures.first.screenshot()

        handle = page.locator(".noUi-handle").first
        handle.focus()
        for _ in range(10):
            handle.press("ArrowRight")
        when(page, lambda: explorer.along[0] == pytest.approx(0.5))
        when(page, lambda: figures.first.screenshot() != before)

        box = figures.first.bounding_box()
        page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"])
        when(page, lambda: pages[-1].chosen == 15)

        box = figures.nth(1).bounding_box()
        page.mouse.move(box["x"] + 160, box["y"] + 160)
        page.mouse.down()
        page.mouse.move(box["x"] + 100, box["y"] + 240, steps=5)
        page.mouse.up()
        when(page, lambda: pages[-1].place is not None and pages[-1].place[0] < 0.5 < pages[-1].place[1])

        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert asked and all(re.match("(http|ws)://127.0.0.1:|data:", url) for url in asked), asked
    assert not errors
