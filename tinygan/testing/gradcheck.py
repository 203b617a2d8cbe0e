"""The two ways in: `gradcheck` for functions of Tensors, `gradcheck_pair` for plain NumPy."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad, mode, ops
from tinygan.backend import backend_of, to_numpy, using_backend
from tinygan.testing.compare import Check
from tinygan.testing.pair import Pair
from tinygan.testing.problem import Function, Problem, name_of, names_of, source_of
from tinygan.testing.report import Report
from tinygan.words import short


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
    slopes, no gradient is right or wrong: a place beside it is checked. A gradient must also be linear in gy: it
    is compared with those for 1000 gy and gy / 1000. The Report is true if all is right and something was proved;
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
        If there is nothing to check (no floating-point input, an empty array), h or a tolerance is not a positive
        number, or f does not return a floating-point Tensor.
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {short(order)}")
    names, params = names_of(f, len(inputs)), list(dict.fromkeys(params or ()))  # a shared one is moved once
    said = [name_of(f), *names, *["params=params"] * bool(params), *["order=2"] * (order == 2), f"seed={short(seed)}"]
    report = Report(name_of(f), seed, source_of(f), f"gradcheck({', '.join(said)})")
    check = Check(report, h, rtol, atol)
    before = [(p, p.data, p._changed[0]) for p in params]
    try:
        with using_backend(backend_of(np.zeros(()))), mode.recording(True):
            first = problem_of(f, names, inputs, params, 1)
            check.compare(first)
            if order == 2 and not report.wrong:
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

    The formula, the other parameters, the Report and the errors raised are those of `gradcheck`; an exception in
    forward or backward becomes a sentence of the Report.

    Parameters
    ----------
    forward : function
        ``forward(*arrays) -> array`` of any shape (a number is fine, too). Of several outputs, ``(h, c)``, each gets
        an upstream gradient; what stands last in a tuple and is no array, as in ``(y, cache)``, is no output.
    backward : function
        ``backward(gy, *arrays)`` -> one gradient for each input (None for an integer one), or the only
        one. Of several outputs, gy is the tuple of theirs; or write ``backward(gh, gc, *arrays)``. With a parameter
        of the name cache, ``backward(gy, cache)``: forward's last result, whatever it is. It always runs after
        ``forward(*arrays)``: a pair may keep something in between.
    *arrays : array
        Copied to float64; integer and boolean ones are passed on as they are.
    known_mistakes : dict, optional
        From a sentence to a wrong backward: if that explains a gradient, the report says the sentence.
    """
    names = names_of(forward, len(arrays))
    pair = Pair(forward, backward, names, [np.array(to_numpy(a)) for a in arrays])
    known = {sentence: partial(pair.gradient, rule=rule) for sentence, rule in (known_mistakes or {}).items()}
    problem = Problem(names, pair.arrays, pair.value, pair.gradient, known=known)
    said = ", ".join([name_of(forward, "forward"), name_of(backward, "backward"), *names])
    report = Report(name_of(forward), seed, source_of(backward), f"gradcheck_pair({said}, seed={short(seed)})")
    Check(report, h, rtol, atol).compare(problem)
    return report
