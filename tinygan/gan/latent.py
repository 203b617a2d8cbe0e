"""The noise z of a generator: drawn, truncated, and the ways between two vectors of it.

All functions are pure NumPy on the host; `tinygan.gan.sampling.draw` makes samples of what they return.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tinygan.backend.base import on_host
from tinygan.given import finite_number, whole_number

# Where redrawing normal and uniform numbers keep equally many of them, see `truncated_normal`.
SWITCH = math.sqrt(math.pi / 2)
CHUNK = 2**20  # candidates drawn at once: in float64 they take many times the memory of the result
# A perpendicular part shorter than this share of a unit vector is rounding, not a direction.
ROUNDING = 1e-12


def noise(rng: np.random.Generator, shape: tuple[int, ...], truncation: float | None = None) -> np.ndarray:
    """Draw z from N(0, 1), or from N(0, 1) cut to [-truncation, truncation].

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of randomness. The first rows do not depend on how many rows follow.
    shape : tuple of int
        Such as (n, latent).
    truncation : float, optional
        See `truncated_normal`; None cuts nothing.

    Returns
    -------
    ndarray of `shape`, float32
    """
    shape = tuple(whole_number("a length of the noise's shape", n, 0) for n in shape)
    if truncation is None:
        return rng.standard_normal(shape, dtype=np.float32)
    return truncated_normal(rng, shape, truncation)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...], threshold: float) -> np.ndarray:
    """Draw from N(0, 1) under the condition ``|z| <= threshold``: the truncation trick.

    Numbers above the threshold are drawn again (Brock et al., "Large scale GAN training for high fidelity
    natural image synthesis" (BigGAN), ICLR 2019, section 3.1): the samples become more alike, and those of
    some generators better. The density is ::

        p(z) = exp(-z^2 / 2) / (sqrt(2 pi) P) for |z| <= T, with P = erf(T / sqrt(2)),

    and the variance is 1 - 2 T exp(-T^2 / 2) / (sqrt(2 pi) P).

    Redrawing normal numbers keeps the share P of them, which for a small T would take for ever. There,
    z is drawn uniformly from [-T, T] and kept with probability exp(-z^2 / 2), which gives the same density
    (Robert, "Simulation of truncated normal variables", Statistics and Computing, 1995) and keeps the share
    P sqrt(pi / 2) / T. The two are equal at T = sqrt(pi / 2), so at least 78 % are kept, whatever T is.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of randomness. Numbers are taken in order, so that the first rows do not depend on how
        many rows follow, and a threshold that no number exceeds changes nothing.
    shape : tuple of int
    threshold : float
        T, above 0 and finite.

    Returns
    -------
    ndarray of `shape`, float32
        None of the numbers is above the threshold, not even by rounding.

    Raises
    ------
    ValueError
        If the threshold is not above 0 and finite.
    """
    what = "the threshold of a truncated normal"
    threshold = finite_number(what, threshold, "be above 0 and finite", lambda t: t > 0)
    missing = math.prod(shape)
    kept = [np.empty(0, np.float32)]
    while missing:
        z = _candidates(rng, min(missing, CHUNK), threshold)
        # Compared in float64: in float32 the threshold itself might be rounded up.
        z = z[np.abs(z, dtype=np.float64) <= threshold]
        kept.append(z)
        missing -= len(z)
    return np.concatenate(kept).reshape(shape)


def _candidates(rng: np.random.Generator, n: int, threshold: float) -> np.ndarray:
    """At most n numbers, float32, of the normal density up to a factor on [-threshold, threshold]."""
    if threshold >= SWITCH:
        return rng.standard_normal(n, dtype=np.float32)
    place, chance = rng.random((n, 2)).T
    z = threshold * (2 * place - 1)
    return z[chance < np.exp(-z * z / 2)].astype(np.float32)


def lerp(a: np.ndarray, b: np.ndarray, t: ArrayLike) -> np.ndarray:
    """The straight line from a (t = 0) to b (t = 1): (1 - t) a + t b.

    It is short of noise in the middle. A vector of d normal numbers has a length near sqrt(d), and two of
    them are nearly perpendicular; halfway between them the length is only sqrt(d / 2), where a generator
    has seen hardly any z for large d. `slerp` keeps the length.

    Parameters
    ----------
    a, b : array (..., d)
        Finite.
    t : float or array (m,)
        In [0, 1].

    Returns
    -------
    ndarray (..., d), or (..., m, d) for an array of t
        Of the type of a and b. At t = 0 and t = 1 it is a and b to the last bit.

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or t lies outside [0, 1].
    """
    a, b, t, dtype = _checked(a, b, t)
    return ((1 - t) * a + t * b).astype(dtype)


def slerp(a: np.ndarray, b: np.ndarray, t: ArrayLike) -> np.ndarray:
    """The arc from a (t = 0) to b (t = 1), at constant angular speed: spherical linear interpolation.

    For ``|a| = |b|`` and the angle omega between them (Shoemake, "Animating rotation with quaternion curves",
    SIGGRAPH 1985; for the noise of generators White, "Sampling generative networks", 2016)::

        slerp(a, b, t) = sin((1 - t) omega) / sin(omega) a + sin(t omega) / sin(omega) b

    This divides by zero where the vectors are parallel or opposite. The same arc is, with the directions
    ``u = a / |a|`` and ``v = b / |b|``, and w the unit vector perpendicular to u in the plane of u and v, ::

        slerp(a, b, t) = ((1 - t) |a| + t |b|) (cos(t omega) u + sin(t omega) w)

    which is what is computed. So the length goes evenly from ``|a|`` to ``|b|``, also where these differ (White
    weighs a and b as they are, and the speed of the turn is then uneven). The special cases:

    - parallel: omega = 0, the straight line;
    - opposite: every half circle is as short as the others. The one that passes the axis most nearly
      perpendicular to u is taken (the first of equals). For d = 1 there is no way round, and the path leads through 0;
    - zero has no direction and takes that of the other vector, which gives the straight line.

    Parameters
    ----------
    a, b : array (..., d)
        Finite.
    t : float or array (m,)
        In [0, 1].

    Returns
    -------
    ndarray (..., d), or (..., m, d) for an array of t
        Of the type of a and b. At t = 0 and t = 1 it is a and b to the last bit.

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or t lies outside [0, 1].
    """
    a, b, t, dtype = _checked(a, b, t)
    length_a, length_b = _length(a), _length(b)
    u = _unit(np.where(length_a > 0, a, b))
    v = _unit(np.where(length_b > 0, b, a))
    # Near 0 and pi the arc cosine of u v would lose half of the digits.
    omega = 2 * np.arctan2(_length(u - v), _length(u + v))
    direction = np.cos(t * omega) * u + np.sin(t * omega) * _perpendicular(u, v)
    path = ((1 - t) * length_a + t * length_b) * direction
    return np.where(t == 0, a, np.where(t == 1, b, path)).astype(dtype)


def _checked(a: np.ndarray, b: np.ndarray, t: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.dtype]:
    """a, b and t as float64 of shapes that fit each other, and the type of the result."""
    a, b, t = np.asarray(a), np.asarray(b), on_host(t, np.float64)
    if a.shape != b.shape or a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"both ends of a path must have one shape (..., d) with d > 0, not {a.shape} and {b.shape}")
    if t.ndim > 1 or not ((t >= 0) & (t <= 1)).all():
        raise ValueError(f"t must be a number in [0, 1], or an array (m,) of them, not {t}")
    dtype = np.result_type(a, b)
    if not np.issubdtype(dtype, np.floating):
        dtype = np.dtype(np.float64)
    a, b = a.astype(np.float64), b.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("both ends of a path must be finite")
    if t.ndim == 1:
        return a[..., None, :], b[..., None, :], t[:, None], dtype
    return a, b, t, dtype


def _length(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x, axis=-1, keepdims=True)


def _unit(x: np.ndarray) -> np.ndarray:
    """x / |x|; zero stays zero."""
    length = _length(x)
    return x / np.where(length > 0, length, 1.0)


def _perpendicular(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The unit vector perpendicular to u on the way to v, or towards an axis where v = u or v = -u."""
    axis = np.zeros_like(u)
    np.put_along_axis(axis, np.abs(u).argmin(axis=-1, keepdims=True), 1.0, axis=-1)
    w = _without(v, u)
    w = np.where(_length(w) < ROUNDING, _without(axis, u), w)
    # Once more: a short w consists mostly of the rounding of the first subtraction.
    return _unit(_without(_unit(w), u))


def _without(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """x less its part along the unit vector u."""
    return x - (x * u).sum(axis=-1, keepdims=True) * u
