"""What is said when a network cannot be written in a format."""

from __future__ import annotations

import importlib
from types import ModuleType


class FormatError(ValueError):
    """A network that a format cannot hold, or a package that is missing; one sentence that says which."""


def needed(module: str) -> ModuleType:
    """A module of an optional package, imported when it is needed; FormatError with the line that installs it."""
    package = module.split(".")[0]
    try:
        importlib.import_module(package)
        return importlib.import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == package
        why = "" if missing else f", which cannot be imported here ({error})"
        raise FormatError(f"this needs the package {package}{why}: pip install 'tinygan[{package}]'") from None
