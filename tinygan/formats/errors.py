"""What is said when a network cannot be written in a format."""

from __future__ import annotations

import importlib
from types import ModuleType


class FormatError(ValueError):
    """A network that a format cannot hold, or a package that is missing; one sentence that says which."""


def needed(module: str, extra: str | None = None) -> ModuleType:
    """A module of an optional package, imported when it is needed; FormatError with the line that installs it.

    That is an extra of tinygan's, of the package's own name where no other is given.
    """
    package = module.split(".")[0]
    try:
        importlib.import_module(package)
        return importlib.import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == package
        why = "" if missing else f", which cannot be imported here ({error})"
        raise FormatError(f"this needs the package {package}{why}: pip install 'tinygan[{extra or package}]'") from None
