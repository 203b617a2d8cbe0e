"""Optimisers: they change parameters in place, given their gradients.

The state (moments) lives in flat buffers that run parallel to the parameters, one after the other: a few
long array operations instead of a few for each parameter, and two arrays to save.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor
from tinygan.backend import backend_of
from tinygan.backend.numpy_pool import in_cache


class Optimizer:
    """What all optimisers share: the parameters, the flat buffers, saving and loading.

    Parameters
    ----------
    params : sequence of Tensor
    lr : float
        Learning rate, above 0.
    slots : tuple of str
        Names of the flat buffers, each as long as all parameters together.
    """

    def __init__(self, params: Sequence[Tensor], lr: float, slots: tuple[str, ...]):
        self.params = list(params)
        if not self.params:
            raise ValueError(f"{type(self).__name__} got no parameters")
        if not lr > 0:
            raise ValueError(f"{type(self).__name__}'s learning rate must be above 0, but it is {lr}")
        self.lr, self.t, self.slots = lr, 0, slots
        self.xp = self.params[0].xp
        size, dtype = sum(p.size for p in self.params), self.params[0].dtype
        for slot in (*slots, "_g", "_work"):
            setattr(self, slot, self.xp.zeros(size, dtype=dtype))

    def step(self, grads: Sequence[Tensor]) -> None:
        """Take one step; `grads` are the gradients of the parameters, in their order.

        Raises
        ------
        ValueError
            If there are too many or too few, or a shape differs from its parameter's.
        """
        if len(grads) != len(self.params):
            raise ValueError(f"{type(self).__name__} has {len(self.params)} parameters, but got {len(grads)} gradients")
        for p, g in zip(self.params, grads, strict=True):
            if g.shape != p.shape:
                raise ValueError(f"the gradient of {p.name or 'a parameter'} has shape {g.shape}, not {p.shape}")
        self.xp.concatenate([g.data.reshape(-1) for g in grads], out=self._g)
        self.t += 1
        if self.xp is np:  # in pieces that stay in the cache: Adam takes 2.0 instead of 2.7 ns a parameter
            in_cache(self.update, self._g.size)
        else:
            self.update(slice(None))
        start = 0
        for p in self.params:
            p.data -= self._work[start : start + p.size].reshape(p.shape)
            start += p.size

    def update(self, part: slice) -> None:
        """Put into ``_work[part]`` what is to be subtracted, given the flat gradient ``_g[part]``."""
        raise NotImplementedError(f"{type(self).__name__} must define update")

    _g: Any
    _work: Any

    def state_dict(self) -> dict[str, np.ndarray]:
        """The step count and copies of the buffers, on the host."""
        state = {slot: backend_of(getattr(self, slot)).to_numpy(getattr(self, slot)).copy() for slot in self.slots}
        return {"t": np.array(self.t), **state}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Take the step count and the buffers from `state`.

        Raises
        ------
        ValueError
            If a buffer is missing or of another length.
        """
        for slot in (*self.slots, "t"):
            if slot not in state:
                raise ValueError(f"the saved state of {type(self).__name__} lacks {slot}")
            if slot != "t" and np.shape(state[slot]) != self._g.shape:
                shapes = f"{np.shape(state[slot])}, not {self._g.shape}"
                raise ValueError(f"the saved {slot} of {type(self).__name__} has shape {shapes}")
        self.t = int(state["t"])
        for slot in self.slots:
            setattr(self, slot, backend_of(self._g).asarray(np.array(state[slot]), dtype=self._g.dtype))


class SGD(Optimizer):
    """v = momentum * v + g;  p -= lr * v.  Source: Sutskever et al., ICML 2013 (as in PyTorch)."""

    v: Any

    def __init__(self, params: Sequence[Tensor], lr: float, momentum: float = 0.0):
        super().__init__(params, lr, ("v",))
        self.momentum = momentum

    def update(self, part: slice) -> None:
        v = self.v[part]
        v *= self.momentum
        v += self._g[part]
        self.xp.multiply(v, self.lr, out=self._work[part])


class RMSProp(Optimizer):
    """s = rho * s + (1 - rho) * g^2;  p -= lr * g / (sqrt(s) + eps).  Source: Hinton, lecture 6e, 2012."""

    s: Any

    def __init__(self, params: Sequence[Tensor], lr: float = 5e-5, rho: float = 0.99, eps: float = 1e-8):
        super().__init__(params, lr, ("s",))
        self.rho, self.eps = rho, eps

    def update(self, part: slice) -> None:
        xp, g, s, out = self.xp, self._g[part], self.s[part], self._work[part]
        xp.multiply(g, g, out=out)
        s *= self.rho
        s += xp.multiply(out, 1 - self.rho, out=out)
        xp.sqrt(s, out=out)
        out += self.eps
        xp.divide(g, out, out=out)
        out *= self.lr


class Adam(Optimizer):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1):

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p -= lr * mhat / (sqrt(vhat) + eps),   mhat = m / (1 - beta1^t),   vhat = v / (1 - beta2^t)

    t counts the steps, once for all parameters. The defaults are DCGAN's (Radford et al., 2016).

    Parameters
    ----------
    params : sequence of Tensor
    lr : float
    betas : pair of float
        Each in [0, 1).
    eps : float
    """

    m: Any
    v: Any

    def __init__(
        self,
        params: Sequence[Tensor],
        lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
    ):
        super().__init__(params, lr, ("m", "v"))
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Adam's betas must lie in [0, 1), but they are {betas}")
        self.betas, self.eps = betas, eps

    def update(self, part: slice) -> None:
        xp, (beta1, beta2) = self.xp, self.betas
        g, m, v, out = self._g[part], self.m[part], self.v[part], self._work[part]
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=out)
        v *= beta2
        xp.multiply(g, g, out=out)
        v += xp.multiply(out, 1 - beta2, out=out)
        # lr * mhat / (sqrt(vhat) + eps), with the corrections taken out of the long arrays
        root = float(np.sqrt(1 - beta2**self.t))
        xp.sqrt(v, out=out)
        out += self.eps * root
        xp.divide(m, out, out=out)
        out *= self.lr * root / (1 - beta1**self.t)
