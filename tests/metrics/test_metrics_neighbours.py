"""Nearest neighbours: exact, ties to the earlier one, and independent of the blocks."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import given

from tinygan.metrics import nearest_neighbours, neighbours


def by_differences(samples, training, k):
    all_distances = np.linalg.norm(samples[:, None] - training, axis=2)
    order = np.argsort(all_distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(all_distances, order, axis=1)


def test_by_hand():
    training = np.array([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]])
    indices, distances = nearest_neighbours(np.array([[0.0, 0.0], [10.0, 1.0]]), training, k=2)
    assert indices.tolist() == [[0, 1], [2, 1]]
    assert distances == pytest.approx(np.array([[0, 5], [1, np.sqrt(49 + 9)]]))


@given(
    seed=st.integers(0, 999),
    n=st.integers(1, 8),
    m=st.integers(1, 20),
    block_samples=st.integers(1, 4),
    block_training=st.integers(1, 9),
    data=st.data(),
)
def test_ties_and_blocks(seed, n, m, block_samples, block_training, data):
    k = data.draw(st.integers(1, m))
    rng = np.random.default_rng(seed)
    samples, training = rng.integers(0, 3, size=(n, 2)) / 3, rng.integers(0, 3, size=(m, 2)) / 3  # many ties
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK_SAMPLES", block_samples)
        patch.setattr(neighbours, "BLOCK_TRAINING", block_training)
        indices, distances = nearest_neighbours(samples, training, k)
    expected_indices, expected_distances = by_differences(samples, training, k)
    assert distances == pytest.approx(expected_distances)
    assert np.array_equal(indices, expected_indices)


def test_a_copy_is_found_at_distance_0_among_near_copies():
    # The squares are near 1e7 and the differences of the copies 1e-8: far below what the product can tell.
    rng = np.random.default_rng(0)
    training = np.repeat(100 * rng.normal(size=(1, 700)), 40, axis=0)
    training[:, 5] += 1e-8 * np.arange(40)
    training = np.concatenate([training, -training])
    for row in (0, 17, 39, 60):
        indices, distances = nearest_neighbours(training[row : row + 1], training, k=2)
        assert indices[0, 0] == row and distances[0, 0] == 0.0
        assert 0 < distances[0, 1] < 2e-8
        assert abs(int(indices[0, 1]) - row) == 1


def test_ties_that_the_matrix_product_breaks_come_in_their_order():
    # All at distance 1/3 exactly, around a mean that is no round number: the products differ in the last digits.
    corners = np.concatenate([np.eye(30), -np.eye(30)]) / 3
    training = np.concatenate([corners, np.random.default_rng(2).normal(size=(9, 30))])
    indices, distances = nearest_neighbours(np.zeros((1, 30)), training, k=5)
    assert indices.tolist() == [[0, 1, 2, 3, 4]]
    assert (distances == 1 / 3).all()


def test_float32_images_against_float64():
    rng = np.random.default_rng(1)
    samples, training = rng.random((30, 49), dtype=np.float32), rng.random((200, 49), dtype=np.float32)
    indices, distances = nearest_neighbours(samples, training, k=3)
    expected_indices, expected_distances = by_differences(samples.astype(np.float64), training.astype(np.float64), 3)
    assert np.array_equal(indices, expected_indices)
    assert distances.dtype == np.float64
    assert distances == pytest.approx(expected_distances, rel=1e-14)


def test_equal_training_examples_come_in_their_order():
    indices, distances = nearest_neighbours(np.zeros((2, 3)), np.ones((50, 3)), k=5)
    assert indices.tolist() == [[0, 1, 2, 3, 4]] * 2
    assert distances == pytest.approx(np.full((2, 5), np.sqrt(3)))


@pytest.mark.parametrize("k", [0, 4])
def test_k_must_fit(k):
    with pytest.raises(ValueError, match=f"k must be from 1 to 3, the number of training examples, not {k}"):
        nearest_neighbours(np.zeros((2, 2)), np.zeros((3, 2)), k)


def test_large_pictures_are_not_held_all_at_once():
    """A set of 64 x 64 pixels in colour stays bytes but for a block of it."""
    training = np.random.default_rng(0).integers(256, size=(2000, 64 * 64 * 3), dtype=np.uint8)
    samples = training[[5, 1999]].astype(np.float32)
    tracemalloc.start()
    try:
        indices, distances = nearest_neighbours(samples, training, k=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert indices[:, 0].tolist() == [5, 1999] and distances[:, 0].tolist() == [0, 0] and (distances[:, 1] > 0).all()
    assert peak < 100e6 < 8 * training.size
