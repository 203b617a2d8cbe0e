"""How the classifiers are trained: Adam, a falling learning rate, pictures moved about a little."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinygan.autograd import Tensor, grad, ops
from tinygan.autograd.cross_entropy import cross_entropy
from tinygan.classifier.errors import ClassifierError
from tinygan.classifier.model import CLASSES, DATA, SHAPE, Classifier
from tinygan.classifier.weights import rounded
from tinygan.data import Images, digits, mnist, to_range
from tinygan.optim import Adam

EPOCHS = 6
BATCH_SIZE = 128
LEARNING_RATE = 2e-3
FURTHEST = 2  # pixels that a training image is moved, at most
DIGITS = {"training": (20_000, 0), "test": (5_000, 1)}  # (images, seed)

Report = Callable[[int, int, float], None]


def load_sets(data: str, data_dir: str | Path | None = None) -> tuple[Images, Images]:
    """What to learn from and what to be tested on.

    Parameters
    ----------
    data : {"mnist", "digits"}
        MNIST's 60,000 and 10,000 images, or 20,000 and 5,000 rendered digits drawn with different seeds: the same
        fonts, but other turns, slants, sizes and places.
    data_dir : path, optional
        As in `tinygan.data.mnist`.

    Returns
    -------
    training, test : Images

    Raises
    ------
    ClassifierError
        If `data` is another name.
    DataError
        If MNIST cannot be had.
    """
    if data == "mnist":
        return mnist(data_dir, "train"), mnist(data_dir, "test")
    if data == "digits":
        return digits(*DIGITS["training"]), digits(*DIGITS["test"])
    raise ClassifierError(f"there is no recipe for a classifier of {data!r}: choose one of {', '.join(DATA)}")


def train(images: Images, epochs: int = EPOCHS, seed: int = 0, report: Report | None = None) -> Classifier:
    """Train a classifier; no image of a test set is looked at, and the last weights are the result.

    It minimises the cross-entropy, the mean of -ln p[label], with Adam (Kingma and Ba, 2015). In step t of T the
    learning rate is 0.001 (1 + cos(pi t / T)) (Loshchilov and Hutter, ICLR 2017, eq. 5, without restarts).

    Parameters
    ----------
    images : Images
        (n, 28, 28, 1) with labels 0..9, and at least one batch of 128.
    epochs : int
        Passes over them, at least 1.
    seed : int
        Of the first weights, the order, the moves and what Dropout drops. The same seed gives the same weights on
        the same machine; rounding in another BLAS library makes others that are as good.
    report : callable, optional
        Called after each step with the steps done, the steps in all and the loss.

    Returns
    -------
    Classifier
        In evaluation mode, its weights rounded to float16.

    Raises
    ------
    ClassifierError
        If the images or the number of epochs are not as above.
    """
    labels = _checked_labels(images)
    if len(images) < BATCH_SIZE:
        raise ClassifierError(f"a classifier is trained on at least {BATCH_SIZE} images, not {len(images)}")
    if epochs < 1:
        raise ClassifierError(f"a classifier is trained for at least 1 epoch, not {epochs}")
    rng = np.random.default_rng(seed)
    classifier = Classifier.build(rng)
    parameters = classifier.parameters()
    optimizer = Adam(parameters, betas=(0.9, 0.999))
    steps_per_epoch = len(images) // BATCH_SIZE
    steps = epochs * steps_per_epoch
    for step in range(steps):
        place = step % steps_per_epoch
        if place == 0:
            order = rng.permutation(len(images))
        chosen = order[place * BATCH_SIZE : (place + 1) * BATCH_SIZE]
        x = to_range(moved(images.pixels[chosen], rng), 0.0, 1.0)
        loss = cross_entropy(classifier(Tensor(x)), ops.one_hot(labels[chosen], CLASSES))
        optimizer.lr = LEARNING_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.step(grad(loss, parameters))
        if report:
            report(step + 1, steps, float(loss.data))
    classifier.eval()
    return rounded(classifier)


def moved(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by up to 2 pixels down or up and right or left; black comes in: (n, 28, 28, 1), same shape."""
    n, height, width, _ = pixels.shape
    around = (FURTHEST, FURTHEST)
    framed = np.pad(pixels, ((0, 0), around, around, (0, 0)))
    # (n, 5, 5, 1, 28, 28): all the windows of 28 x 28, as a view
    windows = np.lib.stride_tricks.sliding_window_view(framed, (height, width), axis=(1, 2))
    down, right = rng.integers(2 * FURTHEST + 1, size=(2, n))
    return windows[np.arange(n), down, right].reshape(pixels.shape)


def accuracy(classifier: Classifier, images: Images) -> float:
    """Share of the images, in [0, 1], to whose label the classifier gives the highest probability."""
    found = classifier.probabilities(images.pixels).argmax(axis=-1)
    return float((found == _checked_labels(images)).mean())


def _checked_labels(images: Images) -> np.ndarray:
    """The labels, if these images can be learnt."""
    labels = images.labels
    if labels is None or labels.min() < 0 or labels.max() >= CLASSES:
        raise ClassifierError(f"the images {images.name!r} need labels from 0 to {CLASSES - 1}")
    if images.sample_shape != SHAPE:
        raise ClassifierError(f"the classifier looks at images of shape {SHAPE}, not {images.sample_shape}")
    return labels
