"""What to do about a run that is ill: for each symptom of `gan.health` other options, which fit those of the run.

A remedy is a function of the options that returns those it would change, none where it does not apply or is on
already. What the options, the data or the networks would refuse is never proposed, because it is tried here first.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tinygan.data.stored import Stored
from tinygan.gan import health
from tinygan.gan.penalties import check_independent
from tinygan.training.config import Config, ConfigError, flag
from tinygan.training.setup import Setup

Changes: TypeAlias = dict[str, Any]

MOST = 3  # remedies in a sentence
LINES = 2000  # of stats.jsonl that are looked back at
USUAL = {"adam": 1e-3, "rmsprop": 1e-3, "sgd": 0.1}  # the largest learning rates that are usual


def on(**changes: Any) -> Callable[[Config], Changes]:
    """A remedy that switches on what is at its default, which is off."""
    name = next(iter(changes))
    return lambda c: changes if getattr(c, name) == getattr(Config, name) else {}


def keep_up(c: Config) -> Changes:
    return {"lr_d": c.lr} if c.lr_d is not None and c.lr_d <= c.lr / 10 else {}


def slower_d(c: Config) -> Changes:
    rate = c.lr_d or c.lr
    return {"lr_d": c.lr if rate > c.lr else rate / 4}


def slower_g(c: Config) -> Changes:
    return {} if keep_up(c) else {"lr": c.lr / 4, "lr_d": c.lr_d or c.lr}


def lower_lr(c: Config) -> Changes:
    """Both, if they are high."""
    usual = USUAL[c.optimizer]
    return {name: usual for name in ("lr", "lr_d") if (getattr(c, name) or 0) > 2 * usual}


def low_lr(c: Config) -> Changes:
    return lower_lr(c) or {name: getattr(c, name) / 4 for name in ("lr", "lr_d") if getattr(c, name)}


def higher_lr(c: Config) -> Changes:
    return {"lr": c.lr * 10} if c.lr < USUAL[c.optimizer] / 20 else {}


def ns(c: Config) -> Changes:
    return {"loss": "ns"} if c.loss == "mm" else {}


def lighter(c: Config) -> Changes:
    return {"penalty_weight": c.penalty_weight / 10} if c.penalties() and c.penalty_weight > 1 else {}


def r1(c: Config) -> Changes:
    """R1 where there is no penalty, a heavier one where it is light; a Wasserstein critic wants gp."""
    if not c.penalties():
        return {"penalty": "gp" if c.loss == "wgan" else "r1", "penalty_weight": 1.0}
    return {"penalty_weight": 10 * c.penalty_weight} if c.penalty_weight < 1 else {}


def gp(c: Config) -> Changes:
    return r1(c) if c.loss == "wgan" and not c.penalties() else {}


def clip(c: Config) -> Changes:
    found = {"weight_clip": 0.01, "optimizer": "rmsprop", "lr": 5e-5}
    return {**found, **({"lr_d": 5e-5} if c.lr_d else {})} if c.loss == "wgan" and not c.weight_clip else {}


def seed(c: Config) -> Changes:
    return {"seed": c.seed + 1}


def half_life(c: Config) -> Changes:
    return {"lr_half_life": max(1, c.steps // 3)} if not c.lr_half_life else {}


noise, smoothing, pack, unroll = on(instance_noise=0.1), on(label_smoothing=0.1), on(pack=2), on(unroll=5)
n_critic, ema = on(n_critic=2), on(ema=0.995)

REMEDIES: dict[str, tuple[Callable[[Config], Changes], ...]] = {  # the most likely to help first
    "no noise": (keep_up, lower_lr, r1, pack, unroll, seed),
    "collapse": (keep_up, lower_lr, r1, pack, unroll, seed),
    "won": (slower_d, lower_lr, ns, r1, smoothing, noise),
    "lagging": (keep_up, n_critic, lighter, slower_g),
    "worse": (low_lr, r1, half_life, ema),
    "stuck": (higher_lr, keep_up, lighter, lower_lr, r1, seed),
    "unbounded": (gp, clip),
    "nan": (gp, low_lr, r1, noise),
}


def remedies(name: str, config: Config, fits: Callable[[Config], None] = Config.check) -> list[Changes]:
    """What could be changed about a symptom, the most likely to help first.

    Parameters
    ----------
    name : str
        Of the symptom: a key of `REMEDIES`.
    config : Config
        The options of the run.
    fits : function(Config)
        Raises ValueError for options that the run could not have.
    """
    found: list[Changes] = []
    for remedy in REMEDIES[name]:
        changes = {key: value for key, value in remedy(config).items() if value != getattr(config, key)}
        try:
            fits(dataclasses.replace(config, **changes))
        except ValueError:  # ConfigError is one
            continue
        if changes and changes not in found:
            found.append(changes)
    return found


def advice(name: str, config: Config, fits: Callable[[Config], None] = Config.check) -> str:
    """The first of the remedies as a clause: "start a new run with --lr-d 0.001, or --pack 2, or --seed 1"."""
    found = [" ".join(map(written, changes.items())) for changes in remedies(name, config, fits)[:MOST]]
    return f"start a new run with {', or '.join(found) or 'other networks'}"


def written(option: tuple[str, Any]) -> str:
    """As on the command line."""
    name, value = option
    return f"{flag(name)} {value:g}" if isinstance(value, float) else f"{flag(name)} {value}"


class Health:
    """Watches the numbers of a run and says once, in plain words, when they are ill.

    Parameters
    ----------
    setup : Setup
        What is trained.
    lines : sequence of mappings
        Of stats.jsonl, where the run goes on from an older one.
    """

    def __init__(self, setup: Setup, lines: Iterable[Mapping[str, float]] = ()):
        self.setup = setup
        self.lines: deque[Mapping[str, float]] = deque(filter(told, lines), maxlen=LINES)
        self.said: set[str] = set()

    def before(self) -> str | None:
        """A sentence if the options alone promise an illness."""
        return self.sentence("unbounded", health.UNBOUNDED) if health.is_unbounded(self.setup.game) else None

    def after_log(self, line: Mapping[str, float]) -> str | None:
        """A sentence if this line of stats.jsonl, with those before it, shows what has not been said yet."""
        if not told(line):
            return None
        self.lines.append(line)
        found = self.now()
        if found is None:
            self.said.clear()
            return None
        name, sentence = found
        if name in self.said:
            return None
        self.said.add(name)
        return sentence

    def now(self) -> tuple[str, str] | None:
        """(name, sentence) of what the lines up to now show, with advice; None of a healthy run."""
        past = health.Past(list(self.lines), self.setup.game.loss)
        found = health.find(past)
        return found and (found[0], self.sentence(*found))

    def sentence(self, name: str, what: str) -> str:
        """What is seen, and what to do about it."""
        return f"{what}: {advice(name, self.setup.config, self.fits)}"

    def fits(self, config: Config) -> None:
        """Raise ValueError if the run could not have these options."""
        config.check()
        if config.penalties():
            check_independent(self.setup.game.discriminator)
        if config.pack > 1 and config.networks is not None:
            raise ConfigError("--pack asks networks of one's own for another shape")
        dataset, batch = self.setup.dataset, config.batch_size * config.pack
        if isinstance(dataset, Stored) and batch * self.setup.ranks.size > len(dataset):
            raise ConfigError(f"there are fewer than {batch} {dataset.one}s for each rank")


def told(line: Mapping[str, Any]) -> bool:
    """Whether the line has all that symptoms are seen in: those of small batches, and of older runs, have not."""
    return all(line.get(key) is not None for key in health.NUMBERS)
