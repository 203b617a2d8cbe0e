"""Runs here leave no pictures either; and what the tests in a browser, Chromium without a window, have in common."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import threading
import time

import pytest
from training.conftest import quick_pictures

__all__ = ["quick_pictures"]

SLOW = 120  # seconds: only to end a test that will fail


@pytest.fixture(scope="module")  # not longer: while it is there, this thread has a loop, and can run no other
def chromium():
    """The browser; skips, saying what is missing, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'tinygan[browser]'")
    known = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    program = os.environ.get("CHROMIUM") or next(filter(None, known), None)
    if not program:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(chromium):
    """function(address, **options): a page that is loaded, in a context; it holds that the page keeps to itself."""

    @contextlib.contextmanager
    def opened(address, **options):
        from_disk = address.startswith("file:")
        own, asked, wrong = re.compile("file:|data:" if from_disk else "(http|ws)://127.0.0.1:|data:"), [], []
        with chromium.new_context(**options) as context:
            context.set_default_timeout(1000 * SLOW)
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("websocket", lambda socket: asked.append(socket.url))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.append(said.text) if from_disk or said.type == "error" else None)
            page.goto(address)
            yield page
        strangers = [url for url in asked if not own.match(url)]
        assert asked and not strangers, f"it asked {strangers}"
        assert not wrong

    return opened


@pytest.fixture(scope="module")
def served():
    """function(fill): the address of pages; they are served in a thread of this process, which can look into them."""
    from tinygan.live.server import serve

    @contextlib.contextmanager
    def serving(*fill):
        begun, running = threading.Event(), []

        def run():
            asyncio.set_event_loop(asyncio.new_event_loop())
            running.append(serve(0, *fill))
            begun.set()
            running[0].io_loop.start()

        thread = threading.Thread(target=run)
        thread.start()
        begun.wait(SLOW)
        try:
            yield f"http://127.0.0.1:{running[0].port}/"
        finally:
            running[0].io_loop.add_callback(running[0].io_loop.stop)
            thread.join(SLOW)

    return serving


@pytest.fixture(scope="session")
def when():
    """function(condition, page): wait until it holds, while the page's events are seen to."""

    def wait(condition, page=None):
        end = time.monotonic() + SLOW
        while not condition():
            assert time.monotonic() < end, "it never came to pass"
            page.wait_for_timeout(50) if page else time.sleep(0.05)

    return wait
