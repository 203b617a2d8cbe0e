"""The laboratory as a widget: it is shown and played in the loop of the kernel."""

from __future__ import annotations

import asyncio

import pytest

import tinygan as tg
from tinygan.training.config import ConfigError

pytest.importorskip("bokeh", reason="the widget needs Bokeh: pip install 'tinygan[live]'")
pytest.importorskip("jupyter_bokeh", reason="the widget needs jupyter_bokeh: pip install 'tinygan[live]'")


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
