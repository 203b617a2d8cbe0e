"""What is said when a network cannot be written in a format."""

from __future__ import annotations

import importlib
from types import ModuleType


class FormatError(ValueError):
    """A network that a format cannot hold, or a package that is missing; one sentence that says which."""


def needed(package: str) -> ModuleType:
    """An optional package, imported when a format is asked for; FormatError with the line that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        why = "" if isinstance(error, ModuleNotFoundError) and error.name == package else f" ({error})"
        raise FormatError(f"this needs the package {package}{why}: pip install 'tinygan[{package}]'") from None
