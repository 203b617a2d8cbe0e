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
        update, start = self.update(self._g, self._work), 0
        for p in self.params:
            p.data -= update[start : start + p.size].reshape(p.shape)
            start += p.size

    def update(self, g: Any, out: Any) -> Any:
        """What is to be subtracted from the parameters, from their flat gradient `g`; may be put in `out`."""
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
                raise ValueError(f"the saved {slot} of {type(self).__name__} has shape {np.shape(state[slot])}, not {self._g.shape}")
        self.t = int(state["t"])
        for slot in self.slots:
            setattr(self, slot, backend_of(self._g).asarray(np.array(state[slot]), dtype=self._g.dtype))


class SGD(Optimizer):
    """v = momentum * v + g;  p -= lr * v.  Source: Sutskever et al., ICML 2013 (as in PyTorch)."""

    v: Any

    def __init__(self, params: Sequence[Tensor], lr: float, momentum: float = 0.0):
        super().__init__(params, lr, ("v",))
        self.momentum = momentum

    def update(self, g: Any, out: Any) -> Any:
        self.v *= self.momentum
        self.v += g
        return self.xp.multiply(self.v, self.lr, out=out)


class RMSProp(Optimizer):
    """s = rho * s + (1 - rho) * g^2;  p -= lr * g / (sqrt(s) + eps).  Source: Hinton, lecture 6e, 2012."""

    s: Any

    def __init__(self, params: Sequence[Tensor], lr: float = 5e-5, rho: float = 0.99, eps: float = 1e-8):
        super().__init__(params, lr, ("s",))
        self.rho, self.eps = rho, eps

    def update(self, g: Any, out: Any) -> Any:
        xp = self.xp
        xp.multiply(g, g, out=out)
        self.s *= self.rho
        self.s += xp.multiply(out, 1 - self.rho, out=out)
        xp.sqrt(self.s, out=out)
        out += self.eps
        xp.divide(g, out, out=out)
        out *= self.lr
        return out


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

    def update(self, g: Any, out: Any) -> Any:
        xp, (beta1, beta2) = self.xp, self.betas
        self.m *= beta1
        self.m += xp.multiply(g, 1 - beta1, out=out)
        self.v *= beta2
        xp.multiply(g, g, out=out)
        self.v += xp.multiply(out, 1 - beta2, out=out)
        # lr * mhat / (sqrt(vhat) + eps), with the corrections taken out of the long arrays
        root = float(np.sqrt(1 - beta2**self.t))
        xp.sqrt(self.v, out=out)
        out += self.eps * root
        xp.divide(self.m, out, out=out)
        out *= self.lr * root / (1 - beta1**self.t)
        return out
