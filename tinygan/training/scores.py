"""Measuring the samples on the way, and keeping the best checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan.training.config import ConfigError
from tinygan.training.run_folder import BEST, RunFolder
from tinygan.training.setup import Setup, samples_judged


def check_best(setup: Setup, run: RunFolder) -> None:
    """Raise ConfigError if a best.npz of another metric, or of another number of samples, would be replaced."""
    config = setup.config
    best = run.best() if config.keep_best != "none" else None
    n = samples_judged(config, setup.dataset)
    if best and (best["metric"], best["n"]) != (config.keep_best, n):
        old, new = f"{best['metric']} of {best['n']} samples", f"{config.keep_best} of {n}"
        raise ConfigError(f"{run.path / BEST} holds the best {old}: move it away to keep the best {new} instead")


class Scores:
    """Measures a run's samples, always of the same noise, and remembers the best value.

    best.npz is a whole checkpoint and says itself in what it is the best, with the value to beat. A run that is
    resumed goes on from the newest of its checkpoints, and this one counts as such: so best.npz is never of a
    later step than the one a run goes on from, and no crash between two files can lose it. Without it the next
    measurement is the best so far.

    The untrained generator, step 0, is measured but not kept.

    Parameters
    ----------
    setup : Setup
        With a judge.
    run : RunFolder

    Attributes
    ----------
    n : int
        Samples of each measurement.
    """

    def __init__(self, setup: Setup, run: RunFolder):
        assert setup.judge is not None
        self.setup, self.run, self.judge = setup, run, setup.judge
        self.n = self.judge.n
        keys = setup.config.measured()
        self.metrics = [metric for metric in self.judge.metrics if metric.key in keys]
        self.kept = next((metric for metric in self.metrics if metric.key == setup.config.keep_best), None)
        best = run.best() if self.kept else None
        self.best_value = float(best["value"]) if best else math.nan

    def measure(self) -> dict[str, float]:
        """The numbers of fresh samples; no random state of the run is touched."""
        noise = self.setup.measured_noise(self.n)
        asked = {"labels": self.setup.behind.labels(noise)} if self.judge.labelled else {}
        return self.judge.report(self.setup.draw(noise), [metric.key for metric in self.metrics], **asked)

    def is_best(self, step: int, numbers: Mapping[str, float]) -> bool:
        """Whether `measure` found better numbers than ever before; of equal ones the first is the best."""
        if not self.kept or step == 0:
            return False
        value = numbers[self.kept.key]
        best = math.isfinite(value) and self.kept.better(value, than=self.best_value)
        if best:
            self.best_value = value
        return best

    def keep(self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
        """Write best.npz, the state in which `is_best` was true."""
        assert self.kept is not None
        about = {"metric": self.kept.key, "value": self.best_value, "step": meta["step"], "n": self.n}
        self.run.save_best(arrays, meta, about)

    def panels(self) -> dict[str, str]:
        """For the curves: the key of each metric, and what stands above its panel."""
        return {m.key: f"{m.heading} ({'higher' if m.higher_is_better else 'lower'} is better)" for m in self.metrics}
