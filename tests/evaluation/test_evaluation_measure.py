"""A generator that is a function is measured as a run is: its row, those beside it, and the table of them."""

import math

import numpy as np
import pytest

from tinygan import data, evaluation
from tinygan.data import to_range


@pytest.fixture(scope="module")
def digits():
    return data.digits(600)


def test_it_is_asked_once_for_as_many_samples_as_are_judged(digits):
    asked = []

    def draw(n):
        asked.append(n)
        return to_range(digits.pixels[:n], -1, 1), None

    measured = evaluation.measure(draw, "digits", digits, n=150, low=-1, high=1, references=False)
    assert asked == [150] and measured.judge.n == 150
    judge = evaluation.judge("digits", digits, 150, -1, 1)
    assert measured.rows == {"generator": judge.report(to_range(digits.pixels[:150], -1, 1))}
    np.testing.assert_array_equal(measured.samples, to_range(digits.pixels[:150], -1, 1))


def test_the_rows_beside_it_are_the_judges():
    ring = data.ring()
    measured = evaluation.measure(lambda n: (ring.sample(n, np.random.default_rng(0)), None), "ring", ring, n=200)
    beside = evaluation.judge("ring", ring, 200).reference_rows()
    assert {name: row for name, row in measured.rows.items() if name != "generator"} == beside
    text = str(measured)
    assert text.startswith(evaluation.report(measured.judge.metrics, measured.rows, []).rstrip())
    assert text.splitlines()[2].startswith("generator") and "8 Gaussians" in text


def test_classes_that_were_asked_for_are_compared_where_somebody_knows_classes(digits):
    def draw(n):
        return digits.pixels[:n], digits.labels[:n]

    options = {"n": 120, "labelled": True, "references": False}
    assert evaluation.measure(draw, "digits", digits, **options).rows["generator"]["label_accuracy"] == 1
    assert "label_accuracy" not in evaluation.measure(draw, "folder", digits, **options).rows["generator"]


def test_what_json_has_no_number_for_becomes_none():
    rows = {"a": {"x": math.nan, "y": 1.5}, "b": {"x": math.inf, "y": -math.inf}}
    assert evaluation.finite(rows) == {"a": {"x": None, "y": 1.5}, "b": {"x": None, "y": None}}


def test_nobody_draws_for_a_judge_that_refuses(digits):
    def draw(n):
        raise AssertionError("asked in vain")

    with pytest.raises(data.DataError, match="not 5"):
        evaluation.measure(draw, "digits", digits, n=5)
