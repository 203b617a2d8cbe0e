"""What is counted of melodies: do they keep to a key, which note lengths have they, how far do they reach, do they end?

A melody is a piano roll (steps, pitches and a rest), as in `tinygan.rolls`; of a generator's probabilities, the largest
in each step is what sounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygan.given import is_whole
from tinygan.rolls import LOWEST, MAJOR, runs, sounding
from tinygan.words import short


def key_shares(rolls: np.ndarray, keys: Sequence[int] = tuple(range(12))) -> np.ndarray:
    """Which share of each melody's notes belongs to each of these major keys.

    The largest of a row says how far a melody keeps to one key, and which it is. Notes count alike, long ones and
    short ones.

    Parameters
    ----------
    rolls : ndarray, shape (N, T, P)
    keys : sequence of K ints
        Keynotes in semitones above C, 0 to 11.

    Returns
    -------
    ndarray of float, shape (N, K)
        In [0, 1]; 0 for a melody without a note.

    Raises
    ------
    ValueError
        If the rolls are none, or a key is no whole number from 0 to 11.
    """
    _check(keys)
    melody, pitch, _, n = _notes(rolls)
    inside = np.isin((pitch[:, None] - np.asarray(keys)) % 12, MAJOR)
    count = np.bincount(melody, minlength=n)
    sums = np.stack([np.bincount(melody, column, minlength=n) for column in inside.T], axis=1)
    shares: np.ndarray = sums / np.maximum(count, 1)[:, None]
    return shares


def length_shares(rolls: np.ndarray) -> np.ndarray:
    """Which share of all notes lasts 1, 2, ..., T steps: the histogram of rhythm, (T,); zeros if there is no note.

    Half the sum of the differences between two of them, ``abs(a - b).sum() / 2``, is the share of notes that would have
    to change their length to make one the other (total variation).

    Raises
    ------
    ValueError
        If the rolls are none.
    """
    length, steps = _notes(rolls)[2], np.shape(rolls)[1]
    counts = np.bincount(length, minlength=steps + 1)[1:]
    shares: np.ndarray = counts / max(len(length), 1)
    return shares


def pitch_ranges(rolls: np.ndarray) -> np.ndarray:
    """Semitones from the lowest to the highest note of each melody, (N,); 0 for a melody without a note.

    Raises
    ------
    ValueError
        If the rolls are none.
    """
    melody, pitch, _, n = _notes(rolls)
    lowest, highest = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(lowest, melody, pitch)
    np.maximum.at(highest, melody, pitch)
    return np.where(highest < 0, 0, highest - lowest)


def end_on_keynote(rolls: np.ndarray, keys: Sequence[int] = tuple(range(12))) -> np.ndarray:
    """Whether the last note of each melody is the keynote of the key that most of its notes are in, (N,) of bool.

    Of several such keys it is enough to end on the keynote of one. A melody without a note does not.

    Raises
    ------
    ValueError
        As `key_shares`.
    """
    shares = key_shares(rolls, keys)
    melody, pitch, _, n = _notes(rolls)
    last = np.full(n, -1)
    last[melody] = pitch % 12  # of each melody the last one stays
    best = (shares == shares.max(axis=1, keepdims=True)) & (last[:, None] == np.asarray(keys))
    ends: np.ndarray = best.any(axis=1)
    return ends


def _notes(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Of all notes in their order: the melody, the pitch, the length in steps; and the number of melodies."""
    columns = sounding(rolls)
    column, _, length, melody = runs(columns)
    heard = column < np.shape(rolls)[2] - 1
    return melody[heard], LOWEST + column[heard], length[heard], len(columns)


def _check(keys: Sequence[int]) -> None:
    if not len(keys) or not all(is_whole(key, 0, 11) for key in keys):
        raise ValueError(f"keys must be whole numbers from 0 to 11, semitones above C, not {short(keys)}")
