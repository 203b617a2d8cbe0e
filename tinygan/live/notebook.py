"""The laboratory in a notebook, as a widget: it needs no port, and works where none can be reached."""

from __future__ import annotations

import asyncio
from typing import Any

from tinygan.live.needs import need
from tinygan.live.settings import Settings
from tinygan.live.watching import notebook
from tinygan.training.config import ConfigError


def lab(**settings: Any) -> Any:
    """A laboratory below the cell: the last line of a cell shows it, and so does ``display``.

    It pauses by itself when its tab is hidden, and ends with ``widget.page.runner.end()``. Until it is there a sentence
    stands in its place, which says what to do if it does not come. In Colab and VS Code, which may not fetch it, there
    is a picture of the game, too, which after a while moves by itself.

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
        In one sentence, if a setting cannot be, a package is missing, or this is no notebook.
    """
    need("bokeh", "jupyter_bokeh")
    try:
        loop = asyncio.get_running_loop()  # the kernel's, in whose thread the widget may be changed
    except RuntimeError:
        raise ConfigError("tg.live.lab() is for a notebook: elsewhere run python -m tinygan.live") from None
    from bokeh.io import output_notebook
    from bokeh.resources import Resources
    from jupyter_bokeh import BokehModel

    from tinygan.live.notice import Notice, allow_widgets, program
    from tinygan.live.page import Page

    # The widget wants BokehJS in the output, here from the package itself: nothing is fetched from elsewhere.
    output_notebook(Resources(mode="inline", components=["bokeh", "bokeh-widgets"]), hide_banner=True)
    page = Page(loop.call_soon_threadsafe, Settings.of(settings))
    widget = BokehModel(page.layout)
    widget.page = page
    page.runner.start()
    shell = notebook()
    if shell is not None:
        where = program(shell)
        if where == "Colab":
            allow_widgets()
        Notice(page, where, loop)
    return widget
