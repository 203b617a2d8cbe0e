"""What is counted of melodies, on melodies that were written down note by note."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import data, metrics
from tinygan.rolls import one_hot

REST = 24


def melody(*columns_and_lengths):
    columns = np.concatenate([[column] * length for column, length in columns_and_lengths])
    return one_hot(columns, REST + 1)[None]


C_TO_C = melody((0, 8), (2, 4), (4, 4), (6, 2), (REST, 2), (11, 4), (12, 8))  # C D E F# B C: one of six outside
SILENCE = melody((REST, 32))


def test_shares_of_keys():
    shares = metrics.key_shares(C_TO_C, (0, 7, 1))
    np.testing.assert_allclose(shares, [[5 / 6, 1, 3 / 6]])  # D flat major has C, twice, and F sharp
    assert metrics.key_shares(C_TO_C).shape == (1, 12)
    assert metrics.key_shares(np.concatenate([SILENCE, C_TO_C]), (7,)).tolist() == [[0.0], [1.0]]


def test_probabilities_count_by_their_largest():
    soft = 0.6 * C_TO_C + 0.4 / 25
    np.testing.assert_array_equal(metrics.key_shares(soft), metrics.key_shares(C_TO_C))


def test_shares_of_lengths():
    shares = metrics.length_shares(np.concatenate([C_TO_C, SILENCE, melody((3, 32))]))
    assert shares.shape == (32,) and shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares[[1, 3, 7, 31]], np.array([1, 3, 2, 1]) / 7)
    assert not metrics.length_shares(SILENCE).any()


def test_ranges():
    assert metrics.pitch_ranges(np.concatenate([C_TO_C, SILENCE, melody((3, 32))])).tolist() == [12, 0, 0]


def test_the_end():
    ends_on_g = melody((0, 8), (6, 8), (7, 8), (REST, 8))
    wrong = melody((0, 8), (2, 8), (4, 16))
    both = metrics.end_on_keynote(np.concatenate([C_TO_C, ends_on_g, wrong, SILENCE]), (0, 7))
    assert both.tolist() == [False, True, False, False]  # the first is in G, as the F sharp says, and ends on C


def test_the_data_keep_to_a_key_and_end():
    made = data.melodies(300, seed=1)
    shares = metrics.key_shares(made.rolls, made.keys)
    assert (shares[np.arange(300), made.labels] == 1).all() and metrics.end_on_keynote(
        made.rolls, made.keys
    ).mean() > 0.9
    np.testing.assert_array_equal(metrics.length_shares(made.rolls)[::2], 0)  # whole eighths alone
    assert metrics.pitch_ranges(made.rolls).max() <= 23


@pytest.mark.parametrize("keys", [(), (12,), (-1,), (0.5,), (True,)], ids=str)
def test_what_is_no_key_is_refused(keys):
    for measure in (metrics.key_shares, metrics.end_on_keynote):
        with pytest.raises(ValueError, match="^keys must be whole numbers from 0 to 11, semitones above C, not "):
            measure(C_TO_C, keys)


@pytest.mark.parametrize("measure", ["key_shares", "length_shares", "pitch_ranges", "end_on_keynote"])
def test_what_is_no_roll_is_refused(measure):
    with pytest.raises(ValueError, match="^piano rolls are numbers of shape"):
        getattr(metrics, measure)(np.zeros((32, 25)))
