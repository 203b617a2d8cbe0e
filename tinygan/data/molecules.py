"""Small molecules in SMILES: written by a rule, and checked by another that knows nothing of the first.

A subset of the notation: the atoms C, N and O, with hydrogen left out; `=` and `#` for double and triple bonds; a
branch in parentheses; a digit at two atoms for a bond between them, which closes a ring.
"""

from __future__ import annotations

import numpy as np

VALENCE = {"C": 4, "N": 3, "O": 2}
ORDER = {"=": 2, "#": 3}
SYMBOLS = "CNO=#()1"
FEWEST_ATOMS, MOST_ATOMS, SMALLEST_RING = 5, 8, 5
RING = 0.3  # how often a ring is closed, where one of five atoms or more can be
CHAIN = 0.85  # how often an atom goes to the end of the chain, where that has a bond left


# -- reading -----------------------------------------------------------------------------------------------


def is_molecule(text: str) -> bool:
    """Whether a string is a molecule: its grammar is right, and no atom has more bonds than its valence.

    C makes up to four bonds, N three, O two. A ring must be closed, and no two atoms be bonded twice over.

    Examples
    --------
    >>> [is_molecule(text) for text in ("CC(=O)N", "C1CCCC1", "O=C=O", "C#N")]
    [True, True, True, True]
    >>> [is_molecule(text) for text in ("C=O=C", "CC(C", "C1CC", "C1C1", "C()C", "CC=")]
    [False, False, False, False, False, False]
    """
    bonds = read_bonds(text)
    if bonds is None:
        return False
    used = [0] * sum(symbol in VALENCE for symbol in text)
    for (a, b), order in bonds.items():
        used[a] += order
        used[b] += order
    return all(n <= VALENCE[atom] for n, atom in zip(used, (s for s in text if s in VALENCE), strict=True))


def read_bonds(text: str) -> dict[tuple[int, int], int] | None:
    """{(atom, later atom): order} of a string, its atoms counted from 0; None where its grammar is wrong.

    `here` is the atom that the next one is bonded to; a parenthesis puts it on a stack, to come back to it.
    """
    bonds: dict[tuple[int, int], int] = {}
    stack: list[int] = []
    rings: dict[str, tuple[int, int]] = {}  # digit: the atom that opened it, and the bond written there (0: none)
    atoms, here, order, before = 0, -1, 0, ""
    for symbol in text:
        if symbol in VALENCE:
            if here >= 0:
                bonds[here, atoms] = order or 1
            here, atoms, order = atoms, atoms + 1, 0
        elif here < 0 or (order and not symbol.isdecimal()):
            return None  # begins without an atom, or has a bond that leads nowhere
        elif symbol in ORDER:
            order = ORDER[symbol]
        elif symbol == "(" and before != "(":
            stack.append(here)
        elif symbol == ")" and stack and before != "(":
            here = stack.pop()
        elif symbol in "123456789" and before not in "()":
            other, first = rings.pop(symbol, (-1, 0))
            if other < 0:
                rings[symbol] = here, order
            elif other == here or (other, here) in bonds or (first and order and first != order):
                return None
            else:
                bonds[other, here] = first or order or 1
            order = 0
        else:
            return None
        before = symbol
    return None if not atoms or stack or rings or order else bonds


# -- writing -----------------------------------------------------------------------------------------------


def write_molecule(rng: np.random.Generator) -> str:
    """Grow a tree of 5 to 8 atoms, of fewer if no bonds are left; sometimes close a ring; spell it."""
    kinds, free, path = ["C"], [4], [{0}]  # path: the atoms from the first to this one
    bonds: dict[tuple[int, int], int] = {}
    for atom in range(1, int(rng.integers(FEWEST_ATOMS, MOST_ATOMS + 1))):
        able = [i for i, left in enumerate(free) if left]
        if not able:
            break
        old = able[-1] if rng.random() < CHAIN else able[rng.integers(len(able))]
        kinds.append("CNO"[rng.choice(3, p=(0.6, 0.2, 0.2))])
        free.append(VALENCE[kinds[-1]])
        order = min(int(rng.choice([1, 2, 3], p=(0.75, 0.2, 0.05))), free[old], free[atom])
        path.append(path[old] | {atom})
        bonds[old, atom] = order
        free[old] -= order
        free[atom] -= order
    pairs = ((a, b) for b in range(len(free)) for a in range(b) if free[a] and free[b])
    ends = [(a, b) for a, b in pairs if len(path[a] ^ path[b]) >= SMALLEST_RING - 1]
    ring = ends[rng.integers(len(ends))] if ends and rng.random() < RING else None
    return spelt(kinds, bonds, ring)


def spelt(kinds: list[str], bonds: dict[tuple[int, int], int], ring: tuple[int, int] | None, atom: int = 0) -> str:
    """The SMILES of a tree from `atom` on: the shorter branches in parentheses, the longest at the end."""
    signs = {1: "", **{order: sign for sign, order in ORDER.items()}}
    inner = [signs[order] + spelt(kinds, bonds, ring, b) for (a, b), order in bonds.items() if a == atom]
    *branches, last = sorted(inner, key=len) or [""]
    return kinds[atom] + "1" * (atom in (ring or ())) + "".join(f"({each})" for each in branches) + last
