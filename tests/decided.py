"""What a part of the library has decided: the numbers with names in its files, and the defaults of what it offers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Any

PLAIN = (bool, int, float, str)


def modules(part: str) -> list[ModuleType]:
    """The files of a part such as tinygan.data."""
    package = importlib.import_module(part)
    inner = [f"{part}.{each.name}" for each in pkgutil.iter_modules(getattr(package, "__path__", []))]
    return [importlib.import_module(name) for name in inner] or [package]


def constants(part: str) -> dict[str, Any]:
    """Numbers in capitals, such as {"form.STEP": 4}."""
    return {
        f"{_place(module)}{name}": value
        for module in modules(part)
        for name, value in vars(module).items()
        if name.isupper()
        and type(value) in (int, float)
        and re.search(rf"^([A-Z_]+, )*{name}\b[A-Z_, ]* = ", inspect.getsource(module), re.M)
    }


def _place(module: ModuleType) -> str:
    return "".join(f"{part}." for part in module.__name__.split(".")[2:])


def defaults(part: str) -> dict[str, Any]:
    """The plain defaults of public functions, classes and methods, such as {"conv.Conv2D(stride)": 1}."""
    found: dict[str, Any] = {}
    for module in modules(part):
        own = {
            name: thing
            for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        }
        for name, thing in list(own.items()):
            if inspect.isclass(thing):
                methods = {
                    f"{name}.{each}": method
                    for each, method in vars(thing).items()
                    if not each.startswith("_") and inspect.isfunction(method)
                }
                own.update(methods)
        for name, thing in own.items():
            if not callable(thing):
                continue
            try:
                parameters = inspect.signature(thing).parameters.values()
            except (TypeError, ValueError):
                continue
            for p in parameters:
                if type(p.default) in PLAIN:
                    found[f"{_place(module)}{name}({p.name})"] = p.default
    return found
