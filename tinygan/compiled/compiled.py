"""`compiled(f)`: f, written down in its first two calls, and played back in all that follow."""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tinygan.autograd import Tensor, mode
from tinygan.backend import current_backend, is_array
from tinygan.compiled.guards import Guards
from tinygan.compiled.program import Program, difference
from tinygan.compiled.recorder import Recorder
from tinygan.words import short

CALLED = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial)
SETTINGS = (bool, int, float, complex, str, bytes, type(None))
MOST = 16  # programs of one function: for its shapes, modes and settings


@dataclass(eq=False)
class _Entry:
    """A program with what it holds for; it is `ready` when a second recording gave the same."""

    key: Any
    guards: Guards
    program: Program
    ready: bool = False


@dataclass(eq=False)
class _One:
    """An object among the arguments, which is equal to itself alone."""

    thing: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _One) and other.thing is self.thing

    __hash__ = None  # type: ignore[assignment]


class Compiled:
    """A function that is recorded and then replayed; made by `compiled`.

    Attributes
    ----------
    function : function
    why_not : str
        Why the function is not replayed but called as it is; "" if nothing stands against it.
    """

    def __init__(self, function: Callable[..., Any], say: Callable[[str], None] | None = None):
        if not callable(function):
            raise TypeError(f"compiled takes a function, such as a training step, not {short(function)}")
        functools.update_wrapper(self, function, updated=())
        self.function, self.why_not, self._say = function, "", say
        self._entries: list[_Entry] = []

    @property
    def programs(self) -> list[Program]:
        """Those that are played back: one for each form of the arguments, of the draws and of all that was noted."""
        return [entry.program for entry in self._entries if entry.ready]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._step(Program.run, args, kwargs)

    def timed(self, *args: Any, **kwargs: Any) -> Any:
        """The same step, in which each line of the program that is played back is timed: then print the program."""
        return self._step(Program.timed, args, kwargs)

    def _step(self, run: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        args, kwargs = tuple(map(_as_tensor, given)), {name: _as_tensor(value) for name, value in named.items()}
        if self.why_not or mode.state.recorder is not None:
            return self.function(*args, **kwargs)
        forms = [*map(_form, args), *((name, _form(value)) for name, value in kwargs.items())]
        key = forms, current_backend(), mode.is_recording()
        program, drawn = _draw([e for e in self._entries if e.ready and e.key == key and not e.guards.broken()])
        if program is not None:
            return run(program, *(t._data for t in _tensors(args, kwargs)), *drawn)
        return self._record(key, args, kwargs, drawn)

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], drawn: Sequence[Any]) -> Any:
        """Call the function as it is, and write down what it does."""
        objects = [each for each in (*args, *kwargs.values()) if not isinstance(each, (Tensor, *CALLED))]
        guards = Guards(self.function, objects)
        recorder = Recorder(guards, drawn)
        if not guards.complete:
            recorder.stop("it reaches too many things to see whether one of them changes")
        args, kwargs = tuple(map(_alone, args)), {name: _alone(value) for name, value in kwargs.items()}
        values = [recorder.argument(t._data) for t in _tensors(args, kwargs)]
        mode.state.recorder = recorder
        try:
            result = self.function(*args, **kwargs)
        finally:
            mode.state.recorder = None
        recorder.finish()
        if not recorder.problem:
            program = Program(recorder, values, result)
        if not recorder.problem:
            self._keep(_Entry(key, guards, program), recorder)
        if recorder.problem:
            self._give_up(recorder.problem)
            return result
        return _without_history(result)

    def _keep(self, entry: _Entry, recorder: Recorder) -> None:
        """Keep a program; it is ready if it is what was written down before."""
        for i, other in enumerate(self._entries):
            same_form = other.key == entry.key and other.program.draw_forms == entry.program.draw_forms
            if same_form and not other.ready and not other.guards.broken():
                if why := difference(other.program, entry.program):
                    recorder.stop(f"it is not the same in each call: {why}")
                entry.ready = True
                self._entries[i] = entry
                return
        if len(self._entries) == MOST:
            broken = next((name for e in self._entries if (name := e.guards.broken())), "")
            what = f"{broken} changes" if broken else "its arguments change"
            recorder.stop(f"{what} again and again: give what changes as an array or a Tensor among the arguments")
        self._entries.append(entry)

    def _give_up(self, why: str) -> None:
        self.why_not = why
        self._entries.clear()
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        sentence = f"{name} is not played back but called as it is: {why}"
        if self._say:
            self._say(sentence)
        else:
            warnings.warn(sentence, stacklevel=4)

    def __repr__(self) -> str:
        return f"compiled({self.function!r})"


def compiled(function: Callable[..., Any], say: Callable[[str], None] | None = None) -> Compiled:
    """The same function, written down in its first two calls and played back in all that follow.

    Parameters
    ----------
    function : function
        A step: it takes Tensors (arrays are made Tensors before it sees them) and settings, computes with `tg.ops`,
        `grad`, layers and optimisers, and returns Tensors, or tuples, lists and dicts of them. A function among the
        arguments is taken for what is drawn from, such as the next batch: what it reads is not watched.
    say : function, optional
        Where the sentence goes that tells why the function cannot be played back; a warning when None.

    Returns
    -------
    Compiled
        To be called like the function. What it returns has no history: gradients are asked for inside the step.

    Notes
    -----
    Bit for bit the result is that of the function. Parameters are read where they are; optimisers, running averages
    and moving averages go on as they would; learning rates are read anew; random numbers are drawn from the same
    generators in the same order, if they are drawn with ``tg.draw``. Arguments of another shape, ``eval()``, or any
    other setting that is reached from the function lead to a recording of their own.

    What cannot be played back (an ``if`` on a Tensor's value, ``.item()``, NumPy on ``.data``) is said in one warning
    that names the line, and the function is called as it is from then on.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygan as tg
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> sgd = tg.optim.SGD([w], lr=0.1)
    >>> def step(x):
    ...     loss = ((x * w).sum() - 1) ** 2
    ...     sgd.step(tg.grad(loss, [w]))
    ...     return loss
    >>> fast = tg.compiled(step)
    >>> [round(fast(np.float32([1, 1])).item(), 3) for _ in range(4)]
    [4.0, 1.44, 0.518, 0.187]
    """
    return Compiled(function, say)


def _as_tensor(value: Any) -> Any:
    return Tensor(value) if is_array(value) else value


def _alone(value: Any) -> Any:
    """The same Tensor with an array object of its own: one that is given twice is two arguments."""
    if not isinstance(value, Tensor):
        return value
    own = Tensor._wrap(value._data[...])
    own.requires_grad, own.name, own._changed = value.requires_grad, value.name, value._changed
    return own


def _tensors(args: Sequence[Any], kwargs: dict[str, Any]) -> list[Tensor]:
    return [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]


def _form(value: Any) -> Any:
    """What a program holds for: the shape of a Tensor, and anything else as it is."""
    if isinstance(value, Tensor):
        return Tensor, value.shape, value.dtype, type(value._data), value.requires_grad
    return _setting(value)


def _setting(value: Any) -> Any:
    """A number by its value, and so a list of them; any other thing, a Tensor in a list too, is that one thing."""
    if isinstance(value, (tuple, list)):
        return type(value), *map(_setting, value)
    if isinstance(value, dict):
        return dict, *((name, _setting(each)) for name, each in value.items())
    return type(value), value if isinstance(value, (*SETTINGS, *CALLED)) else _One(value)


def _draw(entries: list[_Entry]) -> tuple[Program | None, list[Any]]:
    """Make the draws of the program that fits them; None if what is drawn has a form that none knows."""
    drawn: list[Any] = []
    programs = [entry.program for entry in entries]
    while programs:
        done = next((p for p in programs if len(p.draws) == len(drawn)), None)
        if done is not None:
            return done, drawn
        array = current_backend().asarray(programs[0].draws[len(drawn)][0]())
        form = array.shape, array.dtype
        programs = [p for p in programs if p.draw_forms[len(drawn)] == form]
        drawn.append(array)
    return None, drawn


def _without_history(thing: Any) -> Any:
    if isinstance(thing, Tensor):
        return Tensor._wrap(thing._data)
    if type(thing) in (tuple, list):
        return type(thing)(map(_without_history, thing))
    if type(thing) is dict:
        return {name: _without_history(each) for name, each in thing.items()}
    return thing
