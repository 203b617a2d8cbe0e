"""Strings: judged by the rule that they should follow, and by what they were trained with."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tinygan.data.sequences import Sequences
from tinygan.data.strings import decoded
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.sets import check_number
from tinygan.metrics.strings import string_scores

N, LEAST, MOST = 1000, 20, 26_000
OWN = (
    Metric("uniqueness", "unique", "share of the valid strings that differ; it falls with their number", ".1%", True),
    Metric("novelty", "new", "share of the different ones that are not in the training set", ".1%", True),
)
METRICS = (Metric("validity", "valid", "share of the strings that follow the rule of the data", ".1%", True), *OWN)


class StringJudge:
    """Measures strings by their rule; those of a file have none, and all of them count as valid.

    Parameters
    ----------
    dataset : Sequences
        Of strings.
    n : int
        How many are judged at a time: uniqueness changes with it.

    Attributes
    ----------
    metrics : tuple of Metric
    extractor : None
        Strings need no features.

    Raises
    ------
    DataError
        If `n` is out of range.
    """

    labelled = False  # no classes are asked for
    extractor = None

    def __init__(self, dataset: Sequences, n: int = N):
        check_number(dataset.name, n, LEAST, MOST, "strings")
        assert dataset.words is not None
        self.dataset, self.words, self.n = dataset, dataset.words, n
        self.metrics = METRICS if self.words.valid else OWN
        self.training = set(self.words.decode(dataset.pixels))

    def report(self, samples: np.ndarray, keys: Collection[str] | None = None) -> dict[str, float]:
        """Every metric of `metrics` (or of `keys` alone) for samples (n, L, V): at each place the likeliest symbol."""
        valid = self.words.valid or (lambda text: True)
        values = string_scores(decoded(samples, self.words.alphabet), valid, self.training)._asdict()
        return {m.key: values[m.key] for m in self.metrics if keys is None or m.key in keys}

    def reference_rows(self) -> dict[str, dict[str, float]]:
        """`report` of other strings of the rule, and of two simple writers that have seen the training set."""
        rng = np.random.default_rng([0, 1])
        rows = {"the rule itself": self.words.sample(self.n, rng)} if self.words.valid else {}
        rows |= {"by pairs": by_pairs(self.dataset.pixels, self.n, rng)}
        rows |= {"by place": by_place(self.dataset.pixels, self.n, rng)}
        return {name: self.report(samples) for name, samples in rows.items()}

    def captions(self) -> list[str]:
        """What the numbers are of, in lines."""
        rule = "the rule itself: other strings that it writes; " if self.words.valid else ""
        chain = "by pairs: each symbol drawn as it follows the one before in the data (a Markov chain)"
        return [self.dataset.describe(), f"{rule}{chain}; by place: each drawn as it is frequent at its place"]


def by_place(pixels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """n strings (n, L, V) whose symbols are drawn each by itself, as frequent at their place as in the data."""
    share = pixels.astype(np.float64).mean(axis=0).cumsum(axis=1) / 255
    return _one_hot((rng.random((n, len(share), 1)) < share).argmax(axis=2), share.shape[1])


def by_pairs(pixels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """n strings (n, L, V) of a Markov chain: each symbol as often after the one before it as in the data."""
    symbols, v = pixels.argmax(axis=2), pixels.shape[2]
    pairs = np.zeros((v, v))
    np.add.at(pairs, (symbols[:, :-1], symbols[:, 1:]), 1)
    follows = (pairs / pairs.sum(axis=1, keepdims=True).clip(1)).cumsum(axis=1)
    first = np.bincount(symbols[:, 0], minlength=v).cumsum() / len(symbols)
    drawn = [(rng.random((n, 1)) < first).argmax(axis=1)]
    while len(drawn) < symbols.shape[1]:
        drawn.append((rng.random((n, 1)) < follows[drawn[-1]]).argmax(axis=1))
    return _one_hot(np.stack(drawn, axis=1), v)


def _one_hot(symbols: np.ndarray, v: int) -> np.ndarray:
    return np.eye(v, dtype=np.float32)[symbols]
