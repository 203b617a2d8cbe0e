"""A small classifier of images, built and trained by tinygan itself: the eye of the image metrics.

`load("mnist")` and `load("digits")` give the two that come with the package; `train` is their recipe, also for labelled
images of one's own, and ``python -m tinygan.train_classifier`` runs it.
"""

from tinygan.classifier.errors import ClassifierError
from tinygan.classifier.model import DATA, Classifier
from tinygan.classifier.recipe import accuracy, class_names, load_sets, split, train
from tinygan.classifier.weights import Record, load, save

__all__ = [
    "DATA",
    "Classifier",
    "ClassifierError",
    "Record",
    "accuracy",
    "class_names",
    "load",
    "load_sets",
    "save",
    "split",
    "train",
]
