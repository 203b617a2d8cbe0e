"""What a written-down step takes for granted, and how to see that it no longer holds.

A program has the numbers and the choices of Python in it that were in force when it was written: that `n_critic` is 1,
that a layer is in training mode, that a slope is 0.2. Whatever of this can be reached from the function (its closure,
its global names, the attributes of its objects, and so on from there) is noted, and compared before each replay.
"""

from __future__ import annotations

import functools
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygan.autograd import Tensor

MOST = 20_000  # things to look at; whoever reaches more has a data set among them
LONG = 256  # a list longer than this is data
LIBRARIES = sys.stdlib_module_names | {"tinygan", "numpy", "cupy"}  # whose functions' global names stay what they are


class _Attributes:
    """An object's attribute as an item, for objects that have no dict of them."""

    def __init__(self, owner: Any):
        self.owner = owner

    def __getitem__(self, name: str) -> Any:
        return getattr(self.owner, name)


class Guards:
    """What is reached from a function.

    Attributes
    ----------
    taken : list of (holder, key, value)
        ``holder[key]`` was `value`.
    lengths : list of (holder, length)
    tensors : dict
        The Tensors among them, by their id: parameters, buffers, constants.
    generators : list of numpy.random.Generator
    """

    def __init__(self, function: Callable[..., Any]):
        self.taken: list[tuple[Any, Any, Any]] = []
        self.lengths: list[tuple[Any, int]] = []
        self.tensors: dict[int, Tensor] = {}
        self.generators: list[np.random.Generator] = []
        seen: set[int] = set()
        stack: list[Any] = [function]
        while stack and len(self.taken) < MOST:
            thing = stack.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if isinstance(thing, Tensor):
                self.tensors[id(thing)] = thing
            elif isinstance(thing, np.random.Generator):
                self.generators.append(thing)
            for holder, key, value in _members(thing):
                self.taken.append((holder, key, value))
                stack.append(value)
            if isinstance(thing, (list, dict)):
                self.lengths.append((thing, len(thing)))
            elif hasattr(thing, "__dict__") and _is_looked_into(thing):
                self.lengths.append((vars(thing), len(vars(thing))))
        self.complete = not stack

    def broken(self) -> str:
        """The name of something that is no longer what it was; "" if all is."""
        for holder, key, value in self.taken:
            try:
                now = holder[key]
            except (KeyError, IndexError, AttributeError, ValueError):
                return str(key)
            if now is not value and not same(now, value):
                return str(key)
        return next(("the number of its attributes or members" for held, n in self.lengths if len(held) != n), "")

    def without(self, taken: set[int]) -> None:
        """Forget the places in `taken` (indices): the step sets them itself, each time."""
        self.taken = [each for i, each in enumerate(self.taken) if i not in taken]

    def random_states(self) -> list[Any]:
        """Where all sources of random numbers are that can be reached, and Python's and NumPy's own."""
        own = [random.getstate(), repr(np.random.get_state())]  # noqa: NPY002
        return own + [repr(each.bit_generator.state) for each in self.generators]


def same(a: Any, b: Any) -> bool:
    """Whether two numbers, strings or tuples of them are equal; other things are the same only if they are one."""
    return type(a) is type(b) and isinstance(a, (bool, int, float, complex, str, bytes, tuple)) and a == b


def _is_looked_into(thing: Any) -> bool:
    """Whether its attributes matter. A class says with `held` that only those do, because it reads the others anew."""
    known = (type, types.ModuleType, types.FunctionType, types.MethodType, functools.partial)
    return not isinstance(thing, known) and not hasattr(type(thing), "held")


def _members(thing: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(holder, key, value) of what a thing is made of."""
    if isinstance(thing, types.MethodType):
        yield from ((_Attributes(thing), name, getattr(thing, name)) for name in ("__self__", "__func__"))
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif isinstance(thing, functools.partial):
        yield from ((_Attributes(thing), name, getattr(thing, name)) for name in ("func", "args", "keywords"))
    elif isinstance(thing, (list, tuple)):
        if len(thing) <= LONG:
            yield from ((thing, i, value) for i, value in enumerate(thing))
    elif isinstance(thing, dict):
        if len(thing) <= LONG:
            yield from ((thing, key, value) for key, value in thing.items())
    elif hasattr(type(thing), "held"):
        yield from ((_Attributes(thing), name, getattr(thing, name)) for name in type(thing).held)
    elif hasattr(thing, "__dict__") and _is_looked_into(thing):
        yield from ((vars(thing), name, value) for name, value in vars(thing).items())


def _of_function(function: types.FunctionType) -> Iterator[tuple[Any, Any, Any]]:
    holder = _Attributes(function)
    yield from ((holder, name, getattr(function, name)) for name in ("__defaults__", "__kwdefaults__", "__code__"))
    for cell in function.__closure__ or ():
        try:
            yield _Attributes(cell), "cell_contents", cell.cell_contents
        except ValueError:  # empty as yet
            continue
    if (function.__module__ or "").split(".")[0] in LIBRARIES:
        return
    names, codes = set(), [function.__code__]
    for code in codes:
        names.update(code.co_names)
        codes.extend(each for each in code.co_consts if isinstance(each, types.CodeType))
    for name in sorted(names & function.__globals__.keys()):
        yield function.__globals__, name, function.__globals__[name]
