"""Numbers that say how good the samples of a generator are."""

from tinygan.metrics.modes import ModeReport, count_modes

__all__ = ["ModeReport", "count_modes"]
