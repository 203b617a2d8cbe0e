"""Which pictures of a tree are meant, and which class each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinygan.data.classes import in_order
from tinygan.data.errors import DataError
from tinygan.data.tree import Entry, Parts, Tree
from tinygan.words import counted, listed, printable, short

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")


@dataclass
class Chosen:
    """The pictures that are meant.

    Attributes
    ----------
    entries : list of Entry
        In the order of their paths.
    labels : ndarray, shape (N,), int64, or None
        The class of each.
    class_names : tuple of str, or None
        The folders of the classes.
    said : list of str
        What was left out, and why there are no labels if there nearly were.
    """

    entries: list[Entry]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    said: list[str] = field(default_factory=list)

    def only(self, kept: list[int]) -> Chosen:
        """Those of the pictures that could be read, by their places; a class of which none is left is left out."""
        entries, labels, names, said = [self.entries[i] for i in kept], self.labels, self.class_names, self.said
        if labels is not None and names is not None:
            classes, labels = np.unique(labels[kept], return_inverse=True)
            gone = [printable(name, 40) for k, name in enumerate(names) if k not in classes]
            said = [*said, f"nothing left of {listed(gone)}"] if gone else said
            names = tuple(names[k] for k in classes)
        return Chosen(entries, labels, names, said)


def arrange(tree: Tree, split: str = "train") -> Chosen:
    """Choose the pictures of one part, and number their classes.

    One folder that holds all others is gone into. Below train/ and test/ (or val/, valid/, validation/) only the part
    that is asked for is taken. Two folders or more are classes, and a few pictures beside them are passed over.

    Raises
    ------
    DataError
        If the part that is asked for is not there.
    """
    base: Parts = ()
    entries, said, parted = tree.entries, [], False
    while True:
        depth = len(base)
        tops: dict[str, list[Entry]] = {}
        loose = [entry for entry in entries if len(entry.parts) == depth + 1]
        for entry in entries:
            if len(entry.parts) > depth + 1:
                tops.setdefault(entry.parts[depth], []).append(entry)
        empty = _empty(tree, base, tops)
        name = None if parted else _part(tops, split, tree)
        if name is not None:
            parted = True
            said += _kept_apart(tops, name) + _beside(loose, f"{name}/")
        elif len(tops) == 1 and (not loose or (len(loose) < len(entries) / 2 and _has_classes(tops, depth))):
            (name,) = tops
            said += _beside(loose, f"{printable(name)}/") + empty
            if empty:
                said.append(f"no labels: all pictures lie in {printable(name)}/")
        else:
            break
        base, entries = (*base, name), tops[name]
    if split != "train" and not parted:
        raise DataError(f"{printable(tree.root)} has no folder called test or val: leave out split={short(split)}")
    return _by_class(entries, tops, loose, [*said, *empty], depth)


def _empty(tree: Tree, base: Parts, tops: dict[str, list[Entry]]) -> list[str]:
    """Folders beside those with pictures that hold none."""
    names = [f[-1] for f in tree.folders if f[:-1] == base and f[-1] not in tops]
    if not names or not tops:
        return []
    verb = "holds" if len(names) == 1 else "hold"
    return [f"{listed([printable(name, 40) + '/' for name in in_order(names)])} {verb} no picture"]


def _part(tops: dict[str, list[Entry]], split: str, tree: Tree) -> str | None:
    """The folder of the part that is asked for, if the folders are the parts of a set."""
    lower = {name.lower(): name for name in in_order(list(tops))}
    train = next((lower[name] for name in TRAIN if name in lower), None)
    test = next((lower[name] for name in TEST if name in lower), None)
    alone = len(tops) == 1 and (train or split == "test")  # a folder called test may be all there is
    if not (train and test) and not alone:
        if len(tops) > 1 and set(lower) <= set(TEST):
            names = listed([f"{name}/" for name in tops])
            raise DataError(f"{printable(tree.root)} holds {names} but no train/: name one of them")
        return None
    wanted = train if split == "train" else test
    if wanted is None and train:
        raise DataError(f"{printable(tree.root)} holds {train}/ but no test/ or val/: leave out split={short(split)}")
    return wanted


def _kept_apart(tops: dict[str, list[Entry]], chosen: str) -> list[str]:
    others = [name for name in tops if name != chosen]
    return [f"{printable(name)}/ kept apart ({counted(len(tops[name]), 'picture')})" for name in others]


def _beside(loose: list[Entry], folders: str) -> list[str]:
    return [f"{counted(len(loose), 'picture')} beside {folders} passed over ({_names(loose)})"] if loose else []


def _names(entries: list[Entry]) -> str:
    return listed([printable(entry.parts[-1], 40) for entry in entries], 2)


def _has_classes(tops: dict[str, list[Entry]], depth: int) -> bool:
    """Whether there are two folders or more in the only folder."""
    (entries,) = tops.values()
    return len({entry.parts[depth + 1] for entry in entries if len(entry.parts) > depth + 2}) > 1


def _by_class(
    entries: list[Entry], tops: dict[str, list[Entry]], loose: list[Entry], said: list[str], depth: int
) -> Chosen:
    if len(tops) < 2:
        return Chosen(entries, said=said)
    inside = sum(map(len, tops.values()))
    if len(loose) >= inside:
        outside = f"{counted(len(loose), 'picture')} outside the class folders ({_names(loose)})"
        return Chosen(entries, said=[*said, f"no labels: {outside}, {inside:,} inside"])
    names = in_order(list(tops))
    classed = [entry for entry in entries if len(entry.parts) > depth + 1]
    place = {name: k for k, name in enumerate(names)}
    labels = np.array([place[entry.parts[depth]] for entry in classed], np.int64)
    return Chosen(classed, labels, tuple(map(printable, names)), said + _beside(loose, "the class folders"))
