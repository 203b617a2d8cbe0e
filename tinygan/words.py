"""What sentences share: a guess at a misspelt name, numbers with their nouns, short lists, names fit to be printed."""

import difflib
import math
import numbers
import reprlib
from collections.abc import Iterable, Sequence

LONGEST = 80  # letters of a value in a sentence


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` was probably meant to be, or None.

    Examples
    --------
    >>> nearest("mnits", ["ring", "mnist"])
    'mnist'
    """
    if not isinstance(name, str) or len(name) > LONGEST:
        return None  # nothing like it; and it would take minutes to find out
    near = difflib.get_close_matches(name, list(known), n=1)
    return near[0] if near else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """': did you mean ...? choose one of ...', to end a sentence with.

    Examples
    --------
    >>> did_you_mean("mnits", ["ring", "mnist"])
    ': did you mean mnist? choose one of ring, mnist'
    >>> did_you_mean("xyz", ["ring", "mnist"])
    ': choose one of ring, mnist'
    """
    known = list(known)
    near = nearest(name, known)
    return f": {f'did you mean {near}? ' if near else ''}choose one of {', '.join(known)}"


def counted(n: int, noun: str, nouns: str | None = None) -> str:
    """A number with its noun: '1 picture', '12,000 pictures'; `nouns` where the plural is not noun + s."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def listed(items: Sequence[str], most: int = 5) -> str:
    """'a, b, c', of a long list only the first `most` and how many more there are."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most:,} more"


def printable(text: object, most: int = 200) -> str:
    r"""A name as it can be printed in one line: what a terminal cannot show is spelt as \n, \udc80 and so on.

    Of names longer than `most` characters the middle is left out.
    """
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
    return plain if len(plain) <= most else f"{plain[: most // 2]}...{plain[-(most // 2) :]}"


def whole(value: object, least: int) -> bool:
    """Whether it is a whole number of at least `least`, and no True."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least


def short(value: object) -> str:
    """A value as a sentence shows it: as Python writes it, but in one line, and of a large one not all.

    Examples
    --------
    >>> short("a b"), short(0.5), short({"a": 1})
    ("'a b'", '0.5', "{'a': 1}")
    >>> short(list(range(10**6)))
    '[0, 1, 2, 3, 4, 5, ...]'
    """
    try:
        text = _SHORT.repr(value)
    except Exception:  # of its __repr__
        text = f"<{type(value).__name__}>"
        if isinstance(value, int):  # Python spells none of thousands of digits
            text = f"<a number of {int(math.log10(abs(value))) + 1} digits>"
    return printable(" ".join(text.split()), LONGEST)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = LONGEST - 3
