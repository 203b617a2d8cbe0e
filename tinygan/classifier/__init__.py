"""A small digit classifier, built and trained by tinygan itself: the eye of the image metrics.

`load("mnist")` and `load("digits")` give the two that come with the package; `train` is their recipe, and
``python -m tinygan.train_classifier`` runs it.
"""

from tinygan.classifier.errors import ClassifierError
from tinygan.classifier.model import DATA, Classifier
from tinygan.classifier.recipe import accuracy, load_sets, train
from tinygan.classifier.weights import Record, load, save

__all__ = ["DATA", "Classifier", "ClassifierError", "Record", "accuracy", "load", "load_sets", "save", "train"]
