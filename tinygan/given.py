"""Numbers that a caller gives, checked where they come in: a whole number or a finite one, within bounds.

Python's whole numbers have no end. One of five thousand digits passes every `>= 1`, and fails later: as a length, as a
float, or on its way into the sentence that was to say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, SupportsFloat

import numpy as np

from tinygan.words import short, whole

MOST = 2**31 - 1  # of what is counted: no memory holds more
LARGEST_SEED = 2**63 - 1  # of a run
SPELT = 10**4000  # what is only written down, such as in the name of a file: Python spells 4300 digits


def is_whole(value: Any, least: int = 1, most: int = MOST) -> bool:
    """Whether it is a whole number (of Python or NumPy, and no True) from `least` to `most`."""
    if type(value) is int:  # nearly always, and every op asks: the other question takes ten times as long
        return least <= value <= most
    return whole(value, least) and int(value) <= most


def whole_number(
    what: str,
    value: Any,
    least: int = 1,
    most: int = MOST,
    error: Callable[[str], Exception] = ValueError,
) -> int:
    """`value` as an int, if it is a whole number from `least` to `most`.

    Raises
    ------
    ValueError, or what `error` makes of the sentence
        If it is another; True and False are no numbers.

    Examples
    --------
    >>> whole_number("ring: modes", 0)
    Traceback (most recent call last):
    ValueError: ring: modes must be a whole number of at least 1, not 0
    """
    if not whole(value, least):
        raise error(f"{what} must be a whole number of at least {least}, not {short(value)}")
    if int(value) > most:
        raise error(f"{what} must be a whole number from {least} to {short(most)}, not {short(value)}")
    return int(value)


def whole_tuple(values: Any, n: int | None = None, least: int = 0, most: int = MOST) -> tuple[int, ...] | None:
    """The values as a tuple of ints; None if they are no sequence of (n) whole numbers from `least` to `most`.

    Every argument that is several whole numbers (a shape, axes, paddings) is decided here, so that 1.5, True and nan
    are refused by all of them, and NumPy's whole numbers by none; the sentence is the caller's.

    Examples
    --------
    >>> whole_tuple([2, np.int64(3)]), whole_tuple((2, 1.5)), whole_tuple("12"), whole_tuple((2, 3), n=3)
    ((2, 3), None, None, None)
    """
    try:
        given = tuple(values)
    except TypeError:  # no sequence
        return None
    if n not in (None, len(given)) or not all(is_whole(each, least, most) for each in given):
        return None
    return tuple(map(int, given))


def whole_pairs(values: Any, n: int) -> tuple[tuple[int, int], ...] | None:
    """`n` pairs (before, after), each of two whole numbers, 0 or more; None if the values are no such pairs.

    Examples
    --------
    >>> whole_pairs([(0, 1), (2, 3)], 2), whole_pairs((0, 1), 2), whole_pairs(((1.5, 0), (0, 0)), 2)
    (((0, 1), (2, 3)), None, None)
    """
    try:
        pairs = [whole_tuple(pair, 2) for pair in values]
    except TypeError:
        return None
    return None if len(pairs) != n or None in pairs else tuple((pair[0], pair[1]) for pair in pairs if pair)


def finite_number(
    what: str,
    value: Any,
    must: str = "be a finite number",
    fits: Callable[[float], bool] = math.isfinite,
    error: Callable[[str], Exception] = ValueError,
) -> float:
    """`value` as a float, if it is a finite number that fits.

    Parameters
    ----------
    what : str
        What the sentence calls it.
    value : number
    must : str
        What the sentence asks of it, such as "lie in [0, 1)".
    fits : function(float) -> bool
        The same, as a test.
    error : function(str) -> Exception

    Raises
    ------
    ValueError, or what `error` makes of the sentence
        If it is another; True and False are no numbers.

    Examples
    --------
    >>> finite_number("Adam's learning rate", -1, "be above 0", lambda lr: lr > 0)
    Traceback (most recent call last):
    ValueError: Adam's learning rate must be above 0, but it is -1
    """
    if isinstance(value, SupportsFloat) and not isinstance(value, (bool, np.bool_)):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):  # an array of several numbers, or too large for a float
            number = math.nan
        if math.isfinite(number) and fits(number):
            return number
    raise error(f"{what} must {must}, but it is {short(value)}")


def as_float(what: str, value: Any) -> float:
    """`value` as a float, which may be infinite or nan; ValueError for a whole number that is too large for one."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} is too large for a floating-point number: {short(value)}") from None
