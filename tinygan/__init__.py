"""tinygan: GANs from scratch, from `+` to a trained generator. Nothing is hidden.

>>> import tinygan as tg
>>> x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> tg.grad((x * x).sum(), [x])[0].data.tolist()
[2.0, 4.0, 6.0]
"""

from tinygan import data, metrics, nn, optim
from tinygan.autograd import Op, Tensor, grad, no_grad, ops
from tinygan.backend import to_numpy, use_backend
from tinygan.gan import losses, models, penalties
from tinygan.testing import gradcheck

__all__ = [
    "Op",
    "Tensor",
    "data",
    "grad",
    "gradcheck",
    "losses",
    "metrics",
    "models",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "penalties",
    "to_numpy",
    "use_backend",
]

__version__ = "0.1.0"
