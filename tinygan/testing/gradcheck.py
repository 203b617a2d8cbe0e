"""The two ways in, `gradcheck` for functions of Tensors and `gradcheck_pair` for plain NumPy, and the comparison."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, mode, ops
from tinygan.backend import backend_of, to_numpy, using_backend
from tinygan.testing.diagnosis import diagnose
from tinygan.testing.problem import EPS, Function, Problem, flaws, name_of, names_of, source_of, unit, wrong_shape
from tinygan.testing.report import Entry, GradcheckError, Kink, Report

CLOSER = 8  # the second look at a suspicious place takes a step this much smaller
FEW = 2000  # below so many numbers in all, every coordinate is checked
SAMPLE = 24  # so many are checked of larger inputs
NUDGES = (1e2, -1e3, 1e4)  # how far to move off a kink, in steps h
Slope = tuple[float, float, tuple[float, float] | None]  # numeric, error allowed, from both sides of a kink


def gradcheck(
    f: Function,
    *inputs: Any,
    params: Sequence[Tensor] | None = None,
    order: int = 1,
    seed: int = 0,
    h: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> Report:
    """Compare the gradient of `f` with centred differences, in float64 on the NumPy backend.

    For a random upstream gradient gy, each number x_i of each input is moved by h (or ``1e-9 abs(x_i)``) both ways::

        analytic  grad(y, x, gy)_i
        numeric   sum((f(x + h e_i) - f(x - h e_i)) * gy) / 2h

    They may differ by ``atol + rtol * |numeric|`` and the rounding error. Of 2,000 numbers and more, each
    input is checked along a random direction and at some coordinates. At a kink, told by its two one-sided
    slopes, no gradient is right or wrong: a place beside it is checked. The Report is true if all is right;
    ``print(report)`` tells what was found.

    Parameters
    ----------
    f : function
        Takes one Tensor for each input and returns one Tensor of any shape.
    *inputs : Tensor or array
        Copied; floating ones are differentiated, integer and boolean ones passed on as they are.
    params : list of Tensor, optional
        Tensors that `f` uses beside its inputs; they hold float64 copies while f runs.
    order : {1, 2}
        2 checks the function ``(inputs, gy) -> grad(y, inputs, gy)`` as well.
    seed, h, rtol, atol : int, float, float, float
        What draws gy and coordinates; the step, and the tolerance, as above.

    Raises
    ------
    ValueError, TypeError
        If there is nothing to check, or f does not return a floating-point Tensor.
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order!r}")
    names, params = names_of(f, len(inputs)), list(dict.fromkeys(params or ()))  # a shared one is moved once
    said = [name_of(f), *names, *["params=params"] * bool(params), *["order=2"] * (order == 2), f"seed={seed}"]
    report = Report(name_of(f), seed, source_of(f), f"gradcheck({', '.join(said)})")
    check = Check(report, h, rtol, atol)
    before = [(p, p.data, p._changed[0]) for p in params]
    try:
        with using_backend(backend_of(np.zeros(()))), mode.recording(True):
            first = problem_of(f, names, inputs, params, 1)
            check.compare(first)
            if order == 2 and report.ok:
                flat = lambda gxs: ops.concatenate([gx.reshape(-1) for gx in gxs])  # end to end in one Tensor
                gradient = lambda *xs: flat(gradients(f(*xs[:-1]), [*xs[:-1], *params], xs[-1], create_graph=True))
                gy = check.rng.normal(size=first.value_at(first.arrays).shape)
                check.compare(problem_of(gradient, [*names, "gy"], [*inputs, gy], params, 2))
            elif order == 2:
                report.notes.append("order 2 was left out: the gradient itself is not right yet")
    finally:  # each parameter gets its own array again: the same memory, never written to
        for p, array, version in before:
            p.set_data(array)
            p._changed[0] = version  # nothing has changed for a graph that was recorded before
    return report


def problem_of(f: Function, names: list[str], inputs: Sequence[Any], params: list[Tensor], order: int) -> Problem:
    """`f` as a function of arrays: those of its inputs, then those of the parameters that it uses."""
    names = [getattr(x, "name", None) or name for x, name in zip(inputs, names, strict=True)]
    own = [p.name or f"params[{i}]" for i, p in enumerate(params)]
    for name, p in zip(own, params, strict=True):
        if not p.requires_grad:
            raise ValueError(f"{name} does not require a gradient: leave it out of params")

    def run(*arrays: np.ndarray) -> tuple[Tensor, list[Tensor]]:
        xs = [Tensor(x, x.dtype.kind == "f", name) for x, name in zip(arrays, names, strict=False)]
        for x, array in zip([*xs, *params], arrays, strict=True):
            x.set_data(array)  # this memory, not a copy: what f does to it in place must show
        y = f(*xs)
        if not isinstance(y, Tensor) or y.dtype != np.float64:
            what = f"a Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
            raise TypeError(f"f must return one floating-point Tensor, in float64 like its inputs, but returned {what}")
        return y, [*xs, *params]

    words = ("f", "the backward pass") if order == 1 else ("the first backward pass", "the second backward pass")
    gradient = lambda gy, *arrays: [gx.data for gx in gradients(*run(*arrays), Tensor(gy))]
    arrays = [np.array(to_numpy(x)) for x in (*inputs, *params)]
    return Problem([*names, *own], arrays, lambda *given: run(*given)[0].data, gradient, *words, order)


def gradients(y: Tensor, xs: list[Tensor], gy: Tensor, create_graph: bool = False) -> list[Tensor]:
    """`grad` by the floating ones, with zeros for what `y` does not depend on: the differences tell if that is so."""
    xs = [x for x in xs if x.requires_grad]
    gxs = grad(y, xs, gy, create_graph=create_graph, allow_unused=True)
    return [Tensor(np.zeros(x.shape)) if gx is None else gx for x, gx in zip(xs, gxs, strict=True)]


def gradcheck_pair(
    forward: Function,
    backward: Function,
    *arrays: Any,
    seed: int = 0,
    h: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    known_mistakes: Mapping[str, Function] | None = None,
) -> Report:
    """Compare a backward pass written by hand, in plain NumPy, with centred differences of forward.

    The formula, the other parameters, the Report and the errors raised are those of `gradcheck`.

    Parameters
    ----------
    forward : function
        ``forward(*arrays) -> array`` of any shape (a number is fine, too).
    backward : function
        ``backward(gy, *arrays)`` -> one gradient for each input (None for an integer one), or the only
        one. It always runs after ``forward(*arrays)``: a pair may keep something in between.
    *arrays : array
        Copied to float64; integer and boolean ones are passed on as they are.
    known_mistakes : dict, optional
        From a sentence to a wrong backward: if that explains a gradient, the report says the sentence.
    """
    names = names_of(forward, len(arrays))

    def gradient(gy: np.ndarray, *inputs: np.ndarray, rule: Function = backward) -> list[Any]:
        forward(*[x.copy() for x in inputs])  # a forward that keeps something keeps this
        gxs = rule(gy, *inputs)
        if gxs is None:
            raise GradcheckError("backward returned None: is its return statement missing?")
        kind, gxs = type(gxs).__name__, list(gxs) if isinstance(gxs, (tuple, list)) else [gxs]
        if len(gxs) not in (len(problem.moved), len(names)) or kind in ("dict", "generator"):
            wanted = f"a gradient for each of {', '.join(names)}"
            raise GradcheckError(f"backward must return {wanted}, but returned {len(gxs)} (a {kind})")
        return [gxs[i] for i in problem.moved] if len(gxs) == len(names) else gxs

    known = {sentence: partial(gradient, rule=rule) for sentence, rule in (known_mistakes or {}).items()}
    problem = Problem(names, [np.array(to_numpy(a)) for a in arrays], forward, gradient, known=known)
    said = ", ".join([name_of(forward, "forward"), name_of(backward, "backward"), *names])
    report = Report(name_of(forward), seed, source_of(backward), f"gradcheck_pair({said}, seed={seed})")
    Check(report, h, rtol, atol).compare(problem)
    return report


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
            shapes = [[gx.shape for gx in gxs.values()], [p.arrays[k].shape for k in gxs]]
            if shapes[0] != shapes[1] and sorted(shapes[0]) == sorted(shapes[1]):
                problems.append("the gradients have each other's shapes: are they returned in the wrong order?")
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
        largest = np.nanmax(np.abs([entry.analytic, entry.numeric]), initial=0.0)
        if most > 0.01 * largest > 0:  # it is small, or f is so large that differences lose digits
            text = f"{entry.name} was compared only to within {most:.0e}, and the gradient is at most {largest:.0e}"
            self.report.notes.append(f"{text}: {'nothing' if most > largest else 'little'} is known of it")
        if gx.size and not entry.checked.any():
            self.report.problems.append(f"{entry.name} has kinks everywhere, so nothing was checked")

    def _along(
        self, p: Problem, k: int, gx: np.ndarray, gy: np.ndarray, v: np.ndarray, index: tuple[int, ...] | None
    ) -> tuple[float, float, float] | None:
        """Along v: analytic slope, numeric, and how far they may differ; at a kink, a little beside it."""
        h = self.h if index is None else max(self.h, 1e-9 * abs(p.arrays[k][index]))  # 1e12 + 1e-5 is 1e12
        for steps in (0.0, *NUDGES):
            arrays = [x + steps * h * v if i == k else x for i, x in enumerate(p.arrays)]
            analytic = float(np.sum((p.gradient_at(gy, arrays)[k] if steps else gx)[v != 0] * v[v != 0]))
            size = np.abs(arrays[k][v != 0]).max()
            numeric, allowed, left_right = self._slope(p.line(k, v, arrays), gy, analytic, size, h)
            if left_right and not steps:
                self.report.kinks.append(Kink(p.names[k], p.order, index, *left_right))
            elif not left_right:
                if steps:
                    self.report.kinks[-1].nudge = steps * h
                return analytic, numeric, allowed
        return None

    def _slope(self, line: Function, gy: np.ndarray, analytic: float, size: float, h: float) -> Slope:
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

        left, right, noise, limit = measure(h)
        coarse, gap = (left + right) / 2, right - left
        if abs(analytic - coarse) <= limit and abs(gap) <= 1e-3 * max(abs(left), abs(right)) + noise:
            return coarse, limit, None
        left, right, noise, limit = measure(h / CLOSER)
        fine, jump = (left + right) / 2, (CLOSER * (right - left) - gap) / (CLOSER - 1)
        kink = not abs(jump) <= 2 * limit + 2 * noise  # NaN is the edge of f's domain: no slope either
        # Where f itself jumps, or is vertical, the slope grows without end as the step shrinks.
        kink = kink or abs(fine) > 2 * abs(coarse) + 2 * limit
        return coarse + (fine - coarse) / (1 - CLOSER**-2), limit, (left, right) if kink else None
