"""What a generator is fed: z, with the code of a conditioning behind it. It is joined and cut apart here alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygan.gan import sampling
from tinygan.gan.conditioning import Conditioning
from tinygan.nn import Module


@dataclass(frozen=True)
class Noise:
    """Noise vectors (n, length): `latent` numbers z ~ N(0, 1), and the code behind them where there is one.

    Attributes
    ----------
    latent : int
        Length of z.
    condition : Conditioning, optional
        What stands behind z.
    """

    latent: int
    condition: Conditioning | None = None

    @property
    def length(self) -> int:
        """Of the generator's input."""
        return self.latent + (self.condition.length if self.condition else 0)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of the generator's input: (length,)."""
        return (self.length,)

    def fed(self, noise: np.ndarray) -> np.ndarray:
        """What the generator sees of noise (n, length): all of it."""
        return noise

    def samples(self, generator: Module, noise: np.ndarray, batch: int = 250) -> np.ndarray:
        """What the generator makes of noise (n, length), in evaluation mode: see `tinygan.gan.sampling.draw`."""
        return sampling.draw(generator, noise, batch)

    def join(self, z: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """z (..., latent) and codes (..., length of the code) -> the generator's input, float32."""
        return np.concatenate([z, codes], axis=-1).astype(np.float32, copy=False)

    def split(self, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(z, codes), as views: the way back."""
        return noise[..., : self.latent], noise[..., self.latent :]

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n vectors with drawn codes: (n, length)."""
        z = rng.standard_normal((n, self.latent), dtype=np.float32)
        return self.join(z, self.codes(rng, n))

    def codes(self, rng: np.random.Generator, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """n codes of the classes `labels` (n,), or of drawn ones: (n, length of the code), which may be 0."""
        if self.condition is None:
            return np.empty((n, 0), dtype=np.float32)
        return self.condition.codes(rng, n, labels)

    def labels(self, noise: np.ndarray) -> np.ndarray | None:
        """The class (of infogan: the ten-way code) that each vector asks for, (n,); None without a code."""
        return self.condition.labels(self.split(noise)[1]) if self.condition else None

    def columns(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n vectors for a grid whose columns are the classes, and whose rows share all else: (n, length)."""
        if self.condition is None:
            return self.draw(rng, n)
        k = self.condition.classes
        rows = -(-n // k)
        z = rng.standard_normal((rows, self.latent), dtype=np.float32).repeat(k, axis=0)
        codes = self.codes(rng, rows).repeat(k, axis=0)
        codes[:, :k] = np.tile(np.eye(k, dtype=np.float32), (rows, 1))
        return self.join(z, codes)[:n]
