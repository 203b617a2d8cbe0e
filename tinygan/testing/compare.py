"""A claimed gradient against differences, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygan.testing.diagnosis import diagnose
from tinygan.testing.differences import Settings, Slope, chosen_coordinates, slope_along, unit
from tinygan.testing.entry import Entry, Kink
from tinygan.testing.problem import Problem
from tinygan.testing.report import GradcheckError, Report

FEW = 2000  # below so many numbers in all, every coordinate is checked
NUDGES = (1e2, 1e3, 1e4)  # how far to move off a kink, in steps h
DIRECTIONS = 4  # a random direction meets a kink now and then: so many are tried


def compare(
    problem: Problem, report: Report, rng: np.random.Generator, settings: Settings, known: Mapping | None = None
) -> None:
    """Check `problem` and write what is found, and the likely cause, into `report`."""
    with np.errstate(all="ignore"):  # NaN and inf get a sentence of their own
        y = problem.value_at(problem.arrays)
        sentences, usable = problem.examine_forward(y)
        report.problems += sentences
        if not usable:
            return
        # Random, not ones: all-ones hides a transposed or permuted gradient, and a forgotten gy.
        gy = np.asarray(rng.normal(size=y.shape))
        try:
            gxs = problem.gradient_at(gy, problem.arrays)
            if len(gxs) != len(problem.arrays):
                count = f"{len(gxs)} gradients for {len(problem.arrays)} inputs"
                raise GradcheckError(f"{problem.backward} returned {count}")
            report.problems += problem.examine_backward(gy, gxs, rng)
        except Exception as error:
            stopped = f"{problem.backward} stopped with {type(error).__name__}: "
            report.problems.append(f"{'' if isinstance(error, GradcheckError) else stopped}{error}")
            report.cause = error
            return
        everything = sum(x.size for x in problem.arrays) < FEW
        for k, gx in enumerate(gxs):
            if gx.shape == problem.arrays[k].shape:
                _Input(problem, k, gx, gy, settings).check(report, rng, everything)
        diagnose(problem, report, rng, known or {})


@dataclass
class _Input:
    """One input of a problem, on its way into the report."""

    problem: Problem
    k: int
    gx: np.ndarray
    gy: np.ndarray
    settings: Settings

    @property
    def name(self) -> str:
        return self.problem.names[self.k]

    def check(self, report: Report, rng: np.random.Generator, everything: bool) -> None:
        p = self.problem
        entry = Entry.blank(self.name, p.dtypes[self.k], p.order, self.gx)
        report.entries.append(entry)
        if not everything:
            self._check_direction(entry, report, rng)
        for index in chosen_coordinates(self.gx.shape, everything, rng):
            slope, analytic = self._slope(p.arrays, index, self.gx)
            if slope.kink:
                kink = Kink(self.name, p.order, index, slope.left, slope.right)
                report.kinks.append(kink)
                beside = self._beside(kink, index, rng)
                if beside is None:
                    continue
                slope, analytic = beside
            entry.analytic[index], entry.numeric[index] = analytic, slope.numeric
            entry.allowed[index], entry.checked[index] = slope.allowed, True
        if entry.blurred:
            report.notes.append(
                f"{self.name} was compared only to within {np.nanmax(entry.allowed):.0e}: "
                "the values of the function are so large that differences lose the rest"
            )
        if self.gx.size and not entry.count:
            report.problems.append(f"{self.name} has kinks everywhere, so nothing was checked")

    def _slope(self, arrays, index, gx) -> tuple[Slope, float]:
        """The slope along one coordinate, and the analytic one there."""
        direction = np.zeros(gx.shape)
        direction[index] = 1.0
        line = self.problem.line(self.k, direction, arrays)
        analytic, size = float(gx[index]), abs(float(arrays[self.k][index]))
        return slope_along(line, self.gy, analytic, self.settings, size), analytic

    def _beside(self, kink, index, rng) -> tuple[Slope, float] | None:
        """The same coordinate checked a little off the kink; None if that is a kink as well."""
        for steps in NUDGES:
            nudge = float(steps * self.settings.h * rng.choice([-1.0, 1.0]))
            arrays = list(self.problem.arrays)
            arrays[self.k] = arrays[self.k].copy()
            arrays[self.k][index] += nudge
            gx = self.problem.gradient_at(self.gy, arrays)[self.k]
            slope, analytic = self._slope(arrays, index, gx)
            if not slope.kink:
                kink.nudge = nudge
                return slope, analytic
        return None

    def _check_direction(self, entry: Entry, report: Report, rng: np.random.Generator) -> None:
        """All numbers of the input at once, which sees a mistake in coordinates not chosen."""
        x = self.problem.arrays[self.k]
        for _ in range(DIRECTIONS):
            direction = unit(rng.normal(size=x.shape))
            line = self.problem.line(self.k, direction, self.problem.arrays)
            analytic = float(np.sum(self.gx * direction))
            size = float(np.abs(x).max(initial=0.0))
            slope = slope_along(line, self.gy, analytic, self.settings, size)
            if not slope.kink:
                entry.direction = (analytic, slope.numeric, slope.allowed)
                return
        report.kinks.append(Kink(self.name, self.problem.order, None, slope.left, slope.right))
