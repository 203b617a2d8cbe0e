"""The latent space under one's hand: what the explorer's page shows, without the page.

Sixteen noise vectors move together along a few directions; every sample that is shown is the generator's own.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from tinygan.data import Images
from tinygan.gan.directions import principal_directions
from tinygan.gan.latent import slerp
from tinygan.metrics import nearest_neighbours
from tinygan.training.trained import Trained

SAMPLES = 16
DIRECTIONS = 6
NORMAL = NormalDist()


class Explorer:
    """A trained generator, and the place in its latent space that is looked at.

    Parameters
    ----------
    source : Trained
    dataset : Images, optional
        The training pictures, to show the nearest of them.
    seed : int
        Of the sixteen noise vectors.
    directions : ndarray (k, latent), optional
        Those of another explorer of the same generator, which take a while to find.

    Attributes
    ----------
    z : ndarray (16, latent)
        As drawn, the same that `Trained.noise` draws: ``python -m tinygan.sample --seed`` shows these samples.
    directions : ndarray (k, latent)
        See `principal_directions`.
    along : ndarray
        How far all have been moved along each.
    truncation : float or None
        No number of z is larger; see `truncated`.
    label : int or None
        Asked of all; None: each its own.
    numbers : ndarray or None
        InfoGAN's continuous codes for all; None: each its own.
    corners : list of four int
        Which of the sixteen stand at the corners of the square: top left, top right, bottom left, bottom right.
    """

    def __init__(
        self, source: Trained, dataset: Images | None = None, seed: int = 0, directions: np.ndarray | None = None
    ):
        self.source, self.dataset, self.behind = source, dataset, source.noise_for("the explorer")
        self.directions = self._directions() if directions is None else directions
        self.again(seed)
        self.reset()

    def again(self, seed: int) -> None:
        """Sixteen other noise vectors; where they were moved to stays."""
        self.seed = seed
        self.z, self.codes = self.behind.split(self.source.noise(SAMPLES, seed))

    def reset(self) -> None:
        """Back to the noise as drawn."""
        self.along = np.zeros(len(self.directions), np.float32)
        self.truncation: float | None = None
        self.label: int | None = None
        self.numbers: np.ndarray | None = None
        self.corners = [0, 1, 2, 3]

    def noise(self) -> np.ndarray:
        """The sixteen vectors as they are now: (16, latent + code)."""
        z = self.z if self.truncation is None else truncated(self.z, self.truncation)
        return self.behind.join(z + self.along @ self.directions, self._codes())

    def samples(self) -> np.ndarray:
        """What the generator makes of them: images (16, H, W, C) in [0, 1], or points (16, 2)."""
        return self._shown(self.noise())

    def between(self, right: float, down: float) -> tuple[np.ndarray, np.ndarray]:
        """The sample at a place in the square between the four corners, and the noise behind it.

        Two arcs lead from the left to the right, above and below, and a third from the one to the other; the code
        is that of the nearest corner, as halfway between two classes lies none.

        Parameters
        ----------
        right, down : float
            In [0, 1]; (0, 0) is the first corner, (1, 0) the second.
        """
        z, codes = self.behind.split(self.noise()[self.corners])
        above, below = slerp(z[0], z[1], right), slerp(z[2], z[3], right)
        code = codes[2 * (down > 0.5) + (right > 0.5)]
        noise = self.behind.join(slerp(above, below, down), code)
        return self._shown(noise[None])[0], noise

    def nearest(self, sample: np.ndarray, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
        """The k training pictures nearest to one sample, by pixels, and their distances.

        Returns
        -------
        pictures : ndarray (k, H, W, C), in [0, 1]
        distances : ndarray (k,)
            Root mean square over the pixels, where black and white are 1 apart.
        """
        assert self.dataset is not None
        training = self.dataset.pixels.reshape(len(self.dataset), -1)
        places, distances = nearest_neighbours(255 * sample.reshape(1, -1), training, min(k, len(training)))
        return self.dataset.pixels[places[0]] / np.float32(255), distances[0] / 255 / np.sqrt(sample.size)

    def _directions(self) -> np.ndarray:
        """Of z alone: each sample keeps the code that it was drawn with."""
        source, rng = self.source, np.random.default_rng(0)
        codes = source.codes(1, 0)

        def draw(z: np.ndarray) -> np.ndarray:
            return np.nan_to_num(source.draw(self.behind.join(z, codes.repeat(len(z), axis=0))))

        return principal_directions(draw, source.config.latent, rng, DIRECTIONS)

    def _codes(self) -> np.ndarray:
        codes, condition = self.codes.copy(), self.source.condition
        if condition and self.label is not None:
            codes[:, : condition.classes] = np.eye(condition.classes)[self.label]
        if condition and self.numbers is not None:
            codes[:, condition.classes :] = self.numbers
        return codes

    def _shown(self, noise: np.ndarray) -> np.ndarray:
        return self.source.about.pictures(self.source.draw(noise))


def truncated(z: np.ndarray, threshold: float) -> np.ndarray:
    """Normal numbers squeezed into [-threshold, threshold] so that they follow the truncated normal distribution.

    `tinygan.gan.latent.truncated_normal` draws large numbers again, so that they jump as the threshold moves. With
    the distribution function Phi of N(0, 1), ::

        z' = Phi^-1(Phi(-T) + (Phi(T) - Phi(-T)) Phi(z))

    has the same distribution, and follows the hand.

    Parameters
    ----------
    z : ndarray
        Drawn from N(0, 1).
    threshold : float
        Above 0.
    """
    low, high = NORMAL.cdf(-threshold), NORMAL.cdf(threshold)
    squeezed = [NORMAL.inv_cdf(low + (high - low) * NORMAL.cdf(float(each))) for each in z.ravel()]
    return np.array(squeezed, dtype=z.dtype).reshape(z.shape)
