"""The laboratory in a notebook, as a widget: it needs no port, and works where none can be reached."""

from __future__ import annotations

import asyncio
from typing import Any

from tinygan.live.needs import need
from tinygan.live.settings import Settings


def lab(**settings: Any) -> Any:
    """A laboratory below the cell: the last line of a cell shows it, and so does ``display``.

    It pauses by itself when its output is no longer on the screen. In Colab, run this once before, in the same cell:
    ``from google.colab import output; output.enable_custom_widget_manager()``.

    Parameters
    ----------
    **settings
        Of `tinygan.live.Settings`, such as ``data="moons"``.

    Returns
    -------
    jupyter_bokeh.BokehModel
        A widget. Its attribute `page` has the thread, ``page.runner``, and with it the game.

    Raises
    ------
    ConfigError
        In one sentence, if a setting cannot be, or a package is missing.
    """
    need("bokeh", "jupyter_bokeh")
    from bokeh.io import output_notebook
    from bokeh.resources import Resources
    from jupyter_bokeh import BokehModel

    from tinygan.live.page import Page

    # The widget wants BokehJS in the output, here from the package itself: nothing is fetched from elsewhere.
    output_notebook(Resources(mode="inline", components=["bokeh", "bokeh-widgets"]), hide_banner=True)
    loop = asyncio.get_event_loop()  # the kernel's, in whose thread the widget may be changed
    page = Page(loop.call_soon_threadsafe, Settings.of(settings))
    widget = BokehModel(page.layout)
    widget.page = page
    page.runner.start()
    return widget
