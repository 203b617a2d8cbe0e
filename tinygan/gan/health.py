"""Is my GAN broken, or is this normal? What the last lines of stats.jsonl say, symptom by symptom.

GANs oscillate, D is far ahead at first, and the first samples are grey: none of that is an illness. So a symptom must
show in several lines in a row, and what decides is `distance`, how far the fakes are from the real samples (see
`gan.resemblance`). While it falls, G learns, whatever the losses do; where it is small, all is well. Each symptom
below is a function of the lines that returns those which show it, none if nothing is wrong.

What to do about a symptom says `training.advice`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tinygan.autograd import Tensor, no_grad
from tinygan.backend import to_numpy
from tinygan.gan.game import Game
from tinygan.gan.losses import Hinge, Loss, Minimax, Wasserstein
from tinygan.nn import Module, SpectralNorm

Lines: TypeAlias = "Sequence[Mapping[str, float]]"

NUMBERS = (  # of a line: all that is looked at
    *("step", "distance", "diversity", "loss_d", "d_real", "d_fake_before"),
    *("accuracy_real", "accuracy_fake"),
)
FEWEST = 4  # lines that must show a symptom, however many steps lie between two of them
CLOSE = 0.1  # distance: fakes so near the data are well
FAR = 0.25
FLAT = 0.03  # a distance that falls by a smaller share, from the older half of the lines to the newer, stays
HARDLY = 0.1
ALIKE = 0.25  # diversity: real samples are at 1, fakes below this are all alike
THE_SAME = 0.005
GREY, GREY_STEPS = 0.6, 1000  # all samples alike, but no farther from the data than this: so do healthy runs begin
SURE = 0.001  # of the loss of a D that cannot tell: below this share of it D is as good as never wrong


NAN = "{where} is not a finite number any more"
UNBOUNDED = (
    "nothing keeps this Wasserstein critic from growing ever steeper, so its loss will swing wider and wider and "
    "measure nothing"
)


@dataclass(frozen=True)
class Past:
    """What a run has shown of itself until now.

    Attributes
    ----------
    lines : sequence of mappings
        Of stats.jsonl, the newest last; each with all of `NUMBERS`.
    loss : Loss
        That is played for.
    """

    lines: Lines
    loss: Loss

    def recent(self, steps: int) -> Lines:
        """The lines of so many steps back, at least four of them; none if the run is younger."""
        now, n = self.lines[-1]["step"], len(self.lines)
        older = [i for i, line in enumerate(self.lines) if line["step"] <= now - steps]
        return self.lines[min(older[-1], n - FEWEST) :] if older and n >= FEWEST else []

    def best(self) -> float:
        """The smallest distance that four lines in a row have had on average."""
        found = [mean(self.lines[i : i + FEWEST], "distance") for i in range(len(self.lines) - FEWEST + 1)]
        return min(found, default=math.inf)


def no_noise(past: Past) -> Lines:
    """All samples of each batch are the same one."""
    lines = past.recent(100)
    return lines if all(line["diversity"] < THE_SAME for line in lines) else []


def collapse(past: Past) -> Lines:
    """Samples are far more alike than real ones, it is not getting better, and they are not just grey yet.

    Grey ones stand at the mean of the data, of all single points the nearest to them: at a distance of about 0.4.
    """
    lines = past.recent(100)
    first, second = halves(lines, "diversity")
    alike = all(line["diversity"] < ALIKE for line in lines) and second <= 1.1 * first and flat(lines)
    return lines if alike and lines[-1]["step"] > (GREY_STEPS if mean(lines, "distance") < GREY else 200) else []


def won(past: Past) -> Lines:
    """D is as good as never wrong, and G hardly comes nearer. A Wasserstein critic cannot win: it measures."""
    undecided, least = bounds(past.loss)

    def sure(line: Mapping[str, float]) -> bool:
        right = min(line["accuracy_real"], line["accuracy_fake"]) > 0.995
        return right and line["loss_d"] - least < SURE * (undecided - least)

    lines = past.recent(200)
    nearly_always = bool(lines) and sum(map(sure, lines)) >= 0.9 * len(lines)
    return lines if undecided > least and nearly_always and flat(lines, HARDLY) else []


def lagging(past: Past) -> Lines:
    """D takes fakes for more real than the data, though they are easily told apart."""
    lines = past.recent(100)
    return lines if all(line["d_fake_before"] > line["d_real"] for line in lines) else []


def worse(past: Past) -> Lines:
    """Samples were once less than half as far from the data as they are now, line after line."""
    lines = past.recent(50)
    nearest = min((line["distance"] for line in lines), default=0.0)
    return lines if nearest > FAR and nearest > 2 * past.best() else []


def stuck(past: Past) -> Lines:
    """For half of the run's life, and hundreds of steps, samples have stayed as far from the data as they were."""
    lines = past.recent(max(500, int(past.lines[-1]["step"]) // 2))
    return lines if lines and flat(lines) and mean(lines, "distance") > FAR else []


# The gravest first: where one is seen, the later ones follow from it.
SYMPTOMS: dict[str, tuple[Callable[[Past], Lines], str]] = {
    "no noise": (
        no_noise,
        "in each batch that the generator is trained with, all samples are one and the same: it has collapsed, or the "
        "noise z does not reach them",
    ),
    "collapse": (
        collapse,
        "the generator collapses: in the batches that it is trained with, samples differ from each other only "
        "{diversity:.0%} as much as real ones do",
    ),
    "won": (
        won,
        "the discriminator has won: for {steps:.0f} steps it has told real from fake almost without error, and the "
        "samples hardly come nearer to the data",
    ),
    "lagging": (
        lagging,
        "the discriminator does not keep up: for {steps:.0f} steps it has taken fakes for more real than the data, "
        "D(G(z)) {d_fake_before:.2f} against D(x) {d_real:.2f}",
    ),
    "worse": (
        worse,
        "the samples have become worse: their distance from the data is {distance:.2f}, and was {best:.2f}",
    ),
    "stuck": (
        stuck,
        "nothing gets better: the samples are as far from the data as {steps:.0f} steps ago, distance {distance:.2f}",
    ),
}


def find(past: Past) -> tuple[str, str] | None:
    """(name, sentence) of the gravest symptom; None for a run that seems healthy."""
    if not past.lines or not past.recent(100) or mean(past.recent(100), "distance") < CLOSE:
        return None
    for name, (symptom, sentence) in SYMPTOMS.items():
        lines = symptom(past)
        if lines:
            shown = {key: mean(lines, key) for key in ("distance", "diversity", "d_real", "d_fake_before")}
            return name, sentence.format(**shown, best=past.best(), steps=lines[-1]["step"] - lines[0]["step"])
    return None


def bounds(loss: Loss) -> tuple[float, float]:
    """D's loss, without penalties, where it cannot tell at all, and where it is never wrong.

    For mm and ns that is 2 ln 2 and 0, for lsgan 1/2 and 0, for hinge 2 and 0; for wgan both are 0.
    """
    middle = Tensor(np.full((1, 1), loss.boundary or 0.0, dtype=np.float32))
    s = loss.label_smoothing if isinstance(loss, Minimax) else 0.0  # then -ln D is not 0 at best
    with no_grad():
        undecided = loss.discriminator(middle, middle).item()
    return undecided, -sum(p * math.log(p) for p in (s, 1 - s) if p)


def is_unbounded(game: Game) -> bool:
    """Whether the critic of a Wasserstein game may grow ever steeper, so that its loss means nothing."""
    wasserstein = isinstance(game.loss, Wasserstein) and not isinstance(game.loss, Hinge)
    normalised = any(isinstance(layer, SpectralNorm) for _, layer in game.discriminator.modules())
    return wasserstein and not (game.penalties or game.weight_clip or normalised)


def mean(lines: Lines, key: str) -> float:
    return float(np.mean([line[key] for line in lines]))


def halves(lines: Lines, key: str) -> tuple[float, float]:
    """The means of the older and of the newer half."""
    middle = len(lines) // 2
    return (mean(lines[:middle], key), mean(lines[-middle:], key)) if middle else (0.0, math.inf)


def flat(lines: Lines, share: float = FLAT) -> bool:
    """Whether the distance does not fall, by this share of it."""
    first, second = halves(lines, "distance")
    return second > (1 - share) * first and bool(lines)


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
