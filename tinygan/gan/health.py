"""Is my GAN broken, or is this normal? Plain words about a run that is ill."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from tinygan.backend import to_numpy
from tinygan.nn import Module

D_HAS_WON = (
    "the discriminator has won: for {n} log lines in a row it has told real from fake almost without error, so the "
    "generator learns little; try a lower --lr-d, --label-smoothing 0.1, --instance-noise 0.1 or --penalty r1"
)
COLLAPSE = (
    "the generator collapses: its samples differ from each other only {share:.0%} as much as real ones do; "
    "try another --seed, --pack 2, --penalty r1 or a lower --lr"
)
NAN = "{where} is not a finite number any more: start a new run with a lower --lr, or with --penalty r1"


class Health:
    """Watches the numbers of a run and says once, in plain words, when they are ill.

    Parameters
    ----------
    patience : int
        Log lines in a row that must look ill before anything is said. GANs oscillate: a bad moment is no
        illness.
    watch_accuracy : bool
        Whether a perfect discriminator is an illness. It is none for losses that know only differences of
        logits: a Wasserstein critic is meant to be trained to its best.
    """

    def __init__(self, patience: int = 10, watch_accuracy: bool = True):
        self.watch_accuracy = watch_accuracy
        self.recent: deque[bool] = deque(maxlen=patience)
        self.said: set[str] = set()

    def after_log(self, stats: Mapping[str, float]) -> str | None:
        """A sentence if the discriminator has won, judged by its accuracies."""
        self.recent.append(stats["accuracy_real"] > 0.995 and stats["accuracy_fake"] > 0.995)
        ill = self.watch_accuracy and len(self.recent) == self.recent.maxlen and all(self.recent)
        return self._once("D", ill, D_HAS_WON.format(n=len(self.recent)))

    def after_samples(self, fakes: np.ndarray, reals: np.ndarray) -> str | None:
        """A sentence if samples are far more alike than real ones (see `diversity`)."""
        share = diversity(fakes) / max(diversity(reals), 1e-12)
        return self._once("G", share < 0.25, COLLAPSE.format(share=share))

    def _once(self, what: str, ill: bool, sentence: str) -> str | None:
        if not ill:
            self.said.discard(what)
            return None
        if what in self.said:
            return None
        self.said.add(what)
        return sentence


def diversity(samples: np.ndarray) -> float:
    """Root mean squared distance of samples (n, ...) from their mean: 0 when all are the same."""
    flat = np.asarray(samples, dtype=np.float64).reshape(len(samples), -1)
    return float(np.sqrt(flat.var(axis=0).sum()))


def find_nan(stats: Mapping[str, float], networks: Mapping[str, Module]) -> str | None:
    """A sentence naming the first parameter that is not finite, or else the loss that is not.

    Parameters
    ----------
    stats : mapping
        With ``loss_d`` and ``loss_g``.
    networks : mapping of str to Module
        By the name they go by in the sentence, such as "discriminator".
    """
    for title, network in networks.items():
        layers = dict(network.modules())
        for name, tensor in network.named_parameters():
            if not to_numpy(tensor.xp.isfinite(tensor.data).all()):
                where, _, which = name.rpartition(".")
                return NAN.format(where=f"{which} of layer {where} ({layers[where]}) in the {title}")
    for name, title in (("loss_d", "discriminator"), ("loss_g", "generator")):
        if not math.isfinite(stats[name]):
            return NAN.format(where=f"the {title}'s loss")
    return None
