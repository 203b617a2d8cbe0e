"""A folder or a zip of pictures as a data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tinygan.data.arrange import arrange
from tinygan.data.arrays import EQUAL, all_same
from tinygan.data.cifar import is_cifar
from tinygan.data.errors import DataError
from tinygan.data.form import Form, Size, asked_form
from tinygan.data.idx_pair import is_idx
from tinygan.data.images import Images
from tinygan.data.many import Read, read_many
from tinygan.data.pictures import DENIED, TOO_LARGE
from tinygan.data.tree import Tree, read_tree
from tinygan.words import counted, listed, printable, short

LISTED = 50  # damaged files that are named


def folder(
    path: str | Path,
    size: Any = None,
    channels: int | None = None,
    *,
    crop: str = "center",
    background: str = "white",
    strict: bool = False,
    split: str = "train",
    progress: bool = True,
    seed: int = 0,
) -> Images:
    """Read all pictures under a folder, or in a zip, in the order of their paths.

    PNG, JPEG, GIF (the first frame), WEBP, BMP and TIFF are read; hidden files are not seen, other files passed over.
    If there are two subfolders or more they are the classes: their names, sorted as people count, are the labels 0,
    1, ... One folder that holds all the others is gone into, and of train/ and test/ one is read. Damaged files are
    skipped and listed in the notes.

    Parameters
    ----------
    path : path
        The folder, searched with all its subfolders, or the zip, which is read where it lies.
    size : int, (height, width), text such as "64" or "48x64", or None
        In pixels, multiples of 4 from 8 to 512. None: pictures that are all of one size keep it if its sides are
        multiples of 4 and at most 128; others come to a square of the median short side, at most 64.
    channels : {1, 3} or None
        1 makes grey, 3 colour; None keeps grey if all the pictures are.
    crop : {"center", "fit", "random"}
        Of pictures of another shape: the central part, the whole with the background beside, or a part at a random
        place, which is the same each time.
    background : str
        What is behind the transparent: a colour's name or #rrggbb.
    strict : bool
        Whether a damaged file is an error.
    split : {"train", "test"}
        Which part, where there are folders train/ and test/ (or val/, valid/, validation/).
    progress : bool
        Whether to show a bar, on a terminal and if it takes longer than a moment.
    seed : int
        Of the random places.

    Returns
    -------
    Images
        `pixels` (N, height, width, channels).

    Raises
    ------
    DataError
        If the folder is missing or holds no picture, no file can be read, or an argument is out of range.
    """
    return read_folder(expanded(path), asked_form(size, channels, crop, background, seed), strict, split, progress)


def read_folder(root: Path, form: Form, strict: bool = False, split: str = "train", progress: bool = True) -> Images:
    """As `folder`, with the looks in a `Form`."""
    check_split(split)
    try:
        there, fits = root.exists(), root.is_dir() or (root.is_file() and root.suffix.lower() == ".zip")
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(root)} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not fits:
        what = "is not a folder, nor a zip" if there else "does not exist"
        raise DataError(f"{printable(root)} {what}: give a folder of pictures")
    tree = read_tree(root)
    chosen = arrange(tree, split)
    if not chosen.entries:
        raise DataError(f"{printable(root)} holds no PNG or JPEG file or other picture{_instead(tree)}")
    read = read_many(root, chosen.entries, form, progress)
    skipped = read.skipped + tree.closed
    if skipped and (strict or not read.kept):
        raise DataError(_refusal(root, skipped))
    chosen = chosen.only(read.kept)
    said = [*_changed(read), *chosen.said, *_of_skipped(read, tree), *tree.passed_over()]
    notes = [*(f"skipped {name}: {why}" for name, why in skipped[:LISTED])]
    if len(skipped) > LISTED:
        notes.append(f"skipped {len(skipped) - LISTED:,} more files")
    return Images(
        _name(root), read.pixels, chosen.labels, chosen.class_names, tuple(said), (*notes, *_warnings(read, form))
    )


def expanded(path: Any) -> Path:
    """A path with ~ as the user's home.

    Raises
    ------
    DataError
        If it cannot be a path.
    """
    try:
        return Path(path).expanduser()
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{short(path)} cannot be a path: {error}") from error


def check_split(split: Any) -> None:
    """DataError unless it is 'train' or 'test'."""
    if not isinstance(split, str) or split not in ("train", "test"):
        raise DataError(f"split must be 'train' or 'test', not {short(split)}")


def _name(root: Path) -> str:
    """What the folder is called, also if it was given as '.' or '..'."""
    path = Path(os.path.abspath(root))
    return (path.name if path.is_dir() else path.stem) or "pictures"


def _instead(tree: Tree) -> str:
    """What there is in place of pictures, and what to do."""
    closed = [f"{name} may not be read ({why})" for name, why in tree.closed]
    if closed:
        return f": {listed(closed)}"
    if not tree.others:
        return ": it is empty" if not tree.folders else ", only empty folders"
    found = f", but {tree.kinds()}"
    if tree.root.is_dir() and (is_cifar(tree.root) or is_idx(tree.root)):
        return f"{found}, which are no pictures: give --data the path of the folder"
    known = [suffix for suffix in (".npz", ".npy", ".csv", ".zip", ".gz") if suffix in tree.others]
    if known:
        first = "" if tree.root.is_dir() else "unpack it and "
        return f"{found}: {first}give the path of the {known[0]} file itself"
    if ".heic" in tree.others or ".heif" in tree.others:
        return f"{found}: save them as JPEG first"
    if "" in tree.others:
        return f"{found}: if those are pictures, give their names an ending such as .png"
    return f"{found}: give a folder that does"


def _refusal(root: Path, skipped: list[tuple[str, str]]) -> str:
    if len(skipped) == 1:
        ((name, why),) = skipped
        return f"{printable(root / name)} cannot be read as a picture ({why}): mend or remove it"
    each = listed([f"{name} ({why})" for name, why in skipped], 20)
    return f"{len(skipped):,} files in {printable(root)} cannot be read as pictures: {each}: mend or remove them"


def _changed(read: Read) -> list[str]:
    """'12 shrunk from 4000 x 3000': how many pictures had another size, and which."""
    size: Size = read.pixels.shape[1:3]
    said = []
    larger = [own for own in read.sizes if own != size and own[0] >= size[0] and own[1] >= size[1]]
    smaller = [own for own in read.sizes if own[0] < size[0] or own[1] < size[1]]
    for sizes, verb, way, end in ((larger, "shrunk", "largest", max), (smaller, "enlarged", "smallest", min)):
        if not sizes:
            continue
        height, width = end(sizes, key=lambda own: own[0] * own[1])
        which = f"from {width} x {height}" if len(set(sizes)) == 1 else f"({way} {width} x {height})"
        count = "" if len(sizes) == len(read.kept) else f"{len(sizes):,} "
        said.append(f"{count}{verb} {which}")
    return said


def _of_skipped(read: Read, tree: Tree) -> list[str]:
    """'3 damaged files skipped', by the kind of reason."""
    closed = sum(why == DENIED for _, why in read.skipped)
    large = sum(why.startswith(TOO_LARGE) for _, why in read.skipped)
    kinds = (
        (len(read.skipped) - closed - large, "damaged file", "damaged files"),
        (large, "too large file", "too large files"),
        (closed, "file without permission", "files without permission"),
        (len(tree.closed), "folder without permission", "folders without permission"),
    )
    return [f"{counted(n, noun, nouns)} skipped" for n, noun, nouns in kinds if n]


def _warnings(read: Read, form: Form) -> list[str]:
    if all_same(read.pixels):
        colour = "#{:02x}{:02x}{:02x}".format(*form.background)
        if read.transparent:
            return [f"{EQUAL} once laid on the background {colour}: choose another --background, such as black"]
        return [EQUAL]
    return []
