"""Who can judge which data."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from tinygan import classifier
from tinygan.classifier import Classifier
from tinygan.data import DataError, Images, Mixture, Pairs, Sequences, digits, kind, mnist
from tinygan.data.sets import CALLED
from tinygan.evaluation import images, melodies, pairs, pixels, points, stacked, strings
from tinygan.evaluation.images import ImageJudge
from tinygan.evaluation.melodies import MelodyJudge
from tinygan.evaluation.metric import Metric, fitting
from tinygan.evaluation.pairs import PairJudge
from tinygan.evaluation.pixels import PixelJudge
from tinygan.evaluation.points import PointJudge
from tinygan.evaluation.stacked import StackedJudge
from tinygan.evaluation.strings import StringJudge

Judge = PointJudge | ImageJudge | StackedJudge | PixelJudge | StringJudge | MelodyJudge | PairJudge

STACKED_SHAPE = (28, 28, 3)
TEST_SEED = 2  # the classifier of digits has seen the seeds 0 and 1, and a run learns from 0
# The metrics that fit, by the name of the data; those of pixels fit all other images, `strings.OWN` strings in a file.
METRICS = {
    "ring": points.METRICS,
    "grid": points.METRICS,
    "mnist": images.METRICS,
    "digits": images.METRICS,
    "stacked": stacked.METRICS,
    "dates": strings.METRICS,
    "molecules": strings.METRICS,
    "melodies": melodies.METRICS,
    "sketches": pairs.METRICS,
}


def metrics_of(name: str, labelled: bool = False, paired: bool = False) -> tuple[Metric, ...]:
    """The metrics that fit the data called `name`, without a classifier of one's own.

    `paired`: each picture is a pair, one half of which is the source. `labelled`: the generator is asked for classes,
    so that it can be measured whether they are obeyed.
    """
    others = pairs.METRICS if paired else strings.OWN if kind(name) == "sequences" else pixels.METRICS
    return fitting(METRICS.get(name, others), labelled)


def judge(
    name: str,
    dataset: Images | Mixture | Sequences | Pairs,
    n: int | None = None,
    low: float = 0.0,
    high: float = 1.0,
    data_dir: str | Path | None = None,
    labelled: bool = False,
    extractor: Classifier | None = None,
) -> Judge:
    """The judge of samples of a generator that learnt from `dataset`.

    Digits are judged by the classifier that comes with the package, other images by the `extractor` that is given, or
    else by their pixels.

    Parameters
    ----------
    name : str
        What the data are called in `tinygan.data.load`.
    dataset : Images, Mixture, Sequences or Pairs
    n : int, optional
        How many samples are judged at a time. By default 2,500 points, 10,000 images, 26,000 stacked images, 5,000
        images that no classifier knows, or as many as there are; 1,000 strings or melodies, 250 pairs.
    low, high : float
        The range of the samples of images.
    data_dir : path, optional
        Where MNIST's test images are.
    labelled : bool
        Whether the samples of images come with the classes that were asked for.
    extractor : Classifier, optional
        Of these images; see `tinygan.classifier.load`.

    Returns
    -------
    PointJudge, ImageJudge, StackedJudge, PixelJudge, StringJudge, MelodyJudge or PairJudge
        With ``report(samples)``, ``reference_rows()``, ``captions()``, ``metrics``, ``extractor`` and ``labelled``.

    Raises
    ------
    DataError
        If nothing can judge such data, the classifier is of others, or `n` is out of range.
    """
    if isinstance(dataset, Mixture):
        if extractor:
            raise DataError(f"a classifier looks at images, and {name} are points")
        return PointJudge(dataset, points.N if n is None else n)
    if isinstance(dataset, (Sequences, Pairs)) and extractor:
        raise DataError(f"a classifier looks at images, and {name} are {CALLED[kind(dataset)]}")
    if isinstance(dataset, Pairs):
        return PairJudge(dataset, pairs.N if n is None else n, low, high)
    if isinstance(dataset, Sequences):
        if dataset.words:
            return StringJudge(dataset, strings.N if n is None else n)
        return MelodyJudge(dataset, melodies.N if n is None else n)
    if not isinstance(dataset, Images):
        raise DataError(f"nothing here can judge samples of {name}: they are points, but of no mixture of Gaussians")
    if extractor or name in classifier.DATA:
        load_test = partial(test_images, name, data_dir=data_dir) if name in classifier.DATA else None
        if n is None:
            n = images.most(dataset, tested=load_test is not None)
        return ImageJudge(dataset, extractor or classifier.load(name), n, low, high, load_test, labelled)
    if name == "stacked":
        if dataset.sample_shape != STACKED_SHAPE:
            raise DataError(f"stacked digits have the shape {STACKED_SHAPE}, not {dataset.sample_shape}")
        return StackedJudge(dataset, classifier.load("mnist"), most(name, dataset) if n is None else n, low, high)
    return PixelJudge(dataset, most(name, dataset) if n is None else n, low, high)


def most(name: str, dataset: Images) -> int:
    """How many images of the data called `name` can be judged at a time, without a classifier of one's own."""
    if name == "stacked":
        return min(stacked.N, len(dataset))
    return images.most(dataset, tested=True) if name in classifier.DATA else pixels.most(dataset)


def test_images(name: str, n: int, data_dir: str | Path | None = None) -> np.ndarray:
    """n real images (n, 28, 28, 1), bytes, that nothing was trained on: MNIST's test images, or digits rendered anew.

    Raises
    ------
    DataError
        If there are fewer, or they cannot be had.
    """
    if name == "digits":
        return digits(n, seed=TEST_SEED).pixels
    found = mnist(data_dir, "test").pixels
    if n > len(found):
        raise DataError(f"{name} has {len(found)} test images, and {n} are to be judged: ask for fewer")
    return found[np.random.default_rng(0).permutation(len(found))[:n]]
