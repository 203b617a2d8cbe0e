"""Drawing samples from a generator, as one does after training."""

from __future__ import annotations

import numpy as np

from tinygan.autograd import Tensor, no_grad
from tinygan.backend import to_numpy
from tinygan.given import whole_number
from tinygan.nn import Module


def draw(generator: Module, z: np.ndarray, batch: int = 250) -> np.ndarray:
    """The generator's samples for noise z, in evaluation mode (BatchNorm's running statistics).

    Parameters
    ----------
    generator : Module
        Left in the mode it was in.
    z : array (n, latent)
        On the host.
    batch : int
        Rows computed at once; it bounds the memory.

    Returns
    -------
    ndarray (n, ...), on the host
    """
    batch = whole_number("the number of rows in a batch", batch)
    with generator.evaluating(), no_grad():
        return np.concatenate([to_numpy(generator(Tensor(z[i : i + batch]))) for i in range(0, len(z), batch)])
