"""The clinic's sick runs: what makes them ill, and what a doctor says. `docs/clinic_pictures.py` draws some, too.

The first have wrong settings; the last, patients B to E of tutorial 12, a fault in their code (`tinygan.live.faults`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Patient:
    """A sick run.

    Attributes
    ----------
    complaint : str
        What its owner says.
    options : mapping
        What makes it ill: options of a run, on top of healthy ones.
    answer : str
        Illness, signs, cause and cure; a line of the code stands in backticks.
    cure : mapping
        The options that mend it.
    """

    complaint: str
    options: Mapping[str, Any]
    answer: str
    cure: Mapping[str, Any]


PATIENTS: dict[str, Patient] = {
    "d has won": Patient(
        "The fakes hardly move.",
        dict(loss="mm", penalty="none", lr=2e-5, lr_d=2e-3, ema=0.0),
        "D has won: its loss stays far below 2 ln 2, D(x) far above D(G(z)), and no step of G changes that: its "
        "learning rate is a hundredth of D's, and with mm its gradient is small where D is sure. Cure: equal rates.",
        dict(loss="ns", lr=2e-3),
    ),
    "collapse": Patient(
        "All fakes run to one side.",
        dict(lr_d=1e-7),
        "D hardly moves (look at its learning rate), so nothing holds G back: all fakes run to where this D gives the "
        "most, here far beyond the data. Where D has a top they would all end on it: mode collapse. Cure: a D that "
        "keeps up.",
        dict(lr_d=2e-3),
    ),
    "cycling": Patient(
        "It was good, and got worse again.",
        dict(penalty="none", ema=0.0),
        "It circles: with no penalty on D's slope and no average of G, each runs after the other. The share of high "
        "quality goes up and down, and how good the last step is, is luck. Cure: r1, and a moving average (EMA).",
        dict(penalty="r1", penalty_weight=0.01, ema=0.99),
    ),
    "hopping": Patient(
        "It finds clouds, and loses them.",
        dict(penalty="none", ema=0.0, lr=1e-2, lr_d=1e-4),
        "G is a hundred times as fast as D. It jumps to the place where this D gives most, and when D has understood, "
        "it hops on: look at the modes. D(x) and D(G(z)) stay at 1/2, since D is slow, not since fakes are good. "
        "Cure: equal rates.",
        dict(lr=2e-3, lr_d=2e-3),
    ),
    "held": Patient(
        "Both are at 1/2. Has it converged?",
        dict(penalty="r1", penalty_weight=1e3),
        "No: D never could tell. Its penalty is so heavy that D is flat, and a flat D has no arrows. Look at the "
        "fakes, not at the curves. Cure: a penalty of 0.01.",
        dict(penalty_weight=0.01),
    ),
    "unbounded": Patient(
        "The losses swing ever wider.",
        dict(loss="wgan", penalty="none", n_critic=5, lr=1e-3, lr_d=1e-3, batch_size=128),
        "A critic without a leash: nothing holds the slope of D, which wgan needs. Cure: the penalty gp.",
        dict(penalty="gp", penalty_weight=1.0),
    ),
    "both move": Patient(
        "D gets better and better, G worse.",
        dict(fault="both move"),
        "G gets D's lesson, too: the step that lowers D's loss also moves G, such that its fakes are easier to tell. "
        "D's loss stays low, G's high, and most clouds are empty. The lines are `fake = G(noise(128))` before D's loss "
        "(it lacks .detach()), and `opt_d.step(grad(loss_d, D.parameters() + G.parameters()))`, for which opt_d was "
        "given G's weights. Cure: detach, and D.parameters() alone.",
        dict(fault=""),
    ),
    "wrong label": Patient(
        "Both losses fall to 0. Who won?",
        dict(fault="wrong label"),
        "Two opponents cannot both win: they play on one side. The line is `loss_g = bce_with_logits(D(fake), 0.0)`: G "
        "minimises the cross-entropy with label 0, fake, as D does, and runs away from the data. Cure: label 1, which "
        "is what ns.generator(D(fake)) is.",
        dict(fault=""),
    ),
    "same batch": Patient(
        "Good curves. Why are clouds empty?",
        dict(fault="same batch", batch_size=8),
        "It has seen the same eight points in every step. The line is `real = Tensor(data.sample(8, default_rng(7)))`: "
        "random numbers that begin anew each time are the same each time. The curves cannot tell, since both players "
        "saw the same few. Cure: one rng, made before the first step.",
        dict(fault=""),
    ),
    "range": Patient(
        "All fakes stay in a small square.",
        dict(fault="range"),
        "The range is wrong. The line is `G = Sequential(dense(2, 64, 64, 2, rng=rng), Tanh())`: tanh cannot leave -1 "
        "to 1, and the data reach to 3 (`data = ring(radius=3.0, sigma=0.24)`), as pixels from 0 to 255 would. D needs "
        "to see nothing else, and wins. Cure: leave the tanh out, or scale the data.",
        dict(fault=""),
    ),
}
