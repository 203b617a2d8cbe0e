"""How like the real samples the fakes of one batch are: two numbers that, unlike the losses, know good from bad.

=========  ===================================================  ==================  ==========================
number     what                                                 fakes like reals    sick
=========  ===================================================  ==================  ==========================
diversity  E|X - X'| of the fakes over that of the reals        about 1             near 0: all fakes the same
distance   energy distance, over E|Y - Y'| of the reals         about 0             large, and it stays so
=========  ===================================================  ==================  ==========================

X, X' are fakes, Y, Y' reals, and ``|a|`` is the Euclidean norm. The energy distance is 2 E|X - Y| - E|X - X'| - E|Y -
Y'| (see `metrics.energy_distance`). Images are looked at from afar, in about 7 x 7 cells: noise in single pixels makes
samples differ in every pixel, though the eye sees the same picture again and again.
"""

from __future__ import annotations

from typing import Any

FEWEST = 8  # samples in a batch: of fewer, the numbers are mostly chance
MOST = 256
CELLS = 7


def resemblance(fakes: Any, reals: Any) -> dict[str, Any]:
    """``diversity`` and ``distance`` of two batches (n, ...) on the same backend, as 0-d arrays; {} below 8 samples.

    The means are over pairs of two different samples, so that for fakes like the reals they are right on average,
    whatever the batch: a distance may be a little below 0. Of more than 256 samples the first count.
    """
    n = min(len(fakes), len(reals), MOST)
    if n < FEWEST:
        return {}
    x, y = from_afar(fakes[:n]), from_afar(reals[:n])
    centre = y.mean(axis=0)  # distances are the same, and keep more digits, around it
    x, y = x - centre, y - centre
    among_fakes, among_reals, between = _distances(x, x), _distances(y, y), _distances(x, y)
    unit = among_reals.sum() + 1e-12
    # Sums over n (n - 1) pairs, but for `between`, which has n more.
    distance = 2 * between.sum() * (n - 1) / n - among_fakes.sum() - among_reals.sum()
    return {"diversity": among_fakes.sum() / unit, "distance": distance / unit}


def from_afar(samples: Any) -> Any:
    """Images (n, H, W, C) as the means of about 7 x 7 cells, everything else as it is: (n, features)."""
    n = len(samples)
    if samples.ndim == 4:
        height, width = samples.shape[1:3]
        a, b = max(1, height // CELLS), max(1, width // CELLS)
        rows, columns = height // a, width // b
        whole = samples[:, : rows * a, : columns * b]
        samples = whole.reshape(n, rows, a, columns, b, -1).mean(axis=(2, 4))
    return samples.reshape(n, -1)


def _distances(x: Any, y: Any) -> Any:
    """|x_i - y_j|, by the expansion of the square: (n, m)."""
    squares = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :] - 2 * (x @ y.T)
    return squares.clip(0, None) ** 0.5
