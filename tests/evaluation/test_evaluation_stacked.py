"""Stacked digits: each channel is read by itself, and the three digits make a number."""

import math

import numpy as np
import pytest

from tinygan import classifier, data
from tinygan.data import Images, to_range
from tinygan.evaluation import StackedJudge, judge, three_digits
from tinygan.evaluation.stacked import N


def stack(digits, rng, n):
    """n images of three digits each, and their numbers."""
    rows = rng.integers(len(digits), size=(n, 3))
    pixels = np.concatenate([digits.pixels[rows[:, c]] for c in range(3)], axis=-1)
    return pixels, digits.labels[rows] @ [100, 10, 1]


@pytest.fixture(scope="module")
def eye():
    return classifier.load("digits")


@pytest.fixture(scope="module")
def stacked():
    pixels, numbers = stack(data.digits(1000), np.random.default_rng(0), 600)
    return Images("stacked", pixels, numbers)


def test_each_image_is_read_as_its_number(eye, stacked):
    np.testing.assert_array_equal(three_digits(eye, stacked.pixels), stacked.labels)
    np.testing.assert_array_equal(three_digits(eye, to_range(stacked.pixels, -1, 1), -1, 1), stacked.labels)


def test_modes_and_kl_are_those_of_the_numbers(eye, stacked):
    row = StackedJudge(stacked, eye, 600, 0, 1).report(stacked.pixels)
    _, counts = np.unique(stacked.labels, return_counts=True)
    share = counts / 600
    assert row["modes"] == len(counts) < 600
    assert row["class_kl"] == pytest.approx((share * np.log(1000 * share)).sum())


def test_a_collapsed_generator_has_one_mode(eye, stacked):
    judging = StackedJudge(stacked, eye, 200, 0, 1)
    row = judging.report(np.repeat(stacked.pixels[:1], 200, axis=0))
    assert row == {"modes": 1, "class_kl": pytest.approx(math.log(1000))}
    assert judging.report(stacked.pixels, keys=["modes"])["modes"] > 100
    (name,), (real,) = zip(*judging.reference_rows().items(), strict=True)
    assert name == "real images" and 150 < real["modes"] <= 200


def test_what_is_not_finite_is_told(eye, stacked):
    images = to_range(stacked.pixels[:200], 0, 1)
    images[7, 0, 0, 2] = math.nan
    row = StackedJudge(stacked, eye, 200, 0, 1).report(images)
    assert list(row) == ["modes", "class_kl"] and all(math.isnan(value) for value in row.values())


def test_the_data_named_stacked_have_this_judge(stacked):
    found = judge("stacked", stacked)
    assert isinstance(found, StackedJudge) and found.n == min(N, 600) and "mnist classifier" in found.extractor
    for n in (99, 601):
        with pytest.raises(data.DataError, match=f"from 100 to 600 images .* not {n}"):
            judge("stacked", stacked, n)
    with pytest.raises(data.DataError, match="shape"):
        judge("stacked", data.digits(1000))
