"""Strings and melodies as pictures: each symbol has its own, and what is uncertain shows several."""

import numpy as np
import pytest

from tinygan.plot import roll_images, text_images

ALPHABET = "_AB"


def test_a_string_is_its_symbols_side_by_side():
    a, b, ab = (text_images(np.eye(3)[[row]], ALPHABET) for row in ([1], [2], [1, 2]))
    assert ab.shape == (1, 16, 16, 1) and a.max() == 1
    assert (ab[:, :, :8] == a).all() and (ab[:, :, 8:] == b).all() and (a != b).any()
    assert text_images(np.eye(3)[[[0, 0]]], ALPHABET).max() == 0  # padding


def test_an_uncertain_symbol_is_several_at_once():
    a, b = (text_images(np.eye(3)[[[i]]], ALPHABET) for i in (1, 2))
    both = text_images(np.array([[[0.0, 0.25, 0.75]]]), ALPHABET)
    np.testing.assert_allclose(both, 0.25 * a + 0.75 * b, atol=1e-6)


def test_a_roll_has_time_to_the_right_and_pitch_upwards():
    roll = np.eye(5)[[[0, 3, 4]]]  # the lowest pitch, the highest, the rest
    picture = roll_images(roll)
    assert picture.shape == (1, 4, 3, 1)
    assert np.argwhere(picture[0, :, :, 0] == 1).tolist() == [[0, 1], [3, 0]]


def test_an_alphabet_of_another_length_is_refused():
    with pytest.raises(ValueError, match="alphabet of 3 symbols"):
        text_images(np.zeros((1, 2, 4)), ALPHABET)
