"""The clinic's sick runs: what makes them ill, and what a doctor says. `docs/clinic_pictures.py` draws them too."""

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
        Illness, signs, cause and cure.
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
        "All fakes are at one place.",
        dict(lr_d=1e-7),
        "Mode collapse: D hardly moves (look at its learning rate), so nothing drives G away from the place where "
        "this D gives the most. Cure: a D that keeps up.",
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
        "It finds clouds and loses them again.",
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
}
