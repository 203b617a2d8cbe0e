"""Labels as people have them: numbers from anywhere, whole floats, one-hot rows, texts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import printable, short


def classes_of(labels: Any, n: int, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the classes 0 to K-1 in their order and keep what they were called.

    Parameters
    ----------
    labels : array-like
        n whole numbers from 0 up (as floats, too), n texts, or n one-hot rows; (n, 1) is taken as (n,).
    n : int
        Number of images.
    name : str
        Of the set, for messages.

    Returns
    -------
    labels : ndarray, shape (n,), int64
    class_names : tuple of str
        The numbers or texts that were given.

    Raises
    ------
    DataError
        If the labels are something else, or not as many as the images.

    Examples
    --------
    >>> classes_of([5, 7, 5], 3, "it")
    (array([0, 1, 0]), ('5', '7'))
    >>> classes_of(["dog", "cat"], 2, "it")
    (array([1, 0]), ('cat', 'dog'))
    """
    try:
        array = np.asarray(labels)
    except (TypeError, ValueError) as error:  # rows of different lengths, an array on a device
        raise DataError(f"the labels of {short(name)} are no array: give one label for each image") from error
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape[:1] != (n,):
        raise DataError(
            f"{short(name)} has {n} images but labels of shape {array.shape}: give one label for each image"
        )
    if array.ndim == 2:
        array = _of_one_hot(array, name)
    if array.ndim != 1:
        raise DataError(f"the labels of {short(name)} have shape {array.shape}: give one label for each image")
    if array.dtype.kind in "OSU":
        return _of_texts(array, name)
    found, numbers = np.unique(_whole(array, name), return_inverse=True)
    return numbers.astype(np.int64), tuple(str(label) for label in found.tolist())


def in_order(names: list[str]) -> list[str]:
    """Names sorted as people count: 2 before 10, and c2 before c10.

    Examples
    --------
    >>> in_order(["10", "2", "c10", "c2", "1"])
    ['1', '2', '10', 'c2', 'c10']
    """
    return sorted(names, key=lambda name: ([(not p.isascii() or not p.isdigit(), _number(p), p) for p in _parts(name)]))


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"([0-9]+)", name) if part]


def _number(part: str) -> int:
    return int(part) if part.isascii() and part.isdigit() and len(part) < 20 else 0


def _of_one_hot(rows: np.ndarray, name: str) -> np.ndarray:
    values = rows.astype(np.float64) if rows.dtype.kind in "fiub" else np.full(rows.shape, 0.5)
    if not (((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all()):
        raise DataError(
            f"the labels of {short(name)} have shape {rows.shape} and are not one-hot (one 1 in each row, else 0): "
            "give one label for each image"
        )
    return values.argmax(axis=1)


def _of_texts(array: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    texts = [label.decode("utf-8", "replace") if isinstance(label, bytes) else label for label in array.tolist()]
    odd = [label for label in texts if not isinstance(label, (str, int))]
    if odd:
        raise DataError(f"the labels of {short(name)} must be whole numbers or texts, not {short(odd[0])}")
    texts = [str(label) for label in texts]
    names = in_order(list(set(texts)))
    place = {text: i for i, text in enumerate(names)}
    return np.array([place[text] for text in texts], np.int64), tuple(map(printable, names))


def _whole(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "fiub":
        raise DataError(f"the labels of {short(name)} must be whole numbers or texts, not {array.dtype}")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.round(array)).all()):
        odd = array[~np.isfinite(array) | (array != np.round(array))][0]
        raise DataError(f"the labels of {short(name)} must be whole numbers, not {odd:g}")
    if array.dtype.kind != "b" and array.min() < 0:
        raise DataError(f"the labels of {short(name)} go down to {array.min():g}: count the classes from 0 up")
    return array.astype(np.int64)
