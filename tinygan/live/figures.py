"""The pictures: the plane or the line, G's map, and the curves. Blue is the data and D, orange the fakes and G."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import contourpy
import numpy as np
from bokeh.models import ColumnDataSource, FreehandDrawTool, LinearColorMapper, Range1d, Span
from bokeh.plotting import figure

from tinygan.live.lab import CURVES
from tinygan.live.snapshot import Snapshot
from tinygan.plot.game import FAKE_TO_REAL, cell_centres
from tinygan.plot.style import BLUE, DARK_ORANGE, GREY, INK, ORANGE

AXIS = "#808080"  # is read on white and on black
LAYERS = ("heat", "reals", "fakes", "arrows", "warp")


def palette(n: int = 128) -> list[str]:
    """From orange, "fake", over white to blue, "real", as in the pictures of `tinygan.plot`."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in FAKE_TO_REAL])
    at = np.linspace(0, len(stops) - 1, n)
    mixed = np.stack([np.interp(at, range(len(stops)), channel) for channel in stops.T], axis=1)
    return ["#{:02x}{:02x}{:02x}".format(*each) for each in mixed.round().astype(int)]


def blank(height: int, label: str = "", **options: Any) -> Any:
    """A figure without tools, as wide as there is room, to be read on a light and on a dark page."""
    made = figure(height=height, sizing_mode="stretch_width", toolbar_location=None, tools="", title=None, **options)
    made.background_fill_color = made.border_fill_color = None
    made.outline_line_color = AXIS
    made.grid.grid_line_alpha = 0.15
    for axis in made.axis:
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = AXIS
        axis.major_label_text_color = axis.axis_label_text_color = AXIS
    if label:
        made.xaxis.axis_label = label
    return made


def as_one(lines: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Lines (k, 2) as one with gaps: two arrays to send, where lines of their own would be two messages each."""
    gap = np.full((1, 2), np.nan)
    x, y = np.concatenate([gap, *(part for line in lines for part in (line, gap))]).T
    return dict(x=x, y=y)


def with_head(arrow: np.ndarray) -> np.ndarray:
    """An arrow (x, y, x, y) as a line (5, 2) with two barbs at its tip."""
    start, tip = arrow[:2], arrow[2:]
    back = 0.35 * (start - tip)
    aside = 0.5 * np.array([-back[1], back[0]])
    return np.stack([start, tip, tip + back + aside, tip, tip + back - aside])


def plain_legend(made: Any) -> None:
    """A legend in one row above the figure."""
    made.legend.update(background_fill_alpha=0, border_line_color=None, label_text_color=AXIS, orientation="horizontal")
    made.legend.update(padding=0, margin=2, location="top_left", label_text_font_size="11px", glyph_width=14)
    made.add_layout(made.legend[0], "above")


class Plane:
    """D's heat map with its middle line, both samples, the arrows, G's grid; and the lines that are drawn."""

    def __init__(self) -> None:
        self.figure = blank(460, x_range=Range1d(-1, 1), y_range=Range1d(-1, 1), match_aspect=True, name="plane")
        self.figure.axis.visible = self.figure.grid.visible = False  # they would take half of the time of a picture
        self.extent: tuple[float, ...] = ()
        self.colours = LinearColorMapper(palette(), low=0, high=1, nan_color=AXIS)
        names = dict.fromkeys(("middle", "warp", "reals", "arrows", "fakes"), "x y")
        names.update(heat="image x y dw dh", strokes="xs ys")
        self.sources = {name: ColumnDataSource({c: [] for c in columns.split()}) for name, columns in names.items()}
        draw, s = self.figure, self.sources
        self.layers = {
            "heat": [
                draw.image("image", "x", "y", "dw", "dh", source=s["heat"], color_mapper=self.colours),
                draw.line("x", "y", source=s["middle"], color=INK, line_width=1.5, line_dash="dashed"),
            ],
            "warp": [draw.line("x", "y", source=s["warp"], color=DARK_ORANGE, alpha=0.45)],
            "reals": [draw.scatter("x", "y", source=s["reals"], size=4, color=BLUE, line_color=None, alpha=0.7)],
            "arrows": [draw.line("x", "y", source=s["arrows"], color=INK, alpha=0.8)],
            "fakes": [draw.scatter("x", "y", source=s["fakes"], size=5, color=ORANGE, line_color=INK, line_width=0.4)],
        }
        strokes = draw.multi_line("xs", "ys", source=s["strokes"], color=BLUE, line_width=4, alpha=0.4)
        self.pen = FreehandDrawTool(renderers=[strokes])
        draw.add_tools(self.pen)

    def wipe(self) -> None:
        """Take the lines away; the data stay until the next one."""
        self.sources["strokes"].data = dict(xs=[], ys=[])

    def write(self, on: bool) -> None:
        """Let the mouse draw, or not."""
        self.figure.toolbar.active_drag = self.pen if on else None

    def show(self, shot: Snapshot, fresh: bool) -> None:
        """Draw a snapshot; `fresh` if its data may be others than those before."""
        s = self.sources
        if shot.extent != self.extent:
            self.extent = left, right, bottom, top = shot.extent
            self.figure.x_range.update(start=left, end=right)
            self.figure.y_range.update(start=bottom, end=top)
        if fresh:
            s["reals"].data = dict(zip("xy", shot.reals.T, strict=True))
        self.show_heat(shot)
        s["fakes"].data = dict(zip("xy", shot.fakes.T, strict=True))
        s["arrows"].data = as_one([with_head(arrow) for arrow in shot.arrows])
        s["warp"].data = as_one(shot.warp)

    def show_heat(self, shot: Snapshot) -> None:
        """The colours, and the line where D cannot tell."""
        left, right, bottom, top = shot.extent
        low, high = shot.limits
        self.colours.update(low=low, high=high)
        s, (rows, columns) = self.sources, shot.heat.shape
        s["heat"].data = dict(
            image=[shot.heat.astype(np.float32)], x=[left], y=[bottom], dw=[right - left], dh=[top - bottom]
        )
        places = cell_centres(columns, left, right), cell_centres(rows, bottom, top)
        found: Any = contourpy.contour_generator(*places, np.ma.masked_invalid(shot.heat)).lines((low + high) / 2)
        s["middle"].data = as_one(found)


class LinePicture:
    """In one dimension: both densities, D, and the arrows along the axis; below, the map from z."""

    def __init__(self) -> None:
        self.figure = blank(300, "x", x_range=Range1d(-1, 1), y_range=Range1d(-0.08, 1.05), name="line")
        self.map = blank(160, "z; above it the number G makes of it", name="map")
        self.density = ColumnDataSource(dict(x=[], data=[], fakes=[], d=[]))
        self.fakes = ColumnDataSource(dict(x=[], y=[]))
        self.arrows = ColumnDataSource(dict(x0=[], y0=[], x1=[], y1=[]))
        self.curve = ColumnDataSource(dict(z=[], x=[]))
        draw, source = self.figure, self.density
        draw.varea("x", 0, "data", source=source, color=BLUE, alpha=0.25, legend_label="data")
        draw.varea("x", 0, "fakes", source=source, color=ORANGE, alpha=0.35, legend_label="fakes")
        draw.line("x", "d", source=source, color=BLUE, line_width=2, legend_label="D")
        draw.segment("x0", "y0", "x1", "y1", source=self.arrows, color=AXIS)
        draw.scatter("x", "y", source=self.fakes, size=5, color=ORANGE, line_color=INK, line_width=0.3)
        plain_legend(draw)
        self.level = Span(location=0.5, dimension="width", line_color=AXIS, line_dash="dashed")
        draw.add_layout(self.level)
        self.map.line("z", "x", source=self.curve, color=ORANGE, line_width=2)

    def show(self, shot: Snapshot, fresh: bool) -> None:
        """Draw a snapshot of a line. D's score is drawn between its limits."""
        assert shot.density is not None
        x, data, fakes = shot.density
        (low, high), self.level.visible = shot.limits, shot.middle is not None
        d = (shot.heat[0] - low) / (high - low)
        if fresh:
            self.figure.x_range.update(start=shot.extent[0], end=shot.extent[1])
        self.density.data = dict(x=x, data=data, fakes=fakes, d=d)
        height = np.full(len(shot.fakes), -0.04)
        self.fakes.data = dict(x=shot.fakes[:, 0], y=height)
        x0, _, x1, _ = shot.arrows.T
        self.arrows.data = dict(x0=x0, y0=height[: len(x0)], x1=x1, y1=height[: len(x0)])
        self.curve.data = dict(z=shot.warp[0][:, 0], x=shot.warp[0][:, 1])


class Curves:
    """Losses with their equilibrium, what D believes, and how good the fakes are."""

    def __init__(self) -> None:
        self.source = ColumnDataSource({name: [] for name in CURVES})
        lines = (
            (("loss_d", "loss of D", BLUE), ("loss_g", "loss of G", ORANGE)),
            (("d_real", "D(x)", BLUE), ("d_fake", "D(G(z))", ORANGE)),
            (("modes", "modes", BLUE), ("high_quality", "high quality", ORANGE), ("kl", "KL", GREY)),
        )
        self.figures = []
        for names in lines:
            made = blank(170, name=names[0][0])
            for column, label, colour in names:
                made.line("step", column, source=self.source, color=colour, line_width=1.5, legend_label=label)
            plain_legend(made)
            self.figures.append(made)
        self.figures[-1].xaxis.axis_label = "step"
        self.levels = [Span(dimension="width", line_color=c, line_dash="dashed") for c in (BLUE, ORANGE, AXIS)]
        for level, made in zip(self.levels, (self.figures[0], self.figures[0], self.figures[1]), strict=True):
            made.add_layout(level)

    def show(self, shot: Snapshot) -> None:
        """Draw a snapshot's curves; modes are a share of all of them."""
        rows = dict(zip(CURVES, shot.rows.T, strict=True))
        rows["modes"] = rows["modes"] / max(shot.total_modes, 1)
        self.source.data = rows
        for level, at in zip(self.levels, (*shot.equilibrium, shot.middle), strict=True):
            level.update(location=at, visible=at is not None)
