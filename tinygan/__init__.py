"""tinygan: GANs from scratch, from `+` to a trained generator. Nothing is hidden.

>>> import tinygan as tg
>>> x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> tg.grad((x * x).sum(), [x])[0].data.tolist()
[2.0, 4.0, 6.0]
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tinygan import data, metrics, nn, optim, plot
from tinygan.autograd import Op, Tensor, draw, effect, grad, no_grad, ops
from tinygan.backend import to_numpy, use_backend
from tinygan.compiled import compiled
from tinygan.gan import losses, models, penalties, semi_supervised, translation
from tinygan.gan.average import MovingAverage
from tinygan.gan.game import Game
from tinygan.gan.networks import Networks
from tinygan.testing import gradcheck

if TYPE_CHECKING:
    from tinygan import live
    from tinygan.training.run import Run
else:  # hidden from type checkers, which would take every misspelt name of this module for a name

    def __getattr__(name):
        """`Run` brings the progress bar, `live` brings `Run`: they are imported when first asked for (PEP 562)."""
        if name == "live":
            return import_module("tinygan.live")
        if name != "Run":
            raise AttributeError(f"module 'tinygan' has no attribute {name!r}")
        from tinygan.training.run import Run

        return Run

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "Game",
    "MovingAverage",
    "Networks",
    "Op",
    "Run",
    "Tensor",
    "compiled",
    "data",
    "draw",
    "effect",
    "grad",
    "gradcheck",
    "live",
    "losses",
    "metrics",
    "models",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "penalties",
    "plot",
    "semi_supervised",
    "to_numpy",
    "translation",
    "use_backend",
]

__version__ = "0.1.0"
