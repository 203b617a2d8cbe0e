"""A piano roll and the notes in it: what a melody is to a network, and what it is to an ear.

A roll is an array (T, P): a row for each step of time, a column for each pitch, and a last column for the rest. In
every row one number is the largest, a 1 among zeros in the data: the pitch that sounds then. Steps of one pitch that
follow each other are one note: no pitch can be struck twice without another pitch, or a rest, in between.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygan.words import short

LOWEST = 60  # the MIDI number of the first column: middle C
MAJOR = (0, 2, 4, 5, 7, 9, 11)  # the notes of a major key, in semitones above its keynote


class Note(NamedTuple):
    """A note of a roll."""

    pitch: int  # its MIDI number: 60 is middle C, 69 the A of 440 Hz, and each semitone adds 1
    start: int  # in steps of the roll
    length: int  # in steps of the roll


def sounding(rolls: Any) -> np.ndarray:
    """Which column is the largest at each step: (N, T, P) -> (N, T) whole numbers, where P - 1 is the rest.

    Parameters
    ----------
    rolls : array-like of numbers, shape (N, T, P)
        Ones among zeros, or what a generator returns: its probabilities.

    Raises
    ------
    ValueError
        If they have another shape, are empty, or hold something that is no finite number.
    """
    try:
        array = np.asarray(rolls)
    except (TypeError, ValueError):  # of rows that differ in length
        array = np.empty(0, object)
    if array.ndim != 3 or array.dtype.kind not in "fiub" or not array.size or array.shape[2] < 2:
        given = f"{array.dtype} of shape {array.shape}" if array.size else short(rolls)
        raise ValueError(f"piano rolls are numbers of shape (N, steps, pitches and a rest), not {given}")
    if not np.isfinite(array).all():
        raise ValueError("not all numbers of the piano rolls are finite")
    return array.argmax(axis=2)


def one_hot(columns: np.ndarray, width: int) -> np.ndarray:
    """Rolls of ones and zeros from the sounding columns: (..., T) whole numbers -> (..., T, width) uint8."""
    return (np.asarray(columns)[..., None] == np.arange(width)).astype(np.uint8)


def notes(roll: Any, lowest: int = LOWEST) -> list[Note]:
    """The notes of one roll (T, P), in the order in which they sound.

    Raises
    ------
    ValueError
        As `sounding`.

    Examples
    --------
    >>> notes(one_hot([0, 0, 24, 7], 25))
    [Note(pitch=60, start=0, length=2), Note(pitch=67, start=3, length=1)]
    """
    if np.ndim(roll) != 2:
        raise ValueError(f"one piano roll has the axes (steps, pitches and a rest), not {np.ndim(roll)} axes")
    column, start, length, _ = runs(sounding(np.asarray(roll)[None]))
    heard = column < np.shape(roll)[1] - 1
    each = zip(column[heard].tolist(), start[heard].tolist(), length[heard].tolist(), strict=True)
    return [Note(lowest + c, s, n) for c, s, n in each]


def runs(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Steps of one column that follow each other, of all melodies (N, T) one after the other.

    Returns
    -------
    column, start, length, melody : ndarray of int
        Of each run: its column, where it begins, how long it is (both in steps), and the row that it is in.
    """
    first = np.ones(columns.shape, dtype=bool)
    first[:, 1:] = columns[:, 1:] != columns[:, :-1]
    melody, start = np.nonzero(first)
    ends = np.append(np.flatnonzero(first)[1:], columns.size)
    return columns[melody, start], start, ends - np.flatnonzero(first), melody
