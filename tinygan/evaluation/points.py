"""Points in the plane: judged by the mixture they should come from."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from tinygan.data import Mixture
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.sets import check_number
from tinygan.metrics import count_modes, energy_distance, fit_mixture, jensen_shannon, oracle
from tinygan.metrics.points import LARGEST

N = 2500  # as many as in PacGAN's experiments
LEAST, MOST = 100, 20_000  # the fitted mixture needs some points; the energy distance takes all pairs
TRUE_POINTS = 25_000  # of the oracle in all: one draw of few points is a matter of luck

METRICS = (
    Metric("modes", "modes", "modes with a sample within 3 sigma of their mean", ".0f", True),
    Metric("high_quality", "high quality", "share of the samples within 3 sigma of a mean", ".1%", True),
    Metric("reverse_kl", "reverse KL", "KL(modes of these samples || equal shares), in nats", ".4f", False),
    Metric("energy", "energy distance", "2 E|X-Y| - E|X-X'| - E|Y-Y'| to as many true points", ".5f", False),
    Metric("jensen_shannon", "Jensen-Shannon", "JS divergence on a grid of 100 x 100 cells, in nats", ".4f", False),
)


class PointJudge:
    """Measures points against a mixture of Gaussians.

    Parameters
    ----------
    mixture : Mixture
    n : int
        How many points are judged at a time: most numbers change with it.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : None
        Points need no features.

    Raises
    ------
    DataError
        If `n` is out of range.
    """

    metrics = METRICS
    labelled = False  # no classes are asked for
    extractor = None

    def __init__(self, mixture: Mixture, n: int = N):
        check_number(mixture.name, n, LEAST, MOST, "points")
        self.mixture, self.n = mixture, n
        # Fixed, whatever the seed of the samples: numbers of two runs have the same real side.
        self.reference, self.training = (self._true_points(stream) for stream in (0, 1))

    def report(self, samples: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        """Every metric of `metrics` (or of `keys` alone) for samples (n, 2).

        Samples that are not finite are of no mode; the energy distance, which needs numbers, is then NaN (as it is
        beyond 1e50, where it could not be worked out).
        """
        means, sigma = self.mixture.means, self.mixture.sigma
        modes = count_modes(samples, means, sigma)
        values = {"modes": modes.modes, "high_quality": modes.high_quality, "reverse_kl": modes.reverse_kl}
        if keys is None or "energy" in keys:
            finite = float(np.abs(samples).max()) <= LARGEST
            values["energy"] = energy_distance(samples, self.reference) if finite else math.nan
        if keys is None or "jensen_shannon" in keys:
            values["jensen_shannon"] = jensen_shannon(samples, means, sigma)
        return {m.key: values[m.key] for m in METRICS if keys is None or m.key in keys}

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of as many true points (the mean of some draws), and of a mixture fitted by EM to as many."""
        rng = np.random.default_rng(0)
        fitted = fit_mixture(self.training, len(self.mixture.means), rng).sample(self.n, rng)
        draws = [self.report(self._true_points(2 + draw)) for draw in range(self._draws)]
        true = {key: float(np.mean([report[key] for report in draws])) for key in draws[0]}
        return {"oracle": true, "EM mixture": self.report(fitted)}

    @property
    def _draws(self) -> int:
        return max(1, TRUE_POINTS // self.n)

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        return [
            self.mixture.describe(),
            f"oracle: {self.n} points of this mixture, the mean of draws: {self._draws}; EM mixture: "
            f"{len(self.mixture.means)} Gaussians with full covariances, fitted to {self.n}",
        ]

    def _true_points(self, stream: int) -> np.ndarray:
        rng = np.random.default_rng([0, stream])
        return oracle(self.mixture.means, self.mixture.sigma, self.n, rng)
