"""The losses of the game: each says what the discriminator and what the generator minimise.

A discriminator returns logits: any real number for each sample, large for "real". Every loss is a pair of
functions of logits (N,) or (N, 1) and returns a 0-d Tensor, the mean over the batch. With
sigmoid(logit) = D(x), binary cross-entropy from logits is

    -ln D       = bce_with_logits(logit, 1)
    -ln(1 - D)  = bce_with_logits(logit, 0)

so no probability is ever formed, and none can be rounded to 0 or 1.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.autograd.cross_entropy import check_probabilities, checked_targets
from tinygan.autograd.op import as_floats
from tinygan.autograd.ops import bce_with_logits
from tinygan.given import finite_number
from tinygan.words import did_you_mean, short


class Loss:
    """A pair of functions of logits. All losses share this argument order.

    Parameters
    ----------
    label_smoothing : float
        One-sided: real samples count as real with probability 1 - label_smoothing (Salimans et al., 2016).
        Only losses that have labels take it.
    """

    has_labels = False
    needs_real = False
    boundary: float | None = 0.0  # the logit between "fake" and "real"; None where only differences count
    is_probability = True  # whether sigmoid(logit) is the probability of "real"

    def __init__(self, label_smoothing: float = 0.0):
        if label_smoothing and not self.has_labels:
            raise ValueError(f"the loss {self.name} has no labels to smooth: leave label_smoothing at 0")
        self.label_smoothing = finite_number("label_smoothing", label_smoothing, "lie in [0, 1)", lambda s: 0 <= s < 1)

    @property
    def name(self) -> str:
        return type(self).__name__

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """What the discriminator minimises, given its logits for real and for fake samples."""
        raise NotImplementedError(f"{self.name} must define discriminator")

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        """What the generator minimises. Relativistic losses need the logits of real samples too."""
        raise NotImplementedError(f"{self.name} must define generator")

    def score(self, logits: Tensor) -> Tensor:
        """What is shown as D(x): the probability of "real", or the logit where it is no log-odds."""
        return ops.sigmoid(logits) if self.is_probability else logits

    def check_pair(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Raise a sentence if the logits of one side are of another shape than the other's, but for their number."""
        if real_logits.shape[1:] != fake_logits.shape[1:] or real_logits.ndim != fake_logits.ndim:
            shapes = f"{real_logits.shape} and {fake_logits.shape}"
            raise ValueError(
                f"{self.name} needs logits of one shape, (N,) or (N, 1), for real and fake, but got {shapes}"
            )

    def _real(self, real_logits: Tensor | None) -> Tensor:
        if real_logits is None:
            raise ValueError(f"the loss {self.name} compares fakes with real samples: give generator() real_logits too")
        return real_logits


class Minimax(Loss):
    """The original game: D maximises, G minimises  E ln D(x) + E ln(1 - D(G(z))).

    Source: Goodfellow et al., NeurIPS 2014, eq. 1. G's gradient vanishes where D is sure of itself.
    """

    has_labels = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.check_pair(real_logits, fake_logits)
        real = bce_with_logits(real_logits, 1 - self.label_smoothing)
        return real + bce_with_logits(fake_logits, 0)

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return -bce_with_logits(fake_logits, 0)


class NonSaturating(Minimax):
    """Minimax for D; G minimises -E ln D(G(z)), whose gradient is largest where D is sure (section 3)."""

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return bce_with_logits(fake_logits, 1)


class LeastSquares(Loss):
    """D: E (D(x) - 1)^2 + E D(G(z))^2,  G: E (D(G(z)) - 1)^2, on the logits themselves.

    Source: Mao et al., "Least Squares GANs", ICCV 2017, eq. 9, whose factor 1/2 is `half=True`.
    """

    has_labels = True
    boundary = 0.5
    is_probability = False

    def __init__(self, label_smoothing: float = 0.0, half: bool = False):
        super().__init__(label_smoothing)
        self.scale = 0.5 if half else 1.0

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.check_pair(real_logits, fake_logits)
        real = ((real_logits - (1 - self.label_smoothing)) ** 2).mean()
        return self.scale * (real + (fake_logits**2).mean())

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return self.scale * ((fake_logits - 1) ** 2).mean()


class Wasserstein(Loss):
    """Critic: E D(G(z)) - E D(x),  G: -E D(G(z)); the critic must be kept Lipschitz by other means.

    Source: Arjovsky et al., "Wasserstein GAN", ICML 2017.
    """

    boundary: float | None = None
    is_probability = False

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.check_pair(real_logits, fake_logits)
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return -fake_logits.mean()


class Hinge(Wasserstein):
    """D: E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))),  G: -E D(G(z)).

    Source: Lim and Ye, "Geometric GAN", 2017; Miyato et al., ICLR 2018, eq. 16 and 17.
    """

    boundary = 0.0

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.check_pair(real_logits, fake_logits)
        return ops.relu(1 - real_logits).mean() + ops.relu(1 + fake_logits).mean()


class Relativistic(Loss):
    """D: E -ln sigmoid(D(x) - D(G(z))),  G: the same with the roles exchanged; each real has its fake.

    Source: Jolicoeur-Martineau, ICLR 2019 (RSGAN); with R1 and R2 it is the loss of R3GAN (Huang et al.,
    NeurIPS 2024).
    """

    needs_real = True
    boundary = None
    is_probability = False

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        if real_logits.shape != fake_logits.shape:
            shapes = f"{real_logits.shape} and {fake_logits.shape}"
            raise ValueError(f"{self.name} pairs each real with a fake, but got {shapes}")
        return bce_with_logits(real_logits - fake_logits, 1)

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return self.discriminator(fake_logits, self._real(real_logits))


class RelativisticAverage(Loss):
    """The same against the mean of the other side:

        D: E -ln sigmoid(D(x) - mean D(G(z))) + E -ln(1 - sigmoid(D(G(z)) - mean D(x))),  G: roles exchanged.

    Source: Jolicoeur-Martineau, ICLR 2019 (RaSGAN).
    """

    needs_real = True
    boundary = None
    is_probability = False

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.check_pair(real_logits, fake_logits)
        real = bce_with_logits(real_logits - fake_logits.mean(), 1)
        return real + bce_with_logits(fake_logits - real_logits.mean(), 0)

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return self.discriminator(fake_logits, self._real(real_logits))


LOSSES: dict[str, type[Loss]] = {
    "mm": Minimax,
    "ns": NonSaturating,
    "lsgan": LeastSquares,
    "wgan": Wasserstein,
    "hinge": Hinge,
    "rsgan": Relativistic,
    "ragan": RelativisticAverage,
}


def get(name: str, **options: Any) -> Loss:
    """The loss of that name: mm, ns, lsgan, wgan, hinge, rsgan or ragan.

    Parameters
    ----------
    name : str
    **options
        `label_smoothing` (mm, ns, lsgan); `half` (lsgan).

    Raises
    ------
    ValueError
        If the name is unknown or an option does not fit the loss.

    Examples
    --------
    >>> loss, undecided = get("ns"), Tensor([[0.0], [0.0]])
    >>> round(loss.discriminator(undecided, undecided).item(), 4)  # 2 ln 2
    1.3863
    >>> round(loss.generator(undecided).item(), 4)  # ln 2
    0.6931
    """
    if not isinstance(name, str) or name not in LOSSES:
        meant = name.lower() if isinstance(name, str) else name
        raise ValueError(f"unknown loss {short(name)}{did_you_mean(meant, LOSSES)}")
    known = inspect.signature(LOSSES[name]).parameters
    for option in options:
        if option not in known:
            raise ValueError(f"the loss {name} has no option {short(option)}: it takes {', '.join(known)}")
    return LOSSES[name](**options)


def bce(probabilities: Tensor, targets: Any) -> Tensor:
    """Binary cross-entropy from probabilities, the mean over all elements; targets in [0, 1].

    For the lesson: it is what the formula says, but a probability rounded to 0 or 1 has lost the gradient.
    So that the value stays finite there, probabilities are cut to [eps, 1 - eps], with eps the spacing of
    the dtype's numbers at 1 (about 1e-7 in float32). `bce_with_logits` has no such limit.

    Raises
    ------
    ValueError
        If the shapes differ, or a probability or a target lies outside [0, 1]. (What is on a GPU is not looked at.)
    """
    (probabilities,) = as_floats(probabilities)
    check_probabilities("bce: the probabilities (not logits)", probabilities)
    targets = probabilities.like(checked_targets("bce", "probabilities", probabilities, targets))
    eps = float(np.finfo(probabilities.dtype).eps)
    p = ops.clip(probabilities, eps, 1 - eps)
    return -(targets * ops.log(p) + (1 - targets) * ops.log(1 - p)).mean()
