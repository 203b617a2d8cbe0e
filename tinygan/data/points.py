"""Points in the plane from an array, or from anything that can draw them."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import short

LOOK = 1000  # samples that tell where the points lie
MARGIN = 0.1  # of the width and the height, on each side of them


@dataclass(frozen=True, eq=False)
class Points:
    """Samples in the plane, with the interface of `Mixture`.

    Attributes
    ----------
    name : str
        What the points are called in messages and file names.
    source : array-like of shape (N, 2), or an object with ``sample(n, rng)``
        Of an array, rows are drawn with replacement; of an object, `sample` is asked for n points (n, 2) and should
        draw them with `rng`, a numpy.random.Generator, alone, so that a run can be repeated.

    Raises
    ------
    DataError
        If the array or what `sample` returns is not (n, 2), finite and real.

    Examples
    --------
    >>> points = Points("corners", [[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> points.sample(100, np.random.default_rng(0)).shape
    (100, 2)
    >>> points.describe()
    'corners: 4 points in the plane, drawn with replacement, x from 0 to 1, y from 0 to 1'
    """

    name: str
    source: Any

    def __post_init__(self) -> None:
        if callable(getattr(self.source, "sample", None)):
            try:
                inspect.signature(self.source.sample).bind(2, None)
            except TypeError as error:
                raise DataError(f"the sample of {short(self.name)} must take (n, rng): {error}") from error
            except ValueError:
                pass  # written in C: it does not tell, so asking shows
            self.sample(2, np.random.default_rng(0))
        else:
            rows = _checked(self.source, None, f"the source of {short(self.name)}")
            object.__setattr__(self, "source", rows)  # the dataclass is frozen

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (2,)."""
        return (2,)

    @property
    def labels(self) -> None:
        """None: the samples carry no labels."""
        return None

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` points, (n, 2) float32.

        Raises
        ------
        DataError
            If the source's own `sample` returns anything else.
        """
        if isinstance(self.source, np.ndarray):
            drawn: np.ndarray = self.source[rng.integers(len(self.source), size=n)]
            return drawn
        return _checked(self.source.sample(n, rng), n, f"the sample(n, rng) of {short(self.name)}")

    def describe(self) -> str:
        """What the points are, in one line."""
        low, high = self._look.min(axis=0), self._look.max(axis=0)
        what = "points in the plane from its sample(n, rng)"
        if isinstance(self.source, np.ndarray):
            low, high = self.source.min(axis=0), self.source.max(axis=0)
            what = f"{len(self.source):,} points in the plane, drawn with replacement"
        return f"{self.name}: {what}, x from {low[0]:.3g} to {high[0]:.3g}, y from {low[1]:.3g} to {high[1]:.3g}"

    @property
    def notes(self) -> tuple[str, ...]:
        """A line if the same random state does not give the same points twice."""
        if self._repeats:
            return ()
        return (
            f"the sample of {short(self.name)} does not draw with rng alone, so that a run cannot be repeated exactly",
        )

    def extent(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) of the part of the plane to show: a thousand points and a margin."""
        low, high = self._look.min(axis=0).astype(np.float64), self._look.max(axis=0).astype(np.float64)
        margin = MARGIN * np.where(high > low, high - low, max(float((high - low).max()), 1.0))
        (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
        return left, right, bottom, top

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change with the points; only with the name if no two draws are the same."""
        rows = self.source if isinstance(self.source, np.ndarray) else self._look
        content = rows.tobytes() if self._repeats else self.name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    @cached_property
    def _look(self) -> np.ndarray:
        return self.sample(LOOK, np.random.default_rng(0))

    @cached_property
    def _repeats(self) -> bool:
        return np.array_equal(self._look, self.sample(LOOK, np.random.default_rng(0)))


def _checked(points: Any, n: int | None, what: str) -> np.ndarray:
    """The points as (n, 2) float32; `n` None allows any number from 1."""
    try:
        array = np.asarray(points)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{what} gave no array: give one of shape (n, 2)") from error
    if array.dtype.kind not in "fiub" or array.ndim != 2 or array.shape[1] != 2 or len(array) != (n or len(array)):
        asked = f" for n = {n}" if n else ""
        raise DataError(
            f"{what} gave {array.dtype} of shape {array.shape}{asked}: give numbers of shape ({n or 'n'}, 2)"
        )
    if len(array) == 0:
        raise DataError(f"{what} gave no point: give at least one row (x, y)")
    if not np.isfinite(array).all():
        raise DataError(f"not all numbers of {what} are finite")
    with np.errstate(over="ignore"):
        result = array.astype(np.float32)
    if not np.isfinite(result).all():
        raise DataError(f"some numbers of {what} are too large for float32")
    return result
