"""Semi-supervised learning: a classifier of few labels that plays the discriminator's part, and learns from the rest.

A classifier of K classes ends in K logits l. One more class, "fake", is added, whose logit is fixed to 0. So with
Z = sum_k exp(l_k) the probability of "not fake" is

    D(x) = Z / (Z + 1) = sigmoid(ln Z):

the logit of "real" is ln Z, the logsumexp of the K logits. That is all a `Game` has to know.

Source: Salimans et al., "Improved techniques for training GANs", NeurIPS 2016, sections 3.1 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, draw, ops
from tinygan.autograd.cross_entropy import cross_entropy
from tinygan.autograd.index import whole_labels
from tinygan.gan.game import Game
from tinygan.given import finite_number, whole_number
from tinygan.nn import Sequential


def logsumexp(logits: Tensor) -> Tensor:
    """ln sum_k exp(l_k): logits (N, K) -> (N, 1), the logit of "real" in a classifier whose logit of "fake" is 0.

    The largest logit is taken out first, so that no exponential overflows and not all of them become 0:
    ln Z = m + ln sum_k exp(l_k - m). As m cancels, its gradient may be left out.
    """
    largest = ops.max(logits, axis=-1, keepdims=True).detach()
    return largest + ops.log(ops.exp(logits - largest).sum(axis=-1, keepdims=True))


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """``|mean f(x) - mean f(G(z))|^2``: features (N, F) of real samples and (M, F) of fakes -> 0-d.

    G is to make fakes whose features are as large, on average over the batch, as those of real samples.

    Source: Salimans et al., NeurIPS 2016, section 3.1.

    Raises
    ------
    ValueError
        If they are no rows of equally many features; the message gives both shapes.
    """
    if real.ndim != 2 or real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"feature matching needs rows of as many features, (N, F), not {real.shape} and {fake.shape}")
    return ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum()


def few_of_each(labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Where n samples of each class stand, drawn without replacement: labels (N,) -> rows (K * n,), class by class.

    Raises
    ------
    ValueError
        If a class from 0 to the largest label has fewer than n, or labels are no whole numbers of 0 or more.
    """
    n, labels = whole_number("labels of each class", n), np.asarray(labels)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"few_of_each needs labels (N,), not an array of shape {labels.shape}")
    labels = whole_labels(labels, 2**31, "few_of_each: labels must be whole numbers of 0 or more")
    rows = []
    for k in range(int(labels.max()) + 1):
        found = np.flatnonzero(labels == k)
        if len(found) < n:
            raise ValueError(f"{n} labels of each class were asked for, but class {k} has {len(found)}")
        rows.append(rng.choice(found, n, replace=False))
    return np.concatenate(rows)


@dataclass
class SemiSupervised(Game):
    """A `Game` whose discriminator is a classifier: it tells K classes apart, and all of them from fakes.

    D minimises the game's loss, with ln Z as the logit, on unlabelled samples and fakes, and the cross-entropy on the
    few labelled samples:

        L_D = -E ln D(x) - E ln(1 - D(G(z))) + supervised * E_labelled[-ln softmax(l)_y].

    Nothing but the first part knows the unlabelled samples: it draws some logit of each up, and D is free to choose
    which. G minimises the distance of the mean features (see `feature_matching`), or with `matching=False` what it
    minimises in any game. All else is the game as it was: its order, noise, penalties, averages.

    Source: Salimans et al., NeurIPS 2016, section 5. Their programs halve the first two parts, which is `supervised=2`.

    Attributes
    ----------
    discriminator : Sequential
        Samples -> logits (N, K). What comes before its last layer makes the features that G matches.
    classes : int
        K.
    supervised : float
        The weight of the cross-entropy, 0 or more.
    matching : bool
        Whether G matches features. The authors found that this makes worse pictures and better classifiers; with small
        networks and few steps both were worse (`benchmarks.few_labels`).

    Examples
    --------
    >>> import tinygan as tg
    >>> from tinygan import nn
    >>> rng = np.random.default_rng(0)
    >>> G, D = nn.Dense(4, 2, rng=rng), nn.Sequential(nn.Dense(2, 8, rng=rng), nn.ReLU(), nn.Dense(8, 3, rng=rng))
    >>> opts = (tg.optim.Adam(network.parameters()) for network in (G, D))
    >>> game = SemiSupervised(G, D, *opts, tg.losses.get("ns"), latent=4, rng=rng, classes=3)
    >>> x, labelled = rng.standard_normal((8, 2), np.float32), rng.standard_normal((3, 2), np.float32)
    >>> sorted(game.step(lambda: (x, labelled, np.array([0, 1, 2])), measure=True))[:3]
    ['accuracy_fake', 'accuracy_real', 'd_fake_after']
    """

    discriminator: Sequential
    classes: int = field(kw_only=True)
    supervised: float = field(default=1.0, kw_only=True)
    matching: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("classes", self.classes)
        finite_number("supervised", self.supervised, "be 0 or more", lambda weight: weight >= 0)
        if self.pack > 1:
            raise ValueError(
                "samples that are judged together have no one class: SemiSupervised does not go with packs"
            )
        if not isinstance(self.discriminator, Sequential) or len(self.discriminator) < 2:
            raise ValueError("SemiSupervised needs a Sequential as discriminator: features, then a layer of K logits")
        self.labelled = Tensor(np.zeros((0, 0), np.float32))  # of the batch that is being played with
        self.one_hot = Tensor(np.zeros((0, self.classes), np.float32))

    def reals(self, next_reals: Callable[[], Any]) -> Tensor:
        """The next batch; next_reals returns (unlabelled samples (N, ...), labelled samples (M, ...), labels (M,))."""
        labelled: Any = None
        labels: Any = None

        def first() -> Any:
            nonlocal labelled, labels
            unlabelled, labelled, labels = next_reals()
            return unlabelled

        def one_hot() -> np.ndarray:
            if np.shape(labels) != (len(labelled),) or not len(labelled):
                raise ValueError(
                    f"one labelled sample or more, a label each: not {len(labelled)} and {np.shape(labels)}"
                )
            refusal = f"labels must be whole numbers from 0 to {self.classes - 1}"
            return np.eye(self.classes, dtype=np.float32)[whole_labels(labels, self.classes, refusal)]

        unlabelled = draw(first)
        self.labelled, self.one_hot = draw(lambda: labelled), draw(one_hot)
        if self.labelled.shape[1:] != unlabelled.shape[1:]:
            shapes = f"{self.labelled.shape} and {unlabelled.shape}"
            raise ValueError(f"labelled and unlabelled samples must have one shape, but got {shapes}")
        return unlabelled

    def logits(self, outputs: Tensor) -> Tensor:
        """Real or fake, (N, 1): ln Z of the K logits."""
        if outputs.shape[1:] != (self.classes,):
            raise ValueError(f"D must return (N, {self.classes}), a logit for each class, but returned {outputs.shape}")
        return logsumexp(outputs)

    def contest(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """D's loss without the penalties, with the cross-entropy on the labelled samples."""
        loss, on_real, on_fake = super().contest(real, fake)
        return loss + self.supervised * self.labelled_loss(), on_real, on_fake

    def labelled_loss(self) -> Tensor:
        """The cross-entropy on the labelled samples of this batch, 0-d: all that a classifier without a game has."""
        return cross_entropy(self.judge(self.labelled), self.one_hot)

    def generator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The distance of the mean features (without `matching`, any game's loss), and D's outputs for the fakes."""
        if not self.matching:
            return super().generator_loss(real, fake)
        features = self.features(fake)
        return feature_matching(self.features(real), features), self.discriminator[-1](features)

    def features(self, samples: Tensor) -> Tensor:
        """What D's last layer sees of samples, (N, F)."""
        x = self.shown(samples)
        for layer in self.discriminator.layers[:-1]:
            x = layer(x)
        return x
