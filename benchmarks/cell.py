"""A mean over trials and how sure it is, which is what a table of results shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Cell(NamedTuple):
    """A mean over trials and its standard error; the error of a single trial is unknown: NaN."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Cell:
        """The mean, and the standard deviation (with n - 1) over sqrt(n); both NaN without values."""
        if not len(values):
            return cls(math.nan, math.nan)
        if len(values) < 2 or not np.isfinite(values).all():
            return cls(float(np.mean(values)), math.nan)
        return cls(float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values))))

    def agrees(self, other: Cell) -> bool | None:
        """Whether the means lie within two standard errors of their difference; None if those are unknown."""
        error = math.hypot(self.error, other.error)
        return None if math.isnan(error) else abs(self.mean - other.mean) <= 2 * error

    def show(self, digits: int) -> str:
        if math.isnan(self.mean):
            return "-"
        error = "" if math.isnan(self.error) else f" +- {self.error:.{digits}f}"
        return f"{self.mean:.{digits}f}{error}"
