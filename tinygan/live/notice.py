"""What stands in a notebook's cell until the laboratory's page is there: what every notebook program can show.

The page is a widget whose script the notebook program has to find. JupyterLab has it beside itself, Colab and VS Code
fetch it from elsewhere if they are allowed to; where that fails the cell would be empty, and Python is not told.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import html
import os
import sys
from typing import Any

from tinygan.live.page import Page
from tinygan.plot.glance import glance

SECOND = 1.0  # between two questions whether the page is there
ASKED = 300  # times at most
ALONE = 15  # times, after which, in a program that may not show it, the picture begins to move by itself
STEPS = 1500  # that it moves
WATCH = 'watch a run here: run = tg.Run("ring"); tg.live.watch(run); run.train()'
MOVES = "could not fetch the widget's script, and the picture moves by itself"
SAID = {
    "": "The laboratory comes here. If this sentence stays, the program does not show its widget: run python -m "
    f"tinygan.live in a terminal, or {WATCH}",
    "Colab": f"The laboratory comes here. If this stays, Colab {MOVES}. You can also {WATCH}",
    "VS Code": f"The laboratory comes here. If this stays, VS Code {MOVES}. Its setting "
    f'"jupyter.widgetScriptSources": ["jsdelivr.com", "unpkg.com"] allows it. You can also {WATCH}',
}


def program(shell: Any) -> str:
    """Which notebook program this is, of those that fetch widgets from elsewhere; else an empty word."""
    if "google.colab" in sys.modules:
        return "Colab"
    names = getattr(shell, "user_ns", {})
    return "VS Code" if "__vsc_ipynb_file__" in names or "VSCODE_PID" in os.environ else ""


def allow_widgets() -> None:
    """Have Colab show widgets that are not its own."""
    with contextlib.suppress(ImportError, AttributeError):  # an older Colab
        from google.colab import output  # type: ignore[import-not-found]

        output.enable_custom_widget_manager()


class Notice:
    """Words, and a picture where the page may not come; they go with the first sign from it.

    Parameters
    ----------
    page : Page
    program : str
        See the function `program`.
    loop : asyncio.AbstractEventLoop
        The kernel's.
    """

    def __init__(self, page: Page, program: str, loop: asyncio.AbstractEventLoop):
        from IPython.display import HTML, display

        self.page, self.program, self.loop, self.html = page, program, loop, HTML
        self.asked, self.moves = 0, False
        self.handle = display(self.words(), display_id=True)
        loop.call_later(SECOND, self.ask)

    def words(self) -> Any:
        """What to do if the page does not come; where that may be, with the laboratory as it is now."""
        return self.html(
            f"<p>{html.escape(SAID[self.program], quote=False)}</p>{self.picture() if self.program else ''}"
        )

    def picture(self) -> str:
        """The laboratory as the page would show it now."""
        shot, rows = self.page.shot, list(self.page.runner.lab.recent)
        samples, reals = (shot.fakes, shot.reals) if shot.reals.shape[1] == 2 else (None, None)
        image = base64.b64encode(glance(rows, samples, reals, f"step {shot.counts[0]:,}")).decode()
        return f'<img alt="the game" src="data:image/png;base64,{image}">'

    def ask(self) -> None:
        """Is it there? Then go. Else ask again, and after a while play."""
        runner = self.page.runner
        if self.page.seen:
            if self.moves:
                runner.play(False)
            self.handle.update(self.html(""))
            return
        if not runner.is_alive() or self.asked >= ASKED:
            return
        self.asked += 1
        self.page.ask()
        if self.program and self.asked >= ALONE:
            self.move()
        self.loop.call_later(SECOND, self.ask)

    def move(self) -> None:
        """Play, and show how far it is."""
        runner = self.page.runner
        if self.asked == ALONE:
            self.moves = True
            runner.play(True)
        if self.moves:
            runner.look()
            self.moves = runner.lab.step_count < STEPS
            if not self.moves:
                runner.play(False)
            self.handle.update(self.words())
