"""Watching a run from outside: nothing of tinygan needs this part."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinygan.live.notebook import watch
else:

    def __getattr__(name):
        """What is asked for is imported then (PEP 562)."""
        if name != "watch":
            raise AttributeError(f"module 'tinygan.live' has no attribute {name!r}")
        from tinygan.live.notebook import watch

        return watch


__all__ = ["watch"]
