"""Short strings as one-hot arrays, and two rules to write them by: dates, and small molecules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.molecules import SYMBOLS, is_molecule, write_molecule
from tinygan.given import whole_number
from tinygan.words import short

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FIRST_YEAR, LAST_YEAR = 1900, 2099
PADDING = "_"  # behind the end of a string, and nowhere else


@dataclass(frozen=True)
class Strings:
    """Strings of at most `length` symbols, written by a rule that can be checked.

    Attributes
    ----------
    name : str
    alphabet : str
        The V symbols, each once; the first is the padding, which fills a string up to its length.
    length : int
        L, of the longest string.
    valid : function(str) -> bool, or None
        Whether a string, without padding, follows the rule; None where there is no rule.
    write : function(numpy.random.Generator) -> str
        Draws one valid string; longer ones than `length` are drawn again.

    Examples
    --------
    >>> words = dates()
    >>> words.strings(2, np.random.default_rng(0))
    ['2027 Nov 16', '1961 Apr 2']
    >>> words.encode(["1961 Apr 9"]).shape == (1, *words.sample_shape) == (1, 11, len(words.alphabet))
    True
    """

    name: str
    alphabet: str
    length: int
    valid: Callable[[str], bool] | None
    write: Callable[[np.random.Generator], str]

    @property
    def sample_shape(self) -> tuple[int, int]:
        """Of one sample: (L, V)."""
        return self.length, len(self.alphabet)

    def strings(self, n: int, rng: np.random.Generator) -> list[str]:
        """`n` valid strings; the same generator in the same state gives the same ones."""
        n = whole_number("the number of strings", n, 0, error=DataError)
        found: list[str] = []
        while len(found) < n:
            text = self.write(rng)
            if len(text) <= self.length:
                found.append(text)
        return found

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """The same, encoded: (n, L, V) float32."""
        return self.encode(self.strings(n, rng))

    def encode(self, strings: Sequence[str]) -> np.ndarray:
        """One-hot rows for each symbol, and for the padding behind the last: n strings -> (n, L, V) float32.

        Raises
        ------
        DataError
            If a string is too long, or has a symbol that is not in the alphabet.
        """
        places = {symbol: i for i, symbol in enumerate(self.alphabet)}
        for text in strings:
            strange = [symbol for symbol in text if symbol not in places]
            if strange:
                raise DataError(f"{short(text)} has {short(strange[0])}, which is none of {short(self.alphabet)}")
            if len(text) > self.length:
                raise DataError(f"{short(text)} is longer than the {self.length} symbols of {self.name}")
        rows = [[places[symbol] for symbol in text.ljust(self.length, self.alphabet[0])] for text in strings]
        return np.eye(len(self.alphabet), dtype=np.float32)[np.array(rows, np.int64).reshape(-1, self.length)]

    def decode(self, samples: np.ndarray) -> list[str]:
        """The most probable symbol at each place, without the padding at the end: (n, L, V) -> n strings.

        Padding before the end stays, and makes a string invalid.

        Raises
        ------
        DataError
            If `samples` is not (n, L, V).
        """
        samples = np.asarray(samples)
        if samples.ndim != 3 or samples.shape[1:] != self.sample_shape:
            raise DataError(
                f"{self.name} are decoded from (n, {self.length}, {len(self.alphabet)}), not {samples.shape}"
            )
        return decoded(samples, self.alphabet)

    def describe(self) -> str:
        """What they are, in one line."""
        return f"{self.name}: strings of up to {self.length} symbols out of {len(self.alphabet)}, written by rule"


def decoded(samples: np.ndarray, alphabet: str) -> list[str]:
    """The strings of samples (n, L, V), V symbols of which the first is the padding: see `Strings.decode`."""
    symbols = np.array(list(alphabet))[samples.argmax(axis=2)]
    return ["".join(row).rstrip(alphabet[0]) for row in symbols]


# -- dates ------------------------------------------------------------------------------------------------


def days_in(month: str, year: int) -> int:
    """Of the Gregorian calendar."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return DAYS[MONTHS.index(month)] + (month == "Feb" and leap)


def is_date(text: str) -> bool:
    """Whether it is a day of the years 1900 to 2099, written as 1961 Apr 9.

    Examples
    --------
    >>> [is_date(text) for text in ("2000 Feb 29", "1900 Feb 29", "1980 Jun 31", "1961 Apr 09")]
    [True, False, False, False]
    """
    parts = text.split(" ")
    if len(parts) != 3 or parts[1] not in MONTHS or not all(p.isdecimal() and p[0] != "0" for p in parts[::2]):
        return False
    year, day = int(parts[0]), int(parts[2])
    return FIRST_YEAR <= year <= LAST_YEAR and day <= days_in(parts[1], year)


def write_date(rng: np.random.Generator) -> str:
    """A month, a year and a day of that month, each uniformly."""
    month, year = MONTHS[rng.integers(12)], int(rng.integers(FIRST_YEAR, LAST_YEAR + 1))
    return f"{year} {month} {rng.integers(days_in(month, year)) + 1}"


def dates() -> Strings:
    """Days of the years 1900 to 2099, such as 1961 Apr 9: strings of 10 or 11 symbols out of 33.

    What makes one valid reaches from end to end: the month's three letters, the length of the month, leap years.
    """
    letters = "".join(sorted(set("".join(MONTHS))))
    return Strings("dates", PADDING + " 0123456789" + letters, 11, is_date, write_date)


def molecules(length: int = 12) -> Strings:
    """Molecules of carbon, nitrogen and oxygen in SMILES, such as CC(=O)NC, with at most one ring.

    Hydrogen is left out, as usual: what an atom's bonds leave over is hydrogen. Source of the notation: Weininger,
    "SMILES, a chemical language and information system", Journal of Chemical Information and Computer Sciences, 1988.

    Raises
    ------
    DataError
        If `length` is not a whole number from 8 to 60.
    """
    length = whole_number("the length of molecules", length, 8, 60, error=DataError)
    return Strings("molecules", PADDING + SYMBOLS, length, is_molecule, write_molecule)
