"""The page in a real browser, Chromium without a window. Nothing of it leaves this machine."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time

import pytest

from tinygan.live import Lab
from tinygan.live.runner import Runner

pytest.importorskip("bokeh", reason="the page needs Bokeh: pip install 'tinygan[live]'")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'tinygan[browser]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]
SLOW = 120_000  # milliseconds: only to end a test that will fail


@pytest.fixture(scope="module")
def server():
    """Its address; it runs in a thread of this process, so that its laboratories can be counted."""
    from tinygan.live.server import serve

    begun, running = threading.Event(), []

    def run():
        asyncio.set_event_loop(asyncio.new_event_loop())
        running.append(serve(0))
        begun.set()
        running[0].io_loop.start()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(60)
    yield f"http://127.0.0.1:{running[0].port}/"
    running[0].io_loop.add_callback(running[0].io_loop.stop)
    thread.join(60)


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(server, chromium):
    """The page, loaded; it fails if anything was asked of another machine, or an error came up in the browser."""
    asked, errors = [], []
    with chromium.new_context(viewport={"width": 1280, "height": 1000}) as context:
        context.set_default_timeout(SLOW)
        made = opened(context, server, asked, errors)
        yield made
    assert asked and all(re.match("(http|ws)://127.0.0.1:|data:", url) for url in asked), asked
    assert not errors


def opened(context, address, asked=None, errors=None):
    made = context.new_page()
    asked, errors = [] if asked is None else asked, [] if errors is None else errors
    made.on("request", lambda request: asked.append(request.url))
    made.on("websocket", lambda socket: asked.append(socket.url))
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.goto(address)
    made.get_by_text("A GAN, live").wait_for()
    made.locator("td", has_text="steps").or_(made.locator("td", has_text="step")).first.wait_for()
    return made


def press(page, label):
    page.get_by_role("button", name=label, exact=True).click()


def steps(page) -> int:
    return int(page.locator("td:text-is('step') + td").inner_text().replace(",", ""))


def when(page, condition):
    """Wait until it holds."""
    end = time.monotonic() + SLOW / 1000
    while not condition():
        assert time.monotonic() < end, "it never came"
        page.wait_for_timeout(50) if page else time.sleep(0.05)


def laboratories() -> int:
    """How many threads play, or could."""
    return sum(isinstance(each, Runner) for each in threading.enumerate())


def test_steps_on_the_page_are_steps_in_python(page):
    """D's step changes D, and the numbers on the page are those of the same steps here."""
    lab = Lab()
    for label, step in (("One D step", lab.step_d), ("One step", lab.step), ("One G step", lab.step_g)):
        press(page, label)
        step()
        when(page, lambda: steps(page) == lab.step_count)
        for name in ("loss_d", "d_real", "d_fake_before", *(["loss_g"] if lab.g_steps else [])):
            shown = float(page.locator(f"[data-name={name}]").get_attribute("data-value"))
            assert shown == pytest.approx(lab.numbers[name], abs=1e-5)
    first = page.locator("[data-name=d_real]").get_attribute("data-value")
    press(page, "One D step")
    when(page, lambda: page.locator("[data-name=d_real]").get_attribute("data-value") != first)


def test_data_are_drawn_with_the_mouse(page):
    page.get_by_label("data", exact=True).select_option(label="draw it yourself")
    page.get_by_role("button", name="Draw anew").wait_for()
    plane = page.locator(".bk-Figure:visible").first.bounding_box()
    x, y = plane["x"] + plane["width"] / 2, plane["y"] + plane["height"] / 2
    before = page.evaluate(MEAN)
    page.mouse.move(x - 100, y - 80)
    page.mouse.down()
    for i in range(11):
        page.mouse.move(x - 100 + 20 * i, y - 80)
    page.mouse.up()
    when(page, lambda: page.evaluate(MEAN) != before)
    middle, spread = page.evaluate(MEAN)
    assert 0.2 < middle < 1.2 and spread < 0.4  # a level line above the middle


MEAN = """() => {
    const doc = Bokeh.documents[0]
    const source = doc.get_model_by_name("plane").renderers.find((r) => r.glyph.size?.value === 4).data_source
    const y = Array.from(source.get_column("y"))
    return [y.reduce((a, b) => a + b) / y.length, Math.max(...y) - Math.min(...y)]
}"""


def test_two_windows_are_two_laboratories_and_a_closed_one_ends(server, chromium):
    with chromium.new_context() as context:
        context.set_default_timeout(SLOW)
        when(None, lambda: laboratories() == 0)
        one, two = opened(context, server), opened(context, server)
        when(one, lambda: laboratories() == 2)
        press(two, "Play")
        when(two, lambda: steps(two) > 5)
        assert steps(one) == 0
        two.close()
        when(one, lambda: laboratories() == 1)
        press(one, "One step")
        when(one, lambda: steps(one) == 1)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_read_on_every_screen(server, chromium, width, scheme, tmp_path):
    with chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        context.set_default_timeout(SLOW)
        made = opened(context, server)
        assert made.evaluate("document.documentElement.scrollWidth") <= width
        background = made.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 24, 28)")
        title = made.locator("h1").evaluate("each => getComputedStyle(each).color")
        assert title == ("rgb(43, 43, 43)" if scheme == "light" else "rgb(230, 230, 230)")
        made.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)


def test_a_name_in_the_code_says_what_it_is(page):
    name = page.locator(".tensor", has_text="D(real)").first
    name.hover()
    note = name.evaluate("each => getComputedStyle(each, '::after').content")
    assert "logits of shape (128, 1)" in note
