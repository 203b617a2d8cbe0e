"""The classifier score and the coverage of classes: constants, perfect classifiers and sums by hand."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import class_coverage, classifier_score, label_accuracy


def test_a_constant_classifier_scores_1():
    assert classifier_score(np.tile([0.2, 0.3, 0.5], (40, 1))).mean == pytest.approx(1.0)


@pytest.mark.parametrize("k", [1, 2, 10])
def test_a_perfect_classifier_scores_k(k):
    score = classifier_score(np.tile(np.eye(k, dtype=np.float32), (6, 1)))
    assert score.mean == pytest.approx(k)
    assert score.std == 0.0


def test_a_generator_of_one_class_scores_1():
    assert classifier_score(np.tile(np.eye(10)[3], (6, 1))).mean == pytest.approx(1.0)


def test_a_hand_computed_score():
    p = np.array([[0.9, 0.1], [0.5, 0.5]])
    kl = [0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3), 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)]
    assert classifier_score(p).mean == pytest.approx(math.exp(sum(kl) / 2))


def test_splits_are_scored_for_themselves():
    p = np.concatenate([np.eye(4), np.tile(np.eye(4)[0], (4, 1))])
    score = classifier_score(p, splits=2)
    assert score.mean == pytest.approx((4 + 1) / 2)
    assert score.std == pytest.approx(1.5)
    assert classifier_score(np.eye(3), splits=3).mean == pytest.approx(1.0)  # one row tells nothing
    assert classifier_score(np.eye(5)[:, :5], splits=2).mean == pytest.approx((3 + 2) / 2)


@given(seed=st.integers(0, 99), n=st.integers(1, 20), k=st.integers(1, 8), sharp=st.floats(0.1, 500))
def test_it_lies_between_1_and_k(seed, n, k, sharp):
    logits = sharp * np.random.default_rng(seed).normal(size=(n, k))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    score = classifier_score((p / p.sum(axis=1, keepdims=True)).astype(np.float32)).mean
    assert 1 <= score <= min(n, k) * (1 + 1e-9)


def test_the_smallest_probabilities_are_no_problem():
    p = np.array([[1.0, 5e-324, 0.0], [1.0, 0.0, 1e-300], [1.0, 0.0, 0.0]])
    assert classifier_score(p).mean == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("p", "splits", "message"),
    [
        (np.ones(3) / 3, 1, r"not \(3,\)"),
        (np.zeros((0, 3)), 1, "shape"),
        (np.array([[0.5, 0.6]]), 1, "sum 1"),
        (np.array([[1.5, -0.5]]), 1, "not negative"),
        (np.array([[np.nan, 1.0]]), 1, "finite"),
        (np.array([[np.inf, -np.inf]]), 1, "finite"),
        (np.eye(3), 4, "3 rows cannot be cut into 4"),
        (np.eye(3), 0, "splits"),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(p, splits, message):
    with pytest.raises(ValueError, match=message):
        classifier_score(p, splits)


def test_even_labels_cover_all_classes():
    report = class_coverage(np.arange(30) % 10, 10)
    assert (report.covered, report.classes, report.n, report.least) == (10, 10, 30, 1)
    assert report.kl == 0.0
    assert report.counts.tolist() == [3] * 10


def test_one_class_only():
    report = class_coverage(np.full(50, 7, dtype=np.uint8), 10)
    assert report.covered == 1
    assert report.kl == pytest.approx(math.log(10))


def test_the_divergence_is_taken_from_the_samples_to_the_data():
    report = class_coverage(np.array([0, 0, 0, 1]), 3, np.array([50, 25, 25]))
    assert report.kl == pytest.approx(0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.25))
    assert report.covered == 2


def test_a_class_that_the_data_lacks_costs_inf_and_one_that_both_lack_nothing():
    assert class_coverage(np.array([0, 1]), 3, np.array([1, 0, 1])).kl == math.inf
    assert class_coverage(np.array([0, 2]), 3, np.array([1, 0, 1])).kl == 0.0


def test_the_threshold_is_in_the_report():
    labels = np.array([0] * 5 + [1] * 4 + [2])
    report = class_coverage(labels, 4, least=4)
    assert report.covered == 2
    assert str(report).startswith("2 of 4 classes, KL 0.4429 nats (10 samples; a class counts from 4 samples on;")
    assert "from one sample on" in str(class_coverage(labels, 4))


@given(counts=st.lists(st.integers(1, 1000), min_size=1, max_size=12))
def test_the_data_are_at_0_from_themselves(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    assert class_coverage(labels, len(counts), 1e300 * np.array(counts)).kl == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "reference", "options", "message"),
    [
        (np.array([0.0, 1.0]), None, {}, "whole numbers"),
        (np.zeros((2, 2), dtype=int), None, {}, r"\(2, 2\)"),
        (np.array([], dtype=int), None, {}, "0 labels"),
        (np.array([0, 3]), None, {}, "from 0 to 2"),
        (np.array([-1, 0]), None, {}, "from -1 to 0"),
        (np.array([0]), [1, 1], {}, "each of 3 classes"),
        (np.array([0]), [1, -1, 1], {}, "negative"),
        (np.array([0]), [0, 0, 0], {}, "not all 0"),
        (np.array([0]), [1, np.nan, 1], {}, "finite"),
        (np.array([0]), None, {"least": 0}, "0 samples"),
    ],
)
def test_what_cannot_be_counted_is_refused(labels, reference, options, message):
    with pytest.raises(ValueError, match=message):
        class_coverage(labels, 3, reference, **options)


P = np.array([[0.6, 0.4, 0], [0.1, 0.2, 0.7], [0, 1, 0], [0.5, 0.5, 0]])


def test_label_accuracy_is_the_share_of_right_argmaxes():
    assert label_accuracy(P, np.array([0, 2, 0, 0])) == 0.75
    assert label_accuracy(P, np.array([1, 1, 2, 1])) == 0.0


@pytest.mark.parametrize(
    "p, labels, message",
    [
        (P, [0, 1], r"not \(4, 3\) and \(2,\)"),
        (P[0], [0, 1, 2], r"not \(3,\) and \(3,\)"),
        (P[:0], [], r"not \(0, 3\) and \(0,\)"),
        (P, [0, 1, 2, 3], "whole numbers from 0 to 2"),
        (P, [0, 1, 2, -1], "whole numbers from 0 to 2"),
        (P, [0.0, 1.0, 2.0, 0.0], "whole numbers from 0 to 2"),
        (P * np.nan, [0] * 4, "finite"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(p, labels, message):
    with pytest.raises(ValueError, match=message):
        label_accuracy(p, np.array(labels))
