"""The two ways in: `gradcheck` for functions of Tensors, `gradcheck_pair` for plain NumPy pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, mode
from tinygan.backend import backend_of, to_numpy, using_backend
from tinygan.testing.compare import compare
from tinygan.testing.differences import Settings
from tinygan.testing.problem import Problem, check_kinds, name_of, names_of, source_of
from tinygan.testing.report import GradcheckError, Report
from tinygan.testing.tensors import TensorFunction, borrowed

# Inputs are often drawn from default_rng(0), too: gy must not be the same numbers, which x for gy would pass.
OWN = 20_011


def gradcheck(
    f: Callable[..., Tensor],
    *inputs: Any,
    params: Sequence[Tensor] | None = None,
    order: int = 1,
    seed: int = 0,
    h: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    hint: str = "",
) -> Report:
    """Compare the gradient of `f` with centred differences, in float64 on the NumPy backend.

    For a random upstream gradient gy, each number x_i of each input is moved by h both ways::

        analytic  grad(y, x, gy)_i
        numeric   sum((f(x + h e_i) - f(x - h e_i)) * gy) / 2h

    The two agree if they differ by at most ``atol + rtol * |numeric|`` (and the rounding error
    of the difference). Of 2,000 numbers and more, each input is checked along a random direction
    first and then at 24 or more coordinates, the ends of each axis among them.

    At a kink (relu at 0) no gradient is right or wrong. Kinks are told by their two one-sided
    slopes and listed in ``report.kinks``; the coordinate is checked a little beside it instead.

    Parameters
    ----------
    f : function
        Takes one Tensor for each input and returns one Tensor of any shape.
    *inputs : Tensor or array
        Copied; floating ones are differentiated, integer and boolean ones passed on as they are.
    params : list of Tensor, optional
        Tensors that `f` uses beside its inputs (``layer.parameters()``), to be checked as well.
        They hold float64 copies while f runs, and their own arrays again afterwards.
    order : {1, 2}
        2 checks the gradient of the gradient as well: the function ``(inputs, gy) ->
        grad(y, inputs, gy)`` is itself checked by differences, with a random upstream of its own.
    seed : int
        Draws gy, directions and coordinates.
    h, rtol, atol : float
        Step of the differences, and the tolerance.
    hint : str
        The command that gives a hint, or another sentence for somebody whose gradient is wrong.

    Returns
    -------
    Report
        True if all is right; ``print(report)`` tells what was found and the likely mistake,
        ``report.diagnosis`` holds it, ``report.raise_if_failed()`` suits a test.

    Raises
    ------
    ValueError
        If there is nothing to check, or `order` is neither 1 nor 2.
    TypeError
        If f does not return a floating-point Tensor.

    Examples
    --------
    >>> report = gradcheck(lambda x: x * x, np.array([1.0, 2.0]), order=2)
    >>> report.ok, report.entries[0].count
    (True, 2)
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order!r}")
    rng, settings = np.random.default_rng((OWN, seed)), Settings(h, rtol, atol)
    report = Report(name_of(f), seed, source=source_of(f), hint=hint)
    function = TensorFunction(f, inputs, params or ())
    options = ["params=params"] * bool(params) + ["order=2"] * (order == 2) + [f"seed={seed}"]
    report.again = f"gradcheck({', '.join([name_of(f), *names_of(f, len(inputs)), *options])})"
    numpy_backend = backend_of(np.zeros(()))
    with using_backend(numpy_backend), mode.recording(True), borrowed(function.params):
        compare(function.first_order(), report, rng, settings)
        if order == 2 and report.ok:
            compare(function.second_order(rng), report, rng, settings)
        elif order == 2:
            report.notes.append("order 2 was left out: the gradient itself is not right yet")
    return report


def gradcheck_pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *arrays: Any,
    seed: int = 0,
    h: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    known_mistakes: Mapping[str, Callable[..., Any]] | None = None,
    hint: str = "",
) -> Report:
    """Compare a backward pass written by hand, in plain NumPy, with centred differences of forward.

    Parameters
    ----------
    forward : function
        ``forward(*arrays) -> array`` of any shape (a number is fine, too).
    backward : function
        ``backward(gy, *arrays)`` -> one gradient for each input, given the gradient `gy` of the
        output; for a single input the array alone will do. It always runs after
        ``forward(*arrays)``, so a pair that keeps something in between is fine. None stands for
        the gradient of an integer input, or it is left out.
    *arrays : array
        Copied to float64; integer and boolean ones are passed on as they are.
    seed, h, rtol, atol
        As in `gradcheck`, where the method is described.
    known_mistakes : dict, optional
        From a sentence to a wrong backward: if a gradient is what that one gives, the report says
        the sentence. An exercise knows its own pitfalls.
    hint : str
        As in `gradcheck`.

    Returns
    -------
    Report

    Examples
    --------
    >>> x = np.array([0.5, 1.0])
    >>> bool(gradcheck_pair(np.tanh, lambda gy, x: gy * (1 - np.tanh(x) ** 2), x))
    True
    """
    originals = [np.array(to_numpy(a)) for a in arrays]
    names = names_of(forward, len(originals))
    check_kinds(names, originals)
    moved = [i for i, a in enumerate(originals) if a.dtype.kind == "f"]

    def everything(some: Sequence[np.ndarray]) -> list[np.ndarray]:
        full = [a.copy() for a in originals]
        for i, array in zip(moved, some, strict=True):
            full[i] = array
        return full

    def gradient(gy: np.ndarray, *some: np.ndarray, rule: Callable[..., Any] = backward) -> list[Any]:
        forward(*everything([a.copy() for a in some]))  # a forward that keeps something keeps this
        full = everything(some)
        gxs = _as_sequence(rule(gy, *full))
        if len(gxs) == len(full):
            gxs = [gxs[i] for i in moved]
        if len(gxs) != len(moved):
            raise GradcheckError(f"backward returned {len(gxs)} gradients for {len(full)} inputs")
        for i, gx in zip(moved, gxs, strict=True):
            if gx is None:
                raise GradcheckError(f"backward returned None as the gradient of {names[i]}")
        return gxs

    problem = Problem(
        [names[i] for i in moved],
        [str(originals[i].dtype) for i in moved],
        [originals[i].astype(np.float64) for i in moved],
        lambda *some: forward(*everything(some)),
        gradient,
    )
    args = [name_of(forward, "forward"), name_of(backward, "backward"), *names, f"seed={seed}"]
    again = f"gradcheck_pair({', '.join(args)})"
    report = Report(name_of(forward), seed, source=source_of(backward), again=again, hint=hint)
    known = {text: partial(gradient, rule=rule) for text, rule in (known_mistakes or {}).items()}
    compare(problem, report, np.random.default_rng((OWN, seed)), Settings(h, rtol, atol), known)
    return report


def _as_sequence(gxs: Any) -> list[Any]:
    if gxs is None:
        raise GradcheckError("backward returned None: is its return statement missing?")
    return list(gxs) if isinstance(gxs, (tuple, list)) else [gxs]
