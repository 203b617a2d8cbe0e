"""Mixtures of Gaussians in the plane: data whose modes can be counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from tinygan.data.errors import DataError
from tinygan.given import finite_number, whole_number
from tinygan.words import short

MOST_MODES, MOST_SIDE = 1_000_000, 1000


@dataclass(frozen=True, eq=False)
class Mixture:
    """Gaussians of equal weight and equal standard deviation in the plane.

    The density is p(x) = 1/K sum_k N(x; means[k], sigma^2 I).

    Attributes
    ----------
    name : str
        What the mixture is called in messages and file names.
    means : ndarray, shape (K, 2), float64
        The centres of the modes.
    sigma : float
        Standard deviation of each mode along each axis, in the units of `means`.
    where : str
        The rule that places the means, for `describe`.

    Raises
    ------
    DataError
        If `means` is not (K, 2) with K >= 1 and finite, or `sigma` is not positive.
    """

    name: str
    means: np.ndarray
    sigma: float
    where: str = "at the given means"

    def __post_init__(self) -> None:
        means = np.asarray(self.means, dtype=np.float64)
        if means.ndim != 2 or means.shape[1] != 2 or len(means) == 0:
            raise DataError(
                f"the means of mixture {short(self.name)} have shape {means.shape}: give one row (x, y) for each mode"
            )
        needs = f"mixture {short(self.name)} needs finite means and a positive sigma, but sigma is {short(self.sigma)}"
        if not np.isfinite(means).all():
            raise DataError(needs)
        finite_number("sigma", self.sigma, fits=lambda sigma: sigma > 0, error=lambda _: DataError(needs))
        object.__setattr__(self, "means", means)  # the dataclass is frozen

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (2,)."""
        return (2,)

    @property
    def labels(self) -> None:
        """None: the samples carry no labels."""
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """None: there is nothing to be warned of."""
        return ()

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change with any mean or sigma."""
        content = np.append(self.means.ravel(), self.sigma).tobytes()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def extent(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) of the part of the plane to show: the modes, and a quarter more on each side."""
        reach = 1.25 * float(np.abs(self.means).max()) + 5 * self.sigma
        return -reach, reach, -reach, reach

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` samples: a mode uniformly, then a normal deviation from its mean.

        Parameters
        ----------
        n : int
            Number of samples.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        ndarray, shape (n, 2), float32
        """
        n = whole_number("the number of samples", n, 0, error=DataError)
        modes = rng.integers(len(self.means), size=n)
        return (self.means[modes] + self.sigma * rng.standard_normal((n, 2))).astype(np.float32)

    def describe(self) -> str:
        """The definition in one line, to be printed beside every number measured on it."""
        return (
            f"{self.name}: {len(self.means)} Gaussians of equal weight {self.where}, standard deviation {self.sigma:g}"
        )


def ring(modes: int = 8, radius: float = 1.0, sigma: float = 0.01) -> Mixture:
    """Gaussians evenly spaced on a circle: mean i at angle 2 pi i / modes, i = 0 .. modes - 1.

    The defaults are the 2D-ring of VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al.
    2018, section 4.1).

    Raises
    ------
    DataError
        If `modes` is not a whole number >= 1, `radius` not finite or `sigma` not positive.

    Examples
    --------
    >>> mixture = ring()
    >>> mixture.sample(256, np.random.default_rng(0)).shape, mixture.means.shape, mixture.sigma
    ((256, 2), (8, 2), 0.01)
    """
    modes = whole_number("modes", modes, most=MOST_MODES, error=DataError)
    radius = finite_number("radius", radius, error=DataError)
    # Not linspace(0, 2 pi, modes): that ends on the angle it began with and so makes
    # modes - 1 distinct means, one of them with double weight.
    angles = 2 * np.pi * np.arange(modes) / modes
    means = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    where = f"at radius {radius:g} and angles 2 pi i / {modes}, i = 0..{modes - 1}"
    return Mixture("ring", means, sigma, where)


def grid(side: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> Mixture:
    """Gaussians on a square grid of side x side points centred at the origin.

    The defaults, 25 modes at {-4, -2, 0, 2, 4}^2, are the 2D-grid of VEEGAN (Srivastava et al.
    2017) and PacGAN (Lin et al. 2018, section 4.1).

    Raises
    ------
    DataError
        If `side` is not a whole number >= 1, `spacing` not finite or `sigma` not positive.
    """
    side = whole_number("side", side, most=MOST_SIDE, error=DataError)
    spacing = finite_number("spacing", spacing, error=DataError)
    ticks = spacing * (np.arange(side) - (side - 1) / 2)
    x, y = np.meshgrid(ticks, ticks)
    means = np.stack([x.ravel(), y.ravel()], axis=1)
    where = f"on a {side} x {side} grid from {ticks[0]:g} to {ticks[-1]:g} (spacing {spacing:g})"
    return Mixture("grid", means, sigma, where)
