"""Strings as one-hot arrays; dates and molecules, written by one rule and checked by another."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from tinygan.data import DataError, dates, molecules
from tinygan.data.molecules import is_molecule, read_bonds
from tinygan.data.strings import FIRST_YEAR, LAST_YEAR, MONTHS, is_date

SETS = {"dates": dates(), "molecules": molecules(), "longer molecules": molecules(20)}
each_set = pytest.mark.parametrize("words", SETS.values(), ids=SETS)


# -- strings and arrays ---------------------------------------------------------------------------------


@each_set
def test_what_is_written_is_valid_and_fits(words):
    written = words.strings(2000, np.random.default_rng(0))
    assert len(written) == 2000 and all(map(words.valid, written))
    assert max(map(len, written)) <= words.length
    assert {symbol for text in written for symbol in text} == set(words.alphabet[1:])  # and every symbol is used
    assert len(set(words.alphabet)) == len(words.alphabet)


@each_set
def test_the_same_seed_gives_the_same_strings(words):
    one, two, other = (words.strings(50, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert one == two != other


@each_set
def test_encode_and_decode_are_inverse(words):
    written = words.strings(300, np.random.default_rng(1))
    arrays = words.encode(written)
    assert arrays.shape == (300, *words.sample_shape) and arrays.dtype == np.float32
    assert np.array_equal(arrays.sum(axis=2), np.ones((300, words.length))) and set(np.unique(arrays)) == {0, 1}
    assert words.decode(arrays) == written
    assert np.array_equal(words.sample(300, np.random.default_rng(1)), arrays)


def test_each_row_is_a_symbol_and_the_rest_is_padding():
    words = molecules(8)
    array = words.encode(["CO"])[0]
    assert "".join(words.alphabet[i] for i in array.argmax(axis=1)) == "CO______"


def test_decoding_takes_the_most_probable_symbol_and_cuts_the_padding_behind_the_end_alone():
    words = molecules(8)
    soft = 0.6 * words.encode(["CC"]) + 0.4 / len(words.alphabet)
    assert words.decode(soft) == ["CC"]
    soft[0, 0], soft[0, 3] = soft[0, 4].copy(), soft[0, 1].copy()  # padding, C, padding, C, and padding
    assert words.decode(soft) == ["_C_C"] and not words.valid("_C_C")
    assert words.decode(words.encode([""])) == [""] and not words.valid("")


def test_nothing_is_an_empty_array():
    assert dates().encode([]).shape == (0, *dates().sample_shape)
    assert dates().strings(0, np.random.default_rng(0)) == dates().decode(np.zeros((0, *dates().sample_shape))) == []


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: molecules().encode(["CCX"]), "'CCX' has 'X', which is none of '_CNO=#"),
        (lambda: molecules(8).encode(["CCCCCCCCC"]), "'CCCCCCCCC' is longer than the 8 symbols of molecules"),
        (lambda: molecules(8).decode(np.zeros((2, 4, 9))), r"from \(n, 8, 9\), not \(2, 4, 9\)"),
        (lambda: molecules(8).decode(np.zeros((8, 9))), r"from \(n, 8, 9\), not \(8, 9\)"),
        (lambda: molecules(7), "the length of molecules must be a whole number of at least 8, not 7"),
        (lambda: molecules(100), "the length of molecules must be a whole number from 8 to 60, not 100"),
        (lambda: dates().strings(-1, np.random.default_rng(0)), "the number of strings must be a whole number"),
    ],
)
def test_what_does_not_fit_ends_in_a_sentence(call, said):
    with pytest.raises(DataError, match=said):
        call()


# -- dates ------------------------------------------------------------------------------------------------


def test_the_valid_dates_are_those_of_the_calendar():
    """Every day, month and year that can be written, beside Python's own calendar."""
    for year in (*range(FIRST_YEAR - 3, FIRST_YEAR + 9), 1999, 2000, 2001, *range(LAST_YEAR - 4, LAST_YEAR + 3)):
        for month, name in enumerate(MONTHS, 1):
            for day in range(0, 33):
                try:
                    datetime.date(year, month, day)
                    expected = FIRST_YEAR <= year <= LAST_YEAR
                except ValueError:
                    expected = False
                assert is_date(f"{year} {name} {day}") == expected, (day, name, year)


@pytest.mark.parametrize(
    "text",
    ["", " ", "2000 Jan", "2000 Jan 1 ", " 2000 Jan 1", "2000  Jan 1", "2000 Jan 01", "2000 jan 1", "2000 Jam 1"]
    + [
        "200 Jan 1",
        "02000 Jan 1",
        "2000 Jan_1",
        "2000 Jan J",
        "2O00 Jan 1",
        "-200 Jan 1",
        "2000 Jan 1_",
        "2000 Jan \u00b2",
    ],
)
def test_what_is_no_date(text):
    assert not is_date(text)


def test_months_are_equally_frequent():
    written = dates().strings(6000, np.random.default_rng(2))
    counts = np.array([sum(name in text for text in written) for name in MONTHS])
    assert np.abs(counts / 500 - 1).max() < 0.2


# -- molecules ----------------------------------------------------------------------------------------------

GOOD = (
    "C N O CC C=C C#C C=O O=C=O C#N N#N N=N C=C=C CCO C(C)C CC(C)(C)C C(=O)O CC(=O)NC C(C)(C)(C)C OO N(C)(C)C O=O "
    "C1CC1 C1CCC1 C1=CC=CC=C1 C1CCCC1O C1(C)CC1 C(C1)CC1 C1NC1 C1OC1 CC1CCC(C)O1 C=1CCC1 C1CCC=1 C=1CCC=1 C1CC1C1CC1 "
    "C(CC(C)C)O C(C(C(C)))C C1CC2CC1C2"
).split()
BAD = (
    "= # ( ) 1 =C #N (C) 1C )C C= C# C== C=#C C=(C) C(=) C() C(C C)C C((C)) ((C)) C(C)) C=O=C C#C=C C#O O#C "
    "N(C)(C)(C)C O(C)(C)C C(C)(C)(C)(C)C N=N=N C1 C1CC C11 C1C1 C1CC1CC1 C=1CCC#1 C#1CC1C(C)(C)CC1 C(1)CC1 C(1CC)1 F "
    "c C2 CX C-C C_C C1CC1(C)(C)C1 O1CC1(=O)C NO=C O=O=O C#1C1 C(=O)=O=C CC(C)1CC1 C1=C=C1=O"
).split()


@pytest.mark.parametrize("text", GOOD)
def test_what_is_a_molecule(text):
    assert is_molecule(text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_none(text):
    assert not is_molecule(text)


def test_bonds_are_read_as_they_are_drawn():
    """Acetamide with a methyl group; a ring of four with a double bond that the digit carries."""
    assert read_bonds("CC(=O)NC") == {(0, 1): 1, (1, 2): 2, (1, 3): 1, (3, 4): 1}
    assert read_bonds("C=1CCC1") == {(0, 1): 1, (1, 2): 1, (2, 3): 1, (0, 3): 2}
    assert read_bonds("C(C(O))N") == {(0, 1): 1, (1, 2): 1, (0, 3): 1}


def test_as_many_atoms_and_kinds_as_the_rule_writes():
    written = molecules(40).strings(3000, np.random.default_rng(3))
    atoms = [sum(symbol in "CNO" for symbol in text) for text in written]
    assert max(atoms) == 8 and np.mean(np.array(atoms) >= 5) > 0.9  # the rest had no bonds left, such as O=C=O
    rings = [text for text in written if "1" in text]
    assert 0.05 < len(rings) / len(written) < 0.3 and all(text.count("1") == 2 for text in rings)
    assert all(ring_size(text) >= 5 for text in rings)
    assert len(set(written)) > 0.6 * len(written)


def ring_size(text):
    """Atoms of the only ring: what is left when ends are taken off again and again."""
    bonds = set(read_bonds(text))
    while True:
        ends = [atom for pair in bonds for atom in pair]
        loose = {pair for pair in bonds if any(ends.count(atom) == 1 for atom in pair)}
        if not loose:
            return len({atom for pair in bonds for atom in pair})
        bonds -= loose
