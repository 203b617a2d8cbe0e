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
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor

MOST = 20_000  # things to look at; whoever reaches more has a data set among them
LONG = 256  # a list longer than this is data
LIBRARIES = sys.stdlib_module_names | {"tinygan", "numpy", "cupy"}  # whose global names stay what they are

GONE = (KeyError, IndexError, AttributeError, ValueError)  # what is raised where nothing is any more

Place = tuple[Any, Any, Any, str]  # holder, key, value, name: ``holder[key]`` was `value`


class _Attributes:
    """An object's attributes as items, for what has no dict of them."""

    def __init__(self, owner: Any):
        self.owner = owner

    def __getitem__(self, name: str) -> Any:
        return getattr(self.owner, name)


class _Length:
    """How many members something has, as an item."""

    def __init__(self, counted: Any):
        self.counted = counted

    def __getitem__(self, _: None) -> int:
        return len(self.counted)


class _Form:
    """A Tensor's shape, dtype, and whether it is trained, as an item. Its numbers may change, and the array too."""

    def __init__(self, tensor: Tensor):
        self.tensor = tensor

    def __getitem__(self, _: None) -> tuple[Any, ...]:
        return self.tensor._data.shape, self.tensor._data.dtype, self.tensor.requires_grad


class Guards:
    """What is reached from a function and its arguments.

    Attributes
    ----------
    places : list of (holder, key, value, name)
    tensors : dict
        The Tensors among them, by their id: parameters, buffers, constants.
    complete : bool
        Whether all was looked at; there may be too much.
    """

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any] = ()):
        self.places: list[Place] = []
        self.tensors: dict[int, Tensor] = {}
        self._generators: list[np.random.Generator] = []
        self._live: list[Any] = []
        seen: dict[int, Any] = {}  # keeps what it saw, so that no id is given twice
        stack: list[tuple[Any, str]] = [(function, "the function"), *((each, "an argument") for each in arguments)]
        while stack and len(self.places) < MOST:
            thing, name = stack.pop()
            if id(thing) in seen:
                continue
            seen[id(thing)] = thing
            if isinstance(thing, Tensor):
                self.tensors[id(thing)] = thing
                form = _Form(thing)
                self.places.append((form, None, form[None], thing.name or "a Tensor"))
            elif isinstance(thing, np.random.Generator):
                self._generators.append(thing)
            elif hasattr(type(thing), "held"):
                self._live.append(thing)
            for place in _members(thing):
                self.places.append(place)
                stack.append((place[2], place[3]))
            for counted in [thing] if isinstance(thing, (list, dict)) else [vars(thing)] if _is_open(thing) else []:
                self.places.append((_Length(counted), None, len(counted), f"what is in {name}"))
        self.complete = not stack

    def broken(self) -> str:
        """The name of something that is no longer what it was; "" if all is."""
        name = ""
        try:
            for holder, key, value, name in self.places:
                if holder[key] is not value and not same(holder[key], value):
                    return name
        except GONE:
            return name
        return ""

    def values(self) -> list[Any]:
        """What is in all places at the moment."""
        return [present(holder, key) for holder, key, _, _ in self.places]

    def without(self, places: set[int]) -> None:
        """Forget these places (by their numbers): the step sets them itself, each time."""
        self.places = [place for i, place in enumerate(self.places) if i not in places]

    @property
    def optimisers(self) -> int:
        """How many of the last of `moving` are the numbers of optimisers."""
        return len(self._live)

    def moving(self) -> list[Any]:
        """What moves from step to step, if the recorder knows of it: random numbers, and an optimiser's."""
        legacy: Any = np.random.get_state()  # noqa: NPY002  (others may use it)
        random_numbers = [random.getstate(), legacy[1].tobytes(), legacy[2:]]
        numbers = [
            [(name, value) for name, value in vars(thing).items() if isinstance(value, (bool, int, float, str, tuple))]
            for thing in self._live
        ]
        return [*random_numbers, *(repr(each.bit_generator.state) for each in self._generators), *numbers]


def present(holder: Any, key: Any) -> Any:
    """What is in a place at the moment; the place itself if it is gone."""
    try:
        return holder[key]
    except GONE:
        return holder


def same(a: Any, b: Any) -> bool:
    """Whether two numbers, strings or tuples of them are equal; other things are the same only if they are one."""
    return type(a) is type(b) and isinstance(a, (bool, int, float, complex, str, bytes, tuple)) and a == b


def _is_open(thing: Any) -> bool:
    """Whether all its attributes matter. A class says with `held` that only those do: the others it reads anew."""
    known = (type, types.ModuleType, types.FunctionType, types.MethodType, functools.partial)
    return hasattr(thing, "__dict__") and not isinstance(thing, known) and not hasattr(type(thing), "held")


def _is_foreign(name: Any) -> bool:
    """Whether a module is a library's, whose functions and classes stay what they are."""
    return isinstance(name, str) and name.split(".")[0] in LIBRARIES


def _members(thing: Any) -> Iterator[Place]:
    """What a thing is made of."""
    if isinstance(thing, types.MethodType):
        yield from _attributes(thing, "__self__", "__func__")
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif isinstance(thing, functools.partial):
        yield from _attributes(thing, "func", "args", "keywords")
    elif isinstance(thing, (list, tuple)) and len(thing) <= LONG:
        yield from ((thing, i, value, f"member {i}") for i, value in enumerate(thing))
    elif isinstance(thing, dict) and len(thing) <= LONG:
        yield from ((thing, key, value, str(key)) for key, value in thing.items())
    elif hasattr(type(thing), "held"):
        yield from _attributes(thing, *type(thing).held)
    elif _is_open(thing):
        yield from ((vars(thing), name, value, name) for name, value in vars(thing).items())
    if _is_open(thing) and not _is_foreign(type(thing).__module__):
        for cls in type(thing).__mro__:
            if not _is_foreign(cls.__module__):
                yield from ((vars(cls), name, value, name) for name, value in vars(cls).items())


def _attributes(thing: Any, *names: str) -> Iterator[Place]:
    yield from ((_Attributes(thing), name, getattr(thing, name), name) for name in names)


def _of_function(function: types.FunctionType) -> Iterator[Place]:
    yield from _attributes(function, "__defaults__", "__kwdefaults__", "__code__")
    for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars, strict=True):
        try:
            yield _Attributes(cell), "cell_contents", cell.cell_contents, name
        except ValueError:  # nothing is in it as yet
            continue
    home = sys.modules.get(function.__module__ or "")
    if _is_foreign(function.__module__) and home is not None and vars(home) is function.__globals__:
        return
    names: set[str] = set()
    codes = [function.__code__]
    for code in codes:
        names.update(code.co_names)
        codes.extend(each for each in code.co_consts if isinstance(each, types.CodeType))
    for name in sorted(names & function.__globals__.keys()):
        value = function.__globals__[name]
        yield function.__globals__, name, value, name
        if isinstance(value, types.ModuleType) and not _is_foreign(value.__name__):
            yield from ((vars(value), each, vars(value)[each], each) for each in sorted(names & vars(value).keys()))
