"""The comparison: the slopes of a function along its coordinates, beside those that its gradient claims."""

from math import isfinite

import numpy as np

from tinygan.given import LARGEST_SEED, as_float, is_whole
from tinygan.testing.diagnosis import diagnose
from tinygan.testing.noise import flat, rounding_of
from tinygan.testing.problem import EPS, Function, Problem, flaws, label, unit, wrong_shape
from tinygan.testing.report import Diagnosis, Entry, GradcheckError, Kink, Report
from tinygan.words import short

CLOSER = 8  # the second look at a suspicious place takes a step this much smaller
FEW = 2000  # below so many numbers in all, every coordinate is checked
SAMPLE = 24  # so many are checked of larger inputs
NUDGES = (1e2, -1e3, 1e4)  # how far to move off a kink, in steps h
SCALES = (1000.0, 0.001)  # of gy: a gradient that is clipped, or rounded, does not follow
Slope = tuple[float, float, tuple[float, float] | None]  # numeric, error allowed, from both sides of a kink


class Check:
    """A check on its way into the report, by differences of step `h`; `rtol` and `atol` are the tolerance."""

    def __init__(self, report: Report, h: float, rtol: float, atol: float):
        for name, number, least in (("h", h, "above 0"), ("rtol", rtol, "0 or more"), ("atol", atol, "0 or more")):
            fits = (
                isinstance(number, (int, float, np.number))
                and isfinite(as_float(name, number))
                and (number > 0 or number == 0 and name != "h")
            )
            if not fits or number is True:
                raise ValueError(f"{name} must be a finite number, {least}, not {short(number)}")
        if not is_whole(report.seed, 0, LARGEST_SEED):
            raise ValueError(f"seed must be a whole number, 0 or more, not {short(report.seed)}")
        self.report, self.h, self.rtol, self.atol, self.eps = report, h, rtol, atol, EPS
        # Inputs are often drawn from default_rng(0): gy must not be the same numbers, or x for gy would pass.
        self.rng = np.random.default_rng((20_011, report.seed))

    def compare(self, p: Problem) -> None:
        """Check `p` and write what is found, and the likely cause, into the report."""
        problems = self.report.problems
        with np.errstate(all="ignore"):  # NaN and inf get a sentence of their own
            try:
                y, again = p.value_at(p.arrays), p.value_at(p.arrays)
                problems += p.changes + flaws(f"{p.forward} returned", f"{p.forward} gave two results", y, again)
                if not y.size:
                    raise ValueError(f"{p.forward} returned an empty array, of shape {y.shape}: nothing to check")
                if problems:  # then there is nothing to compare with
                    return
                # Random, not ones: all-ones hides a transposed or permuted gradient, and a forgotten gy.
                gy = np.asarray(self.rng.normal(size=y.shape))
                gxs, twice = self._gradients(p, gy), self._gradients(p, gy)
            except GradcheckError as error:
                problems.append(str(error))
                self.report.cause = error.__cause__ or error
                return
            problems += p.changes
            shapes = [[gx.shape for gx in gxs.values()], [p.arrays[k].shape for k in gxs]]
            if shapes[0] != shapes[1] and sorted(shapes[0]) == sorted(shapes[1]):
                problems.append("the gradients have each other's shapes: are they returned in the wrong order?")
            for k, gx in gxs.items():
                name, shape, two = p.names[k], p.arrays[k].shape, f"{p.backward} gave two gradients of {p.names[k]}"
                problems += wrong_shape(name, gx.shape, shape) or flaws(f"the gradient of {name} is", two, gx, twice[k])
            fitting = {k: gx for k, gx in gxs.items() if gx.shape == p.arrays[k].shape}
            entries = [self._input(p, k, gx, gy, y) for k, gx in fitting.items()]
            if not all(entry.ok for entry in entries) and (noise := rounding_of(p, gy, self.h, self.rng)):
                self._coarsely(p, fitting, gy, y, entries, noise)
            else:
                diagnose(p, self.report, self.rng)
                self._linear(p, fitting, gy)

    @staticmethod
    def _gradients(p: Problem, gy: np.ndarray) -> dict[int, np.ndarray]:
        """The gradients; what goes wrong as a GradcheckError."""
        try:
            return p.gradient_at(gy, p.arrays)
        except GradcheckError:
            raise
        except Exception as error:
            raise GradcheckError(f"{p.backward} stopped with {type(error).__name__}: {error}") from error

    def _coarsely(
        self, p: Problem, gxs: dict[int, np.ndarray], gy: np.ndarray, y: np.ndarray, entries: list[Entry], noise: float
    ) -> None:
        """Check again with the step that suits a forward with so few digits, and say so."""
        report = self.report
        self.h = noise ** (1 / 3)
        self.eps = noise
        report.entries[:] = [entry for entry in report.entries if not any(entry is old for old in entries)]
        report.kinks[:] = [kink for kink in report.kinks if kink.order != p.order]
        report.unproved.clear()
        for k, gx in gxs.items():
            self._input(p, k, gx, gy, y)
        kind = "float32" if noise < 1e-5 else "float16"
        text = f"{p.forward} computes with {-np.log10(noise):.0f} digits, as {kind} does, though its inputs are float64"
        report.unproved.append(
            f"{text}: is there a cast in it (astype, dtype=)? Differences of it cannot tell a gradient from a wrong one"
        )

    def _linear(self, p: Problem, gxs: dict[int, np.ndarray], gy: np.ndarray) -> None:
        """Compare with the gradients for a large and a small gy: what is clipped passes with one of size 1."""
        for entry, (k, gx) in zip(self.report.entries[-len(gxs) :], gxs.items(), strict=True):
            for scale in SCALES if entry.ok else ():
                scaled = self._gradients(p, scale * gy)[k] / scale
                if not (np.abs(scaled - gx) <= self.atol + self.rtol * np.abs(gx)).all():
                    self.report.problems.append(
                        f"the gradient of {entry.name} for {scale:g} gy is not {scale:g} times it"
                    )
                    why = (
                        "is it clipped, or is another power of gy in it?"
                        if scale > 1
                        else "are small numbers set to 0, or rounded?"
                    )
                    words = f"{label(entry.name)} is not linear in gy, as every gradient is: {why}"
                    self.report.diagnoses.append(Diagnosis(entry.name, "not linear", words))
                    break

    def _input(self, p: Problem, k: int, gx: np.ndarray, gy: np.ndarray, y: np.ndarray) -> Entry:
        """Compare the gradient of input k, and write an entry."""
        entry = Entry(p.names[k], p.dtypes[k], p.order, gx.copy(), np.full(gx.shape, np.nan), np.full(gx.shape, np.nan))
        self.report.entries.append(entry)
        if sum(p.arrays[i].size for i in p.moved) >= FEW and gx.size > SAMPLE:
            # All at once sees a mistake in coordinates that are not chosen. Of these, both ends of each axis
            # are some: mistakes sit there (a dropped row, a border, the last batch).
            entry.direction = self._along(p, k, gx, gy, y, unit(self.rng.normal(size=gx.shape)), None)
            chosen = {tuple(0 for _ in gx.shape), tuple(n - 1 for n in gx.shape)}
            chosen |= {tuple(self.rng.integers(gx.shape).tolist()) for _ in range(SAMPLE)}
        else:
            chosen = set(np.ndindex(gx.shape))
        for index in sorted(chosen):
            one = np.zeros(gx.shape)
            one[index] = 1.0
            if found := self._along(p, k, gx, gy, y, one, index):
                entry.analytic[index], entry.numeric[index], entry.allowed[index] = found
        if not entry.checked.any():
            self.report.unproved.append(f"{entry.name} has kinks everywhere, so nothing was checked")
        else:
            self._known(p, k, entry, gy, y)
        return entry

    def _known(self, p: Problem, k: int, entry: Entry, gy: np.ndarray, y: np.ndarray) -> None:
        """Say if the numbers are so small, or f is so large, that any gradient would pass."""
        most = np.nanmax(entry.allowed)
        largest = np.nanmax(np.abs([entry.analytic, entry.numeric])[:, entry.checked], initial=0.0)
        error = np.nanmax(np.abs(entry.analytic - entry.numeric), initial=0.0)
        noise = 10 * self.eps * float(np.linalg.norm(y * gy)) / self.h
        far = max(1.0, np.abs(p.arrays[k]).max())
        away = p.line(k, self.rng.choice([-1.0, 1.0], size=entry.analytic.shape), p.arrays)(far)
        usual = max(np.linalg.norm(each * gy) for each in (y, np.nan_to_num(away))) / far  # what slopes of f are like
        text = f"{entry.name} was compared only to within {most:.0e}, and the gradient is at most {largest:.0e}"
        if most > largest > 1e4 * noise and error < 1e-3 * largest:
            self.report.notes.append(f"{text}: as far as its digits go, it is right")
        elif most > largest > 0 and usual < 1e3 * most and not rounding_of(p, gy, self.h, self.rng):
            self.report.unproved.append(f"{text}: nothing is known of it, for the numbers are too small")
        elif most > largest and noise > most / 2 and not flat(p, k, gy, self.h, self.rng):
            self.report.unproved.append(f"{text}: nothing is known of it, for {p.forward} is too large for differences")
        elif most > 0.01 * largest > 0:
            self.report.notes.append(f"{text}: {'nothing' if most > largest else 'little'} is known of it")

    def _along(
        self,
        p: Problem,
        k: int,
        gx: np.ndarray,
        gy: np.ndarray,
        y: np.ndarray,
        v: np.ndarray,
        index: tuple[int, ...] | None,
    ) -> tuple[float, float, float] | None:
        """Along v: analytic slope, numeric, and how far they may differ; at a kink, a little beside it."""
        h = self.h if index is None else max(self.h, 1e-9 * abs(p.arrays[k][index]))  # 1e12 + 1e-5 is 1e12
        for steps in (0.0, *NUDGES):
            arrays = [x + steps * h * v if i == k else x for i, x in enumerate(p.arrays)]
            analytic = float(np.sum((p.gradient_at(gy, arrays)[k] if steps else gx)[v != 0] * v[v != 0]))
            size = np.abs(arrays[k][v != 0]).max()
            line = p.line(k, v, arrays)
            middle = line(0.0) if steps else y  # f at the place itself is known: a third of all calls less
            numeric, allowed, left_right = self._slope(line, middle, gy, analytic, size, h)
            if left_right and not steps:
                self.report.kinks.append(Kink(p.names[k], p.order, index, *left_right))
            elif not left_right:
                if steps:
                    self.report.kinks[-1].nudge = steps * h
                return analytic, numeric, allowed
        return None

    def _slope(self, line: Function, y: np.ndarray, gy: np.ndarray, analytic: float, size: float, h: float) -> Slope:
        """The slope of ``sum(line(t) * gy)`` at t = 0, where line is y, the error allowed, and at a kink both slopes.

        The centred difference ``(f(h) - f(-h)) / 2h`` has an error of order h^2, and means nothing at a kink.
        The gap between the two one-sided slopes tells which: ``h f''`` for a smooth function, however curved,
        and the jump of the slope at a kink. So if the gap is wide, or the analytic slope is off, both are
        measured again at h / 8 and extrapolated to h = 0 (Richardson): what remains of the gap then is the
        jump, and the slope's error falls to order h^4. Where f'' jumps, as that of relu(x)^2 does, the error is
        of order h instead; a third look, at h / 64, tells the order (Aitken).
        """

        def measure(h: float) -> tuple[float, float, float, float]:
            left, right = (float(np.sum((line(t) - y) * gy)) / t for t in (-h, h))
            # What rounding may add grows with f, and with the size of the numbers moved.
            noise = 10 * self.eps * (float(np.linalg.norm(y * gy)) + size * max(abs(left), abs(right))) / h
            return left, right, noise, self.atol + self.rtol * abs(left + right) / 2 + noise

        left, right, noise, limit = measure(h)
        coarse, gap = (left + right) / 2, right - left
        if abs(analytic - coarse) <= limit and abs(gap) <= 1e-3 * max(abs(left), abs(right)) + noise:
            return coarse, limit, None
        left, right, noise, limit = measure(h / CLOSER)
        fine, jump = (left + right) / 2, (CLOSER * (right - left) - gap) / (CLOSER - 1)
        kink = not abs(jump) <= 2 * limit + 2 * noise  # NaN is the edge of f's domain: no slope either
        # Where f itself jumps, or is vertical, the slope grows without end as the step shrinks.
        kink = kink or abs(fine) > 2 * abs(coarse) + 2 * limit
        slope = coarse + (fine - coarse) / (1 - CLOSER**-2)
        if kink or abs(analytic - slope) <= limit:
            return slope, limit, (left, right) if kink else None
        left, right, _, rough = measure(h / CLOSER**2)
        finest = (left + right) / 2
        if not rough < abs(finest - fine) < abs(fine - coarse):  # too little to tell: either order may be right
            return slope, limit + abs(fine - coarse) / CLOSER, None
        rest = (finest - fine) ** 2 / ((fine - coarse) - (finest - fine))
        return finest + rest, rough + abs(rest), None
