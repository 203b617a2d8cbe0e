"""Many small images as one: the sample grid."""

import math
from collections.abc import Sequence

import numpy as np

from tinygan.files import PathLike, whole_file
from tinygan.given import is_whole
from tinygan.plot.headings import with_headings
from tinygan.words import short

# Between black and white, so that neither dark nor bright images run into each other.
SEPARATOR = 96


WIDEST = 10_000  # columns, or pixels between them


def image_grid(images: np.ndarray, columns: int | None = None, padding: int = 2) -> np.ndarray:
    """Lay images out in rows, left to right and top to bottom, with grey lines between them.

    Image ``i`` begins at row ``(i // columns) * (H + padding)`` and column
    ``(i % columns) * (W + padding)``. Cells without an image stay grey.

    Parameters
    ----------
    images : ndarray of float, shape (N, H, W, C)
        Values in [0, 1], with 1 (grey) or 3 (red, green, blue) channels. Values outside are
        clipped and NaN is drawn black.
    columns : int, optional
        Images in a row; by default ceil(sqrt(N)), which is nearly square.
    padding : int
        Width of the lines between images, in pixels.

    Returns
    -------
    grid : ndarray of uint8, shape (rows * (H + padding) - padding, ...) or (..., ..., 3)
        Two axes for grey images, three for colour.

    Raises
    ------
    TypeError
        If the images are not floating-point.
    ValueError
        If the shape is not (N, H, W, 1 or 3) with N > 0, or an argument is out of range.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        raise ValueError(f"a grid needs images of shape (N, H, W, C) with C 1 or 3, not {images.shape}")
    if not np.issubdtype(images.dtype, np.floating):
        raise TypeError(f"a grid needs float images in [0, 1], not {images.dtype}")
    count, height, width, channels = images.shape
    if columns is None:
        columns = math.ceil(math.sqrt(count))
    if not is_whole(columns, 1, WIDEST) or not is_whole(padding, 0, WIDEST):
        got = f"{short(columns)} and {short(padding)}"
        raise ValueError(f"columns must be at least 1 and padding at least 0, and both at most {WIDEST}, not {got}")
    rows = math.ceil(count / columns)

    # A cell is an image with the lines to its right and below; the last lines are cut off again.
    cells = np.full((rows * columns, height + padding, width + padding, channels), SEPARATOR, np.uint8)
    cells[:count, :height, :width] = to_bytes(images)
    cells = cells.reshape(rows, columns, height + padding, width + padding, channels)
    grid = cells.transpose(0, 2, 1, 3, 4).reshape(rows * (height + padding), columns * (width + padding), channels)
    grid = grid[: grid.shape[0] - padding, : grid.shape[1] - padding]
    return grid[:, :, 0] if channels == 1 else grid


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Map floats in [0, 1] to the nearest of 0 ... 255; clip what is outside, NaN becomes 0."""
    return np.rint(np.nan_to_num(images, nan=0.0).clip(0, 1) * 255).astype(np.uint8)


def save_grid(
    path: PathLike,
    images: np.ndarray,
    columns: int | None = None,
    padding: int = 2,
    scale: int = 2,
    headings: Sequence[str] | None = None,
) -> None:
    """Write `image_grid` of `images` as a PNG, each pixel enlarged to `scale` by `scale`.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write; replaced only when the whole new file is written.
    images, columns, padding
        As in `image_grid`; `padding` counts pixels before the enlargement.
    scale : int
        Enlargement without smoothing, so that 28 x 28 digits are easy to see.
    headings : sequence of str, optional
        Names over the first columns, shortened where they do not fit.

    Raises
    ------
    TypeError, ValueError
        As in `image_grid`, or if `scale` is below 1, or there are more headings than columns.
    OSError
        If the file cannot be written.
    """
    from PIL import Image

    if not is_whole(scale, 1, WIDEST):
        raise ValueError(f"scale must be at least 1 and at most {WIDEST}, not {short(scale)}")
    grid = image_grid(images, columns, padding)
    picture = Image.fromarray(grid.repeat(scale, axis=0).repeat(scale, axis=1))
    if headings:
        pitch = (np.shape(images)[2] + padding) * scale
        if (len(headings) - 1) * pitch >= picture.width:
            raise ValueError(f"{len(headings)} headings are more than the grid has columns")
        picture = with_headings(picture, headings, pitch)
    with whole_file(path) as file:
        picture.save(file, format="PNG")
