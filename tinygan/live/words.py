"""Is it ill? In plain words, from the numbers up to now, as a run would say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinygan.gan import health
from tinygan.gan.game import Game

WELL = "Nothing looks ill."
EARLY = "Too early to tell."


def words(lines: Sequence[Mapping[str, float]], game: Game) -> list[str]:
    """Sentences, at least one.

    Parameters
    ----------
    lines : sequence of mappings
        Numbers of `Game.step`, each with its ``step``, some steps apart, the newest last.
    game : Game
    """
    found = [health.UNBOUNDED] if health.is_unbounded(game) else []
    known = [line for line in lines if set(health.NUMBERS) <= set(line)]
    ill = health.find(health.Past(known, game.loss))
    if ill:
        found.append(ill[1])
    return list(map(as_sentence, found)) or [WELL if len(known) > health.FEWEST else EARLY]


def as_sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return text[0].upper() + text[1:].rstrip(".") + "."
