"""Optimisers: they change parameters in place, given their gradients.

The state (moments) lives in flat buffers that run parallel to the parameters, one after the other: a few
long array operations instead of a few for each parameter, and two arrays to save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, effect
from tinygan.backend import backend_of
from tinygan.given import finite_number
from tinygan.words import short

FLUSH_INTERVAL = 64  # steps


class Optimizer:
    """What all optimisers share: the parameters, the flat buffers, saving and loading.

    Parameters
    ----------
    params : sequence of Tensor
        Each of them once.
    lr : float
        Learning rate, above 0.
    slots : tuple of str
        Names of the flat buffers, each as long as all parameters together.

    Raises
    ------
    TypeError
        If `params` holds anything else than Tensors.
    ValueError
        If there is none, or one occurs twice, or is the result of an op; or if `lr` is not above 0.
    """

    held = ("params",)  # for `compiled`: all else (lr, betas, t, ...) is read when a step is taken

    def __init__(self, params: Sequence[Tensor], lr: float, slots: tuple[str, ...]):
        self.params = _checked(type(self).__name__, params)
        self.lr = finite_number(f"{type(self).__name__}'s learning rate", lr, "be above 0", lambda lr: lr > 0)
        self.t, self.slots = 0, slots
        self.xp = self.params[0].xp
        size, dtype = sum(p.size for p in self.params), self.params[0].dtype
        for slot in slots:
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
        missing = [p.name or f"parameter {i}" for i, p in enumerate(self.params) if grads[i] is None]
        if missing:
            raise ValueError(f"there is no gradient of {', '.join(missing)}: leave it out of the optimiser")
        grads = [p.like(g) for p, g in zip(self.params, grads, strict=True)]
        for p, g in zip(self.params, grads, strict=True):
            if g.shape != p.shape:
                raise ValueError(f"the gradient of {p.name or 'a parameter'} has shape {g.shape}, not {p.shape}")
        effect(self._step, *grads)

    def _step(self, *grads: Any) -> None:
        self.t += 1
        backend = backend_of(self.params[0].data)
        kernel = backend.kernels.get(type(self))
        if kernel:
            self._step_by_kernel(kernel, grads)
        else:
            backend.kernels.get(Optimizer._step_flat, Optimizer._step_flat)(self, grads)
        if self.t % FLUSH_INTERVAL == 0:
            self._flush()

    def _flush(self) -> None:
        """Set to 0 what has decayed below the smallest normal number (1.2e-38 in float32).

        Where gradients stay 0, a moment comes down to numbers of a few bits, and stays there: 0.9 times the smallest is
        rounded to itself. Processors take several times as long for these. Their root is lost in the rounding of eps;
        where eps is so small that it is not (or in float16, whose numbers nearly all are so small), they are kept.
        """
        for slot in self.slots:
            state = getattr(self, slot)
            limits = np.finfo(state.dtype)
            if getattr(self, "eps", 1.0) > 2 * limits.tiny**0.5 / limits.eps:
                state[self.xp.abs(state) < limits.tiny] = 0

    def _step_by_kernel(self, kernel: Callable[..., None], grads: Sequence[Any]) -> None:
        """One launch for each parameter moves it and its state, without flat copies of gradients and changes."""
        start = 0
        for p, g in zip(self.params, grads, strict=True):
            kernel(self, self.xp, g, p.data, slice(start, start + p.size))
            p.changed_in_place()
            start += p.size

    def _step_flat(self, grads: Sequence[Any], first: int = 0, last: int | None = None, start: int = 0) -> None:
        """Some parameters at once, which begin at `start` of the flat buffers: with all, this is the definition."""
        g = self.xp.concatenate([g.reshape(-1) for g in grads[first:last]])
        change, place = self.update(g, slice(start, start + len(g)), self.xp.empty_like(g)), 0
        for p in self.params[first:last]:
            p.data -= change[place : place + p.size].reshape(p.shape)
            place += p.size

    def update(self, g: Any, part: slice, out: Any) -> Any:
        """Put into `out`, and return, what is to be subtracted from the parameters of this part.

        Parameters
        ----------
        g : array (n,)
            Their flat gradient.
        part : slice
            Their place in the flat buffers.
        out : array (n,)
        """
        raise NotImplementedError(f"{type(self).__name__} must define update")

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
            if slot != "t" and np.shape(state[slot]) != getattr(self, slot).shape:
                shapes = f"{np.shape(state[slot])}, not {getattr(self, slot).shape}"
                raise ValueError(f"the saved {slot} of {type(self).__name__} has shape {shapes}")
        self.t = int(state["t"])
        for slot in self.slots:
            own = getattr(self, slot)
            setattr(self, slot, backend_of(own).asarray(np.array(state[slot]), dtype=own.dtype))


def _checked(name: str, params: Sequence[Tensor]) -> list[Tensor]:
    """The parameters as a list, if an optimiser can move them."""
    found: list[Tensor] = list(params) if isinstance(params, Iterable) else [params]
    places: dict[int, int] = {}
    wrong = [type(p).__name__ for p in found if not isinstance(p, Tensor)]
    if wrong:
        raise TypeError(f"{name} takes a list of Tensors, such as net.parameters(), but got a {wrong[0]}")
    if not found:
        raise ValueError(f"{name} got no parameters")
    for i, p in enumerate(found):
        called = p.name or f"parameter {i}"
        if p.op is not None:
            raise ValueError(f"{name} cannot move {called}, the result of {p.op.name}: give what it was computed from")
        if id(p) in places:
            both = f"places {places[id(p)]} and {i}"
            raise ValueError(f"{name} got {called} twice ({both}) and would move it twice as far: give it once")
        places[id(p)] = i
    return found


class SGD(Optimizer):
    """v = momentum * v + g;  p -= lr * v.  Source: Sutskever et al., ICML 2013 (as in PyTorch)."""

    v: Any

    def __init__(self, params: Sequence[Tensor], lr: float, momentum: float = 0.0):
        super().__init__(params, lr, ("v",))
        self.momentum = finite_number("SGD's momentum", momentum)

    def update(self, g: Any, part: slice, out: Any) -> Any:
        v = self.v[part]
        v *= self.momentum
        v += g
        return self.xp.multiply(v, self.lr, out=out)


class RMSProp(Optimizer):
    """s = rho * s + (1 - rho) * g^2;  p -= lr * g / (sqrt(s) + eps).  Source: Hinton, lecture 6e, 2012."""

    s: Any

    def __init__(self, params: Sequence[Tensor], lr: float = 5e-5, rho: float = 0.99, eps: float = 1e-8):
        super().__init__(params, lr, ("s",))
        self.rho, self.eps = finite_number("RMSProp's rho", rho), finite_number("RMSProp's eps", eps)

    def update(self, g: Any, part: slice, out: Any) -> Any:
        xp, s = self.xp, self.s[part]
        xp.multiply(g, g, out=out)
        s *= self.rho
        s += xp.multiply(out, 1 - self.rho, out=out)
        xp.sqrt(s, out=out)
        out += self.eps
        xp.divide(g, out, out=out)
        out *= self.lr
        return out


class Adam(Optimizer):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1):

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p -= lr * mhat / (sqrt(vhat) + eps),   mhat = m / (1 - beta1^t),   vhat = v / (1 - beta2^t)

    The buffers hold m / (1 - beta1) and v / (1 - beta2), which saves two passes; where the betas change, or a state was
    saved with others, they are scaled so that m and v stay. The defaults are DCGAN's (Radford et al., 2016).

    Parameters
    ----------
    params, lr : as in `Optimizer`
    betas : pair of float
        Each in [0, 1).

    Examples
    --------
    >>> from tinygan import grad
    >>> x = Tensor([1.0], requires_grad=True)
    >>> adam = Adam([x], lr=0.1)
    >>> adam.step(grad((x * x).sum(), [x]))  # the first step is as long as lr
    >>> round(x.item(), 4)
    0.9
    """

    m: Any
    v: Any

    def __init__(
        self, params: Sequence[Tensor], lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999), eps: float = 1e-8
    ):
        super().__init__(params, lr, ("m", "v"))
        self._betas = _checked_betas(betas)
        self.eps = finite_number("Adam's eps", eps)

    @property
    def betas(self) -> tuple[float, float]:
        """(beta1, beta2). They may be changed at any time; m and v stay what they were."""
        return self._betas

    @betas.setter
    def betas(self, betas: tuple[float, float]) -> None:
        former, self._betas = self._factors(), _checked_betas(betas)
        self._rescale(former)

    def _factors(self) -> np.ndarray:
        """(1 - beta1, 1 - beta2), which m and v lack."""
        return np.array([1 - beta for beta in self._betas], dtype=self.m.dtype)

    def _rescale(self, former: np.ndarray) -> None:
        """Make of the buffers, which lack the factors `former`, what lacks the present ones."""
        for buffer, old, new in zip((self.m, self.v), former, self._factors(), strict=True):
            if old != new:
                buffer *= float(old / new)

    def state_dict(self) -> dict[str, np.ndarray]:
        """The step count, copies of the buffers, and the factors that these lack, on the host."""
        return {**super().state_dict(), "factors": self._factors()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """As in `Optimizer`; the betas stay this one's own."""
        super().load_state_dict(state)
        if "factors" in state:  # older files have none: they were saved with the same betas
            self._rescale(np.asarray(state["factors"]).astype(self.m.dtype))

    def update(self, g: Any, part: slice, out: Any) -> Any:
        xp, (beta1, beta2), m, v = self.xp, self._betas, self.m[part], self.v[part]
        m *= beta1
        m += g
        v *= beta2
        v += xp.multiply(g, g, out=out)
        root = float(np.sqrt((1 - beta2) / (1 - beta2**self.t)))  # sqrt(vhat) is root * sqrt(v)
        xp.sqrt(v, out=out)
        out += self.eps / root
        xp.divide(m, out, out=out)
        out *= self.lr * (1 - beta1) / ((1 - beta1**self.t) * root)
        return out


def _checked_betas(betas: Sequence[float]) -> tuple[float, float]:
    refusal = f"Adam's betas must lie in [0, 1), but they are {short(betas)}"
    if len(betas) != 2:
        raise ValueError(refusal)
    how: dict[str, Any] = dict(fits=lambda beta: 0 <= beta < 1, error=lambda _: ValueError(refusal))
    first, second = (finite_number("Adam's betas", beta, **how) for beta in betas)
    return first, second
