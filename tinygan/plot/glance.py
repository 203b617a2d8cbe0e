"""A run at a glance: its newest samples beside its losses, D's outputs and gradient norms, as one small picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.plot import style
from tinygan.plot.curves import LOSSES, NORMS, OUTPUTS, draw_panel, steps_of
from tinygan.plot.grid import image_grid
from tinygan.plot.points import as_points, draw_points, extent_of, set_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (10.0, 4.6)  # inches


def glance(
    rows: Sequence[Mapping[str, Any]],
    samples: np.ndarray | None = None,
    reals: np.ndarray | None = None,
    title: str = "",
) -> bytes:
    """The picture as the bytes of a PNG, 1000 x 460 pixels.

    Parameters
    ----------
    rows : sequence of dict
        As in stats.jsonl; see `save_curves`.
    samples : ndarray of float, optional
        Images (n, H, W, C) in [0, 1], or points (n, 2).
    reals : ndarray of float, shape (m, 2), optional
        Points of the data, drawn below samples that are points.
    title : str

    Raises
    ------
    ValueError, TypeError
        If the samples are neither.
    """
    figure = style.new_figure(*SIZE)
    left = figure.add_axes((0.01, 0.04, 0.42, 0.86))
    layout = figure.add_gridspec(3, 1, left=0.50, right=0.985, top=0.93, bottom=0.06, hspace=0.62)
    panels = [figure.add_subplot(layout[row]) for row in range(3)]
    draw_samples(left, samples, reals)
    left.set_title(style.plain_text(title), **style.title_style())
    steps = steps_of(rows)  # the legend of the second panel takes all its width
    draw_panel(panels[0], "loss", LOSSES, steps, rows)
    draw_panel(panels[1], "", OUTPUTS, steps, rows)
    draw_panel(panels[2], "gradient norm", NORMS, steps, rows, log=True)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=style.DPI)
    return file.getvalue()


def draw_samples(axes: Axes, samples: np.ndarray | None, reals: np.ndarray | None) -> None:
    """Points over those of the data, or images as a grid."""
    axes.set_axis_off()
    if samples is None:
        return
    if np.ndim(samples) != 2:
        grid = image_grid(samples)
        axes.imshow(grid, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return
    samples = as_points(samples, "samples")
    extent = extent_of(samples if reals is None else as_points(reals, "reals"))
    set_plane(axes, extent)
    if reals is not None:
        draw_points(axes, as_points(reals, "reals"), extent, style.BLUE, "data", alpha=0.5)
    draw_points(axes, samples, extent, style.ORANGE, "fakes", edge=style.DARK_ORANGE)
