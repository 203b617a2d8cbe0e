"""Is it ill? In plain words, from the latest numbers, as a run would say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinygan.gan.health import Health
from tinygan.gan.losses import Loss

PATIENCE = 10  # rows in a row that must look ill
WELL = "Nothing looks ill."
EARLY = "Too early to tell."


def words(
    recent: Sequence[Mapping[str, float]],
    fakes: np.ndarray,
    reals: np.ndarray,
    loss: Loss,
) -> list[str]:
    """Sentences, at least one.

    Parameters
    ----------
    recent : sequence of mappings
        The latest numbers of `Game.step`, some steps apart, the newest last.
    fakes, reals : arrays (n, d)
    loss : Loss
    """
    if not recent:
        return [EARLY]
    health = Health(PATIENCE, watch_accuracy=loss.boundary is not None)
    said = [health.after_log(stats) for stats in recent][-1:]
    if len(recent) >= PATIENCE:
        said.append(health.after_samples(fakes, reals))
    found = [as_sentence(each) for each in said if each]
    return found or [WELL if len(recent) >= PATIENCE else EARLY]


def as_sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return text[0].upper() + text[1:].rstrip(".") + "."
