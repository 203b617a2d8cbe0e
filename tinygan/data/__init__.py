"""What to learn from: 2-D mixtures, rendered digits, MNIST, Fashion-MNIST, Stacked MNIST, folders of pictures.

`load` finds a data set by its name, `batches` draws from it.
"""

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygan.data.batches import Batches, MixtureBatches, batches
from tinygan.data.cache import cache_dir
from tinygan.data.digits import digits
from tinygan.data.errors import DataError
from tinygan.data.folder import folder
from tinygan.data.idx import read_idx
from tinygan.data.images import Images, from_range, to_range
from tinygan.data.mixture import Mixture, grid, ring
from tinygan.data.mnist import fashion, mnist
from tinygan.data.stacked import stacked

__all__ = [
    "NAMES",
    "Batches",
    "DataError",
    "Images",
    "Mixture",
    "MixtureBatches",
    "batches",
    "cache_dir",
    "digits",
    "fashion",
    "folder",
    "from_range",
    "grid",
    "load",
    "mnist",
    "read_idx",
    "ring",
    "stacked",
    "to_range",
]

NAMES = ("ring", "grid", "digits", "mnist", "fashion", "stacked", "folder")
PLACES = ("data_dir", "path")  # what the functions call load's own `data_dir`: no option


def load(name: str, data_dir: str | Path | None = None, **options: Any) -> Images | Mixture:
    """The data set called `name`.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    data_dir : path, optional
        For mnist, fashion and stacked the folder with the IDX files, for folder the pictures' folder.
        The others are made, not read, and have no use for it.
    **options
        Arguments of the function `ring`, `grid`, `digits`, `mnist`, `fashion`, `stacked` or `folder`.

    Returns
    -------
    Images or Mixture

    Raises
    ------
    DataError
        If the name or an option is unknown, or the data set cannot be had.
    """
    if name and name not in NAMES and Path(name).is_dir():
        return folder(name, **options)
    if name not in NAMES:
        close = difflib.get_close_matches(str(name), NAMES, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise DataError(f"there is no data set {name!r}{hint}: choose one of {', '.join(NAMES)}")
    makers: dict[str, Callable[..., Images | Mixture]] = {
        "ring": ring,
        "grid": grid,
        "digits": digits,
        "mnist": mnist,
        "fashion": fashion,
        "stacked": stacked,
        "folder": folder,
    }
    _check_options(name, makers[name], options)
    if name == "folder":
        if data_dir is None:
            raise DataError("the data set 'folder' needs a folder: name it with --data-dir")
        return folder(data_dir, **options)
    if name in ("mnist", "fashion", "stacked"):
        return makers[name](data_dir, **options)
    return makers[name](**options)


def _check_options(name: str, maker: Callable[..., Any], options: dict[str, Any]) -> None:
    known = [each for each in inspect.signature(maker).parameters if each not in PLACES]
    for option in options:
        if option not in known:
            raise DataError(f"the data set {name!r} has no option {option!r}: choose from {', '.join(known)}")
