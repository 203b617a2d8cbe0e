"""Paths in the plane: where the samples go while their noise moves from one vector to another."""

import numpy as np

from tinygan.files import PathLike
from tinygan.given import is_whole
from tinygan.plot import style
from tinygan.plot.points import (
    SIZE,
    Extent,
    add_legend,
    as_points,
    check_extent,
    draw_points,
    extent_of,
    set_plane,
)
from tinygan.words import short


def save_paths(
    path: PathLike,
    paths: np.ndarray,
    means: np.ndarray | None = None,
    extent: Extent | None = None,
    title: str | None = None,
    shown: int | None = None,
) -> None:
    """Draw paths of 2-D fakes: a dot for each step, a line through them, and both ends.

    Dots close to each other are steps that hardly move the fake; a long bare line is a jump.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write, 600 x 600 pixels; replaced only when the whole new file is written.
    paths : ndarray of float, shape (n, m, 2)
        n paths of m steps.
    means : ndarray of float, shape (K, 2), optional
        Centres of the modes, drawn as small crosses.
    extent : (xmin, xmax, ymin, ymax), optional
        The part of the plane to show, in the units of the data; by default it is
        `extent_of` the means, or else all the points.
    title : str, optional
        Printed above the picture.
    shown : int, optional
        Draw only the first so many steps, as a frame of an animation; by default all.

    Raises
    ------
    ValueError
        If a shape does not fit, the extent is empty or `shown` is not in 1 ... m.
    OSError
        If the file cannot be written.
    """
    paths = np.asarray(paths, dtype=np.float64)
    if paths.ndim != 3 or paths.shape[2] != 2 or 0 in paths.shape:
        raise ValueError(f"paths must have shape (n, m, 2), not {paths.shape}")
    steps = paths.shape[1]
    shown = steps if shown is None else shown
    if not is_whole(shown, 1, steps):
        raise ValueError(f"shown must be from 1 to {steps}, not {short(shown)}")
    known = paths.reshape(-1, 2) if means is None else as_points(means, "means")
    extent = check_extent(extent or extent_of(known))

    figure = style.new_figure(*SIZE)
    axes = figure.add_axes((0.10, 0.10, 0.80, 0.80))
    set_plane(axes, extent)
    if means is not None:
        x, y = known.T
        axes.scatter(x, y, s=70, marker="x", color=style.INK, linewidth=1.0, label="mode centres", zorder=2)
    part = paths[:, :shown]
    for x, y in part.transpose(0, 2, 1):
        axes.plot(x, y, color=style.ORANGE, linewidth=1.0, alpha=0.7, zorder=2.5)
    note = draw_points(axes, part.reshape(-1, 2), extent, style.ORANGE, "fakes", edge=style.DARK_ORANGE)
    # Of three sizes, so that a path that ends at the centre of a mode where it began shows all three.
    x, y = part[:, 0].T
    axes.scatter(x, y, s=90, facecolor="none", edgecolor=style.INK, linewidth=1.0, label="start", zorder=4)
    x, y = part[:, -1].T
    axes.scatter(x, y, s=28, color=style.INK, label="end" if shown == steps else "now", zorder=4.5)
    add_legend(axes)
    if title:
        axes.set_title(style.plain_text(title), pad=24, **style.title_style())
    figure.text(0.10, 0.025, note, fontsize=9, color=style.GREY)
    style.save_figure(figure, path)
