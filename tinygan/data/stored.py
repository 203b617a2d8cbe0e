"""What all data sets in memory have in common: samples as bytes, with a label for each or none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import counted, printable, short

NAMED = 8  # classes that `describe` names one by one


@dataclass(frozen=True, eq=False)
class Stored:
    """Samples as bytes, with a label for each or none: `Images`, and `Sequences`.

    Attributes
    ----------
    name : str
        What the set is called in messages and file names.
    pixels : ndarray, shape (N, ...), uint8
        The samples; 0 and 255 stand for the two ends of what a generator makes.
    labels : ndarray, shape (N,), int64, or None
        Class of each sample, counted from 0.
    class_names : tuple of str, or None
        What class 0, 1, ... is called.
    said : tuple of str
        How the samples were come by, in a few words each, for `describe`.
    notes : tuple of str
        What else should be known of them, a line each: files that were skipped, warnings.

    Raises
    ------
    DataError
        If there is no sample, or a type, a shape or a length is not as above.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    one, many = "sample", "samples"  # what messages call it, and what `describe` calls them

    def __post_init__(self) -> None:
        labels = self.labels
        if labels is not None:
            self._check_labels(labels)
        if self.class_names is not None:
            if labels is None or int(labels.max()) >= len(self.class_names):
                raise DataError(
                    f"{short(self.name)} has {len(self.class_names)} names of classes, which its labels exceed"
                )
            object.__setattr__(self, "class_names", tuple(map(str, self.class_names)))  # the dataclass is frozen

    def _check_labels(self, labels: np.ndarray) -> None:
        if labels.dtype != np.int64 or labels.ndim != 1:
            raise DataError(
                f"the labels of {short(self.name)} are {labels.dtype} of shape {labels.shape}: give int64 of shape (N,)"
            )
        if len(labels) != len(self.pixels):
            has = f"{short(self.name)} has {len(self.pixels)} {self.one}s but {len(labels)} labels"
            raise DataError(f"{has}: give one for each {self.one}")
        if labels.min() < 0:
            raise DataError(f"the labels of {short(self.name)} go down to {labels.min()}: count the classes from 0")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.pixels.shape[1:]

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change with any number, label or size: BLAKE2b of all of them."""
        digest = hashlib.blake2b(repr(self.pixels.shape).encode(), digest_size=16)
        for array in (self.pixels, self.labels):
            if array is not None:
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def describe(self) -> str:
        """One line about the set, to be said before training."""
        raise NotImplementedError(f"{type(self).__name__} must define describe")

    def _classes(self) -> list[str]:
        if self.labels is None:
            return []
        counts = np.bincount(self.labels, minlength=len(self.class_names or ())).tolist()
        names = [printable(name, 24) for name in self.class_names or map(str, range(len(counts)))]
        if len(counts) <= NAMED:
            each = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
        else:
            least, most = min(counts), max(counts)
            of = f"{most:,}" if least == most else f"{least:,} to {most:,}"
            each = f"{names[0]}, {names[1]}, ... {names[-1]}, {of} {self.many} each"
        return [f"{counted(len(counts), 'class', 'classes')} ({each})"]
