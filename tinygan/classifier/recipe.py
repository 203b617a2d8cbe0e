"""How the classifiers are trained: Adam, a falling learning rate, pictures moved about a little."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, ops
from tinygan.autograd.cross_entropy import cross_entropy
from tinygan.classifier.errors import ClassifierError
from tinygan.classifier.model import Classifier
from tinygan.classifier.weights import rounded
from tinygan.data import Images, digits, load, mnist, to_range
from tinygan.given import is_whole
from tinygan.optim import Adam
from tinygan.words import short

EPOCHS = 6
LEAST_STEPS = 900  # a small set is passed over more often
BATCH_SIZE = 128
LEARNING_RATE = 2e-3
MOVED_BY = 14  # a training image is moved by 1 / 14 of its longer side, at most: 2 of 28 pixels
DIGITS = {"training": (20_000, 0), "test": (5_000, 1)}  # (images, seed)
HELD_OUT = 5  # of other data every fifth image is for the test

Report = Callable[[int, int, float], None]


def load_sets(data: str, data_dir: str | Path | None = None, seed: int = 0, **options: Any) -> tuple[Images, Images]:
    """What to learn from and what to be tested on.

    Parameters
    ----------
    data : str
        "mnist" for MNIST's 60,000 and 10,000 images; "digits" for 20,000 and 5,000 rendered digits drawn with different
        seeds: the same fonts, but other turns, slants, sizes and places; or other labelled images, as in
        `tinygan.data.load`, which are `split`.
    data_dir : path, optional
        As in `tinygan.data.load`.
    seed : int
        Of the splitting.
    **options
        Of `tinygan.data.load`, for other images.

    Returns
    -------
    training, test : Images

    Raises
    ------
    ClassifierError
        If there are no labels.
    DataError
        If the data cannot be had.
    """
    if data == "mnist":
        return mnist(data_dir, "train"), mnist(data_dir, "test")
    if data == "digits":
        return digits(*DIGITS["training"]), digits(*DIGITS["test"])
    images = load(data, data_dir, **options)
    if not isinstance(images, Images):
        raise ClassifierError(f"a classifier is trained on images with labels, and {data} are points")
    return split(images, seed)


def split(images: Images, seed: int = 0) -> tuple[Images, Images]:
    """Hold out a fifth of each class, drawn at random: (training, test). Both know all the classes.

    Raises
    ------
    ClassifierError
        If there are no labels of two classes or more, or fewer than five images.
    """
    labels, names = _checked_labels(images), class_names(images)
    if len(images) < HELD_OUT:
        raise ClassifierError(f"{short(images.name)} has {len(images)} images: too few to hold some out for a test")
    order = np.random.default_rng([seed, HELD_OUT]).permutation(len(images))
    order = order[np.argsort(labels[order], kind="stable")]  # class by class, in each at random
    held_out = np.arange(len(images)) % HELD_OUT == HELD_OUT - 1

    def part(rows: np.ndarray) -> Images:
        return Images(images.name, images.pixels[rows], labels[rows], names)

    return part(np.sort(order[~held_out])), part(np.sort(order[held_out]))


def class_names(images: Images) -> tuple[str, ...]:
    """What the labels 0, 1, ... are called: their numbers, if the images do not say."""
    return images.class_names or tuple(map(str, range(int(_checked_labels(images).max()) + 1)))


def epochs_for(n: int) -> int:
    """Passes over n images: six, or as many as make 900 steps."""
    return max(EPOCHS, math.ceil(LEAST_STEPS / max(1, n // BATCH_SIZE)))


def train(images: Images, epochs: int | None = None, seed: int = 0, report: Report | None = None) -> Classifier:
    """Train a classifier; no image of a test set is looked at, and the last weights are the result.

    It minimises the cross-entropy, the mean of -ln p[label], with Adam (Kingma and Ba, 2015). In step t of T the
    learning rate is 0.001 (1 + cos(pi t / T)) (Loshchilov and Hutter, ICLR 2017, eq. 5, without restarts).

    Parameters
    ----------
    images : Images
        With labels of two classes or more, and at least one batch of 128.
    epochs : int, optional
        Passes over them, at least 1; by default six, or more if that makes fewer than 900 steps.
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
    labels, classes = _checked_labels(images), len(class_names(images))
    if len(images) < BATCH_SIZE:
        raise ClassifierError(f"a classifier is trained on at least {BATCH_SIZE} images, not {len(images)}")
    if epochs is None:
        epochs = epochs_for(len(images))
    if not is_whole(epochs):
        raise ClassifierError(f"a classifier is trained for at least 1 epoch, not {short(epochs)}")
    rng = np.random.default_rng(seed)
    classifier = Classifier.build(rng, images.sample_shape, classes)
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
        loss = cross_entropy(classifier(Tensor(x)), ops.one_hot(labels[chosen], classes))
        optimizer.lr = LEARNING_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.step(grad(loss, parameters))
        if report:
            report(step + 1, steps, float(loss.data))
    classifier.eval()
    return rounded(classifier)


def moved(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by up to 1 / 14 of its longer side down or up and right or left: (n, H, W, C), same shape.

    What comes in repeats the border, which is the background of most pictures.
    """
    n, height, width, _ = pixels.shape
    furthest = max(height, width) // MOVED_BY
    around = (furthest, furthest)
    framed = np.pad(pixels, ((0, 0), around, around, (0, 0)), mode="edge")
    # (n, 2 furthest + 1, 2 furthest + 1, C, H, W): all the windows of H x W, as a view
    windows = np.lib.stride_tricks.sliding_window_view(framed, (height, width), axis=(1, 2))
    down, right = rng.integers(2 * furthest + 1, size=(2, n))
    return np.ascontiguousarray(np.moveaxis(windows[np.arange(n), down, right], 1, -1))


def accuracy(classifier: Classifier, images: Images) -> float:
    """Share of the images, in [0, 1], to whose label the classifier gives the highest probability."""
    labels = _checked_labels(images)
    return float((classifier.probabilities(images.pixels).argmax(axis=-1) == labels).mean())


def _checked_labels(images: Images) -> np.ndarray:
    """The labels, if these images can be learnt."""
    labels = images.labels
    if labels is None or labels.min() < 0:
        raise ClassifierError(f"the images {short(images.name)} need labels: of a folder, one subfolder for each class")
    classes = len(images.class_names or ()) or int(labels.max()) + 1
    if classes < 2 or labels.max() >= classes:
        raise ClassifierError(f"the images {short(images.name)} have labels up to {labels.max()} for {classes} classes")
    return labels
