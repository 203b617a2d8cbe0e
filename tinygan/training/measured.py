"""How good a run's generator is: its samples before the judge of its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinygan import classifier, evaluation
from tinygan.classifier import Classifier
from tinygan.data import DataError
from tinygan.evaluation import Measured
from tinygan.training.trained import Trained, check_drawing


def measure(
    source: Trained,
    dataset: Any,
    *,
    n: int | None = None,
    seed: int = 0,
    truncation: float | None = None,
    label: int | str | None = None,
    extractor: Classifier | str | Path | None = None,
    references: bool = True,
) -> Measured:
    """The numbers of a generator's samples, beside known rows.

    Parameters
    ----------
    source : Trained
    dataset : Images, Mixture or Points
        What it learnt from.
    n : int, optional
        How many samples; what the judge takes by default.
    seed, truncation, label
        Of the noise, as in `Trained.noise`.
    extractor : Classifier, or what `tinygan.classifier.load` takes; optional
        In the place of the data's own judge.
    references : bool
        Whether to work out the rows beside the generator's.

    Raises
    ------
    DataError
        If nothing can judge such data, the samples have another shape, or `n` is out of range.
    """
    if dataset.sample_shape != source.shape:
        raise DataError(f"{source.path} was trained on samples of shape {source.shape}, not {dataset.sample_shape}")

    check_drawing(1, seed, truncation)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray | None]:
        noise = source.noise(count, seed, truncation, label)
        return source.draw(noise), source.labels(noise)

    if isinstance(extractor, (str, Path)):
        extractor = classifier.load(extractor)
    low, high = source.range
    return evaluation.measure(
        draw,
        source.config.judged_as,
        dataset,
        n=n,
        low=low,
        high=high,
        data_dir=source.config.data_dir,
        labelled=source.config.labelled,
        extractor=extractor,
        references=references,
    )
