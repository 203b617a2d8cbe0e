"""The one door by which data enter: a name, a path, arrays, or an object that draws points."""

from __future__ import annotations

import inspect
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.data.arrays import ONE_ARRAY, images_of, in_form
from tinygan.data.errors import DataError
from tinygan.data.files import exists, is_points, is_strings, located, looks_like_path, missing, read_path
from tinygan.data.folder import check_split, expanded
from tinygan.data.form import Form, asked_form, doubled
from tinygan.data.images import Images
from tinygan.data.melodies import Melodies
from tinygan.data.mixture import Mixture
from tinygan.data.pairs import Pairs, halved
from tinygan.data.points import Points
from tinygan.data.sequences import Sequences, played, written
from tinygan.data.sets import CALLED, NAMES, SETS, Kind
from tinygan.data.stored import Stored
from tinygan.data.strings import Strings
from tinygan.words import nearest, printable, short

LONGEST = 40  # letters of a short name
GIVEN = "give a name, a path, an array of images (N, H, W, C), a pair (images, labels), or what has sample(n, rng)"


def load(
    what: Any,
    data_dir: str | Path | None = None,
    *,
    size: Any = None,
    channels: int | None = None,
    crop: str = "center",
    background: str = "white",
    strict: bool = False,
    split: str = "train",
    progress: bool = True,
    source: str | None = None,
    **options: Any,
) -> Stored | Mixture | Points:
    """The data that are called, lie at, or are `what`.

    Parameters
    ----------
    what : str, path, array, pair of arrays, what it returns, Strings, Melodies, or an object with ``sample(n, rng)``
        One of `NAMES`; a folder or a .zip of pictures; a .npz (``file.npz:NAME`` for one array in it), .npy or .csv
        file; CIFAR's binary archive, folder or file; IDX files or their folder; a .txt with a string on each line;
        images (N, H, W[, C]), alone or with labels; points (N, 2), or what draws them.
    data_dir : path, optional
        For mnist, fashion and stacked the folder with the IDX files, for folder the pictures' folder. Nothing else has
        a use for it.
    size : int, (height, width), text such as "64" or "48x64", or None
        In pixels, multiples of 4 from 8 to 512. None: images that are all of one size keep it if its sides are
        multiples of 4 and at most 128; others come to a square of the median short side, at most 64.
    channels : {1, 3} or None
        1 makes grey, 3 colour; None leaves it to the images.
    crop : {"center", "fit", "random"}
        Of images of another shape: the central part, the whole with the background beside, or a part at a random
        place, which is the same each time.
    background : str
        What is behind the transparent: a colour's name or #rrggbb.
    strict : bool
        Whether a damaged picture is an error; otherwise it is skipped with a note.
    split : {"train", "test"}
        Which part, where there are two.
    source : {"left", "right"}, optional
        Each picture is a pair, side by side, and this half of it is to be turned into the other one. `size` is then
        that of a half, by default 64.
    progress : bool
        Whether to show a bar while many pictures are read, on a terminal.
    **options
        For a name the arguments of the function of that name, such as ``n=1000`` for digits; else `seed`, of the
        random places.

    Returns
    -------
    Images, Sequences, Pairs, Mixture or Points
        Its `describe()` says in one line what was read.

    Raises
    ------
    DataError
        In one sentence, if it cannot be had, or an option is unknown or not possible.

    Examples
    --------
    >>> load(np.zeros((10, 28, 28), np.uint8)).describe()
    '10 pictures, 28 x 28, grey'
    """
    check(what, data_dir)
    check_split(split)
    if source is not None:
        looks = dict(size=doubled(size), channels=channels, crop=crop, background=background)
        how = dict(strict=strict, split=split, progress=progress)
        return _halved(load(what, data_dir, **{**looks, **how, **options}), source)
    if isinstance(what, str) and what in SETS:
        looks = dict(size=size, channels=channels, crop=crop, background=background)
        return _named(what, data_dir, looks, dict(strict=strict, split=split, progress=progress), options)
    form = asked_form(size, channels, crop, background, options.pop("seed", 0))
    if options:
        raise DataError(f"there is no option {short(next(iter(options)))} for data that have no name: only seed")
    if isinstance(what, (str, os.PathLike)):
        return _others_have_none(read_path(what, form, strict, split, progress), form)
    return _others_have_none(_given(what, form, split), form)


def check(what: Any, data_dir: str | Path | None = None) -> None:
    """Look whether `what` can be loaded, as far as that is told without reading the data.

    Raises
    ------
    DataError
        If it is an unknown name and no path, a path at which there is nothing, or nothing that is data; if `data_dir`
        is missing, or has no use.
    """
    if isinstance(what, str) and what in SETS:
        if data_dir is not None and not SETS[what].data_dir:
            used = ", ".join(name for name, row in SETS.items() if row.data_dir)
            raise DataError(f"{what} is not read from files, so --data-dir has no use for it: it goes with {used}")
        if what == "folder" and data_dir is None:
            raise DataError("the data set 'folder' needs a folder: name it with --data-dir, or give --data its path")
        if what == "folder" and not exists(expanded(data_dir)):
            raise DataError(missing(expanded(data_dir)))
        return
    if data_dir is not None:
        raise DataError(f"--data-dir goes with a data set's name, not with {_called(what)}: leave it out")
    if isinstance(what, (str, os.PathLike)):
        path, _ = located(what)
        if what == "" or not exists(path):
            raise DataError(missing(path) if looks_like_path(what) else _unknown(str(what)))
    elif what is None or isinstance(what, (bool, int, float, complex, dict, set, type)):
        raise DataError(f"{short(what)} is no data set: choose one of {', '.join(NAMES)}, or {GIVEN}")


def kind(what: Any) -> Kind:
    """What data are, told by the name or the head of a file: images, unless it says "points" or "sequences"."""
    if isinstance(what, str) and what in SETS:
        return SETS[what].kind
    if isinstance(what, (str, os.PathLike)):
        return "sequences" if is_strings(what) else "points" if is_points(what) else "images"
    if isinstance(what, Images):
        return "images"
    if isinstance(what, (Sequences, Strings, Melodies)):
        return "sequences"
    if isinstance(what, Pairs):
        return "pairs"
    if isinstance(what, (Mixture, Points)):
        return "points"
    pair = isinstance(what, tuple) and len(what) == 2
    array = _array_of(what[0] if pair else what)
    if array is not None:
        return "points" if array.ndim == 2 and array.shape[1] == 2 else "images"
    return "points" if callable(getattr(what, "sample", None)) else "images"


def short_name(what: Any) -> str:
    """A name for a folder's name: letters, digits and hyphens, at most 40, never empty.

    Examples
    --------
    >>> short_name("~/Pictures/My Cats (2024)"), short_name("cifar-10-binary.tar.gz"), short_name("ring")
    ('My-Cats-2024', 'cifar-10-binary', 'ring')
    """
    if isinstance(what, str) and what in SETS:
        return what
    if isinstance(what, (str, os.PathLike)):
        path, array = located(what)
        name = Path(os.path.abspath(path)).name
        name = re.sub(r"(\.(tar|csv))?\.(zip|npz|npy|csv|gz|tgz|tar|bin|txt)$", "", name, flags=re.IGNORECASE)
        name = f"{name} {array}" if array else name
    elif isinstance(what, (Stored, Strings, Mixture, Points)):
        name = what.name
    else:
        name = "array" if _array_of(what) is not None else type(what).__name__
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub("[^A-Za-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-") or "data"


def _named(
    name: str, data_dir: str | Path | None, looks: dict[str, Any], how: dict[str, Any], options: dict[str, Any]
) -> Stored | Mixture | Points:
    """The data set of a name: each of load's arguments goes to its maker, or is worked out on what that returns."""
    row = SETS[name]
    takes = list(inspect.signature(row.make).parameters)
    own = takes[1:] if row.data_dir else takes
    for option in options:
        if option not in own:
            raise DataError(f"the data set {short(name)} has no option {short(option)}: choose from {', '.join(own)}")
    if how["split"] != "train" and "split" not in own:
        raise DataError(f"{name} has no test part, so that split={short(how['split'])} cannot be chosen: leave it out")
    form = asked_form(**looks)
    given = {option: value for option, value in {**looks, **how}.items() if option in own}
    data = row.make(*([data_dir] if row.data_dir else []), **given, **options)
    return in_form(data, form) if row.kind == "images" else _others_have_none(data, form)


def _halved(data: Any, source: str) -> Pairs:
    if not isinstance(data, Images):
        are = CALLED[kind(data)]
        raise DataError(f"{data.name}: the {source} half of pictures can be a source, and these are {are}")
    return halved(data, source)


def _given(what: Any, form: Form, split: str) -> Stored | Mixture | Points:
    """The data of an object."""
    if isinstance(what, Images):
        return in_form(what, form)
    if isinstance(what, (Sequences, Pairs, Mixture, Points)):
        return what
    if isinstance(what, Strings):
        return written(what)
    if isinstance(what, Melodies):
        return played(what)
    if isinstance(what, tuple) and len(what) == 2 and all(isinstance(each, tuple) for each in what):
        what, split = what[split == "test"], "train"  # as Keras's load_data returns it
    if split != "train":
        raise DataError(
            f"{_called(what)} has no test part, so that split={short(split)} cannot be chosen: leave it out"
        )
    pixels, labels = what if isinstance(what, tuple) and len(what) == 2 else (what, None)
    array = _array_of(pixels)
    if array is not None:
        if array.ndim == 2 and array.shape[1] == 2:
            return Points("array", array)  # labels of points are not learnt
        return images_of("array", array, labels, form)
    if callable(getattr(what, "sample", None)):
        return Points(type(what).__name__, what)
    raise DataError(f"{_called(what)} is no data set: {GIVEN}")


def _array_of(what: Any) -> np.ndarray | None:
    """What is an array, or a list that makes one; None for all else."""
    if not (isinstance(what, list) or hasattr(what, "__array__") or hasattr(what, "__array_interface__")):
        return None
    try:
        return np.asarray(what)
    except (TypeError, ValueError, RuntimeError) as error:  # lists of several shapes, a tensor that needs a gradient
        raise DataError(f"{_called(what)} cannot be made into one array: {ONE_ARRAY}") from error


def _others_have_none(data: Any, form: Form) -> Any:
    if not isinstance(data, Images) and (form.size or form.channels):
        raise DataError(f"{data.name}: {CALLED[kind(data)]} have no --size and no --channels")
    return data


def _called(what: Any) -> str:
    """How a sentence calls what was given."""
    return printable(what) if isinstance(what, (str, os.PathLike)) else f"data of type {type(what).__name__}"


def _unknown(name: str) -> str:
    near = nearest(name, [*NAMES, *_here()])
    guess = f"did you mean {printable(near)}? " if near else ""
    if "cifar" in name.lower():
        guess = "fetch cifar-10-binary.tar.gz and give its path, or "
    nothing = f"there is no data set '{printable(name, 60)}', nor a file of that name"
    return f"{nothing}: {guess}choose one of {', '.join(NAMES)}, or give a path"


def _here() -> list[str]:
    """The names in the working folder."""
    try:
        return os.listdir()
    except OSError:
        return []
