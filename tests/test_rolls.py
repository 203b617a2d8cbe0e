"""Piano rolls: which notes are in them, found again; what is no roll is refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.rolls import Note, notes, one_hot, runs, sounding


def test_notes_that_were_put_in_are_found(rng):
    """A hundred melodies written note by note."""
    for _ in range(100):
        columns, wanted = [], []
        while len(columns) < 32:
            column = int(rng.choice([c for c in range(6) if not columns or c != columns[-1]]))
            length = int(rng.integers(1, 33 - len(columns)))
            if column < 5:
                wanted.append(Note(40 + column, len(columns), length))
            columns += [column] * length
        assert notes(one_hot(columns, 6), lowest=40) == wanted


def test_the_largest_number_of_a_step_is_what_sounds():
    roll = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]])
    assert sounding(roll[None]).tolist() == [[1, 0, 2]]
    assert notes(roll) == [Note(61, 0, 1), Note(60, 1, 1)]


def test_a_run_ends_with_its_melody():
    column, start, length, melody = runs(np.array([[1, 1, 2], [2, 2, 2]]))
    assert (column.tolist(), start.tolist()) == ([1, 2, 2], [0, 2, 0])
    assert (length.tolist(), melody.tolist()) == ([2, 1, 3], [0, 0, 1])


def test_ones_among_zeros():
    assert one_hot([[0, 2]], 3).tolist() == [[[1, 0, 0], [0, 0, 1]]] and one_hot([0], 2).dtype == np.uint8


@pytest.mark.parametrize(
    "given",
    [
        *(np.zeros((2, 3)), np.zeros((0, 32, 25)), np.zeros((2, 0, 25)), np.zeros((2, 3, 1))),
        *("melody", None, [[1, 2], [3]], np.zeros((1, 2, 3), complex)),
    ],
    ids=str,
)
def test_what_is_no_roll_is_refused(given):
    with pytest.raises(ValueError, match=r"^piano rolls are numbers of shape \(N, steps, pitches and a rest\), not "):
        sounding(given)


def test_what_is_no_number_is_refused():
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="^not all numbers of the piano rolls are finite"):
            sounding(np.full((1, 2, 3), bad))


@pytest.mark.parametrize("given", [np.zeros((1, 32, 25)), np.zeros(3), 5], ids=["three", "one", "none"])
def test_one_roll_has_two_axes(given):
    with pytest.raises(ValueError, match=r"^one piano roll has the axes \(steps, pitches and a rest\), not \d axes"):
        notes(given)
