"""What stands behind z: a code that says which sample to make, and what D has to do with it.

The generator sees one vector, z with the code appended. Three settings of the same game differ in what the code
is and in what D does with the numbers it returns beside its logit:

=========  =======================================  ============================================================
cgan       a class label (one-hot)                  they are scores of the classes: that of the label is added to
                                                    the logit, so D judges the sample *as one of that class*
acgan      a class label (one-hot)                  D names the class of real and fake samples
infogan    ten ways (one-hot) and two numbers       D guesses the code of the fakes; no labels are needed
=========  =======================================  ============================================================

Sources: Mirza and Osindero, "Conditional generative adversarial nets", 2014; Odena, Olah and Shlens, "Conditional
image synthesis with auxiliary classifier GANs", ICML 2017; Chen et al., "InfoGAN", NeurIPS 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.autograd.cross_entropy import cross_entropy

INFOGAN_WAYS = 10  # as in the paper's experiment on MNIST
INFOGAN_NUMBERS = 2


class Conditioning:
    """What the three have in common.

    Parameters
    ----------
    classes : int
        K, how many labels there are.

    Attributes
    ----------
    classes : int
        Length of the one-hot part of the code, which comes first.
    numbers : int
        Continuous codes behind it, uniform in [-1, 1].
    needs_labels : bool
        The codes of a batch are the labels of its real samples; else they are drawn.
    """

    needs_labels = True
    numbers = 0

    def __init__(self, classes: int):
        self.classes = classes

    @property
    def length(self) -> int:
        """Of the code."""
        return self.classes + self.numbers

    @property
    def outputs(self) -> int:
        """How many numbers D returns: the logit, and one for each of the code."""
        return 1 + self.length

    @property
    def channels(self) -> int:
        """How many channels D sees behind those of the sample."""
        return 0

    def shown(self, samples: Tensor, code: Tensor) -> Tensor:
        """What D sees of samples (n, ..., C) with these codes: (n, ..., C + channels)."""
        return samples

    def codes(self, rng: np.random.Generator, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """n codes, drawn on the host; the first do not depend on how many follow.

        Parameters
        ----------
        rng : numpy.random.Generator
        n : int
        labels : array (n,) of int, optional
            The classes; drawn, all equally likely, when None. Other numbers of the code are always drawn.

        Returns
        -------
        ndarray (n, length), float32
        """
        u = rng.random((n, 1 + self.numbers))
        if labels is None:
            labels = (self.classes * u[:, 0]).astype(np.int64)
        one_hot = np.eye(self.classes, dtype=np.float32)[labels]
        return np.concatenate([one_hot, (2 * u[:, 1:] - 1).astype(np.float32)], axis=1)

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """The classes (n,) of codes (n, length)."""
        return codes[:, : self.classes].argmax(axis=1)

    # -- D's outputs (n, 1 + length) for samples with these codes (n, length) --------------------------

    def logits(self, outputs: Tensor, code: Tensor) -> Tensor:
        """Real or fake: (n, 1)."""
        return outputs[:, :1]

    def loss_on_real(self, outputs: Tensor, code: Tensor) -> Tensor | float:
        """What D's loss gains on real samples."""
        return 0.0

    def loss_on_fake(self, outputs: Tensor, code: Tensor) -> Tensor | float:
        """What D's loss, and G's, gains on fakes."""
        return 0.0

    def measurements(self, real: Tensor, fake: Tensor, code: Tensor) -> dict[str, Any]:
        """Whether the code is learned, as 0-d arrays: what stats.jsonl shows beside the game's numbers."""
        return {}


class CGAN(Conditioning):
    """D judges a sample together with its label, so that G must make a sample *of that class* look real.

    The label enters D by projection (Miyato and Koyama, "cGANs with projection discriminator", ICLR 2018, eq. 3)::

        D(x, y) = psi(phi(x)) + y^T V phi(x)

    with the features phi of D's last hidden layer and one-hot y. V phi(x) is just K more outputs of the last
    layer, of which the one of the label is added to the logit: dense and convolutional discriminators need
    nothing else. (Mirza and Osindero put y beside x in D's first layer.)
    """

    def logits(self, outputs: Tensor, code: Tensor) -> Tensor:
        """Real or fake, given the label: (n, 1)."""
        return outputs[:, :1] + (outputs[:, 1:] * code).sum(axis=1, keepdims=True)


class LabelChannels(CGAN):
    """The same for a discriminator that returns its logit alone: y stands beside x, as in Mirza and Osindero's paper.

    Behind the channels of each pixel come K more, the one-hot label: D sees (H, W, C + K).
    """

    @property
    def outputs(self) -> int:
        return 1

    @property
    def channels(self) -> int:
        return self.classes

    def shown(self, samples: Tensor, code: Tensor) -> Tensor:
        everywhere = code.reshape((len(code), *[1] * (samples.ndim - 2), self.classes))
        return ops.concatenate([samples, ops.broadcast_to(everywhere, (*samples.shape[:-1], self.classes))], axis=-1)

    def logits(self, outputs: Tensor, code: Tensor) -> Tensor:
        return outputs


class ACGAN(Conditioning):
    """D also names the class, of real samples and of fakes; G is to make fakes whose class is named rightly.

    With the cross-entropy L_C (the paper's eq. 3 with the sign of a loss), D and G both *minimise* L_C, and play
    for L_S, the game's loss, as ever (section 3). D's logit does not know the label.
    """

    def loss_on_real(self, outputs: Tensor, code: Tensor) -> Tensor:
        return cross_entropy(outputs[:, 1:], code)

    def loss_on_fake(self, outputs: Tensor, code: Tensor) -> Tensor:
        return cross_entropy(outputs[:, 1:], code)

    def measurements(self, real: Tensor, fake: Tensor, code: Tensor) -> dict[str, Any]:
        shares = accuracy(real[:, 1:], code), accuracy(fake[:, 1:], code)
        return {"class_accuracy_real": shares[0], "class_accuracy_fake": shares[1]}


class InfoGAN(Conditioning):
    """D guesses the code of a fake, and G makes it easy to guess: the code comes to mean something.

    Both maximise the bound L_I = E ln Q(c | G(z, c)) <= I(c; G(z, c)) (eq. 5, less the constant H(c)), so the game
    is min over G and Q, max over D of V(D, G) - lambda L_I (eq. 6). Q is a few outputs of D's last layer: ten
    logits for the ten-way code, and means of Gaussians of fixed variance for the two continuous codes, whose
    log-likelihood is a squared error but for a constant.

    Which parameters move: the term -lambda L_I stands in both losses. D's step moves everything in D by it, Q's
    outputs and the trunk they share with the logit, on fakes that are held fixed; G's step moves G alone through
    Q as it stands. Each network is so moved once a step, by its own optimiser, and D is untouched by G's step.
    """

    needs_labels = False
    numbers = INFOGAN_NUMBERS
    # lambda is 1 for the ten-way code. For continuous codes, whose likelihood has no upper bound, the paper takes
    # a smaller one, which is the same as a larger variance: 1 / 0.1.
    number_weight = 0.1

    def __init__(self, classes: int = INFOGAN_WAYS):
        super().__init__(classes)

    def loss_on_fake(self, outputs: Tensor, code: Tensor) -> Tensor:
        """-lambda ln Q(code | fake), but for a constant; nobody knows the code of a real sample."""
        k = self.classes
        ways = cross_entropy(outputs[:, 1 : 1 + k], code[:, :k])
        return ways + 0.5 * self.number_weight * squared_error(outputs[:, 1 + k :], code[:, k:])

    def measurements(self, real: Tensor, fake: Tensor, code: Tensor) -> dict[str, Any]:
        k = self.classes
        right = accuracy(fake[:, 1 : 1 + k], code[:, :k])
        return {"code_accuracy": right, "code_error": squared_error(fake[:, 1 + k :], code[:, k:]).data}


def squared_error(means: Tensor, numbers: Tensor) -> Tensor:
    """``E |mean - c|^2``: for means of 0, 1/3 for each number in [-1, 1]."""
    return ((means - numbers) ** 2).sum(axis=1).mean()


def accuracy(logits: Tensor, one_hot: Tensor) -> Any:
    """The share of rows whose largest logit is the right class's, as a 0-d array."""
    return (logits.data.argmax(axis=1) == one_hot.data.argmax(axis=1)).mean(dtype=logits.dtype)


CONDITIONINGS: dict[str, type[Conditioning]] = {"cgan": CGAN, "acgan": ACGAN, "infogan": InfoGAN}


def get(name: str, classes: int | None, outputs: bool = True) -> Conditioning | None:
    """The conditioning of that name for data of so many classes; None for "none".

    `outputs` says whether the discriminator can be made to return more than its logit; if not, cgan shows it the
    label in channels of its own.

    Raises
    ------
    ValueError
        If it needs labels and `classes` is None.
    """
    if name == "none":
        return None
    kind = CONDITIONINGS[name]
    if not kind.needs_labels:
        return kind(INFOGAN_WAYS)
    if classes is None:
        raise ValueError(f"{name} needs labels, and there are none")
    return LabelChannels(classes) if kind is CGAN and not outputs else kind(classes)
