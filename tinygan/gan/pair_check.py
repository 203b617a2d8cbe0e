"""A look at two networks before they are trained: do they return what the game needs, and can all of it be trained?"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, leaves
from tinygan.backend import to_numpy
from tinygan.gan.networks import failure
from tinygan.nn import Module


def check_pair(
    generator: Module,
    discriminator: Module,
    shape: tuple[int, ...],
    latent: int | tuple[int, ...],
    *,
    pack: int = 1,
    channels: int = 0,
    outputs: int = 1,
) -> None:
    """Call copies of both networks, in evaluation and in training mode, and look at what they return.

    Parameters
    ----------
    generator, discriminator : Module
    shape : tuple of int
        Of one sample.
    latent : int or tuple of int
        Length of the generator's input; of pairs the shape of a source, (H, W, S).
    pack, channels, outputs : int
        As in `tinygan.gan.networks.Networks`.

    Raises
    ------
    ValueError
        In one sentence that names the network, what it returned (or raised) and what is needed: finite float32 of the
        shape of the samples, or of the outputs, which depend on the input, on every parameter, and on no others.
    """
    judged = (*shape[:-1], pack * shape[-1] + channels)
    fed, made = (latent,) if isinstance(latent, int) else latent, shape
    if len(fed) == 3:  # the generator makes the target of a pair, and the discriminator may judge patches
        made = (*shape[:-1], shape[-1] - fed[-1])
    rng = np.random.default_rng(0)
    for what, network, given, wanted in (
        ("generator", generator, fed, made),
        ("discriminator", discriminator, judged, (outputs,)),
    ):
        with np.errstate(all="ignore"):
            _check(f"the {what}", network, given, wanted, rng, patches=len(fed) == 3 and wanted == (outputs,))


def _check(
    what: str, network: Module, given: tuple[int, ...], wanted: tuple[int, ...], rng: np.random.Generator, patches: bool
) -> None:
    for mode, n in (("evaluation", 2), ("training", 3)):
        x = Tensor(rng.standard_normal((n, *given), dtype=np.float32), requires_grad=True)
        try:
            copied = copy.deepcopy(network).train(mode == "training")  # it may count, or keep means of what it saw
            y: Any = copied(x)
        except (Exception, SystemExit) as error:  # whatever a user's forward may raise, its own words say the most
            why = f"cannot take an input of shape {_batch(given)} in {mode}"
            raise ValueError(f"{what} {why}: {failure(error)}") from error
        if not isinstance(y, Tensor):
            raise ValueError(f"{what} must return a Tensor, not one of type {type(y).__name__}")
        of_patches = patches and y.ndim == 4 and (y.shape[0], y.shape[3]) == (n, *wanted)
        if y.shape != (n, *wanted) and not of_patches:
            returned = _batch(y.shape[1:]) if y.shape[:1] == (n,) else y.shape
            raise ValueError(f"{what} returns {returned} for an input of {_batch(given)}, not {_batch(wanted)}")
        if y.dtype != np.float32:
            why = "make its arrays float32, as in x.astype(np.float32)"
            raise ValueError(f"{what} returns {y.dtype} for an input of float32: {why}")
        if not np.isfinite(to_numpy(y)).all():
            raise ValueError(f"{what} returns numbers that are not finite, before any training")
        used, owned = {id(tensor) for tensor in leaves(y)}, {id(tensor) for tensor in copied.parameters()}
        if used - owned - {id(x)}:
            where = "Modules and Tensors must be attributes, or in lists or tuples that are"
            raise ValueError(f"{what} uses parameters that are not among its own, and would not be trained: {where}")
        if not owned:
            raise ValueError(f"{what} has no parameters to train")
        idle = [name for name, tensor in copied.named_parameters() if id(tensor) not in used]
        if idle:
            raise ValueError(f"{what} does not use its parameter {idle[0]}, so that it cannot be trained")
        if id(x) not in used:
            raise ValueError(f"{what} returns what does not depend on its input")


def _batch(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"
