"""Validity, uniqueness and novelty of generated strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class StringScores(NamedTuple):
    """What `string_scores` found: three shares in [0, 1]."""

    validity: float
    uniqueness: float
    novelty: float


def string_scores(samples: Sequence[str], valid: Callable[[str], bool], training: Iterable[str]) -> StringScores:
    """How many strings follow the rule, how many of these differ, and how many of those are new.

    With V the valid samples, as a list, and U the different ones among them, as a set::

        validity   = |V| / n
        uniqueness = |U| / |V|
        novelty    = |U without the training set| / |U|

    Each of them alone can be had for nothing: one valid string, written again and again, has validity 1; random
    strings have uniqueness 1 and novelty 1; and a copy of the training set has validity 1 and uniqueness 1. So they
    are read together. Uniqueness falls with n: compare only what was measured on equally many samples.

    Strings are compared as they are written. (GuacaMol and MOSES first bring a molecule to its canonical SMILES, so
    that CCO and OCC are one.)

    Parameters
    ----------
    samples : sequence of str, n > 0
    valid : function(str) -> bool
    training : iterable of str
        What the generator was trained with.

    Returns
    -------
    scores : StringScores
        Where no sample is valid, uniqueness and novelty are 0.

    Raises
    ------
    ValueError
        If there are no samples.

    References
    ----------
    Brown et al., "GuacaMol: Benchmarking Models for de Novo Molecular Design", JCIM 2019, section 3.2; Polykovskiy et
    al., "Molecular Sets (MOSES): A Benchmarking Platform for Molecular Generation Models", Frontiers in Pharmacology
    2020.

    Examples
    --------
    >>> string_scores(["10", "10", "12", "1x"], str.isdecimal, training=["10", "11"])
    StringScores(validity=0.75, uniqueness=0.6666666666666666, novelty=0.5)
    """
    if not len(samples):
        raise ValueError("there is nothing to score: 0 strings")
    good = [text for text in samples if valid(text)]
    different = set(good)
    new = different.difference(training)
    return StringScores(
        validity=len(good) / len(samples),
        uniqueness=len(different) / max(1, len(good)),
        novelty=len(new) / max(1, len(different)),
    )
