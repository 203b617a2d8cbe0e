"""What was found about one input: its numbers beside the differences, its kinks, what is likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Entry:
    """The gradient of one input, beside its numeric counterpart.

    Attributes
    ----------
    name, dtype : str
        The input's name, and its dtype before it became float64.
    order : int
        1 for a gradient, 2 for the gradient of a gradient.
    analytic, numeric, allowed : ndarray
        The gradient that backward gave, the centred differences, and the difference allowed between
        the two; all of the input's shape. `numeric` is NaN where `checked` is False.
    checked : ndarray of bool
        Which coordinates were compared. A coordinate nudged off a kink holds the values from there.
    direction : tuple of float or None
        For large inputs: (analytic, numeric, allowed) along one random direction of length 1.
    """

    name: str
    dtype: str
    order: int
    analytic: np.ndarray
    numeric: np.ndarray
    allowed: np.ndarray
    checked: np.ndarray
    direction: tuple[float, float, float] | None = None

    @classmethod
    def blank(cls, name: str, dtype: str, order: int, analytic: np.ndarray) -> Entry:
        """An entry in which nothing has been checked yet."""
        nan = np.full(analytic.shape, np.nan)
        nothing = np.zeros(analytic.shape, bool)
        return cls(name, dtype, order, analytic, nan, nan.copy(), nothing)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.analytic.shape

    @property
    def count(self) -> int:
        """How many numbers were compared."""
        return int(self.checked.sum())

    @property
    def wrong(self) -> np.ndarray:
        """Mask of the checked coordinates whose analytic and numeric values differ (or are NaN)."""
        return self.checked & ~(np.abs(self.analytic - self.numeric) <= self.allowed)

    @property
    def worst(self) -> tuple[int, ...] | None:
        """Index of the largest error, in units of what is allowed there; None if none checked."""
        if not self.count:
            return None
        error = np.abs(self.analytic - self.numeric) / self.allowed
        error = np.where(self.checked, np.nan_to_num(error, nan=np.inf), -1.0)
        return tuple(int(i) for i in np.unravel_index(np.argmax(error), self.shape))

    @property
    def absolute_error(self) -> float:
        """|analytic - numeric| at `worst`."""
        at = self.worst
        return 0.0 if at is None else float(abs(self.analytic[at] - self.numeric[at]))

    @property
    def relative_error(self) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|) at `worst`; 0 if both are 0."""
        at = self.worst
        scale = 0.0 if at is None else float(max(abs(self.analytic[at]), abs(self.numeric[at])))
        return self.absolute_error / scale if scale else 0.0

    @property
    def blurred(self) -> bool:
        """Whether the rounding error of the differences could hide a mistake of 1 percent."""
        if not self.count:
            return False
        scale = np.abs(self.numeric[self.checked]).max()
        return bool(np.nanmax(self.allowed) > max(0.01 * scale, 1e-5))

    @property
    def direction_ok(self) -> bool:
        if self.direction is None:
            return True
        analytic, numeric, allowed = self.direction
        return bool(abs(analytic - numeric) <= allowed)

    @property
    def ok(self) -> bool:
        return self.direction_ok and not self.wrong.any()

    def to_json(self) -> dict[str, Any]:
        at, numbers = self.worst, ("absolute_error", "relative_error", "direction")
        found = {key: getattr(self, key) for key in ("name", "dtype", "order", "shape", "ok", *numbers)}
        worst = (
            None
            if at is None
            else {"index": at, "analytic": float(self.analytic[at]), "numeric": float(self.numeric[at])}
        )
        return {**found, "checked": self.count, "wrong": int(self.wrong.sum()), "worst": worst}

    def __str__(self) -> str:
        size, at, differ = self.analytic.size, self.worst, int(self.wrong.sum())
        text = f"{self.name} {self.shape} {self.dtype}: "
        if at is None:
            return text + "nothing checked"
        if not differ:
            text += f"{self.count} of {size} numbers agree (error {self.absolute_error:.0e})"
        else:
            text += (
                f"{differ} of {self.count} checked numbers differ; at {place(at)}, the worst, "
                f"analytic {self.analytic[at] + 0.0:.7g}, numeric {self.numeric[at] + 0.0:.7g} "
                f"(error {self.absolute_error:.2g}, relative {self.relative_error:.2g})"
            )
        if self.direction is not None:
            analytic, numeric, _ = self.direction
            verdict = "agrees" if self.direction_ok else "DIFFERS"
            text += f"; the whole, along a random direction, {verdict}"
            text += "" if self.direction_ok else f": analytic {analytic:.7g}, numeric {numeric:.7g}"
        return text


@dataclass
class Kink:
    """A place where the slopes from left and right differ, so that no gradient is right or wrong.

    `nudge` is how far the input was moved to check that coordinate beside the kink; None if it
    stayed a kink, and the coordinate is neither passed nor failed. `index` None: a whole direction.
    """

    name: str
    order: int
    index: tuple[int, ...] | None
    left: float
    right: float
    nudge: float | None = None

    def __str__(self) -> str:
        where = "along every direction tried" if self.index is None else f"at {place(self.index)}"
        order = ", order 2" if self.order == 2 else ""
        end = "not checked" if self.nudge is None else f"checked {self.nudge:+g} beside it"
        slopes = f"slope {self.left:.4g} from the left, {self.right:.4g} from the right"
        return f"{self.name} {where}{order}: {slopes}; {end}"


@dataclass(frozen=True)
class Diagnosis:
    """What is likely wrong with the gradient of input `name`.

    `kind` is a short key that stays the same (sign, transposed, diagonal, ...), `sentence` is for
    the reader. Each has been put to the test: see `tinygan.testing.diagnosis`.
    """

    name: str
    kind: str
    sentence: str


def place(index: tuple[int, ...]) -> str:
    """An index without spaces, so that no line is broken inside it."""
    return "[" + ",".join(map(str, index)) + "]"
