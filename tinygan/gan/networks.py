"""The two networks of a GAN, as two functions that build them for any shape of the data, or as two ready modules."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tinygan.nn import Flatten, Module, Reshape, Sequential, Sigmoid, Tanh
from tinygan.words import short

Shape: TypeAlias = tuple[int, ...]  # of one sample
Rng: TypeAlias = np.random.Generator
Pair: TypeAlias = tuple[Module, Module]
Maker: TypeAlias = Callable[..., Module]
LATENT, LATENT_OF_POINTS = 100, 2
EXTRAS = ("dropout", "outputs")  # what a make_discriminator may take besides the shape and rng
LIBRARY = Path(__file__).resolve().parent.parent


class Networks:
    """How to make a generator and a discriminator.

    Any Module will do. A run is resumed to the last bit if all that changes while it trains is in Tensors of the
    Modules (parameters, and buffers such as running means), and all random numbers are drawn, in training mode, from a
    `numpy.random.Generator` that is an attribute of the Module that draws: a run gives them all one generator, whose
    state it saves.

    Parameters
    ----------
    make_generator : function or Module
        ``make_generator(shape, latent, rng)`` returns a generator: noise (N, latent) -> samples (N, ``*shape``).
        `shape` is that of one sample, (H, W, C) for images and (2,) for points; `rng` is the
        `numpy.random.Generator` that the initial weights are drawn from.
    make_discriminator : function or Module
        ``make_discriminator(shape, rng)`` returns a discriminator: samples (N, ``*shape``) -> logits (N, 1). With
        packing, or with labels shown beside the image, `shape` has more channels than the data: the function need
        not know why. Two more arguments are passed if it has them: ``dropout``, the share that its Dropout layers
        drop, and ``outputs``, how many numbers it returns, of which the first is the logit (cgan, acgan and
        infogan of `tinygan.gan.conditioning` ask for more than one).
    output_range : (low, high), optional
        The range of the generator's images, to which the data are scaled. By default it is that of the last
        activation of a `Sequential`: (-1, 1) after Tanh, (0, 1) after Sigmoid.
    name : str
        What the networks are called in the names of run folders.

    Raises
    ------
    TypeError
        If one of the two is neither a function nor a Module, only one of them is a Module, or `name` is no text.
    ValueError
        If `output_range` is no pair that runs upwards, or `name` is empty.

    Examples
    --------
    >>> from tinygan import nn
    >>> def make_g(shape, latent, rng):
    ...     return nn.Sequential(nn.Dense(latent, 16, rng=rng), nn.ReLU(), nn.Dense(16, shape[0], rng=rng))
    >>> def make_d(shape, rng):
    ...     return nn.Sequential(nn.Dense(shape[0], 16, rng=rng), nn.ReLU(), nn.Dense(16, 1, rng=rng))
    >>> G, D = Networks(make_g, make_d)((2,), latent=4)
    >>> len(G.parameters()), len(D.parameters())
    (4, 4)
    """

    def __init__(
        self,
        make_generator: Callable[..., Module] | Module,
        make_discriminator: Callable[..., Module] | Module,
        output_range: tuple[float, float] | None = None,
        name: str = "own",
    ):
        both = (make_generator, make_discriminator)
        if not all(callable(each) for each in both):
            kinds = " and ".join(type(each).__name__ for each in both)
            raise TypeError(f"Networks takes two functions that make the networks, or two Modules, not {kinds}")
        if isinstance(make_generator, Module) != isinstance(make_discriminator, Module):
            raise TypeError("Networks takes two functions or two ready Modules, not one of each")
        self.make_generator, self.make_discriminator = both
        if not isinstance(name, str):
            raise TypeError(f"the name of Networks must be text, not {short(name)}")
        if not name.strip():
            raise ValueError("the name of Networks must not be empty: leave it out, or give a word")
        self.output_range = None if output_range is None else _checked_range(output_range)
        self.name = name

    @property
    def ready(self) -> bool:
        """Whether these are two Modules that are trained as they are, not functions that make new ones."""
        return isinstance(self.make_generator, Module)

    def takes(self, extra: str) -> bool:
        """Whether the discriminator's function has the argument `extra`, "dropout" or "outputs"."""
        if self.ready:
            return False
        known = inspect.signature(self.make_discriminator).parameters
        return extra in known or any(each.kind is each.VAR_KEYWORD for each in known.values())

    def __call__(
        self,
        shape: tuple[int, ...],
        latent: int | None = None,
        rng: np.random.Generator | None = None,
        *,
        pack: int = 1,
        channels: int = 0,
        dropout: float = 0.0,
        outputs: int = 1,
        drop_rng: np.random.Generator | None = None,
    ) -> Pair:
        """The pair (generator, discriminator).

        Parameters
        ----------
        shape : tuple of int
            Of one sample.
        latent : int, optional
            Length of the generator's input: z, with the code behind it where there is one. By default 100, of points 2.
        rng : numpy.random.Generator, optional
            Of the initial weights, the generator's first; unseeded when None.
        pack : int
            How many samples the discriminator sees side by side, along the last axis (Lin et al., "PacGAN",
            NeurIPS 2018).
        channels : int
            How many more it sees behind them.
        dropout : float
            Of the discriminator.
        outputs : int
            How many numbers the discriminator returns for a sample.
        drop_rng : numpy.random.Generator, optional
            What all layers of both draw from that keep a generator of random numbers, such as Dropout; by default
            each draws from what it was made with.

        Raises
        ------
        ValueError
            If the networks cannot be made, or are asked for what they cannot do; in one sentence.
        """
        if not shape:
            raise ValueError("a sample has one axis or more, such as (2,) or (28, 28, 1): its shape cannot be ()")
        rng = rng or np.random.default_rng()
        if latent is None:
            latent = LATENT if len(shape) > 1 else LATENT_OF_POINTS
        asked = {"dropout": dropout, "outputs": outputs}
        extras = {name: asked[name] for name in EXTRAS if self.takes(name)}
        generator: Any
        discriminator: Any
        if self.ready:
            if dropout:
                raise ValueError("ready networks have the dropout they were made with: leave dropout at 0")
            generator, discriminator = self.make_generator, self.make_discriminator
        else:
            for name in ("dropout",) * bool(dropout) + ("outputs",) * (outputs > 1):
                if name not in extras:
                    raise ValueError(f"{name} {asked[name]} needs a make_discriminator with an argument {name}")
            seen = (*shape[:-1], pack * shape[-1] + channels)
            generator = _made("make_generator", self.make_generator, shape, latent, rng)
            discriminator = _made("make_discriminator", self.make_discriminator, seen, rng, **extras)
        for module in (generator, discriminator):
            if drop_rng is not None:
                draw_from(module, drop_rng)
        return generator, discriminator

    def range_of(self, generator: Module) -> tuple[float, float] | None:
        """The range of the generator's images: the one given, or that of its last activation, or None if unknown."""
        return self.output_range or output_range(generator)


def output_range(generator: Module) -> tuple[float, float] | None:
    """The range of a Sequential's last activation, (-1, 1) or (0, 1), to which data are scaled. None: any number."""
    if not isinstance(generator, Sequential) or type(generator).forward is not Sequential.forward:
        return None
    for layer in reversed(generator.layers):
        if isinstance(layer, Tanh):
            return -1.0, 1.0
        if isinstance(layer, Sigmoid):
            return 0.0, 1.0
        if isinstance(layer, Sequential):
            return output_range(layer)
        if not isinstance(layer, (Reshape, Flatten)):
            return None
    return None


def draw_from(network: Module, rng: np.random.Generator) -> None:
    """Let every layer that keeps a generator of random numbers as an attribute draw from `rng`."""
    for _, module in network.modules():
        for name, value in vars(module).items():
            if isinstance(value, np.random.Generator):
                setattr(module, name, rng)


def _made(what: str, make: Callable[..., Any], *args: Any, **extras: Any) -> Module:
    try:
        made = make(*args, **extras)
    except (Exception, SystemExit) as error:  # whatever a user's function may raise
        raise ValueError(
            failure(error) if isinstance(error, ValueError) else f"{what} failed: {failure(error)}"
        ) from error
    if not isinstance(made, Module):
        raise ValueError(f"{what} must return a Module, not one of type {type(made).__name__}")
    return made


def failure(error: BaseException) -> str:
    """What went wrong in a user's code, and in which line of it."""
    text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if LIBRARY not in Path(frame.filename).resolve().parents]
    return f"{text} ({own[-1].filename}, line {own[-1].lineno})" if own else text


def _checked_range(ends: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in ends)
        if np.isfinite([low, high]).all() and low < high:
            return low, high
    except (TypeError, ValueError):
        pass
    raise ValueError(f"output_range must be two numbers that run upwards, such as (-1, 1), not {short(ends)}")
