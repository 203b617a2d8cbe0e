"""The page: one Bokeh layout for a browser and for a notebook, and what goes to and fro between it and the thread."""

from __future__ import annotations

import html
import math
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, CustomJS, Div, GridBox, InlineStyleSheet

from tinygan.live import code
from tinygan.live.controls import ASK, Controls
from tinygan.live.figures import Curves, LinePicture, Plane
from tinygan.live.lab import Lab
from tinygan.live.runner import Runner
from tinygan.live.settings import Settings
from tinygan.live.snapshot import Snapshot

Schedule = Callable[[Callable[[], None]], Any]

DRAWN = "requestAnimationFrame(() => { drawn.data = {n: [performance.now()]} })"
READ = 0.5  # seconds in which nobody reads a number: text and curves, most of the work, change no oftener
PACE = 60  # pictures that tell the pace
NAMES = {
    "loss_d": "loss of D",
    "loss_g": "loss of G",
    "d_real": "D(x)",
    "d_fake_before": "D(G(z))",
}
INTRO = (
    "<h1>A GAN, live</h1><small><b class='blue'>Blue</b> points are data, <b class='orange'>orange</b> ones are fakes "
    "that G makes. Where the plane is blue, D believes in real points; on the dashed line it cannot tell. Arrows show "
    "where D pushes the fakes. Press <b>Play</b>.</small>"
)
AFAR = "Seen from afar: the picture is {} times as wide as usual, since the fakes have left the data."


class Page:
    """What is on the screen, and the thread behind it.

    Parameters
    ----------
    schedule : function(callback)
        Has a callback called in the thread in which Bokeh's models may be changed; may be called from any thread.
    settings : Settings, optional

    Attributes
    ----------
    layout : bokeh.models.LayoutDOM
        What is to be shown.
    runner : Runner
    shot : Snapshot
        What it shows.
    seen : bool
        Whether a picture was ever drawn in a browser.

    Raises
    ------
    ConfigError
        In one sentence, if a setting cannot be.
    """

    def __init__(self, schedule: Schedule, settings: Settings | None = None):
        self.schedule, self._epoch = schedule, 0
        self._times: deque[tuple[float, int]] = deque(maxlen=PACE)  # when a picture was drawn, and after which step
        self._settings: Settings | None = None
        self.seen = False  # whether a picture was drawn in a browser
        self._marked = False  # the lines that are at fault
        self._told = 0.0
        self.runner = Runner(Lab(settings), self._send)
        sheet = InlineStyleSheet(css=(files("tinygan.live") / "live.css").read_text(encoding="utf-8"))

        def text(name: str, said: str = "") -> Div:
            return Div(text=said, name=name, stylesheets=[sheet], sizing_mode="stretch_width")

        self.plane, self.line, self.curves = Plane(), LinePicture(), Curves()
        self.code, self.numbers, self.words, self.answer = text("code"), text("numbers"), text("words"), text("said")
        self.controls = Controls(self.runner, sheet, self._answer, self._layers, self.plane.wipe)
        self.plane.sources["strokes"].on_change("data", self._strokes)

        # The browser says when a picture is drawn, and only then comes another: a slow one is never flooded.
        self.sent, self.drawn = ColumnDataSource({"n": [0]}), ColumnDataSource({"n": [0]})
        self.sent.js_on_change("data", CustomJS(args=dict(sent=self.sent, drawn=self.drawn), code=DRAWN))
        self.drawn.on_change("data", self._was_drawn)

        c = self.controls
        look: dict[str, Any] = dict(sizing_mode="stretch_width", stylesheets=[sheet])

        def part(children: Sequence[Any], name: str, width: int) -> Any:
            return column(*children, css_classes=[name], styles={"flex": f"1 1 {width}px", "min-width": "0"}, **look)

        def table(children: Sequence[Any], wide: int) -> GridBox:
            return GridBox(children=[(each, i // wide, i % wide) for i, each in enumerate(children)], spacing=4, **look)

        menus = [widget for name, widget in c.menus.items() if name not in ("data", "digit")]
        clinic = [c.titles["Diagnose me"], self.answer, c.what, c.cure, table(c.patients, 2)]
        wanted = [c.menus["data"], c.menus["digit"], c.hint, c.wipe]
        pictures = [c.layers, self.plane.figure, self.line.figure, self.line.map, self.words]
        parts = [
            part([c.titles["Settings"], *menus], "menus", 200),
            part(
                [text("intro", INTRO), table(c.buttons, 3), *wanted, *pictures, *clinic],
                "middle",
                420,
            ),
            part([self.code, self.numbers, *self.curves.figures], "right", 340),
        ]
        self.layout = row(*parts, css_classes=["lab"], styles={"flex-wrap": "wrap", "width": "100%"}, **look)
        self.layout.tags = [self.sent]  # what the layout does not refer to does not reach the browser
        self._answer(ASK, False)
        self._show(self.runner.lab.snapshot(), False, "")

    # -- from the thread to the page

    def _send(self, shot: Snapshot, playing: bool, said: str) -> None:
        self.schedule(lambda: self._show(shot, playing, said))

    def _show(self, shot: Snapshot, playing: bool, said: str) -> None:
        fresh, self._epoch = shot.epoch != self._epoch, shot.epoch
        self.shot, on_line = shot, shot.density is not None
        if fresh:
            self.plane.figure.visible, self.line.figure.visible, self.line.map.visible = not on_line, on_line, on_line
            self.controls.layers.visible = not on_line
            self.plane.write(shot.settings.data == "drawn")
        if on_line:
            self.line.show(shot, fresh)
        else:
            self.plane.show(shot, fresh)
        self.controls.tell_settings(shot.settings, playing)
        if shot.settings != self._settings:
            self._settings = shot.settings
            self.code.text = code.as_html(shot.settings, self._marked)
        self.code.css_classes = [f"ran{i}" for i in shot.ran] if shot.line is None else [f"at{shot.line}"]
        now = time.monotonic()
        if fresh or not playing or now - self._told > READ:
            self._told = now
            self.curves.show(shot)
            self.numbers.text = numbers(shot, self.pace() if playing else None)
            spoken = [f"<p class='bad'>{html.escape(said)}</p>"] if said else []
            words = shot.words if shot.zoom == 1 else [AFAR.format(shot.zoom), *shot.words]
            self.words.text = "".join([*spoken, *(f"<p>{html.escape(sentence)}</p>" for sentence in words)])
        self.ask()

    def ask(self) -> None:
        """Have the browser say that it has drawn; nothing comes back where there is none."""
        self.sent.data = {"n": [self.sent.data["n"][0] + 1]}

    def pace(self) -> tuple[float, float] | None:
        """Pictures and steps a second of late; None if it is not known."""
        if len(self._times) < 2 or self._times[-1][1] < self._times[0][1]:
            return None
        (start, step), (end, newest) = self._times[0], self._times[-1]
        return (len(self._times) - 1) / (end - start), (newest - step) / (end - start)

    # -- from the page to the thread

    def _was_drawn(self, attr: str, old: object, new: object) -> None:
        self.seen = True
        self._times.append((time.monotonic(), self.runner.lab.step_count))
        self.runner.drawn()

    def _strokes(self, attr: str, old: object, new: dict[str, Any]) -> None:
        if not new["xs"]:  # they were wiped away
            return
        strokes = [list(zip(xs, ys, strict=True)) for xs, ys in zip(new["xs"], new["ys"], strict=True)]
        self.runner.do(lambda lab: lab.change(strokes=strokes, data="drawn", fault=""))

    def _answer(self, sentence: str, answered: bool) -> None:
        said = re.sub("`(.*?)`", r"<code>\1</code>", html.escape(sentence, quote=False))
        self.answer.text, self._marked = f"<p>{said}</p>", answered
        if self._settings:
            self.code.text = code.as_html(self._settings, answered)

    def _layers(self, wanted: list[str]) -> None:
        for name, renderers in self.plane.layers.items():
            for renderer in renderers:
                renderer.visible = name in wanted


def numbers(shot: Snapshot, pace: tuple[float, float] | None) -> str:
    """A table; each number is there in full, too, for whoever reads the page by program."""
    rows = [("step", f"{shot.counts[0]:,}"), ("D, G have moved", f"{shot.counts[1]:,}, {shot.counts[2]:,} times")]
    cells = [f"<td>{name}</td><td>{value}</td>" for name, value in rows]
    for name, title in NAMES.items():
        if name in shot.numbers:
            value = shot.numbers[name]
            cells.append(f"<td>{title}</td><td data-name='{name}' data-value='{value!r}'>{value:.3f}</td>")
    modes, high_quality, kl = shot.quality
    if shot.total_modes and not math.isnan(modes):
        cells.append(f"<td>modes</td><td>{modes:.0f} of {shot.total_modes}</td>")
        cells.append(f"<td>high quality</td><td>{high_quality:.0%}</td>")
        cells.append(f"<td>KL of the modes</td><td>{'-' if math.isnan(kl) else format(kl, '.3f')}</td>")
    if pace is not None:
        cells.append(f"<td>pictures a second</td><td data-name='pictures'>{pace[0]:.0f}</td>")
        cells.append(f"<td>steps a second</td><td data-name='steps'>{pace[1]:.0f}</td>")
    pairs = ["".join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    return f"<table>{''.join(f'<tr>{pair}</tr>' for pair in pairs)}</table>"
