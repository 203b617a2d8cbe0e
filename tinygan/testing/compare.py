"""A claimed gradient against differences, coordinate by coordinate; kinks are found by the way."""

from collections.abc import Callable

import numpy as np

from tinygan.testing.diagnosis import diagnose
from tinygan.testing.problem import EPS, Problem, flaws, unit, wrong_shape
from tinygan.testing.report import Entry, GradcheckError, Kink, Report

CLOSER = 8  # the second look at a suspicious place takes a step this much smaller
FEW = 2000  # below so many numbers in all, every coordinate is checked
SAMPLE = 24  # so many are checked of larger inputs
NUDGES = (1e2, -1e3, 1e4)  # how far to move off a kink, in steps h


class Check:
    """A check on its way into the report, by differences of step `h`; `rtol` and `atol` are the tolerance."""

    def __init__(self, report: Report, h: float, rtol: float, atol: float):
        self.report, self.h, self.rtol, self.atol = report, h, rtol, atol
        # Inputs are often drawn from default_rng(0): gy must not be the same numbers, or x for gy would pass.
        self.rng = np.random.default_rng((20_011, report.seed))

    def compare(self, p: Problem) -> None:
        """Check `p` and write what is found, and the likely cause, into the report."""
        problems = self.report.problems
        with np.errstate(all="ignore"):  # NaN and inf get a sentence of their own
            y, again = p.value_at(p.arrays), p.value_at(p.arrays)
            problems += p.changes + flaws(f"{p.forward} returned", f"{p.forward} gave two results", y, again)
            if problems:  # then there is nothing to compare with
                return
            # Random, not ones: all-ones hides a transposed or permuted gradient, and a forgotten gy.
            gy = np.asarray(self.rng.normal(size=y.shape))
            try:
                gxs, twice = p.gradient_at(gy, p.arrays), p.gradient_at(gy, p.arrays)
            except Exception as error:
                stopped = f"{p.backward} stopped with {type(error).__name__}: "
                problems.append(f"{'' if isinstance(error, GradcheckError) else stopped}{error}")
                self.report.cause = error
                return
            problems += p.changes
            for k, gx in gxs.items():
                name, shape, two = p.names[k], p.arrays[k].shape, f"{p.backward} gave two gradients of {p.names[k]}"
                problems += wrong_shape(name, gx.shape, shape) or flaws(f"the gradient of {name} is", two, gx, twice[k])
                if gx.shape == shape:
                    self._input(p, k, gx, gy)
            diagnose(p, self.report, self.rng)

    def _input(self, p: Problem, k: int, gx: np.ndarray, gy: np.ndarray) -> None:
        """Compare the gradient of input k, and write an entry."""
        entry = Entry(p.names[k], p.dtypes[k], p.order, gx.copy(), np.full(gx.shape, np.nan), np.full(gx.shape, np.nan))
        self.report.entries.append(entry)
        if sum(p.arrays[i].size for i in p.moved) >= FEW and gx.size > SAMPLE:
            # All at once sees a mistake in coordinates that are not chosen. Of these, both ends of each axis
            # are some: mistakes sit there (a dropped row, a border, the last batch).
            entry.direction = self._along(p, k, gx, gy, unit(self.rng.normal(size=gx.shape)), None)
            chosen = {tuple(0 for _ in gx.shape), tuple(n - 1 for n in gx.shape)}
            chosen |= {tuple(self.rng.integers(gx.shape).tolist()) for _ in range(SAMPLE)}
        else:
            chosen = set(np.ndindex(gx.shape))
        for index in sorted(chosen):
            one = np.zeros(gx.shape)
            one[index] = 1.0
            if found := self._along(p, k, gx, gy, one, index):
                entry.analytic[index], entry.numeric[index], entry.allowed[index] = found
        most = np.nanmax(entry.allowed, initial=0.0)
        if most > max(0.01 * np.nanmax(np.abs(entry.numeric), initial=0.0), 1e-5):
            why = "the values of the function are so large that differences lose the rest"
            self.report.notes.append(f"{entry.name} was compared only to within {most:.0e}: {why}")
        if gx.size and not entry.checked.any():
            self.report.problems.append(f"{entry.name} has kinks everywhere, so nothing was checked")

    def _along(self, p: Problem, k: int, gx: np.ndarray, gy: np.ndarray, v: np.ndarray, index: tuple | None):
        """Along v: analytic slope, numeric, and how far they may differ; at a kink, a little beside it."""
        for steps in (0.0, *NUDGES):
            arrays = [x + steps * self.h * v if i == k else x for i, x in enumerate(p.arrays)]
            analytic = float(np.sum((p.gradient_at(gy, arrays)[k] if steps else gx)[v != 0] * v[v != 0]))
            size = np.abs(arrays[k][v != 0]).max()
            numeric, allowed, left_right = self._slope(p.line(k, v, arrays), gy, analytic, size)
            if left_right and not steps:
                self.report.kinks.append(Kink(p.names[k], p.order, index, *left_right))
            elif not left_right:
                if steps:
                    self.report.kinks[-1].nudge = steps * self.h
                return analytic, numeric, allowed
        return None

    def _slope(self, line: Callable[[float], np.ndarray], gy: np.ndarray, analytic: float, size: float) -> tuple:
        """The slope of ``sum(line(t) * gy)`` at t = 0, the error allowed, and at a kink those from both sides.

        The centred difference ``(f(h) - f(-h)) / 2h`` has an error of order h^2, and means nothing at a kink.
        The gap between the two one-sided slopes tells which: ``h f''`` for a smooth function, however curved,
        and the jump of the slope at a kink. So if the gap is wide, or the analytic slope is off, both are
        measured again at h / 8 and extrapolated to h = 0 (Richardson): what remains of the gap then is the
        jump, and the slope's error falls to order h^4.
        """
        y = line(0.0)

        def measure(h: float) -> tuple[float, float, float, float]:
            left, right = (float(np.sum((line(t) - y) * gy)) / t for t in (-h, h))
            # What rounding may add grows with f, and with the size of the numbers moved.
            noise = 10 * EPS * (float(np.linalg.norm(y * gy)) + size * max(abs(left), abs(right))) / h
            return left, right, noise, self.atol + self.rtol * abs(left + right) / 2 + noise

        left, right, noise, limit = measure(self.h)
        coarse, gap = (left + right) / 2, right - left
        if abs(analytic - coarse) <= limit and abs(gap) <= 1e-3 * max(abs(left), abs(right)) + noise:
            return coarse, limit, None
        left, right, noise, limit = measure(self.h / CLOSER)
        fine, jump = (left + right) / 2, (CLOSER * (right - left) - gap) / (CLOSER - 1)
        kink = not abs(jump) <= 2 * limit + 2 * noise  # NaN is the edge of f's domain: no slope either
        # Where f itself jumps, or is vertical, the slope grows without end as the step shrinks.
        kink = kink or abs(fine) > 2 * abs(coarse) + 2 * limit
        return coarse + (fine - coarse) / (1 - CLOSER**-2), limit, (left, right) if kink else None
