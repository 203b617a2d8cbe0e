"""The charts of the pages: bars and lines on no ground, whose ink fits a light or a dark page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # before pyplot: these pages are built where there is no screen
import matplotlib.pyplot as plt

from tinygan.plot.style import BLUE, GREY, ORANGE

COLOURS = (BLUE, ORANGE, GREY, "#56B4E9", "#CC79A7")  # of Okabe and Ito, as in the library's figures
MARKERS = "osD^v"


@contextmanager
def page_ink(ink: str) -> Iterator[None]:
    """Inside the block, all that is written is written in this ink."""
    colours = {key: ink for key in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor")}
    with plt.rc_context({**colours, "svg.hashsalt": "tinygan", "font.size": 9}):
        yield


def save(figure: Any, path: Path) -> None:
    figure.savefig(path, transparent=True, metadata={"Date": None})
    plt.close(figure)


def bars(
    path: Path, names: list[str], series: dict[str, list[float]], title: str, reference: float | None, ink: str
) -> None:
    """Horizontal bars with their numbers; a bar that is nan is left out."""
    with page_ink(ink):
        height = 0.8 / len(series)
        figure, axes = plt.subplots(
            figsize=(7, 0.7 + 0.24 * len(names) * max(1, 0.7 * len(series))), layout="constrained"
        )
        for i, ((label, values), colour) in enumerate(zip(series.items(), COLOURS, strict=False)):
            places = [row + (i - (len(series) - 1) / 2) * height for row in range(len(names))]
            there = [(place, value) for place, value in zip(places, values, strict=True) if value == value]
            drawn = axes.barh(*zip(*there, strict=True), height, color=colour, label=label)
            axes.bar_label(drawn, fmt="%g", padding=3, fontsize=8)
        if reference is not None:
            axes.axvline(reference, color=ink, lw=1, ls="--")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.margins(x=0.12, y=0.02)
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
        if len(series) > 1:
            axes.legend(frameon=False, fontsize=8)
        save(figure, path)


def lines(path: Path, grown: dict[str, dict[str, list[tuple[float, float, float]]]], across: str, ink: str) -> None:
    """Of each step two axes: milliseconds above, MB below, both logarithmic; a line for each side."""
    with page_ink(ink):
        figure, grid = plt.subplots(2, len(grown), figsize=(7, 5), layout="constrained", sharex="col", squeeze=False)
        for column, (step, sides) in enumerate(grown.items()):
            for row, unit in enumerate(("ms a step", "peak MB")):
                axes = grid[row, column]
                for (side, points), colour, marker in zip(sides.items(), COLOURS, MARKERS, strict=False):
                    sizes, values = [point[0] for point in points], [point[1 + row] for point in points]
                    axes.plot(sizes, values, color=colour, marker=marker, ms=4, lw=1.4, label=side)
                axes.set(xscale="log", yscale="log")
                axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
                axes.minorticks_off()
                ticks = decades(values=[point[1 + row] for points in sides.values() for point in points])
                axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
                axes.spines[["top", "right"]].set_visible(False)
                if column == 0:
                    axes.set_ylabel(unit)
            grid[0, column].set_title(step, fontsize=10, color=ink)
            grid[1, column].set_xlabel(across)
        grid[0, 0].legend(frameon=False, fontsize=8)
        save(figure, path)


def decades(values: list[float]) -> list[float]:
    """1, 2 and 5 times the powers of ten around the values."""
    steps = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
    below = max(step for step in steps if step <= min(values))
    above = min(step for step in steps if step >= max(values))
    return [step for step in steps if below <= step <= above]
