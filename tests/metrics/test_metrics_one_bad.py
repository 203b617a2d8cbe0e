"""One bad number among good ones is enough: a check that asked for `any` in the place of `all` would let it pass."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.data import Mixture
from tinygan.data.classes import _whole
from tinygan.gan.latent import lerp, slerp
from tinygan.metrics import class_scores, copying, divergence, frechet, modes

P = np.full((4, 2), 0.5)
POINTS = np.arange(8.0).reshape(4, 2)
MEANS = np.array([[0.0, 0.0], [4.0, 4.0]])
EYE, ZERO = np.eye(2), np.zeros(2)


def with_bad(array, place, value):
    bad = np.array(array, dtype=np.float64)
    bad.reshape(-1)[place] = value
    return bad


FUNCTIONS = {
    "label_accuracy": (lambda p: class_scores.label_accuracy(p, np.zeros(4, int)), P, ()),
    "class_coverage": (lambda r: class_scores.class_coverage(np.array([0, 1, 2]), 3, r), np.ones(3), (-1.0,)),
    "data_copying samples": (lambda d: copying.data_copying(d, np.ones(3)), np.ones(3), (-1.0,)),
    "data_copying real": (lambda d: copying.data_copying(np.ones(3), d), np.ones(3), (-1.0,)),
    "labels": (lambda labels: _whole(labels, "mine"), np.arange(3.0), (0.5, -1.0)),
    "frechet mean1": (lambda m: frechet.frechet_distance(m, EYE, ZERO, EYE), ZERO, ()),
    "frechet cov1": (lambda c: frechet.frechet_distance(ZERO, c, ZERO, EYE), EYE, ()),
    "frechet mean2": (lambda m: frechet.frechet_distance(ZERO, EYE, m, EYE), ZERO, ()),
    "frechet cov2": (lambda c: frechet.frechet_distance(ZERO, EYE, ZERO, c), EYE, ()),
    "count_modes": (lambda m: modes.count_modes(POINTS, m, 0.1), MEANS, ()),
    "low corner": (
        lambda low: divergence.jensen_shannon(POINTS, MEANS, 0.1, bins=4, extent=(low, np.full(2, 9.0))),
        ZERO,
        (9.0, 10),
    ),
    "high corner": (
        lambda high: divergence.jensen_shannon(POINTS, MEANS, 0.1, bins=4, extent=(ZERO, high)),
        np.full(2, 9.0),
        (0.0,),
    ),
    "means of a mixture": (lambda m: Mixture("mine", m, 0.1), MEANS, ()),
    "lerp a": (lambda a: lerp(a, MEANS, 0.5), MEANS, ()),
    "lerp b": (lambda b: lerp(MEANS, b, 0.5), MEANS, ()),
    "slerp a": (lambda a: slerp(a, MEANS, 0.5), MEANS, ()),
}
CASES = [
    pytest.param(function, good, place, bad, id=f"{name} {place} {bad}")
    for name, (function, good, more) in FUNCTIONS.items()
    for place in range(good.size)
    for bad in (np.nan, np.inf, *more)
]


@pytest.mark.parametrize(("function", "good", "place", "bad"), CASES)
def test_one_bad_number_is_refused(function, good, place, bad):
    function(np.array(good))
    with pytest.raises(ValueError):
        function(with_bad(good, place, bad))


@pytest.mark.parametrize("which", [0, 1])
def test_one_corner_of_another_shape_is_refused(which):
    corners = [ZERO, np.full(2, 9.0)]
    corners[which] = np.full(3, corners[which][0])
    with pytest.raises(ValueError, match="must have shape"):
        divergence.jensen_shannon(POINTS, MEANS, 0.1, bins=4, extent=tuple(corners))
