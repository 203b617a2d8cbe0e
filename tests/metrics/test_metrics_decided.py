"""What this part has decided: a number or a default that changes changes what its users get, and is noted here."""

from decided import constants, defaults

CONSTANTS = {
    "class_scores.SUM_TOLERANCE": 0.001,
    "distances.BLOCK": 512,
    "divergence.MARGIN_IN_SIGMAS": 5.0,
    "divergence.MOST_CELLS": 4194304,
    "em.FEWEST": 0.5,
    "em.FLOOR": 1e-06,
    "em.MOST_ROUNDS": 500,
    "em.MOST_STARTS": 10000,
    "em.STARTS": 5,
    "em.TOLERANCE": 1e-07,
    "modes.BLOCK_DISTANCES": 262144,
    "modes.RADIUS_IN_SIGMAS": 3.0,
    "neighbours.BLOCK_NUMBERS": 4194304,
    "neighbours.BLOCK_SAMPLES": 256,
    "neighbours.BLOCK_TRAINING": 8192,
    "points.LARGEST": 1e50,
}
DEFAULTS = {
    "class_scores.class_coverage(least)": 1,
    "class_scores.classifier_score(splits)": 1,
    "copying.data_copying(level)": 0.05,
    "divergence.jensen_shannon(bins)": 100,
    "em.fit_mixture(starts)": 5,
    "energy.energy_distance(unbiased)": False,
    "kernel.kernel_distance(subsets)": 10,
    "manifold.density_coverage(k)": 5,
    "manifold.precision_recall(k)": 3,
    "neighbours.nearest_neighbours(k)": 1,
    "points.as_points(least)": 1,
    "points.two_sets(least)": 1,
}


def test_the_numbers_with_names():
    assert constants("tinygan.metrics") == CONSTANTS


def test_the_defaults():
    assert defaults("tinygan.metrics") == DEFAULTS
