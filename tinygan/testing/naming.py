"""What to call a student's function and its inputs, and where it is written."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


def name_of(f: Callable[..., Any], nameless: str = "f") -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return nameless if name == "<lambda>" else name


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """The names of f's inputs, if it has so many, and numbers otherwise."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # written in C
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    fits = len(names) >= count and all(
        p.default is not p.empty for p in parameters[count:] if p.kind < p.VAR_POSITIONAL
    )
    return names[:count] if fits else [f"input {i}" for i in range(count)]


def source_of(f: Callable[..., Any]) -> str:
    """File and line of a function, a method or an object that can be called; empty if unknown."""
    f = f.func if isinstance(f, partial) else f
    code = getattr(f if hasattr(f, "__code__") else type(f).__call__, "__code__", None)
    if code is None:
        return ""
    path = Path(code.co_filename)
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{path}, line {code.co_firstlineno}, in {name_of(f)}".removesuffix(", in f")
