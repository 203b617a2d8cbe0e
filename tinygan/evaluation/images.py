"""Images of classes: judged by what a classifier sees in them, beside real images."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tinygan import metrics
from tinygan.classifier import Classifier
from tinygan.data import DataError, Images
from tinygan.evaluation.baselines import blurred, one_repeated, uniform_noise
from tinygan.evaluation.metric import Metric, chosen, fitting
from tinygan.evaluation.sets import check_number, in_chunks, sides

N = 10_000  # and at most so many: MNIST has no more test images
LEAST = 100  # KID's ten subsets, and the balls of precision and recall, need some images
COVERED_FROM = 0.001  # of the samples: fewer may be mistakes of the classifier

METRICS = (
    Metric("score", "score", "classifier score exp(E KL(p(class|x) || p(class))), 1 to the classes", ".3f", True),
    Metric("fcd", "FCD", "Frechet distance of the classifier's features to training images", ".3f", False),
    Metric("kid", "KID", "kernel distance of the features (x . y / d + 1)^3, unbiased", ".4f", False, "kid_error"),
    Metric("precision", "precision", "share of the samples inside the real images' manifold (k = 3)", ".3f", True),
    Metric("recall", "recall", "share of real images inside the samples' manifold (k = 3)", ".3f", True),
    Metric("density", "density", "real images' balls (k = 5) around a sample, over k; 1 is as the data", ".3f", True),
    Metric("coverage", "coverage", "share of real images with a sample in their ball (k = 5)", ".3f", True),
    Metric("classes", "classes", "classes with at least 0.1 % of the samples", ".0f", True),
    Metric(
        "class_kl", "class KL", "KL(classes of the samples || classes of the training images), in nats", ".4f", False
    ),
    Metric(
        "label_accuracy",
        "label acc.",
        "share of the samples that are of the class asked for",
        ".3f",
        True,
        needs_labels=True,
    ),
)


class Seen(NamedTuple):
    """What the classifier sees in n images: probabilities (n, K) and features (n, 64)."""

    probabilities: np.ndarray
    features: np.ndarray


def look(classifier: Classifier, images: np.ndarray, low: float, high: float) -> Seen | None:
    """Show images to the classifier: bytes, or numbers in [low, high], cut off outside.

    Returns
    -------
    Seen or None
        None if a number is not finite: there is nothing to see.

    Raises
    ------
    DataError
        If there is no image, or they are other integers than bytes, whose range nobody can know.
    """
    parts = in_chunks(images, low, high, classifier.outputs)
    return None if parts is None else Seen(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class ImageJudge:
    """Measures generated images against training images, in the eyes of a classifier.

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
    load_test : callable, optional
        n -> n real images (n, H, W, C), bytes, that neither the generator nor the classifier was trained on. Without
        it other training images stand for them, and `n` is at most half of what there are.
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
        If there are fewer than `n` training images, `n` is too small, they have no labels, or the classifier is of
        images of another shape or of other classes.
    """

    def __init__(
        self,
        dataset: Images,
        classifier: Classifier,
        n: int,
        low: float,
        high: float,
        load_test: Callable[[int], np.ndarray] | None = None,
        labelled: bool = False,
    ):
        check_number(dataset.name, n, LEAST, most(dataset, tested=load_test is not None))
        labels = checked_labels(dataset, classifier)
        self.dataset, self.classifier, self.n = dataset, classifier, n
        self.range, self.load_test = (low, high), load_test
        self.labelled, self.metrics = labelled, fitting(METRICS, labelled)
        self.class_counts = np.bincount(labels, minlength=classifier.classes)
        self.extractor = str(classifier.record)

    @cached_property
    def real(self) -> Seen:
        """What the classifier sees in the real side; worked out once, when it is first needed."""
        rows = sides(self.dataset, self.n).reference
        seen = look(self.classifier, self.dataset.pixels[rows], *self.range)
        assert seen is not None  # bytes are finite
        return seen

    def report(
        self, samples: np.ndarray, keys: Collection[str] | None = None, labels: np.ndarray | None = None
    ) -> dict[str, float]:
        """Every metric (or those of `keys` alone) for images.

        Parameters
        ----------
        samples : ndarray (n, H, W, C)
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
            values = dict.fromkeys([key for m in fitting(METRICS, False) for key in (m.key, m.error) if key], math.nan)
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
        if keys & {"density", "coverage"}:
            values["density"], values["coverage"] = metrics.density_coverage(real, f)
        if keys & {"classes", "class_kl"}:
            least = max(1, math.ceil(COVERED_FROM * len(p)))
            report = metrics.class_coverage(p.argmax(axis=1), p.shape[1], self.class_counts, least=least)
            values["classes"], values["class_kl"] = report.covered, report.kl
        return values

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of real images, which no generator should beat in all columns, and of three bad generators."""
        if self.load_test:
            name, real = "real test images", self.load_test(self.n)
        else:
            name, real = "real images", self.dataset.pixels[sides(self.dataset, self.n).others]
        rows = {
            name: real,
            "uniform noise": uniform_noise(real.shape, np.random.default_rng(0)),
            "one image repeated": one_repeated(real),
            "blurred real images": blurred(real),
        }
        return {name: self.report(pixels) for name, pixels in rows.items()}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        return [
            f"n = {self.n} images in each row, against as many training images",
            f"extractor: {self.extractor}",
            "these are not the Inception Score and the FID: another network, whose numbers compare only with its own",
        ]


def most(dataset: Images, tested: bool) -> int:
    """How many images can be judged at a time: half of them, if there are no test images to stand beside."""
    return min(N, len(dataset) if tested else len(dataset) // 2)


def checked_labels(dataset: Images, classifier: Classifier) -> np.ndarray:
    """The labels; DataError, in one sentence, if the classifier cannot tell the classes of these images apart."""
    name, labels = dataset.name, dataset.labels
    mend = "train one of these images with python -m tinygan.train_classifier"
    if tuple(classifier.shape) != dataset.sample_shape:
        shapes = f"looks at images of shape {tuple(classifier.shape)}, and those of {name} are {dataset.sample_shape}"
        raise DataError(f"the classifier {shapes}: {mend}")
    if labels is None:
        raise DataError(f"{name}: without labels their classes cannot be compared")
    if labels.max() >= classifier.classes:
        known = f"the classifier knows {classifier.classes} classes, and {name} has {labels.max() + 1}"
        raise DataError(f"{known}: {mend}")
    names = classifier.record.class_names if classifier.record else None
    if names and dataset.class_names and names != dataset.class_names:
        theirs, ours = (", ".join(some[:5]) for some in (names, dataset.class_names))
        raise DataError(f"the classifier tells {theirs} ... apart, and the classes of {name} are {ours} ...: {mend}")
    return labels
