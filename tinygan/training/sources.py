"""What a generator that turns pictures into pictures is fed in the place of noise: the sources of pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinygan.data.images import to_range
from tinygan.data.pairs import Pairs
from tinygan.gan.sampling import draw
from tinygan.nn import Module


@dataclass(frozen=True)
class Sources:
    """Has what `tinygan.gan.noise.Noise` has; in the place of a vector of noise stands a pair (H, W, S + T).

    Attributes
    ----------
    shape : tuple of int
        Of a pair, (H, W, S + T).
    source : int
        S, the source's channels.
    range : (low, high)
        Of the generator's pictures, to which the sources are scaled.
    load : function() -> Pairs
        Where they come from; they are loaded when they are needed.
    """

    shape: tuple[int, ...]
    source: int
    range: tuple[float, float]
    load: Callable[[], Pairs]

    condition = None

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs whose sources are fed."""
        return self.load()

    @property
    def length(self) -> int:
        """Of what the generator is fed, along the last axis: the source's channels."""
        return self.source

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of the generator's input: (H, W, S)."""
        return (*self.shape[:-1], self.source)

    def fed(self, pairs: np.ndarray) -> np.ndarray:
        """What the generator sees of pairs (n, H, W, S + T): the sources (n, H, W, S)."""
        return pairs[..., : self.source]

    def samples(self, generator: Module, pairs: np.ndarray, batch: int = 250) -> np.ndarray:
        """The sources of the pairs with the generator's pictures of them, (n, H, W, S + T)."""
        made = draw(generator, np.ascontiguousarray(self.fed(pairs)), batch)
        return np.concatenate([self.fed(pairs), made], axis=-1)

    def of(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures (n, H, W, S), bytes, as sources in the generator's range; in the target's place stand zeros."""
        pairs = np.zeros((len(pictures), *self.shape), np.float32)
        pairs[..., : self.source] = to_range(pictures, *self.range)
        return pairs

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n pairs, in the generator's range; each once before one comes again."""
        order = np.resize(rng.permutation(len(self.pairs)), n)
        return to_range(self.pairs.pixels[order], *self.range)

    def columns(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """The same: there are no classes to ask for."""
        return self.draw(rng, n)

    def labels(self, pairs: np.ndarray) -> np.ndarray:
        """What the samples should be, (n, H, W, T): the targets."""
        return pairs[..., self.source :]
