"""The data sets that have a name, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tinygan.data.digits import digits
from tinygan.data.faces import LARGEST, faces
from tinygan.data.folder import folder
from tinygan.data.form import parsed_size
from tinygan.data.images import Images
from tinygan.data.mixture import grid, ring
from tinygan.data.mnist import fashion, mnist
from tinygan.data.pairs import sketches
from tinygan.data.sequences import played_melodies, written_dates, written_molecules
from tinygan.data.stacked import stacked

Kind = Literal["points", "images", "sequences", "pairs"]

CALLED = {
    "points": "points in the plane",
    "images": "images",
    "sequences": "strings or melodies",
    "pairs": "pairs of pictures",
}  # by sentences


@dataclass(frozen=True)
class DataSet:
    """A data set that has a name.

    Attributes
    ----------
    kind : {"points", "images", "sequences", "pairs"}
        Points in the plane, images, strings and melodies, or pairs of pictures.
    make : function
        Makes or reads it; its arguments are the options of `tinygan.data.load`.
    about : str
        One line about it.
    data_dir : bool
        Whether it is read from files, so that their folder can be given; `make` takes it first.
    real : bool
        Whether it is a well-known set of real images, on which training takes longer than on rendered digits.
    """

    kind: Kind
    make: Callable[..., Any]
    about: str
    data_dir: bool = False
    real: bool = False


def drawn_faces(n: int = 10_000, seed: int = 0, size: Any = None, cache_dir: Any = None) -> Images:
    """`faces` of any size that `load` knows: drawn as large as the longer side, and cut to its form there."""
    sides = parsed_size(size) or (64, 64)
    return faces(n, seed, min(LARGEST, max(sides)), cache_dir)


SETS: dict[str, DataSet] = {
    "ring": DataSet("points", ring, "eight Gaussians on a circle"),
    "grid": DataSet("points", grid, "25 Gaussians on a square grid"),
    "digits": DataSet("images", digits, "10,000 grey digits, rendered from matplotlib's fonts"),
    "faces": DataSet("images", drawn_faces, "10,000 cartoon faces in colour, with four expressions"),
    "mnist": DataSet("images", mnist, "60,000 grey handwritten digits", data_dir=True, real=True),
    "fashion": DataSet("images", fashion, "60,000 grey pictures of clothes", data_dir=True, real=True),
    "stacked": DataSet("images", stacked, "three MNIST digits as red, green and blue", data_dir=True, real=True),
    "sketches": DataSet("pairs", sketches, "3,000 sketches in colour, and the cartoon faces that they are of"),
    "dates": DataSet("sequences", written_dates, "5,000 strings such as 1961 Apr 9"),
    "molecules": DataSet("sequences", written_molecules, "5,000 small molecules in SMILES, such as CC(=O)NC"),
    "melodies": DataSet("sequences", played_melodies, "5,000 melodies of two bars, in three keys"),
    "folder": DataSet("images", folder, "your own pictures, in a folder or a zip", data_dir=True),
}
NAMES = tuple(SETS)
