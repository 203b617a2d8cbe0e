"""The state of a random generator, as it is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan.data.errors import DataError
from tinygan.words import short


class DamagedPlace(DataError):
    """A saved place in the data, or a state of a random generator, that makes no sense."""


def rng_state(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a random generator, in types that JSON can hold."""
    state: dict[str, Any] = _plain(rng.bit_generator.state)
    return state


def set_rng_state(rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Put a random generator into a state that `rng_state` returned.

    Raises
    ------
    DamagedPlace
        If the state is damaged or belongs to another kind of generator.
    """
    try:
        rng.bit_generator.state = state
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise damaged(error) from error


def _plain(value: Any) -> Any:
    """Arrays to lists, at any depth; some bit generators keep arrays in their state."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def damaged(what: object) -> DamagedPlace:
    """The error about a saved place that makes no sense."""
    return DamagedPlace(f"the saved place in the data is damaged ({short(what)}): resume from another checkpoint")
