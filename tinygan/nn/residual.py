"""Residual: layers that learn what to add to their input."""

from __future__ import annotations

from tinygan.autograd import Tensor
from tinygan.given import finite_number
from tinygan.nn.module import Module, Sequential


class Residual(Module):
    """x' = shortcut(x) + scale * f(x), where f is the layers one after the other.

    The gradient reaches x along the shortcut whatever f does, which is why networks can be deep.

    Source: He et al., "Deep Residual Learning", CVPR 2016, eq. 1 and 2; a scale below 1 as in Szegedy et al.,
    "Inception-v4", AAAI 2017, section 3.3.

    Parameters
    ----------
    *layers : Module
        f.
    shortcut : Module, optional
        Needed where f changes the shape: a 1x1 convolution for other channels, `UpSample2D` or `AvgPool2D` for another
        size, or both in a `Sequential`. x itself when None.
    scale : float

    Raises
    ------
    ValueError
        When called, if f(x) and the shortcut differ in shape; the message gives both.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygan import nn
    >>> up = nn.Residual(
    ...     nn.ReLU(), nn.UpSample2D(), nn.Conv2D(8, 4, 3, padding=1),
    ...     shortcut=nn.Sequential(nn.UpSample2D(), nn.Conv2D(8, 4, 1)),
    ... )
    >>> up(Tensor(np.zeros((2, 7, 7, 8), np.float32))).shape
    (2, 14, 14, 4)
    """

    def __init__(self, *layers: Module, shortcut: Module | None = None, scale: float = 1.0):
        given = layers if shortcut is None else (*layers, shortcut)
        wrong = [f"a {type(layer).__name__}" for layer in given if not isinstance(layer, Module)]
        if wrong or not layers:
            what = wrong[0] if wrong else "none at all"
            raise TypeError(f"Residual takes layers, one after the other, and a layer as its shortcut, but got {what}")
        self.f, self.shortcut = Sequential(*layers), shortcut
        self.scale = finite_number("Residual's scale", scale)

    def extra(self) -> str:
        parts = [repr(layer) for layer in self.f.layers]
        parts += [] if self.shortcut is None else [f"shortcut={self.shortcut!r}"]
        return ", ".join(parts + ([] if self.scale == 1 else [f"scale={self.scale}"]))

    def forward(self, x: Tensor) -> Tensor:
        kept, added = x if self.shortcut is None else self.shortcut(x), self.f(x)
        if kept.shape != added.shape:
            mend = "give a shortcut to that shape" if self.shortcut is None else "they must be one shape"
            raise ValueError(f"{self} has f(x) of shape {added.shape} beside {kept.shape} on its shortcut: {mend}")
        return kept + (added if self.scale == 1 else self.scale * added)
