"""Pictures made of pictures: judged by the true targets, beside what can be had without a network."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tinygan.data import Pairs, from_range
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.sets import check_number, sides

N, LEAST, MOST = 250, 4, 10_000
METRICS = (
    Metric("l1", "L1 distance", "mean |target - picture| of all numbers; black and white are 1 apart", ".4f", False),
    Metric("sharpness", "sharpness", "mean difference of neighbouring pixels, over that of the targets", ".0%", True),
)


class PairJudge:
    """Measures how near pictures are to the targets, and whether they are as sharp.

    Parameters
    ----------
    dataset : Pairs
    n : int
        How many are judged at a time.
    low, high : float
        The range of the samples.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : None
        Nothing but pixels is looked at.
    labelled : bool
        True: what the samples should be is compared with them.

    Raises
    ------
    DataError
        If `n` is out of range.
    """

    metrics = METRICS
    labelled = True
    extractor = None

    def __init__(self, dataset: Pairs, n: int = N, low: float = -1.0, high: float = 1.0):
        check_number(dataset.name, n, LEAST, MOST, "pairs")
        self.dataset, self.n, self.range = dataset, n, (low, high)

    def report(
        self, samples: np.ndarray, keys: Collection[str] | None = None, *, labels: np.ndarray | None
    ) -> dict[str, float]:
        """Every metric of `metrics` (or of `keys` alone).

        Parameters
        ----------
        samples : ndarray (n, H, W, S + T)
            Sources with the pictures that were made of them.
        keys : collection of str, optional
        labels : ndarray (n, H, W, T)
            The targets.
        """
        assert labels is not None  # `Sources.labels` has them
        made = from_range(samples[..., self.dataset.source :], *self.range)
        return self._compared(made, from_range(labels, *self.range), keys)

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of what needs no network: the source as it is, and the mean of all targets; of training pairs."""
        rows = sides(self.dataset, min(self.n, len(self.dataset))).reference
        pairs, s = self.dataset.pixels[rows] / np.float32(255), self.dataset.source
        sources, targets = pairs[..., :s], pairs[..., s:]
        found = {}
        if s in (1, targets.shape[3]):
            found["the source itself"] = self._compared(np.broadcast_to(sources, targets.shape), targets)
        mean = self.dataset.pixels[..., s:].mean(axis=0, dtype=np.float64) / 255
        found["the mean target"] = self._compared(np.broadcast_to(mean, targets.shape), targets)
        return found

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        beside = "the rows below the generator's need no network, and are of training pairs"
        return [self.dataset.describe(), f"of pairs that were not trained with, where the data have some; {beside}"]

    def _compared(self, made: np.ndarray, targets: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        values = {
            "l1": float(np.abs(made - targets).mean(dtype=np.float64)),
            "sharpness": roughness(made) / max(roughness(targets), 1e-12),
        }
        return {m.key: values[m.key] for m in METRICS if keys is None or m.key in keys}


def roughness(images: np.ndarray) -> float:
    """The mean difference of pixels from their lower neighbours, plus that from those at their right."""
    return float(sum(np.abs(np.diff(images, axis=axis)).mean(dtype=np.float64) for axis in (1, 2)))
