"""Several sample grids side by side, each with a title."""

from collections.abc import Mapping

import numpy as np

from tinygan.files import PathLike
from tinygan.plot import style
from tinygan.plot.grid import image_grid

SIDE = 4.0  # inches: the width of one grid


def save_panels(path: PathLike, panels: Mapping[str, np.ndarray], columns: int) -> None:
    """Draw grids of images beside each other, all with the same number of columns.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write; replaced only when the whole new file is written.
    panels : mapping of str to ndarray of float, shape (N, H, W, C)
        Title -> images in [0, 1]; all panels of one shape.
    columns : int
        Images in a row.

    Raises
    ------
    TypeError, ValueError
        As `image_grid`.
    OSError
        If the file cannot be written.
    """
    grids = {title: image_grid(images, columns) for title, images in panels.items()}
    height, width = next(iter(grids.values())).shape[:2]
    figure = style.new_figure(SIDE * len(grids), min(SIDE * height / width, 40.0) + 0.4)
    for axes, (title, grid) in zip(figure.subplots(1, len(grids), squeeze=False)[0], grids.items(), strict=True):
        axes.imshow(grid, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(style.plain_text(title), **style.title_style())
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=1 - 0.35 / figure.get_figheight(), wspace=0.03)
    style.save_figure(figure, path)
