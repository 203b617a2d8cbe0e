"""Three digits stacked as red, green and blue: a thousand modes, counted by a classifier of digits."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from tinygan.classifier import Classifier
from tinygan.data import Images
from tinygan.evaluation.images import look
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.sets import check_number
from tinygan.metrics import class_coverage

N = 26_000  # as in PacGAN's experiments
LEAST = 100
DIGITS, CHANNELS = 10, 3
MODES = DIGITS**CHANNELS

METRICS = (
    Metric("modes", "modes", f"of the {MODES} numbers of three digits, those with at least one sample", ".0f", True),
    Metric("class_kl", "KL", "KL(modes of the samples || equal shares), in nats", ".4f", False),
)


def three_digits(classifier: Classifier, images: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray | None:
    """The mode of each image: the number, 0 to 999, whose digits are what the classifier sees in its channels.

    Parameters
    ----------
    classifier : Classifier
    images : ndarray (n, 28, 28, 3)
        Bytes, or numbers in [low, high]; red holds the hundreds, blue the ones.
    low, high : float

    Returns
    -------
    modes : ndarray of int (n,), or None if a number is not finite

    References
    ----------
    Lin et al., "PacGAN", NeurIPS 2018, section 4.2.
    """
    modes = np.zeros(len(images), dtype=np.int64)
    for channel in range(CHANNELS):
        seen = look(classifier, images[..., channel : channel + 1], low, high)
        if seen is None:
            return None
        modes = DIGITS * modes + seen.probabilities.argmax(axis=1)
    return modes


class StackedJudge:
    """Counts the modes of images (28, 28, 3) with an MNIST digit in each channel.

    Parameters
    ----------
    dataset : Images
    classifier : Classifier
        Of one channel.
    n : int
        How many images are judged at a time: the more, the more modes are found.
    low, high : float
        The range of the samples to be judged.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : str
        The classifier in a line.

    Raises
    ------
    DataError
        If there are fewer than `n` images, or `n` is too small.
    """

    metrics = METRICS
    labelled = False  # no classes are asked for

    def __init__(self, dataset: Images, classifier: Classifier, n: int, low: float, high: float):
        check_number(dataset.name, n, LEAST, len(dataset))
        self.dataset, self.classifier, self.n, self.range = dataset, classifier, n, (low, high)
        self.extractor = str(classifier.record)

    def report(self, samples: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        """Every metric of `metrics` (or of `keys` alone) for images (n, 28, 28, 3); NaN if a number is not finite."""
        modes = three_digits(self.classifier, samples, *self.range)
        if modes is None:
            values = {"modes": math.nan, "class_kl": math.nan}
        else:
            found = class_coverage(modes, MODES)
            values = {"modes": found.covered, "class_kl": found.kl}
        return {m.key: values[m.key] for m in METRICS if keys is None or m.key in keys}

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of as many real images, always the same."""
        chosen = np.random.default_rng(0).permutation(len(self.dataset))[: self.n]
        return {"real images": self.report(self.dataset.pixels[chosen])}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        return [f"n = {self.n} images in each row", f"each channel is read by: {self.extractor}"]
