"""The page in a real browser, Chromium without a window. Nothing of it leaves this machine."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tinygan.live import Lab
from tinygan.live.runner import Runner

pytest.importorskip("bokeh", reason="the page needs Bokeh: pip install 'tinygan[live]'")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def laboratory(served, window):
    """function(**options): the page in a window, loaded."""

    @contextlib.contextmanager
    def opened(**options):
        with window(address, **options) as page:
            loaded(page)
            yield page

    with served() as address:
        yield opened


@pytest.fixture
def page(laboratory):
    with laboratory(viewport={"width": 1280, "height": 1000}) as made:
        yield made


def loaded(page):
    page.get_by_text("A GAN, live").wait_for()
    page.locator("td", has_text="steps").or_(page.locator("td", has_text="step")).first.wait_for()


def press(page, label):
    page.get_by_role("button", name=label, exact=True).click()


def steps(page) -> int:
    return int(page.locator("td:text-is('step') + td").inner_text().replace(",", ""))


def laboratories() -> int:
    """How many threads play, or could."""
    return sum(isinstance(each, Runner) for each in threading.enumerate())


def test_steps_on_the_page_are_steps_in_python(page, when):
    """D's step changes D, and the numbers on the page are those of the same steps here."""
    lab = Lab()
    for label, step in (("One D step", lab.step_d), ("One step", lab.step), ("One G step", lab.step_g)):
        press(page, label)
        step()
        when(lambda: steps(page) == lab.step_count, page)
        for name in ("loss_d", "d_real", "d_fake_before", *(["loss_g"] if lab.g_steps else [])):
            shown = float(page.locator(f"[data-name={name}]").get_attribute("data-value"))
            assert shown == pytest.approx(lab.numbers[name], abs=1e-5)
    first = page.locator("[data-name=d_real]").get_attribute("data-value")
    press(page, "One D step")
    when(lambda: page.locator("[data-name=d_real]").get_attribute("data-value") != first, page)


def test_data_are_drawn_with_the_mouse(page, when):
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
    when(lambda: page.evaluate(MEAN) != before, page)
    middle, spread = page.evaluate(MEAN)
    assert 0.2 < middle < 1.2 and spread < 0.4  # a level line above the middle


MEAN = """() => {
    const doc = Bokeh.documents[0]
    const source = doc.get_model_by_name("plane").renderers.find((r) => r.glyph.size?.value === 4).data_source
    const y = Array.from(source.get_column("y"))
    return [y.reduce((a, b) => a + b) / y.length, Math.max(...y) - Math.min(...y)]
}"""


def test_two_windows_are_two_laboratories_and_a_closed_one_ends(laboratory, when):
    when(lambda: laboratories() == 0)
    with laboratory() as one:
        with laboratory() as two:
            when(lambda: laboratories() == 2, one)
            press(two, "Play")
            when(lambda: steps(two) > 5, two)
            assert steps(one) == 0
        when(lambda: laboratories() == 1, one)
        press(one, "One step")
        when(lambda: steps(one) == 1, one)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_read_on_every_screen(laboratory, width, scheme, tmp_path):
    with laboratory(viewport={"width": width, "height": 900}, color_scheme=scheme) as made:
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


def lit(page, line) -> bool:
    """Whether the line of code has a ground of its own."""
    ground = page.locator(line).evaluate("each => getComputedStyle(each).backgroundColor")
    return ground != "rgba(0, 0, 0, 0)"


def test_at_a_slow_speed_each_line_is_lit_in_its_turn(page, when):
    page.locator("select").filter(has_text="full speed").select_option(label="line by line")
    press(page, "Play")
    for i in (1, 2):
        when(lambda i=i: lit(page, f".line{i}"), page)
        assert not lit(page, f".line{i + 3}")
    press(page, "Pause")
    press(page, "One G step")
    bars = "each => getComputedStyle(each).borderLeftColor"
    when(lambda: page.locator(".line5").evaluate(bars) == "rgb(230, 159, 0)", page)
    assert page.locator(".line1").evaluate(bars) == "rgba(0, 0, 0, 0)" and not lit(page, ".line5")


def test_a_run_whose_code_is_ill_shows_the_line_and_the_answer_marks_it(page, when):
    page.get_by_role("button", name="H: ").click()
    when(lambda: "bce_with_logits" in page.locator(".line6").inner_text(), page)
    assert not lit(page, ".line6")
    press(page, "What is it?")
    when(lambda: lit(page, ".line6"), page)
    press(page, "Cure it")
    when(lambda: "ns.generator" in page.locator(".line6").inner_text(), page)
    assert not lit(page, ".line6")
