"""Grey images of digits: judged by what a classifier sees in them, beside real images."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tinygan import metrics
from tinygan.classifier import Classifier
from tinygan.data import DataError, Images, from_range
from tinygan.evaluation.baselines import blurred, one_repeated, uniform_noise
from tinygan.evaluation.metric import Metric, chosen

N = 10_000  # and at most so many: MNIST has no more test images
LEAST = 100  # KID's ten subsets, and the balls of precision and recall, need some images
CLASSES = 10
COVERED_FROM = 0.001  # of the samples: fewer may be mistakes of the classifier
CHUNK = 1000  # images rescaled and classified at once; it bounds the memory

METRICS = (
    Metric("score", "score", "classifier score exp(E KL(p(class|x) || p(class))), 1 to 10", ".3f", True),
    Metric("fcd", "FCD", "Frechet distance of the classifier's features to training images", ".3f", False),
    Metric("kid", "KID", "kernel distance of the features (x . y / d + 1)^3, unbiased", ".4f", False, "kid_error"),
    Metric("precision", "precision", "share of the samples inside the real images' manifold (k = 3)", ".3f", True),
    Metric("recall", "recall", "share of real images inside the samples' manifold (k = 3)", ".3f", True),
    Metric("classes", "classes", "classes with at least 0.1 % of the samples", ".0f", True),
    Metric(
        "class_kl", "class KL", "KL(classes of the samples || classes of the training images), in nats", ".4f", False
    ),
    Metric("label_accuracy", "label acc.", "share of the samples that are of the class asked for", ".3f", True),
)
ALONE = METRICS[:-1]  # those that need no labels


class Seen(NamedTuple):
    """What the classifier sees in n images: probabilities (n, 10) and features (n, 64)."""

    probabilities: np.ndarray
    features: np.ndarray


def look(classifier: Classifier, images: np.ndarray, low: float, high: float) -> Seen | None:
    """Show images (n, 28, 28, 1) to the classifier: bytes, or numbers in [low, high], cut off outside.

    Returns
    -------
    Seen or None
        None if a number is not finite: there is nothing to see.

    Raises
    ------
    DataError
        If there is no image, or they are other integers than bytes, whose range nobody can know.
    """
    if not len(images) or (images.dtype.kind != "f" and images.dtype != np.uint8):
        raise DataError(
            f"images must be bytes (uint8) or floats, and at least one: not {len(images)} of {images.dtype}"
        )
    if images.dtype == np.uint8:
        low, high = 0.0, 255.0
    parts = []
    for start in range(0, len(images), CHUNK):
        chunk = images[start : start + CHUNK]
        if not np.isfinite(chunk).all():
            return None
        parts.append(classifier.outputs(from_range(chunk.astype(np.float32), low, high)))
    return Seen(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class ImageJudge:
    """Measures generated digits against training images, in the eyes of a classifier.

    Parameters
    ----------
    dataset : Images
        What the generator learnt from, with labels.
    classifier : Classifier
        Trained on the same kind of images.
    n : int
        How many images are judged at a time; as many training images, always the same, are the real side.
    low, high : float
        The range of the samples to be judged.
    load_test : callable
        n -> n real images (n, 28, 28, 1), bytes, that neither the generator nor the classifier was trained on.
    labelled : bool
        Whether the samples come with the classes that were asked for, which `report` then compares.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : str
        The classifier in a line.

    Raises
    ------
    DataError
        If there are fewer than `n` training images, `n` is too small, or they have no labels.
    """

    def __init__(
        self,
        dataset: Images,
        classifier: Classifier,
        n: int,
        low: float,
        high: float,
        load_test: Callable[[int], np.ndarray],
        labelled: bool = False,
    ):
        most = min(N, len(dataset))
        if not LEAST <= n <= most:
            raise DataError(f"{dataset.name}: from {LEAST} to {most} images can be judged at a time, not {n}")
        self.dataset, self.classifier, self.n = dataset, classifier, n
        self.range, self.load_test = (low, high), load_test
        self.labelled, self.metrics = labelled, METRICS if labelled else ALONE
        if dataset.labels is None:
            raise DataError(f"{dataset.name}: without labels their classes cannot be compared")
        self.class_counts = np.bincount(dataset.labels, minlength=CLASSES)
        self.extractor = str(classifier.record)

    @cached_property
    def real(self) -> Seen:
        """What the classifier sees in the real side; worked out once, when it is first needed."""
        rows = np.random.default_rng(0).permutation(len(self.dataset))[: self.n]
        seen = look(self.classifier, self.dataset.pixels[rows], *self.range)
        assert seen is not None  # bytes are finite
        return seen

    def report(
        self, samples: np.ndarray, keys: Collection[str] | None = None, labels: np.ndarray | None = None
    ) -> dict[str, float]:
        """Every metric (or those of `keys` alone) for images.

        Parameters
        ----------
        samples : ndarray (n, 28, 28, 1)
            Bytes, or numbers in the judge's range (what is outside is cut off, as in a picture). If one is
            not finite, every value is NaN.
        keys : collection of str, optional
        labels : ndarray of int (n,), optional
            The classes that were asked for; the report then has a `label_accuracy`.

        Raises
        ------
        DataError
            If there is no image, or they are other integers than bytes.
        """
        seen = look(self.classifier, samples, *self.range)
        if seen is None:
            values = dict.fromkeys([key for m in ALONE for key in (m.key, m.error) if key], math.nan)
        else:
            values = self._measure(seen, {m.key for m in METRICS} if keys is None else set(keys))
        if labels is not None:
            right = math.nan if seen is None else metrics.label_accuracy(seen.probabilities, labels)
            values["label_accuracy"] = right
        return chosen(values, METRICS, keys)

    def _measure(self, seen: Seen, keys: set[str]) -> dict[str, float]:
        """The values of `keys`, and of what comes with them."""
        p, f, real = *seen, self.real.features
        values: dict[str, float] = {}
        if "score" in keys:
            values["score"] = metrics.classifier_score(p).mean
        if "fcd" in keys:
            values["fcd"] = metrics.frechet_of_features(f, real)
        if "kid" in keys:
            values["kid"], values["kid_error"] = metrics.kernel_distance(f, real, rng=np.random.default_rng(0))
        if keys & {"precision", "recall"}:
            values["precision"], values["recall"] = metrics.precision_recall(real, f)
        if keys & {"classes", "class_kl"}:
            least = max(1, math.ceil(COVERED_FROM * len(p)))
            report = metrics.class_coverage(p.argmax(axis=1), CLASSES, self.class_counts, least=least)
            values["classes"], values["class_kl"] = report.covered, report.kl
        return values

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of real test images, which no generator should beat in all columns, and of three bad generators."""
        test = self.load_test(self.n)
        rows = {
            "real test images": test,
            "uniform noise": uniform_noise(test.shape, np.random.default_rng(0)),
            "one image repeated": one_repeated(test),
            "blurred real images": blurred(test),
        }
        return {name: self.report(pixels) for name, pixels in rows.items()}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        return [
            f"n = {self.n} images in each row, against as many training images",
            f"extractor: {self.extractor}",
            "these are not the Inception Score and the FID: another network, whose numbers compare only with its own",
        ]
