"""Points in the plane: data in blue, fakes in orange."""

from typing import TYPE_CHECKING

import numpy as np

from tinygan.files import PathLike
from tinygan.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Extent = tuple[float, float, float, float]

SIZE = (6.0, 6.0)  # inches: the same for every picture, so that they make an animation


def save_points(
    path: PathLike,
    points: np.ndarray,
    reference: np.ndarray | None = None,
    means: np.ndarray | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> None:
    """Draw 2-D fakes in orange over reference data in blue, on equal axes.

    A point outside the extent is drawn hollow on its border, one with a NaN is not drawn, and a
    line under the picture tells how many there are of each.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write; replaced only when the whole new file is written.
    points : ndarray of float, shape (n, 2)
        The fakes; n may be 0.
    reference : ndarray of float, shape (m, 2), optional
        Real samples. Without any fakes it is a picture of them alone.
    means : ndarray of float, shape (K, 2), optional
        Centres of the modes, drawn as small crosses.
    extent : (xmin, xmax, ymin, ymax), optional
        The part of the plane to show, in the units of the data. Give it when pictures are to be
        compared; by default it is `extent_of` the reference, the means, or else the points.
    title : str, optional
        Printed above the picture.

    Raises
    ------
    ValueError
        If an array is not of shape (n, 2) or the extent is empty.
    OSError
        If the file cannot be written.
    """
    points = as_points(points, "points")
    known = [as_points(a, "reference or means") for a in (reference, means) if a is not None]
    extent = check_extent(extent or extent_of(np.concatenate(known) if known else points))

    figure = style.new_figure(*SIZE)
    axes = figure.add_axes((0.10, 0.10, 0.80, 0.80))
    set_plane(axes, extent)
    if reference is not None and len(points) == 0:
        note = draw_points(axes, as_points(reference, "reference"), extent, style.BLUE, "real samples")
    else:
        if reference is not None:
            draw_points(axes, as_points(reference, "reference"), extent, style.BLUE, "data", alpha=0.35)
        note = draw_points(axes, points, extent, style.ORANGE, "fakes", edge=style.DARK_ORANGE)
    if means is not None:
        x, y = as_points(means, "means").T
        axes.scatter(x, y, s=30, marker="x", color=style.INK, linewidth=1.2, label="mode centres", zorder=4)
    add_legend(axes)
    if title:
        axes.set_title(style.plain_text(title), pad=24, **style.title_style())
    figure.text(0.10, 0.025, note, fontsize=9, color=style.GREY)
    style.save_figure(figure, path)


def as_points(points: np.ndarray, name: str) -> np.ndarray:
    """Return `points` as float64 of shape (n, 2), or raise ValueError naming it."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"{name} must have shape (n, 2), not {points.shape}")
    return points


def check_extent(extent: Extent) -> Extent:
    """Return `extent`, or raise ValueError if it holds no area."""
    xmin, xmax, ymin, ymax = extent
    if not (np.isfinite(extent).all() and xmin < xmax and ymin < ymax):
        raise ValueError(f"an extent is (xmin, xmax, ymin, ymax) with min < max, not {extent}")
    return xmin, xmax, ymin, ymax


def extent_of(points: np.ndarray) -> Extent:
    """Return a square around nearly all `points`: their 1st to 99th percentiles and a margin."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 0:
        return (-1.0, 1.0, -1.0, 1.0)
    low, high = np.percentile(points, [1, 99], axis=0)
    x, y = (low + high) / 2
    half = 0.65 * float((high - low).max()) or 1.0
    return (float(x - half), float(x + half), float(y - half), float(y + half))


def set_plane(axes: "Axes", extent: Extent) -> None:
    """Show `extent`, with equal units on both axes."""
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_aspect("equal")
    style.plain_axes(axes)


def draw_points(
    axes: "Axes",
    points: np.ndarray,
    extent: Extent,
    colour: str,
    label: str,
    edge: str = "none",
    alpha: float = 0.8,
) -> str:
    """Scatter `points`, those outside hollow on the border; return what did not fit, in words."""
    xmin, xmax, ymin, ymax = extent
    seen = points[~np.isnan(points).any(axis=1)]
    clipped = seen.clip((xmin, ymin), (xmax, ymax))
    outside = (clipped != seen).any(axis=1)
    x, y = clipped.T
    axes.scatter(
        x[~outside], y[~outside], s=13, color=colour, edgecolor=edge, linewidth=0.5, alpha=alpha, label=label, zorder=3
    )
    axes.scatter(
        x[outside], y[outside], s=26, facecolor="none", edgecolor=colour, linewidth=1.2, clip_on=False, zorder=5
    )
    counts = {"outside, hollow on the border": outside.sum(), "NaN": len(points) - len(seen)}
    missing = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    return f"{len(points)} {label}" + (f": {missing}" if missing else "")


def add_legend(axes: "Axes") -> None:
    """Put the legend in one row above the picture, where no point can be."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.015, 0.995),
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=style.INK,
        handletextpad=0.3,
        columnspacing=1.4,
        markerscale=1.4,
    )
