"""What a set of points must be before a metric works with it: one sentence when it is not."""

import numpy as np

# The cube of a product of two such numbers still fits a float64, and no float32 is as large.
LARGEST = 1e50


def as_points(points: np.ndarray, name: str, least: int = 1) -> np.ndarray:
    """Return `points` as an array of numbers of shape (n, d), or raise ValueError in one sentence.

    The type stays what it is (but for booleans): the metrics turn a block at a time into float64.

    Parameters
    ----------
    points : ndarray of real numbers, shape (n, d)
    name : str
        What the message calls the points.
    least : int
        The smallest n that will do.

    Raises
    ------
    ValueError
        If the shape is not (n, d) with d >= 1, n is below `least`, or a number is NaN, infinite, complex
        or beyond 1e50.
    """
    points = np.asarray(points)
    if points.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, not {points.dtype}")
    if points.dtype.kind == "b":
        points = points.astype(np.float64)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"{name} must have shape (n, d), a point in each row, not {points.shape}")
    if len(points) < least:
        raise ValueError(f"{name}: at least {least} points are needed, there are {len(points)}")
    # A NaN compares false, so it is refused too. The extremes need no array of the size of the points.
    # In Python's floats, because 1e50 would be an infinity of float32.
    if not (float(points.max()) <= LARGEST and float(points.min()) >= -LARGEST):
        raise ValueError(
            f"{name} must be finite numbers of at most {LARGEST:g}: there is a NaN, an infinity or a larger one"
        )
    return points


def two_sets(a: np.ndarray, b: np.ndarray, names: tuple[str, str], least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays of shapes (n, d) and (m, d); ValueError as for `as_points`, or if their d differ."""
    a, b = as_points(a, names[0], least), as_points(b, names[1], least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{names[0]} and {names[1]} must have points of the same length, not {a.shape} and {b.shape}")
    return a, b
