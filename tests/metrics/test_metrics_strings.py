"""Validity, uniqueness and novelty, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.metrics import string_scores


def test_by_hand():
    """Six strings: four numbers, three of them different, two of these new."""
    scores = string_scores(["1", "2", "2", "3", "x", "y"], str.isdecimal, {"1", "x", "9"})
    assert scores == (4 / 6, 3 / 4, 2 / 3)


@pytest.mark.parametrize(
    "samples, expected",
    [
        (["7"] * 10, (1, 1 / 10, 1)),  # the same again and again
        (["0", "1", "2"], (1, 1, 0)),  # a copy of the training set
        (["a", "b"], (0, 0, 0)),
        (["5"], (1, 1, 1)),
        (["0", "a", "5", "5"], (3 / 4, 2 / 3, 1 / 2)),
    ],
)
def test_what_one_of_them_alone_does_not_tell(samples, expected):
    assert string_scores(samples, str.isdecimal, ["0", "1", "2"]) == pytest.approx(expected)


def test_random_draws_are_as_different_as_they_should_be():
    """n of K equally likely strings: K (1 - (1 - 1/K)^n) different ones on average."""
    n, k = 1000, 500
    drawn = [str(each) for each in np.random.default_rng(0).integers(k, size=n)]
    expected = k * (1 - (1 - 1 / k) ** n) / n
    assert string_scores(drawn, str.isdecimal, []).uniqueness == pytest.approx(expected, abs=0.03)


def test_the_training_set_may_be_an_iterator():
    assert string_scores(["1", "2"], str.isdecimal, iter(["1"])).novelty == 0.5


def test_nothing_cannot_be_scored():
    with pytest.raises(ValueError, match="there is nothing to score: 0 strings"):
        string_scores([], str.isdecimal, [])
