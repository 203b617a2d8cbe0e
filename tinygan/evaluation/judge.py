"""Who can judge which data."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from tinygan import classifier
from tinygan.data import DataError, Images, Mixture, digits, mnist
from tinygan.evaluation import images, points, stacked
from tinygan.evaluation.images import ImageJudge
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.points import PointJudge
from tinygan.evaluation.stacked import StackedJudge

Judge = PointJudge | ImageJudge | StackedJudge

STACKED_SHAPE = (28, 28, 3)
TEST_SEED = 2  # the classifier of digits has seen the seeds 0 and 1, and a run learns from 0
NO_JUDGE = (
    "there is no classifier to judge the images of --data {name} by: draw samples with tinygan.sample --out FILE.npz, "
    "compute Inception features of them and of real images, and give both arrays to "
    "python -m tinygan.evaluate --features FAKE.npz --reference REAL.npz"
)
# The metrics that fit, by the name of the data.
METRICS = {
    "ring": points.METRICS,
    "grid": points.METRICS,
    "mnist": images.ALONE,
    "digits": images.ALONE,
    "stacked": stacked.METRICS,
}


def metrics_of(name: str, labelled: bool = False) -> tuple[Metric, ...]:
    """The metrics that fit the data called `name`; none, for images that no classifier knows.

    `labelled`: the generator is asked for classes, so it can be measured whether they are obeyed.
    """
    found = METRICS.get(name, ())
    return images.METRICS if labelled and found == images.ALONE else found


def judge(
    name: str,
    dataset: Images | Mixture,
    n: int | None = None,
    low: float = 0.0,
    high: float = 1.0,
    data_dir: str | Path | None = None,
    labelled: bool = False,
) -> Judge:
    """The judge of samples of a generator that learnt from `dataset`.

    Parameters
    ----------
    name : str
        What the data are called in `tinygan.data.load`.
    dataset : Images or Mixture
    n : int, optional
        How many samples are judged at a time. By default 2,500 points, 10,000 images or 26,000 stacked images,
        or as many as there are.
    low, high : float
        The range of the samples of images.
    data_dir : path, optional
        Where MNIST's test images are.
    labelled : bool
        Whether the samples of images come with the classes that were asked for.

    Returns
    -------
    PointJudge, ImageJudge or StackedJudge
        With ``report(samples)``, ``reference_rows()``, ``captions()``, ``metrics``, ``extractor`` and ``labelled``.

    Raises
    ------
    DataError
        If nothing can judge such data, or `n` is out of range.
    """
    if not metrics_of(name):
        raise DataError(NO_JUDGE.format(name=name))
    if isinstance(dataset, Mixture):
        return PointJudge(dataset, points.N if n is None else n)
    if n is None:
        n = min(stacked.N if name == "stacked" else images.N, len(dataset))
    if name != "stacked":
        load_test = partial(test_images, name, data_dir=data_dir)
        return ImageJudge(dataset, classifier.load(name), n, low, high, load_test, labelled)
    if dataset.sample_shape != STACKED_SHAPE:
        raise DataError(f"stacked digits have the shape {STACKED_SHAPE}, not {dataset.sample_shape}")
    return StackedJudge(dataset, classifier.load("mnist"), n, low, high)


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
