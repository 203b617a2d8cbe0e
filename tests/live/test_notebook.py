"""The laboratory as a widget: it is shown and played in the loop of the kernel."""

from __future__ import annotations

import asyncio
import sys
import types

import pytest

import tinygan as tg
from tinygan.training.config import ConfigError

pytest.importorskip("bokeh", reason="the widget needs Bokeh: pip install 'tinygan[live]'")
pytest.importorskip("jupyter_bokeh", reason="the widget needs jupyter_bokeh: pip install 'tinygan[live]'")

from tinygan.live import notice


def test_the_widget_is_played_in_the_kernels_loop(capsys):
    async def cell():
        widget = tg.live.lab(width=8, batch_size=16)
        page = widget.page
        page.runner.do(tg.live.Lab.step)
        while "data-name='loss_d'" not in page.numbers.text:
            page.runner.drawn()
            await asyncio.sleep(0.01)
        page.runner.end()
        return page

    page = asyncio.run(asyncio.wait_for(cell(), 60))
    page.runner.join(60)
    assert page.runner.lab.step_count == 1 and not page.runner.is_alive()


def test_elsewhere_it_says_where_to_go():
    with pytest.raises(ConfigError, match="is for a notebook: elsewhere run python -m tinygan.live"):
        tg.live.lab()
    with pytest.raises(ConfigError, match="unknown data 'rign': did you mean ring"):
        asyncio.run(wrong())


async def wrong():
    tg.live.lab(data="rign")


class Cell:
    """A notebook to stand in: what is displayed, and what the kernel's loop is to do later."""

    kernel = True

    def __init__(self):
        self.shown, self.later, self.user_ns, self.allowed = [], [], {}, 0

    def display(self, html, display_id):
        self.shown.append(html)
        return types.SimpleNamespace(update=self.shown.append)

    def allow(self):
        self.allowed += 1

    def call_later(self, seconds, function):
        self.later.append(function)

    def pass_time(self, seconds: int):
        for _ in range(seconds):
            for function in [self.later.pop(0) for _ in self.later]:
                function()


@pytest.fixture
def cell(monkeypatch):
    cell = Cell()
    monkeypatch.delenv("VSCODE_PID", raising=False)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: cell, version_info=(9, 0)))
    monkeypatch.setitem(
        sys.modules,
        "IPython.display",
        types.SimpleNamespace(display=cell.display, HTML=str, publish_display_data=lambda *args, **options: None),
    )
    return cell


@pytest.fixture
def colab(cell, monkeypatch):
    output = types.SimpleNamespace(enable_custom_widget_manager=cell.allow)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(output=output))
    return cell


def opened(cell, **settings):
    """The page of a laboratory in that cell; its thread has not begun."""
    from tinygan.live.notice import Notice, allow_widgets, program
    from tinygan.live.page import Page

    page = Page(lambda show: show(), tg.live.Settings(width=8, batch_size=16, **settings))
    page.runner.is_alive = lambda: True
    where = program(cell)
    if where == "Colab":
        allow_widgets()
    Notice(page, where, cell)
    return page


@pytest.mark.parametrize("settings", [{}, {"data": "line"}])
def test_the_cell_is_never_empty_and_the_words_go_when_the_page_is_there(cell, settings):
    page = opened(cell, **settings)
    (first,) = cell.shown
    assert "The laboratory comes here" in first and "run python -m tinygan.live in a terminal" in first
    asked = page.sent.data["n"][0]
    cell.pass_time(40)
    assert cell.shown == [first] and page.sent.data["n"][0] == asked + 40  # it asks, and leaves the game alone
    assert not page.runner.playing and page.runner._jobs.empty()
    page.drawn.data = {"n": [1]}  # as a browser does
    cell.pass_time(2)
    assert cell.shown == [first, ""] and not cell.later


def test_where_a_widget_may_not_come_the_picture_moves_instead(colab):
    page = opened(colab)
    assert colab.allowed == 1 and "Colab could not fetch" in colab.shown[0]
    while page.runner.lab.step_count < notice.STEPS:
        colab.pass_time(1)
        if len(colab.shown) > 2:  # it plays: many steps in a second
            page.runner.lab.step_count += 400
        while not page.runner._jobs.empty():
            page.runner._obey()
    assert page.runner.playing and len(colab.shown) > 4
    colab.pass_time(2)
    page.runner._obey()
    assert not page.runner.playing
    pictures = len(colab.shown)
    colab.pass_time(5)
    assert len(colab.shown) == pictures  # it has come to its end, and stays
    assert all("data:image/png;base64," in each for each in colab.shown)
    page.drawn.data = {"n": [1]}
    colab.pass_time(1)
    assert colab.shown[-1] == "" and not colab.later


def test_what_comes_late_takes_the_moving_picture_away(colab):
    page = opened(colab)
    colab.pass_time(notice.ALONE + 1)
    page.runner._obey()
    assert page.runner.playing
    page.drawn.data = {"n": [1]}
    colab.pass_time(1)
    page.runner._obey()
    assert not page.runner.playing and colab.shown[-1] == ""


def test_vs_code_is_told_its_setting_and_an_old_colab_is_no_error(cell, monkeypatch):
    cell.user_ns["__vsc_ipynb_file__"] = "a.ipynb"
    opened(cell)
    assert "jupyter.widgetScriptSources" in cell.shown[0]
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(output=types.SimpleNamespace()))
    opened(cell)
    assert "Colab could not fetch" in cell.shown[1]


def test_nothing_is_asked_of_a_laboratory_that_has_ended(cell):
    page = opened(cell)
    page.runner.is_alive = lambda: False
    cell.pass_time(3)
    assert not cell.later and len(cell.shown) == 1


def test_lab_puts_the_notice_into_its_cell(colab):
    async def run():
        widget = tg.live.lab(width=8, batch_size=16)
        widget.page.runner.end()
        while widget.page.runner.is_alive():
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert colab.allowed == 1 and len(colab.shown) >= 1 and "data:image/png" in colab.shown[0]
