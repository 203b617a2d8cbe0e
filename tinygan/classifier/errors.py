"""The one error of the classifier."""

from tinygan.data import DataError


class ClassifierError(DataError):
    """Images it cannot look at, or a weight file that is missing, damaged or of another model; one sentence."""
