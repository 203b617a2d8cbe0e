"""Is it ill? In plain words, from the latest numbers, as a run would say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinygan.gan.health import Health, find_nan
from tinygan.gan.losses import Loss
from tinygan.nn import Module

PATIENCE = 10  # rows in a row that must look ill
WELL = "Nothing looks ill."
EARLY = "Too early to tell."


def words(
    recent: Sequence[Mapping[str, float]],
    fakes: np.ndarray,
    reals: np.ndarray,
    loss: Loss,
    networks: Mapping[str, Module],
) -> list[str]:
    """Sentences, at least one.

    Parameters
    ----------
    recent : sequence of mappings
        The latest numbers of `Game.step`, some steps apart, the newest last.
    fakes, reals : arrays (n, d)
    loss : Loss
    networks : mapping of str to Module
        To look for numbers that are not finite.
    """
    if not recent:
        return [EARLY]
    broken = find_nan(recent[-1], networks)
    if broken:
        return [broken]
    health = Health(PATIENCE, watch_accuracy=loss.boundary is not None)
    said = [health.after_log(stats) for stats in recent][-1:]
    if len(recent) >= PATIENCE:
        said.append(health.after_samples(fakes, reals))
    found = [sentence[0].upper() + sentence[1:] + "." for sentence in said if sentence]
    return found or [WELL if len(recent) >= PATIENCE else EARLY]
