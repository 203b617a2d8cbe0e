"""A weight file: one small archive of float16 arrays, with the accuracy measured on them and a checksum."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import archive
from tinygan.classifier.errors import ClassifierError
from tinygan.classifier.model import CLASSES, DATA, SHAPE, Classifier
from tinygan.files import PathLike
from tinygan.reading import Unreadable, check_fields, list_of, maybe, number, text, whole
from tinygan.words import short

ABOUT = "record"  # what stands beside the arrays
FIELDS = {
    "data": text,
    "accuracy": number,
    "test_images": whole(),
    "epochs": whole(),
    "seed": whole(),
    "shape": maybe(list_of(whole(1, 4096), 3, 3)),
    "class_names": maybe(list_of(text, 2)),
}


@dataclass(frozen=True)
class Record:
    """What is known about a classifier.

    Attributes
    ----------
    data : str
        What it was trained on: "mnist", "digits", or the name of another set of images.
    accuracy : float
        Share of the test images it names rightly, in [0, 1].
    test_images : int
        How many there were.
    epochs, seed : int
        With which the recipe repeats it.
    checksum : str
        SHA-256 of its weight file's content, in hexadecimal; empty before it is saved.
    shape : tuple of int
        (H, W, C) of an image.
    class_names : tuple of str
        What it tells apart, in the order of its probabilities.
    """

    data: str
    accuracy: float
    test_images: int
    epochs: int
    seed: int
    checksum: str = ""
    shape: tuple[int, ...] = SHAPE
    class_names: tuple[str, ...] = tuple(map(str, range(CLASSES)))

    @property
    def short_checksum(self) -> str:
        """The first eight digits: enough to tell classifiers apart in a table."""
        return self.checksum[:8]

    def __str__(self) -> str:
        right = f"{self.accuracy:.2%} of {self.test_images:,} test images"
        return f"{self.data} classifier {self.short_checksum} ({right})"


def rounded(classifier: Classifier) -> Classifier:
    """Round its weights to the float16 that a weight file holds, in place, so that what is measured is what is kept."""
    classifier.load_state_dict({name: array.astype(np.float16) for name, array in classifier.state_dict().items()})
    return classifier


def save(path: PathLike, classifier: Classifier, record: Record) -> Record:
    """Write a weight file; a reader sees the old file or the new one, never half.

    Parameters
    ----------
    path : path
    classifier : Classifier
        Its weights are stored in float16. It gets the record.
    record : Record
        Without a checksum; the shape is the classifier's, whatever it says.

    Returns
    -------
    Record
        With the checksum.

    Raises
    ------
    ClassifierError
        If the record does not name each class.
    OSError
        If the folder is missing or the disk is full.
    """
    if len(record.class_names) != classifier.classes:
        names, k = len(record.class_names), classifier.classes
        raise ClassifierError(f"the classifier tells {k} classes apart, and the record has {names} class_names")
    record = replace(record, shape=tuple(classifier.shape))
    arrays = {name: array.astype(np.float16) for name, array in classifier.state_dict().items()}
    about = {name: value for name, value in asdict(record).items() if name != "checksum"}
    for name in ("shape", "class_names"):  # files from before there was a choice do not have them
        if about[name] == getattr(Record, name):
            del about[name]
    classifier.record = replace(record, checksum=archive.save(path, arrays, ABOUT, about))
    return classifier.record


def load(which: PathLike) -> Classifier:
    """A trained classifier, in evaluation mode, on the current backend.

    Parameters
    ----------
    which : str or path
        "mnist" or "digits" for one of the two that come with the package, or a weight file (.npz).

    Returns
    -------
    Classifier
        Its `record` says how good it is; ``print(classifier.record)`` is a line for beside a table.

    Raises
    ------
    ClassifierError
        If there is no such classifier, or its file is missing, damaged or of another model.
    """
    path = Path(__file__).with_name(f"{which}.npz") if which in DATA else Path(os.path.expanduser(which))
    if path.suffix != ".npz":
        names = " or ".join(DATA)
        raise ClassifierError(
            f"there is no classifier {short(str(which))}: choose {names}, or name a weight file (.npz)"
        )
    arrays, record = _read(path)
    classifier = Classifier.build(np.random.default_rng(0), record.shape, len(record.class_names))
    try:
        classifier.load_state_dict(arrays)
    except ValueError as error:
        raise ClassifierError(f"{path} holds the weights of another model: {error}") from None
    classifier.record = record
    classifier.eval()
    return classifier


def _read(path: Path) -> tuple[dict[str, np.ndarray], Record]:
    """The arrays and the record of a weight file, once its checksum has been found right."""
    arrays, about, checksum = archive.load(path, ABOUT, "holds no classifier", ClassifierError)
    try:
        check_fields(about, FIELDS)
        record = Record(**{**about, **_tuples(about)}, checksum=checksum)
    except Unreadable as why:
        raise ClassifierError(f"{path} was changed: {why}") from None
    except TypeError:
        raise ClassifierError(f"{path} holds no classifier of tinygan") from None
    return arrays, record


def _tuples(about: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What JSON made a list of, as it was."""
    return {name: tuple(about[name]) for name in ("shape", "class_names") if name in about}
