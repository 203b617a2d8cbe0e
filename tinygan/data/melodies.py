"""Melodies of two bars, made by rules: a set of sequences that shows by ear, and by counting, what a GAN has learnt.

A melody has 32 steps, sixteenths of two bars, and stays in one major key. Each half bar has a rhythm and a figure: a
piece of a scale, of broken thirds or chords, a turn. The second bar begins with the rhythm of the first; the last half
bar comes to rest on the keynote, from the note below it, from the note above it, or from the fifth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.given import SPELT, is_whole, whole_number
from tinygan.rolls import LOWEST, MAJOR, one_hot
from tinygan.words import short

STEPS, PITCHES = 32, 24  # sixteenths; semitones from middle C on, beside which the rest stands
KEYS = (0, 4, 8)  # the keynotes of C, E and A flat major: two of these keys have three notes in common
TONICS = "C", "D flat", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"

RHYTHMS = (8,), (4, 4), (6, 2), (2, 6), (4, 2, 2), (2, 2, 4), (2, 4, 2), (2, 2, 2, 2)  # lengths in a half bar
FIGURES = (1,), (-1,), (2,), (-2,), (1, -1), (-1, 1), (2, -1), (-2, 1)  # from note to note, in notes of the scale
ENDS = (2, 6), (4, 4), (2, 2, 4)  # rhythms of the last half bar; in (2, 2, 4) the last is silent
CADENCES = -1, 1, 4, -3  # the note before the last, in notes of the scale above the keynote


@dataclass(frozen=True, eq=False)
class Melodies:
    """Melodies as piano rolls.

    Attributes
    ----------
    rolls : ndarray of uint8, shape (N, 32, 25)
        A 1 in each row: at that step this pitch sounds, from middle C upwards, or nothing (the last column).
    labels : ndarray of int64, shape (N,)
        Which of the keys each is in.
    keys : tuple of int
        The keynotes, in semitones above C.
    names : tuple of str
        Of the keys, such as "E flat major".
    """

    rolls: np.ndarray
    labels: np.ndarray
    keys: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rolls)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one melody: (32, 25)."""
        return self.rolls.shape[1:]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{TONICS[key]} major" for key in self.keys)


def melodies(n: int = 5000, seed: int = 0, keys: Sequence[int] = KEYS) -> Melodies:
    """Melodies of two bars, each in one of the keys.

    Parameters
    ----------
    n : int
    seed : int
        Of every random choice: the same `n`, `seed` and `keys` give the same melodies.
    keys : sequence of int
        Keynotes in semitones above C, 0 to 11, each once. Every key is equally frequent, give or take one melody.

    Raises
    ------
    DataError
        If `n` is not a whole number >= 1, `seed` not one >= 0, or a key not one from 0 to 11, or there twice.

    Examples
    --------
    >>> data = melodies(6)
    >>> data.rolls.shape, data.names
    ((6, 32, 25), ('C major', 'E major', 'A flat major'))
    """
    n = whole_number("melodies: n", n, error=DataError)
    rng = np.random.default_rng(whole_number("melodies: seed", seed, 0, SPELT, error=DataError))
    chosen = _keys(keys)
    labels = rng.permutation(np.arange(n) % len(chosen))
    columns = np.stack([_melody(chosen[label], rng) for label in labels])
    return Melodies(one_hot(columns, PITCHES + 1), labels.astype(np.int64), chosen)


def _keys(keys: Any) -> tuple[int, ...]:
    chosen = tuple(keys) if isinstance(keys, (Sequence, np.ndarray)) and not isinstance(keys, str) else ()
    if not chosen or not all(is_whole(key, 0, 11) for key in chosen) or len(set(chosen)) < len(chosen):
        raise DataError(f"melodies: keys must be whole numbers from 0 to 11, each once, not {short(keys)}")
    return tuple(int(key) for key in chosen)


def _melody(key: int, rng: np.random.Generator) -> np.ndarray:
    """The sounding columns (32,) of one melody."""
    scale = _scale(key)
    tonics = [i for i in range(len(scale)) if (scale[i] - key) % 12 == 0]
    rhythms = [RHYTHMS[i] for i in rng.integers(len(RHYTHMS), size=2)]
    place = int(rng.choice([i for i, column in enumerate(scale) if (column - key) % 12 in (0, 4, 7)]))  # of the chord
    places, lengths = [place], []
    for rhythm in (*rhythms, rhythms[0]):
        figure = FIGURES[rng.integers(len(FIGURES))]
        for i, length in enumerate(rhythm):
            lengths.append(length)
            move = figure[i % len(figure)]
            places.append(places[-1] + (move if 0 <= places[-1] + move < len(scale) else -move))
    places.pop()  # where it would have gone on: the cadence comes instead
    end = ENDS[rng.integers(len(ENDS))]
    tonic = min(tonics, key=lambda i: abs(i - places[-1]))
    before = [tonic + i for i in CADENCES if 0 <= tonic + i < len(scale) and tonic + i != places[-1]]
    columns = [scale[i] for i in (*places, before[rng.integers(len(before))], tonic)]
    silent = [PITCHES] if len(end) > 2 else []
    return np.repeat([*columns, *silent], [*lengths, *end])


def _scale(key: int) -> list[int]:
    """The columns of the key's notes, upwards."""
    return [column for column in range(PITCHES) if (LOWEST + column - key) % 12 in MAJOR]
