"""The extra: what it needs, in one sentence where it is missing."""

from __future__ import annotations

import importlib.util

from tinygan.training.config import ConfigError


def need(*packages: str) -> None:
    """Raise ConfigError, in one sentence, if one of the packages is not installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ConfigError(f"this needs the package {package}: pip install 'tinygan[live]'")
