"""TensorBoard, for those who want it: the same numbers as in stats.jsonl and metrics.jsonl."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Board:
    """Writes numbers as TensorBoard events into the run folder, or nothing at all when it is off."""

    def __init__(self, folder: Path, on: bool):
        self.writer: Any = None
        if on:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(folder))

    def add(self, row: Mapping[str, Any]) -> None:
        """One line of numbers; ``row["step"]`` is its place on the axis."""
        if self.writer:
            for name, value in row.items():
                if name != "step":
                    self.writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        if self.writer:
            self.writer.close()
