"""What a step has to do with the world outside of its ops, in three functions.

Everything else in a step is an op on what was there before. These three are named, so that a step that is written down
(see `tinygan.compiled`) knows what must be done anew whenever it is played back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygan.autograd import mode
from tinygan.autograd.tensor import Tensor


def draw(function: Callable[[], Any]) -> Tensor:
    """A Tensor of new numbers from the host: noise, a random mask, the next batch.

    Parameters
    ----------
    function : function
        Takes nothing, and returns an array, another one in each step. It may draw from a Generator or read data,
        and must not look at the Tensors of the step.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> draw(lambda: rng.standard_normal((64, 2), dtype=np.float32)).shape
    (64, 2)
    """
    recorder = mode.state.recorder
    return Tensor(function()) if recorder is None else recorder.draw(function)


def effect(function: Callable[..., Any], *tensors: Tensor) -> Any:
    """Call `function` with the arrays of `tensors`, for what it does: move parameters, keep an average, measure.

    Parameters
    ----------
    function : function
        Takes one array for each Tensor. It may change these in place, and must not keep them: copy what is to stay.
        What else it needs it reads where it is (``optimizer.lr``), so that it is new in each step.

    Returns
    -------
    What the function returns; a step that is played back returns the new one.
    """
    recorder = mode.state.recorder
    return function(*[t._data for t in tensors]) if recorder is None else recorder.effect(function, tensors)


def several(name: str, function: Callable[..., Any], *tensors: Tensor) -> list[Tensor]:
    """Several results from one function of arrays, where an op has one; without history."""
    results = [Tensor._wrap(array) for array in function(*[t._data for t in tensors])]
    if mode.state.recorder is not None:
        mode.state.recorder.line(name, function, tensors, results)
    return results
