"""The explorer's page in Bokeh: sliders and pictures of `tinygan.live.explorer.Explorer`."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import Pan, Tap
from bokeh.layouts import column, row
from bokeh.models import Button, ColumnDataSource, Div, InlineStyleSheet, Select, Slider
from bokeh.plotting import figure

from tinygan.live.explorer import SAMPLES, Explorer
from tinygan.live.figures import AXIS
from tinygan.shell import quoted

SIDE = 4  # of the grid of sixteen
CLOUD = 500  # grey points behind the sixteen, where the samples are points
FURTHEST = 6.0  # a slider's ends, in lengths of z
UNTRUNCATED = 3.0  # the right end of the truncation slider
OWN = "each its own"
RED, GREY = "#d62728", "#999999"
NUMBERED: dict[str, Any] = dict(text_color=RED, text_baseline="middle", text_font_style="bold", text_font_size="14px")


def rgba(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (n, H, W, C) in [0, 1] side by side in one picture (h, w) of uint32, as Bokeh takes it."""
    n, height, width, channels = images.shape
    cells = np.full((n, height + 2, width + 2, 4), 255, np.uint8)  # a white line around each
    cells[:, 1:-1, 1:-1, :3] = np.round(255 * (images if channels == 3 else images[..., :1]))
    rows = n // columns
    grid = cells.reshape(rows, columns, height + 2, width + 2, 4).swapaxes(1, 2)
    whole = np.ascontiguousarray(grid.reshape(rows * (height + 2), columns * (width + 2), 4))
    return whole.view(np.uint32)[::-1, :, 0]  # Bokeh begins at the bottom


class ExplorePage:
    """What is on the page, and what a touch of it does.

    Parameters
    ----------
    explorer : Explorer
    """

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        self.images = not explorer.source.in_plane
        self.chosen = 0  # which of the sixteen is shown large, None: the one in the square
        self.place: tuple[float, float] | None = None  # in the square; None: `chosen` is shown
        self.sources: dict[str, ColumnDataSource] = {}
        self.sheet = InlineStyleSheet(css=(files("tinygan.live") / "live.css").read_text(encoding="utf-8"))
        self.words = self._text("words", 640)
        self.distances = self._text("distances", 320)
        self.drawing = False
        self.document: Document | None = None

    def add_to(self, document: Document) -> None:
        """Lay it out in a new document."""
        self.document = document
        shown = [self._all(), self._square(), *([self._large()] if self.images else [])]
        wrap = {"flex-wrap": "wrap"}
        document.add_root(
            column(
                self._text("introduction", 640, INTRODUCTION if self.images else OF_POINTS),
                row(*shown, styles=wrap, sizing_mode="stretch_width"),
                self.words,
                row(*self._controls(), styles=wrap, sizing_mode="stretch_width"),
                sizing_mode="stretch_width",
                name="explorer",
                css_classes=["lab"],
                stylesheets=[self.sheet],
            )
        )
        self.draw()

    def _text(self, name: str, width: int, said: str = "") -> Div:
        return Div(text=said, name=name, width=width, stylesheets=[self.sheet])

    # -- pictures ----------------------------------------------------------------------------------------

    def _all(self) -> Any:
        """The sixteen; a click chooses the one that is shown large."""
        if not self.images:
            return self._plane()
        canvas = self._canvas("all", "sixteen samples, moved together: click one", SIDE, SIDE)
        self._add_picture(canvas, "all", SIDE, SIDE)
        self.sources["frame"] = ColumnDataSource({"x": [0.5], "y": [SIDE - 0.5]})
        canvas.rect("x", "y", 1, 1, source=self.sources["frame"], fill_alpha=0, line_color=RED, line_width=3)
        canvas.on_event(Tap, self._choose)
        return canvas

    def _plane(self) -> Any:
        """Points: the sixteen before many others of the same generator."""
        canvas = plain_figure("sixteen samples, moved together", match_aspect=True)
        canvas.grid.grid_line_alpha = 0.15
        for axis in canvas.axis:
            axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = AXIS
            axis.major_label_text_color = AXIS
        source = self.explorer.source
        cloud = source.draw(source.noise(CLOUD, 1))
        canvas.scatter(cloud[:, 0], cloud[:, 1], size=3, color=GREY, alpha=0.5)
        for name, size, color in (("all", 8, "#1f77b4"), ("between", 14, RED)):
            self.sources[name] = ColumnDataSource({"x": [], "y": []})
            canvas.scatter("x", "y", size=size, color=color, source=self.sources[name])
        self.sources["corners"] = ColumnDataSource({"x": [], "y": [], "text": []})
        canvas.text("x", "y", "text", source=self.sources["corners"], x_offset=6, y_offset=-2, **NUMBERED)
        return canvas

    def _square(self) -> Any:
        """A square with a sample at each corner; the cross is dragged in it."""
        canvas = self._canvas("square", "between four samples: drag here", 1, 1)
        if self.images:
            for corner, (x, y) in enumerate([(0, 0.8), (0.8, 0.8), (0, 0), (0.8, 0)]):
                self._add_picture(canvas, f"corner {corner}", 0.2, 0.2, x, y)
        else:
            at = dict(x=[0.06, 0.94, 0.06, 0.94], y=[0.94, 0.94, 0.06, 0.06], text=list("1234"))
            canvas.text("x", "y", "text", source=ColumnDataSource(at), text_align="center", **NUMBERED)
        self.sources["cross"] = ColumnDataSource({"x": [0.5], "y": [0.5]})
        canvas.scatter(
            "x",
            "y",
            size=22,
            marker="circle_cross",
            color=RED,
            fill_alpha=0,
            line_width=3,
            source=self.sources["cross"],
        )
        for event in (Tap, Pan):
            canvas.on_event(event, self._drag)
        return canvas

    def _large(self) -> Any:
        """One sample, and the training pictures nearest to it."""
        canvas = self._canvas("large", "the chosen sample", 1, 1)
        self._add_picture(canvas, "large", 1, 1)
        if self.explorer.dataset is None:
            return canvas
        near = self._canvas("near", "the nearest training pictures", 5, 1, width=320, height=100)
        self._add_picture(near, "near", 5, 1)
        return column(canvas, near, self.distances)

    def _canvas(self, name: str, title: str, right: float, top: float, **size: Any) -> Any:
        canvas = plain_figure(title, name=name, x_range=(0, right), y_range=(0, top), **size)
        canvas.axis.visible = canvas.grid.visible = False
        return canvas

    def _add_picture(self, canvas: Any, name: str, w: float, h: float, x: float = 0, y: float = 0) -> None:
        self.sources[name] = ColumnDataSource({"image": [np.zeros((1, 1), np.uint32)]})
        canvas.image_rgba("image", x=x, y=y, dw=w, dh=h, source=self.sources[name])

    def _set_picture(self, name: str, images: np.ndarray, columns: int = 1) -> None:
        self.sources[name].data = {"image": [rgba(images, columns)]}

    # -- sliders and buttons -----------------------------------------------------------------------------

    def _controls(self) -> list[Any]:
        explorer, condition = self.explorer, self.explorer.source.condition
        along = [
            self._slider(f"direction {i + 1}", -FURTHEST, FURTHEST, 0.0, self._along(i))
            for i in range(len(explorer.along))
        ]
        truncation = self._slider("truncation", 0.05, UNTRUNCATED, UNTRUNCATED, self._truncation)
        buttons = [self._button("other noise", self._again), self._button("reset", self._reset)]
        others: list[Any] = [truncation]
        if condition:
            self.numbers = np.zeros(condition.numbers)
            names = explorer.source.about.class_names or tuple(map(str, range(condition.classes)))
            self.labels = [OWN, *names]
            label = Select(
                title="class" if condition.needs_labels else "code", options=self.labels, value=OWN, name="label"
            )
            label.on_change("value", self._label)
            others.append(label)
            others += [
                self._slider(f"number {i + 1}", -2.0, 2.0, 0.0, self._number(i)) for i in range(condition.numbers)
            ]
        self.sliders = [*along, *others]
        half = -(-len(along) // 2)
        return [column(*along[:half]), column(*along[half:]), column(*others, row(*buttons))]

    def _slider(self, name: str, start: float, end: float, value: float, changed: Any) -> Slider:
        slider = Slider(
            title=name, name=name, start=start, end=end, value=value, step=0.05, width=300, stylesheets=[self.sheet]
        )
        slider.on_change("value", lambda _attr, _old, new: self._changed(changed, new))
        return slider

    def _button(self, name: str, pressed: Any) -> Button:
        button = Button(label=name, name=name, width=140, stylesheets=[self.sheet])
        button.on_click(pressed)
        return button

    def _changed(self, setting: Any, value: float) -> None:
        setting(value)
        self.draw_soon()

    def _along(self, i: int) -> Any:
        def move(value: float) -> None:
            self.explorer.along[i] = value

        return move

    def _truncation(self, value: float) -> None:
        self.explorer.truncation = None if value >= UNTRUNCATED else value

    def _number(self, i: int) -> Any:
        def turn(value: float) -> None:
            self.numbers[i] = value
            self.explorer.numbers = self.numbers

        return turn

    def _label(self, _attr: str, _old: str, new: str) -> None:
        self.explorer.label = None if new == OWN else self.labels.index(new) - 1
        self.draw_soon()

    def _again(self) -> None:
        self.explorer.again(self.explorer.seed + 1)
        self.draw()

    def _reset(self) -> None:
        for slider in self.sliders:
            slider.value = {"truncation": UNTRUNCATED, "label": OWN}.get(slider.name, 0.0)
        self.explorer.reset()  # last: a slider that was moved back has set its number
        self.place = None
        self.draw()

    def _choose(self, event: Any) -> None:
        column_, row_ = int(np.clip(event.x, 0, SIDE - 1)), int(np.clip(SIDE - event.y, 0, SIDE - 1))
        self.chosen, self.place = SIDE * row_ + column_, None
        self.draw_soon()

    def _drag(self, event: Any) -> None:
        self.place = float(np.clip(event.x, 0, 1)), float(np.clip(1 - event.y, 0, 1))
        self.draw_soon()

    # -- drawing -----------------------------------------------------------------------------------------

    def draw_soon(self) -> None:
        """Draw once for all that came in meanwhile: a hand is quicker than a large generator."""
        if self.document is not None and not self.drawing:
            self.drawing = True
            self.document.add_next_tick_callback(self.draw)

    def draw(self) -> None:
        """Show everything as it is now."""
        self.drawing = False
        began = time.perf_counter()
        samples = self.explorer.samples()
        milliseconds = 1000 * (time.perf_counter() - began)
        right, down = self.place or (0.5, 0.5)
        self.sources["cross"].data = {"x": [right], "y": [1 - down]}
        between = self.explorer.between(right, down)[0]
        if self.images:
            self._draw_images(samples, between)
        else:
            for name, points in (("all", samples), ("between", between[None])):
                self.sources[name].data = {"x": points[:, 0], "y": points[:, 1]}
            x, y = samples[self.explorer.corners].T
            self.sources["corners"].data = {"x": x, "y": y, "text": list("1234")}
        self.words.text = f"<code>{self._command()}</code><br>The generator took {milliseconds:.0f} ms for the sixteen."

    def _draw_images(self, samples: np.ndarray, between: np.ndarray) -> None:
        self._set_picture("all", samples, SIDE)
        self.sources["frame"].data = {"x": [self.chosen % SIDE + 0.5], "y": [SIDE - self.chosen // SIDE - 0.5]}
        for corner, which in enumerate(self.explorer.corners):
            self._set_picture(f"corner {corner}", samples[which][None])
        large = between if self.place else samples[self.chosen]
        self._set_picture("large", large[None])
        if self.explorer.dataset is not None:
            pictures, distances = self.explorer.nearest(large)
            self._set_picture("near", pictures, len(pictures))
            self.distances.text = f"distances: {', '.join(f'{each:.3f}' for each in distances)}"

    def _command(self) -> str:
        """What draws the same noise on the command line, before it was moved."""
        run = quoted([self.explorer.source.path])
        return f"python -m tinygan.sample {run} --n {SAMPLES} --seed {self.explorer.seed} --out samples.png"


INTRODUCTION = """<h1>The latent space</h1>
<p>Each picture is what the generator makes of a vector z of noise. A direction moves all sixteen vectors alike: the
first changes the samples most. Truncation squeezes the numbers of z towards 0, and the samples become more alike. Two
samples that stand at the ends of a path do not say what lies between: drag, and see.</p>"""
OF_POINTS = """<h1>The latent space</h1>
<p>Each blue point is what the generator makes of a vector z of noise, before many others in grey. A direction moves all
sixteen vectors alike: the first changes the samples most. Truncation squeezes the numbers of z towards 0. The red
point lies between the samples 1 to 4, where the cross is between their z: drag it, and see.</p>"""


def plain_figure(title: str, **options: Any) -> Any:
    """A figure without tools, to be read on a light and on a dark page."""
    made = figure(title=title, toolbar_location=None, tools="", **{"width": 320, "height": 320, **options})
    made.background_fill_color = made.border_fill_color = None
    made.title.text_color = made.outline_line_color = AXIS
    return made
