"""Sequences in memory: strings, and melodies as piano rolls. Each place holds one of V symbols: a one among zeros."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.melodies import Melodies, melodies
from tinygan.data.stored import Stored
from tinygan.data.strings import PADDING, Strings, dates, molecules
from tinygan.given import SPELT, whole_number
from tinygan.words import counted, printable, short

LONGEST, MOST_SYMBOLS = 128, 256  # of strings in a file: a sample of (128, 256) is as large as a picture of 181 x 181


@dataclass(frozen=True, eq=False)
class Sequences(Stored):
    """Sequences of L places, each with one of V symbols: strings, or melodies as piano rolls.

    Attributes
    ----------
    name, labels, class_names, said, notes
        As of `Images`.
    pixels : ndarray, shape (N, L, V), uint8
        255 at the symbol of each place, 0 elsewhere: the probabilities 1 and 0 that a softmax comes near to.
    words : Strings or None
        What the strings are written by: their alphabet, and the rule that they follow, if there is one. None: the
        sequences are piano rolls (steps, pitches from middle C upwards and, last, the rest), as in `tinygan.rolls`.

    Raises
    ------
    DataError
        If there is no sequence, a type or shape is not as above, or a place has not exactly one symbol.
    """

    words: Strings | None = None

    one, many = "sequence", "sequences"

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.size == 0:
            has = f"the sequences of {short(self.name)} are {pixels.dtype} of shape {pixels.shape}"
            raise DataError(f"{has}: give uint8 of shape (N, L, V), 255 at the symbol of each place")
        if not ((pixels == 255).sum(axis=2) == 1).all() or not ((pixels == 0) | (pixels == 255)).all():
            raise DataError(f"each place of the sequences of {short(self.name)} must have one 255, and else 0")
        if self.words and self.words.sample_shape != self.sample_shape:
            raise DataError(f"{short(self.name)} has {self.sample_shape}, and its strings {self.words.sample_shape}")
        super().__post_init__()

    @property
    def alphabet(self) -> str | None:
        """The symbols of strings; None of piano rolls."""
        return self.words.alphabet if self.words else None

    @cached_property
    def fingerprint(self) -> str:
        """As that of `Images`; it changes with the alphabet, too."""
        return hashlib.blake2b(f"{super().fingerprint} {self.alphabet}".encode(), digest_size=16).hexdigest()

    def describe(self) -> str:
        """One line about the set, to be said before training.

        Examples
        --------
        >>> encoded(dates(), ["1961 Apr 9", "2000 Feb 29"]).describe()
        '2 strings of up to 11 symbols out of 34, such as 1961 Apr 9'
        """
        places, symbols = self.sample_shape
        if self.words is None:
            what = [f"{counted(len(self), 'melody', 'melodies')} of {places} steps, {symbols - 1} pitches and a rest"]
        else:
            first = printable(self.words.decode(self.pixels[:1])[0], 24)
            number = counted(len(self), "string")
            what = [f"{number} of up to {places} symbols out of {symbols}, such as {first}"]
        return ", ".join([*what, *self._classes(), *self.said])


def encoded(words: Strings, strings: Sequence[str]) -> Sequences:
    """Strings as a set to learn from."""
    pixels = np.empty((len(strings), *words.sample_shape), np.uint8)
    for start in range(0, len(strings), 1024):  # float32 takes four times as much
        pixels[start : start + 1024] = 255 * words.encode(strings[start : start + 1024])
    return Sequences(words.name, pixels, words=words)


def written(words: Strings, n: int = 5000, seed: int = 0) -> Sequences:
    """n strings that `words` writes by its rule; the same `n` and `seed` give the same ones.

    Raises
    ------
    DataError
        If `n` is not a whole number >= 1, or `seed` not one >= 0.
    """
    n = whole_number(f"{words.name}: n", n, error=DataError)
    seed = whole_number(f"{words.name}: seed", seed, 0, SPELT, error=DataError)
    return encoded(words, words.strings(n, np.random.default_rng(seed)))


def written_dates(n: int = 5000, seed: int = 0) -> Sequences:
    """`dates` as a set to learn from."""
    return written(dates(), n, seed)


def written_molecules(n: int = 5000, seed: int = 0, length: int = 12) -> Sequences:
    """`molecules` as a set to learn from."""
    return written(molecules(length), n, seed)


def played(tunes: Melodies) -> Sequences:
    """Melodies as a set to learn from, with their keys as classes."""
    return Sequences("melodies", 255 * tunes.rolls, tunes.labels, tunes.names)


def played_melodies(n: int = 5000, seed: int = 0) -> Sequences:
    """`melodies` as a set to learn from, with their keys as classes."""
    return played(melodies(n, seed))


def read_strings(path: Path, name: str) -> Sequences:
    """A text file in UTF-8, a string on each line; empty lines are passed over, and space at the ends is dropped.

    The alphabet is made of all the symbols in it, with a padding in front: `_`, or if that is among them, another.

    Raises
    ------
    DataError
        If it is not text, has no string, or one that is too long, or too many symbols.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{printable(path)} is no text in UTF-8: save it so, with a string on each line") from error
    strings = [line.strip() for line in text.splitlines() if line.strip()]
    if not strings:
        raise DataError(f"{printable(path)} has no strings: write one on each line")
    longest = max(strings, key=len)
    if len(longest) > LONGEST:
        long = f"{short(longest)} has {len(longest)} symbols"
        raise DataError(f"{printable(path)}: strings may have up to {LONGEST} symbols, and {long}")
    symbols = sorted(set("".join(strings)))
    if len(symbols) >= MOST_SYMBOLS:
        raise DataError(f"{printable(path)} has {len(symbols)} different symbols, and up to {MOST_SYMBOLS - 1} may be")
    padding = next(symbol for symbol in (PADDING, *map(chr, range(0x2400, 0x2440))) if symbol not in symbols)
    words = Strings(
        name,
        padding + "".join(symbols),
        max(len(longest), 2),
        None,
        lambda rng: strings[int(rng.integers(len(strings)))],
    )
    return encoded(words, strings)
