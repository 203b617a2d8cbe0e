"""A panel of curves as a piece of a web page: the lines are SVG, all words are the page's own.

The lines stretch with the page, and letters must not; so a panel's picture has the unit square for its coordinates, and
labels stand around it in per cent. A cursor is then one number: how far along the steps it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tinygan.plot import style
from tinygan.plot.curves import LOSSES, NORMS, OUTPUTS, Curve, column, running_mean, steps_of

MOST_POINTS = 300  # of a line: half the pixels of a panel
LARGEST = 1e200  # of a value, so that differences and sums stay finite
COLOURS = {style.BLUE: "blue", style.ORANGE: "orange", style.DARK_ORANGE: "brown"}  # classes: paler ones in the dark

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Panel:
    """What stands in one panel.

    Attributes
    ----------
    name : str
    curves : sequence of Curve
    rows : sequence of mapping
        As in stats.jsonl or metrics.jsonl.
    marks : mapping of str to float
        Dotted lines: what each is called, and its height.
    log : bool
        Whether the heights are logarithms.
    """

    name: str
    curves: Sequence[Curve]
    rows: Rows
    marks: Mapping[str, float]
    log: bool = False


def panels_of(rows: Rows, measured: Rows, marks: Mapping[str, float]) -> list[Panel]:
    """The panels of a run: losses with their `marks`, D's outputs, gradient norms, and each metric."""
    outputs = np.concatenate([column(rows, curve.key) for curve in OUTPUTS])
    outputs = outputs[np.isfinite(outputs)]
    probability = outputs.size > 0 and bool((outputs >= 0).all() and (outputs <= 1).all())
    names = {key: None for row in measured for key, value in row.items() if is_number(value)}
    return [
        Panel("loss", LOSSES, rows, marks),
        Panel("D's output", OUTPUTS, rows, {"1/2": 0.5} if probability else {}),
        Panel("gradient norm", NORMS, rows, {}, log=True),
        *(
            Panel(key.replace("_", " "), (Curve(key, "", style.ORANGE),), measured, {})
            for key in names
            if key not in ("step", "n")
        ),
    ]


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def numbers_at(panels: Sequence[Panel], steps: Sequence[int]) -> list[list[str]]:
    """For each step the value of each curve of each panel at its last row that is no later; a dash for none."""
    found: list[list[str]] = [[] for _ in steps]
    for panel in panels:
        places = np.searchsorted(steps_of(panel.rows), steps, side="right")
        for values, place in zip(found, places.tolist(), strict=True):
            row = panel.rows[place - 1] if place else {}
            values += [said(row.get(curve.key)) for curve in panel.curves]
    return found


def said(value: Any) -> str:
    """A number in three digits; a dash for none."""
    return f"{value:.3g}" if is_number(value) and math.isfinite(value) else "\u2013"


def panel_html(panel: Panel, last: float) -> str:
    """The panel over the steps from 0 to `last`."""
    steps = steps_of(panel.rows)
    lines = [(curve, *heights(panel, curve)) for curve in panel.curves]
    shown = np.concatenate([*(each for _, pale, strong in lines for each in (pale, strong)), [math.nan]])
    shown = shown[np.isfinite(shown)]
    inner = '<span class="none">no values yet</span>'
    if shown.size:
        low, high = limits(shown, [] if panel.log else list(panel.marks.values()))
        paths = "".join(
            f'<path class="{look}" d="{path(steps / last, (values - low) / (high - low))}"/>'
            for curve, pale, strong in lines
            for look, values in ((f"{COLOURS[curve.colour]} pale", pale), (strong_look(curve), strong))
        )
        inner = f'<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>'
        inner += "".join(
            f'<span class="y" style="top:{100 * (high - height) / (high - low):.1f}%">{text}</span>'
            for height, text in ticks(low, high, panel.log)
        )
        inner += "".join(
            f'<span class="mark" style="top:{share:.1f}%"><span>{escape(name)}</span></span>'
            for name, share in ((name, 100 * (high - height) / (high - low)) for name, height in panel.marks.items())
        )
    inner += "".join(
        f'<span class="x" style="left:{100 * step / last:.1f}%">{step:,.0f}</span>'
        for step in nice_numbers(0, last, whole=True)
    )
    keys = "".join(
        f'<span class="key {COLOURS[curve.colour]}">{escape(curve.name)} <output></output></span>'
        for curve in panel.curves
    )
    head = f'<div class="head"><b>{escape(panel.name)}</b>{keys}</div>'
    return f'{head}<div class="plot">{inner}<i class="cursor"></i></div>'


def heights(panel: Panel, curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The values of a curve and their running mean, or the logarithms of both."""
    values = column(panel.rows, curve.key)
    good = (np.abs(values) < LARGEST) & (values > 0 if panel.log else True)
    values = np.where(good, values, math.nan)
    strong = running_mean(values, max(1, len(values) // 50))
    return (np.log10(values), np.log10(strong)) if panel.log else (values, strong)


def strong_look(curve: Curve) -> str:
    return COLOURS[curve.colour] + (" dashed" if curve.dash != "-" else "")


def limits(shown: np.ndarray, marks: Sequence[float]) -> tuple[float, float]:
    """The heights of the lower and the upper edge, with some air and never equal."""
    low, high = min(float(shown.min()), *marks, math.inf), max(float(shown.max()), *marks, -math.inf)
    flat = high - low <= 1e-9 * abs(high)  # but for rounding
    air = (0.1 * abs(high) or 1.0) if flat else 0.04 * (high - low)
    return low - air, high + air


def path(x: np.ndarray, y: np.ndarray) -> str:
    """A line through the points of the unit square, with gaps at NaN; a point between gaps becomes a dot."""
    stride = math.ceil(len(x) / MOST_POINTS) or 1
    x, y = np.append(x[:-1:stride], x[-1:]), np.append(y[:-1:stride], y[-1:])
    words, pen = [], False
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(up):
            pen = False
            continue
        at = f"{across:.4f} {1 - up:.4f}"
        words.append(f"L{at}" if pen else f"M{at}L{at}")
        pen = True
    return "".join(words)


def ticks(low: float, high: float, log: bool) -> list[tuple[float, str]]:
    """Heights to be labelled, and their labels."""
    if not log:
        return [(each, f"{each:.6g}") for each in nice_numbers(low, high)]
    decades = range(math.floor(low), math.ceil(high) + 1)
    found = [(math.log10(digit) + k, f"{float(f'{digit}e{k}'):g}") for k in decades for digit in (1, 2, 5)]
    found = [each for each in found if low <= each[0] <= high]
    return found[:: math.ceil(len(found) / 5) or 1]


def nice_numbers(low: float, high: float, whole: bool = False) -> list[float]:
    """Up to five round numbers from `low` to `high`."""
    from matplotlib.ticker import MaxNLocator

    found = np.asarray(MaxNLocator(4, integer=whole, steps=[1, 2, 5, 10]).tick_values(low, high), np.float64)
    return [each for each in found.tolist() if low <= each <= high]
