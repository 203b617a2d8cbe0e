"""The picture of the game: what D believes everywhere, and where that pushes each fake."""

from typing import TYPE_CHECKING

import numpy as np

from tinygan.files import PathLike
from tinygan.plot import style
from tinygan.plot.points import (
    Extent,
    add_legend,
    as_points,
    check_extent,
    draw_points,
    set_plane,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (6.0, 5.4)  # inches: the same for every frame of an animation
MOST_ARROWS = 100
LONGEST_ARROW = 0.08  # as a share of the width shown
# Orange where D says "fake", blue where it says "real", white where it cannot tell. Paler than
# the points, which have to stand out.
FAKE_TO_REAL = ("#F0BE6E", "#FFFFFF", "#74B3DE")


def save_game(
    path: PathLike,
    fakes: np.ndarray,
    heat: np.ndarray,
    extent: Extent,
    arrows: np.ndarray | None = None,
    reals: np.ndarray | None = None,
    title: str | None = None,
    label: str = "D(x)",
    limits: tuple[float, float] | None = (0.0, 1.0),
) -> None:
    """Draw the discriminator as a heat map, and over it reals, fakes and the push on each fake.

    An arrow of norm r is drawn ``r / (r + m)`` times the longest length, where m is the median
    norm: directions stay readable whether gradients are tiny or explode. How strong the push is
    stands under the picture as m, since the lengths of different pictures cannot be compared.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write, 600 x 540 pixels; replaced only when the whole new file is written.
    fakes : ndarray of float, shape (n, 2)
        Points from the generator; n may be 0.
    heat : ndarray of float, shape (R, S)
        The discriminator on a regular grid that spans the extent; row 0 is its bottom. For a
        GAN, D(x) = sigmoid(logit).
    extent : (xmin, xmax, ymin, ymax)
        The part of the plane to show, in the units of the data.
    arrows : ndarray of float, shape (n, 2), optional
        The push on each fake, such as the gradient of D's logit there. At most 100 are drawn.
    reals : ndarray of float, shape (m, 2), optional
        Points from the data.
    title : str, optional
        Printed above the picture.
    label : str
        What the colours mean, printed beside the colour bar.
    limits : (low, high) or None
        Values at the ends of the colours; a contour marks the middle, which for D(x) is 1/2. None
        takes them from the heat map, around its median: a Wasserstein critic is known only up to
        a constant.

    Raises
    ------
    ValueError
        If a shape does not fit or the extent or the limits are empty.
    OSError
        If the file cannot be written.
    """
    fakes = as_points(fakes, "fakes")
    extent = check_extent(extent)
    figure = style.new_figure(*SIZE)
    axes = figure.add_axes((0.09, 0.12, 0.72, 0.79))
    set_plane(axes, extent)
    draw_heat(axes, np.asarray(heat, dtype=np.float64), extent, label, limits)
    if reals is not None:
        draw_points(axes, as_points(reals, "reals"), extent, style.BLUE, "data", edge="white", alpha=0.9)
    notes = [draw_points(axes, fakes, extent, style.ORANGE, "fakes", edge=style.INK, alpha=1.0)]
    if arrows is not None:
        notes.append(draw_arrows(axes, fakes, as_points(arrows, "arrows"), extent))
    add_legend(axes)
    if title:
        axes.set_title(style.plain_text(title), pad=24, **style.title_style())
    figure.text(0.09, 0.015, "\n".join(notes), fontsize=9, color=style.GREY)
    style.save_figure(figure, path)


def draw_heat(
    axes: "Axes",
    heat: np.ndarray,
    extent: Extent,
    label: str,
    limits: tuple[float, float] | None,
) -> None:
    """Draw the heat map, the contour at the middle of its limits, and the colour bar."""
    from matplotlib.colors import LinearSegmentedColormap

    if heat.ndim != 2 or 0 in heat.shape:
        raise ValueError(f"a heat map must have shape (rows, columns), not {heat.shape}")
    low, high = robust_limits(heat) if limits is None else limits
    if not low < high:
        raise ValueError(f"limits are (low, high) with low < high, not {limits}")
    colours = LinearSegmentedColormap.from_list("fake to real", FAKE_TO_REAL).with_extremes(bad=style.LIGHT_GREY)
    heat = np.ma.masked_invalid(heat)
    image = axes.imshow(
        heat,
        origin="lower",
        extent=extent,
        cmap=colours,
        vmin=low,
        vmax=high,
        interpolation="bilinear",
        aspect="equal",
        zorder=0,
    )

    middle = (low + high) / 2
    if min(heat.shape) > 1 and heat.min() < middle < heat.max():
        x, y = cell_centres(heat.shape[1], *extent[:2]), cell_centres(heat.shape[0], *extent[2:])
        axes.contour(x, y, heat, [middle], colors=style.GREY, linewidths=1.0, zorder=1)

    # An inset follows the picture's height, whatever the aspect of the extent.
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.035, 1)))
    bar.outline.set(color=style.GREY, linewidth=0.8)
    bar.ax.axhline(middle, color=style.GREY, linewidth=1.0)
    bar.ax.set_title(style.plain_text(label), fontsize=9, color=style.INK, pad=7)
    bar.ax.tick_params(colors=style.GREY, labelcolor=style.INK, labelsize=9, length=3)


def cell_centres(count: int, low: float, high: float) -> np.ndarray:
    """Return the centres of `count` equal cells between `low` and `high`."""
    return low + (np.arange(count) + 0.5) * (high - low) / count


def robust_limits(heat: np.ndarray) -> tuple[float, float]:
    """Return limits, the median in their middle, that hold 96 % of the finite values."""
    values = heat[np.isfinite(heat)]
    if len(values) == 0:
        return (-1.0, 1.0)
    below, middle, above = np.percentile(values, [2, 50, 98])
    half = max(middle - below, above - middle) or 1.0
    return (float(middle - half), float(middle + half))


def draw_arrows(axes: "Axes", fakes: np.ndarray, arrows: np.ndarray, extent: Extent) -> str:
    """Draw an arrow from each fake, evenly thinned; return the median push, in words."""
    if arrows.shape != fakes.shape:
        raise ValueError(f"there must be one arrow a fake: {arrows.shape} for {fakes.shape}")
    norms = np.hypot(*arrows.T)
    xmin, xmax, ymin, ymax = extent
    inside = ((fakes >= (xmin, ymin)) & (fakes <= (xmax, ymax))).all(axis=1)
    drawable = np.flatnonzero(inside & np.isfinite(norms) & (norms > 0))
    if len(drawable) == 0:
        return "no push to draw"
    median = float(np.median(norms[drawable]))
    count = min(len(drawable), MOST_ARROWS)
    chosen = drawable[np.linspace(0, len(drawable) - 1, count).round().astype(int)]
    starts = fakes[chosen]
    steps = bounded(arrows[chosen], median, LONGEST_ARROW * (xmax - xmin))
    axes.quiver(
        *starts.T,
        *steps.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=style.INK,
        width=0.003,
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        zorder=4,
    )
    return f"arrows: push on {count} fakes, median norm {median:.2g}"


def bounded(arrows: np.ndarray, median: float, longest: float) -> np.ndarray:
    """Scale arrows of norm r > 0 to length longest * r / (r + median), which stays below longest.

    The direction is divided by the norm first, so that even norms near 1e-300 do not vanish.
    """
    norms = np.hypot(*arrows.T)[:, None]
    return longest * (arrows / norms) / (1 + median / norms)
