"""A generator measured: its row and those beside it, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.classifier import Classifier
from tinygan.data import Images, Mixture
from tinygan.evaluation.judge import Judge, judge
from tinygan.evaluation.table import report

Rows = dict[str, dict[str, float]]
Draw = Callable[[int], tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, eq=False)
class Measured:
    """What `measure` found; as a string, the table with the definitions and captions.

    Attributes
    ----------
    rows : dict
        The numbers by their keys: of "generator", and of what stands beside it.
    samples : ndarray
        What was judged, in the generator's range.
    judge : Judge
        Who judged it: `n`, `metrics`, `extractor`.
    """

    rows: Rows
    samples: np.ndarray
    judge: Judge

    def __str__(self) -> str:
        return report(self.judge.metrics, self.rows, self.judge.captions())


def measure(
    draw: Draw,
    name: str,
    dataset: Images | Mixture,
    *,
    n: int | None = None,
    low: float = 0.0,
    high: float = 1.0,
    data_dir: str | Path | None = None,
    labelled: bool = False,
    extractor: Classifier | None = None,
    references: bool = True,
) -> Measured:
    """Judge the samples of a generator, beside known rows.

    Parameters
    ----------
    draw : callable
        n -> n samples, and the classes they were asked for (n,) or None.
    name, dataset, n, low, high, data_dir, labelled, extractor
        As for `judge`.
    references : bool
        Whether to work out the rows beside the generator's.

    Raises
    ------
    DataError
        If nothing can judge such data, the classifier is of others, or `n` is out of range.

    Examples
    --------
    >>> from tinygan import data
    >>> ring = data.ring()
    >>> draw = lambda n: (ring.sample(n, np.random.default_rng(0)), None)
    >>> measured = measure(draw, "ring", ring, n=500)
    >>> list(measured.rows), measured.rows["generator"]["modes"]
    (['generator', 'oracle', 'EM mixture'], 8)
    """
    judging = judge(name, dataset, n, low, high, data_dir, labelled, extractor)
    samples, labels = draw(judging.n)
    asked = {"labels": labels} if judging.labelled else {}
    rows = {"generator": judging.report(samples, **asked)}
    if references:
        rows |= judging.reference_rows()
    return Measured(rows, samples, judging)


def finite(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    """The same rows with None for what JSON has no number for: NaN and infinity."""

    def row(report: Mapping[str, float]) -> dict[str, float | None]:
        return {key: value if math.isfinite(value) else None for key, value in report.items()}

    return {name: row(report) for name, report in rows.items()}
