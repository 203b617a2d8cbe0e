"""The curves of a run: losses, D's outputs and gradient norms against the step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.files import PathLike
from tinygan.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (9.0, 8.4)  # inches
METRIC_HEIGHT = 2.3  # inches of a row of two metrics
MOST_POINTS = 2000  # more than the pixels of a panel


@dataclass(frozen=True)
class Curve:
    """One line of a panel: the key in a row, its name in the legend, and its look."""

    key: str
    name: str
    colour: str
    dash: str = "-"


LOSSES = (Curve("loss_d", "D", style.BLUE), Curve("loss_g", "G", style.ORANGE))
OUTPUTS = (
    Curve("d_real", "D(x), real", style.BLUE),
    Curve("d_fake_before", "D(G(z)), before D's step", style.ORANGE),
    Curve("d_fake_after", "D(G(z)), after it", style.DARK_ORANGE, "--"),
)
NORMS = (Curve("grad_norm_d", "D", style.BLUE), Curve("grad_norm_g", "G", style.ORANGE))


def save_curves(
    path: PathLike,
    rows: Sequence[Mapping[str, Any]],
    title: str | None = None,
    reference_lines: bool = False,
    measured: Sequence[Mapping[str, Any]] = (),
    panels: Mapping[str, str] | None = None,
) -> None:
    """Draw the numbers of a run over the step: losses, D's outputs, gradients, and metrics of its samples.

    Pale lines are the values (of a long run, evenly thinned to 2,000), strong lines their running
    mean over a fiftieth of the run. Values that are missing or not finite leave a gap, and a
    panel says how many of the second kind it left out. Each metric has a small panel of its own below,
    as their units have nothing in common.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write, 900 x 840 pixels, and 230 more for every two metrics; replaced only when the whole
        new file is written.
    rows : sequence of dict
        As in stats.jsonl: ``step`` (one D and one G update), ``loss_d``, ``loss_g``, ``d_real``,
        ``d_fake_before``, ``d_fake_after``, ``grad_norm_d``, ``grad_norm_g``. Any may be missing
        or None, other keys are ignored, and there may be no row at all.
    title : str, optional
        Printed above the panels.
    reference_lines : bool
        Mark the losses when D cannot tell real from fake, D(x) = D(G(z)) = 1/2: 2 ln 2 for D and
        ln 2 for the non-saturating G (Goodfellow et al., "Generative adversarial nets", NeurIPS
        2014, sections 3 and 4).
    measured : sequence of dict
        As in metrics.jsonl: ``step``, and the keys of `panels`.
    panels : mapping of str to str, optional
        The title of each metric's panel by its key.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from matplotlib.ticker import MaxNLocator

    names = dict(panels or {})
    extra = math.ceil(len(names) / 2)
    width, height = SIZE[0], SIZE[1] + METRIC_HEIGHT * extra
    figure = style.new_figure(width, height)
    top, foot = (0.10 * SIZE[1] / height, 0.065 * SIZE[1] / height)
    layout = figure.add_gridspec(3 + extra, 2, height_ratios=[1.5] * 3 + [1] * extra)
    layout.update(left=0.085, right=0.94, bottom=foot, top=1 - top, hspace=0.30 if not extra else 0.50, wspace=0.18)
    big = [figure.add_subplot(layout[row, :]) for row in range(3)]
    small = [figure.add_subplot(layout[3 + i // 2, i % 2]) for i in range(len(names))]
    steps = steps_of(rows)

    draw_panel(big[0], "loss", LOSSES, steps, rows)
    if reference_lines:
        mark(big[0], 2 * math.log(2), "2 ln 2", style.BLUE)
        mark(big[0], math.log(2), "ln 2", style.DARK_ORANGE)
    draw_panel(big[1], "D's output, batch mean", OUTPUTS, steps, rows)
    low, high = big[1].dataLim.intervaly
    if 0 <= low <= high <= 1:  # probabilities, not the values of a critic
        big[1].set_ylim(-0.03, 1.03)
        mark(big[1], 0.5, "1/2", style.GREY)
    draw_panel(big[2], "gradient norm", NORMS, steps, rows, log=True)
    big[2].set_xlabel("step (one update of D and one of G)", fontsize=10, color=style.INK)
    for axes, (key, name) in zip(small, names.items(), strict=True):
        draw_panel(axes, name, (Curve(key, "", style.ORANGE),), steps_of(measured), measured)
    last = max(1, steps.max(initial=1), steps_of(measured).max(initial=1))
    for axes in (*big, *small):
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlim(0, last)
    if title:
        figure.suptitle(style.plain_text(title), x=0.085, y=1 - 0.23 * top, ha="left", fontsize=13, color=style.INK)
    style.save_figure(figure, path)


def steps_of(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the step of each row; their numbers where one lacks it."""
    steps = column(rows, "step")
    return np.arange(len(rows), dtype=np.float64) if np.isnan(steps).any() else steps


def column(rows: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """Return the values of `key` as float64, NaN where a row lacks it or has None."""
    values = (row.get(key) for row in rows)
    return np.array([math.nan if v is None else float(v) for v in values], dtype=np.float64)


def draw_panel(
    axes: "Axes",
    name: str,
    curves: Sequence[Curve],
    steps: np.ndarray,
    rows: Sequence[Mapping[str, Any]],
    log: bool = False,
) -> None:
    """Draw `curves` into one panel: values pale, running means strong, legend above."""
    style.plain_axes(axes)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=style.LIGHT_GREY, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelbottom=True)
    axes.set_title(name, fontsize=10.5, color=style.INK, loc="left", pad=8)
    left_out = 0
    for curve in curves:
        values = column(rows, curve.key)
        good = np.isfinite(values) & (values > 0 if log else True)
        left_out += sum(row.get(curve.key) is not None for row in rows) - int(good.sum())
        if good.any():
            draw_curve(axes, curve, steps, np.where(good, values, math.nan))
    if any(curve.name for curve in curves) and axes.lines:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.005, 0.985),
            ncols=3,
            frameon=False,
            fontsize=9,
            labelcolor=style.INK,
            handlelength=1.8,
        )
    if not axes.lines:
        axes.text(
            0.5, 0.5, "no values yet", transform=axes.transAxes, ha="center", va="center", fontsize=10, color=style.GREY
        )
        axes.set_yticks([])
    if log and axes.lines:
        axes.set_yscale("log")
        plain_log_labels(axes)
    if left_out:
        reason = "not finite or not above 0" if log else "not finite"
        axes.text(
            0.995,
            0.03,
            f"left out: {left_out} ({reason})",
            ha="right",
            transform=axes.transAxes,
            fontsize=8.5,
            color=style.GREY,
        )


def plain_log_labels(axes: "Axes") -> None:
    """Label a log axis 0.1, 0.2, 0.5, 1 instead of by powers, which need two to make sense."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_curve(axes: "Axes", curve: Curve, steps: np.ndarray, values: np.ndarray) -> None:
    """Draw `values` pale and their running mean strong; a lone value becomes a dot."""
    stride = math.ceil(len(values) / MOST_POINTS)
    few = np.isfinite(values).sum() < 2
    smooth = running_mean(values, max(1, len(values) // 50))
    axes.plot(steps[::stride], values[::stride], color=curve.colour, alpha=0.25, linewidth=0.7)
    axes.plot(
        steps[::stride],
        smooth[::stride],
        curve.dash,
        color=curve.colour,
        linewidth=1.6,
        label=curve.name,
        marker="o" if few else None,
        markersize=5,
        clip_on=not few,
    )


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of the finite values among the last `window`; NaN where a value is NaN.

    It looks back only, so the newest point does not change its past when the run goes on.
    """
    good = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(good, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(good)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(0, end - window)
    with np.errstate(invalid="ignore"):  # 0 / 0 where the whole window is NaN
        mean = (total[end] - total[begin]) / (count[end] - count[begin])
    return np.where(good, mean, math.nan)


def mark(axes: "Axes", height: float, name: str, colour: str) -> None:
    """Draw a dotted line at `height`, named at its right end."""
    axes.axhline(height, color=colour, linestyle=":", linewidth=1.1, zorder=1)
    axes.annotate(
        name,
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=colour,
    )
