"""Scores of what a classifier sees in generated images: is each one clearly something, and are all classes there?"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinygan.given import is_whole, whole_number
from tinygan.words import short, whole

# Room for the rounding of a softmax in low precision.
SUM_TOLERANCE = 1e-3


class ClassifierScore(NamedTuple):
    """What `classifier_score` found: the mean over the splits, and their standard deviation (0 for one split)."""

    mean: float
    std: float


def classifier_score(p: np.ndarray, splits: int = 1) -> ClassifierScore:
    """The exponential of how much the class of an image tells about which image it is.

    ``exp(1/n sum_i KL(p_i || q))`` with ``KL(p_i || q) = sum_y p_i(y) ln(p_i(y) / q(y))`` and
    ``q = 1/n sum_i p_i``, 0 ln 0 = 0. It lies between 1, when all images look the same to the classifier, and K,
    when it is sure of each image and all classes are equally frequent. An image that is not like the data may
    still get a sure class, and one image a class is enough for K: read it beside `precision_recall`.

    Of the probabilities of the Inception network trained on ImageNet this is the Inception Score. Of those of
    another classifier it is not, and numbers of different classifiers cannot be compared.

    Parameters
    ----------
    p : ndarray of float, shape (n, K)
        Class probabilities of each image: not negative, each row with the sum 1 (within 1e-3).
    splits : int
        Cut the rows, in their order, into as many parts whose sizes differ by at most one, and score each for
        itself. The fewer rows a part has, the lower its score (it cannot exceed their number). Shuffle rows
        that are sorted by class.

    Returns
    -------
    score : ClassifierScore
        Mean over the splits, and the standard deviation over them (the square root of the mean squared
        deviation, as in the paper's program), without units.

    Raises
    ------
    ValueError
        If the shape is not (n, K), a row is not a distribution, or there are fewer rows than splits.

    References
    ----------
    Salimans et al., "Improved techniques for training GANs", NeurIPS 2016, section 4. Barratt and Sharma, "A
    note on the Inception Score", 2018, for what the splits do.
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 2 or p.size == 0:
        raise ValueError(f"class probabilities must have shape (n, K), a row for each image, not {p.shape}")
    if not is_whole(splits) or splits > len(p):
        raise ValueError(f"{len(p)} rows cannot be cut into {short(splits)} splits")
    # A NaN compares false, so it is refused too; and what lies in [0, 1.001] can be summed.
    in_range = p.min() >= 0 and p.max() <= 1 + SUM_TOLERANCE
    if not in_range or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise ValueError("each row of class probabilities must be finite, not negative, and have the sum 1")
    p = p / p.sum(axis=1, keepdims=True)  # of float32 the sum is 1 but for rounding
    scores = [score_of(part) for part in np.array_split(p, splits)]
    return ClassifierScore(float(np.mean(scores)), float(np.std(scores)))


def score_of(p: np.ndarray) -> float:
    """Return exp(E KL(p_i || mean of p)) of rows of probabilities; between 1 and min(n, K)."""
    marginal = p.mean(axis=0)
    # 0 ln 0 = 0. A difference of logarithms, because a quotient of the smallest probabilities overflows.
    logs = [np.log(x, out=np.zeros_like(x), where=x > 0) for x in (p, marginal)]
    divergence = float((p * (logs[0] - logs[1])).sum() / len(p))
    return math.exp(max(0.0, divergence))  # rounding may leave -1e-17 for equal rows


def label_accuracy(p: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images to whose label the classifier gives the highest probability: ``mean(argmax p_i = y_i)``.

    Of a conditional generator, asked for class y_i: does it draw what it is asked for? It says nothing about how
    alike the images of a class are. Guessing gives 1 / K.

    Parameters
    ----------
    p : ndarray of float, shape (n, K)
        Class probabilities (or logits) of each image. Of equal ones the first counts.
    labels : ndarray of int, shape (n,)
        The classes asked for, 0 to K - 1.

    Returns
    -------
    share : float
        In [0, 1].

    Raises
    ------
    ValueError
        If the shapes do not fit, a probability is not finite, or a label is no whole number from 0 to K - 1.

    References
    ----------
    Odena, Olah and Shlens, "Conditional image synthesis with auxiliary classifier GANs", ICML 2017, section 4.1.
    """
    p, labels = np.asarray(p), np.asarray(labels)
    if p.ndim != 2 or p.size == 0 or labels.shape != p.shape[:1]:
        raise ValueError(f"the shapes must be (n, K) and (n,) with n > 0, not {p.shape} and {labels.shape}")
    if not np.isfinite(p).all():
        raise ValueError("the class probabilities must be finite")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= p.shape[1]:
        raise ValueError(f"the labels must be whole numbers from 0 to {p.shape[1] - 1}")
    return float((p.argmax(axis=1) == labels).mean())


@dataclass(frozen=True, eq=False)
class ClassReport:
    """What `class_coverage` found.

    Attributes
    ----------
    covered : int
        Classes with at least `least` samples.
    classes : int
        Number of classes, K.
    kl : float
        KL divergence, in nats, of the samples' classes from the reference: 0 when the shares are the same,
        inf when samples are of a class that the reference does not have.
    counts : ndarray of int, shape (K,)
        Samples of each class.
    least : int
        The threshold of `covered`.
    n : int
        Number of samples.
    """

    covered: int
    classes: int
    kl: float
    counts: np.ndarray
    least: int
    n: int

    def __str__(self) -> str:
        threshold = "one sample" if self.least == 1 else f"{self.least} samples"
        return (
            f"{self.covered} of {self.classes} classes, KL {self.kl:.4f} nats "
            f"({self.n} samples; a class counts from {threshold} on; KL(their classes || the data's))"
        )


def class_coverage(
    labels: np.ndarray, k: int, reference_counts: np.ndarray | None = None, *, least: int = 1
) -> ClassReport:
    """Count the classes that samples reach, and compare how often with the data.

    With q_c the share of class c among the samples and p_c that in the reference, ``KL = sum_c q_c ln(q_c / p_c)``
    (0 ln 0 = 0): the direction in which PacGAN's experiments compare modes. A missing class costs little when
    it is rare in the data; a class the data does not have costs inf.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        The class of each sample, 0 to k - 1, from a classifier.
    k : int
        Number of classes, K.
    reference_counts : ndarray, shape (K,), optional
        How often each class occurs in the data; any multiple will do. By default all equally often.
    least : int
        A class is covered if at least so many samples are of it. One is the threshold of the experiments on
        stacked digits; with many samples a larger one keeps a classifier's mistakes from covering a class.

    Returns
    -------
    report : ClassReport

    Raises
    ------
    ValueError
        If there are no labels, one is not a whole number from 0 to k - 1, `least` is below 1, or the reference
        does not have K finite numbers, none negative, with a positive sum.

    References
    ----------
    Lin et al., "PacGAN", NeurIPS 2018, section 4.2 (stacked MNIST). There the modes are 1000 triples of digits.
    """
    labels, k = np.asarray(labels), whole_number("the number of classes", k)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers of shape (n,), not {labels.dtype} of shape {labels.shape}")
    if len(labels) == 0:
        raise ValueError("there is nothing to count: 0 labels")
    if labels.min() < 0 or labels.max() >= k:
        raise ValueError(f"labels must be from 0 to {k - 1}, but they go from {labels.min()} to {labels.max()}")
    if not whole(least, 1):
        raise ValueError(f"a class cannot be covered by {short(least)} samples")
    reference = np.ones(k) if reference_counts is None else np.asarray(reference_counts, dtype=np.float64)
    if reference.shape != (k,):
        raise ValueError(f"the reference must have a count for each of {k} classes, not shape {reference.shape}")
    if not (np.isfinite(reference).all() and (reference >= 0).all() and reference.any()):
        raise ValueError("the reference's counts must be finite, none negative, and not all 0")
    counts = np.bincount(labels.astype(np.int64), minlength=k)
    return ClassReport(
        covered=int(np.count_nonzero(counts >= least)),
        classes=k,
        kl=kl_of_counts(counts, reference),
        counts=counts,
        least=least,
        n=len(labels),
    )


def kl_of_counts(counts: np.ndarray, reference: np.ndarray) -> float:
    """Return KL(counts / their sum || reference / its sum) in nats; inf where the reference lacks a class."""
    present = counts > 0
    if not reference[present].all():
        return math.inf
    share, expected = counts[present] / counts.sum(), reference[present] / reference.max()
    expected = expected / (reference / reference.max()).sum()
    return max(0.0, float((share * np.log(share / expected)).sum()))
