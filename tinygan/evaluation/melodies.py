"""Melodies: judged by what can be counted of them, beside melodies that were not trained with and independent notes."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tinygan.data.sequences import Sequences
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.sets import check_number, sides
from tinygan.metrics.melodies import end_on_keynote, key_shares, length_shares
from tinygan.rolls import one_hot, runs, sounding

N, LEAST, MOST = 1000, 20, 26_000
METRICS = (
    Metric("in_key", "in one key", "share of a melody's notes in the major key that fits it best", ".3f", True),
    Metric("one_key", "all of it", "share of the melodies of which every note is in one key", ".1%", True),
    Metric("ends", "ends well", "share of the melodies that end on the keynote", ".1%", True),
    Metric("rhythm", "rhythm off by", "share of notes whose length would have to change for the data's", ".3f", False),
    Metric("distinct", "distinct", "share of the melodies that differ from each other", ".1%", True),
    Metric("novelty", "new", "share of the different ones that are not in the training set", ".1%", True),
)


class MelodyJudge:
    """Measures melodies: their keys, their rhythm, and whether they are learnt by heart.

    Parameters
    ----------
    dataset : Sequences
        Of piano rolls.
    n : int
        How many are judged at a time.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : None
        Melodies need no features.

    Raises
    ------
    DataError
        If `n` is out of range.
    """

    metrics = METRICS
    labelled = False  # whether a key that is asked for is obeyed is not measured
    extractor = None

    def __init__(self, dataset: Sequences, n: int = N):
        check_number(dataset.name, n, LEAST, MOST, "melodies")
        self.dataset, self.n = dataset, n
        self.columns = sounding(dataset.pixels)
        self.training = {row.tobytes() for row in self.columns}
        self.rhythm = length_shares(dataset.pixels)

    def report(self, samples: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        """Every metric of `metrics` (or of `keys` alone) for samples (n, T, P): at each step the likeliest sounds."""
        columns = sounding(np.nan_to_num(samples))  # of a broken generator
        rolls = one_hot(columns, samples.shape[2])
        best, different = key_shares(rolls).max(axis=1), {row.tobytes() for row in columns}
        values = {
            "in_key": float(best.mean()),
            "one_key": float((best == 1).mean()),
            "ends": float(end_on_keynote(rolls).mean()),
            "rhythm": float(np.abs(length_shares(rolls) - self.rhythm).sum() / 2),
            "distinct": len(different) / len(columns),
            "novelty": len(different - self.training) / len(different),
        }
        return {m.key: values[m.key] for m in METRICS if keys is None or m.key in keys}

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of melodies of the training set, and of as many of independent notes."""
        rows = sides(self.dataset, min(self.n, len(self.dataset))).reference
        alone = independent(self.columns, self.dataset.sample_shape[1], self.n, np.random.default_rng([0, 1]))
        return {"training data": self.report(self.dataset.pixels[rows]), "independent": self.report(alone)}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        alone = "independent: notes drawn one by one from all notes of the data, and their lengths, too"
        return [self.dataset.describe(), f"training data: melodies that the generator has learnt from; {alone}"]


def independent(columns: np.ndarray, width: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """n melodies (n, T, `width`) of notes drawn one by one from those of the data (N, T), with lengths drawn alike."""
    column, _, length, _ = runs(columns)
    steps = columns.shape[1]
    rows = np.stack([np.repeat(rng.choice(column, steps), rng.choice(length, steps))[:steps] for _ in range(n)])
    return one_hot(rows, width)
