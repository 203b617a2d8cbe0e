"""Melodies made by rules: they keep the rules, each of them, whatever the seed."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import data
from tinygan.data.melodies import ENDS, RHYTHMS
from tinygan.rolls import MAJOR, notes, sounding

MADE = data.melodies(600, seed=3)


def test_one_pitch_at_a_time():
    assert MADE.rolls.shape == (600, 32, 25) and MADE.rolls.dtype == np.uint8 and len(MADE) == 600
    assert MADE.sample_shape == (32, 25)
    assert set(np.unique(MADE.rolls)) == {0, 1} and (MADE.rolls.sum(axis=2) == 1).all()


def test_every_note_is_in_the_key_of_the_label():
    assert MADE.names == ("C major", "E major", "A flat major")
    for roll, label in zip(MADE.rolls, MADE.labels, strict=True):
        assert {(note.pitch - MADE.keys[label]) % 12 for note in notes(roll)} <= set(MAJOR)


def test_keys_are_equally_frequent_and_in_no_order():
    assert np.bincount(MADE.labels).tolist() == [200, 200, 200] and len(set(MADE.labels[:30])) == 3
    assert np.bincount(data.melodies(7, keys=(2, 9)).labels).tolist() == [4, 3]


def test_half_bars_have_rhythms_of_the_rules():
    for roll in MADE.rolls:
        bars = [[n.length for n in notes(roll) if 8 * i <= n.start < 8 * i + 8] for i in range(4)]
        assert all(tuple(rhythm) in RHYTHMS for rhythm in bars[:3])
        assert bars[0] == bars[2], "the second bar begins with the rhythm of the first"
        assert tuple(bars[3]) in [end[:2] for end in ENDS]


def test_the_cadence():
    """The keynote comes last, from the seventh, the second or the fifth, and may be followed by silence."""
    for roll, label in zip(MADE.rolls, MADE.labels, strict=True):
        before, last = [(note.pitch - MADE.keys[label]) % 12 for note in notes(roll)[-2:]]
        assert last == 0 and before in (11, 2, 7)
    silent = (sounding(MADE.rolls) == 24)[:, -1]
    assert 0.2 < silent.mean() < 0.5
    assert not (sounding(MADE.rolls) == 24)[:, :28].any()


def test_the_first_note_is_of_the_chord_and_all_pitches_occur():
    for roll, label in zip(MADE.rolls, MADE.labels, strict=True):
        assert (notes(roll)[0].pitch - MADE.keys[label]) % 12 in (0, 4, 7)
    assert MADE.rolls[..., :24].any(axis=(0, 1)).sum() == len(
        {c for c in range(24) for k in (0, 4, 8) if (c - k) % 12 in MAJOR}
    )


def test_a_seed_gives_the_same_melodies_and_another_gives_others():
    again, other = data.melodies(600, seed=3), data.melodies(600, seed=4)
    assert np.array_equal(MADE.rolls, again.rolls) and np.array_equal(MADE.labels, again.labels)
    assert not np.array_equal(MADE.rolls, other.rolls)
    assert len(np.unique(sounding(MADE.rolls), axis=0)) >= 598, "hardly any of them twice"


@pytest.mark.parametrize("keys", range(12))
def test_any_key_can_be_asked_for(keys):
    made = data.melodies(5, keys=[keys])
    assert made.keys == (keys,) and all((n.pitch - keys) % 12 in MAJOR for roll in made.rolls for n in notes(roll))


@pytest.mark.parametrize(
    "given, said",
    [
        ({"n": 0}, "melodies: n must be a whole number of at least 1, not 0"),
        ({"n": 2.5}, "melodies: n must be a whole number"),
        ({"seed": -1}, "melodies: seed must be a whole number of at least 0, not -1"),
        *(
            ({"keys": keys}, r"melodies: keys must be whole numbers from 0 to 11, each once, not ")
            for keys in ((), (12,), (-1,), (0, 0), "C", 0, None, (True,), (0.0,))
        ),
    ],
)
def test_what_is_no_such_thing_is_refused(given, said):
    with pytest.raises(data.DataError, match=f"^{said}"):
        data.melodies(**given)
